//! An HTTP/1 message, as the engine writes it, to what HTTP/2 sends: a header list, pieces of data, trailers.
//!
//! The writer of heads is the same for every version; what it writes is canonical, so that taking it apart again is a
//! search for line ends.

use std::borrow::Cow;

use super::fields::is_of_connection;
use super::hpack::{encode_field, encode_status};
use crate::list::Elements;

/// How far a message was written.
#[derive(Debug, Default)]
pub enum Outgoing {
    /// A head is awaited.
    #[default]
    Head,
    /// Data of this many bytes is awaited.
    Length(u64),
    Chunked(Chunks),
    /// Data until the writer closes.
    Raw,
    Done,
}

/// Where in a chunked body the writer stands.
#[derive(Debug, Default)]
pub struct Chunks {
    state: ChunkState,
    /// What is left of the chunk, or its size as far as it is known.
    left: u64,
    line: Vec<u8>,
    /// Trailer lines, each with its line end.
    pub trailers: Vec<u8>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum ChunkState {
    #[default]
    Size,
    Data,
    DataEnd,
    Trailer,
}

/// What stands at the beginning of a chunked body.
pub enum ChunkPiece {
    /// So many bytes are marks of the framing.
    Marks(usize),
    /// So many bytes are data.
    Data(usize),
    /// The body ended behind so many bytes.
    End(usize),
}

impl Chunks {
    /// Looks at the beginning of `input`, which is not empty.
    pub fn next(&mut self, input: &[u8]) -> ChunkPiece {
        if self.state == ChunkState::Data {
            return ChunkPiece::Data(input.len().min(usize::try_from(self.left).unwrap_or(usize::MAX)));
        }
        for (index, &byte) in input.iter().enumerate() {
            match (&self.state, byte) {
                (ChunkState::Size, b'\n') => {
                    self.state = if self.left == 0 { ChunkState::Trailer } else { ChunkState::Data };
                    if self.left > 0 {
                        return ChunkPiece::Marks(index + 1);
                    }
                }
                (ChunkState::Size, _) => {
                    if let Some(digit) = (byte as char).to_digit(16) {
                        self.left = self.left << 4 | u64::from(digit);
                    }
                }
                (ChunkState::DataEnd, b'\n') => self.state = ChunkState::Size,
                (ChunkState::DataEnd | ChunkState::Data, _) => {}
                (ChunkState::Trailer, b'\n') => {
                    if matches!(self.line[..], [] | [b'\r']) {
                        return ChunkPiece::End(index + 1);
                    }
                    self.trailers.append(&mut self.line);
                    self.trailers.push(b'\n');
                }
                (ChunkState::Trailer, _) => self.line.push(byte),
            }
        }
        ChunkPiece::Marks(input.len())
    }

    /// Data was taken.
    pub fn took(&mut self, count: usize) {
        self.left -= count as u64;
        if self.left == 0 {
            self.state = ChunkState::DataEnd;
        }
    }
}

/// A head taken apart.
#[derive(Debug, Default)]
pub struct Head {
    pub block: Vec<u8>,
    pub chunked: bool,
    pub length: Option<u64>,
    pub status: u16,
    /// Of requests.
    pub connect: bool,
    pub head_request: bool,
    /// A WebSocket's handshake, and the answer that its key asks for.
    pub accept: Option<String>,
}

fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// Name in lower case, as it mostly is already, and value.
fn split_line(line: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    Some(match name.iter().any(u8::is_ascii_uppercase) {
        true => (Cow::Owned(name.to_ascii_lowercase()), value),
        false => (Cow::Borrowed(name), value),
    })
}

/// A response head. `websocket`: the answer to an extended CONNECT, for which 101 is 200 (RFC 8441 section 5).
pub fn response(head: &[u8], websocket: bool) -> Head {
    let mut lines = lines(head);
    let start = lines.next().unwrap_or_default();
    let mut out = Head { block: Vec::with_capacity(head.len()), ..Head::default() };
    let mut status = start.split(|&byte| byte == b' ').nth(1).unwrap_or(b"502");
    out.status = std::str::from_utf8(status).ok().and_then(|text| text.parse().ok()).unwrap_or(502);
    if out.status == 101 && websocket {
        status = b"200";
    }
    encode_status(status, &mut out.block);
    for line in lines {
        add_line(line, &mut out, |name| websocket && name == b"sec-websocket-accept");
    }
    out
}

/// A request head.
pub fn request(head: &[u8]) -> Head {
    let mut all = lines(head);
    let mut start = all.next().unwrap_or_default().split(|&byte| byte == b' ');
    let (method, target) = (start.next().unwrap_or_default(), start.next().unwrap_or_default());
    let value_of = |wanted: &[u8]| {
        lines(head).skip(1).find_map(|line| {
            let (name, value) = split_line(line)?;
            (*name == *wanted).then_some(value)
        })
    };
    let mut out = Head { block: Vec::with_capacity(head.len()), ..Head::default() };
    out.connect = method == b"CONNECT";
    out.head_request = method == b"HEAD";
    let upgrade = value_of(b"upgrade").filter(|value| value.eq_ignore_ascii_case(b"websocket"));
    let websocket = upgrade.is_some();
    if websocket {
        out.accept = Some(super::websocket_accept(value_of(b"sec-websocket-key").unwrap_or_default()));
    }
    let method: &[u8] = if websocket { b"CONNECT" } else { method };
    encode_field(b":method", method, &mut out.block);
    let parts = crate::uri::Target::parse(target);
    if !out.connect {
        // What HAProxy says of a request that did not tell.
        encode_field(b":scheme", parts.scheme.unwrap_or(b"https"), &mut out.block);
    }
    let authority = match out.connect {
        true => Some(target),
        // Without an authority of its own `host` stays what it is, but for a WebSocket, which needs one.
        false if websocket => parts.authority.or(value_of(b"host")),
        false => parts.authority,
    };
    if let Some(authority) = authority {
        encode_field(b":authority", authority, &mut out.block);
    }
    if !out.connect {
        let path = if parts.scheme.is_some() { &target[parts.path_start()..] } else { target };
        encode_field(b":path", if path.is_empty() { b"/" } else { path }, &mut out.block);
    }
    if websocket {
        encode_field(b":protocol", b"websocket", &mut out.block);
    }
    for line in all {
        add_line(line, &mut out, |name| name == b"host" && authority.is_some());
    }
    out
}

/// Trailer lines as a block; empty without any.
pub fn trailers(text: &[u8]) -> Vec<u8> {
    let mut out = Head::default();
    lines(text).for_each(|line| add_line(line, &mut out, |_| false));
    out.block
}

fn add_line(line: &[u8], out: &mut Head, dropped: impl Fn(&[u8]) -> bool) {
    let Some((name, value)) = split_line(line) else { return };
    match &name[..] {
        b"transfer-encoding" => {
            out.chunked = true;
            return;
        }
        b"content-length" => out.length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()),
        // All that HTTP/2 lets be said about it (section 8.2.2).
        b"te" => {
            if Elements::new(value).any(|element| element.eq_ignore_ascii_case(b"trailers")) {
                encode_field(b"te", b"trailers", &mut out.block);
            }
            return;
        }
        name if is_of_connection(name) || dropped(name) => return,
        _ => {}
    }
    encode_field(&name, value, &mut out.block);
}
