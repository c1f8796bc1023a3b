//! Frames of HTTP/2 as scripts write and read them. Independent of weir's own codec: frames by hand, HPACK by a crate.

use std::collections::VecDeque;

use crate::step::unescape;

/// What a client sends first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const KINDS: [&str; 10] = [
    "DATA",
    "HEADERS",
    "PRIORITY",
    "RST_STREAM",
    "SETTINGS",
    "PUSH_PROMISE",
    "PING",
    "GOAWAY",
    "WINDOW_UPDATE",
    "CONTINUATION",
];

const CODES: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

const SETTING_NAMES: [&str; 9] = [
    "0",
    "HEADER_TABLE_SIZE",
    "ENABLE_PUSH",
    "MAX_CONCURRENT_STREAMS",
    "INITIAL_WINDOW_SIZE",
    "MAX_FRAME_SIZE",
    "MAX_HEADER_LIST_SIZE",
    "7",
    "ENABLE_CONNECT_PROTOCOL",
];

pub const SETTINGS: u8 = 4;
pub const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// `KIND STREAM [FLAG ...] [| FIELD: VALUE ...]` for HEADERS and CONTINUATION, where `| raw BYTES` stands among the
    /// fields, `[| BYTES]` for others. A number stands for a kind or a flag of its own.
    pub fn parse(text: &str) -> Result<Frame, String> {
        let mut parts = text.split(" | ");
        let mut words = parts.next().unwrap_or("").split_whitespace();
        let kind = words.next().ok_or("a frame has a kind")?;
        let kind = match KINDS.iter().position(|name| *name == kind) {
            Some(kind) => kind as u8,
            None => kind.parse().map_err(|_| format!("no frame {kind}"))?,
        };
        let stream = words.next().and_then(|word| word.parse().ok()).ok_or("a frame has a stream")?;
        let mut flags = 0;
        for word in words {
            flags |= match word {
                "END_STREAM" | "ACK" => 1,
                "END_HEADERS" => END_HEADERS,
                "PADDED" => 8,
                "PRIORITY" => 32,
                number => number.parse().map_err(|_| format!("no flag {number}"))?,
            };
        }
        let mut payload = Vec::new();
        for part in parts {
            match (kind, part.strip_prefix("raw ")) {
                (1 | 9, Some(bytes)) => payload.extend(unescape(bytes)?),
                (1 | 9, None) => field(part, &mut payload)?,
                _ => payload.extend(unescape(part)?),
            }
        }
        Ok(Frame { kind, flags, stream, payload })
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = (self.payload.len() as u32).to_be_bytes()[1..].to_vec();
        out.extend_from_slice(&[self.kind, self.flags]);
        out.extend_from_slice(&self.stream.to_be_bytes());
        out.extend_from_slice(&self.payload);
        out
    }

    /// The first frame of `bytes`, if it is whole, and its length.
    pub fn read(bytes: &[u8]) -> Option<(Frame, usize)> {
        let header = bytes.first_chunk::<9>()?;
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]) as usize;
        let payload = bytes.get(9..9 + length)?.to_vec();
        let stream = u32::from_be_bytes([header[5], header[6], header[7], header[8]]) & 0x7fff_ffff;
        Some((Frame { kind: header[3], flags: header[4], stream, payload }, 9 + length))
    }

    pub fn ends_stream(&self) -> bool {
        self.kind == 3 || matches!(self.kind, 0 | 1) && self.flags & END_STREAM != 0
    }

    pub fn is_settings(&self) -> bool {
        self.kind == SETTINGS && self.flags & ACK == 0
    }

    pub fn is_settings_answer(&self) -> bool {
        self.kind == SETTINGS && self.flags & ACK != 0
    }

    pub fn is_goaway(&self) -> bool {
        self.kind == 7
    }

    pub fn is_ping(&self) -> bool {
        self.kind == 6 && self.flags & ACK == 0
    }

    pub fn is_ping_answer(&self) -> bool {
        self.kind == 6 && self.flags & ACK != 0
    }
}

/// A literal field without indexing; `:` of a pseudo-header stands before the name.
fn field(text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    let (name, value) = match text.strip_prefix(':') {
        Some(rest) => rest.split_once(": ").map(|(name, value)| (format!(":{name}"), value)),
        None => text.split_once(": ").map(|(name, value)| (name.to_string(), value)),
    }
    .ok_or_else(|| format!("{text:?} is no field"))?;
    out.push(0);
    for text in [unescape(&name)?, unescape(value)?] {
        let mut rest = text.len();
        if rest < 127 {
            out.push(rest as u8);
        } else {
            out.push(127);
            rest -= 127;
            while rest >= 128 {
                out.push(rest as u8 | 128);
                rest >>= 7;
            }
            out.push(rest as u8);
        }
        out.extend(text);
    }
    Ok(())
}

