//! `!`, parentheses, `&&` before `||`. Both sides of an operator are read even where one decides, so that an error
//! anywhere is found.

use super::error::{ConditionError, ConditionErrorKind as Kind};
use super::predicate::{self, Context};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag_no_case;
use nom::character::complete::{digit1, hex_digit1, one_of, space0};
use nom::combinator::{opt, recognize};
use nom::error::Error;
use nom::sequence::preceded;

/// A parser of this file gives the rest and the truth, or the error and where it lies.
pub(super) type Truth<'t> = Result<(&'t str, bool), Failure<'t>>;

#[derive(Debug)]
pub(super) struct Failure<'t> {
    pub kind: Kind,
    /// The condition's text from the error on.
    pub at: &'t str,
}

pub(super) fn evaluate(text: &str, context: &Context<'_>) -> Result<bool, ConditionError> {
    if text.is_empty() {
        return Ok(false);
    }
    let locate = |failure: Failure<'_>| ConditionError {
        kind: failure.kind,
        position: text.len() - failure.at.len() + 1,
    };
    let (rest, truth) = disjunction(text, 0, context).map_err(locate)?;
    let rest = blanks(rest);
    match rest.chars().next() {
        None => Ok(truth),
        Some(character) => {
            let kind = Kind::UnexpectedCharacter { character, text: text.into() };
            Err(locate(Failure { kind, at: rest }))
        }
    }
}

/// Deeper nesting than this is refused rather than risking the stack.
const MAX_DEPTH: usize = 256;

fn disjunction<'t>(text: &'t str, depth: usize, context: &Context<'_>) -> Truth<'t> {
    let (mut rest, mut truth) = conjunction(text, depth, context)?;
    loop {
        let operator = blanks(rest);
        let Some(behind) = operator.strip_prefix("||").map(blanks) else { return Ok((rest, truth)) };
        if behind.is_empty() {
            return Err(Failure { kind: unparsable(text), at: operator });
        }
        let right;
        (rest, right) = conjunction(behind, depth, context)?;
        truth |= right;
    }
}

fn conjunction<'t>(text: &'t str, depth: usize, context: &Context<'_>) -> Truth<'t> {
    let (mut rest, mut truth) = term(blanks(text), depth, context)?;
    loop {
        let operator = blanks(rest);
        let Some(behind) = operator.strip_prefix("&&").map(blanks) else { return Ok((rest, truth)) };
        if behind.is_empty() {
            return Err(Failure { kind: unparsable(operator), at: operator });
        }
        let right;
        (rest, right) = term(behind, depth, context)?;
        truth &= right;
    }
}

fn term<'t>(text: &'t str, depth: usize, context: &Context<'_>) -> Truth<'t> {
    let mut inner = text;
    let mut negated = false;
    while let Some(behind) = inner.strip_prefix('!') {
        inner = blanks(behind);
        negated = !negated;
    }
    let (rest, truth) = if let Some(behind) = inner.strip_prefix('(').map(blanks) {
        parenthesis(text, inner, behind, depth, context)?
    } else if let Ok((rest, truth)) = integer(inner) {
        (rest, truth)
    } else {
        predicate::predicate(inner, context)?.ok_or(Failure { kind: unparsable(text), at: text })?
    };
    Ok((rest, truth != negated))
}

fn parenthesis<'t>(
    text: &'t str,
    open: &'t str,
    behind: &'t str,
    depth: usize,
    context: &Context<'_>,
) -> Truth<'t> {
    if behind.is_empty() || depth >= MAX_DEPTH {
        return Err(Failure { kind: unparsable(text), at: text });
    }
    let (rest, truth) = disjunction(behind, depth + 1, context)?;
    match blanks(rest).strip_prefix(')') {
        Some(rest) => Ok((rest, truth)),
        None => Err(Failure { kind: Kind::UnclosedParenthesis { text: open.into() }, at: open }),
    }
}

/// Any integer but zero is true, however many digits it has.
fn integer(text: &str) -> nom::IResult<&str, bool> {
    let hexadecimal = preceded(tag_no_case("0x"), hex_digit1);
    preceded(opt(one_of("+-")), alt((hexadecimal, recognize(digit1))))
        .map(|digits: &str| digits.bytes().any(|digit| digit != b'0'))
        .parse(text)
}

fn blanks(text: &str) -> &str {
    space0::<_, Error<_>>.parse(text).map_or(text, |(rest, _)| rest)
}

fn unparsable(text: &str) -> Kind {
    Kind::Unparsable { text: text.into() }
}
