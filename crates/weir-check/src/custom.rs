//! The packaged checks' side of the conversation: each reads what its protocol answers and says what it means. What
//! they report is what HAProxy reports for the same bytes.

use crate::status::CheckStatus;

/// Reads what has come so far; `last`: no more will come.
pub type Judge = fn(bytes: &[u8], last: bool) -> Judgement;

#[derive(Clone, Copy, Debug)]
pub struct Custom {
    pub judge: Judge,
    /// What an answer without a byte is, in the general words for it; `None`: the judge sees it too.
    pub empty: Option<CheckStatus>,
    /// What silence is.
    pub success: CheckStatus,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    More,
    Right { code: u16, info: String },
    Wrong { status: CheckStatus, code: u16, info: String },
}

use Judgement::More;

fn right(code: u16, info: impl Into<String>) -> Judgement {
    Judgement::Right { code, info: info.into() }
}

fn wrong(status: CheckStatus, code: u16, info: impl Into<String>) -> Judgement {
    Judgement::Wrong { status, code, info: info.into() }
}

/// Up to the first end of a line.
fn line(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Up to the first NUL.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

pub fn redis(bytes: &[u8], last: bool) -> Judgement {
    match crate::expect::contains(bytes, b"+PONG\r\n") {
        true => right(0, "Redis server is ok"),
        false if last => wrong(CheckStatus::L7Status, 0, line(bytes)),
        false => More,
    }
}

/// The first reply of an SMTP server, which is one line.
pub fn smtp_banner(bytes: &[u8], last: bool) -> Judgement {
    if bytes.len() < 4 && !last {
        return More;
    }
    if smtp_code(bytes).is_none_or(|(_, separator)| separator == b'-') {
        return wrong(CheckStatus::L7Response, 0, line(bytes));
    }
    smtp_answer(bytes)
}

/// The reply to `HELO` and `QUIT`, which may have several lines.
pub fn smtp_reply(bytes: &[u8], last: bool) -> Judgement {
    let mut rest = bytes;
    loop {
        if rest.len() < 4 && !last {
            return More;
        }
        match smtp_code(rest) {
            Some((200..=299, b'-')) => match rest.windows(2).position(|pair| pair == b"\r\n") {
                Some(end) => rest = &rest[end + 2..],
                None if !last => return More,
                None => return smtp_answer(bytes),
            },
            Some((200..=299, _)) => return smtp_answer(rest),
            _ => return smtp_answer(bytes),
        }
    }
}

/// Three digits and what follows them: a blank, a CR or a hyphen.
fn smtp_code(bytes: &[u8]) -> Option<(u16, u8)> {
    let digits = bytes.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let separator = *bytes.get(3).filter(|byte| matches!(byte, b' ' | b'\r' | b'-'))?;
    Some((digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0')), separator))
}

fn smtp_answer(bytes: &[u8]) -> Judgement {
    let code = smtp_code(bytes);
    let rest = line(bytes.get(4..).unwrap_or_default());
    let info = rest.trim_start_matches(' ');
    match code {
        Some((code @ 200..=299, b' ' | b'\r')) => right(code, info),
        _ => wrong(CheckStatus::L7Status, code.map_or(0, |(code, _)| code), info),
    }
}

/// A bind response (RFC 4511) to message 1.
pub fn ldap(bytes: &[u8], last: bool) -> Judgement {
    const FOREIGN: &str = "Not LDAPv3 protocol";
    if bytes.len() < 14 && !last {
        return More;
    }
    if bytes.first() != Some(&0x30) {
        return wrong(CheckStatus::L7Response, 0, FOREIGN);
    }
    if bytes.len() < 14 {
        return wrong(CheckStatus::L7Response, 0, "");
    }
    let Some(rest) = behind_length(&bytes[1..]) else { return wrong(CheckStatus::L7Response, 0, FOREIGN) };
    let Some(rest) = rest.strip_prefix(&[0x02, 0x01, 0x01, 0x61]) else {
        return wrong(CheckStatus::L7Response, 0, FOREIGN);
    };
    match behind_length(rest) {
        Some([0x0a, 0x01, 0, ..]) => right(0, ""),
        Some([0x0a, 0x01, code, ..]) => {
            let info = "See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9";
            wrong(CheckStatus::L7Status, u16::from(*code), info)
        }
        _ => wrong(CheckStatus::L7Response, 0, FOREIGN),
    }
}

/// What follows a BER length.
fn behind_length(bytes: &[u8]) -> Option<&[u8]> {
    match bytes.first()? {
        first if first & 0x80 == 0 => bytes.get(1..),
        first => bytes.get(1 + usize::from(first & 0x7f)..),
    }
}

/// The greeting of a MySQL server, or its refusal.
pub fn mysql_greeting(bytes: &[u8], last: bool) -> Judgement {
    match mysql_packet(bytes) {
        Some((packet, _)) => mysql_verdict(packet),
        None if last => wrong(CheckStatus::L7Response, 0, ""),
        None => More,
    }
}

/// The greeting and the answer to the authentication behind it.
pub fn mysql_answer(bytes: &[u8], last: bool) -> Judgement {
    let second = mysql_packet(bytes).and_then(|(_, rest)| mysql_packet(rest));
    match second {
        Some((packet, _)) => mysql_verdict(packet),
        None if last => wrong(CheckStatus::L7Response, 0, ""),
        None => More,
    }
}

/// One whole packet and what follows it.
fn mysql_packet(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let header = bytes.get(..4)?;
    let length = usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16;
    Some((bytes.get(4..4 + length)?, &bytes[4 + length..]))
}

fn mysql_verdict(packet: &[u8]) -> Judgement {
    match packet {
        [0xff, low, high, rest @ ..] => {
            wrong(CheckStatus::L7Status, u16::from_le_bytes([*low, *high]), text(rest))
        }
        _ => right(0, ""),
    }
}

/// A PostgreSQL server's request for authentication, or its error.
pub fn pgsql(bytes: &[u8], last: bool) -> Judgement {
    if bytes.first() == Some(&b'E') && (bytes.len() >= 5 || last) {
        return wrong(CheckStatus::L7Response, 0, text(bytes.get(6..).unwrap_or_default()));
    }
    match bytes {
        [b'R', 0, 0, 0, _, 0, 0, 0, 0 | 2 | 3 | 5 | 6 | 7 | 9 | 10, ..] => {
            right(0, "PostgreSQL server is ok")
        }
        _ if bytes.len() < 9 && !last => More,
        _ => wrong(CheckStatus::L7Status, 0, "PostgreSQL unknown error"),
    }
}

/// A handshake record or an alert.
pub fn tls_hello(bytes: &[u8], last: bool) -> Judgement {
    match bytes.first() {
        _ if bytes.len() < 5 && !last => More,
        Some(0x15 | 0x16) => right(0, ""),
        _ => wrong(CheckStatus::L6Response, 0, ""),
    }
}

/// What this side of a SPOP check can take (`SPOE.txt` 3.2.5).
const SPOP_FRAME_SIZE: u64 = 16380;

/// The answer to a HELLO frame.
pub fn spop(bytes: &[u8], last: bool) -> Judgement {
    let foreign = |info: &str| wrong(CheckStatus::L7Response, 0, info);
    let length = bytes.get(..4).map(|length| u32::from_be_bytes(length.try_into().unwrap_or_default()));
    let frame = length.and_then(|length| bytes.get(4..4 + length as usize));
    let Some(frame) = frame else {
        return if last { foreign("invalid frame received") } else { More };
    };
    match spop_hello(frame) {
        Ok(()) => right(0, ""),
        Err(info) => foreign(info),
    }
}

fn spop_hello(frame: &[u8]) -> Result<(), &'static str> {
    const BROKEN: &str = "invalid frame received";
    // The agent's HELLO, or its farewell.
    let rest = match frame {
        [101 | 102, _, _, _, _, 0, 0, rest @ ..] => rest,
        _ => return Err(BROKEN),
    };
    let (mut version, mut size, mut capabilities) = (None, None, false);
    let mut at = Fields(rest);
    while !at.0.is_empty() {
        let name = at.string().ok_or(BROKEN)?;
        let value = at.value().ok_or(BROKEN)?;
        match (name, value) {
            (b"version", SpopValue::Text(text)) => version = Some(text),
            (b"max-frame-size", SpopValue::Number(number)) => size = Some(number),
            (b"capabilities", SpopValue::Text(_)) => capabilities = true,
            (b"version" | b"max-frame-size" | b"capabilities", _) => return Err(BROKEN),
            _ => {}
        }
    }
    match version {
        None => return Err("version value not found"),
        Some(version) if !version.trim_ascii().starts_with(b"2.") => return Err("unsupported version"),
        Some(_) => {}
    }
    match size {
        None => Err("max-frame-size value not found"),
        Some(256..=SPOP_FRAME_SIZE) if capabilities => Ok(()),
        Some(256..=SPOP_FRAME_SIZE) => Err("capabilities value not found"),
        Some(_) => Err("max-frame-size too big or too small"),
    }
}

enum SpopValue<'a> {
    Text(&'a [u8]),
    Number(u64),
    Other,
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let first = u64::from(self.byte()?);
        if first < 240 {
            return Some(first);
        }
        let (mut value, mut shift) = (first, 4);
        loop {
            let next = u64::from(self.byte()?);
            value = value.checked_add(next.checked_shl(shift)?)?;
            shift += 7;
            if next < 128 {
                return Some(value);
            }
        }
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }

    fn value(&mut self) -> Option<SpopValue<'a>> {
        Some(match self.byte()? & 0x0f {
            0 | 1 => SpopValue::Other,
            2..=5 => SpopValue::Number(self.number()?),
            6 => self.take(4).map(|_| SpopValue::Other)?,
            7 => self.take(16).map(|_| SpopValue::Other)?,
            8 | 9 => SpopValue::Text(self.string()?),
            _ => return None,
        })
    }
}

/// A line of an agent: it is understood elsewhere, here it only has to be whole.
pub fn agent(bytes: &[u8], last: bool) -> Judgement {
    match bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        true => right(0, line(bytes)),
        false if last => wrong(CheckStatus::L7Timeout, 0, "Ignoring incomplete line from agent"),
        false => More,
    }
}

#[cfg(test)]
mod tests;
