//! The response head: status line, headers, and what parsing decided about body and persistence.

use crate::h1::settle_body;
use crate::headers::{REASON, STATUS};
use crate::status::default_reason;
use crate::{BodyKind, ConnectionOptions, Headers, Method, NoRoom, Request, Version};

/// A response of any protocol version. Reuse one per stream: [`Response::clear`] keeps the memory.
#[derive(Clone, Debug, Default)]
pub struct Response {
    pub headers: Headers,
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) progress: crate::h1::Progress,
    /// How the body is delimited; set by the parser.
    pub body: BodyKind,
    /// Options of the received `connection` header; `close` and `keep-alive` are no longer in the header itself.
    pub connection: ConnectionOptions,
    /// Both `transfer-encoding` and `content-length` were there: the server connection must not be reused.
    pub insecure_framing: bool,
}

impl Response {
    pub fn new() -> Response {
        Response::default()
    }

    /// Makes the message ready for the next head and keeps its memory.
    pub fn clear(&mut self) {
        self.headers.clear();
        self.status = 0;
        self.version = Version::HTTP_11;
        self.progress = Default::default();
        self.body = BodyKind::None;
        self.connection = ConnectionOptions::default();
        self.insecure_framing = false;
    }

    /// Begins a message that does not come from HTTP/1 bytes; headers follow through `headers.add`.
    pub fn start(&mut self, status: u16, version: Version) -> Result<(), NoRoom> {
        self.clear();
        self.version = version;
        self.set_status(status, None)
    }

    pub fn status(&self) -> u16 {
        self.status
    }

    /// The digits as received: `099` and `20` are forwarded as they are.
    pub(crate) fn status_text(&self) -> &[u8] {
        self.headers.piece(STATUS)
    }

    pub fn reason(&self) -> &[u8] {
        self.headers.piece(REASON)
    }

    pub fn version(&self) -> Version {
        self.version
    }

    /// True for 1xx other than 101: another head follows.
    pub fn is_interim(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }

    /// Sets status and reason; without a reason, the standard one (`http-response set-status`).
    pub fn set_status(&mut self, status: u16, reason: Option<&[u8]>) -> Result<(), NoRoom> {
        let digits =
            [b'0' + (status / 100 % 10) as u8, b'0' + (status / 10 % 10) as u8, b'0' + (status % 10) as u8];
        self.headers.set_text_piece(STATUS, &digits)?;
        self.set_reason(reason.unwrap_or_else(|| default_reason(status).as_bytes()))?;
        self.status = status;
        Ok(())
    }

    pub fn set_reason(&mut self, reason: &[u8]) -> Result<(), NoRoom> {
        self.headers.set_text_piece(REASON, reason)
    }

    /// Call before writing the answer to `request`: brings the framing headers in line with the body if rules touched
    /// them, and tells how the body must be written.
    pub fn settle_body(&mut self, request: &Request) -> Result<BodyKind, NoRoom> {
        let keeps_length = request.method() == Method::Head || self.status == 304;
        settle_body(&mut self.headers, self.body, keeps_length)
    }

    /// Bytes that the head takes when written.
    pub fn wire_len(&self) -> usize {
        self.status_text().len() + self.reason().len() + 14 + self.headers.wire_len()
    }
}
