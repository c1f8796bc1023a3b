//! `no` and `default` before a keyword (manual 2.1 and 4): which keywords take them.

use weir_syntax::Line;

use crate::outcome::{Outcome, Report};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefix {
    #[default]
    None,
    No,
    Default,
}

/// Keywords besides `option` that understand a prefix.
const NEGATABLE: &[&str] = &[
    "log",
    "busy-polling",
    "set-dumpable",
    "strict-limits",
    "insecure-fork-wanted",
    "insecure-setuid-wanted",
    "numa-cpu-mapping",
];

impl Prefix {
    pub fn of(word: &str) -> Self {
        match word {
            "no" => Prefix::No,
            "default" => Prefix::Default,
            _ => Prefix::None,
        }
    }
}

/// Refuses the prefix before a keyword that does not know it. HAProxy reads the line all the same.
pub fn check(prefix: Prefix, line: &Line<'_>) -> Outcome {
    let keyword = line.word(1);
    if prefix == Prefix::None || keyword == "option" || NEGATABLE.contains(&keyword) {
        return Ok(());
    }
    line.fail_tight(
        0,
        "negation/default currently supported only for options, log, busy-polling, set-dumpable, strict-limits, \
         insecure-fork-wanted and numa-cpu-mapping.",
    )
}
