//! Bytes through a worker: TCP and HTTP, kept alive, pipelined, chunked, tunnelled.

mod support;

use std::io::Read;
use std::net::Shutdown;

use support::*;
use weir_types::Mode;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

#[test]
fn tcp_echo_with_half_close() {
    let echo = server(|_, mut stream| {
        let text = read_to_end(&mut stream);
        say(&mut stream, &text.to_uppercase());
    });
    let mut plans = Plans::new();
    plans.listen("l", Mode::Tcp, settings(), &[echo]);
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, "hello");
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut client), "HELLO");
}

#[test]
fn tcp_server_speaks_first() {
    let greeting = server(|_, mut stream| {
        say(&mut stream, "220 ready\r\n");
        let line = read_until(&mut stream, "\r\n");
        say(&mut stream, &line);
    });
    let mut plans = Plans::new();
    plans.listen("l", Mode::Tcp, settings(), &[greeting]);
    let running = plans.start();
    let mut client = running.connect();
    assert_eq!(read_until(&mut client, "\r\n"), "220 ready\r\n");
    say(&mut client, "QUIT\r\n");
    assert_eq!(read_until(&mut client, "\r\n"), "QUIT\r\n");
    assert_eq!(read_to_end(&mut client), "");
}

#[test]
fn kept_alive_requests_share_one_server_connection() {
    let origin = server(|number, mut stream| {
        loop {
            let head = read_until(&mut stream, "\r\n\r\n");
            assert!(head.starts_with("GET /"));
            say(&mut stream, &format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}"));
        }
    });
    let mut plans = Plans::new();
    plans.listen("l", Mode::Http, settings(), &[origin]);
    let running = plans.start();
    let mut client = running.connect();
    for _ in 0..3 {
        say(&mut client, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(read_until(&mut client, "\r\n\r\n"), "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n");
        let mut body = [0];
        client.read_exact(&mut body).unwrap();
        assert_eq!(&body, b"0");
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let mut plans = Plans::new();
    plans.listen("l", Mode::Http, settings(), &[answering(OK)]);
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, &"GET / HTTP/1.1\r\nHost: h\r\n\r\n".repeat(3));
    for _ in 0..3 {
        assert_eq!(read_until(&mut client, "hello"), OK);
    }
    say(&mut client, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_eq!(
        read_to_end(&mut client),
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
    );
}

#[test]
fn chunked_both_ways() {
    let origin = server(|_, mut stream| {
        let head = read_until(&mut stream, "\r\n\r\n");
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        let body = read_until(&mut stream, "0\r\nx-trailer: t\r\n\r\n");
        assert_eq!(body, "3\r\nabc\r\n5\r\ndefgh\r\n0\r\nx-trailer: t\r\n\r\n");
        say(&mut stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n");
    });
    let mut plans = Plans::new();
    plans.listen("l", Mode::Http, settings(), &[origin]);
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    say(&mut client, "0005;ext=1\r\ndefgh\r\n0\r\nX-Trailer: t\r\n\r\n");
    let response = read_until(&mut client, "0\r\n\r\n");
    assert!(response.ends_with("\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"), "{response}");
}

#[test]
fn large_bodies_pass_whole() {
    const SIZE: usize = 3 << 20;
    let origin = server(|_, mut stream| {
        let head = read_until(&mut stream, "\r\n\r\n");
        assert!(head.contains(&format!("content-length: {SIZE}")));
        let mut body = vec![0; SIZE];
        stream.read_exact(&mut body).unwrap();
        say(&mut stream, &format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n"));
        std::io::Write::write_all(&mut stream, &body).unwrap();
    });
    let mut plans = Plans::new();
    plans.listen("l", Mode::Http, settings(), &[origin]);
    let running = plans.start();
    let mut client = running.connect();
    let sent: Vec<u8> = (0..SIZE).map(|at| ((at * 31) >> 3) as u8).collect();
    say(&mut client, &format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {SIZE}\r\n\r\n"));
    let mut writer = client.try_clone().unwrap();
    let copy = sent.clone();
    let writing = std::thread::spawn(move || std::io::Write::write_all(&mut writer, &copy).unwrap());
    read_until(&mut client, "\r\n\r\n");
    let mut received = vec![0; SIZE];
    client.read_exact(&mut received).unwrap();
    writing.join().unwrap();
    assert!(received == sent);
}

#[test]
fn websocket_upgrade_becomes_a_tunnel() {
    let origin = server(|_, mut stream| {
        let head = read_until(&mut stream, "\r\n\r\n");
        assert!(head.contains("upgrade: websocket"), "{head}");
        say(
            &mut stream,
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhi",
        );
        let frame = read_until(&mut stream, "frame");
        say(&mut stream, &frame);
    });
    let mut plans = Plans::new();
    plans.listen("l", Mode::Http, settings(), &[origin]);
    let running = plans.start();
    let mut client = running.connect();
    say(
        &mut client,
        "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    let head = read_until(&mut client, "\r\n\r\nhi");
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    say(&mut client, "frame");
    assert_eq!(read_to_end(&mut client), "frame");
}

#[test]
fn refused_connection_is_503() {
    let (socket, address) = listening();
    drop(socket);
    let mut plans = Plans::new();
    let mut settings = settings();
    settings.retries = 0;
    plans.listen("l", Mode::Http, settings, &[address]);
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let head = read_until(&mut client, "\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 107\r\n"), "{head}");
}

#[test]
fn broken_request_is_400() {
    let mut plans = Plans::new();
    plans.listen("l", Mode::Http, settings(), &[answering(OK)]);
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, "GE\u{1}T / HTTP/1.1\r\n\r\n");
    let answer = read_to_end(&mut client);
    assert!(answer.starts_with("HTTP/1.1 400 Bad request\r\nContent-length: 90\r\n"), "{answer}");
}

#[test]
fn soft_stop_waits_for_the_last_request() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let (came, arrived) = std::sync::mpsc::channel();
    let origin = server(move |_, mut stream| {
        read_until(&mut stream, "\r\n\r\n");
        came.send(()).unwrap();
        wait.lock().unwrap().recv().unwrap();
        say(&mut stream, OK);
    });
    let mut plans = Plans::new();
    plans.listen("l", Mode::Http, settings(), &[origin]);
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    arrived.recv().unwrap();
    let stopping = std::thread::spawn(move || running.stop());
    go.send(()).unwrap();
    assert!(read_to_end(&mut client).ends_with("hello"));
    assert_eq!(stopping.join().unwrap(), weir_engine::Exit::Drained);
}

/// As HAProxy does it: an orderly end would keep a source port in TIME_WAIT for each request.
#[test]
fn server_connections_are_reset_over_http_and_closed_in_order_over_tcp() {
    let (ended, ends) = std::sync::mpsc::channel();
    let origin = server(move |_, mut stream| {
        read_until(&mut stream, "\r\n\r\n");
        say(&mut stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        ended.send(stream.read(&mut [0]).map_err(|error| error.kind())).unwrap();
    });
    let mut plans = Plans::new();
    plans.listen("h", Mode::Http, settings(), &[origin]);
    plans.listen("t", Mode::Tcp, settings(), &[origin]);
    let running = plans.start();
    for (listener, expected) in [(0, Err(std::io::ErrorKind::ConnectionReset)), (1, Ok(0))] {
        let mut client = connect(running.address(listener));
        say(&mut client, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        if listener == 1 {
            // Over HTTP the server would be told of it.
            client.shutdown(Shutdown::Write).unwrap();
        }
        assert!(read_to_end(&mut client).starts_with("HTTP/1.1 200 OK\r\n"));
        assert_eq!(ends.recv().unwrap(), expected);
    }
}
