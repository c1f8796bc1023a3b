//! What holds for the fields of any head or trailer (RFC 9113 section 8.2).

use crate::h1::scan::{TOKEN, value_end};
use crate::list::trim;

/// A message that breaks the rules of HTTP/2: its stream is reset, or its connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Lines that concern one connection of HTTP/1: HTTP/2 has no place for them (section 8.2.2).
pub fn is_of_connection(name: &[u8]) -> bool {
    matches!(name, b"connection" | b"proxy-connection" | b"keep-alive" | b"upgrade" | b"transfer-encoding")
}

/// A regular field: a name in lower case, and a value without line ends or NUL, blanks around it taken off.
pub fn checked<'a>(name: &[u8], value: &'a [u8]) -> Result<&'a [u8], Malformed> {
    let plain = |byte: &u8| TOKEN[*byte as usize] == *byte && *byte != 0;
    if name.is_empty() || !name.iter().all(plain) || is_of_connection(name) {
        return Err(Malformed);
    }
    let value = trim(value);
    if value_end(value, 0) < value.len() || name == b"te" && value != b"trailers" {
        return Err(Malformed);
    }
    Ok(value)
}

/// Lines that must not stand in trailers because they would change how the message was understood (RFC 9110 section
/// 6.5.1), beside those of a connection.
pub fn is_no_trailer(name: &[u8]) -> bool {
    matches!(name, b"content-length" | b"host" | b"te")
}
