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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{WriteOptions, error_page, write_response};

    fn head(reply: &Reply) -> String {
        let mut out = Vec::new();
        write_response(&reply.head, &WriteOptions::default(), &mut out);
        String::from_utf8(out).expect("text")
    }

    // Expected heads: HAProxy 2.8 and 3.4 with the rule named.

    #[test]
    fn built_in_message() {
        let reply = Reply::from_page(error_page::find(502).expect("a page")).expect("room");
        let expected = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 107\r\ncache-control: no-cache\r\n\
            content-type: text/html\r\n\r\n";
        assert_eq!(head(&reply), expected);
        assert!(Reply::from_page(error_page::find(408).expect("a page")).expect("room").close);
    }

    #[test]
    fn return_with_a_header_and_content() {
        let mut reply = Reply::new(200).expect("room");
        reply.headers().add(b"x-a", b"b").expect("room");
        reply.set_content(Some(b"text/plain"), b"hello".to_vec()).expect("room");
        let expected = "HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 5\r\ncontent-type: text/plain\r\n\r\n";
        assert_eq!(head(&reply), expected);
        let mut empty = Reply::new(404).expect("room");
        empty.set_content(None, Vec::new()).expect("room");
        assert_eq!(head(&empty), "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    }

    #[test]
    fn redirects() {
        for (status, line, cached) in [
            (301, "301 Moved Permanently", true),
            (302, "302 Found", false),
            (303, "303 See Other", false),
            (307, "307 Temporary Redirect", false),
            (308, "308 Permanent Redirect", true),
        ] {
            let reply = Reply::redirect(status, b"/x").expect("room");
            let control = if cached { "" } else { "cache-control: no-cache\r\n" };
            let expected = format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\nlocation: /x\r\n{control}\r\n");
            assert_eq!(head(&reply), expected);
        }
    }
}
