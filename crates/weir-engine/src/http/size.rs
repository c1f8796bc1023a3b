//! Sizes as HAProxy counts them in logs and statistics: a head counts by its parts, not by its bytes on the wire.

use weir_http::{Headers, Request, Response};

/// What a start line counts beside its text.
const START_LINE: u64 = 20;

pub fn of_request(request: &Request) -> u64 {
    START_LINE
        + request.method_bytes().len() as u64
        + request.target().len() as u64
        + "HTTP/1.1".len() as u64
        + of_headers(&request.headers)
}

pub fn of_response(response: &Response) -> u64 {
    let start = START_LINE + "HTTP/1.1200".len() as u64 + of_headers(&response.headers);
    if response.version().major >= 2 {
        // HTTP/2 has neither a reason nor this line, which only says how the body goes on.
        let chunked = response.headers.find(b"transfer-encoding").map_or(0, |value| value.len() + 17);
        return start - chunked as u64;
    }
    start + response.reason().len() as u64
}

/// A head as text, as weir writes interim responses itself.
pub fn of_text(head: &[u8]) -> u64 {
    let lines = head
        .split(|byte| *byte == b'\n')
        .map(|line| line.trim_ascii_end().len() as u64)
        .filter(|length| *length > 0);
    let (count, length) = lines.fold((0, 0), |(count, sum), length| (count + 1, sum + length));
    // Two blanks in the start line, a colon and a blank in the others, and one for the end of the block.
    START_LINE + length + 1 - 2 * count
}

/// Names and values, and one for the end of the block.
fn of_headers(headers: &Headers) -> u64 {
    (headers.wire_len() - 4 * headers.len()) as u64 + 1
}

#[cfg(test)]
mod tests {
    use weir_http::Version;

    use super::*;

    #[test]
    fn as_logged_by_haproxy() {
        // HAProxy 2.8 logs %U 71 for this request and %B 76 with five bytes of body for the response.
        let mut request = Request::new();
        request.start(b"GET", b"/a", Version::HTTP_11).unwrap();
        request.headers.add(b"host", b"127.0.0.1:27100").unwrap();
        request.headers.add(b"user-agent", b"x").unwrap();
        request.headers.add(b"accept", b"y").unwrap();
        assert_eq!(of_request(&request), 71);
        let mut response = Response::new();
        response.start(200, Version::HTTP_11).unwrap();
        response.headers.add(b"content-length", b"5").unwrap();
        response.headers.add(b"content-type", b"text/plain").unwrap();
        assert_eq!(of_response(&response) + 5, 76);
        assert_eq!(of_text(b"HTTP/1.1 100 Continue\r\n\r\n"), 40);
    }
}
