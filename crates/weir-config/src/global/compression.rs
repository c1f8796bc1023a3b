//! Limits of compression (manual 3.2): read and without effect while nothing is compressed.

use super::argument::{number, within};
use super::knobs::knob;
use crate::keyword::Keyword;

const COMPRESSION: &str = "nothing is compressed yet";
const INTEGER: &str = "expects an integer argument.";

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new(
        "maxcompcpuusage",
        "<number>",
        "CPU use at which compression ends (3.2).",
        |parser, line| {
            within(parser, line, 0..=100, "expects an integer argument between 0 and 100.").map(drop)
        },
    )
    .no_effect(COMPRESSION),
    Keyword::new("maxcomprate", "<number>", "Compression rate in kB/s (3.2).", |parser, line| {
        number(parser, line, "expects an integer argument in kb/s.").map(drop)
    })
    .no_effect(COMPRESSION),
    Keyword::new("maxzlibmem", "<number>", "Memory for zlib (3.2).", |parser, line| {
        number(parser, line, INTEGER).map(drop)
    })
    .no_effect(COMPRESSION),
    knob("tune.comp.maxlevel", "<number>", "Compression level (3.2).", COMPRESSION, |parser, line| {
        within(parser, line, 1..=9, "expects a numeric value between 1 and 9").map(drop)
    }),
    Keyword::new("tune.zlib.memlevel", "<number>", "Memory level of zlib (3.2).", |parser, line| {
        within(parser, line, 1..=9, "expects a numeric value between 1 and 9.").map(drop)
    })
    .no_effect(COMPRESSION),
    Keyword::new("tune.zlib.windowsize", "<number>", "Window of zlib (3.2).", |parser, line| {
        within(parser, line, 8..=15, "expects a numeric value between 8 and 15.").map(drop)
    })
    .no_effect(COMPRESSION),
];
