//! The request head: start line, headers, and what parsing decided about body and persistence.

use crate::h1::settle_body;
use crate::headers::{METHOD, TARGET};
use crate::uri::Target;
use crate::{BodyKind, ConnectionOptions, Headers, Known, Method, NoRoom, Version};

/// A request of any protocol version. Reuse one per stream: [`Request::clear`] keeps the memory.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub headers: Headers,
    pub(crate) method: Method,
    pub(crate) version: Version,
    pub(crate) progress: crate::h1::Progress,
    /// How the body is delimited; set by the parser.
    pub body: BodyKind,
    /// Options of the received `connection` header; `close` and `keep-alive` are no longer in the header itself.
    pub connection: ConnectionOptions,
    /// Scheme and authority of the target stand there because HTTP/2 always names them; see [`Request::wire_target`].
    pub(crate) normalized: bool,
    /// Both `transfer-encoding` and `content-length` were there: the connection must close after the answer.
    pub insecure_framing: bool,
}

impl Request {
    pub fn new() -> Request {
        Request::default()
    }

    /// Makes the message ready for the next head and keeps its memory.
    pub fn clear(&mut self) {
        self.headers.clear();
        self.method = Method::default();
        self.version = Version::HTTP_11;
        self.progress = Default::default();
        self.body = BodyKind::None;
        self.connection = ConnectionOptions::default();
        self.insecure_framing = false;
        self.normalized = false;
    }

    /// Begins a message that does not come from HTTP/1 bytes; headers follow through `headers.add`.
    pub fn start(&mut self, method: &[u8], target: &[u8], version: Version) -> Result<(), NoRoom> {
        self.clear();
        self.set_method(method)?;
        self.set_target(target)?;
        self.version = version;
        Ok(())
    }

    pub fn method(&self) -> Method {
        self.method
    }

    pub fn method_bytes(&self) -> &[u8] {
        self.headers.piece(METHOD)
    }

    /// The request target as received or last set: path, absolute URI, authority or `*`.
    pub fn target(&self) -> &[u8] {
        self.headers.piece(TARGET)
    }

    pub fn version(&self) -> Version {
        self.version
    }

