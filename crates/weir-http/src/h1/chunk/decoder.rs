//! The state machine over a chunked body.

use std::ops::Range;

use super::{ChunkError, ChunkReason};
use crate::h1::fields::parse_lines;
use crate::h1::scan::blank_end;
use crate::{Headers, Known, Limits, ParseError, Reason};

/// Most bytes of a size line, extension and line end included.
const MAX_SIZE_LINE: usize = 4096;

/// Chunks of this size and larger are refused, as HAProxy does; no 64-bit arithmetic anywhere can overflow on them.
const MAX_CHUNK: u64 = 1 << 52;

/// Checks a chunked body piece by piece. Holds no bytes: what a call does not consume comes again with more behind.
#[derive(Clone, Debug, Default)]
pub struct ChunkedDecoder {
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Data(u64),
    DataEnd,
    Done,
}

/// One element of a chunked body, at the front of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing more can be said without more input.
    Partial,
    /// A size line of `consumed` bytes opens a chunk of `size` bytes; `plain` if it may be passed on as it is.
    Size { consumed: usize, size: u64, plain: bool },
    /// Payload, from the front of the input to `range.end`.
    Data { range: Range<usize> },
    /// The CR LF behind the data of a chunk.
    DataEnd { consumed: usize },
    /// Last chunk, trailers and empty line: the body is over. The trailers are in the block given to the call.
    End { consumed: usize },
}

/// How much of the input may be forwarded as it is, and what comes then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Bytes at the front of the input that may be sent unchanged.
    pub forward: usize,
    /// Payload bytes among them.
    pub payload: u64,
    pub then: Then,
}

/// What follows the bytes that may be forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// More input is needed; what was not forwarded must come again.
    More,
    /// Leave out `skip` bytes and write a size line for `size` in their place.
    Size { skip: usize, size: u64 },
    /// Leave out `skip` bytes and write [`super::LAST_CHUNK`] and the trailers in their place: the body is over.
    End { skip: usize },
}

/// Whether what came of a chunked body so far is valid. HAProxy reads a body as far as it came before anything of its
/// message goes on: one found bad at once is answered, and the other side never hears of it.
pub fn begins_well(body: &[u8], limits: &Limits) -> bool {
    let (mut decoder, mut trailers) = (ChunkedDecoder::new(), Headers::new());
    let mut at = 0;
    loop {
        match decoder.pass(&body[at..], limits, &mut trailers) {
            Err(_) => return false,
            Ok(Pass { forward, then: Then::Size { skip, .. }, .. }) => at += forward + skip,
            Ok(Pass { then: Then::More | Then::End { .. }, .. }) => return true,
        }
    }
}

impl ChunkedDecoder {
    pub fn new() -> ChunkedDecoder {
        ChunkedDecoder::default()
    }

    /// True once the end of the body was consumed.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Checks as much of `input` as is there and tells what may be forwarded. Call again behind what was consumed.
    /// `trailers` is filled when the body ends; `transfer-encoding` is refused among them.
    pub fn pass(
        &mut self,
        input: &[u8],
        limits: &Limits,
        trailers: &mut Headers,
    ) -> Result<Pass, ChunkError> {
        let (mut forward, mut payload) = (0, 0);
        loop {
            let step = self.step(&input[forward..], limits, trailers).map_err(|mut error| {
                error.at += forward;
                error
            })?;
            let then = match step {
                Step::Partial => Then::More,
                Step::Size { consumed, size, plain: false } => Then::Size { skip: consumed, size },
                Step::End { consumed } => Then::End { skip: consumed },
                Step::Size { consumed, .. } | Step::DataEnd { consumed } => {
                    forward += consumed;
                    continue;
                }
                Step::Data { range } => {
                    forward += range.end;
                    payload += range.len() as u64;
                    continue;
                }
            };
            return Ok(Pass { forward, payload, then });
        }
    }

    /// Takes one element from the front of `input`.
    pub fn step(
        &mut self,
        input: &[u8],
        limits: &Limits,
        trailers: &mut Headers,
    ) -> Result<Step, ChunkError> {
        match self.state {
            State::Size => self.size(input, limits, trailers),
            State::Data(left) => Ok(self.data(input, left)),
            State::DataEnd => self.data_end(input),
            State::Done => Ok(Step::Partial),
        }
    }

    fn size(&mut self, input: &[u8], limits: &Limits, trailers: &mut Headers) -> Result<Step, ChunkError> {
        let Some(line) = size_line(input)? else {
            return match input.len() >= MAX_SIZE_LINE {
                true => Err(error(input.len(), ChunkReason::Extension)),
                false => Ok(Step::Partial),
            };
        };
        if line.size > 0 {
            self.state = State::Data(line.size);
            return Ok(Step::Size { consumed: line.length, size: line.size, plain: line.plain });
        }
        let Some(end) = parse_trailers(&input[line.length..], limits, trailers).map_err(|mut error| {
            error.at += line.length;
            error
        })?
        else {
            return Ok(Step::Partial);
        };
        self.state = State::Done;
        Ok(Step::End { consumed: line.length + end })
    }

