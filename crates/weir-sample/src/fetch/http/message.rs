//! Which message a fetch reads: the request, the response, or whichever is there.

use weir_http::Headers;

use crate::stream::{Body, Stream};
use crate::value::{Got, Value};

/// A fetch's source. `Request` and `Response` wait for their head; `Either` is the response once there is one.
pub(super) trait Message {
    const COOKIE: &'static [u8];
    fn headers(stream: &dyn Stream) -> Option<&Headers>;
    fn body(stream: &dyn Stream) -> Option<Body<'_>>;
}

pub(super) struct Req;
pub(super) struct Res;
pub(super) struct Either;

impl Message for Req {
    const COOKIE: &'static [u8] = b"cookie";

    fn headers(stream: &dyn Stream) -> Option<&Headers> {
        stream.request().map(|request| &request.headers)
    }

    fn body(stream: &dyn Stream) -> Option<Body<'_>> {
        stream.request_body()
    }
}

impl Message for Res {
    const COOKIE: &'static [u8] = b"set-cookie";

    fn headers(stream: &dyn Stream) -> Option<&Headers> {
        stream.response().map(|response| &response.headers)
    }

    fn body(stream: &dyn Stream) -> Option<Body<'_>> {
        stream.response_body()
    }
}

impl Message for Either {
    const COOKIE: &'static [u8] = b"cookie";

    fn headers(stream: &dyn Stream) -> Option<&Headers> {
        Res::headers(stream).or_else(|| Req::headers(stream))
    }

    fn body(stream: &dyn Stream) -> Option<Body<'_>> {
        Res::body(stream).or_else(|| Req::body(stream))
    }
}

/// What a fetch answers while its message is not there.
pub(super) fn missing<'a>(stream: &dyn Stream) -> Got<'a> {
    if stream.finished() { Got::Nothing } else { Got::Wait }
}

pub(super) fn text<'a>(text: &'a [u8]) -> Got<'a> {
    Got::Value(Value::text(text))
}

pub(super) fn int<'a>(value: usize) -> Got<'a> {
    Got::Value(Value::Int(value as i64))
}
