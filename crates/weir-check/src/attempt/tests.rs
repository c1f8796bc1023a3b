//! Attempts against what a server sent, with the status, code and info that HAProxy's statistics showed for it.

use weir_sample::{NoStream, Regex};

use super::*;
use crate::expect::{Expect, HeaderPattern, MatchMethod, Pattern, TextMatch, TextSource};
use crate::http::{HttpSend, ServerStateHeader, Uri};
use crate::status::CheckStatus::*;

fn http(expect: Vec<Expect>, disable_on_404: bool) -> Attempt {
    let implicit = expect.is_empty();
    let expect = if implicit { vec![Expect::default_status()] } else { expect };
    let send = StepKind::Send(Send::Http(Box::default()));
    let steps = std::iter::once(send).chain(expect.into_iter().map(|it| StepKind::Expect(Box::new(it))));
    let rules = Ruleset {
        language: Language::Http,
        disable_on_404,
        uncounted: usize::from(!implicit),
        ..Ruleset::plain(steps)
    };
    let mut attempt = started(rules);
    let sent = attempt.handle(Event::Connected, &NoStream, 1001);
    assert_eq!(sent, Action::Send(b"OPTIONS / HTTP/1.0\r\n\r\n".to_vec()));
    assert_eq!(attempt.handle(Event::Sent, &NoStream, 1001), Action::Wait);
    attempt
}

fn started(rules: Ruleset) -> Attempt {
    let mut attempt = Attempt::new(Arc::new(rules), Timeouts::new(200, 0, 400), None, 1000);
    assert!(matches!(attempt.begin(&NoStream, 1000), Action::Open(_)));
    attempt
}

fn response(code: u16, reason: &str, body: &str) -> String {
    format!("HTTP/1.1 {code} {reason}\r\nContent-Length: {}\r\nX-A: one, two\r\n\r\n{body}", body.len())
}

fn expect(negated: bool, pattern: Pattern) -> Vec<Expect> {
    vec![Expect::new(negated, pattern)]
}

type Found = (CheckStatus, Option<u16>, String);

/// The outcome after the server sent this in pieces of `size` bytes and closed.
fn run(mut attempt: Attempt, sent: &str, size: usize) -> Found {
    for piece in sent.as_bytes().chunks(size) {
        if let Action::Done(outcome) = attempt.handle(Event::Received(piece), &NoStream, 1002) {
            return (outcome.status, outcome.code, outcome.info);
        }
    }
    match attempt.handle(Event::Closed, &NoStream, 1003) {
        Action::Done(outcome) => (outcome.status, outcome.code, outcome.info),
        action => panic!("no outcome: {action:?}"),
    }
}

fn regex(text: &str) -> Regex {
    Regex::new(text, false).expect("a pattern")
}

fn text(text: &str) -> Pattern {
    Pattern::Text(text.into())
}

