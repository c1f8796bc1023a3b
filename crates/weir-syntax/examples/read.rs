//! Reads configuration files and prints how many lines count and how long it took; without arguments, 70,000 lines of
//! its own. A measure for those who change the reader, to be run with `--release`.

use std::time::Instant;
use weir_syntax::{Capabilities, Environment, Reader, load};
use weir_types::{Diagnostics, Sources};

fn main() {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let sources = if paths.is_empty() {
        generated()
    } else {
        load(&paths).unwrap_or_else(|error| {
            eprintln!("{error}");
            std::process::exit(1)
        })
    };
    let environment = Environment::from_process(std::env::vars_os());
    let capabilities = Capabilities::default();
    let mut diagnostics = Diagnostics::default();
    let begin = Instant::now();
    let mut reader = Reader::new(&sources, &capabilities);
    let (mut lines, mut words) = (0_usize, 0_usize);
    while let Some(line) = reader.next_line(&environment, &mut diagnostics) {
        lines += 1;
        words += line.len();
    }
    let elapsed = begin.elapsed();
    println!("{lines} lines, {words} words, {} diagnostics in {elapsed:?}", diagnostics.list.len());
}

/// 10,000 backends of five servers.
fn generated() -> Sources {
    let mut text = String::new();
    for backend in 0..10_000 {
        text.push_str(&format!("backend application-{backend}\n    balance roundrobin\n"));
        for server in 0..5 {
            let address = format!("10.{}.{}.{}:8080", backend / 250, backend % 250, server + 1);
            text.push_str(&format!(
                "    server web-{server} {address} check inter 2s weight 100 \"${{HOME}}\"\n"
            ));
        }
    }
    let mut sources = Sources::default();
    sources.add("generated", text.into_bytes());
    sources
}
