//! Reads the argument list behind a fetch's or converter's name: parentheses, commas, the second level of quoting
//! (manual 2.2), and each argument's kind. The messages are HAProxy's.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Arg, Kind, Signature};
use crate::stage::Named;

/// What is wrong with an argument list, and at which argument.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ArgError {
    /// From 1.
    pub position: usize,
    pub message: String,
}

/// Reads the arguments at the head of `text` (which may begin with anything but a name's letter). Returns them with
/// what follows the closing parenthesis.
pub(crate) fn parse_args(text: &str, signature: Signature) -> Result<(Vec<Arg<Named>>, &str), ArgError> {
    let (mut words, mut rest) = (Vec::new(), text);
    if let Some(mut inside) = text.strip_prefix('(') {
        loop {
            let (word, after) = split(inside).ok_or_else(|| unclosed(words.len() + 1))?;
            let at_end = after.starts_with(')');
            if words.len() == signature.kinds.len()
                && !(at_end && word.is_empty() && signature.kinds.is_empty() && words.is_empty())
            {
                return Err(extra(words.len(), inside, words.is_empty()));
            }
            words.push(word);
            inside = &after[1..];
            if at_end {
                break;
            }
        }
        rest = inside;
    }
    let args = convert(&words, signature)?;
    Ok((args, rest))
}

fn unclosed(position: usize) -> ArgError {
    ArgError { position, message: "expected ')'".into() }
}

/// More arguments than the row takes. HAProxy shows the text from the comma on.
fn extra(count: usize, inside: &str, first: bool) -> ArgError {
    let comma = if first { "" } else { "," };
    ArgError { position: count.max(1), message: format!("expected ')' before '{comma}{inside}'") }
}

/// One argument with quotes and backslashes undone, and the text from its delimiter (`,` or `)`) on.
fn split(text: &str) -> Option<(String, &str)> {
    let bytes = text.as_bytes();
    let (mut word, mut at) = (Vec::new(), 0);
    let (mut single, mut double) = (false, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' if !single => double = !double,
            b'\'' if !double => single = !single,
            b'\\' if !single => match bytes.get(at + 1).copied().and_then(escaped) {
                Some(plain) => {
                    word.push(plain);
                    at += 1;
                }
                None => word.push(byte),
            },
            b',' | b')' if !single && !double => {
                return Some((String::from_utf8_lossy(&word).into_owned(), &text[at..]));
            }
            _ => word.push(byte),
        }
        at += 1;
    }
    None
}

/// What a backslash and this byte stand for inside an argument; before any other byte the backslash is itself.
fn escaped(byte: u8) -> Option<u8> {
    match byte {
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'\\' | b'"' | b'\'' | b' ' => Some(byte),
        _ => None,
    }
}

/// A list that was not written counts as one empty word, as `()` does.
fn convert(words: &[String], signature: Signature) -> Result<Vec<Arg<Named>>, ArgError> {
    let required = usize::from(signature.required);
    let words = if words.is_empty() { &[String::new()] } else { words };
    let unwritten = required == 0 && words.len() == 1 && words[0].is_empty();
    let mut args = Vec::with_capacity(signature.kinds.len());
    for (index, kind) in signature.kinds.iter().enumerate() {
        let position = index + 1;
        args.push(match words.get(index).map(String::as_str) {
            None if index < required => return Err(missing(index, required, *kind)),
            None => Arg::Absent,
            Some("") if unwritten => Arg::Absent,
            Some("") if kind.may_be_empty() => one("", *kind, position)?,
            Some("") if index < required => return Err(nothing(*kind, position)),
            Some("") => Arg::Absent,
            Some(word) => one(word, *kind, position)?,
        });
    }
    Ok(args)
}

fn missing(count: usize, required: usize, kind: Kind) -> ArgError {
    let message = format!("missing arguments (got {count}/{required}), type '{}' expected", kind.as_str());
    ArgError { position: count + 1, message }
}

fn nothing(kind: Kind, position: usize) -> ArgError {
    let message = format!("expected type '{}' at position {position}, but got nothing", kind.as_str());
    ArgError { position, message }
}

fn one(word: &str, kind: Kind, position: usize) -> Result<Arg<Named>, ArgError> {
    let value = match kind {
        Kind::Text | Kind::Regex => Some(Arg::Str(word.into())),
        Kind::Int => integer(word).map(Arg::Int),
        Kind::Ip4 => word.parse().ok().map(Arg::Ip4),
        Kind::Ip6 => word.parse().ok().map(Arg::Ip6),
        Kind::Mask4 => mask4(word).map(Arg::Ip4),
        Kind::Mask6 => mask6(word).map(Arg::Ip6),
        Kind::Frontend => Some(Arg::Frontend(word.into())),
        Kind::Backend => Some(Arg::Backend(word.into())),
        Kind::Table => Some(Arg::Table(word.into())),
        Kind::Server => Some(Arg::Server(word.into())),
        Kind::Userlist => Some(Arg::Userlist(word.into())),
        Kind::ProtobufField => field_number(word).map(|_| Arg::Str(word.into())),
    };
    value.ok_or_else(|| ArgError {
        position,
        message: format!("failed to parse '{word}' as type '{}' at position {position}", kind.as_str()),
    })
}

/// A decimal integer with an optional sign; what does not fit saturates.
fn integer(word: &str) -> Option<i64> {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    let well_formed = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    well_formed.then(|| crate::cast::leading_int(word.as_bytes()))
}

fn mask4(word: &str) -> Option<Ipv4Addr> {
    if let Ok(bits) = word.parse::<u32>() {
        return (bits <= 32).then(|| Ipv4Addr::from(u32::MAX.checked_shl(32 - bits).unwrap_or(0)));
    }
    word.parse().ok()
}

fn mask6(word: &str) -> Option<Ipv6Addr> {
    if let Ok(bits) = word.parse::<u32>() {
        return (bits <= 128).then(|| Ipv6Addr::from(u128::MAX.checked_shl(128 - bits).unwrap_or(0)));
    }
    word.parse().ok()
}

/// `1.2.3`: numbers from 1 to 2^29-1 joined by dots.
fn field_number(word: &str) -> Option<()> {
    word.split('.')
        .all(|part| part.parse::<u32>().is_ok_and(|number| (1..1 << 29).contains(&number)))
        .then_some(())
}

#[cfg(test)]
mod tests;
