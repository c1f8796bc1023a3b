//! Any bytes, cut anywhere: parsers never panic, never outgrow their limits, and judge a head that arrives in pieces
//! as one that arrives whole.

use proptest::prelude::*;
use weir_http::{
    Limits, Method, Request, Response, Status, WriteOptions, parse_request, parse_response, write_request,
    write_response,
};

/// Bytes that look like HTTP often enough to reach deep into the parsers.
fn nearly_http() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "GET", "POST", "CONNECT", "HEAD", "OPTIONS", " ", "/", "/a?b", "*", "http://h:80/x", "h:443", "HTTP/1.1",
            "HTTP/1.0", "200", "204", "101", "OK", "\r\n", "\n", "\r", ": ", ":", ",", "Host", "h", "Content-Length",
            "3", "Transfer-Encoding", "chunked", "gzip", "Connection", "close", "keep-alive", "upgrade", "Upgrade",
            "websocket", "h2c", "a,b,c", ",close,", ",upgrade", "\t", "X-A", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ];
    let start =
        prop::sample::select(vec!["", "GET / HTTP/1.1\r\n", "POST /a HTTP/1.0\r\n", "HTTP/1.1 200 OK\r\n"]);
    (start, prop::collection::vec(piece, 0..40)).prop_map(|(start, pieces)| {
        let mut bytes = start.as_bytes().to_vec();
        pieces.iter().for_each(|piece| bytes.extend_from_slice(piece));
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes
    })
}

/// Request heads that are mostly accepted: whole lines, in every spelling that parsers differ about.
fn likely_request() -> impl Strategy<Value = Vec<u8>> {
    let start = prop::sample::select(vec![
        "GET / HTTP/1.1",
        "GET  /a?b HTTP/1.0",
        "POST\t/ HTTP/1.2",
        "OPTIONS * HTTP/1.1",
        "GET http://h HTTP/1.1",
        "GET http://h:80/a HTTP/1.1",
        "get /%zz HTTP/0.9",
        "CONNECT h:443 HTTP/1.1",
        "\r\n\nPUT //x HTTP/9.9",
    ]);
    let line = prop::sample::select(vec![
        "Host: h",
        "HOST:h ",
        "Content-Length: 03",
        "content-length: 3, 3",
        "Transfer-Encoding: Chunked",
        "X-A:",
        "X-A: a\r\n b",
        "x_B:\tc\t",
        "Connection: close, X-A",
        "Connection: upgrade",
        "connection: keep-alive",
        "Upgrade: foo",
        "Upgrade: h2c",
        "Cookie: a=1; b=\x01",
        "X: \"a,b\"\n \n  c",
    ]);
    let end = prop::sample::select(vec!["\r\n", "\n"]);
    (start, prop::collection::vec((line, end.clone()), 0..8), end).prop_map(|(start, lines, end)| {
        let lines: String = lines.iter().map(|(line, end)| format!("{line}{end}")).collect();
        format!("{start}{end}{lines}{end}").into_bytes()
    })
}

fn limits(accept_unsafe: bool) -> Limits {
    Limits { accept_unsafe, ..Limits::default() }
}

/// Verdict, and the message as it would be written, after feeding prefixes that end at `cuts` and then everything.
fn request_verdict(bytes: &[u8], cuts: &[usize], limits: &Limits) -> (String, Vec<u8>) {
    let mut request = Request::new();
    let mut out = Vec::new();
    for &end in cuts.iter().chain([&bytes.len()]) {
        match parse_request(&bytes[..end], limits, &mut request) {
            Ok(Status::Partial) => continue,
            Ok(status) => {
                write_request(&request, &WriteOptions::default(), &mut out);
                return (format!("{status:?} {:?} {:?}", request.body, request.connection), out);
            }
            Err(error) => return (format!("{error:?}"), out),
        }
    }
    ("partial".into(), out)
}

