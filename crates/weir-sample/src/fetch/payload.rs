//! Buffer contents below HTTP (manual 7.3.5).

use super::distcc;
use super::row::*;
use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::{Got, Value};

mod hello;

use hello::{ClientHello, Hello};

pub(super) const ROWS: &[Fetch] = &[
    Fetch::new("distcc_body", sig(1, &[Text, Int]), Bin, Reads::AnyBuffer, "body of a distcc token (7.3.5)")
        .runs(distcc::body)
        .checked(distcc::check),
    Fetch::new(
        "distcc_param",
        sig(1, &[Text, Int]),
        Sint,
        Reads::AnyBuffer,
        "parameter of a distcc token (7.3.5)",
    )
    .runs(distcc::param)
    .checked(distcc::check),
    Fetch::new(
        "payload",
        sig(2, &[Int, Int]),
        Bin,
        Reads::AnyBuffer,
        "bytes of the buffer (7.3.5, deprecated)",
    )
    .runs(payload),
    Fetch::new(
        "payload_lv",
        sig(2, &[Int, Int, Text]),
        Bin,
        Reads::AnyBuffer,
        "bytes of the buffer after their length (7.3.5, deprecated)",
    )
    .runs(payload_lv)
    .checked(check_payload_lv),
    Fetch::new("rdp_cookie", sig(0, &[Text]), Str, Reads::RequestBuffer, "RDP cookie (7.3.5, deprecated)")
        .runs(rdp_cookie),
    Fetch::new(
        "rdp_cookie_cnt",
        sig(0, &[Text]),
        Sint,
        Reads::RequestBuffer,
        "number of RDP cookies (7.3.5, deprecated)",
    )
    .runs(rdp_cookie_cnt),
    Fetch::new(
        "rep_ssl_hello_type",
        NONE,
        Sint,
        Reads::ResponseBuffer,
        "TLS hello type in the response (7.3.5, deprecated)",
    )
    .runs(res_hello_type),
    Fetch::new("req.len", NONE, Sint, Reads::RequestBuffer, "bytes in the request's buffer (7.3.5)")
        .runs(req_len),
    Fetch::new(
        "req.payload",
        sig(2, &[Int, Int]),
        Bin,
        Reads::RequestBuffer,
        "bytes of the request's buffer (7.3.5)",
    )
    .runs(req_payload),
    Fetch::new(
        "req.payload_lv",
        sig(2, &[Int, Int, Text]),
        Bin,
        Reads::RequestBuffer,
        "bytes of the request's buffer after their length (7.3.5)",
    )
    .runs(req_payload_lv)
    .checked(check_payload_lv),
    Fetch::new("req.rdp_cookie", sig(0, &[Text]), Str, Reads::RequestBuffer, "RDP cookie (7.3.5)")
        .runs(rdp_cookie),
    Fetch::new(
        "req.rdp_cookie_cnt",
        sig(0, &[Text]),
        Sint,
        Reads::RequestBuffer,
        "number of RDP cookies (7.3.5)",
    )
    .runs(rdp_cookie_cnt),
    Fetch::new("req.ssl_alpn", NONE, Str, Reads::RequestBuffer, "ALPN of a TLS client hello (7.3.5)")
        .runs(ssl_alpn),
    Fetch::new("req.ssl_cipherlist", NONE, Bin, Reads::Client4, "ciphers of a TLS client hello (7.3.5)")
        .runs(ssl_cipherlist),
    Fetch::new(
        "req.ssl_ec_ext",
        NONE,
        Bool,
        Reads::RequestBuffer,
        "whether a TLS client hello offers elliptic curves (7.3.5)",
    )
    .runs(ssl_ec_ext),
    Fetch::new(
        "req.ssl_hello_type",
        NONE,
        Sint,
        Reads::RequestBuffer,
        "TLS hello type in the request (7.3.5)",
    )
    .runs(req_hello_type),
    Fetch::new(
        "req.ssl_keyshare_groups",
        NONE,
        Bin,
        Reads::Client4,
        "key share groups of a TLS client hello (7.3.5)",
    )
    .runs(ssl_keyshare_groups),
    Fetch::new(
        "req.ssl_sigalgs",
        NONE,
        Bin,
        Reads::Client4,
        "signature algorithms of a TLS client hello (7.3.5)",
    )
    .runs(ssl_sigalgs),
    Fetch::new("req.ssl_sni", NONE, Str, Reads::RequestBuffer, "server name of a TLS client hello (7.3.5)")
        .runs(ssl_sni),
    Fetch::new(
        "req.ssl_st_ext",
        NONE,
        Sint,
        Reads::RequestBuffer,
        "session ticket extension of a TLS client hello (7.3.5)",
    )
    .runs(ssl_st_ext),
    Fetch::new("req.ssl_supported_groups", NONE, Bin, Reads::Client4, "groups of a TLS client hello (7.3.5)")
        .runs(ssl_supported_groups),
    Fetch::new("req.ssl_ver", NONE, Sint, Reads::RequestBuffer, "version of a TLS client hello (7.3.5)")
        .runs(ssl_ver),
    Fetch::new(
        "req_len",
        NONE,
        Sint,
        Reads::RequestBuffer,
        "bytes in the request's buffer (7.3.5, deprecated)",
    )
    .runs(req_len),
    Fetch::new(
        "req_ssl_hello_type",
        NONE,
        Sint,
        Reads::RequestBuffer,
        "TLS hello type in the request (7.3.5, deprecated)",
    )
    .runs(req_hello_type),
    Fetch::new(
        "req_ssl_sni",
        NONE,
        Str,
        Reads::RequestBuffer,
        "server name of a TLS client hello (7.3.5, deprecated)",
    )
    .runs(ssl_sni),
    Fetch::new(
        "req_ssl_ver",
        NONE,
        Sint,
        Reads::RequestBuffer,
        "version of a TLS client hello (7.3.5, deprecated)",
    )
    .runs(ssl_ver),
    Fetch::new("res.len", NONE, Sint, Reads::ResponseBuffer, "bytes in the response's buffer (7.3.5)")
        .runs(res_len),
    Fetch::new(
        "res.payload",
        sig(2, &[Int, Int]),
        Bin,
        Reads::ResponseBuffer,
        "bytes of the response's buffer (7.3.5)",
    )
    .runs(res_payload),
    Fetch::new(
        "res.payload_lv",
        sig(2, &[Int, Int, Text]),
        Bin,
        Reads::ResponseBuffer,
        "bytes of the response's buffer after their length (7.3.5)",
    )
    .runs(res_payload_lv)
    .checked(check_payload_lv),
    Fetch::new(
        "res.ssl_hello_type",
        NONE,
        Sint,
        Reads::ResponseBuffer,
        "TLS hello type in the response (7.3.5)",
    )
    .runs(res_hello_type),
    Fetch::new("wait_end", NONE, Bool, Reads::Internal, "true once no more data are waited for (7.3.5)")
        .runs(wait_end),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

fn wait<'a>(stream: &dyn Stream) -> Got<'a> {
    if stream.finished() { Got::Nothing } else { Got::Wait }
}

/// A value that grows while more data may come.
fn growing<'a>(value: Value<'a>, stream: &dyn Stream) -> Got<'a> {
    if stream.finished() { Got::Value(value) } else { Got::Unstable(value) }
}

