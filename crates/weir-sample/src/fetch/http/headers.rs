//! Header fetches: whole lines (`fhdr`) and comma-separated values (`hdr`), counted from either end.

use weir_http::Headers;
use weir_http::list::Elements;

use super::message::{Message, int, missing, text};
use crate::arg::Arg;
use crate::cast::text_address;
use crate::expr::{ParseContext, Scan};
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::{Got, Value};

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// The lowest occurrence that may be asked for, counting from the end.
const LOWEST_OCCURRENCE: i64 = -10;

/// Header names are compared in lower case.
pub(super) fn check_name(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    if let Arg::Str(name) = &mut args[0] {
        name.make_ascii_lowercase();
    }
    match args.get(1).and_then(Arg::int) {
        Some(occurrence) if occurrence < LOWEST_OCCURRENCE => {
            Err(format!("header occurrence must be >= {LOWEST_OCCURRENCE}"))
        }
        _ => Ok(()),
    }
}

/// Values of the lines of one name; of every line if the name is empty.
fn lines<'a>(headers: &'a Headers, name: &'a str) -> impl DoubleEndedIterator<Item = &'a [u8]> {
    let name = name.as_bytes();
    headers.iter().filter(move |line| name.is_empty() || line.name == name).map(|line| line.value)
}

/// The occurrence asked for; the last one if none was.
fn pick<'a>(
    mut forward: impl Iterator<Item = &'a [u8]>,
    count: impl Fn() -> usize,
    occurrence: Option<i64>,
) -> Option<&'a [u8]> {
    match occurrence {
        Some(from_start @ 1..) => forward.nth(from_start as usize - 1),
        Some(from_end @ ..0) => forward.nth(count().checked_sub(from_end.unsigned_abs() as usize)?),
        Some(0) | None => forward.last(),
    }
}

fn value<'a, M: Message>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Result<Option<&'a [u8]>, Got<'a>> {
    let headers = M::headers(stream).ok_or_else(|| missing(stream))?;
    let name = args[0].str();
    Ok(match args.get(1).and_then(Arg::int) {
        // The common case: the last value of the last line.
        None | Some(0) => lines(headers, name).next_back().and_then(|line| Elements::new(line).last()),
        occurrence => pick(
            lines(headers, name).flat_map(Elements::new),
            || lines(headers, name).flat_map(Elements::new).count(),
            occurrence,
        ),
    })
}

pub(super) fn hdr<'a, M: Message>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match value::<M>(args, stream) {
        Ok(found) => found.map(Value::text).into(),
        Err(got) => got,
    }
}

pub(super) fn fhdr<'a, M: Message>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let Some(headers) = M::headers(stream) else {
        return missing(stream);
    };
    let name = args[0].str();
    pick(lines(headers, name), || lines(headers, name).count(), args[1].int()).map(Value::text).into()
}

/// Every value, unless one occurrence was asked for.
fn each<'a, M: Message>(
    args: ArgsOf<'a>,
    stream: &'a dyn Stream,
    visit: &mut dyn FnMut(&'a [u8]) -> bool,
) -> Scan {
    let Some(headers) = M::headers(stream) else {
        return if stream.finished() { Scan::Miss } else { Scan::Wait };
    };
    let hit = match args.get(1).and_then(Arg::int) {
        None | Some(0) => lines(headers, args[0].str()).flat_map(Elements::new).any(visit),
        Some(_) => value::<M>(args, stream).ok().flatten().is_some_and(visit),
    };
    if hit { Scan::Hit } else { Scan::Miss }
}

pub(super) fn each_hdr<'a, M: Message>(
    args: ArgsOf<'a>,
    stream: &'a dyn Stream,
    visit: &mut dyn FnMut(Value<'a>) -> bool,
) -> Scan {
    each::<M>(args, stream, &mut |text| visit(Value::text(text)))
}

pub(super) fn each_fhdr<'a, M: Message>(
    args: ArgsOf<'a>,
    stream: &'a dyn Stream,
    visit: &mut dyn FnMut(Value<'a>) -> bool,
) -> Scan {
    let Some(headers) = M::headers(stream) else {
        return if stream.finished() { Scan::Miss } else { Scan::Wait };
    };
    let hit = match args[1].int() {
        None | Some(0) => lines(headers, args[0].str()).any(|text| visit(Value::text(text))),
        Some(_) => fhdr::<M>(args, stream).value().is_some_and(visit),
    };
    if hit { Scan::Hit } else { Scan::Miss }
}

fn integer(text: &[u8]) -> Value<'static> {
    Value::Int(crate::cast::leading_int(text))
}

pub(super) fn hdr_ip<'a, M: Message>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match value::<M>(args, stream) {
        Ok(found) => found.and_then(text_address).into(),
        Err(got) => got,
    }
}

