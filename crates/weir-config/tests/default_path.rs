//! `default-path` (manual 3.1): which file a relative name stands for.

use std::cell::RefCell;

use weir_config::{ParseOptions, parse};
use weir_sample::Files;
use weir_syntax::{Capabilities, Environment, Reader};
use weir_types::Sources;

/// Remembers what it was asked for.
#[derive(Default)]
struct Asked(RefCell<Vec<String>>);

impl Files for Asked {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.0.borrow_mut().push(name.into());
        Some(b"HTTP/1.0 503 Service Unavailable\r\n\r\n".to_vec())
    }
}

/// The names that the error pages of two configuration files are read under.
fn asked(line: &str) -> Vec<String> {
    let mut sources = Sources::default();
    sources.add("etc/first/a.cfg", format!("global\n {line}\ndefaults\n errorfile 503 one\n").into_bytes());
    sources.add("b.cfg", b"defaults\n errorfile 503 two\n errorfile 502 /three\n".to_vec());
    let capabilities = Capabilities::default();
    let mut reader = Reader::new(&sources, &capabilities);
    let files = Asked::default();
    let options = ParseOptions { sources: &sources, files: &files, hostname: "vm".into(), checked: false };
    let (_, diagnostics) = parse(&mut reader, &mut Environment::default(), &options);
    assert!(diagnostics.list.is_empty(), "{diagnostics:?}");
    files.0.into_inner()
}

#[test]
fn relative_names_begin_where_it_says() {
    for (line, names) in [
        ("default-path current", ["one", "two", "/three"]),
        ("default-path config", ["etc/first/one", "./two", "/three"]),
        ("default-path parent", ["etc/first/../one", "./../two", "/three"]),
        ("default-path origin /srv", ["/srv/one", "/srv/two", "/three"]),
    ] {
        assert_eq!(asked(line), names, "{line}");
    }
}
