//! What is fuzzed here: the text of a configuration up to its words, and the small grammars of single words. Each takes
//! any bytes and must come back; a panic is a finding.

use weir_syntax::{Capabilities, Environment, Reader};
use weir_types::{Diagnostics, Sources};

/// A target: its name, what it does with bytes, where its seeds are.
pub type Fuzzed = (&'static str, fn(&[u8]), &'static str);

pub const TARGETS: [Fuzzed; 2] = [
    ("words", words, include_str!("../seeds/lines.txt")),
    ("values", values, include_str!("../seeds/values.txt")),
];

/// All lines of a configuration.
pub fn words(data: &[u8]) {
    let mut sources = Sources::default();
    sources.add("fuzzed", data.to_vec());
    let capabilities = Capabilities::default();
    let mut environment = Environment::default();
    environment.set("NAME", "value with blanks");
    let mut reader = Reader::new(&sources, &capabilities);
    let mut diagnostics = Diagnostics::default();
    while let Some(line) = reader.next_line(&environment, &mut diagnostics) {
        let _ = line.len();
    }
}

/// Sizes and times.
pub fn values(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = weir_syntax::size::parse(&text);
    let _ = weir_syntax::time::parse(&text, weir_syntax::time::Unit::Millisecond);
}
