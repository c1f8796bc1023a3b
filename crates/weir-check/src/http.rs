//! `option httpchk`: the request that is sent and the response that is read.

use std::fmt::Write;

use crate::expect::{Expect, Verdict};
use crate::status::CheckStatus;

/// `option httpchk` and `http-check send`, as far as they do not vary with the server's state.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// `OPTIONS` unless configured.
    pub method: String,
    pub uri: String,
    /// `HTTP/1.0` unless configured.
    pub version: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Default for HttpRequest {
    fn default() -> Self {
        Self {
            method: "OPTIONS".into(),
            uri: "/".into(),
            version: "HTTP/1.0".into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }
}

/// What an HTTP check sends and expects.
#[derive(Clone, Debug, Default)]
pub struct HttpProbe {
    pub request: HttpRequest,
    /// Empty: [`Expect::default_status`]. All must hold, in their order.
    pub expect: Vec<Expect>,
    /// `http-check disable-on-404`
    pub disable_on_404: bool,
}

/// The value of `X-Haproxy-Server-State` (`http-check send-state`).
#[derive(Clone, Debug)]
pub struct ServerStateHeader<'a> {
    /// `UP`, `UP 1/3`, `DOWN 1/2`, `NOLB`... as in the statistics.
    pub state: &'a str,
    pub address: &'a str,
    pub port: u16,
    pub backend: &'a str,
    pub server: &'a str,
    pub node: &'a str,
    pub weight: u32,
    pub total_weight: u32,
    pub server_sessions: u32,
    pub backend_sessions: u32,
    pub queued: u32,
}

impl ServerStateHeader<'_> {
    pub fn value(&self) -> String {
        format!(
            "{}; address={}; port={}; name={}/{}; node={}; weight={}/{}; scur={}/{}; qcur={}",
            self.state,
            self.address,
            self.port,
            self.backend,
            self.server,
            self.node,
            self.weight,
            self.total_weight,
            self.server_sessions,
            self.backend_sessions,
            self.queued
        )
    }
}

impl HttpRequest {
    /// The bytes to send. `state`: the value for `http-check send-state`.
    pub fn bytes(&self, state: Option<&str>) -> Vec<u8> {
        let mut head = format!("{} {} {}\r\n", self.method, self.uri, self.version);
        for (name, value) in &self.headers {
            let name = name.to_ascii_lowercase();
            // The length and the life of the connection are the check's own business.
            if name != "connection" && name != "content-length" && name != "transfer-encoding" {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        if let Some(state) = state {
            let _ = write!(head, "x-haproxy-server-state: {state}\r\n");
        }
        if !self.body.is_empty() {
            let _ = write!(head, "content-length: {}\r\n", self.body.len());
        }
        if self.version.eq_ignore_ascii_case("HTTP/1.1") {
            head.push_str("connection: close\r\n");
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// What the response says so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    More,
    /// The connection ended before a whole head.
    Broken,
    Done {
        status: CheckStatus,
        code: Option<u16>,
        info: String,
    },
}

impl HttpProbe {
    /// Judges the bytes that have come; `closed`: no more will come.
    pub(crate) fn read(&self, bytes: &[u8], closed: bool) -> Reading {
        let head_end = match find(bytes, b"\r\n\r\n") {
            Some(at) => at + 4,
            None if !starts_like_http(bytes) => return invalid(),
            None if closed => return Reading::Broken,
            None => return Reading::More,
        };
        let Some((code, reason)) = status_line(&bytes[..head_end]) else { return invalid() };
        let body = Body::of(&bytes[..head_end], &bytes[head_end..]);
        let complete = closed || body.complete;
        if code == 404 && self.disable_on_404 {
            return Reading::Done {
                status: CheckStatus::L7OkConditional,
                code: Some(404),
                info: String::new(),
            };
        }
        let default = [Expect::default_status()];
        let expectations: &[Expect] = if self.expect.is_empty() { &default } else { &self.expect };
        for expect in expectations {
            match expect.judge(code, &body.bytes, complete) {
                Verdict::Met => {}
                Verdict::More => return Reading::More,
                Verdict::WrongStatus => {
                    return Reading::Done { status: CheckStatus::L7Status, code: Some(code), info: reason };
                }
                Verdict::WrongBody(text) => {
                    return Reading::Done { status: CheckStatus::L7Response, code: None, info: text.into() };
                }
            }
        }
        Reading::Done { status: CheckStatus::L7Ok, code: Some(code), info: String::new() }
    }
}

fn invalid() -> Reading {
    Reading::Done { status: CheckStatus::L7Response, code: None, info: String::new() }
}

fn starts_like_http(bytes: &[u8]) -> bool {
    let length = bytes.len().min(5);
    bytes[..length] == b"HTTP/"[..length]
}

/// The status and the reason phrase.
fn status_line(head: &[u8]) -> Option<(u16, String)> {
    let line = &head[..find(head, b"\r\n")?];
    let line = String::from_utf8_lossy(line);
    let rest = line.strip_prefix("HTTP/")?;
    let (_, rest) = rest.split_once(' ')?;
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let code = (code.len() == 3).then(|| code.parse().ok())??;
    Some((code, reason.to_owned()))
}

/// The body without its chunk framing.
struct Body {
    bytes: Vec<u8>,
    complete: bool,
}

impl Body {
    fn of(head: &[u8], rest: &[u8]) -> Self {
        match header(head, "transfer-encoding") {
            Some(coding) if coding.to_ascii_lowercase().ends_with("chunked") => Self::chunked(rest),
            _ => {
                let length: Option<usize> =
                    header(head, "content-length").and_then(|length| length.parse().ok());
                let end = length.map_or(rest.len(), |length| length.min(rest.len()));
                Self {
                    bytes: rest[..end].to_vec(),
                    complete: length.is_some_and(|length| rest.len() >= length),
                }
            }
        }
    }

    fn chunked(mut rest: &[u8]) -> Self {
        let mut bytes = Vec::new();
        loop {
            let Some(line_end) = find(rest, b"\r\n") else { return Self { bytes, complete: false } };
            let line = String::from_utf8_lossy(&rest[..line_end]);
            let digits = line.split(';').next().unwrap_or("").trim();
            let Ok(length) = usize::from_str_radix(digits, 16) else { return Self { bytes, complete: true } };
            if length == 0 {
                return Self { bytes, complete: true };
            }
            rest = &rest[line_end + 2..];
            let end = length.min(rest.len());
            bytes.extend_from_slice(&rest[..end]);
            if rest.len() < length + 2 {
                return Self { bytes, complete: false };
            }
            rest = &rest[length + 2..];
        }
    }
}

fn header(head: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
