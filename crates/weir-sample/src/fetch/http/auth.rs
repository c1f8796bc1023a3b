//! The `Authorization` header: Basic credentials and Bearer tokens.

use weir_http::list::trim;

use super::headers::header_text;
use super::message::missing;
use crate::arg::Arg;
use crate::convert::base64;
use crate::expr::ParseContext;
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::{Got, Value};

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// Scheme and what follows it.
fn authorization(stream: &dyn Stream) -> Option<(&[u8], &[u8])> {
    let value = header_text(stream, "authorization")?;
    let end = value.iter().position(|byte| *byte == b' ')?;
    Some((&value[..end], trim(&value[end..])))
}

fn basic(stream: &dyn Stream) -> Option<(Vec<u8>, Vec<u8>)> {
    let (scheme, rest) = authorization(stream)?;
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let mut user = base64::decode(rest)?;
    let colon = user.iter().position(|byte| *byte == b':')?;
    let password = user.split_off(colon + 1);
    user.truncate(colon);
    Some((user, password))
}

fn owned<'a>(text: Vec<u8>) -> Got<'a> {
    Got::Value(Value::Str(text.into()))
}

/// Whether the credentials are in the userlist; nothing without credentials.
pub(super) fn http_auth<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    if stream.request().is_none() {
        return missing(stream);
    }
    match (basic(stream), &args[0]) {
        (Some((user, password)), Arg::Userlist(list)) => {
            Got::Value(Value::Bool(stream.authenticates(*list, &user, &password)))
        }
        _ => Got::Nothing,
    }
}

/// The user's name if the credentials are right; ACLs then compare groups.
pub(super) fn http_auth_group<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    if stream.request().is_none() {
        return missing(stream);
    }
    match (basic(stream), &args[0]) {
        (Some((user, password)), Arg::Userlist(list)) if stream.authenticates(*list, &user, &password) => {
            owned(user)
        }
        _ => Got::Nothing,
    }
}

pub(super) fn http_auth_user<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    basic(stream).map_or(Got::Nothing, |(user, _)| owned(user))
}

pub(super) fn http_auth_pass<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    basic(stream).map_or(Got::Nothing, |(_, password)| owned(password))
}

pub(super) fn http_auth_type<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let known =
        |scheme: &[u8]| scheme.eq_ignore_ascii_case(b"basic") || scheme.eq_ignore_ascii_case(b"bearer");
    match authorization(stream) {
        Some((scheme, _)) if known(scheme) => Got::Value(Value::text(scheme)),
        _ => Got::Nothing,
    }
}

pub(super) fn check_bearer(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    if let Arg::Str(name) = &mut args[0] {
        name.make_ascii_lowercase();
    }
    Ok(())
}

/// The token of `Authorization`, or of another header, whose absence is an empty token.
pub(super) fn http_auth_bearer<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let Arg::Str(name) = &args[0] else {
        return match authorization(stream) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer") => Got::Value(Value::text(token)),
            _ => Got::Nothing,
        };
    };
    if stream.request().is_none() {
        return missing(stream);
    }
    let value = header_text(stream, name).unwrap_or(b"");
    match value.iter().position(|byte| *byte == b' ') {
        Some(end) if value[..end].eq_ignore_ascii_case(b"bearer") => {
            Got::Value(Value::text(trim(&value[end..])))
        }
        Some(_) => Got::Nothing,
        None => Got::Value(Value::text(b"")),
    }
}
