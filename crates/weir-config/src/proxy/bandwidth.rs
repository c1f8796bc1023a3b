//! The arguments of `filter bwlim-in` and `filter bwlim-out` (manual 9.7).

use std::fmt::Display;

use weir_sample::{Expr, Named, PhaseSet};
use weir_syntax::time::{self, Unit};
use weir_syntax::{Line, size};

use crate::expression;
use crate::model::{BandwidthLimit, BandwidthScope, Name};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

/// A key is looked for whenever the rule that enables the filter runs.
const ANY_TIME: PhaseSet = PhaseSet(u32::MAX);

/// What the words say, before it is known whether they go together. Zeros are as if not written.
#[derive(Default)]
struct Written {
    limit: u64,
    default_limit: u64,
    default_period: u32,
    min_size: u64,
    key: Option<Expr<Named>>,
    table: Option<Name>,
}

/// Reads the words behind the filter's name, which the second names.
pub(super) fn limit(parser: &mut Parser<'_>, line: &Line<'_>, kind: &str) -> Outcome<BandwidthLimit> {
    let wrong = |word: usize, text: &str| line.fail(word, format!("'filter' : ''{kind}' : {text}'"));
    if line.word(2).is_empty() {
        return wrong(1, "a name is expected as first argument ");
    }
    let written = words(parser, line, kind)?;
    let shared = written.limit > 0 || written.key.is_some() || written.table.is_some();
    if shared && (written.default_limit > 0 || written.default_period > 0) {
        return wrong(1, "cannot mix per-stream and shared parameter");
    }
    let (limit, scope) = if shared {
        let Some(key) = written.key else { return wrong(2, "<key> option is missing") };
        if written.limit == 0 {
            return wrong(2, "<limit> option is missing");
        }
        (written.limit, BandwidthScope::Shared { key, table: written.table })
    } else {
        if written.default_period == 0 {
            return wrong(2, "<default-period> option is missing");
        }
        if written.default_limit == 0 {
            return wrong(2, "<default-limit> option is missing");
        }
        (written.default_limit, BandwidthScope::Stream { period_ms: written.default_period })
    };
    Ok(BandwidthLimit { upload: kind == "bwlim-in", limit, min_size: written.min_size, scope })
}

fn words(parser: &mut Parser<'_>, line: &Line<'_>, kind: &str) -> Outcome<Written> {
    let mut written = Written::default();
    let mut at = 3;
    while at < line.len() {
        let (option, value) = (line.word(at), line.word(at + 1));
        let missing = |what: &str| {
            line.fail(at, format!("'filter' : ''{kind}' : the {what} is missing for '{option}' option'"))
        };
        let invalid = |error: &dyn Display| {
            let text = format!("'filter' : ''{kind}' : invalid value for option '{option}' ({error})'");
            Box::new(line.alert(at + 1, text))
        };
        match option {
            "limit" | "default-limit" | "min-size" | "default-period" if value.is_empty() => {
                return missing("value");
            }
            "key" if value.is_empty() => return missing("sample expression"),
            "table" if value.is_empty() => return missing("table name"),
            "limit" | "default-limit" | "min-size" => {
                let size = size::parse_up_to(value, u64::MAX).map_err(|error| invalid(&error))?;
                match option {
                    "limit" => written.limit = size,
                    "default-limit" => written.default_limit = size,
                    _ => written.min_size = size,
                }
            }
            "default-period" => {
                written.default_period =
                    time::parse(value, Unit::Millisecond).map_err(|error| invalid(&error))?;
            }
            "key" => {
                let (key, next) = expression::whole(parser, line, at + 1, ANY_TIME)
                    .or_else(|text| line.fail(at + 1, format!("'filter' : '{text}'")))?;
                written.key = Some(key);
                at = next;
                continue;
            }
            "table" => written.table = Some(Name::new(parser.intern(value), line.word_span(at + 1))),
            _ => return line.fail(at, format!("'filter {kind}' : unknown keyword '{option}'.")),
        }
        at += 2;
    }
    Ok(written)
}
