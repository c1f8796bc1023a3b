//! HTTP/1 framing as far as a reader needs it: where a message ends, and its body without chunk sizes.

/// The length of the head with its empty line, once it is complete.
pub fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|n| n + 4)
}

/// How the body after a head is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

/// Reads the framing from a complete head.
pub fn framing(head: &[u8]) -> Framing {
    let text = String::from_utf8_lossy(head);
    let first = text.lines().next().unwrap_or("");
    let status = first.strip_prefix("HTTP/").and_then(|l| l.split(' ').nth(1));
    if status.is_some_and(|s| s.starts_with('1') || s == "204" || s == "304") {
        return Framing::Length(0);
    }
    if field(head, "transfer-encoding").is_some_and(|v| v.ends_with("chunked")) {
        return Framing::Chunked;
    }
    match field(head, "content-length").and_then(|v| v.parse().ok()) {
        Some(length) => Framing::Length(length),
        None if status.is_some() => Framing::UntilClose,
        None => Framing::Length(0),
    }
}

/// The value of a head's first line with this name, in lower case.
pub fn field(head: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    text.lines().skip(1).find_map(|l| {
        let (n, v) = l.split_once(':')?;
        n.eq_ignore_ascii_case(name).then(|| v.trim().to_ascii_lowercase())
    })
}

/// A compressed body as it was; `None` where the head names no coding, or the body is not in it. `deflate` may be with
/// or without zlib's wrapper.
pub fn uncompressed(head: &[u8], body: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
    use std::io::Read;
    let read = |mut decoder: Box<dyn Read + '_>| {
        let mut plain = Vec::new();
        decoder.read_to_end(&mut plain).ok().map(|_| plain)
    };
    match field(head, "content-encoding")?.as_str() {
        "gzip" => Some(("gzip", read(Box::new(GzDecoder::new(body)))?)),
        "deflate" => match read(Box::new(ZlibDecoder::new(body))) {
            Some(plain) => Some(("zlib", plain)),
            None => Some(("deflate", read(Box::new(DeflateDecoder::new(body)))?)),
        },
        _ => None,
    }
}

/// The length of a whole message, once it is complete. `ended`: no more bytes will come.
pub fn message_length(bytes: &[u8], ended: bool) -> Option<usize> {
    let head = head_length(bytes)?;
    match framing(&bytes[..head]) {
        Framing::Length(length) => (bytes.len() >= head + length).then_some(head + length),
        Framing::Chunked => dechunk(&bytes[head..]).map(|c| head + c.wire_length),
        Framing::UntilClose => ended.then_some(bytes.len()),
    }
}

/// A complete chunked body.
#[derive(Debug, PartialEq, Eq)]
pub struct Chunked {
    pub data: Vec<u8>,
    /// The lines between the last chunk and the empty line.
    pub trailers: Vec<u8>,
    /// Bytes it took on the wire.
    pub wire_length: usize,
}

/// Decodes a chunked body; `None` while it is incomplete.
pub fn dechunk(bytes: &[u8]) -> Option<Chunked> {
    let mut data = Vec::new();
    let mut at = 0;
    loop {
        let line = bytes[at..].windows(2).position(|w| w == b"\r\n")?;
        let size = std::str::from_utf8(&bytes[at..at + line]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        at += line + 2;
        if size == 0 {
            break;
        }
        data.extend_from_slice(bytes.get(at..at + size)?);
        bytes.get(at + size..at + size + 2)?;
        at += size + 2;
    }
    let start = at;
    loop {
        let line = bytes[at..].windows(2).position(|w| w == b"\r\n")?;
        at += line + 2;
        if line == 0 {
            return Some(Chunked { data, trailers: bytes[start..at - 2].to_vec(), wire_length: at });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_end_of_each_framing() {
        let length = |text: &str, ended| message_length(text.as_bytes(), ended);
        assert_eq!(length("GET / HTTP/1.1\r\n\r\nmore", false), Some(18));
        assert_eq!(length("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", false), None);
        assert_eq!(length("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokX", false), Some(40));
        assert_eq!(length("HTTP/1.1 304 N\r\nContent-Length: 2\r\n\r\n", false), Some(37));
        assert_eq!(length("HTTP/1.0 200 OK\r\n\r\nabc", false), None);
        assert_eq!(length("HTTP/1.0 200 OK\r\n\r\nabc", true), Some(22));
    }

    #[test]
    fn decodes_chunks_and_trailers() {
        let body = dechunk(b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\nrest").unwrap();
        assert_eq!(body.data, b"abcde");
        assert_eq!(body.trailers, b"A: b\r\n");
        assert_eq!(body.wire_length, 30);
        assert_eq!(dechunk(b"3\r\nabc\r\n0\r\n"), None);
    }
}