fn wait_end<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    if stream.finished() { Got::Value(Value::Bool(true)) } else { Got::Wait }
}

/// What HAProxy's own form of a buffered message takes: 20 bytes and the start line's parts, names and values, the
/// end of the head, the body.
fn http_length(stream: &dyn Stream) -> Option<usize> {
    let request = stream.request()?;
    let line = 20 + request.method_bytes().len() + request.target().len() + "HTTP/1.1".len();
    let headers: usize = request.headers.iter().map(|line| line.name.len() + line.value.len()).sum();
    Some(line + headers + 1 + stream.request_body().map_or(0, |body| body.data.len()))
}

fn req_len<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let length = stream.request_bytes().map(<[u8]>::len).or_else(|| http_length(stream));
    length.map_or_else(|| wait(stream), |length| growing(Value::Int(length as i64), stream))
}

fn res_len<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let bytes = stream.response_bytes().or_else(|| stream.response_body().map(|body| body.data));
    bytes.map_or_else(|| wait(stream), |bytes| growing(Value::Int(bytes.len() as i64), stream))
}

/// Below HTTP the buffer, in HTTP the body.
fn request_data(stream: &dyn Stream) -> Option<&[u8]> {
    stream.request_bytes().or_else(|| stream.request_body().map(|body| body.data))
}

