//! Bodies that rules look into while they are still in the buffer.

use std::cell::OnceCell;

use weir_http::{ChunkedDecoder, Headers, Limits, Step};
use weir_sample::stream::Body;

/// The payload of a chunked body, put together where it lies in several chunks: made when a rule first looks, for a
/// buffer of so many bytes.
#[derive(Debug, Default)]
pub struct Joined(OnceCell<(usize, Box<[u8]>)>);

impl Joined {
    /// The buffer has changed.
    pub fn forget(&mut self) {
        self.0.take();
    }

    /// The payload as far as it is buffered.
    pub fn payload<'a>(&'a self, buffered: &'a [u8]) -> Body<'a> {
        let mut pieces = 0;
        let mut first: &[u8] = b"";
        let complete = each_chunk(buffered, |chunk| {
            if pieces == 0 {
                first = chunk;
            }
            pieces += 1;
        });
        if pieces < 2 {
            return Body { data: first, complete, announced: None };
        }
        let (length, joined) = self.0.get_or_init(|| {
            let mut whole = Vec::with_capacity(buffered.len());
            each_chunk(buffered, |chunk| whole.extend_from_slice(chunk));
            (buffered.len(), whole.into())
        });
        match *length == buffered.len() {
            true => Body { data: joined, complete, announced: None },
            false => Body { data: first, complete: false, announced: None },
        }
    }
}

/// Whether the end of a chunked body is buffered.
pub fn is_complete(buffered: &[u8]) -> bool {
    each_chunk(buffered, |_| {})
}

/// Shows the payload piece by piece; says whether its end was there.
fn each_chunk<'a>(buffered: &'a [u8], mut show: impl FnMut(&'a [u8])) -> bool {
    let mut decoder = ChunkedDecoder::new();
    let (limits, mut trailers) = (Limits::default(), Headers::default());
    let mut at = 0;
    loop {
        match decoder.step(&buffered[at..], &limits, &mut trailers) {
            Ok(Step::Size { consumed, .. } | Step::DataEnd { consumed }) => at += consumed,
            Ok(Step::Data { range }) => {
                show(&buffered[at + range.start..at + range.end]);
                at += range.end;
            }
            Ok(Step::End { .. }) => return true,
            Ok(Step::Partial) | Err(_) => return false,
        }
    }
}
