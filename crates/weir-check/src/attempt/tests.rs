//! Attempts against what a server sent, with the status, code and info that HAProxy's statistics showed for it.

use weir_sample::Regex;

use super::*;
use crate::expect::{Expect, Pattern};
use crate::http::{HttpRequest, ServerStateHeader};
use crate::status::CheckStatus::*;

fn attempt(expect: Vec<Expect>, disable_on_404: bool) -> Attempt {
    let probe = Probe::Http(Arc::new(HttpProbe { request: HttpRequest::default(), expect, disable_on_404 }));
    let mut attempt = Attempt::start(probe, Transport::Plain, Timeouts::new(200, 0, 400), None, 1000);
    assert_eq!(attempt.handle(Event::Connected, 1001), Step::Send(b"OPTIONS / HTTP/1.0\r\n\r\n".to_vec()));
    assert_eq!(attempt.handle(Event::Sent, 1001), Step::Wait);
    attempt
}

fn response(code: u16, reason: &str, body: &str) -> String {
    format!("HTTP/1.1 {code} {reason}\r\nContent-Length: {}\r\nX-A: b\r\n\r\n{body}", body.len())
}

fn expect(negated: bool, pattern: Pattern) -> Vec<Expect> {
    vec![Expect { negated, pattern }]
}

/// The outcome after the server sent this in pieces of `size` bytes and closed.
fn run(mut attempt: Attempt, sent: &str, size: usize) -> (CheckStatus, Option<u16>, String) {
    for piece in sent.as_bytes().chunks(size) {
        if let Step::Done(outcome) = attempt.handle(Event::Received(piece), 1002) {
            return (outcome.status, outcome.code, outcome.info);
        }
    }
    match attempt.handle(Event::Closed, 1003) {
        Step::Done(outcome) => (outcome.status, outcome.code, outcome.info),
        step => panic!("no outcome: {step:?}"),
    }
}

