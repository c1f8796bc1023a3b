//! Tokens of the distcc protocol: four letters, eight hexadecimal digits, and for most of them that many bytes
//! (manual 7.3.5).

use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::{Got, Value};

type ArgsOf<'a> = &'a [Arg<Resolved>];

const TOKEN: usize = 4;
const HEAD: usize = 12;

/// Tokens whose number is a parameter and no length.
const BARE: [&[u8]; 4] = [b"DIST", b"ARGC", b"DONE", b"STAT"];

pub(super) fn check(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    if args[0].str().len() != TOKEN {
        return Err("token name must be exactly 4 characters".into());
    }
    match args[1].int() {
        None | Some(0..) => Ok(()),
        Some(_) => Err("occurrence number must be positive".into()),
    }
}

struct Found<'a> {
    number: u32,
    body: &'a [u8],
    /// All of the body is there.
    whole: bool,
}

/// The occurrence of the token; `None`: not in what came so far. `Err`: this is no distcc.
fn find<'a>(data: &'a [u8], token: &[u8], occurrence: i64) -> Result<Option<Found<'a>>, ()> {
    let (mut rest, mut left) = (data, occurrence.max(1));
    while let Some((head, after)) = rest.split_at_checked(HEAD) {
        let digits = std::str::from_utf8(&head[TOKEN..]).map_err(drop)?;
        let number = u32::from_str_radix(digits, 16).map_err(drop)?;
        let length = if BARE.contains(&&head[..TOKEN]) { 0 } else { number as usize };
        let whole = after.len() >= length;
        let body = &after[..length.min(after.len())];
        if head[..TOKEN] == *token {
            left -= 1;
            if left == 0 {
                return Ok(Some(Found { number, body, whole }));
            }
        }
        rest = &after[body.len()..];
    }
    Ok(None)
}

fn sought<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Result<Found<'a>, Got<'a>> {
    let wait = || if stream.finished() { Got::Nothing } else { Got::Wait };
    let data = stream.request_bytes().ok_or_else(wait)?;
    match find(data, args[0].str().as_bytes(), args[1].int().unwrap_or(1)) {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(wait()),
        Err(()) => Err(Got::Nothing),
    }
}

pub(super) fn param<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    sought(args, stream).map_or_else(|got| got, |found| Got::Value(Value::Int(found.number.into())))
}

pub(super) fn body<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match sought(args, stream) {
        Ok(found) if found.whole => Got::Value(Value::bytes(found.body)),
        Ok(_) if !stream.finished() => Got::Wait,
        Ok(_) => Got::Nothing,
        Err(got) => got,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of distcc's own protocol description.
    #[test]
    fn a_request_of_the_protocol() {
        let text = b"DIST00000001ARGC00000002ARGV00000002ccARGV00000002-cDOTI00000003int";
        let number = |token: &[u8]| find(text, token, 1).unwrap().map(|found| found.number);
        assert_eq!((number(b"DIST"), number(b"ARGC"), number(b"NONE")), (Some(1), Some(2), None));
        let argument = |occurrence| find(text, b"ARGV", occurrence).unwrap().unwrap().body;
        assert_eq!((argument(1), argument(2)), (&b"cc"[..], &b"-c"[..]));
        let cut = find(&text[..text.len() - 1], b"DOTI", 1).unwrap().unwrap();
        assert!(!cut.whole && cut.number == 3);
        assert!(find(b"GET / HTTP/1.1\r\n", b"DIST", 1).is_err());
    }
}
