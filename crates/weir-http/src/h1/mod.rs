//! The HTTP/1 codec: heads, body framing, chunks, serialisation.
//!
//! The scanner is our own. httparse accepts another language: it refuses control characters in values that HAProxy
//! forwards, knows no folded lines in requests, takes `#` and bytes above 127 in targets; and it hands out borrowed
//! slices, so that names would have to be copied and made lower case in a second pass. This one lowers names while it
//! checks them, in the arena where they stay, and goes through names, values and targets eight bytes at a time.
//!
//! Instructions by callgrind (`examples/instructions.rs`, release build): a GET with one header parsed, framed and
//! written 1,120; with its answer of five headers 3,800; a browser's GET of eleven headers and 500 bytes with the same
//! answer 7,600. httparse scans the small GET in 500 and the browser's in 2,600, without any of the rest.

pub mod chunk;
mod fields;
mod framing;
pub mod request;
pub mod response;
pub mod scan;
pub mod write;

pub(crate) use framing::check_content_length;
pub use framing::settle_body;

use crate::{Limits, ParseError, Reason, Status};

/// How far the parsing of a head has come; lets a head arrive in pieces without starting over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Bytes of empty lines skipped before the start line; the arena begins behind them.
    skipped: u32,
    /// Where in the arena the line begins that is to be parsed next.
    line: u32,
    started: bool,
    /// HTTP/0.9: no headers follow.
    simple: bool,
}

/// Bytes copied into the arena at a time: most heads fit, and a body behind the head is not copied whole.
const BLOCK: usize = 2048;

impl Progress {
    /// Skips the empty lines that may come before a start line. False if the input ends within them.
    fn skip_empty_lines(&mut self, input: &[u8]) -> Result<bool, ParseError> {
        let mut at = self.skipped as usize;
        loop {
            match (input.get(at), input.get(at + 1)) {
                (Some(b'\n'), _) => at += 1,
                (Some(b'\r'), Some(b'\n')) => at += 2,
                (Some(b'\r'), Some(_)) => return Err(ParseError::new(at, Reason::LineEnd)),
                (Some(b'\r') | None, None) => {
                    self.skipped = at as u32;
                    return Ok(false);
                }
                _ => break,
            }
        }
        self.skipped = at as u32;
        Ok(true)
    }
}

/// Copies the next block of the head into the arena. False if there is nothing left to copy.
fn copy_block(arena: &mut Vec<u8>, head: &[u8]) -> bool {
    let from = arena.len();
    let to = head.len().min(from + BLOCK);
    if from >= to {
        return false;
    }
    arena.extend_from_slice(&head[from..to]);
    true
}

/// What to answer where the head goes on behind `input`: an error if `input` fills the buffer already.
fn partial(input: &[u8], limits: &Limits, started: bool) -> Result<Status, ParseError> {
    match (input.len() >= limits.max_head(), started) {
        (false, _) => Ok(Status::Partial),
        (true, true) => Err(ParseError::new(input.len(), Reason::TooLarge)),
        (true, false) => Err(ParseError::new(input.len(), Reason::TargetTooLong)),
    }
}
