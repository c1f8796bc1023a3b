//! Why a head was refused, where, and what HAProxy answers to it.

/// A refused request or response head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Offset in bytes from the start of the input, for `show errors`.
    pub at: usize,
    pub reason: Reason,
}

impl ParseError {
    pub(crate) fn new(at: usize, reason: Reason) -> ParseError {
        ParseError { at, reason }
    }

    /// The status that the client is sent when a request is refused for this reason.
    pub fn request_status(&self) -> u16 {
        match self.reason {
            Reason::PayloadNotAllowed => 413,
            Reason::CodingNotSupported => 422,
            Reason::TargetTooLong => 414,
            Reason::TooLarge => 431,
            Reason::ConnectWithLength => 502,
            _ => 400,
        }
    }

    /// The status that the client is sent when a response is refused: always 502.
    pub fn response_status(&self) -> u16 {
        502
    }
}

/// What was wrong with a message head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A character that no method may contain, or no method at all.
    Method,
    /// A forbidden character in the request target, or a form that the method does not allow.
    Target,
    /// Not `HTTP/` digit `.` digit.
    Version,
    /// Not a number, or out of range.
    StatusCode,
    /// A carriage return that no line feed follows.
    LineEnd,
    /// Empty header name, or a character that is not a token's.
    HeaderName,
    /// NUL in a header value.
    HeaderValue,
    /// More header lines than `tune.http.maxhdr`.
    TooManyHeaders,
    /// The request line does not fit the buffer.
    TargetTooLong,
    /// The head does not fit the buffer.
    TooLarge,
    /// `Content-Length` is not one number, or two differ.
    ContentLength,
    /// `Transfer-Encoding` is malformed, or does not end with `chunked`.
    TransferEncoding,
    /// `Transfer-Encoding` names a coding besides `chunked`.
    CodingNotSupported,
    /// A `Host` that is no authority, or several that differ.
    Host,
    /// The target's authority and `Host` differ.
    AuthorityMismatch,
    /// A payload in an HTTP/1.0 GET, HEAD or DELETE.
    PayloadNotAllowed,
    /// CONNECT announcing a body.
    ConnectWithLength,
    /// A WebSocket handshake without a valid `Sec-WebSocket-Key`.
    WebSocketKey,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.reason {
            Reason::Method => "invalid method",
            Reason::Target => "invalid request target",
            Reason::Version => "invalid protocol version",
            Reason::StatusCode => "invalid status code",
            Reason::LineEnd => "carriage return without line feed",
            Reason::HeaderName => "invalid header name",
            Reason::HeaderValue => "invalid character in header value",
            Reason::TooManyHeaders => "too many headers",
            Reason::TargetTooLong => "request line too long",
            Reason::TooLarge => "message head too large",
            Reason::ContentLength => "invalid content-length",
            Reason::TransferEncoding => "invalid transfer-encoding",
            Reason::CodingNotSupported => "unsupported transfer coding",
            Reason::Host => "invalid host",
            Reason::AuthorityMismatch => "host does not match the target's authority",
            Reason::PayloadNotAllowed => "payload not allowed in this request",
            Reason::ConnectWithLength => "CONNECT with a body",
            Reason::WebSocketKey => "missing or invalid sec-websocket-key",
        };
        write!(f, "{what} at byte {}", self.at)
    }
}

impl std::error::Error for ParseError {}
