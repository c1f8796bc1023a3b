//! Both roles against each other in memory: what is written at one end is read at the other as the message it was.

use std::io::IoSlice;
use std::task::{Context, Poll, Waker};

use super::frame::{FrameHeader, HEADER, flag, kind, setting, write_frame, write_settings};
use super::*;
use crate::{BodyKind, Method, Request};

/// A client's connection and a server's, joined.
struct Pair {
    client: Connection,
    server: Connection,
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Moves the output of one to the other, `size` bytes at a time.
fn move_output(from: &mut Connection, to: &mut Connection, size: usize) -> bool {
    let bytes = from.output().to_vec();
    bytes.chunks(size).for_each(|piece| to.receive(piece));
    from.sent(bytes.len());
    !bytes.is_empty()
}

impl Pair {
    fn new(config: Config) -> Self {
        Self { client: Connection::new(Role::Client, config), server: Connection::new(Role::Server, config) }
    }

    fn exchange(&mut self, size: usize) {
        while move_output(&mut self.client, &mut self.server, size)
            | move_output(&mut self.server, &mut self.client, size)
        {}
    }
}

/// Writes as much as is taken and answers how much was.
fn write(connection: &mut Connection, id: &mut u32, text: &[u8]) -> usize {
    match connection.write(&mut cx(), id, &[IoSlice::new(text)]) {
        Poll::Ready(outcome) => outcome.expect("an open stream"),
        Poll::Pending => 0,
    }
}

/// Everything that can be read of a stream now.
fn read(connection: &mut Connection, id: u32) -> Vec<u8> {
    let (mut all, mut room) = (Vec::new(), [0; 1000]);
    while let Poll::Ready(Ok(count @ 1..)) = connection.read(&mut cx(), id, &mut room) {
        all.extend_from_slice(&room[..count]);
    }
    all
}

#[test]
fn a_request_and_its_answer_however_they_are_cut() {
    for size in [1, 2, 7, 100_000] {
        let mut pair = Pair::new(Config::default());
        let mut id = pair.client.open();
        let text =
            b"POST http://h/a?b HTTP/1.1\r\nhost: h\r\ncookie: a=1\r\ntransfer-encoding: chunked\r\n\r\n\
            3\r\nabc\r\n0\r\nx-t: 1\r\n\r\n";
        assert_eq!(write(&mut pair.client, &mut id, text), text.len());
        assert_eq!(id, 1);
        pair.exchange(size);
        assert_eq!(pair.server.accept(), Some(1));
        let mut request = Request::new();
        pair.server.take_request(1, &mut request).expect("a request");
        assert_eq!((request.method(), request.target()), (Method::Post, &b"http://h/a?b"[..]));
        assert_eq!(request.wire_target(), b"/a?b");
        assert_eq!((request.body, request.headers.find(b"cookie")), (BodyKind::Chunked, Some(&b"a=1"[..])));
        let body = String::from_utf8(read(&mut pair.server, 1)).expect("text");
        assert!(body.ends_with("0\r\nx-t: 1\r\n\r\n"), "{body}");
        let mut data: String = body.split("\r\n").skip(1).step_by(2).collect();
        data.truncate(3);
        assert_eq!(data, "abc");
        let interim = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
        assert_eq!(write(&mut pair.server, &mut id, interim), interim.len());
        assert_eq!(write(&mut pair.server, &mut id, answer), answer.len());
        pair.exchange(size);
        let expected = "HTTP/2.0 103 Informational\r\nlink: </a>\r\n\r\n\
            HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\nok";
        assert_eq!(String::from_utf8(read(&mut pair.client, 1)).expect("text"), expected);
        pair.server.close(1, Closing::Complete);
        pair.client.close(1, Closing::Complete);
        pair.exchange(size);
        assert_eq!((pair.client.active(), pair.server.active()), (0, 0));
        assert_eq!((pair.client.glitches(), pair.server.glitches()), (0, 0));
    }
}

#[test]
fn what_is_not_read_is_bounded_by_the_window_and_nothing_is_lost() {
    let config = Config { initial_window: 1000, receive_budget: 100_000, ..Config::default() };
    let mut pair = Pair::new(config);
    pair.exchange(1 << 20);
    let mut id = pair.client.open();
    let head = b"PUT / HTTP/1.1\r\nhost: h\r\ncontent-length: 50000\r\n\r\n";
    assert_eq!(write(&mut pair.client, &mut id, head), head.len());
    let body: Vec<u8> = (0..50_000u32).map(|at| at as u8).collect();
    let mut sent = write(&mut pair.client, &mut id, &body);
    assert_eq!(sent, 1000);
    pair.exchange(1 << 20);
    assert_eq!(write(&mut pair.client, &mut id, &body[sent..]), 0);
    let mut received = Vec::new();
    for _ in 0..1000 {
        received.extend(read(&mut pair.server, 1));
        pair.exchange(1 << 20);
        sent += write(&mut pair.client, &mut id, &body[sent..]);
        pair.exchange(1 << 20);
    }
    received.extend(read(&mut pair.server, 1));
    assert_eq!(received, body);
}

#[test]
fn numbers_go_out_in_order_whoever_writes_first() {
    let mut pair = Pair::new(Config::default());
    let (mut first, mut second) = (pair.client.open(), pair.client.open());
    let text = b"GET / HTTP/1.1\r\nhost: h\r\n\r\n";
    write(&mut pair.client, &mut second, text);
    write(&mut pair.client, &mut first, text);
    assert_eq!((second, first), (1, 3));
    pair.exchange(1 << 20);
    assert_eq!((pair.server.accept(), pair.server.accept()), (Some(1), Some(3)));
}

#[test]
fn a_websocket_is_an_upgrade_at_both_ends() {
    let mut pair = Pair::new(Config::default());
    pair.exchange(1 << 20);
    assert!(pair.client.peer_connects());
    let mut id = pair.client.open();
    let text = b"GET /ws HTTP/1.1\r\nhost: h\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    write(&mut pair.client, &mut id, text);
    pair.exchange(1 << 20);
    let mut request = Request::new();
    pair.server.accept().expect("a stream");
    pair.server.take_request(1, &mut request).expect("a request");
    assert_eq!((request.method(), request.headers.find(b"upgrade")), (Method::Get, Some(&b"websocket"[..])));
    // HTTP/2 needs no key; one that came is for whoever upgrades behind.
    assert!(!request.lacks_websocket_key());
    request.headers.remove(b"sec-websocket-key");
    assert!(request.lacks_websocket_key());
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
        sec-websocket-accept: x\r\n\r\nhello";
    write(&mut pair.server, &mut id, switch);
    pair.exchange(1 << 20);
    let expected = "HTTP/2.0 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
        sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello";
    assert_eq!(String::from_utf8(read(&mut pair.client, 1)).expect("text"), expected);
    write(&mut pair.client, &mut id, b"there");
    pair.client.finish(1);
    pair.exchange(1 << 20);
    assert_eq!(read(&mut pair.server, 1), b"there");
    assert_eq!(pair.server.read(&mut cx(), 1, &mut [0; 8]), Poll::Ready(Ok(0)));
}

/// What a server's connection says to these bytes behind the preface and empty settings: kinds of frames, and codes.
fn answers(input: &[u8]) -> Vec<(u8, u32, u32)> {
    let mut server = Connection::new(Role::Server, Config::default());
    server.receive(PREFACE);
    let mut settings = Vec::new();
    write_settings(&[], &mut settings);
    server.receive(&settings);
    server.sent(server.output().len());
    server.receive(input);
    let mut out = server.output();
    let mut frames = Vec::new();
    while let Some(header) = out.first_chunk::<HEADER>() {
        let header = FrameHeader::parse(header);
        let payload = &out[HEADER..HEADER + header.length as usize];
        let code = payload.last_chunk::<4>().map_or(0, |code| u32::from_be_bytes(*code));
        frames.push((header.kind, header.stream, code));
        out = &out[HEADER + header.length as usize..];
    }
    frames
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_frame(kind, flags, stream, payload, &mut out);
    out
}

/// A block of literal fields.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    fields.iter().for_each(|(name, value)| hpack::encode_field(name.as_bytes(), value.as_bytes(), &mut out));
    out
}

