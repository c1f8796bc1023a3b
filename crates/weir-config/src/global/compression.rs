//! Limits of compression (manual 3.2).

use super::argument::{number, within};
use crate::keyword::Keyword;
use crate::value::clamp_u32;

const INTEGER: &str = "expects an integer argument.";

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new(
        "maxcompcpuusage",
        "<number>",
        "CPU use at which compression ends (3.2).",
        |parser, line| {
            let percent = within(parser, line, 0..=100, "expects an integer argument between 0 and 100.")?;
            parser.config.global.maxcompcpuusage = clamp_u32(percent);
            Ok(())
        },
    ),
    Keyword::new("maxcomprate", "<number>", "Compression rate in kB/s (3.2).", |parser, line| {
        let rate = number(parser, line, "expects an integer argument in kb/s.")?;
        parser.config.global.maxcomprate = clamp_u32(rate);
        Ok(())
    }),
    Keyword::new("maxzlibmem", "<number>", "Memory for compression in MB (3.2).", |parser, line| {
        let megabytes = number(parser, line, INTEGER)?;
        parser.config.global.maxzlibmem = clamp_u32(megabytes);
        Ok(())
    }),
    Keyword::new("tune.comp.maxlevel", "<number>", "Compression level (3.2).", |parser, line| {
        let level = within(parser, line, 1..=9, "expects a numeric value between 1 and 9")?;
        parser.config.global.tune.compression_level = clamp_u32(level);
        Ok(())
    })
    .listed(),
    Keyword::new("tune.zlib.memlevel", "<number>", "Memory level of zlib (3.2).", |parser, line| {
        within(parser, line, 1..=9, "expects a numeric value between 1 and 9.").map(drop)
    })
    .no_effect("the compression library always uses the default, 8"),
    Keyword::new("tune.zlib.windowsize", "<number>", "Window of zlib (3.2).", |parser, line| {
        let bits = within(parser, line, 8..=15, "expects a numeric value between 8 and 15.")?;
        parser.config.global.tune.zlib_window = bits as u8;
        Ok(())
    }),
];
