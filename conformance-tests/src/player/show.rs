//! Bytes as transcript lines: ` text` for a line that ended with CRLF, `< bytes` (escaped) for one that did not.

use crate::message::{self, Framing};

/// Longest piece shown in full; longer ones are shown by length and checksum.
const SHOWN_BYTES: usize = 1500;

/// The lines of any bytes.
pub fn lines(bytes: &[u8]) -> Vec<String> {
    if bytes.len() > SHOWN_BYTES {
        return vec![format!("< ({} bytes, checksum {:016x})", bytes.len(), checksum(bytes))];
    }
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        match rest.iter().position(|b| *b == b'\n') {
            Some(at) if at > 0 && rest[at - 1] == b'\r' => {
                out.push(format!(" {}", escape(&rest[..at - 1])));
                rest = &rest[at + 1..];
            }
            Some(at) => {
                out.push(format!("< {}", escape(&rest[..=at])));
                rest = &rest[at + 1..];
            }
            None => {
                out.push(format!("< {}", escape(rest)));
                rest = &[];
            }
        }
    }
    out
}

/// A complete message: its head, and its body with chunk sizes taken out, since where chunks are cut is free.
pub fn message(bytes: &[u8]) -> Vec<String> {
    let Some(head) = message::head_length(bytes) else { return lines(bytes) };
    let mut out = lines(&bytes[..head]);
    if message::framing(&bytes[..head]) != Framing::Chunked {
        out.extend(body(&bytes[..head], &bytes[head..]));
        return out;
    }
    let Some(chunks) = message::dechunk(&bytes[head..]) else { return lines(bytes) };
    let body = body(&bytes[..head], &chunks.data);
    out.extend(body.into_iter().map(|l| format!("chunked{l}")));
    out.extend(lines(&chunks.trailers).into_iter().map(|l| format!("trailer{l}")));
    out
}

/// A compressed body is shown as it was before, since what compressors make differs from one to another.
fn body(head: &[u8], bytes: &[u8]) -> Vec<String> {
    match message::uncompressed(head, bytes) {
        Some((coding, plain)) => lines(&plain).into_iter().map(|l| format!(" {coding}{l}")).collect(),
        None => lines(bytes),
    }
}

fn escape(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        match byte {
            b'\r' => out.push_str("\\r"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            0x20..0x7f => out.push(char::from(*byte)),
            other => out.push_str(&format!("\\x{other:02x}")),
        }
    }
    out
}

/// FNV-1a, to compare what is too long to show.
pub fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Length of a version 2 PROXY header once it is complete.
pub fn proxy_v2_length(bytes: &[u8]) -> Option<usize> {
    let length = usize::from(u16::from_be_bytes([*bytes.get(14)?, *bytes.get(15)?])) + 16;
    (bytes.len() >= length).then_some(length)
}

/// A version 2 PROXY header as text: command, family, addresses, and the types of its extensions.
pub fn proxy_v2(bytes: &[u8]) -> Vec<String> {
    if !bytes.starts_with(SIGNATURE) || bytes.len() < 16 {
        return lines(bytes);
    }
    let port = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let (addresses, rest) = match (bytes[13], bytes.len()) {
        (0x11, 28..) => {
            let ip =
                |at: usize| format!("{}.{}.{}.{}", bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
            (format!("{}:{} {}:{}", ip(16), port(24), ip(20), port(26)), 28)
        }
        _ => (String::from("no addresses shown"), bytes.len()),
    };
    let mut extensions = Vec::new();
    let mut at = rest;
    while at + 3 <= bytes.len() {
        extensions.push(format!("{:02x}", bytes[at]));
        at += 3 + usize::from(u16::from_be_bytes([bytes[at + 1], bytes[at + 2]]));
    }
    vec![format!(
        " PROXY v2 command {:02x} family {:02x} {addresses} extensions [{}]",
        bytes[12],
        bytes[13],
        extensions.join(" ")
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_told_apart() {
        assert_eq!(lines(b"a\r\nb\nc"), [" a", "< b\\n", "< c"]);
        assert_eq!(lines(b"\r\n"), [" "]);
    }

    #[test]
    fn a_chunked_body_is_shown_without_its_chunks() {
        let message = message(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\nT: x\r\n\r\n",
        );
        assert_eq!(message[2..], [" ", "chunked< ab", "trailer T: x"]);
    }
}