pub(super) fn each_hdr_ip<'a, M: Message>(
    args: ArgsOf<'a>,
    stream: &'a dyn Stream,
    visit: &mut dyn FnMut(Value<'a>) -> bool,
) -> Scan {
    each::<M>(args, stream, &mut |text| text_address(text).is_some_and(&mut *visit))
}

pub(super) fn hdr_val<'a, M: Message>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match value::<M>(args, stream) {
        Ok(found) => found.map(integer).into(),
        Err(got) => got,
    }
}

pub(super) fn each_hdr_val<'a, M: Message>(
    args: ArgsOf<'a>,
    stream: &'a dyn Stream,
    visit: &mut dyn FnMut(Value<'a>) -> bool,
) -> Scan {
    each::<M>(args, stream, &mut |text| visit(integer(text)))
}

pub(super) fn hdr_cnt<'a, M: Message>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match M::headers(stream) {
        Some(headers) => int(lines(headers, args[0].str()).flat_map(Elements::new).count()),
        None => missing(stream),
    }
}

pub(super) fn fhdr_cnt<'a, M: Message>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match M::headers(stream) {
        Some(headers) => int(lines(headers, args[0].str()).count()),
        None => missing(stream),
    }
}

pub(super) fn hdr_names<'a, M: Message>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let Some(headers) = M::headers(stream) else {
        return missing(stream);
    };
    let delimiter = args[0].str().as_bytes().first().copied().unwrap_or(b',');
    let mut names = Vec::new();
    for (index, line) in headers.iter().enumerate() {
        if index > 0 {
            names.push(delimiter);
        }
        names.extend_from_slice(line.name);
    }
    Got::Value(Value::Str(names.into()))
}

pub(super) fn hdrs<'a, M: Message>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let Some(headers) = M::headers(stream) else {
        return missing(stream);
    };
    let mut block = Vec::with_capacity(headers.wire_len() + 2);
    for line in headers.iter() {
        block.extend_from_slice(line.name);
        block.extend_from_slice(b": ");
        block.extend_from_slice(line.value);
        block.extend_from_slice(b"\r\n");
    }
    block.extend_from_slice(b"\r\n");
    Got::Value(Value::Bin(block.into()))
}

/// Names and values behind their lengths, closed by an empty pair (the encoding of SPOE).
pub(super) fn hdrs_bin<'a, M: Message>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let Some(headers) = M::headers(stream) else {
        return missing(stream);
    };
    let mut block = Vec::with_capacity(headers.wire_len());
    for line in headers.iter() {
        for part in [line.name, line.value] {
            push_length(part.len() as u64, &mut block);
            block.extend_from_slice(part);
        }
    }
    block.extend_from_slice(&[0, 0]);
    Got::Value(Value::Bin(block.into()))
}

/// SPOE's variable-length integer: below 240 one byte, else four low bits, then seven a byte.
fn push_length(mut value: u64, out: &mut Vec<u8>) {
    if value < 240 {
        return out.push(value as u8);
    }
    out.push(value as u8 | 240);
    value = (value - 240) >> 4;
    while value >= 128 {
        out.push(value as u8 | 128);
        value = (value - 128) >> 7;
    }
    out.push(value as u8);
}

pub(super) fn body<'a, M: Message>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match M::body(stream) {
        Some(body) if body.complete || stream.finished() => Got::Value(Value::bytes(body.data)),
        Some(body) => Got::Unstable(Value::bytes(body.data)),
        None if M::headers(stream).is_some() => Got::Value(Value::bytes(b"")),
        None => missing(stream),
    }
}

pub(super) fn body_len<'a, M: Message>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match M::body(stream) {
        Some(body) if body.complete || stream.finished() => int(body.data.len()),
        Some(body) => Got::Unstable(Value::Int(body.data.len() as i64)),
        None if M::headers(stream).is_some() => int(0),
        None => missing(stream),
    }
}

/// The announced size, else what is buffered.
pub(super) fn body_size<'a, M: Message>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match M::body(stream) {
        Some(body) => Got::Value(Value::Int(body.announced.unwrap_or(body.data.len() as u64) as i64)),
        None if M::headers(stream).is_some() => int(0),
        None => missing(stream),
    }
}

pub(super) fn header_text<'a>(stream: &'a dyn Stream, name: &str) -> Option<&'a [u8]> {
    stream.request()?.headers.find(name.as_bytes())
}

/// The version as `1.1`.
pub(super) fn version<'a>(version: weir_http::Version) -> Got<'a> {
    match (version.major, version.minor) {
        (1, 1) => text(b"1.1"),
        (1, 0) => text(b"1.0"),
        (major, minor) => Got::Value(Value::Str(format!("{major}.{minor}").into_bytes().into())),
    }
}
