//! Bodies that rules look into while they are still in the buffer.

use weir_http::{ChunkedDecoder, Headers, Limits, Step};
use weir_sample::stream::Body;

/// The payload of a chunked body as far as it lies in one piece: that of its first chunk.
pub fn first_chunk(buffered: &[u8]) -> Body<'_> {
    let mut decoder = ChunkedDecoder::new();
    let (limits, mut trailers) = (Limits::default(), Headers::default());
    let mut at = 0;
    let mut data: &[u8] = b"";
    loop {
        match decoder.step(&buffered[at..], &limits, &mut trailers) {
            Ok(Step::Size { consumed, .. } | Step::DataEnd { consumed }) => at += consumed,
            Ok(Step::Data { range }) if data.is_empty() => {
                data = &buffered[at..at + range.end];
                at += range.end;
            }
            Ok(Step::Data { range }) => at += range.end,
            Ok(Step::End { .. }) => return Body { data, complete: true, announced: None },
            Ok(Step::Partial) | Err(_) => return Body { data, complete: false, announced: None },
        }
    }
}