fn response_data(stream: &dyn Stream) -> Option<&[u8]> {
    stream.response_bytes().or_else(|| stream.response_body().map(|body| body.data))
}

fn either_data(stream: &dyn Stream) -> Option<&[u8]> {
    response_data(stream).filter(|data| !data.is_empty()).or_else(|| request_data(stream))
}

/// `length` bytes from `offset` on; with length 0 all there are.
fn piece<'a>(data: Option<&'a [u8]>, offset: i64, length: i64, stream: &dyn Stream) -> Got<'a> {
    let (Ok(start), Ok(length)) = (usize::try_from(offset), usize::try_from(length)) else {
        return Got::Nothing;
    };
    let Some(rest) = data.and_then(|data| data.get(start..)) else {
        return wait(stream);
    };
    match rest.get(..length) {
        Some([]) if rest.is_empty() => wait(stream),
        Some([]) => growing(Value::bytes(rest), stream),
        Some(block) => Got::Value(Value::bytes(block)),
        None => wait(stream),
    }
}

fn at(args: ArgsOf<'_>, index: usize) -> i64 {
    args[index].int().unwrap_or(0)
}

fn req_payload<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    piece(request_data(stream), at(args, 0), at(args, 1), stream)
}

fn res_payload<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    piece(response_data(stream), at(args, 0), at(args, 1), stream)
}

fn payload<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    piece(either_data(stream), at(args, 0), at(args, 1), stream)
}

/// The second offset counts from the start, or with a sign from the end of the length field.
fn check_payload_lv(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    if args[0].int().is_some_and(|offset| offset < 0) {
        return Err("payload offset1 must be positive".into());
    }
    if args[1].int().is_none_or(|length| length < 1) {
        return Err("payload length must be > 0".into());
    }
    let word = args[2].str();
    if word.is_empty() {
        return Ok(());
    }
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("payload offset2 is not a number".into());
    }
    let behind = args[0].int().unwrap_or(0).saturating_add(args[1].int().unwrap_or(0));
    if word.starts_with('-') && behind.saturating_add(crate::cast::leading_int(word.as_bytes())) < 0 {
        return Err("payload offset2 too negative".into());
    }
    Ok(())
}

fn length_value<'a>(data: Option<&'a [u8]>, args: ArgsOf<'a>, stream: &dyn Stream) -> Got<'a> {
    let (offset, width) = (at(args, 0), at(args, 1));
    let Some(behind) = offset.checked_add(width) else {
        return Got::Nothing;
    };
    let field = data.and_then(|data| data.get(offset as usize..behind as usize));
    let Some(field) = field else {
        return wait(stream);
    };
    let length = field.iter().fold(0i64, |length, byte| length << 8 | i64::from(*byte));
    let start = match args[2].str() {
        "" => behind,
        word if word.starts_with(['+', '-']) => {
            behind.saturating_add(crate::cast::leading_int(word.as_bytes()))
        }
        word => crate::cast::leading_int(word.as_bytes()),
    };
    if length == 0 {
        return Got::Nothing;
    }
    piece(data, start, length, stream)
}

fn req_payload_lv<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    length_value(request_data(stream), args, stream)
}

fn res_payload_lv<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    length_value(response_data(stream), args, stream)
}

fn payload_lv<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    length_value(either_data(stream), args, stream)
}