const GET: [(&str, &str); 4] = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "h")];

#[test]
fn faults_of_frames_end_the_connection_with_their_code() {
    let get = block(&GET);
    let whole = flag::END_HEADERS | flag::END_STREAM;
    let goaway = |input: Vec<u8>| match answers(&input).last() {
        Some((kind::GOAWAY, 0, code)) => *code,
        other => panic!("no GOAWAY but {other:?}"),
    };
    assert_eq!(goaway(frame(kind::PING, 0, 0, b"short")), ErrorCode::FrameSize as u32);
    assert_eq!(goaway(frame(kind::DATA, 0, 0, b"x")), ErrorCode::Protocol as u32);
    assert_eq!(goaway(frame(kind::DATA, 0, 1, b"x")), ErrorCode::Protocol as u32);
    assert_eq!(goaway(frame(kind::HEADERS, whole, 2, &get)), ErrorCode::Protocol as u32);
    assert_eq!(goaway(frame(kind::HEADERS, whole, 1, b"\x80")), ErrorCode::Compression as u32);
    assert_eq!(goaway(frame(kind::WINDOW_UPDATE, 0, 0, &[0; 4])), ErrorCode::Protocol as u32);
    assert_eq!(goaway(frame(kind::PUSH_PROMISE, 0, 1, &[0; 4])), ErrorCode::Protocol as u32);
    let half = [frame(kind::HEADERS, 0, 1, &get), frame(kind::PING, 0, 0, &[0; 8])].concat();
    assert_eq!(goaway(half), ErrorCode::Protocol as u32);
    let mut window = Vec::new();
    write_settings(&[(setting::INITIAL_WINDOW_SIZE, 1 << 31)], &mut window);
    assert_eq!(goaway(window), ErrorCode::FlowControl as u32);
}

