//! The shapes of argument that many `global` keywords share, each with HAProxy's messages. What a value means stands
//! with the keyword.

use std::ops::RangeInclusive;

use weir_syntax::time::{self, Unit};
use weir_syntax::{Line, size as sizes};

use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::{atol, integer};

/// No argument.
pub(super) fn none(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 1)
}

/// Whatever follows is not looked at.
pub(super) fn unread(_: &mut Parser<'_>, _: &Line<'_>) -> Outcome {
    Ok(())
}

/// An alert about the word behind the keyword: `'KEYWORD' TEXT`.
pub(super) fn refuse<T>(line: &Line<'_>, text: &str) -> Outcome<T> {
    line.fail(1, format!("'{}' {text}", line.keyword()))
}

/// One word.
pub(super) fn word<'l>(parser: &Parser<'_>, line: &Line<'l>, missing: &str) -> Outcome<&'l str> {
    parser.at_most(line, 2)?;
    if line.word(1).is_empty() {
        return refuse(line, missing);
    }
    Ok(line.word(1))
}

/// What C makes of a word that has to be there.
pub(super) fn number(parser: &Parser<'_>, line: &Line<'_>, missing: &str) -> Outcome<i64> {
    word(parser, line, missing).map(atol)
}

/// What C makes of a word, also of none.
pub(super) fn lax(parser: &Parser<'_>, line: &Line<'_>) -> Outcome<i64> {
    parser.at_most(line, 2)?;
    Ok(atol(line.word(1)))
}

/// The same, and not below zero.
pub(super) fn positive(parser: &Parser<'_>, line: &Line<'_>) -> Outcome<i64> {
    let value = lax(parser, line)?;
    if value < 0 { refuse(line, "expects a positive numeric value.") } else { Ok(value) }
}

/// The same within bounds, which `expects` names.
pub(super) fn within(
    parser: &Parser<'_>,
    line: &Line<'_>,
    bounds: RangeInclusive<i64>,
    expects: &str,
) -> Outcome<i64> {
    let value = lax(parser, line)?;
    if bounds.contains(&value) && !line.word(1).is_empty() { Ok(value) } else { refuse(line, expects) }
}

/// A number and nothing else in the word; thread and group counts.
pub(super) fn whole(line: &Line<'_>) -> Outcome<i64> {
    let text = line.word(1);
    match integer(text) {
        Ok(value) if !text.is_empty() => Ok(value),
        _ => refuse(line, &format!("passed a missing or unparsable integer value in '{text}'")),
    }
}

/// A size in bytes with its suffix.
pub(super) fn size(parser: &Parser<'_>, line: &Line<'_>, missing: &str) -> Outcome<u32> {
    let text = word(parser, line, missing)?;
    read_size(line, text).or_else(|text| line.fail(1, text))
}

/// `unexpected 'x' after size passed to 'KEYWORD'` as the error.
pub(super) fn read_size(line: &Line<'_>, text: &str) -> Result<u32, String> {
    sizes::parse(text).map_err(|fault| {
        let wrong = fault.0.map(String::from).unwrap_or_default();
        format!("unexpected '{wrong}' after size passed to '{}'", line.keyword())
    })
}

/// One of a few words. `expects` is the end of the message; `{got}` in it is the word.
pub(super) fn choice<'l>(
    parser: &Parser<'_>,
    line: &Line<'l>,
    choices: &[&str],
    expects: &str,
) -> Outcome<&'l str> {
    parser.at_most(line, 2)?;
    one_of(line, choices, expects)
}

/// The same on a line whose end is not looked at.
pub(super) fn one_of<'l>(line: &Line<'l>, choices: &[&str], expects: &str) -> Outcome<&'l str> {
    let got = line.word(1);
    if choices.contains(&got) { Ok(got) } else { refuse(line, &expects.replace("{got}", got)) }
}

/// `on` or `off`, as most keywords ask for them.
pub(super) fn on_off(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    choice(parser, line, &["on", "off"], "expects 'on' or 'off'.").map(drop)
}

/// The same with the other wording.
pub(super) fn either_on_off(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    choice(parser, line, &["on", "off"], "expects either 'on' or 'off' but got '{got}'.").map(drop)
}

/// A time of keywords that say `argument to <KEYWORD>`. In `unit`.
pub(super) fn time(line: &Line<'_>, unit: Unit, missing: &str) -> Outcome<u32> {
    let (keyword, text) = (line.keyword(), line.word(1));
    if text.is_empty() {
        return refuse(line, missing);
    }
    time::parse(text, unit)
        .or_else(|fault| line.fail(1, fault.quoted(text, keyword, unit, format!("argument to <{keyword}>."))))
}

/// A value that may be written once; the later one is left out. HAProxy calls that an alert and goes on; here it is
/// the warning that it amounts to.
pub(super) fn already(parser: &mut Parser<'_>, line: &Line<'_>, known: bool, what: &str) -> bool {
    if known {
        parser.push(line.warning(0, format!("{what} already specified. Continuing.")));
    }
    known
}

/// The same for the keyword's own name.
pub(super) fn once(parser: &mut Parser<'_>, line: &Line<'_>, known: bool) -> bool {
    already(parser, line, known, &format!("'{}'", line.keyword()))
}
