//! One header line at a time, in the arena: names are made lower case, folded lines unfolded in place.

use super::scan::{blank_end, lower_name, value_end};
use crate::headers::{Field, Headers, Span};
use crate::{Known, Limits, ParseError, Reason};

/// Parses the lines in the arena from `line` on until the empty one. Returns where the head ends, or `None` for want
/// of input; `line` is then where to go on.
pub fn parse_lines(
    headers: &mut Headers,
    line: &mut u32,
    limits: &Limits,
) -> Result<Option<usize>, ParseError> {
    loop {
        let start = *line as usize;
        match parse_line(&mut headers.arena, start, limits.accept_unsafe)? {
            Line::Field { field, next } => {
                // The start line counts as one.
                if headers.len() + 2 > limits.max_headers as usize {
                    return Err(ParseError::new(start, Reason::TooManyHeaders));
                }
                headers.push_field(field);
                *line = next as u32;
            }
            Line::Dropped { next } => *line = next as u32,
            Line::End { next } => return Ok(Some(next)),
            Line::Partial => return Ok(None),
        }
    }
}

/// What stands at the beginning of a line.
enum Line {
    /// A header line; the next line begins at `next`.
    Field { field: Field, next: usize },
    /// A line with an invalid name that `accept_unsafe` says to leave out.
    Dropped { next: usize },
    /// The empty line; the head ends before `next`.
    End { next: usize },
    /// The line is not complete, or it is unknown yet whether the next one continues it.
    Partial,
}

/// Parses the line that begins at `start`.
#[inline(always)]
fn parse_line(arena: &mut [u8], start: usize, accept_unsafe: bool) -> Result<Line, ParseError> {
    match arena.get(start) {
        None => return Ok(Line::Partial),
        Some(b'\n') => return Ok(Line::End { next: start + 1 }),
        Some(b'\r') => return end_of_head(arena, start),
        Some(_) => {}
    }
    let Some(name_end) = lower_name(arena, start) else { return Ok(Line::Partial) };
    if arena[name_end] == b':' && name_end > start {
        return finish_value(arena, start, name_end, accept_unsafe);
    }
    if accept_unsafe {
        drop_line(arena, start, name_end)
    } else {
        Err(ParseError::new(name_end, Reason::HeaderName))
    }
}

fn end_of_head(arena: &[u8], start: usize) -> Result<Line, ParseError> {
    match arena.get(start + 1) {
        None => Ok(Line::Partial),
        Some(b'\n') => Ok(Line::End { next: start + 2 }),
        Some(_) => Err(ParseError::new(start + 1, Reason::LineEnd)),
    }
}

/// Parses the value behind the colon at `colon`, with the lines that continue it.
#[inline(always)]
fn finish_value(
    arena: &mut [u8],
    start: usize,
    colon: usize,
    accept_unsafe: bool,
) -> Result<Line, ParseError> {
    let mut begin = blank_end(arena, colon + 1);
    let mut at = begin;
    let mut canonical = begin == colon + 2 && arena[colon + 1] == b' ';
    loop {
        at = value_end(arena, at);
        let Some(ended) = line_break(arena, at, accept_unsafe)? else { return Ok(Line::Partial) };
        let Break::Line { next } = ended else {
            at += 1;
            continue;
        };
        match arena.get(next) {
            None => return Ok(Line::Partial),
            Some(b' ' | b'\t') => {
                canonical = false;
                let empty = begin == at;
                arena[at..next].fill(b' ');
                at = blank_end(arena, next);
                begin = if empty { at } else { begin };
            }
            Some(_) => {
                let end = trimmed_end(arena, begin, at);
                let canonical = canonical && next == end + 2;
                return Ok(Line::Field { field: field(arena, start, colon, begin, end, canonical), next });
            }
        }
    }
}

enum Break {
    Line {
        next: usize,
    },
    /// A NUL that `accept_unsafe` lets pass.
    Value,
}

/// What stopped the scan at `at`; `None` if more input is needed to tell.
#[inline(always)]
fn line_break(arena: &[u8], at: usize, accept_unsafe: bool) -> Result<Option<Break>, ParseError> {
    match (arena.get(at), arena.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => Ok(Some(Break::Line { next: at + 2 })),
        (Some(b'\n'), _) => Ok(Some(Break::Line { next: at + 1 })),
        (None, _) | (Some(b'\r'), None) => Ok(None),
        (Some(b'\r'), Some(_)) => Err(ParseError::new(at + 1, Reason::LineEnd)),
        (Some(_), _) if accept_unsafe => Ok(Some(Break::Value)),
        (Some(_), _) => Err(ParseError::new(at, Reason::HeaderValue)),
    }
}

fn trimmed_end(arena: &[u8], begin: usize, mut end: usize) -> usize {
    while end > begin && matches!(arena[end - 1], b' ' | b'\t') {
        end -= 1;
    }
    end
}

#[inline(always)]
fn field(arena: &[u8], start: usize, colon: usize, begin: usize, end: usize, canonical: bool) -> Field {
    Field {
        name: Span::new(start, colon),
        value: Span::new(begin, end.max(begin)),
        known: Known::of(&arena[start..colon]),
        canonical,
    }
}

/// Skips a line whose name holds an invalid character at `wrong`, and the lines that continue it. A line without a
/// name or without a colon is an error all the same.
fn drop_line(arena: &[u8], start: usize, wrong: usize) -> Result<Line, ParseError> {
    let stop = arena[wrong..].iter().position(|byte| matches!(byte, b':' | b'\r' | b'\n'));
    let Some(colon) = stop.map(|length| wrong + length) else { return Ok(Line::Partial) };
    if arena[colon] != b':' || colon == start {
        return Err(ParseError::new(colon, Reason::HeaderName));
    }
    let mut at = colon;
    loop {
        at = value_end(arena, at);
        match line_break(arena, at, true)? {
            None => return Ok(Line::Partial),
            Some(Break::Value) => at += 1,
            Some(Break::Line { next }) => match arena.get(next) {
                None => return Ok(Line::Partial),
                Some(b' ' | b'\t') => at = next,
                Some(_) => return Ok(Line::Dropped { next }),
            },
        }
    }
}