fn response_verdict(bytes: &[u8], cuts: &[usize], limits: &Limits) -> (String, Vec<u8>) {
    let (request, mut response, mut out) = (Request::new(), Response::new(), Vec::new());
    for &end in cuts.iter().chain([&bytes.len()]) {
        match parse_response(&bytes[..end], limits, &request, &mut response) {
            Ok(Status::Partial) => continue,
            Ok(status) => {
                write_response(&response, &WriteOptions::default(), &mut out);
                return (format!("{status:?} {:?} {:?}", response.body, response.connection), out);
            }
            Err(error) => return (format!("{error:?}"), out),
        }
    }
    ("partial".into(), out)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, max_global_rejects: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests_cut_anywhere(
        bytes in nearly_http(),
        mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        accept_unsafe: bool,
    ) {
        let mut cuts: Vec<usize> = cuts.drain(..).map(|cut| cut.index(bytes.len())).collect();
        cuts.sort_unstable();
        let limits = limits(accept_unsafe);
        prop_assert_eq!(request_verdict(&bytes, &cuts, &limits), request_verdict(&bytes, &[], &limits));
    }

    #[test]
    fn likely_requests_cut_anywhere(bytes in likely_request(), cut: prop::sample::Index) {
        let limits = limits(false);
        let cut = cut.index(bytes.len());
        prop_assert_eq!(request_verdict(&bytes, &[cut], &limits), request_verdict(&bytes, &[], &limits));
    }

    #[test]
    fn responses_cut_anywhere(
        bytes in nearly_http(),
        mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        accept_unsafe: bool,
    ) {
        let mut cuts: Vec<usize> = cuts.drain(..).map(|cut| cut.index(bytes.len())).collect();
        cuts.sort_unstable();
        let limits = limits(accept_unsafe);
        prop_assert_eq!(response_verdict(&bytes, &cuts, &limits), response_verdict(&bytes, &[], &limits));
    }

    /// What is forwarded must be what another strict parser reads: parsed again, nothing changes any more.
    #[test]
    fn a_forwarded_request_is_a_fixed_point(bytes in likely_request()) {
        let limits = limits(false);
        let (verdict, first) = request_verdict(&bytes, &[], &limits);
        prop_assume!(verdict.starts_with("Complete"));
        let (again, second) = request_verdict(&first, &[], &limits);
        prop_assert!(again.starts_with(&format!("Complete {{ consumed: {} }}", first.len())), "{}", again);
        prop_assert_eq!(first, second);
    }

    #[test]
    fn limits_hold(lines in 0usize..130, value in 0usize..300, maximum in 1u16..120) {
        let limits = Limits { max_headers: maximum, bufsize: 9000, maxrewrite: 1000, ..Limits::default() };
        let line = format!("X: {}\r\n", "v".repeat(value));
        let head = format!("GET / HTTP/1.1\r\n{}\r\n", line.repeat(lines));
        let mut request = Request::new();
        let verdict = parse_request(head.as_bytes(), &limits, &mut request);
        let fits = lines < maximum as usize && head.len() <= limits.max_head();
        prop_assert_eq!(verdict.is_ok(), fits);
        prop_assert!(request.headers.len() < maximum as usize);
        prop_assert!(request.wire_len() <= limits.max_head() + 16);
    }
}

#[test]
fn a_head_without_end_is_refused_once_it_fills_the_buffer() {
    let limits = Limits::default();
    for (start, status) in [("GET /", 414), ("GET / HTTP/1.1\r\nx: ", 431), ("\r\n", 414)] {
        let endless = [start.as_bytes(), &start.as_bytes()[start.len() - 1..].repeat(20_000)].concat();
        let refused = parse_request(&endless, &limits, &mut Request::new()).expect_err("too large");
        assert_eq!(refused.request_status(), status, "{start:?}");
    }
}

#[test]
fn method_of_a_fresh_request_is_get() {
    assert_eq!(Request::new().method(), Method::Get);
}
