//! `option accept-unsafe-violations-in-http-request` and `-response` (manual, chapter 4), and what stays refused.

use weir_http::{
    Limits, Request, Response, Status, WriteOptions, parse_request, parse_response, write_request,
};

const LENIENT: Limits = Limits {
    max_headers: 101,
    bufsize: 16384,
    maxrewrite: 1024,
    accept_unsafe: true,
    accept_payload_with_any_method: false,
    keep_open_on_insecure_transfer_encoding: false,
};

/// What would be forwarded, or the status of the refusal.
fn forwarded(head: &[u8], limits: &Limits) -> Result<String, u16> {
    let mut request = Request::new();
    let status = parse_request(head, limits, &mut request).map_err(|error| error.request_status())?;
    assert!(matches!(status, Status::Complete { .. }), "{status:?}");
    let mut out = Vec::new();
    write_request(&request, &WriteOptions::default(), &mut out);
    Ok(out.escape_ascii().to_string())
}

#[test]
fn what_the_option_lets_pass() {
    for (head, expected) in [
        (&b"GET /\r\n"[..], r"GET / HTTP/1.0\r\n\r\n"),
        (b"GET / RTSP/1.0\r\nHost: h\r\n\r\n", r"GET / RTSP/1.0\r\nhost: h\r\n\r\n"),
        (b"GET / HTTP/1.10\r\nHost: h\r\n\r\n", r"GET / HTTP/1.10\r\nhost: h\r\n\r\n"),
        (b"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", r"GET /a#b HTTP/1.1\r\nhost: h\r\n\r\n"),
        (b"GET /\x80 HTTP/1.1\r\nHost: h\r\n\r\n", r"GET /\x80 HTTP/1.1\r\nhost: h\r\n\r\n"),
        (
            b"GET / HTTP/1.1\r\nHost: h\r\nX Y: a\r\nZ: 1\r\n\r\n",
            r"GET / HTTP/1.1\r\nhost: h\r\nz: 1\r\n\r\n",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: h\r\nX\0Y: a\r\n b\r\nZ: 1\r\n\r\n",
            r"GET / HTTP/1.1\r\nhost: h\r\nz: 1\r\n\r\n",
        ),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", r"GET / HTTP/1.1\r\nhost: h\r\nx: a\x00b\r\n\r\n"),
        (b"GET http://x/ HTTP/1.1\r\nHost: h\r\n\r\n", r"GET http://x/ HTTP/1.1\r\nhost: h\r\n\r\n"),
        (b"GET http://x:80/ HTTP/1.1\r\nHost: h\r\n\r\n", r"GET http://x/ HTTP/1.1\r\nhost: x\r\n\r\n"),
        (b"CONNECT h HTTP/1.1\r\nHost: h\r\n\r\n", r"CONNECT h HTTP/1.1\r\nhost: h\r\n\r\n"),
        (b"GET x HTTP/1.1\r\nHost: h\r\n\r\n", r"GET x HTTP/1.1\r\nhost: h\r\n\r\n"),
    ] {
        assert_eq!(forwarded(head, &LENIENT).as_deref(), Ok(expected), "{}", head.escape_ascii());
        assert_eq!(forwarded(head, &Limits::default()), Err(400), "{}", head.escape_ascii());
    }
}

#[test]
fn what_stays_refused() {
    for head in [
        &b"POST /\r\n\r\n"[..],
        b"GET / rtsp/1.0\r\nHost: h\r\n\r\n",
        b"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n",
        b"G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX\r\nZ: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h i\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: ,chunked,\r\n\r\n",
    ] {
        assert_eq!(forwarded(head, &LENIENT), Err(400), "{}", head.escape_ascii());
    }
}

#[test]
fn responses() {
    let verdict = |head: &[u8], limits: &Limits| {
        let (request, mut response) = (Request::new(), Response::new());
        parse_response(head, limits, &request, &mut response).map(|_| response.status())
    };
    for (head, status) in [
        (&b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n"[..], 2000),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", 200),
        (b"HTTP/1.10 200 OK\r\nContent-Length: 2\r\n\r\n", 200),
        (b"ICY 200 OK\r\nContent-Length: 2\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nX Y: a\r\nContent-Length: 2\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: , chunked\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nX: a\0\r\nContent-Length: 2\r\n\r\n", 200),
    ] {
        assert_eq!(verdict(head, &LENIENT), Ok(status), "{}", head.escape_ascii());
        assert!(verdict(head, &Limits::default()).is_err(), "{}", head.escape_ascii());
    }
    for head in [&b"HTTP/1.1 70000 OK\r\n\r\n"[..], b"http/1.1 200 OK\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n"] {
        assert!(verdict(head, &LENIENT).is_err(), "{}", head.escape_ascii());
    }
}

#[test]
fn payloads_in_old_requests_need_their_own_option() {
    let head = b"GET / HTTP/1.0\r\nContent-Length: 3\r\n\r\n";
    assert_eq!(forwarded(head, &Limits::default()), Err(413));
    let allowed = Limits { accept_payload_with_any_method: true, ..Limits::default() };
    assert_eq!(forwarded(head, &allowed).as_deref(), Ok(r"GET / HTTP/1.0\r\ncontent-length: 3\r\n\r\n"));
}
