//! References to variables inside weak quotes: `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME[*]}` (manual 2.3).

use super::fault::WordErrorKind;
use nom::Parser;
use nom::bytes::complete::{take_while, take_while1};
use nom::error::Error;

#[derive(Debug, PartialEq, Eq)]
pub struct Reference<'l> {
    pub name: &'l [u8],
    /// Taken literally up to the closing brace.
    pub default: Option<&'l [u8]>,
    /// `[*]`: the value's words become words of their own.
    pub split: bool,
}

/// An error and how many bytes after the dollar sign it lies.
pub type ReferenceError = (WordErrorKind, usize);

/// Reads what follows the dollar sign; gives the rest behind the reference.
pub fn reference(input: &[u8]) -> Result<(&[u8], Reference<'_>), ReferenceError> {
    match input.strip_prefix(b"{") {
        Some(inside) => braced(inside),
        None => {
            let (rest, name) = name(input).ok_or((WordErrorKind::VariableName, 0))?;
            Ok((rest, Reference { name, default: None, split: false }))
        }
    }
}

fn braced(input: &[u8]) -> Result<(&[u8], Reference<'_>), ReferenceError> {
    let at = |rest: &[u8]| 1 + input.len() - rest.len();
    let (rest, name) = name(input).ok_or((WordErrorKind::VariableName, 1))?;
    let (rest, split) = match rest.first() {
        Some(b'[') => match rest.strip_prefix(b"[*]") {
            Some(rest) => (rest, true),
            None => return Err((WordErrorKind::Expansion, at(rest))),
        },
        _ => (rest, false),
    };
    let (rest, default) = match rest.strip_prefix(b"-") {
        Some(rest) => default(rest).ok_or((WordErrorKind::Brace, 0))?,
        None => (rest.strip_prefix(b"}").ok_or((WordErrorKind::Brace, 0))?, None),
    };
    Ok((rest, Reference { name, default, split }))
}

/// Letters, digits, underscores, no digit first; or a dot and one of the pseudo-variables.
fn name(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let (_, first) = input.split_first().map(|(first, rest)| (rest, *first))?;
    match first {
        b'.' => {
            let (rest, _) = take_while::<_, _, Error<_>>(letters).parse(&input[1..]).ok()?;
            let name = &input[..input.len() - rest.len()];
            matches!(name, b".FILE" | b".LINE" | b".SECTION").then_some((rest, name))
        }
        b'0'..=b'9' => None,
        _ => take_while1::<_, _, Error<_>>(letters).parse(input).ok(),
    }
}

/// Up to the brace, not empty: HAProxy refuses `${NAME-}`.
fn default(input: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let (rest, text) = take_while1::<_, _, Error<_>>(|byte| byte != b'}').parse(input).ok()?;
    Some((rest.strip_prefix(b"}")?, Some(text)))
}
