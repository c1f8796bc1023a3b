//! Answers of the proxy's own: `http-request return`, `redirect`, built-in and configured error messages.

use crate::error_page::ErrorPage;
use crate::{BodyKind, Headers, NoRoom, Response, Version};

/// An answer of the proxy's own. Write the head with [`crate::write_response`], then the body unless the request
/// was a HEAD.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub head: Response,
    pub body: Vec<u8>,
    /// The connection must be closed behind this answer whatever the request asked for.
    pub close: bool,
}

impl Reply {
    /// An answer with this status, its standard reason, and no header yet.
    pub fn new(status: u16) -> Result<Reply, NoRoom> {
        let mut reply = Reply::default();
        reply.head.start(status, Version::HTTP_11)?;
        Ok(reply)
    }

    pub fn headers(&mut self) -> &mut Headers {
        &mut self.head.headers
    }

    /// A built-in message with its headers, in HAProxy's order.
    pub fn from_page(page: &ErrorPage) -> Result<Reply, NoRoom> {
        let mut reply = Reply::new(page.status)?;
        reply.head.set_reason(page.reason.as_bytes())?;
        reply.set_body(page.body().into_bytes())?;
        reply.headers().add(b"cache-control", b"no-cache")?;
        reply.headers().add(b"content-type", b"text/html")?;
        reply.close = page.closes();
        Ok(reply)
    }

    /// Body and type of `http-request return` and `deny`: behind the headers that the rule itself set.
    pub fn set_content(&mut self, content_type: Option<&[u8]>, body: Vec<u8>) -> Result<(), NoRoom> {
        self.set_body(body)?;
        match content_type {
            Some(content_type) => self.headers().set(b"content-type", content_type),
            None => Ok(()),
        }
    }

    /// `redirect`: no body, the location, and `cache-control: no-cache` unless the status is a cacheable one.
    pub fn redirect(status: u16, location: &[u8]) -> Result<Reply, NoRoom> {
        let mut reply = Reply::new(status)?;
        reply.set_body(Vec::new())?;
        reply.headers().add(b"location", location)?;
        if matches!(status, 302 | 303 | 307) {
            reply.headers().add(b"cache-control", b"no-cache")?;
        }
        Ok(reply)
    }

    /// Sets the body and its `content-length`.
    pub fn set_body(&mut self, body: Vec<u8>) -> Result<(), NoRoom> {
        let length = body.len();
        self.headers().set(b"content-length", length.to_string().as_bytes())?;
        self.head.body = if length == 0 { BodyKind::None } else { BodyKind::Length(length as u64) };
        self.body = body;
        Ok(())
    }
}
