//! Chunked bodies (RFC 9112 section 7.1): checked as they pass, forwarded where they lie.
//!
//! HAProxy decodes chunks and writes new ones. The message is the same if the chunks are passed on as they came, and
//! nothing has to be moved, so that is what [`ChunkedDecoder::pass`] allows: it tells how many bytes at the front of
//! the input may be sent unchanged. A size line that is valid but not plain (leading zeros, blanks, an extension) is
//! never passed on: the caller writes a plain one in its place. The last chunk is held back until the trailers behind
//! it are complete and checked.
//!
//! Where the payload itself is wanted, [`Step::Data`] of [`ChunkedDecoder::step`] gives its ranges.

mod decoder;
#[cfg(test)]
mod tests;

pub use decoder::{ChunkedDecoder, Pass, Step, Then, begins_well};

/// Size line of the last chunk; trailers and an empty line follow it.
pub const LAST_CHUNK: &[u8] = b"0\r\n";

/// A malformed chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkError {
    /// Offset in bytes from the start of the input of this call.
    pub at: usize,
    pub reason: ChunkReason,
}

/// What was wrong with a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkReason {
    /// No hexadecimal digit, too large a number, or a byte that may not follow it.
    Size,
    /// A chunk or a line that does not end with CR LF.
    LineEnd,
    /// A forbidden character in a chunk extension, or one too long.
    Extension,
    /// A malformed trailer line, or a name that may not be a trailer.
    Trailer,
    /// Trailers that do not fit the buffer, or more than `tune.http.maxhdr`.
    TooLarge,
}

impl std::fmt::Display for ChunkError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.reason {
            ChunkReason::Size => "invalid chunk size",
            ChunkReason::LineEnd => "chunk does not end with CR LF",
            ChunkReason::Extension => "invalid chunk extension",
            ChunkReason::Trailer => "invalid trailer",
            ChunkReason::TooLarge => "trailers too large",
        };
        write!(f, "{what} at byte {}", self.at)
    }
}

impl std::error::Error for ChunkError {}

/// Appends a size line for a chunk of `size` bytes (not 0, see [`LAST_CHUNK`]); its data and CR LF follow.
pub fn write_chunk_size(size: u64, out: &mut Vec<u8>) {
    let digits = (16 - size.leading_zeros() as usize / 4).max(1);
    for place in (0..digits).rev() {
        out.push(b"0123456789ABCDEF"[(size >> (place * 4)) as usize & 15]);
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends `data` (not empty, see [`LAST_CHUNK`]) as one chunk.
pub fn write_chunk(data: &[u8], out: &mut Vec<u8>) {
    debug_assert!(!data.is_empty(), "an empty chunk ends the body");
    write_chunk_size(data.len() as u64, out);
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}
