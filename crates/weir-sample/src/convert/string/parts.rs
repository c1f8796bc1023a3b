//! Fields, words, trims, domains, hosts and parameters: pieces of a text, borrowed from it where it is borrowed.

use std::borrow::Cow;

use super::{ArgsOf, slice};
use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::stage::Named;
use crate::value::Value;

pub(super) fn check_index(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    if args[0].int() == Some(0) {
        return Err("Unexpected value 0 for index".into());
    }
    if args[1].str().is_empty() {
        return Err("Empty separators list".into());
    }
    Ok(())
}

/// Where the pieces between separators begin and end. With `words`, empty pieces do not count.
fn pieces(text: &[u8], separators: &[u8], words: bool) -> Vec<(usize, usize)> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for end in 0..=text.len() {
        if end == text.len() || separators.contains(&text[end]) {
            if !words || end > start {
                pieces.push((start, end));
            }
            start = end + 1;
        }
    }
    pieces
}

/// The pieces from `index` on, `count` of them (0: to the end), counted from the end for a negative index.
fn chosen(pieces: &[(usize, usize)], index: i64, count: i64) -> Option<(usize, usize)> {
    let total = pieces.len() as i64;
    let span = if count <= 0 { i64::MAX } else { count };
    let (first, last) = if index > 0 {
        (index - 1, (index - 1).saturating_add(span - 1).min(total - 1))
    } else {
        let last = total + index;
        (last.saturating_sub(span - 1).max(0), last)
    };
    if first > last {
        return None;
    }
    let first = pieces.get(usize::try_from(first).ok()?)?;
    let last = pieces.get(usize::try_from(last).ok()?)?;
    Some((first.0, last.1))
}

fn cut<'a>(args: ArgsOf<'a>, value: Value<'a>, words: bool) -> Option<(Value<'a>, bool)> {
    let Value::Str(text) = value else { return None };
    let pieces = pieces(&text, args[1].str().as_bytes(), words);
    match chosen(&pieces, args[0].int()?, args[2].int().unwrap_or(1)) {
        Some((start, end)) => {
            // Without a count the separators at the very end stay.
            let rest = args[2].int() == Some(0) && args[0].int() > Some(0);
            let end = if rest { text.len() } else { end };
            Some((Value::Str(slice(text, start, end)), true))
        }
        None => Some((Value::text(b""), false)),
    }
}

/// Nothing where the field is not there; an empty field is an empty string.
pub(super) fn field<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    cut(args, value, false).and_then(|(value, found)| found.then_some(value))
}

pub(super) fn word<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    cut(args, value, true).and_then(|(value, found)| found.then_some(value))
}

pub(super) fn ltrim<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let set = args[0].str().as_bytes();
    let start = text.iter().position(|byte| !set.contains(byte)).unwrap_or(text.len());
    let end = text.len();
    Some(Value::Str(slice(text, start, end)))
}

pub(super) fn rtrim<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let set = args[0].str().as_bytes();
    let end = text.iter().rposition(|byte| !set.contains(byte)).map_or(0, |last| last + 1);
    Some(Value::Str(slice(text, 0, end)))
}

/// Up to the first carriage return or line feed.
pub(super) fn cut_crlf<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let end = text.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(text.len());
    Some(Value::Str(slice(text, 0, end)))
}

pub(super) fn reverse<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    Some(Value::Str(text.iter().rev().copied().collect()))
}

/// `www.example.com` becomes `com.example.www`; a final dot comes first.
pub(super) fn reverse_dom<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    if text.iter().all(|byte| *byte == b'.') {
        return None;
    }
    let labels: Vec<&[u8]> = text.rsplit(|byte| *byte == b'.').collect();
    Some(Value::Str(labels.join(&b'.').into()))
}

/// Where the port's colon stands: behind the bracket of an IPv6 address, else the last colon.
fn port_colon(host: &[u8]) -> Option<usize> {
    let from = host.iter().rposition(|byte| *byte == b']').unwrap_or(0);
    host[from..].iter().rposition(|byte| *byte == b':').map(|colon| colon + from)
}

pub(super) fn host_only<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let end = port_colon(&text).unwrap_or(text.len());
    Some(Value::Str(match slice(text, 0, end) {
        Cow::Borrowed(host) if !host.iter().any(u8::is_ascii_uppercase) => host.into(),
        host => host.to_ascii_lowercase().into(),
    }))
}

/// 0 without a port.
pub(super) fn port_only<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let digits = port_colon(&text).map_or(&b""[..], |colon| &text[colon + 1..]);
    // Whatever stands there is taken for digits, as HAProxy takes it.
    let port = digits.iter().fold(0u32, |port, byte| {
        port.wrapping_mul(10).wrapping_add(u32::from(*byte).wrapping_sub(u32::from(b'0')))
    });
    Some(Value::Int(i64::from(port)))
}

/// A parameter without `=` has an empty value.
pub(super) fn param<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let name = args[0].str().as_bytes();
    let delimiter = args[1].str().as_bytes().first().copied().unwrap_or(b'&');
    let mut start = 0;
    for end in 0..=text.len() {
        if end < text.len() && text[end] != delimiter {
            continue;
        }
        let part = &text[start..end];
        match part.strip_prefix(name) {
            Some([]) => return Some(Value::text(b"")),
            Some([b'=', ..]) => return Some(Value::Str(slice(text, start + name.len() + 1, end))),
            _ => start = end + 1,
        }
    }
    None
}

/// The offers in order of the client's preference; the first offer for `*`.
pub(super) fn language<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let offers: Vec<&[u8]> = args[0].str().as_bytes().split(|byte| *byte == b';').collect();
    let mut best: Option<(u32, &[u8])> = None;
    for element in text.split(|byte| *byte == b',') {
        let (range, weight) = preference(element);
        let offer = match range {
            b"*" => offers.first().copied(),
            range => offers.iter().copied().find(|offer| covers(range, offer)),
        };
        if let Some(offer) = offer
            && weight > best.map_or(0, |(weight, _)| weight)
        {
            best = Some((weight, offer));
        }
    }
    match (best, &args[1]) {
        (Some((_, offer)), _) => Some(Value::text(offer)),
        (None, Arg::Str(default)) => Some(Value::text(default.as_bytes())),
        (None, _) => None,
    }
}

/// A language range covers an offer that it equals, or whose language without region it equals.
fn covers(range: &[u8], offer: &[u8]) -> bool {
    range.eq_ignore_ascii_case(offer)
}

/// Range and weight in thousandths.
fn preference(element: &[u8]) -> (&[u8], u32) {
    let mut parts = element.split(|byte| *byte == b';');
    let range = parts.next().unwrap_or(b"").trim_ascii();
    let weight = parts.find_map(|part| {
        let digits = part.trim_ascii().strip_prefix(b"q=")?;
        Some(thousandths(digits))
    });
    (range, weight.unwrap_or(1_000))
}

fn thousandths(digits: &[u8]) -> u32 {
    match digits {
        [b'1', ..] => 1_000,
        [b'0', b'.', rest @ ..] => (0..3).fold(0, |value, place| {
            value * 10
                + rest
                    .get(place)
                    .filter(|byte| byte.is_ascii_digit())
                    .map_or(0, |byte| u32::from(byte - b'0'))
        }),
        _ => 0,
    }
}
