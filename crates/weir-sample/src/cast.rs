//! Casts between sample types (manual 7.1, 7.3.1): which are possible at all, and what each does to a value.

use std::borrow::Cow;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::value::{Type, Value};

/// Whether a value of type `from` may flow where `to` is wanted. `Any` is decided when the value is there.
pub const fn castable(from: Type, to: Type) -> bool {
    use Type::{Addr, Any, Bin, Bool, Ipv4, Ipv6, Meth, Same, Sint, Str};
    matches!(
        (from, to),
        (Any | Same | Str, _)
            | (_, Any | Same)
            | (Bool | Sint, Bool | Sint | Str | Bin)
            | (Sint | Addr | Ipv4 | Ipv6, Addr | Ipv4 | Ipv6)
            | (Addr | Ipv4, Sint)
            | (Addr | Ipv4 | Ipv6 | Bin | Meth, Str | Bin)
            | (Meth, Meth)
    )
}

impl<'a> Value<'a> {
    /// The value as `to`, or nothing where this particular value has no such form.
    #[inline]
    pub fn cast(self, to: Type) -> Option<Value<'a>> {
        match (to, &self) {
            (Type::Any | Type::Same, _)
            | (Type::Bool, Value::Bool(_))
            | (Type::Sint, Value::Int(_))
            | (Type::Addr, Value::Ip4(_) | Value::Ip6(_))
            | (Type::Ipv4, Value::Ip4(_))
            | (Type::Ipv6, Value::Ip6(_))
            | (Type::Str, Value::Str(_))
            | (Type::Bin, Value::Bin(_))
            | (Type::Meth, Value::Meth(_)) => Some(self),
            _ => self.convert(to),
        }
    }

    fn convert(self, to: Type) -> Option<Value<'a>> {
        match to {
            Type::Any | Type::Same => Some(self),
            Type::Bool => Some(Value::Bool(self.to_int()? != 0)),
            Type::Sint => Some(Value::Int(self.to_int()?)),
            Type::Addr => self.to_addr(),
            Type::Ipv4 => match self.to_addr()? {
                Value::Ip6(address) => Some(Value::Ip4(mapped(address)?)),
                value => Some(value),
            },
            Type::Ipv6 => match self.to_addr()? {
                Value::Ip4(address) => Some(Value::Ip6(address.to_ipv6_mapped())),
                value => Some(value),
            },
            Type::Str => Some(Value::Str(match self {
                // A string ends at its first NUL.
                Value::Bin(bytes) => until_nul(bytes),
                other => other.into_text(),
            })),
            Type::Bin => Some(Value::Bin(self.into_bytes())),
            Type::Meth => Some(Value::Meth(self.into_text())),
        }
    }

    fn to_int(&self) -> Option<i64> {
        match self {
            Value::Bool(value) => Some(i64::from(*value)),
            Value::Int(value) => Some(*value),
            Value::Ip4(address) => Some(i64::from(u32::from(*address))),
            Value::Str(text) => (!text.is_empty()).then(|| leading_int(text)),
            Value::Ip6(_) | Value::Bin(_) | Value::Meth(_) => None,
        }
    }

    fn to_addr(&self) -> Option<Value<'a>> {
        match self {
            Value::Ip4(address) => Some(Value::Ip4(*address)),
            Value::Ip6(address) => Some(Value::Ip6(*address)),
            Value::Int(value) => Some(Value::Ip4(Ipv4Addr::from(*value as u32))),
            Value::Str(text) => text_address(text),
            Value::Bin(_) | Value::Bool(_) | Value::Meth(_) => None,
        }
    }

    /// The text form: what a string match, a log line or a header sees.
    pub fn into_text(self) -> Cow<'a, [u8]> {
        match self {
            Value::Str(text) | Value::Bin(text) | Value::Meth(text) => text,
            // Booleans have no name as text: HAProxy writes the integer.
            Value::Bool(value) => Cow::Borrowed(if value { b"1" } else { b"0" }),
            Value::Int(value) => Cow::Owned(value.to_string().into_bytes()),
            Value::Ip4(address) => Cow::Owned(address.to_string().into_bytes()),
            Value::Ip6(address) => Cow::Owned(ip6_text(address).into_bytes()),
        }
    }

    /// The binary form: integers and addresses in network byte order.
    pub fn into_bytes(self) -> Cow<'a, [u8]> {
        match self {
            Value::Str(text) | Value::Bin(text) | Value::Meth(text) => text,
            Value::Bool(value) => Cow::Owned(i64::from(value).to_be_bytes().to_vec()),
            Value::Int(value) => Cow::Owned(value.to_be_bytes().to_vec()),
            Value::Ip4(address) => Cow::Owned(address.octets().to_vec()),
            Value::Ip6(address) => Cow::Owned(address.octets().to_vec()),
        }
    }

    /// Appends the text form without an intermediate buffer.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        // Writing to a vector cannot fail.
        let _ = match self {
            Value::Str(text) | Value::Bin(text) | Value::Meth(text) => {
                out.extend_from_slice(text);
                Ok(())
            }
            Value::Bool(value) => write!(out, "{}", u8::from(*value)),
            Value::Int(value) => write!(out, "{value}"),
            Value::Ip4(address) => write!(out, "{address}"),
            Value::Ip6(address) => write!(out, "{}", ip6_text(*address)),
        };
    }
}

/// As the C library writes it: an IPv4-compatible address ends in its four numbers.
fn ip6_text(address: Ipv6Addr) -> String {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
            format!("::{}", Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        _ => address.to_string(),
    }
}

/// An IPv4 address hidden in an IPv6 one: mapped, compatible or 6to4.
pub(crate) fn mapped(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = address.octets();
    if octets[..2] == [0x20, 0x02] {
        return Some(Ipv4Addr::new(octets[2], octets[3], octets[4], octets[5]));
    }
    let low = Ipv4Addr::new(octets[12], octets[13], octets[14], octets[15]);
    let compatible = octets[..12].iter().all(|byte| *byte == 0);
    address.to_ipv4_mapped().or(compatible.then_some(low))
}

/// The integer at the head of a text: an optional sign, digits, saturating; whatever follows is left out of account.
pub fn leading_int(text: &[u8]) -> i64 {
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let mut value: i64 = 0;
    for byte in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        let digit = i64::from(byte - b'0');
        value = value.saturating_mul(10);
        value = if negative { value.saturating_sub(digit) } else { value.saturating_add(digit) };
    }
    value
}

/// An address in a text: IPv4 with or without a port, or plain IPv6.
pub(crate) fn text_address(text: &[u8]) -> Option<Value<'static>> {
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(Value::ip(address));
    }
    let (host, port) = text.split_once(':')?;
    port.bytes().all(|byte| byte.is_ascii_digit()).then(|| host.parse().ok().map(Value::Ip4))?
}

fn until_nul(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    match (bytes.iter().position(|byte| *byte == 0), bytes) {
        (None, bytes) => bytes,
        (Some(end), Cow::Borrowed(bytes)) => Cow::Borrowed(&bytes[..end]),
        (Some(end), Cow::Owned(mut bytes)) => {
            bytes.truncate(end);
            Cow::Owned(bytes)
        }
    }
}