/// What one connection's reader remembers.
#[derive(Default)]
pub struct Reader {
    decoder: loona_hpack::Decoder<'static>,
    /// Frames that came while another stream was read.
    pub aside: VecDeque<Frame>,
}

impl Reader {
    /// Transcript lines of one stream's frames; data in one piece however it was cut.
    pub fn show(&mut self, frames: &[Frame]) -> Result<Vec<String>, String> {
        let mut lines = Vec::new();
        let mut data = Vec::new();
        let flush = |data: &mut Vec<u8>, lines: &mut Vec<String>| {
            if !data.is_empty() {
                lines.push(format!("DATA {}", String::from_utf8_lossy(data).escape_debug()));
                data.clear();
            }
        };
        for frame in frames {
            if frame.kind == 0 {
                data.extend_from_slice(&frame.payload);
                continue;
            }
            flush(&mut data, &mut lines);
            match frame.kind {
                1 => {
                    lines.push(format!("HEADERS {}", frame.stream));
                    let fields = self.decoder.decode(&frame.payload).map_err(|e| format!("{e:?}"))?;
                    for (name, value) in fields {
                        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).escape_debug().to_string();
                        lines.push(format!("  {}: {}", text(&name), text(&value)));
                    }
                }
                3 => lines.push(format!("RST_STREAM {} {}", frame.stream, code(&frame.payload, 0))),
                SETTINGS if frame.is_settings() => {
                    lines.push("SETTINGS".into());
                    lines.extend(frame.payload.chunks_exact(6).map(setting));
                }
                SETTINGS => lines.push("SETTINGS ACK".into()),
                6 if frame.is_ping() => lines.push("PING".into()),
                6 => {
                    lines.push(format!("PING ACK {}", String::from_utf8_lossy(&frame.payload).escape_debug()))
                }
                7 => {
                    let last = u32::from_be_bytes(frame.payload[..4].try_into().unwrap_or_default());
                    lines.push(format!("GOAWAY {last} {}", code(&frame.payload, 4)));
                }
                kind => {
                    lines.push(KINDS.get(kind as usize).map_or("unknown".into(), |name| name.to_string()))
                }
            }
        }
        flush(&mut data, &mut lines);
        if frames.last().is_some_and(|last| matches!(last.kind, 0 | 1) && last.ends_stream()) {
            lines.push("END_STREAM".into());
        }
        Ok(lines)
    }
}

fn setting(entry: &[u8]) -> String {
    let name = usize::from(u16::from_be_bytes([entry[0], entry[1]]));
    let value = u32::from_be_bytes([entry[2], entry[3], entry[4], entry[5]]);
    let name = SETTING_NAMES.get(name).map_or(name.to_string(), |name| name.to_string());
    format!("  {name}: {value}")
}

fn code(payload: &[u8], at: usize) -> String {
    let code =
        payload.get(at..at + 4).map_or(0, |code| u32::from_be_bytes(code.try_into().unwrap_or_default()));
    CODES.get(code as usize).map_or(code.to_string(), |name| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_fields_is_read_back() {
        let frame = Frame::parse("HEADERS 1 END_HEADERS END_STREAM | :method: GET | x: y").unwrap();
        let (read, length) = Frame::read(&frame.bytes()).unwrap();
        assert_eq!((&read, length), (&frame, frame.bytes().len()));
        let lines = Reader::default().show(&[read]).unwrap();
        assert_eq!(lines, ["HEADERS 1", "  :method: GET", "  x: y", "END_STREAM"]);
    }

    #[test]
    fn raw_bytes_stand_among_fields() {
        let frame = Frame::parse("HEADERS 1 | raw \\x82\\*2*\\x86 | a: b").unwrap();
        assert_eq!(frame.payload, b"\x82\x86\x86\0\x01a\x01b");
    }

    #[test]
    fn wrong_frames_are_refused() {
        assert!(Frame::parse("NOTHING 1").is_err());
        assert!(Frame::parse("DATA x").is_err());
        assert!(Frame::parse("HEADERS 1 | raw \\q").is_err());
        assert!(Frame::parse("HEADERS 1 | no field").is_err());
    }
}