/// Reads the client hello, or says that it is not there yet.
fn client_hello<'a>(
    stream: &'a dyn Stream,
    show: impl FnOnce(ClientHello<'a>) -> Option<Value<'a>>,
) -> Got<'a> {
    match stream.request_bytes().map(hello::read) {
        Some(Hello::Client(hello)) => show(hello).into(),
        Some(Hello::Partial) | None => wait(stream),
        Some(Hello::Other(_) | Hello::None) => Got::Nothing,
    }
}

fn hello_type<'a>(data: Option<&'a [u8]>, stream: &dyn Stream) -> Got<'a> {
    match data.map(hello::read) {
        Some(Hello::Client(_)) => Got::Value(Value::Int(1)),
        Some(Hello::Other(kind)) => Got::Value(Value::Int(kind.into())),
        Some(Hello::Partial) | None => wait(stream),
        Some(Hello::None) => Got::Nothing,
    }
}

fn req_hello_type<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    hello_type(stream.request_bytes(), stream)
}

fn res_hello_type<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    hello_type(stream.response_bytes(), stream)
}

fn ssl_sni<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    client_hello(stream, |hello| hello.server_name().map(Value::text))
}

fn ssl_alpn<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    client_hello(stream, |hello| hello.alpn().map(Value::text))
}

/// Major version in the upper 16 bits, as patterns like `3.1` are read.
fn ssl_ver<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    client_hello(stream, |hello| {
        let (major, minor) = (hello.version >> 8, hello.version & 255);
        Some(Value::Int(i64::from(major) << 16 | i64::from(minor)))
    })
}

fn ssl_ec_ext<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    client_hello(stream, |hello| hello.extension(10).map(|_| Value::Bool(true)))
}

fn ssl_cipherlist<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    client_hello(stream, |hello| Some(Value::bytes(hello.ciphers)))
}

fn ssl_supported_groups<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    client_hello(stream, |hello| hello.list(10).map(Value::bytes))
}

fn ssl_keyshare_groups<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    client_hello(stream, |hello| hello.key_share_groups().map(|groups| Value::Bin(groups.into())))
}

fn ssl_sigalgs<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    client_hello(stream, |hello| hello.list(13).map(Value::bytes))
}

/// 0 without a session ticket extension, 1 with an empty one, 2 with a ticket.
fn ssl_st_ext<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    client_hello(stream, |hello| {
        Some(Value::Int(match hello.extension(35) {
            None => 0,
            Some([]) => 1,
            Some(_) => 2,
        }))
    })
}

/// `Cookie: name=value` in the first packet of RDP: a TPKT header, an X.224 connection request, a line.
fn rdp_cookie_of<'a>(name: &str, stream: &'a dyn Stream) -> Got<'a> {
    let Some(data) = stream.request_bytes() else {
        return wait(stream);
    };
    let Some(line) = data.get(11..) else {
        return if data.first().is_none_or(|byte| *byte == 3) { wait(stream) } else { Got::Nothing };
    };
    if data[0] != 3 || data[5] != 0xe0 {
        return Got::Nothing;
    }
    let Some(end) = line.windows(2).position(|pair| pair == b"\r\n") else {
        return wait(stream);
    };
    let Some(cookie) = line[..end].strip_prefix(b"Cookie: ") else {
        return Got::Nothing;
    };
    let Some(equals) = cookie.iter().position(|byte| *byte == b'=') else {
        return Got::Nothing;
    };
    let named = name.is_empty() || cookie[..equals].eq_ignore_ascii_case(name.as_bytes());
    if named { Got::Value(Value::text(&cookie[equals + 1..])) } else { Got::Nothing }
}

/// For `balance rdp-cookie` and `persist rdp-cookie`.
pub fn rdp_cookie_value<'a>(name: &str, stream: &'a dyn Stream) -> Option<Value<'a>> {
    match rdp_cookie_of(name, stream) {
        Got::Value(value) => Some(value),
        _ => None,
    }
}

fn rdp_cookie<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    rdp_cookie_of(args[0].str(), stream)
}

fn rdp_cookie_cnt<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match rdp_cookie_of(args[0].str(), stream) {
        Got::Value(_) => Got::Value(Value::Int(1)),
        other => other,
    }
}
