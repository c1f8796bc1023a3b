//! The `Forwarded` header (RFC 7239): one element, and nodes with their names and ports.

use super::ArgsOf;
use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::stage::Named;
use crate::value::{Type, Value};

pub(super) fn check_field(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    match args[0].str() {
        "proto" | "host" | "for" | "by" => Ok(()),
        _ => Err("rfc7239_field: unsupported field".into()),
    }
}

/// The pairs of one element, or nothing if the header is not one well-formed element.
fn pairs(header: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut pairs: Vec<(&[u8], &[u8])> = Vec::new();
    let mut rest = header;
    loop {
        let equals = rest.iter().position(|byte| *byte == b'=')?;
        let name = &rest[..equals];
        let after = &rest[equals + 1..];
        let (value, tail) = value(after)?;
        let well_formed = match name {
            name if name.eq_ignore_ascii_case(b"proto") => matches!(value, b"http" | b"https"),
            name if name.eq_ignore_ascii_case(b"host") => !value.is_empty() && weir_http::uri::is_host(value),
            name if name.eq_ignore_ascii_case(b"for") || name.eq_ignore_ascii_case(b"by") => {
                node(value).is_some()
            }
            _ => false,
        };
        if !well_formed || pairs.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return None;
        }
        pairs.push((name, value));
        match tail {
            [] => return Some(pairs),
            [b';', next @ ..] => rest = next,
            _ => return None,
        }
    }
}

/// A token or a quoted string, and what follows it.
fn value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if let [b'"', quoted @ ..] = text {
        let end = quoted.iter().position(|byte| *byte == b'"')?;
        return Some((&quoted[..end], &quoted[end + 1..]));
    }
    let end = text.iter().position(|byte| *byte == b';').unwrap_or(text.len());
    let token = &text[..end];
    let well_formed = !token.is_empty()
        && token.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte));
    well_formed.then_some((token, &text[end..]))
}

/// A node's name and port.
enum NodeName<'a> {
    Address(std::net::IpAddr),
    /// `unknown`, or an identifier that begins with `_`.
    Word(&'a [u8]),
}

enum NodePort<'a> {
    Number(i64),
    Word(&'a [u8]),
}

fn obfuscated(word: &[u8]) -> bool {
    word.len() > 1
        && word[0] == b'_'
        && word.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

fn node(text: &[u8]) -> Option<(NodeName<'_>, Option<NodePort<'_>>)> {
    let (name, rest) = match text {
        [b'[', inside @ ..] => {
            let end = inside.iter().position(|byte| *byte == b']')?;
            let address: std::net::Ipv6Addr = std::str::from_utf8(&inside[..end]).ok()?.parse().ok()?;
            (NodeName::Address(address.into()), &inside[end + 1..])
        }
        _ => {
            let end = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
            let word = &text[..end];
            let name = if word == b"unknown" || obfuscated(word) {
                NodeName::Word(word)
            } else {
                let address: std::net::Ipv4Addr = std::str::from_utf8(word).ok()?.parse().ok()?;
                NodeName::Address(address.into())
            };
            (name, &text[end..])
        }
    };
    match rest {
        [] => Some((name, None)),
        [b':', port @ ..] => Some((name, Some(node_port(port)?))),
        _ => None,
    }
}

fn node_port(port: &[u8]) -> Option<NodePort<'_>> {
    if obfuscated(port) {
        return Some(NodePort::Word(port));
    }
    let digits = !port.is_empty() && port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    digits.then(|| NodePort::Number(crate::cast::leading_int(port)))
}

pub(super) fn rfc7239_is_valid<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(header) = value else { return None };
    Some(Value::Bool(pairs(&header).is_some()))
}

pub(super) fn rfc7239_field<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(header) = value else { return None };
    let wanted = args[0].str().as_bytes();
    let pairs = pairs(&header)?;
    let (_, found) = pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
    Some(Value::Str(found.to_vec().into()))
}

/// An address as such, anything else as text.
pub(super) fn node_name<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    match node(&text)?.0 {
        NodeName::Address(address) => Some(Value::ip(address)),
        NodeName::Word(word) => Some(Value::Str(word.to_vec().into())),
    }
}

pub(super) fn node_port_of<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    match node(&text)?.1? {
        NodePort::Number(port) => Some(Value::Int(port)),
        NodePort::Word(word) => Some(Value::Str(word.to_vec().into())),
    }
}

/// `rfc7239_nn`: an address or an identifier as a node name.
pub(super) fn written_name<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let text = match value {
        Value::Ip4(address) => address.to_string(),
        Value::Ip6(address) => format!("[{address}]"),
        other => match other.cast(Type::Str)? {
            Value::Str(text) if text.is_empty() => "unknown".into(),
            Value::Str(text) => written(&text)?,
            _ => return None,
        },
    };
    Some(Value::Str(text.into_bytes().into()))
}

/// `rfc7239_np`: a number or an identifier as a node port.
pub(super) fn written_port<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let text = match value {
        Value::Int(port) => u16::try_from(port).ok()?.to_string(),
        other => match other.cast(Type::Str)? {
            Value::Str(text) if !text.is_empty() => written(&text)?,
            _ => return None,
        },
    };
    Some(Value::Str(text.into_bytes().into()))
}

/// RFC 7239, 6.3: an underscore, then letters, digits and `.`, `_`, `-`.
fn written(text: &[u8]) -> Option<String> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    text.iter().all(allowed).then(|| format!("_{}", String::from_utf8_lossy(text)))
}
