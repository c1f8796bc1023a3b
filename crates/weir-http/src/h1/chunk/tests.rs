use super::*;
use crate::{Headers, Limits};

/// Decodes `input`, given in pieces that end at `cuts`, as a proxy with a buffer would.
fn decode(input: &[u8], cuts: &[usize]) -> Result<(Vec<u8>, Vec<u8>, Headers), ChunkReason> {
    let (mut decoder, mut trailers) = (ChunkedDecoder::new(), Headers::new());
    let (mut payload, mut forwarded, mut at) = (Vec::new(), Vec::new(), 0);
    for &end in cuts.iter().chain([&input.len()]) {
        loop {
            let rest = &input[at..end];
            let mut passing = decoder.clone();
            let pass = passing.pass(rest, &Limits::default(), &mut trailers).map_err(|error| error.reason)?;
            let mut seen = 0;
            while seen < pass.forward {
                match decoder.step(&rest[seen..], &Limits::default(), &mut trailers).expect("as pass") {
                    Step::Data { range } => {
                        payload.extend_from_slice(&rest[seen..seen + range.end]);
                        seen += range.end;
                    }
                    Step::Size { consumed, plain: true, .. } | Step::DataEnd { consumed } => seen += consumed,
                    other => panic!("{other:?} within what may be forwarded"),
                }
            }
            decoder = passing;
            forwarded.extend_from_slice(&rest[..pass.forward]);
            at += pass.forward;
            match pass.then {
                Then::More => break,
                Then::Size { skip, size } => {
                    write_chunk_size(size, &mut forwarded);
                    at += skip;
                }
                Then::End { skip } => {
                    forwarded.extend_from_slice(LAST_CHUNK);
                    crate::write_trailers(&trailers, None, &mut forwarded);
                    assert!(decoder.is_done());
                    assert_eq!(at + skip, input.len());
                    return Ok((payload, forwarded, trailers));
                }
            }
        }
    }
    Err(ChunkReason::Size)
}

fn refused(input: &[u8]) -> ChunkReason {
    let (mut decoder, mut trailers) = (ChunkedDecoder::new(), Headers::new());
    let mut at = 0;
    loop {
        match decoder.pass(&input[at..], &Limits::default(), &mut trailers) {
            Err(error) => return error.reason,
            Ok(Pass { forward, then: Then::Size { skip, .. }, .. }) => at += forward + skip,
            Ok(pass) => panic!("accepted: {pass:?}"),
        }
    }
}

#[test]
fn plain_chunks_pass_unchanged_and_others_are_made_plain() {
    let input = b"3\r\nabc\r\n003;x=\"y\"\r\ndef\r\nA \r\n0123456789\r\n0;z\r\nTr: v\r\n\r\n";
    let (payload, forwarded, trailers) = decode(input, &[]).expect("valid");
    assert_eq!(payload, b"abcdef0123456789");
    assert_eq!(forwarded, b"3\r\nabc\r\n3\r\ndef\r\nA\r\n0123456789\r\n0\r\ntr: v\r\n\r\n");
    assert_eq!(trailers.find(b"tr"), Some(&b"v"[..]));
}

#[test]
fn every_split_gives_the_same_result() {
    let input = b"3\r\nabc\r\n003;x\r\ndef\r\n0\r\nTr: v\r\n w\r\n\r\n";
    let whole = decode(input, &[]).expect("valid");
    for first in 0..input.len() {
        for second in first..input.len() {
            let split = decode(input, &[first, second]).expect("valid");
            assert_eq!((&split.0, &split.1), (&whole.0, &whole.1), "split at {first}, {second}");
        }
    }
}

#[test]
fn sizes_are_limited_as_in_haproxy() {
    // 13 digits pass, 14 do not, leading zeros aside.
    let step = |line: &[u8]| ChunkedDecoder::new().step(line, &Limits::default(), &mut Headers::new());
    assert!(matches!(step(b"fffffffffffff\r\n"), Ok(Step::Size { size: 0xf_ffff_ffff_ffff, .. })));
    assert!(matches!(step(b"00000000000000000000003\r\n"), Ok(Step::Size { size: 3, plain: false, .. })));
    for line in
        [&b"ffffffffffffff\r\n"[..], b"10000000000000\r\n", b"7fffffffffffffff\r\n", b"10000000000000003\r\n"]
    {
        assert_eq!(refused(line), ChunkReason::Size);
    }
}

#[test]
fn malformed_chunks_are_refused() {
    for (input, reason) in [
        (&b"\r\nabc"[..], ChunkReason::Size),
        (b" 3\r\nabc\r\n", ChunkReason::Size),
        (b"0x3\r\n", ChunkReason::Size),
        (b"3h\r\n", ChunkReason::Size),
        (b"-3\r\n", ChunkReason::Size),
        (b";x\r\n", ChunkReason::Size),
        (b"3\nabc\r\n", ChunkReason::LineEnd),
        (b"3\rabc", ChunkReason::LineEnd),
        (b"3;a\nb\r\nabc\r\n", ChunkReason::Extension),
        (b"3\r\nabcd\r\n", ChunkReason::LineEnd),
        (b"3\r\nabc\n0\r\n\r\n", ChunkReason::LineEnd),
        (b"0\r\nTransfer-Encoding: x\r\n\r\n", ChunkReason::Trailer),
        (b"0\r\nBad Name: x\r\n\r\n", ChunkReason::Trailer),
    ] {
        assert_eq!(refused(input), reason, "{}", input.escape_ascii());
    }
}

#[test]
fn extensions_and_trailers_are_bounded() {
    let extension = [&b"3;"[..], &[b'x'; 5000]].concat();
    assert_eq!(refused(&extension), ChunkReason::Extension);
    let trailers = [&b"0\r\nx: "[..], &[b'x'; 16000]].concat();
    assert_eq!(refused(&trailers), ChunkReason::TooLarge);
    let lines = |count: usize| [&b"0\r\n"[..], &b"a: b\r\n".repeat(count), b"\r\n"].concat();
    assert!(decode(&lines(100), &[]).is_ok());
    assert_eq!(refused(&lines(101)), ChunkReason::TooLarge);
}

#[test]
fn size_lines_are_written_as_haproxy_writes_them() {
    for (size, line) in
        [(1u64, "1\r\n"), (10, "A\r\n"), (16, "10\r\n"), (255, "FF\r\n"), (0x4000, "4000\r\n")]
    {
        let mut out = Vec::new();
        write_chunk_size(size, &mut out);
        assert_eq!(out, line.as_bytes());
    }
}
