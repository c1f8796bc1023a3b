//! Timeouts, retries, queues, limits and plans that change under traffic.

mod support;

use std::io::Read;
use std::net::TcpStream;
use std::sync::{Arc, mpsc};

use support::*;
use weir_engine::worker::Control;
use weir_plan::settings::{Redispatch, ServerSettings};
use weir_types::Mode;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

fn status(stream: &mut TcpStream) -> String {
    let head = read_until(stream, "\r\n\r\n");
    head.split(' ').nth(1).unwrap().to_string()
}

#[test]
fn slow_request_is_408() {
    let mut plans = Plans::new();
    let mut settings = settings();
    settings.timeouts.http_request = Some(50);
    plans.listen("l", Mode::Http, settings, &[answering(OK)]);
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, "GET / HTTP/1.1\r\n");
    let answer = read_to_end(&mut client);
    assert!(answer.starts_with("HTTP/1.1 408 Request Time-out\r\nContent-length: 110\r\n"), "{answer}");
}

#[test]
fn idle_connection_ends_silently() {
    let mut plans = Plans::new();
    let mut settings = settings();
    settings.timeouts.http_keep_alive = Some(50);
    plans.listen("l", Mode::Http, settings, &[answering(OK)]);
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, GET);
    assert_eq!(read_to_end(&mut client), OK);
}

#[test]
fn silent_server_is_504() {
    let silent = server(|_, mut stream| {
        read_to_end(&mut stream);
    });
    let mut plans = Plans::new();
    let mut settings = settings();
    settings.timeouts.server = Some(50);
    plans.listen("l", Mode::Http, settings, &[silent]);
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, GET);
    assert_eq!(status(&mut client), "504");
}

#[test]
fn closing_server_is_502() {
    let closing = server(|_, mut stream| {
        read_until(&mut stream, "\r\n\r\n");
    });
    let mut plans = Plans::new();
    plans.listen("l", Mode::Http, settings(), &[closing]);
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, GET);
    assert_eq!(status(&mut client), "502");
}

#[test]
fn redispatch_finds_the_server_that_stands() {
    let (socket, refusing) = listening();
    drop(socket);
    let mut plans = Plans::new();
    let mut settings = settings();
    settings.options.redispatch = Redispatch::Every(1);
    plans.listen("l", Mode::Http, settings, &[refusing, answering(OK)]);
    let running = plans.start();
    for _ in 0..2 {
        let mut client = running.connect();
        say(&mut client, GET);
        assert_eq!(read_until(&mut client, "hello"), OK);
    }
}

#[test]
fn pooled_connection_that_was_closed_is_replaced() {
    let origin = server(|_, mut stream| {
        read_until(&mut stream, "\r\n\r\n");
        say(&mut stream, OK);
    });
    let mut plans = Plans::new();
    plans.listen("l", Mode::Http, settings(), &[origin]);
    let running = plans.start();
    let mut client = running.connect();
    for _ in 0..3 {
        say(&mut client, GET);
        assert_eq!(read_until(&mut client, "hello"), OK);
    }
}