#[test]
fn responses_as_observed() {
    let regex = |text: &str| Regex::new(text, false).expect("a pattern");
    let body = |text: &str| Pattern::Body(text.into());
    type Case = (Vec<Expect>, bool, String, (CheckStatus, Option<u16>, &'static str));
    let cases: Vec<Case> = vec![
        (vec![], false, response(200, "Fine", "ok"), (L7Ok, Some(200), "")),
        (vec![], false, response(404, "Fine", "ok"), (L7Status, Some(404), "Fine")),
        (vec![], false, response(500, "Bad Day", "ok"), (L7Status, Some(500), "Bad Day")),
        (vec![], false, response(301, "Fine", "ok"), (L7Ok, Some(301), "")),
        (vec![], false, String::new(), (SocketError, None, "")),
        (vec![], false, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".into(), (L7Ok, Some(200), "")),
        (vec![], false, "HTTP/1.1 200 OK\r\n".into(), (SocketError, None, "")),
        (vec![], false, "HTTP/1.0 200".into(), (SocketError, None, "")),
        (expect(false, body("world")), false, response(200, "Fine", "hello world"), (L7Ok, Some(200), "")),
        (
            expect(false, body("world")),
            false,
            response(200, "Fine", "hello"),
            (L7Response, None, "HTTP content check did not match"),
        ),
        (
            expect(true, body("world")),
            false,
            response(200, "Fine", "hello world"),
            (L7Response, None, "HTTP check matched unwanted content"),
        ),
        (
            expect(false, Pattern::BodyRegex(regex("w.rld"))),
            false,
            response(200, "Fine", "hello"),
            (L7Response, None, "HTTP content check did not match"),
        ),
        (
            expect(false, Pattern::BodyRegex(regex("w.rld"))),
            false,
            response(200, "Fine", "hello world"),
            (L7Ok, Some(200), ""),
        ),
        (
            expect(false, Pattern::Status(vec![(404, 404)])),
            false,
            response(200, "Fine", "ok"),
            (L7Status, Some(200), "Fine"),
        ),
        (
            expect(false, Pattern::Status(vec![(400, 404), (500, 500)])),
            false,
            response(404, "Fine", "ok"),
            (L7Ok, Some(404), ""),
        ),
        (
            expect(true, Pattern::Status(vec![(200, 200)])),
            false,
            response(200, "Fine", "ok"),
            (L7Status, Some(200), "Fine"),
        ),
        (
            expect(false, Pattern::StatusRegex(regex("^3"))),
            false,
            response(200, "Fine", "ok"),
            (L7Status, Some(200), "Fine"),
        ),
        (vec![], true, response(404, "Fine", "ok"), (L7OkConditional, Some(404), "")),
    ];
    for (expect, disable_on_404, sent, (status, code, info)) in cases {
        for size in [1, 7, 4096] {
            let found = run(attempt(expect.clone(), disable_on_404), &sent, size);
            assert_eq!(found, (status, code, info.to_owned()), "{sent:?}");
        }
    }
}

#[test]
fn string_is_found_in_chunks() {
    let sent =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n8;x=1\r\nlo world\r\n0\r\n\r\n";
    assert_eq!(run(attempt(expect(false, Pattern::Body("hello".into())), false), sent, 5).0, L7Ok);
}

#[test]
fn connections() {
    let timeouts = Timeouts::new(200, 0, 400);
    let start = || Attempt::start(Probe::Connect, Transport::Plain, timeouts, None, 1000);
    let done = |status, info: &str, duration_ms| {
        Step::Done(Outcome { status, code: None, info: info.into(), duration_ms })
    };
    assert_eq!(start().handle(Event::Connected, 1003), done(L4Ok, "", 3));
    let refused = "ECONNREFUSED returned by OS (Connection refused)";
    assert_eq!(start().handle(Event::ConnectFailed(111), 1000), done(L4Connection, refused, 0));
    assert_eq!(start().deadline_ms(), 1400);
    assert_eq!(start().handle(Event::TimedOut, 1399), done(L4Timeout, "", 399));
    assert_eq!(attempt(vec![], false).handle(Event::TimedOut, 1302), done(L7Timeout, "", 302));
}

/// Manual: `timeout check`.
#[test]
fn timeouts_of_the_manual() {
    assert_eq!(Timeouts::new(5000, 0, 2000), Timeouts { connect_ms: 2000, read_ms: None });
    assert_eq!(Timeouts::new(500, 3000, 2000), Timeouts { connect_ms: 500, read_ms: Some(3000) });
    assert_eq!(Timeouts::new(5000, 3000, 2000), Timeouts { connect_ms: 2000, read_ms: Some(3000) });
}

#[test]
fn requests_as_observed() {
    let request = |method: &str, uri: &str, version: &str, headers: &[(&str, &str)], body: &str| {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        HttpRequest {
            method: method.into(),
            uri: uri.into(),
            version: version.into(),
            headers,
            body: body.into(),
        }
    };
    let post = request("POST", "/x", "HTTP/1.1", &[("host", "a.b"), ("x-y", "z")], "abc");
    assert_eq!(
        post.bytes(None),
        b"POST /x HTTP/1.1\r\nhost: a.b\r\nx-y: z\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc"
    );
    let head = request("HEAD", "/abc", "HTTP/1.1", &[], "");
    assert_eq!(head.bytes(None), b"HEAD /abc HTTP/1.1\r\nconnection: close\r\n\r\n");
    let state = ServerStateHeader {
        state: "UP",
        address: "127.0.0.1",
        port: 25130,
        backend: "state",
        server: "s1",
        node: "vm",
        weight: 1,
        total_weight: 1,
        server_sessions: 0,
        backend_sessions: 0,
        queued: 0,
    };
    assert_eq!(
        HttpRequest::default().bytes(Some(&state.value())),
        b"OPTIONS / HTTP/1.0\r\nx-haproxy-server-state: UP; address=127.0.0.1; port=25130; name=state/s1; \
          node=vm; weight=1/1; scur=0/0; qcur=0\r\n\r\n"
    );
}