#[test]
fn http_responses_as_observed() {
    let header = |name: &str, value: Option<&str>, full| {
        let text = |text: &str| TextMatch::Text {
            method: MatchMethod::Str,
            text: TextSource::Fixed(text.as_bytes().into()),
        };
        Pattern::Header(HeaderPattern { full, name: text(name), value: value.map(text) })
    };
    let fine = || response(200, "Fine", "hello world");
    let unmatched = "HTTP content check did not match";
    let no_body = "HTTP content check could not find a response body";
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
        (
            vec![],
            false,
            "HTTP/1.1 503\r\n\r\n".into(),
            (L7Status, Some(503), "TCPCHK did not match content(status codes) at step 2"),
        ),
        (
            expect(false, Pattern::StatusRegex(regex("^3"))),
            false,
            "HTTP/1.1 200\r\n\r\n".into(),
            (L7Status, Some(200), "TCPCHK did not match content (regex) at step 1"),
        ),
        (expect(false, text("world")), false, fine(), (L7Ok, Some(200), "")),
        (expect(false, text("word")), false, fine(), (L7Response, None, unmatched)),
        (
            expect(true, text("world")),
            false,
            fine(),
            (L7Response, None, "HTTP check matched unwanted content"),
        ),
        (expect(true, text("word")), false, fine(), (L7Ok, Some(200), "")),
        (expect(false, text("a")), false, response(200, "Fine", ""), (L7Response, None, no_body)),
        (expect(true, text("a")), false, response(200, "Fine", ""), (L7Response, None, no_body)),
        (
            expect(false, Pattern::Regex(regex("w.rld"))),
            false,
            response(200, "Fine", "hello"),
            (L7Response, None, unmatched),
        ),
        (expect(false, Pattern::Regex(regex("w.rld"))), false, fine(), (L7Ok, Some(200), "")),
        (expect(false, Pattern::Status(vec![(404, 404)])), false, fine(), (L7Status, Some(200), "Fine")),
        (
            expect(false, Pattern::Status(vec![(400, 404), (500, 500)])),
            false,
            response(404, "Fine", "ok"),
            (L7Ok, Some(404), ""),
        ),
        (expect(true, Pattern::Status(vec![(200, 200)])), false, fine(), (L7Status, Some(200), "Fine")),
        (expect(false, Pattern::StatusRegex(regex("^3"))), false, fine(), (L7Status, Some(200), "Fine")),
        (expect(false, header("X-A", Some("two"), false)), false, fine(), (L7Ok, Some(200), "")),
        (expect(false, header("x-a", Some("TWO"), false)), false, fine(), (L7Status, Some(200), "Fine")),
        (expect(false, header("x-a", Some("two"), true)), false, fine(), (L7Status, Some(200), "Fine")),
        (expect(false, header("x-a", Some("one, two"), true)), false, fine(), (L7Ok, Some(200), "")),
        (expect(true, header("x-b", None, false)), false, fine(), (L7Ok, Some(200), "")),
        (vec![], true, response(404, "Fine", "ok"), (L7OkConditional, Some(404), "")),
    ];
    for (expect, disable_on_404, sent, (status, code, info)) in cases {
        for size in [1, 7, 4096] {
            let found = run(http(expect.clone(), disable_on_404), &sent, size);
            assert_eq!(found, (status, code, info.to_owned()), "{sent:?}");
        }
    }
}

#[test]
fn string_is_found_in_chunks() {
    let sent =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n8;x=1\r\nlo world\r\n0\r\n\r\n";
    assert_eq!(run(http(expect(false, text("hello")), false), sent, 5).0, L7Ok);
}

fn step(kind: StepKind, comment: Option<&str>) -> Step {
    Step { kind, comment: comment.map(Into::into) }
}

fn tcp(steps: Vec<Step>, connects_by_itself: bool) -> Attempt {
    let connect = Connect { as_server: connects_by_itself, ..Connect::default() };
    let steps = std::iter::once(step(StepKind::Connect(connect), None)).chain(steps).collect();
    started(Ruleset { language: Language::TcpCheck, steps, connects_by_itself, ..Ruleset::default() })
}

fn expecting(negated: bool, pattern: Pattern, min_recv: Option<u32>) -> StepKind {
    StepKind::Expect(Box::new(Expect { min_recv, ..Expect::new(negated, pattern) }))
}

/// After the connection, one expectation.
fn banner(negated: bool, pattern: Pattern, min_recv: Option<u32>) -> Attempt {
    let mut attempt = tcp(vec![step(expecting(negated, pattern, min_recv), None)], true);
    assert_eq!(attempt.handle(Event::Connected, &NoStream, 1001), Action::Wait);
    attempt
}

#[test]
fn tcp_banners_as_observed() {
    let found = |attempt, sent| run(attempt, sent, 4096);
    let wrong = |info: &str| (L7Response, None, info.to_owned());
    let right = || (L7Ok, Some(0), "(tcp-check)".to_owned());
    assert_eq!(found(banner(false, text("+OK"), None), "+OK ready\r\n"), right());
    assert_eq!(
        found(banner(false, text("+OK"), None), "-ERR no\r\n"),
        wrong("TCPCHK did not match content '+OK' at step 1")
    );
    assert_eq!(found(banner(false, text("+OK"), None), ""), wrong("TCPCHK got an empty response at step 1"));
    assert_eq!(
        found(banner(true, text("ERR"), None), "-ERR no\r\n"),
        wrong("TCPCHK matched unwanted content 'ERR' at step 1")
    );
    assert_eq!(
        found(banner(true, Pattern::BinaryRegex(regex("^2D")), None), "-ERR"),
        wrong("TCPCHK matched unwanted content (binary regex) at step 1")
    );
    assert_eq!(found(banner(false, Pattern::BinaryRegex(regex("^2B4F")), None), "+OK"), right());
}

