use weir_http::Step;

use super::*;
use crate::timers::NEVER;

/// Feeds a chunked body in pieces of `size` bytes and returns what would be sent.
fn through(input: &[u8], size: usize) -> Vec<u8> {
    let buffers = Buffers::new(64);
    let mut channel = Channel::default();
    channel.begin_body(BodyKind::Chunked).unwrap();
    let mut out = Vec::new();
    for piece in input.chunks(size) {
        buffers.fill(&mut channel.buffer);
        channel.buffer.room()[..piece.len()].copy_from_slice(piece);
        channel.buffer.filled(piece.len());
        channel.pass().unwrap();
        while channel.has_output() {
            out.extend_from_slice(&channel.head[channel.head_at..]);
            out.extend_from_slice(&channel.buffer.bytes()[..channel.passable]);
            out.extend_from_slice(&channel.tail);
            let count = channel.head.len() - channel.head_at + channel.passable + channel.tail.len();
            channel.was_sent(count);
            channel.pass().unwrap();
        }
    }
    assert!(channel.is_complete());
    assert!(channel.buffer.is_empty());
    out
}

#[test]
fn chunk_sizes_are_written_plainly() {
    let input = b"3\r\nabc\r\n0005;ext=1\r\ndefgh\r\n0\r\nX-Trailer: t\r\n\r\n";
    for size in 1..input.len() {
        let out = through(input, size);
        assert_eq!(out, b"3\r\nabc\r\n5\r\ndefgh\r\n0\r\nx-trailer: t\r\n\r\n", "pieces of {size}");
    }
}

/// Writes every byte twice, and a full stop at the end.
#[derive(Debug)]
struct Double;