    fn data(&mut self, input: &[u8], left: u64) -> Step {
        let length = left.min(input.len() as u64);
        if length == 0 {
            return Step::Partial;
        }
        self.state = if length == left { State::DataEnd } else { State::Data(left - length) };
        Step::Data { range: 0..length as usize }
    }

    fn data_end(&mut self, input: &[u8]) -> Result<Step, ChunkError> {
        match input {
            [b'\r', b'\n', ..] => {
                self.state = State::Size;
                Ok(Step::DataEnd { consumed: 2 })
            }
            [] | [b'\r'] => Ok(Step::Partial),
            [b'\r', ..] => Err(error(1, ChunkReason::LineEnd)),
            _ => Err(error(0, ChunkReason::LineEnd)),
        }
    }
}

fn error(at: usize, reason: ChunkReason) -> ChunkError {
    ChunkError { at, reason }
}

struct SizeLine {
    size: u64,
    /// Bytes of the line with its end.
    length: usize,
    plain: bool,
}

/// Parses a size line: digits, blanks, an extension behind `;`, CR LF. `None` for want of input.
fn size_line(input: &[u8]) -> Result<Option<SizeLine>, ChunkError> {
    let (mut size, mut at) = (0u64, 0);
    while let Some(digit) = input.get(at).and_then(|&byte| (byte as char).to_digit(16)) {
        if size >= MAX_CHUNK >> 4 {
            return Err(error(at, ChunkReason::Size));
        }
        size = size << 4 | u64::from(digit);
        at += 1;
    }
    if at == 0 {
        return if input.is_empty() { Ok(None) } else { Err(error(0, ChunkReason::Size)) };
    }
    let plain = input[0] != b'0' || at == 1;
    let blanks = blank_end(input, at);
    match input.get(blanks) {
        None => Ok(None),
        Some(b'\r') => {
            line_end(input, blanks, SizeLine { size, length: blanks + 2, plain: plain && blanks == at })
        }
        Some(b';') => extension(input, blanks, size),
        Some(b'\n') => Err(error(blanks, ChunkReason::LineEnd)),
        Some(_) => Err(error(blanks, ChunkReason::Size)),
    }
}

fn extension(input: &[u8], from: usize, size: u64) -> Result<Option<SizeLine>, ChunkError> {
    let end = input[from..].iter().position(|&byte| byte < b' ' && byte != b'\t' || byte == 0x7f);
    match end.map(|length| from + length) {
        None => Ok(None),
        Some(end) if input[end] == b'\r' => {
            line_end(input, end, SizeLine { size, length: end + 2, plain: false })
        }
        Some(end) => Err(error(end, ChunkReason::Extension)),
    }
}

/// The line, if the CR at `at` is followed by LF.
fn line_end(input: &[u8], at: usize, line: SizeLine) -> Result<Option<SizeLine>, ChunkError> {
    match input.get(at + 1) {
        None => Ok(None),
        Some(b'\n') if line.length <= MAX_SIZE_LINE => Ok(Some(line)),
        Some(b'\n') => Err(error(at, ChunkReason::Extension)),
        Some(_) => Err(error(at + 1, ChunkReason::LineEnd)),
    }
}

/// Parses trailer lines and the empty line behind them; returns where they end, or `None` for want of input.
fn parse_trailers(
    input: &[u8],
    limits: &Limits,
    trailers: &mut Headers,
) -> Result<Option<usize>, ChunkError> {
    trailers.clear();
    if input.starts_with(b"\r\n") {
        return Ok(Some(2));
    }
    let size = input.len().min(limits.max_head());
    trailers.arena.extend_from_slice(&input[..size]);
    let mut line = 0;
    let end = parse_lines(trailers, &mut line, limits).map_err(trailer_error)?;
    let Some(end) = end else {
        let full = size == limits.max_head();
        return if full { Err(error(size, ChunkReason::TooLarge)) } else { Ok(None) };
    };
    trailers.arena.truncate(end);
    match trailers.find_known(Known::TransferEncoding) {
        Some(_) => Err(error(0, ChunkReason::Trailer)),
        None => Ok(Some(end)),
    }
}

fn trailer_error(refused: ParseError) -> ChunkError {
    let reason = match refused.reason {
        Reason::TooManyHeaders => ChunkReason::TooLarge,
        _ => ChunkReason::Trailer,
    };
    error(refused.at, reason)
}
