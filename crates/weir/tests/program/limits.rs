//! `maxconn` over several workers is one limit, and exact.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::running::{Place, Running, get, until};
use crate::tables::command;

const LIMIT: usize = 3;

fn frontend(socket: &str, column: &str) -> Option<usize> {
    let reply = command(socket, "show stat f 1 -1");
    let mut lines = reply.lines();
    let at = lines.next()?.split(',').position(|name| name.trim_start_matches("# ") == column)?;
    lines.next()?.split(',').nth(at)?.parse().ok()
}

/// A connection that asks and stays.
fn ask(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

fn is_answered(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 512]) {
        Ok(length) => {
            assert!(length > 0, "closed instead of answered");
            true
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            false
        }
    }
}

/// `limit` is a line of `global`, one of the frontend, or an option of its listener.
fn never_more(name: &str, port: u16, global: &str, of_frontend: &str, of_bind: &str) {
    let place = Place::new(name);
    let socket = place.path("stats.sock");
    let text = format!(
        "global\n nbthread 4\n stats socket {socket} level admin\n{global}\ndefaults\n mode http\n \
         timeout client 60s\n timeout http-keep-alive 60s\nfrontend f\n backlog 1000\n bind 127.0.0.1:{port} {of_bind}\n{of_frontend}\n \
         http-request return status 200 content-type text/plain string a\n"
    );
    let file = place.write("a.cfg", &text);
    let _running = Running::start(&place, &["-W", "-f", &file]);
    until("service", || get(port));
    let mut waiting: Vec<TcpStream> = (0..24).map(|_| ask(port)).collect();
    let mut served = Vec::new();
    while !waiting.is_empty() {
        let wanted = LIMIT.min(waiting.len());
        until("as many as may be", || {
            served.extend(waiting.extract_if(.., is_answered));
            (served.len() >= wanted).then_some(())
        });
        assert!(served.len() <= LIMIT, "{} at once", served.len());
        // Each place that becomes free is the next one's, whichever worker has it.
        served.clear();
    }
    let clients: Vec<_> = (0..16)
        .map(|_| std::thread::spawn(move || (0..40).filter(|_| get(port).is_some()).count()))
        .collect();
    assert_eq!(clients.into_iter().map(|client| client.join().unwrap()).sum::<usize>(), 16 * 40);
    until("the largest number", || (frontend(&socket, "smax") == Some(LIMIT)).then_some(()));
    until("nobody", || (frontend(&socket, "scur") == Some(0)).then_some(()));
}

#[test]
fn four_workers_never_serve_more_connections_than_one_may() {
    never_more("maxconn-global", 22510, &format!(" maxconn {LIMIT}"), "", "");
    never_more("maxconn-frontend", 22511, "", &format!(" maxconn {LIMIT}"), "");
    never_more("maxconn-listener", 22512, "", "", &format!("maxconn {LIMIT}"));
}
