//! HTTP/2 connections across reloads.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::running::{Place, Running, until};

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    out
}

/// GET / http, `:authority: h`, by the static table; ends block and stream.
fn request(stream: u32) -> Vec<u8> {
    frame(HEADERS, 5, stream, b"\x82\x86\x84\x01\x01h")
}

fn next(client: &mut TcpStream) -> Option<(u8, u32, Vec<u8>)> {
    let mut header = [0; 9];
    client.read_exact(&mut header).ok()?;
    let length = u32::from_be_bytes([0, header[0], header[1], header[2]]) as usize;
    let stream = u32::from_be_bytes([header[5], header[6], header[7], header[8]]);
    let mut payload = vec![0; length];
    client.read_exact(&mut payload).ok()?;
    Some((header[3], stream, payload))
}

/// The next frame of this kind; others are passed over.
fn next_of(client: &mut TcpStream, kind: u8) -> (u32, Vec<u8>) {
    loop {
        let (found, stream, payload) = next(client).expect("the connection stands");
        if found == kind {
            return (stream, payload);
        }
    }
}

fn served(origin: &TcpListener) -> TcpStream {
    let (mut server, _) = origin.accept().unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        server.read_exact(&mut byte).unwrap();
        seen.push(byte[0]);
    }
    server
}

fn last_stream(goaway: &[u8]) -> u32 {
    u32::from_be_bytes([goaway[0], goaway[1], goaway[2], goaway[3]])
}

#[test]
fn no_request_is_lost_when_a_frontend_leaves() {
    let place = Place::new("http2-leaves");
    let origin = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = origin.local_addr().unwrap();
    let of = |name: &str, port: u16| format!("frontend {name}\n bind 127.0.0.1:{port}\n default_backend b\n");
    let rest = format!(
        "global\n nbthread 2\ndefaults\n mode http\n timeout connect 10s\n timeout client 20s\n timeout server 20s\n\
         backend b\n server s {server}\n"
    );
    let file = place.write("a.cfg", &format!("{rest}{}{}", of("stays", 22501), of("leaves", 22500)));
    let running = Running::start(&place, &["-W", "-f", &file]);
    until("start", || place.read("errors").contains("Loading success.").then_some(()));

    let mut client = until("service", || TcpStream::connect("127.0.0.1:22500").ok());
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    client.write_all(&frame(SETTINGS, 0, 0, b"")).unwrap();
    client.write_all(&request(1)).unwrap();
    let mut first = served(&origin);

    place.write("a.cfg", &format!("{rest}{}", of("stays", 22501)));
    running.signal(nix::libc::SIGUSR2);
    let (_, leave) = next_of(&mut client, GOAWAY);
    assert_eq!(last_stream(&leave), 0x7fff_ffff, "what is under way is still taken");
    until("the end of the listener", || TcpStream::connect("127.0.0.1:22500").is_err().then_some(()));

    // Sent before the client could know.
    client.write_all(&request(3)).unwrap();
    let mut second = served(&origin);
    for server in [&mut second, &mut first] {
        server.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    }
    let mut answered = [next_of(&mut client, HEADERS).0, next_of(&mut client, HEADERS).0];
    answered.sort_unstable();
    assert_eq!(answered, [1, 3]);
    let (_, end) = next_of(&mut client, GOAWAY);
    assert_eq!(last_stream(&end), 3, "what was served");
    assert_eq!(next(&mut client), None);
}