impl BodyFilter for Double {
    fn push(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Taken {
        out.extend(payload.iter().flat_map(|byte| [*byte, *byte]));
        Taken::all(payload)
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        out.push(b'.');
    }
}

/// Takes two bytes at a time and then asks for a pause until the next millisecond.
#[derive(Debug)]
struct Slow(u64);

impl BodyFilter for Slow {
    fn push(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Taken {
        let bytes = payload.len().min(2);
        out.extend_from_slice(&payload[..bytes]);
        self.0 += 1;
        Taken { bytes, again_ms: self.0 }
    }
}

/// Sends `input`, in pieces of `size`, through a pipeline; what comes out.
fn filtered(body: BodyKind, input: &[u8], size: usize, pipeline: Pipeline) -> (Channel, Vec<u8>) {
    let buffers = Buffers::new(4096);
    let mut channel = Channel::default();
    channel.set_pipeline(pipeline);
    channel.begin_body(body).unwrap();
    let mut out = Vec::new();
    for piece in input.chunks(size).chain([&b""[..]]) {
        buffers.fill(&mut channel.buffer);
        channel.buffer.room()[..piece.len()].copy_from_slice(piece);
        channel.buffer.filled(piece.len());
        channel.eof = piece.is_empty();
        channel.pass().unwrap();
        while channel.has_output() || channel.resume_ms() != NEVER {
            out.extend_from_slice(&channel.head[channel.head_at..]);
            assert_eq!(channel.passable, 0);
            channel.was_sent(channel.head.len() - channel.head_at);
            channel.pass().unwrap();
        }
    }
    assert!(channel.is_received());
    assert!(channel.buffer.is_empty());
    (channel, out)
}

fn doubled() -> Pipeline {
    let mut pipeline = Pipeline::new(true);
    pipeline.add(Box::new(Double));
    pipeline
}

/// The payload of a chunked body.
fn unchunked(body: &[u8]) -> Vec<u8> {
    let (mut decoder, mut trailers) = (ChunkedDecoder::new(), Headers::new());
    let (mut at, mut payload) = (0, Vec::new());
    loop {
        match decoder.step(&body[at..], &Limits::default(), &mut trailers).expect("valid chunks") {
            Step::Partial => panic!("no end"),
            Step::Size { consumed, .. } | Step::DataEnd { consumed } => at += consumed,
            Step::Data { range } => {
                payload.extend_from_slice(&body[at..at + range.end]);
                at += range.end;
            }
            Step::End { consumed } => {
                assert_eq!(at + consumed, body.len());
                return payload;
            }
        }
    }
}

#[test]
fn a_filter_sees_the_payload_of_every_framing() {
    let chunks = b"3\r\nabc\r\n004;x\r\ndefg\r\n0\r\nX-T: t\r\n\r\n";
    for size in 1..chunks.len() {
        let (channel, out) = filtered(BodyKind::Chunked, chunks, size, doubled());
        assert!(channel.is_complete());
        assert!(out.ends_with(b"0\r\nx-t: t\r\n\r\n"));
        assert_eq!(unchunked(&out), b"aabbccddeeffgg.", "pieces of {size}");
        // As without a filter: the payload, one for its end, and the trailer.
        assert_eq!(channel.payload, 7 + 1 + 4);
        let (channel, out) = filtered(BodyKind::Length(7), b"abcdefg", size, doubled());
        assert!(channel.is_complete());
        assert_eq!(unchunked(&out), b"aabbccddeeffgg.");
        let (channel, out) = filtered(BodyKind::UntilClose, b"abcdefg", size, doubled());
        assert!(channel.is_complete());
        assert_eq!(unchunked(&out), b"aabbccddeeffgg.");
    }
}

#[test]
fn a_body_that_ends_with_the_connection_may_stay_one() {
    let (channel, out) = filtered(BodyKind::UntilClose, b"abcdefg", 3, Pipeline::new(false));
    assert_eq!(out, b"abcdefg");
    assert!(matches!(channel.framing, Framing::Raw));
}

#[test]
fn without_filters_a_body_is_only_framed_anew() {
    let (_, out) = filtered(BodyKind::Length(5), b"abcde", 2, Pipeline::new(true));
    assert_eq!(out, b"2\r\nab\r\n2\r\ncd\r\n1\r\ne\r\n0\r\n\r\n");
    let (_, out) = filtered(BodyKind::Chunked, b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", 4, Pipeline::new(false));
    assert_eq!(out, b"abc");
}

#[test]
fn a_filter_may_take_its_time_behind_and_before_others() {
    for first in [true, false] {
        let mut pipeline = Pipeline::new(true);
        if first {
            pipeline.add(Box::new(Slow(0)));
        }
        pipeline.add(Box::new(Double));
        if !first {
            pipeline.add(Box::new(Slow(0)));
        }
        let (channel, out) = filtered(BodyKind::Length(9), b"abcdefghi", 9, pipeline);
        assert!(channel.is_complete());
        assert_eq!(unchunked(&out), b"aabbccddeeffgghhii.");
    }
}

#[test]
fn a_pipeline_makes_no_more_than_may_wait() {
    #[derive(Debug)]
    struct Grow;
    impl BodyFilter for Grow {
        fn push(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Taken {
            out.resize(out.len() + 10 * payload.len(), b'x');
            Taken::all(payload)
        }
    }
    let mut pipeline = Pipeline::new(true);
    pipeline.add(Box::new(Grow));
    let buffers = Buffers::new(65_536);
    let mut channel = Channel::default();
    channel.set_pipeline(pipeline);
    buffers.fill(&mut channel.buffer);
    channel.buffer.filled(65_536);
    channel.begin_body(BodyKind::Length(1 << 20)).unwrap();
    assert!(channel.head.len() < 2 * 10 * 16_384, "{}", channel.head.len());
    assert_eq!(channel.buffer.len(), 65_536 - 16_384);
}

#[test]
fn what_waits_is_not_moved_for_a_little_room() {
    let buffers = Buffers::new(64);
    let mut channel = Channel::default();
    channel.begin_body(BodyKind::Length(1000)).unwrap();
    buffers.fill(&mut channel.buffer);
    channel.buffer.room().fill(b'x');
    channel.buffer.filled(64);
    channel.pass().unwrap();
    assert!(!channel.wants_input(), "full");
    channel.was_sent(55);
    assert!(!channel.wants_input(), "nine bytes would be moved");
    channel.was_sent(1);
    assert!(channel.wants_input());
    assert_eq!(channel.buffer.room().len(), 56);
}

#[test]
fn what_cannot_leave_yet_is_moved_for_the_rest() {
    let buffers = Buffers::new(64);
    let mut channel = Channel::default();
    channel.begin_body(BodyKind::Chunked).unwrap();
    buffers.fill(&mut channel.buffer);
    let input = [&b"2a\r\n"[..], &[b'x'; 42], b"\r\n000000000000000a"].concat();
    assert_eq!(input.len(), 64);
    channel.buffer.room().copy_from_slice(&input);
    channel.buffer.filled(64);
    channel.pass().unwrap();
    while channel.has_output() {
        let count = channel.head.len() - channel.head_at + channel.passable + channel.tail.len();
        channel.was_sent(count);
        channel.pass().unwrap();
    }
    assert_eq!(channel.buffer.len(), 16, "half a size line");
    assert!(channel.wants_input());
    assert_eq!(channel.buffer.room().len(), 48);
}
