//! What is kept of both messages until the log: captures, statuses, the request line.

use super::message::{missing, text};
use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::fetch::internal::{check_unit, in_unit};
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::{Got, Value};

type ArgsOf<'a> = &'a [Arg<Resolved>];

fn slot(args: ArgsOf<'_>) -> Option<usize> {
    usize::try_from(args[0].int()?).ok()
}

pub(super) fn request_capture<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    slot(args).and_then(|slot| stream.request_capture(slot)).map(Value::text).into()
}

pub(super) fn response_capture<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    slot(args).and_then(|slot| stream.response_capture(slot)).map(Value::text).into()
}

pub(super) fn capture_method<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.request_line().map(|line| Value::text(line.method)).into()
}

/// From the first slash of the path on.
pub(super) fn capture_uri<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match stream.request_line() {
        Some(line) => text(weir_http::uri::Target::parse(line.uri).path_and_query()),
        None => Got::Nothing,
    }
}

/// A version above 1.0 is logged as 1.1.
fn protocol<'a>(version: weir_http::Version) -> Got<'a> {
    text(if version < weir_http::Version::HTTP_11 { b"HTTP/1.0" } else { b"HTTP/1.1" })
}

pub(super) fn capture_version<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.request_line().map_or(Got::Nothing, |line| protocol(line.version))
}

pub(super) fn capture_response_version<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.response().map_or(Got::Nothing, |response| protocol(response.version()))
}

pub(super) fn status<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match stream.response() {
        Some(response) => Got::Value(Value::Int(i64::from(response.status()))),
        None => missing(stream),
    }
}

pub(super) fn txn_status<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match stream.status() {
        0 => Got::Nothing,
        status => Got::Value(Value::Int(i64::from(status))),
    }
}

pub(super) fn server_status<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.server_status().map(|status| Value::Int(i64::from(status))).into()
}

pub(super) fn http_first_req<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Bool(stream.is_first_request()))
}

pub(super) fn check_date(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    check_unit(&args[0])
}

pub(super) fn request_date<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(in_unit(stream.request_time(), &args[0])))
}

pub(super) fn unique_id<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.unique_id().map(|id| Value::Str(id.into_bytes().into())).into()
}

/// Whether the bytes received so far are an HTTP request.
pub(super) fn res_comp<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Bool(stream.compressed_with().is_some()))
}

pub(super) fn res_comp_algo<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.compressed_with().map_or(Got::Nothing, |name| Got::Value(Value::Str(name.as_bytes().into())))
}

pub(super) fn res_cache_hit<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Bool(stream.cache_served().is_some()))
}

pub(super) fn res_cache_name<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.cache_served().map_or(Got::Nothing, |name| Got::Value(Value::Str(name.as_bytes().into())))
}

pub(super) fn proto_http<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    if stream.request().is_some() {
        return Got::Value(Value::Bool(true));
    }
    let Some(bytes) = stream.request_bytes() else {
        return missing(stream);
    };
    let mut request = weir_http::Request::new();
    match weir_http::parse_request(bytes, &weir_http::Limits::default(), &mut request) {
        Ok(weir_http::Status::Partial) => missing(stream),
        Ok(_) => Got::Value(Value::Bool(true)),
        Err(_) => Got::Value(Value::Bool(false)),
    }
}
