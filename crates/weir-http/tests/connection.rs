//! `connection:` towards either side in every mode. Expected bytes were read from HAProxy 2.8 on loopback.

use weir_http::persistence::{Mode, server_connection_reusable, towards_client, towards_server};
use weir_http::{
    Limits, Request, Response, Status, WriteOptions, parse_request, parse_response, write_request,
    write_response,
};

const PLAIN: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const CLOSE: &str = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const OLD: &str = "GET / HTTP/1.0\r\n\r\n";
const OLD_KEPT: &str = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n";
const OLD_UPGRADE: &str = "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n";
const OLD_CHUNKED: &str = "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n";

fn request(text: &str) -> Request {
    let mut request = Request::new();
    let status = parse_request(text.as_bytes(), &Limits::default(), &mut request).expect("valid");
    assert_eq!(status, Status::Complete { consumed: text.len() });
    request
}

fn response(text: &str, request: &Request) -> Response {
    let mut response = Response::new();
    parse_response(text.as_bytes(), &Limits::default(), request, &mut response).expect("valid");
    response
}

fn sent_to_server(text: &str, frontend: Mode, backend: Mode, pretend: bool) -> String {
    let request = request(text);
    let told = towards_server(&request, frontend, backend, pretend);
    let mut out = Vec::new();
    write_request(
        &request,
        &WriteOptions { announce: told.announce, case_adjust: None, ..Default::default() },
        &mut out,
    );
    String::from_utf8(out).expect("text")
}

/// What the client reads, and whether its connection stays.
fn sent_to_client(asked: &str, answered: &str, frontend: Mode) -> (String, bool) {
    let request = request(asked);
    let response = response(answered, &request);
    let told = towards_client(&request, &response, frontend, false);
    let mut out = Vec::new();
    write_response(
        &response,
        &WriteOptions { announce: told.announce, case_adjust: None, ..Default::default() },
        &mut out,
    );
    (String::from_utf8(out).expect("text"), told.persistent)
}

#[test]
fn the_server_is_told_by_the_backend_mode() {
    let upgrade = "GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n";
    let old_upgrade = "GET / HTTP/1.0\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n";
    for mode in [Mode::KeepAlive, Mode::ServerClose, Mode::Close] {
        for pretend in [false, true] {
            let kept = mode == Mode::KeepAlive || pretend;
            let close = if kept { "" } else { "connection: close\r\n" };
            let keep = if kept { "connection: keep-alive\r\n" } else { "" };
            let keep_chunked = if pretend { "connection: keep-alive\r\n" } else { "" };
            let got = |text| sent_to_server(text, Mode::KeepAlive, mode, pretend);
            assert_eq!(got(PLAIN), format!("GET / HTTP/1.1\r\nhost: h\r\n{close}\r\n"));
            assert_eq!(got(CLOSE), format!("GET / HTTP/1.1\r\nhost: h\r\n{close}\r\n"));
            assert_eq!(got(OLD), format!("GET / HTTP/1.0\r\n{keep}\r\n"));
            assert_eq!(got(OLD_KEPT), format!("GET / HTTP/1.0\r\n{keep}\r\n"));
            assert_eq!(got(UPGRADE), upgrade);
            assert_eq!(got(OLD_UPGRADE), old_upgrade);
            let chunked = format!("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n{keep_chunked}\r\n");
            assert_eq!(got(OLD_CHUNKED), chunked);
        }
    }
}

#[test]
fn frontend_and_backend_modes_combine() {
    for (frontend, backend, close) in [
        (Mode::KeepAlive, Mode::KeepAlive, false),
        (Mode::KeepAlive, Mode::ServerClose, true),
        (Mode::KeepAlive, Mode::Close, true),
        (Mode::ServerClose, Mode::KeepAlive, true),
        (Mode::ServerClose, Mode::Close, true),
        (Mode::Close, Mode::KeepAlive, false),
        (Mode::Close, Mode::ServerClose, true),
        (Mode::Close, Mode::Close, true),
    ] {
        let sent = sent_to_server(PLAIN, frontend, backend, false);
        assert_eq!(sent.contains("connection: close"), close, "{frontend:?} {backend:?}");
        let (sent, stays) = sent_to_client(PLAIN, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", frontend);
        assert_eq!(sent.contains("connection: close"), frontend == Mode::Close);
        assert_eq!(stays, frontend != Mode::Close);
    }
}

#[test]
fn the_client_is_told_in_the_words_of_the_response_version() {
    let length = "content-length: 2\r\n";
    for (answered, asked, head, connection, stays) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", PLAIN, "HTTP/1.1 200 OK", "", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", CLOSE, "HTTP/1.1 200 OK", "close", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", OLD, "HTTP/1.1 200 OK", "close", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", OLD_KEPT, "HTTP/1.1 200 OK", "keep-alive", true),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", PLAIN, "HTTP/1.0 200 OK", "keep-alive", true),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", CLOSE, "HTTP/1.0 200 OK", "", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", OLD, "HTTP/1.0 200 OK", "", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", OLD_KEPT, "HTTP/1.0 200 OK", "keep-alive", true),
        // The server's own wish to close does not concern the client.
        (
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n",
            PLAIN,
            "HTTP/1.1 200 OK",
            "",
            true,
        ),
    ] {
        let line =
            if connection.is_empty() { String::new() } else { format!("connection: {connection}\r\n") };
        let expected = (format!("{head}\r\n{length}{line}\r\n"), stays);
        assert_eq!(sent_to_client(asked, answered, Mode::KeepAlive), expected, "{answered:?} to {asked:?}");
    }
}