#[test]
fn faults_of_messages_reset_their_stream_alone() {
    let whole = flag::END_HEADERS | flag::END_STREAM;
    let reset = |more: &[(&str, &str)]| {
        let fields = block(&[&GET[..], more].concat());
        let input = [frame(kind::HEADERS, whole, 1, &fields), frame(kind::PING, 0, 0, &[0; 8])].concat();
        answers(&input)
    };
    for field in [
        ("X-A", "b"),
        (":x", "b"),
        (":path", "/"),
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
        ("te", "gzip"),
        ("a b", "c"),
        ("a", "b\r\nc: d"),
        ("content-length", "1"),
        ("content-length", "x"),
    ] {
        let expected = vec![(kind::RST_STREAM, 1, ErrorCode::Protocol as u32), (kind::PING, 0, 0)];
        assert_eq!(reset(&[field]), expected, "{field:?}");
    }
    assert_eq!(reset(&[("te", "trailers")]), vec![(kind::PING, 0, 0)]);
}

#[test]
fn windows_that_settings_lift_beyond_the_largest_end_the_connection() {
    // RFC 9113 section 6.9.2.
    let mut settings = Vec::new();
    write_settings(&[(setting::INITIAL_WINDOW_SIZE, (1 << 31) - 1)], &mut settings);
    let input = [
        frame(kind::HEADERS, flag::END_HEADERS, 1, &block(&GET)),
        frame(kind::WINDOW_UPDATE, 0, 1, &0x7fff_0000u32.to_be_bytes()),
        settings,
    ]
    .concat();
    assert_eq!(answers(&input), [(kind::GOAWAY, 0, ErrorCode::FlowControl as u32)]);
}

#[test]
fn a_table_that_the_client_makes_empty_forgets() {
    // RFC 7541 section 4.3: `host: h` is remembered, then the table has no room.
    let whole = flag::END_HEADERS | flag::END_STREAM;
    let first = b"\x82\x86\x84\x41\x01h";
    let input =
        [frame(kind::HEADERS, whole, 1, first), frame(kind::HEADERS, whole, 3, b"\x20\x82\x86\x84\xbe")];
    assert_eq!(answers(&input.concat()), [(kind::GOAWAY, 0, ErrorCode::Compression as u32)]);
}

#[test]
fn a_server_that_allows_itself_to_push_breaks_the_rules() {
    // RFC 9113 section 6.5.2.
    let mut client = Connection::new(Role::Client, Config::default());
    client.sent(client.output().len());
    let mut settings = Vec::new();
    write_settings(&[(setting::ENABLE_PUSH, 1)], &mut settings);
    client.receive(&settings);
    assert!(client.has_ended());
    assert_eq!(client.output()[3], kind::GOAWAY);
}

/// Kinds and flags of the frames of streams that wait to be sent.
fn outgoing(connection: &Connection) -> Vec<(u8, u8)> {
    let mut out = connection.output();
    let mut frames = Vec::new();
    while let Some(header) = out.first_chunk::<HEADER>() {
        let header = FrameHeader::parse(header);
        if header.stream != 0 {
            frames.push((header.kind, header.flags));
        }
        out = &out[HEADER + header.length as usize..];
    }
    frames
}