/// An absent pattern is waited for, unless `min-recv` bytes are there.
#[test]
fn how_long_a_pattern_is_waited_for() {
    let received = |mut attempt: Attempt, bytes: &str| {
        matches!(attempt.handle(Event::Received(bytes.as_bytes()), &NoStream, 1002), Action::Done(_))
    };
    assert!(!received(banner(false, text("OK"), None), "-ERR"));
    assert!(!received(banner(true, text("OK"), None), "-ERR"));
    assert!(received(banner(false, text("OK"), Some(0)), "-ERR"));
    assert!(received(banner(true, text("OK"), Some(0)), "-ERR"));
    assert!(!received(banner(false, text("LATE"), Some(0)), "+OK"));
    assert!(!received(banner(false, text("LA"), Some(5)), "+OK"));
    assert!(!received(banner(false, Pattern::Regex(regex("O")), Some(100)), "+OK"));
}

#[test]
fn steps_are_named_in_failures() {
    let failure = |attempt: &mut Attempt, event| match attempt.handle(event, &NoStream, 1002) {
        Action::Done(outcome) => (outcome.status, outcome.info),
        action => panic!("no outcome: {action:?}"),
    };
    let refused = "ECONNREFUSED returned by OS (Connection refused)";
    let mut attempt = tcp(vec![step(expecting(false, text("+OK"), None), None)], true);
    let (status, info) = failure(&mut attempt, Event::ConnectFailed(111));
    assert_eq!((status, info), (L4Connection, format!("{refused} at initial connection step of tcp-check")));
    let mut attempt = tcp(vec![], false);
    let (_, info) = failure(&mut attempt, Event::ConnectFailed(111));
    assert_eq!(info, format!("{refused} at step 1 of tcp-check (connect)"));
    let mut attempt = banner(false, text("OK"), None);
    let (status, info) = failure(&mut attempt, Event::TimedOut);
    assert_eq!((status, &*info), (L7Timeout, " at step 1 of tcp-check (expect string 'OK')"));
    let there = StepKind::Connect(Connect { port: Some(ConnectPort::Number(81)), ..Connect::default() });
    let steps = vec![step(expecting(false, text("A"), None), None), step(there, Some("try there"))];
    let mut attempt = tcp(steps, false);
    assert_eq!(attempt.handle(Event::Connected, &NoStream, 1001), Action::Wait);
    assert!(matches!(attempt.handle(Event::Received(b"A"), &NoStream, 1001), Action::Open(_)));
    let (_, info) = failure(&mut attempt, Event::ConnectFailed(111));
    assert_eq!(info, format!("{refused} at step 3 of tcp-check (connect port 81) comment: 'try there'"));
}

/// Two expectations may meet the same bytes; what was received before something is sent is gone.
#[test]
fn what_a_second_expectation_sees() {
    let sends = StepKind::Send(Send::Bytes(Arc::from(&b"b\n"[..])));
    let a = || step(expecting(false, text("A"), None), None);
    let attempt = tcp(vec![a(), step(expecting(false, text("B"), None), None)], true);
    let connected = |mut attempt: Attempt| {
        assert_eq!(attempt.handle(Event::Connected, &NoStream, 1001), Action::Wait);
        attempt
    };
    assert_eq!(run(connected(attempt), "AB\n", 4096).0, L7Ok);
    let mut attempt = connected(tcp(vec![a(), step(sends, None), a()], true));
    assert_eq!(attempt.handle(Event::Received(b"A\n"), &NoStream, 1001), Action::Send(b"b\n".to_vec()));
    assert_eq!(attempt.handle(Event::Sent, &NoStream, 1001), Action::Wait);
    assert_eq!(run(attempt, "C", 1).2, "TCPCHK did not match content 'A' at step 3");
}