#[test]
fn bodies_without_a_length_end_with_the_connection() {
    for asked in [PLAIN, CLOSE, OLD, OLD_KEPT] {
        let (sent, stays) = sent_to_client(asked, "HTTP/1.1 200 OK\r\n\r\n", Mode::KeepAlive);
        assert_eq!((sent.as_str(), stays), ("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", false));
        let (sent, stays) = sent_to_client(asked, "HTTP/1.0 200 OK\r\n\r\n", Mode::KeepAlive);
        assert_eq!((sent.as_str(), stays), ("HTTP/1.0 200 OK\r\n\r\n", false));
    }
}

#[test]
fn options_of_others_stay_where_they_were() {
    let answered =
        "HTTP/1.1 200 OK\r\nConnection: keep-alive, x\r\nKeep-Alive: timeout=3\r\nContent-Length: 2\r\n\r\n";
    let expected = "HTTP/1.1 200 OK\r\nconnection: x\r\nkeep-alive: timeout=3\r\ncontent-length: 2\r\n\r\n";
    assert_eq!(sent_to_client(PLAIN, answered, Mode::KeepAlive), (expected.into(), true));
    let asked = "GET / HTTP/1.1\r\nHost: h\r\nConnection: a\r\nConnection: close\r\nConnection: b\r\n\r\n";
    let expected = "GET / HTTP/1.1\r\nhost: h\r\nconnection: a\r\nconnection: b\r\n\r\n";
    assert_eq!(sent_to_server(asked, Mode::KeepAlive, Mode::KeepAlive, false), expected);
}

/// Nothing may grow when an option is taken out: the line behind begins where it began.
#[test]
fn options_are_taken_out_of_tight_lists() {
    for (list, left) in [
        ("a,b,c,d,e,f,g,h,close", "a,b,c,d,e,f,g,h"),
        ("close,a,b,c,d,e,f,g,h", "a,b,c,d,e,f,g,h"),
        ("a,close ,b", "a,b"),
        (" a ,\tb, close", "a ,\tb"),
        ("a,b", "a,b"),
        ("x,y,upgrade", "x,y"),
        (",close,", ""),
    ] {
        let asked = format!("GET / HTTP/1.1\r\nConnection: {list}\r\nx-next: 1\r\n\r\n");
        let line = if left.is_empty() { String::new() } else { format!("connection: {left}\r\n") };
        let expected = format!("GET / HTTP/1.1\r\n{line}x-next: 1\r\n\r\n");
        assert_eq!(sent_to_server(&asked, Mode::KeepAlive, Mode::KeepAlive, false), expected, "{list:?}");
    }
}

#[test]
fn upgrades_are_passed_on_with_both_headers_or_not_at_all() {
    let plain = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";
    for (lines, expected) in [
        ("Upgrade: foo\r\n", plain),
        ("Connection: upgrade\r\n", plain),
        ("Connection: upgrade\r\nUpgrade: h2c\r\n", plain),
        (
            "Connection: upgrade\r\nUpgrade: h2c, foo\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n",
        ),
        (
            "Connection: upgrade, close\r\nUpgrade: foo\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n",
        ),
    ] {
        let asked = format!("GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n");
        assert_eq!(sent_to_server(&asked, Mode::KeepAlive, Mode::KeepAlive, false), expected, "{lines:?}");
    }
}

#[test]
fn a_switch_of_protocols_needs_a_request_for_it() {
    let websocket = "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    for (asked, lines, accepted) in [
        (UPGRADE, "Connection: upgrade\r\nUpgrade: foo\r\n", true),
        (UPGRADE, "Connection: upgrade\r\n", true),
        (UPGRADE, "Upgrade: foo\r\n", false),
        (UPGRADE, "", false),
        (PLAIN, "Connection: upgrade\r\nUpgrade: foo\r\n", false),
        (websocket, "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n", true),
        (websocket, "Connection: upgrade\r\nUpgrade: websocket\r\n", false),
        (websocket, "Connection: upgrade\r\nUpgrade: foo\r\n", true),
    ] {
        let answered = format!("HTTP/1.1 101 S\r\n{lines}\r\n");
        let mut response = Response::new();
        let parsed = parse_response(answered.as_bytes(), &Limits::default(), &request(asked), &mut response);
        assert_eq!(parsed.is_ok(), accepted, "{lines:?} to {asked:?}");
    }
}

#[test]
fn server_connections_are_kept_as_their_answer_allows() {
    for (answered, reusable) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n", true),
    ] {
        let response = response(answered, &request(PLAIN));
        assert_eq!(server_connection_reusable(&response), reusable, "{answered:?}");
    }
}
