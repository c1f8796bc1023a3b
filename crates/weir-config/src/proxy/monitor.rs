//! `monitor-uri` and `monitor fail` (manual 4.2).

use weir_syntax::Line;

use super::scope::Half;
use crate::expression::condition_of;
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("monitor-uri", "<uri>", "A URI answered by the frontend itself (4.2).", monitor_uri),
    Keyword::new(
        "monitor",
        "fail { if | unless } <condition>",
        "When that answer is a failure (4.2).",
        monitor,
    ),
];

fn monitor_uri(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Frontend, line, "monitor-uri") {
        return Ok(());
    }
    if line.word(1).is_empty() {
        return line.fail(0, "'monitor-uri' expects an URI.");
    }
    parser.at_most(line, 2)?;
    let uri = parser.intern(line.word(1));
    parser.settings().monitor_uri = Some(uri);
    Ok(())
}

fn monitor(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.not_in_defaults(line, "monitor")?;
    parser.lacks(Half::Frontend, line, "monitor");
    if line.word(1) != "fail" {
        return line.fail(1, "'monitor' only supports 'fail'.");
    }
    if !matches!(line.word(2), "if" | "unless") {
        return line.fail(2, "'monitor fail' requires either 'if' or 'unless' followed by a condition.");
    }
    let condition = condition_of(parser, line, 2).or_else(|text| {
        line.fail(3, format!("error detected while parsing a 'monitor fail' condition : {text}."))
    })?;
    super::rule_order::warn_order(parser, line, "monitor fail");
    if parser.kind().has_frontend() {
        parser.frontend().monitor_fail.push(condition);
    }
    Ok(())
}
