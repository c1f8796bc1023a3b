//! A server's header block to the head of an HTTP/1 response, and trailers to lines.

use super::fields::{Malformed, checked, is_no_trailer};
use super::hpack::Fields;
use crate::default_reason;

/// What a response head says about what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    /// `None` without `content-length`.
    pub length: Option<u64>,
}

/// Appends the head as text. `bodiless`: nothing follows whatever the head says (answers to HEAD, tunnels). `accept`: the answer to an extended CONNECT, which HTTP/1 knows as 101 with this `sec-websocket-accept`.
pub fn write_head(
    fields: &Fields,
    bodiless: bool,
    accept: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<Head, Malformed> {
    let mut pseudo = fields.iter().filter(|(name, _)| name.first() == Some(&b':'));
    let status = match (fields.iter().next(), pseudo.nth(1)) {
        (Some((b":status", status)), None) => status,
        _ => return Err(Malformed),
    };
    let mut number = match status {
        [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9'] => {
            status.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'))
        }
        _ => return Err(Malformed),
    };
    if number == 101 {
        return Err(Malformed);
    }
    let switched = accept.filter(|_| (200..300).contains(&number));
    if switched.is_some() {
        number = 101;
    }
    out.extend_from_slice(b"HTTP/2.0 ");
    out.extend_from_slice(number.to_string().as_bytes());
    out.push(b' ');
    out.extend_from_slice(default_reason(number).as_bytes());
    out.extend_from_slice(b"\r\n");
    let mut length = None;
    for (name, value) in fields.iter().skip(1) {
        let value = checked(name, value)?;
        if name == b"content-length" {
            let announced =
                std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|c| c.is_ascii_digit()));
            let announced = announced.and_then(|text| text.parse::<u64>().ok()).ok_or(Malformed)?;
            if length.replace(announced).is_some_and(|before| before != announced) {
                return Err(Malformed);
            }
        }
        write_line(name, value, out);
    }
    let interim = number < 200;
    let framed = !interim && !bodiless && !matches!(number, 204 | 304);
    if let Some(accept) = switched {
        out.extend_from_slice(b"upgrade: websocket\r\nconnection: upgrade\r\n");
        write_line(b"sec-websocket-accept", accept.as_bytes(), out);
    } else if framed && length.is_none() {
        out.extend_from_slice(b"transfer-encoding: chunked\r\n");
    }
    out.extend_from_slice(b"\r\n");
    Ok(Head { status: number, length })
}

/// Appends trailer lines; the empty line is up to the caller.
pub fn write_trailers(fields: &Fields, out: &mut Vec<u8>) -> Result<(), Malformed> {
    for (name, value) in fields.iter() {
        let value = checked(name, value)?;
        if is_no_trailer(name) {
            return Err(Malformed);
        }
        write_line(name, value, out);
    }
    Ok(())
}

fn write_line(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