#[test]
fn connections() {
    let done = |status, info: &str, duration_ms| {
        Action::Done(Outcome { status, code: None, info: info.into(), duration_ms })
    };
    let start = || started(Ruleset::connect());
    assert_eq!(start().handle(Event::Connected, &NoStream, 1003), done(L4Ok, "", 3));
    let refused = "ECONNREFUSED returned by OS (Connection refused)";
    assert_eq!(start().handle(Event::ConnectFailed(111), &NoStream, 1000), done(L4Connection, refused, 0));
    assert_eq!(start().deadline_ms(), 1400);
    assert_eq!(start().handle(Event::TimedOut, &NoStream, 1399), done(L4Timeout, "", 399));
    assert_eq!(http(vec![], false).handle(Event::TimedOut, &NoStream, 1302), done(L7Timeout, "", 302));
    assert_eq!(tcp(vec![], false).handle(Event::Connected, &NoStream, 1003), done(L4Ok, "(tcp-check)", 3));
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
        let format = |value: &str| weir_sample::Format {
            parts: [weir_sample::FormatPart::Text(value.into())].into(),
            mode: weir_sample::FormatMode::Tcp,
            span: Default::default(),
            unsupported: None,
        };
        let send = HttpSend {
            method: method.into(),
            uri: Uri::Fixed(uri.into()),
            version: version.into(),
            headers: headers.iter().map(|(name, value)| ((*name).into(), format(value))).collect(),
            body: (!body.is_empty()).then(|| Uri::Fixed(body.into())),
        };
        let write = |format: &weir_sample::Format<weir_sample::Resolved>| {
            let mut out = Vec::new();
            format.write(&NoStream, &mut out);
            out
        };
        String::from_utf8(send.bytes(None, &write)).expect("text")
    };
    let headers = [("host", "a.b"), ("x-y", "z")];
    assert_eq!(
        request("POST", "/x", "HTTP/1.1", &headers, "abc"),
        "POST /x HTTP/1.1\r\nhost: a.b\r\nx-y: z\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc"
    );
    assert_eq!(
        request("HEAD", "/abc", "HTTP/1.1", &[], ""),
        "HEAD /abc HTTP/1.1\r\nconnection: close\r\n\r\n"
    );
    assert_eq!(request("POST", "/", "HTTP/1.0", &[], ""), "POST / HTTP/1.0\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(request("DELETE", "/", "HTTP/1.0", &[], ""), "DELETE / HTTP/1.0\r\n\r\n");
    let kept = [("Connection", "keep-alive"), ("Content-Length", "99"), ("Transfer-Encoding", "chunked")];
    assert_eq!(
        request("POST", "/p", "HTTP/1.0", &kept, "<s1>"),
        "POST /p HTTP/1.0\r\ncontent-length: 4\r\nconnection: keep-alive\r\n\r\n<s1>"
    );
    let upgrade = [("Host", "a"), ("Connection", "upgrade"), ("Upgrade", "x")];
    assert_eq!(
        request("GET", "/p", "HTTP/1.1", &upgrade, ""),
        "GET /p HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"
    );
    assert_eq!(
        request("GET", "/", "HTTP/1.1", &[("Host", "h"), ("Connection", "keep-alive"), ("X", "y")], ""),
        "GET / HTTP/1.1\r\nhost: h\r\nx: y\r\n\r\n"
    );
    assert_eq!(
        request("GET", "http://other/x", "HTTP/1.1", &[("Host", "www")], ""),
        "GET http://www/x HTTP/1.1\r\nhost: www\r\nconnection: close\r\n\r\n"
    );
}

#[test]
fn the_state_in_a_request() {
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
    let bytes = HttpSend::default().bytes(Some(&state.value()), &|_| Vec::new());
    assert_eq!(
        bytes,
        b"OPTIONS / HTTP/1.0\r\nx-haproxy-server-state: UP; address=127.0.0.1; port=25130; name=state/s1; \
          node=vm; weight=1/1; scur=0/0; qcur=0\r\n\r\n"
    );
}
