//! What a stream remembers for its log line and for the counters. Moments are microseconds of the worker's clock; 0 is
//! "not reached".

use std::net::SocketAddr;

use weir_rules::action::LogLevel;
use weir_sample::ConnectionError;

/// The first of the two letters of the termination state (manual 8.5): who ended the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    #[default]
    None = b'-',
    Client = b'C',
    ClientTimeout = b'c',
    Server = b'S',
    ServerTimeout = b's',
    Proxy = b'P',
    Local = b'L',
    Resource = b'R',
    Internal = b'I',
    Down = b'D',
    Up = b'U',
    Killed = b'K',
}

/// The second letter: what the stream was doing then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    #[default]
    None = b'-',
    Request = b'R',
    Queue = b'Q',
    Connect = b'C',
    Headers = b'H',
    Data = b'D',
    Last = b'L',
    Tarpit = b'T',
}

#[derive(Clone, Debug, Default)]
pub struct Record {
    /// When this stream may first have begun: acceptance, or the end of the request before.
    pub start_us: u64,
    /// The first byte of the request.
    pub first_byte_us: u64,
    /// The head of the request was complete.
    pub request_us: u64,
    /// Left the queue.
    pub assigned_us: u64,
    pub connected_us: u64,
    /// The head of the response was complete.
    pub response_us: u64,
    pub end_us: u64,
    /// A service of weir's own answered (statistics, metrics).
    pub served_here: bool,
    pub cause: Cause,
    pub stage: Stage,
    /// Third and fourth letter, `-` without a persistence cookie.
    pub cookies: [u8; 2],
    pub status: u16,
    /// The server's own status, before rules.
    pub server_status: u16,
    /// The stream ended before its request was taken as one: `TR` is not shown.
    pub untimed: bool,
    /// There was no request: what came by HTTP/2 broke its rules.
    pub malformed: bool,
    pub retries: u32,
    pub redispatched: bool,
    /// Bytes from the client and to it.
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Bytes to the server and from it.
    pub server_bytes_in: u64,
    pub server_bytes_out: u64,
    /// Both ends of the connection to the server, kept for the line when the connection has gone on to others.
    pub server_source: Option<SocketAddr>,
    pub server_address: Option<SocketAddr>,
    /// Why the handshake with the server came to nothing.
    pub server_fault: Option<Box<ServerFault>>,
    /// Ahead in the server's queue and in the backend's when it entered them.
    pub server_queue: u32,
    pub backend_queue: u32,
    /// Method, target and protocol of the request as received; empty before they are known.
    pub request_line: Vec<u8>,
    pub method_len: u32,
    pub target_len: u32,
    /// Captured request and response headers, by slot.
    pub request_captures: Vec<Option<Vec<u8>>>,
    pub response_captures: Vec<Option<Vec<u8>>>,
    pub request_cookie: Vec<u8>,
    pub response_cookie: Vec<u8>,
    /// The line was written already (`logasap`).
    pub logged: bool,
    /// What the line says of connections: of the process, the frontend, the backend and the server. Taken before
    /// anybody can know that the stream is over and open another connection.
    pub connections: Option<[i64; 4]>,
    /// `set-log-level`: 0 to 7, or silent.
    pub level: Option<LogLevel>,
}

/// What expressions say of a handshake with a server that failed, when its connection is gone.
#[derive(Clone, Debug)]
pub struct ServerFault {
    pub error: ConnectionError,
    /// OpenSSL's code and text, 0 where there is none.
    pub code: u64,
    pub text: String,
}

impl Record {
    /// What counts as an error: anything but an orderly end and a healthy status (manual "option dontlog-normal").
    pub fn is_error(&self) -> bool {
        let orderly = matches!(self.cause, Cause::None | Cause::Local);
        !orderly || self.retries > 0 || self.redispatched || self.status >= 500
    }

    /// Makes the record ready for the next request and keeps its memory.
    pub fn reset(&mut self, start_us: u64) {
        let mut request_line = std::mem::take(&mut self.request_line);
        let mut request_cookie = std::mem::take(&mut self.request_cookie);
        let mut response_cookie = std::mem::take(&mut self.response_cookie);
        let mut request_captures = std::mem::take(&mut self.request_captures);
        let mut response_captures = std::mem::take(&mut self.response_captures);
        request_line.clear();
        request_cookie.clear();
        response_cookie.clear();
        request_captures.clear();
        response_captures.clear();
        *self = Self {
            start_us,
            cookies: *b"--",
            request_line,
            request_cookie,
            response_cookie,
            request_captures,
            response_captures,
            ..Self::default()
        };
    }

    /// Notes why the stream ends; the first cause stands.
    pub fn end(&mut self, cause: Cause, stage: Stage) {
        if self.cause == Cause::None {
            self.cause = cause;
        }
        if self.stage == Stage::None {
            self.stage = stage;
        }
    }

    /// Keeps a captured text in its slot.
    pub fn capture(&mut self, response: bool, slot: usize, text: Vec<u8>) {
        let slots = if response { &mut self.response_captures } else { &mut self.request_captures };
        if slots.len() <= slot {
            slots.resize(slot + 1, None);
        }
        slots[slot] = Some(text);
    }

    pub fn termination(&self) -> [u8; 4] {
        [self.cause as u8, self.stage as u8, self.cookies[0], self.cookies[1]]
    }
}