    /// The target taken apart.
    pub fn uri(&self) -> Target<'_> {
        Target::parse(self.target())
    }

    /// Path without the query; empty where the target has none (`*`, authority form).
    pub fn path(&self) -> &[u8] {
        self.uri().path
    }

    /// Query without `?`; `None` where there is no `?`.
    pub fn query(&self) -> Option<&[u8]> {
        self.uri().query
    }

    /// The `Host` header, or the target's authority where there is none.
    pub fn host(&self) -> Option<&[u8]> {
        self.headers.find_known(Known::Host).or_else(|| self.uri().authority)
    }

    /// True if the client announced `Expect: 100-continue`.
    pub fn expects_continue(&self) -> bool {
        self.headers
            .find_known(Known::Expect)
            .is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"))
    }

    /// Bytes that the head takes when written.
    pub fn wire_len(&self) -> usize {
        self.method_bytes().len() + self.target().len() + 14 + self.headers.wire_len()
    }

    pub fn set_method(&mut self, method: &[u8]) -> Result<(), NoRoom> {
        let old = self.method_bytes().len();
        self.headers.splice_piece(METHOD, 0, old, &[method])?;
        self.method = Method::from_bytes(method);
        Ok(())
    }

    /// Replaces the whole target (`http-request set-uri`). The authority of an absolute one becomes the `host`.
    pub fn set_target(&mut self, target: &[u8]) -> Result<(), NoRoom> {
        self.splice_target(0, self.target().len(), &[target])?;
        let parts = Target::parse(target);
        match (parts.scheme, parts.authority, self.headers.position_known(Known::Host, 0)) {
            (Some(_), Some(authority), Some(index)) => self.headers.replace_at(index, authority),
            _ => Ok(()),
        }
    }

    /// Sets the `host` header, and with it the authority of an absolute target (`http-request set-header host`).
    pub fn set_host(&mut self, host: &[u8]) -> Result<(), NoRoom> {
        self.headers.set(b"host", host)?;
        let parts = self.uri();
        if let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) {
            let start = scheme.len() + 3;
            let end = start + authority.len();
            self.splice_target(start, end, &[host])?;
        }
        Ok(())
    }

    /// Call before writing: brings the framing headers in line with the body if rules touched them, and tells how
    /// the body must be written. Usually that is [`Request::body`], and the call costs one comparison.
    pub fn settle_body(&mut self) -> Result<BodyKind, NoRoom> {
        settle_body(&mut self.headers, self.body, false)
    }

    /// Replaces the path and keeps scheme, authority and query (`http-request set-path`).
    pub fn set_path(&mut self, path: &[u8]) -> Result<(), NoRoom> {
        let (start, end) = self.path_offsets();
        self.splice_target(start, end, &[path])
    }

    /// Replaces path and query and keeps scheme and authority (`http-request set-pathq`).
    pub fn set_path_and_query(&mut self, path_and_query: &[u8]) -> Result<(), NoRoom> {
        let (start, _) = self.path_offsets();
        self.splice_target(start, self.target().len(), &[path_and_query])
    }

    /// Replaces the query, `?` excluded. A `?` is added if there was none and the query is not empty; one that was
    /// there stays (`http-request set-query`).
    pub fn set_query(&mut self, query: &[u8]) -> Result<(), NoRoom> {
        let (_, end) = self.path_offsets();
        let mark: &[u8] = if query.is_empty() && self.query().is_none() { b"" } else { b"?" };
        self.splice_target(end, self.target().len(), &[mark, query])
    }

    /// Where path begins and ends within the target; `*` counts as a path to replace.
    fn path_offsets(&self) -> (usize, usize) {
        let parts = self.uri();
        if parts.raw == b"*" {
            return (0, 1);
        }
        (parts.path_start(), parts.path_end())
    }

    /// Replaces the bytes from `start` to `end` of the target by `pieces`.
    pub(crate) fn splice_target(&mut self, start: usize, end: usize, pieces: &[&[u8]]) -> Result<(), NoRoom> {
        self.headers.splice_piece(TARGET, start, end, pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, WriteOptions, parse_request, write_request};

    /// The request line and host after parsing `target` and an edit.
    fn edited(target: &str, edit: impl FnOnce(&mut Request) -> Result<(), NoRoom>) -> String {
        let mut request = Request::new();
        let head = format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
        parse_request(head.as_bytes(), &Limits::default(), &mut request).expect("valid");
        edit(&mut request).expect("room");
        let mut out = Vec::new();
        write_request(&request, &WriteOptions::default(), &mut out);
        String::from_utf8(out).expect("text")
    }

    // Expected values: HAProxy 2.8 with the action named in each method's documentation.

    #[test]
    fn path_and_query() {
        let ends = " HTTP/1.1\r\nhost: h\r\n\r\n";
        assert_eq!(edited("/sp?a=1", |r| r.set_path(b"/new")), format!("GET /new?a=1{ends}"));
        assert_eq!(edited("http://h/sp?k", |r| r.set_path(b"/new")), format!("GET http://h/new?k{ends}"));
        assert_eq!(edited("/sq", |r| r.set_query(b"a=b")), format!("GET /sq?a=b{ends}"));
        assert_eq!(edited("/sq?z", |r| r.set_query(b"a=b")), format!("GET /sq?a=b{ends}"));
        assert_eq!(edited("/sq?z", |r| r.set_query(b"")), format!("GET /sq?{ends}"));
        assert_eq!(edited("/sq", |r| r.set_query(b"")), format!("GET /sq{ends}"));
        assert_eq!(edited("/pq?2", |r| r.set_path_and_query(b"/pq?1")), format!("GET /pq?1{ends}"));
        assert_eq!(
            edited("http://h/pq?k", |r| r.set_path_and_query(b"/pq?1")),
            format!("GET http://h/pq?1{ends}")
        );
        assert_eq!(edited("/a", |r| r.set_path(b"/b c\r\n")), format!("GET /b%20c%0D%0A{ends}"));
    }

    #[test]
    fn host_and_authority_stay_together() {
        let set_uri = edited("/sv", |r| r.set_target(b"http://q/u"));
        assert_eq!(set_uri, "GET http://q/u HTTP/1.1\r\nhost: q\r\n\r\n");
        let set_host = edited("http://h/hh?k", |r| r.set_host(b"zz"));
        assert_eq!(set_host, "GET http://zz/hh?k HTTP/1.1\r\nhost: zz\r\n\r\n");
        assert_eq!(edited("/hh", |r| r.set_host(b"zz")), "GET /hh HTTP/1.1\r\nhost: zz\r\n\r\n");
    }

    #[test]
    fn method() {
        assert_eq!(edited("/sm", |r| r.set_method(b"FOO")), "FOO /sm HTTP/1.1\r\nhost: h\r\n\r\n");
    }

    #[test]
    fn the_body_is_announced_as_it_is_written_whatever_rules_did() {
        let settled = |lines: &str, edit: fn(&mut Headers) -> Result<(), NoRoom>| {
            let mut request = Request::new();
            let head = format!("POST / HTTP/1.1\r\n{lines}\r\n");
            parse_request(head.as_bytes(), &Limits::default(), &mut request).expect("valid");
            edit(&mut request.headers).expect("room");
            let body = request.settle_body().expect("room");
            let mut out = Vec::new();
            write_request(&request, &WriteOptions::default(), &mut out);
            (body, String::from_utf8(out).expect("text").replace("POST / HTTP/1.1\r\n", ""))
        };
        let length = "content-length: 3\r\n";
        let chunks = "transfer-encoding: chunked\r\n";
        let delete = |headers: &mut Headers| {
            headers.remove(b"content-length");
            headers.remove(b"transfer-encoding");
            Ok(())
        };
        let set_length = |headers: &mut Headers| headers.set(b"content-length", b"7");
        let set_chunks = |headers: &mut Headers| headers.set(b"transfer-encoding", b"chunked");
        assert_eq!(settled(length, delete), (BodyKind::Chunked, format!("{chunks}\r\n")));
        assert_eq!(settled(chunks, delete), (BodyKind::Chunked, format!("{chunks}\r\n")));
        assert_eq!(settled(length, set_length), (BodyKind::Length(3), format!("{length}\r\n")));
        assert_eq!(settled(length, set_chunks), (BodyKind::Length(3), format!("{length}\r\n")));
        assert_eq!(settled(chunks, set_length), (BodyKind::Chunked, format!("{chunks}\r\n")));
        assert_eq!(settled("", set_length), (BodyKind::None, "\r\n".into()));
        assert_eq!(settled("", set_chunks), (BodyKind::None, "\r\n".into()));
    }
}
