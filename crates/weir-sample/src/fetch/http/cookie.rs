//! Cookies of requests (`Cookie`) and responses (`Set-Cookie`).

use weir_http::Headers;
use weir_http::list::trim;

use super::message::{Message, Req, Res, int, missing};
use crate::arg::Arg;
use crate::expr::Scan;
use crate::stage::Resolved;
use crate::stream::Stream;
use crate::value::{Got, Value};

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// Names and values in order, for a search of `name`. A part without `=` is no cookie; in a response only the first part
/// is one. A header that holds nothing but the name and `=` has no cookie of that name, as observed; with anything
/// behind it, the value is empty.
fn cookies<'a, M: Message>(headers: &'a Headers, name: &[u8]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    let response = M::COOKIE == b"set-cookie";
    let too_short = name.len() + 1;
    headers
        .values(M::COOKIE)
        .filter(move |line| line.len() > too_short)
        .flat_map(move |line| line.split(|byte| *byte == b';').take(if response { 1 } else { usize::MAX }))
        .filter_map(|part| {
            let equals = part.iter().position(|byte| *byte == b'=')?;
            Some((trim(&part[..equals]), trim(&part[equals + 1..])))
        })
}

/// The last cookie of a name, or the first of all without a name.
pub(super) fn cook<'a, M: Message>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let Some(headers) = M::headers(stream) else {
        return missing(stream);
    };
    let name = args[0].str().as_bytes();
    let mut all = cookies::<M>(headers, name);
    let found = match name {
        b"" => all.next(),
        name => all.filter(|(known, _)| *known == name).last(),
    };
    found.map(|(_, value)| Value::text(value)).into()
}

fn each<'a, M: Message>(
    args: ArgsOf<'a>,
    stream: &'a dyn Stream,
    visit: &mut dyn FnMut(&'a [u8]) -> bool,
) -> Scan {
    let Some(headers) = M::headers(stream) else {
        return if stream.finished() { Scan::Miss } else { Scan::Wait };
    };
    let name = args[0].str().as_bytes();
    let hit =
        cookies::<M>(headers, name).any(|(known, value)| (name.is_empty() || known == name) && visit(value));
    if hit { Scan::Hit } else { Scan::Miss }
}

pub(super) fn each_cook<'a, M: Message>(
    args: ArgsOf<'a>,
    stream: &'a dyn Stream,
    visit: &mut dyn FnMut(Value<'a>) -> bool,
) -> Scan {
    each::<M>(args, stream, &mut |text| visit(Value::text(text)))
}

pub(super) fn cook_val<'a, M: Message>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match cook::<M>(args, stream) {
        Got::Value(value) => value.cast(crate::value::Type::Sint).into(),
        other => other,
    }
}

pub(super) fn each_cook_val<'a, M: Message>(
    args: ArgsOf<'a>,
    stream: &'a dyn Stream,
    visit: &mut dyn FnMut(Value<'a>) -> bool,
) -> Scan {
    each::<M>(args, stream, &mut |text| visit(Value::Int(crate::cast::leading_int(text))))
}

pub(super) fn cook_cnt<'a, M: Message>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let Some(headers) = M::headers(stream) else {
        return missing(stream);
    };
    let name = args[0].str().as_bytes();
    int(cookies::<M>(headers, name).filter(|(known, _)| name.is_empty() || *known == name).count())
}

pub(super) fn cook_names<'a, M: Message>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let Some(headers) = M::headers(stream) else {
        return missing(stream);
    };
    let delimiter = args[0].str().as_bytes().first().copied().unwrap_or(b',');
    let mut names = Vec::new();
    for (index, (name, _)) in cookies::<M>(headers, b"").enumerate() {
        if index > 0 {
            names.push(delimiter);
        }
        names.extend_from_slice(name);
    }
    Got::Value(Value::Str(names.into()))
}

/// The response's cookie once there is a response, else the request's.
pub(super) fn either_cook<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match stream.response() {
        Some(_) => cook::<Res>(args, stream),
        None => cook::<Req>(args, stream),
    }
}

pub(super) fn each_either_cook<'a>(
    args: ArgsOf<'a>,
    stream: &'a dyn Stream,
    visit: &mut dyn FnMut(Value<'a>) -> bool,
) -> Scan {
    match stream.response() {
        Some(_) => each_cook::<Res>(args, stream, visit),
        None => each_cook::<Req>(args, stream, visit),
    }
}
