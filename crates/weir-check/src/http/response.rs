//! The response to a check's request, as far as it has come.

use weir_http::{Limits, Request, Response, Status, parse_response};

/// What the bytes say so far.
#[derive(Debug)]
pub enum Reading {
    /// The head is not complete.
    More,
    /// The connection ended before a whole head.
    Broken,
    /// It is not HTTP.
    Invalid,
    Head(Box<Answer>),
}

#[derive(Debug)]
pub struct Answer {
    pub response: Response,
    pub status: u16,
    /// As received: nothing stands in for a missing one.
    pub reason: String,
    /// What has come of the body, without its framing.
    pub body: Vec<u8>,
    /// No more of the body will come.
    pub complete: bool,
}

/// Reads what has come; `closed`: no more will come.
pub fn read(bytes: &[u8], closed: bool, method: &str) -> Reading {
    if !starts_like_http(bytes) {
        return Reading::Invalid;
    }
    let mut request = Request::new();
    let mut response = Response::new();
    if request.start(method.as_bytes(), b"/", weir_http::Version::HTTP_11).is_err() {
        return Reading::Invalid;
    }
    match parse_response(bytes, &Limits::default(), &request, &mut response) {
        Ok(Status::Complete { consumed }) => {
            let (body, complete) = body(&response, &bytes[consumed..]);
            Reading::Head(Box::new(Answer {
                status: response.status(),
                reason: reason(bytes),
                response,
                body,
                complete: complete || closed,
            }))
        }
        Ok(_) if closed => Reading::Broken,
        Ok(_) => Reading::More,
        Err(_) => Reading::Invalid,
    }
}

fn starts_like_http(bytes: &[u8]) -> bool {
    let length = bytes.len().min(5);
    bytes[..length] == b"HTTP/"[..length]
}

fn reason(head: &[u8]) -> String {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    line.trim_end().splitn(3, ' ').nth(2).unwrap_or_default().to_owned()
}

fn body(response: &Response, rest: &[u8]) -> (Vec<u8>, bool) {
    match response.body {
        weir_http::BodyKind::None => (Vec::new(), true),
        weir_http::BodyKind::Length(length) => {
            let end = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
            (rest[..end].to_vec(), rest.len() as u64 >= length)
        }
        weir_http::BodyKind::Chunked => chunked(rest),
        weir_http::BodyKind::UntilClose | weir_http::BodyKind::Tunnel => (rest.to_vec(), false),
    }
}

fn chunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    loop {
        let Some(line_end) = rest.windows(2).position(|pair| pair == b"\r\n") else { return (bytes, false) };
        let line = String::from_utf8_lossy(&rest[..line_end]);
        let digits = line.split(';').next().unwrap_or("").trim();
        let Ok(length) = usize::from_str_radix(digits, 16) else { return (bytes, true) };
        if length == 0 {
            return (bytes, true);
        }
        rest = &rest[line_end + 2..];
        let end = length.min(rest.len());
        bytes.extend_from_slice(&rest[..end]);
        match rest.get(length + 2..) {
            Some(next) => rest = next,
            None => return (bytes, false),
        }
    }
}