#[test]
fn full_server_makes_requests_wait_in_turn() {
    let (arrived, arrivals) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let origin = server(move |_, mut stream| {
        let head = read_until(&mut stream, "\r\n\r\n");
        arrived.send(head.split(' ').nth(1).unwrap().to_string()).unwrap();
        wait.lock().unwrap().recv().unwrap();
        say(&mut stream, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
    });
    let mut plans = Plans::new();
    plans.listen("l", Mode::Http, settings(), &[origin]);
    Arc::make_mut(&mut plans.plan.servers[0]).settings =
        ServerSettings { maxconn: 1, ..ServerSettings::default() }.into();
    let queued = plans.shm.backend(plans.plan.proxies[0].backend_slot);
    let running = plans.start();
    let mut clients = Vec::new();
    for number in 0..3 {
        let mut client = running.connect();
        say(&mut client, &format!("GET /{number} HTTP/1.1\r\nHost: h\r\n\r\n"));
        if number == 0 {
            assert_eq!(arrivals.recv_timeout(PATIENCE).unwrap(), "/0");
        } else {
            // The order of arrival is the order of service: the next comes when this one waits.
            await_that(|| queued.sum(|counters| counters.qcur.value()) == number);
        }
        clients.push(client);
    }
    for (number, client) in clients.iter_mut().enumerate() {
        go.send(()).unwrap();
        assert_eq!(status(client), "200");
        if number < 2 {
            assert_eq!(arrivals.recv_timeout(PATIENCE).unwrap(), format!("/{}", number + 1));
        }
    }
}

#[test]
fn queue_timeout_is_503() {
    let (arrived, arrivals) = mpsc::channel();
    let origin = server(move |_, mut stream| {
        read_until(&mut stream, "\r\n\r\n");
        arrived.send(()).unwrap();
        read_to_end(&mut stream);
    });
    let mut plans = Plans::new();
    let mut settings = settings();
    settings.timeouts.queue = Some(50);
    plans.listen("l", Mode::Http, settings, &[origin]);
    Arc::make_mut(&mut plans.plan.servers[0]).settings =
        ServerSettings { maxconn: 1, ..ServerSettings::default() }.into();
    let running = plans.start();
    let mut first = running.connect();
    say(&mut first, GET);
    arrivals.recv_timeout(PATIENCE).unwrap();
    let mut second = running.connect();
    say(&mut second, GET);
    assert_eq!(status(&mut second), "503");
}

#[test]
fn connections_beyond_maxconn_wait_in_the_accept_queue() {
    let mut plans = Plans::new();
    plans.listen("l", Mode::Http, settings(), &[answering(OK)]);
    let proxy = Arc::get_mut(&mut plans.plan.proxies[0]).unwrap();
    Arc::get_mut(proxy.frontend.as_mut().unwrap()).unwrap().maxconn = Some(1);
    let running = plans.start();
    let mut first = running.connect();
    say(&mut first, GET);
    assert_eq!(read_until(&mut first, "hello"), OK);
    let mut second = running.connect();
    say(&mut second, GET);
    drop(first);
    assert_eq!(read_until(&mut second, "hello"), OK);
}

/// A kept-alive connection sees the new plan at its next request; a running one keeps the old.
#[test]
fn swap_moves_kept_alive_connections_to_the_new_plan() {
    let mut plans = Plans::new();
    let shm = plans.shm;
    plans.listen(
        "l",
        Mode::Http,
        settings(),
        &[answering("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nold")],
    );
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, GET);
    assert!(read_until(&mut client, "old").ends_with("old"));
    let mut next = Plans::again(shm);
    next.plan.generation = 1;
    next.listen("l", Mode::Http, settings(), &[answering("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nnew")]);
    running.swap(next.plan);
    say(&mut client, GET);
    assert!(read_until(&mut client, "new").ends_with("new"));
}

#[test]
fn removed_listener_serves_what_it_accepted() {
    let mut plans = Plans::new();
    let shm = plans.shm;
    plans.listen("l", Mode::Http, settings(), &[answering(OK)]);
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, GET);
    assert_eq!(read_until(&mut client, "hello"), OK);
    running.swap(Plans::again(shm).plan);
    say(&mut client, GET);
    let last = read_to_end(&mut client);
    assert!(last.contains("connection: close") && last.ends_with("hello"), "{last}");
    assert!(TcpStream::connect(running.address(0)).is_err());
}

#[test]
fn tunnel_outlives_its_plan() {
    let echo = server(|_, mut stream| {
        let mut byte = [0];
        while stream.read(&mut byte).is_ok_and(|count| count > 0) {
            std::io::Write::write_all(&mut stream, &byte).unwrap();
        }
    });
    let mut plans = Plans::new();
    let shm = plans.shm;
    plans.listen("l", Mode::Tcp, settings(), &[echo]);
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, "a");
    assert_eq!(read_until(&mut client, "a"), "a");
    running.swap(Plans::again(shm).plan);
    say(&mut client, "b");
    assert_eq!(read_until(&mut client, "b"), "b");
}

#[test]
fn hard_stop_ends_at_once() {
    let mut plans = Plans::new();
    plans.listen("l", Mode::Http, settings(), &[answering(OK)]);
    let running = plans.start();
    let mut client = running.connect();
    say(&mut client, GET);
    assert_eq!(read_until(&mut client, "hello"), OK);
    running.control.send(Control::HardStop).unwrap();
    assert_eq!(read_to_end(&mut client), "");
}
