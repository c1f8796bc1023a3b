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

/// The text of a message's body, without the chunks and the compression that it came in.
pub fn plain_body(bytes: &[u8]) -> String {
    let (head, body) = bytes.split_at(message::head_length(bytes).unwrap_or(bytes.len()));
    let joined = match message::framing(head) {
        Framing::Chunked => message::dechunk(body).map(|chunks| chunks.data),
        _ => None,
    };
    let body = joined.unwrap_or_else(|| body.to_vec());
    let plain = message::uncompressed(head, &body).map_or(body, |(_, plain)| plain);
    String::from_utf8_lossy(&plain).into_owned()
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

/// A version 2 PROXY header as text: command, family, addresses, and its extensions.
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
        (0x00, _) => (String::from("no addresses"), 16),
        _ => (String::from("no addresses shown"), bytes.len()),
    };
    vec![format!(
        " PROXY v2 command {:02x} family {:02x} {addresses} extensions [{}]",
        bytes[12],
        bytes[13],
        extensions(bytes, rest, bytes.len())
    )]
}

/// Types and values; a checksum is compared with the header, `20` holds flags, a result and more of them.
fn extensions(header: &[u8], mut at: usize, end: usize) -> String {
    let mut shown = Vec::new();
    while at + 3 <= end {
        let (kind, length) = (header[at], usize::from(u16::from_be_bytes([header[at + 1], header[at + 2]])));
        let value = at + 3..(at + 3 + length).min(end);
        at = value.end;
        shown.push(match kind {
            0x03 if length == 4 => {
                let mut without = header.to_vec();
                without[value.clone()].fill(0);
                let right = header[value] == crc32c(&without).to_be_bytes();
                format!("03 {}", if right { "right" } else { "wrong" })
            }
            0x20 if length >= 5 => {
                let verify =
                    header[value.start + 1..value.start + 5].iter().map(|byte| format!("{byte:02x}"));
                let verify: String = verify.collect();
                let within = extensions(header, value.start + 5, value.end);
                format!("20 {:02x} {verify} ({within})", header[value.start])
            }
            _ => format!("{kind:02x} {:?}", String::from_utf8_lossy(&header[value])),
        });
    }
    shown.join(", ")
}

/// RFC 4960, appendix B.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 & 0_u32.wrapping_sub(crc & 1)))
    })
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
    fn a_checksum_is_that_of_rfc_3720() {
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
    }

    #[test]
    fn a_chunked_body_is_shown_without_its_chunks() {
        let message = message(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\nT: x\r\n\r\n",
        );
        assert_eq!(message[2..], [" ", "chunked< ab", "trailer T: x"]);
    }
}
