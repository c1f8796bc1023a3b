//! `traces` sections (manual 12.1, management 9.3 "trace"). Events are not traced yet: what would start that is refused,
//! what only prepares it is checked and kept nowhere.

use std::sync::LazyLock;

use weir_syntax::Line;

use crate::keyword::{Index, Keyword};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};

pub static SECTION: SectionKind =
    SectionKind { keyword: "traces", begin, index, unknown: Unknown::As("global"), end: |_| {} };

pub const KEYWORDS: &[Keyword] = &[Keyword::new("trace", "<source> <args...>", "A trace (12.1).", trace)
    .listed()
    .no_effect("tracing does nothing before it is started, and starting it is refused")];

/// The sources of 3.4 and what acts on all of them.
const SOURCES: &[&str] = &[
    "0", "all", "acme", "ssl", "h3", "quic", "qcm", "h2", "h1", "fcgi", "stream", "spop", "peers", "check",
    "applet", "pt", "session", "haterm", "qmux",
];

const COMMANDS: &[&str] =
    &["event", "events", "follow", "level", "lock", "pause", "sink", "start", "stop", "verbosity"];

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

fn begin(_: &mut Parser<'_>, _: &Line<'_>) -> Outcome {
    Ok(())
}

fn trace(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let source = line.word(1);
    if source.is_empty() || source == "0" {
        return Ok(());
    }
    if !SOURCES.contains(&source) {
        return line.fail(1, format!("No such trace source '{source}'"));
    }
    let mut at = 2;
    while at < line.len() {
        let command = line.word(at);
        if !COMMANDS.contains(&command) {
            return line.fail(at, format!("Unknown trace keyword '{command}'"));
        }
        // `trace SOURCE start now` and `start EVENT`: from then on events are written.
        if command == "start" && line.len() > at + 1 {
            return line.not_yet(at, "trace ... start");
        }
        at += 2;
    }
    Ok(())
}
