//! The request line: method, version, and the URI in its pieces and hashes.

use std::net::IpAddr;

use weir_http::Request;
use weir_http::uri::Authority;

use super::headers::version;
use super::message::{missing, text};
use crate::arg::Arg;
use crate::convert::hash;
use crate::stage::Resolved;
use crate::stream::Stream;
use crate::value::{Got, Value};

type ArgsOf<'a> = &'a [Arg<Resolved>];

pub(super) fn method<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match stream.request() {
        Some(request) => Got::Value(Value::Meth(request.method_bytes().into())),
        None => match stream.request_line() {
            Some(line) => Got::Value(Value::Meth(line.method.into())),
            None => missing(stream),
        },
    }
}

pub(super) fn url<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.request().map_or_else(|| missing(stream), |request| text(request.target()))
}

/// The path begins with a slash or is not there (`*`, authority form).
fn some_path<'a>(path: &'a [u8]) -> Got<'a> {
    if path.first() == Some(&b'/') { text(path) } else { Got::Nothing }
}

pub(super) fn path<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.request().map_or_else(|| missing(stream), |request| some_path(request.path()))
}

pub(super) fn pathq<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.request().map_or_else(|| missing(stream), |request| some_path(request.uri().path_and_query()))
}

/// With `with_qm`, the question mark too.
pub(super) fn query<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let Some(request) = stream.request() else {
        return missing(stream);
    };
    let target = request.uri();
    match target.query {
        None => Got::Nothing,
        Some(_) if args[0].str() == "with_qm" => text(&target.raw[target.path_end()..]),
        Some(query) => text(query),
    }
}

/// Host and path, with or without the query. Without a host only the path.
fn base_of(request: &Request, query: bool) -> Option<Vec<u8>> {
    let uri = request.uri();
    if uri.path.first() != Some(&b'/') {
        return None;
    }
    let host = request.headers.find(b"host").unwrap_or(b"");
    Some([host, if query { uri.path_and_query() } else { uri.path }].concat())
}

fn with_base<'a>(
    stream: &'a dyn Stream,
    query: bool,
    then: impl FnOnce(Vec<u8>) -> Option<Value<'a>>,
) -> Got<'a> {
    match stream.request() {
        Some(request) => base_of(request, query).and_then(then).into(),
        None => missing(stream),
    }
}

pub(super) fn base<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    with_base(stream, false, |base| Some(Value::Str(base.into())))
}

pub(super) fn baseq<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    with_base(stream, true, |base| Some(Value::Str(base.into())))
}

pub(super) fn base32<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    with_base(stream, false, |base| Some(Value::Int(i64::from(hash::avalanche(hash::sdbm(&base))))))
}

pub(super) fn url32<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    with_base(stream, true, |base| Some(Value::Int(i64::from(hash::avalanche(hash::sdbm(&base))))))
}

/// The hash behind the client's address.
fn with_source<'a>(stream: &'a dyn Stream, base: &[u8]) -> Option<Value<'a>> {
    let mut bytes = hash::avalanche(hash::sdbm(base)).to_be_bytes().to_vec();
    match stream.source()?.ip() {
        IpAddr::V4(address) => bytes.extend_from_slice(&address.octets()),
        IpAddr::V6(address) => bytes.extend_from_slice(&address.octets()),
    }
    Some(Value::Bin(bytes.into()))
}

pub(super) fn base32_src<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    with_base(stream, false, |base| with_source(stream, &base))
}

pub(super) fn url32_src<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    with_base(stream, true, |base| with_source(stream, &base))
}

/// Address and port of an absolute URI whose host is an IPv4 address.
fn absolute(stream: &dyn Stream) -> Option<(std::net::Ipv4Addr, i64)> {
    let uri = stream.request()?.uri();
    uri.scheme?;
    let authority = Authority::parse(uri.authority?);
    let host = std::str::from_utf8(authority.host).ok()?.parse().ok()?;
    let port = authority.port.map_or(80, crate::cast::leading_int);
    Some((host, port))
}

pub(super) fn url_ip<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    absolute(stream).map(|(address, _)| Value::Ip4(address)).into()
}

pub(super) fn url_port<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    absolute(stream).map(|(_, port)| Value::Int(port)).into()
}

pub(super) fn req_ver<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.request().map_or_else(|| missing(stream), |request| version(request.version()))
}

pub(super) fn res_ver<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.response().map_or_else(|| missing(stream), |response| version(response.version()))
}
