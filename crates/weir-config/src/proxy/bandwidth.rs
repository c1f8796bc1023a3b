//! The arguments of `filter bwlim-in` and `filter bwlim-out` (manual 9.7).

use weir_plan::settings::BandwidthLimit;
use weir_syntax::time::{self, Unit};
use weir_syntax::{Line, size};

use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

/// The limit of a filter for single streams. `None`: one that streams share, which waits for its table.
pub(super) fn limit(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    upload: bool,
) -> Outcome<Option<BandwidthLimit>> {
    let mut limit =
        BandwidthLimit { name: parser.intern(line.word(2)), upload, limit: 0, period_ms: 0, min_size: 0 };
    let kind = line.word(1);
    for at in (3..line.len()).step_by(2) {
        let (option, value) = (line.word(at), line.word(at + 1));
        let fault =
            || line.alert(at + 1, format!("'filter' : ''{kind}' : invalid value for option '{option}''"));
        let size = || size::parse_up_to(value, u64::MAX).map_err(|_| Box::new(fault()));
        match option {
            "key" | "limit" => {
                return line.not_yet(at, &format!("filter {kind} with a limit that streams share"));
            }
            "default-limit" => limit.limit = size()?,
            "min-size" => limit.min_size = size()?,
            "default-period" => {
                limit.period_ms = time::parse(value, Unit::Millisecond).map_err(|_| Box::new(fault()))?;
            }
            _ => {}
        }
    }
    Ok(Some(limit))
}

/// Checks which options are there, and tells the word that names the filter.
pub(super) fn arguments(line: &Line<'_>, kind: &str) -> Outcome<Option<usize>> {
    let wrong = |word: usize, text: &str| line.fail(word, format!("'filter' : ''{kind}' : {text}'"));
    if line.word(2).is_empty() {
        return wrong(1, "a name is expected as first argument ");
    }
    let mut seen = Vec::new();
    let mut at = 3;
    while at < line.len() {
        let option = line.word(at);
        if !["limit", "default-limit", "default-period", "key", "table", "min-size"].contains(&option) {
            return wrong(at, &format!("unknown option '{option}'"));
        }
        if line.word(at + 1).is_empty() {
            return wrong(at, &format!("the value is missing for '{option}' option"));
        }
        seen.push(option);
        at += 2;
    }
    if seen.contains(&"limit") {
        if !seen.contains(&"key") {
            return wrong(2, "<key> option is missing");
        }
    } else if !seen.contains(&"default-period") {
        return wrong(2, "<default-period> option is missing");
    } else if !seen.contains(&"default-limit") {
        return wrong(2, "<default-limit> option is missing");
    }
    Ok(Some(2))
}
