//! Parameters of queries and of url-encoded bodies.

use super::message::missing;
use crate::arg::Arg;
use crate::expr::Scan;
use crate::stage::Resolved;
use crate::stream::Stream;
use crate::value::{Got, Value};

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// Which parameters are wanted.
struct Wanted<'a> {
    name: &'a [u8],
    ignore_case: bool,
    /// Ends a value besides `&` and `;`.
    delimiter: u8,
}

impl Wanted<'_> {
    fn takes(&self, name: &[u8]) -> bool {
        match self.ignore_case {
            _ if self.name.is_empty() => true,
            true => name.eq_ignore_ascii_case(self.name),
            false => name == self.name,
        }
    }

    /// Values of the parameters wanted, in order. A name without `=` has no value.
    fn values<'v>(&'v self, list: &'v [u8]) -> impl Iterator<Item = &'v [u8]> {
        list.split(move |byte| matches!(byte, b'&' | b';') || *byte == self.delimiter).filter_map(|part| {
            let equals = part.iter().position(|byte| *byte == b'=')?;
            self.takes(&part[..equals]).then(|| &part[equals + 1..])
        })
    }
}

/// The parameter list of the URI: behind `?`, or behind another delimiter if that comes first.
fn list(uri: &[u8], delimiter: u8) -> &[u8] {
    match uri.iter().position(|byte| *byte == delimiter) {
        Some(start) => &uri[start + 1..],
        None => b"",
    }
}

fn of_url<'a>(args: ArgsOf<'a>) -> Wanted<'a> {
    Wanted {
        name: args[0].str().as_bytes(),
        delimiter: args[1].str().as_bytes().first().copied().unwrap_or(b'?'),
        ignore_case: args[2].str() == "i",
    }
}

pub(super) fn url_param<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let Some(request) = stream.request() else {
        return missing(stream);
    };
    let wanted = of_url(args);
    let uri = request.target();
    let found = wanted.values(list(uri, wanted.delimiter)).next().map(|value| range_of(uri, value));
    found.map(|(start, end)| Value::text(&request.target()[start..end])).into()
}

/// Where a piece lies in the text it was cut from.
fn range_of(whole: &[u8], part: &[u8]) -> (usize, usize) {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    (start, start + part.len())
}

pub(super) fn each_url_param<'a>(
    args: ArgsOf<'a>,
    stream: &'a dyn Stream,
    visit: &mut dyn FnMut(Value<'a>) -> bool,
) -> Scan {
    let Some(request) = stream.request() else {
        return if stream.finished() { Scan::Miss } else { Scan::Wait };
    };
    let wanted = of_url(args);
    let uri = request.target();
    for value in wanted.values(list(uri, wanted.delimiter)) {
        let (start, end) = range_of(uri, value);
        if visit(Value::text(&uri[start..end])) {
            return Scan::Hit;
        }
    }
    Scan::Miss
}

pub(super) fn url_param_val<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match url_param(args, stream) {
        Got::Value(value) => value.cast(crate::value::Type::Sint).into(),
        other => other,
    }
}

pub(super) fn body_param<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let Some(body) = stream.request_body() else {
        return missing(stream);
    };
    let wanted =
        Wanted { name: args[0].str().as_bytes(), delimiter: b'&', ignore_case: args[1].str() == "i" };
    let found = wanted.values(body.data).next().map(|value| range_of(body.data, value));
    match found {
        Some((start, end)) => Got::Value(Value::bytes(&body.data[start..end])),
        None if body.complete || stream.finished() => Got::Nothing,
        None => Got::Wait,
    }
}