#[test]
fn the_end_is_said_in_the_last_frame_while_that_waits() {
    let mut pair = Pair::new(Config::default());
    for (answer, expected) in [
        (&b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"[..], &[(kind::HEADERS, 5)][..]),
        (b"HTTP/1.1 200 OK\r\n\r\n", &[(kind::HEADERS, 5)]),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            &[(kind::HEADERS, 4), (kind::DATA, 1)],
        ),
    ] {
        let mut id = pair.client.open();
        write(&mut pair.client, &mut id, b"GET / HTTP/1.1\r\nhost: h\r\n\r\n");
        pair.exchange(1 << 20);
        assert_eq!(write(&mut pair.server, &mut id, answer), answer.len());
        pair.server.finish(id);
        assert_eq!(outgoing(&pair.server), expected);
        pair.exchange(1 << 20);
    }
    // What was sent already cannot say it any more.
    let mut id = pair.client.open();
    write(&mut pair.client, &mut id, b"GET / HTTP/1.1\r\nhost: h\r\n\r\n");
    pair.exchange(1 << 20);
    write(&mut pair.server, &mut id, b"HTTP/1.1 200 OK\r\n\r\n");
    pair.server.sent(1);
    let left = pair.server.output().len();
    pair.server.finish(id);
    assert_eq!(pair.server.output()[left + 3..], [kind::DATA, flag::END_STREAM, 0, 0, 0, id as u8]);
}

#[test]
fn a_server_s_head_without_anything_behind_it_is_a_body_of_no_chunks() {
    let mut pair = Pair::new(Config::default());
    let mut id = pair.client.open();
    write(&mut pair.client, &mut id, b"GET / HTTP/1.1\r\nhost: h\r\n\r\n");
    pair.exchange(1 << 20);
    write(&mut pair.server, &mut id, b"HTTP/1.1 200 OK\r\n\r\n");
    pair.server.finish(id);
    pair.exchange(1 << 20);
    let expected = "HTTP/2.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(String::from_utf8(read(&mut pair.client, id)).expect("text"), expected);
}

#[test]
fn an_answer_shorter_than_announced_is_no_answer() {
    let mut pair = Pair::new(Config::default());
    let mut id = pair.client.open();
    write(&mut pair.client, &mut id, b"GET / HTTP/1.1\r\nhost: h\r\n\r\n");
    pair.exchange(1 << 20);
    pair.client.receive(&frame(
        kind::HEADERS,
        flag::END_HEADERS,
        id,
        &block(&[(":status", "200"), ("content-length", "9")]),
    ));
    pair.client.receive(&frame(kind::DATA, flag::END_STREAM, id, b"toofew"));
    assert!(read(&mut pair.client, id).ends_with(b"\r\n\r\ntoofew"));
    let outcome = pair.client.read(&mut cx(), id, &mut [0; 8]);
    assert_eq!(outcome, Poll::Ready(Err(ErrorCode::Protocol)));
}

#[test]
fn glitches_end_the_connection_at_their_threshold_and_are_announced_before() {
    // Manual of `tune.h2.fe.glitches-threshold`: at three quarters the client is told to go, at the threshold it is cut.
    let mut server = Connection::new(Role::Server, Config { glitches: 8, ..Config::default() });
    server.receive(PREFACE);
    server.receive(&frame(kind::SETTINGS, 0, 0, b""));
    let goaways = |server: &mut Connection| {
        let frames = server.output().to_vec();
        server.sent(frames.len());
        frames.windows(9).filter(|header| header[3..] == [kind::GOAWAY, 0, 0, 0, 0, 0]).count()
    };
    let upper = block(&[&GET[..], &[("X", "y")]].concat());
    let mut seen = Vec::new();
    for stream in 0..8 {
        server.receive(&frame(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, 2 * stream + 1, &upper));
        seen.push((server.glitches(), goaways(&mut server), server.has_ended()));
    }
    let told = |glitches| (glitches, 0, false);
    assert_eq!(seen[..5], [told(1), told(2), told(3), told(4), told(5)]);
    assert_eq!(seen[5..], [(6, 1, false), (7, 0, false), (8, 1, true)]);
}

#[test]
fn a_client_that_had_all_its_streams_is_told_to_go_and_answered() {
    let mut server = Connection::new(Role::Server, Config { max_total: 2, ..Config::default() });
    server.receive(PREFACE);
    server.receive(&frame(kind::SETTINGS, 0, 0, b""));
    for stream in [1, 3] {
        server.sent(server.output().len());
        let whole = flag::END_HEADERS | flag::END_STREAM;
        server.receive(&frame(kind::HEADERS, whole, stream, &block(&GET)));
        assert_eq!(server.accept(), Some(stream));
        assert_eq!(server.output().is_empty(), stream == 1, "the last one announces it");
    }
    assert_eq!(server.output()[3], kind::GOAWAY);
    assert!(!server.has_ended() && !server.is_over());
    for stream in [1, 3] {
        let mut id = stream;
        write(&mut server, &mut id, b"HTTP/1.1 204 No Content\r\n\r\n");
        server.close(stream, Closing::Complete);
    }
    assert!(server.is_over());
}
