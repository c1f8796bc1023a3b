//! Response heads: the status line, then header lines, then the decisions of [`super::framing`].

use super::fields::parse_lines;
use super::request::version_text;
use super::scan::{blank_end, value_end};
use super::{copy_block, framing, partial};
use crate::headers::{Span, StartLine};
use crate::{Limits, ParseError, Reason, Request, Response, Status, Version, default_reason};

/// Parses the response head at the beginning of `input`, which answers `request`, into `response`.
///
/// Calls are repeated as for [`crate::parse_request`]. After an interim response ([`Response::is_interim`]), clear
/// `response` and parse the next head behind it.
pub fn parse_response(
    input: &[u8],
    limits: &Limits,
    request: &Request,
    response: &mut Response,
) -> Result<Status, ParseError> {
    if !response.progress.started && !response.progress.skip_empty_lines(input)? {
        return partial(input, limits, false);
    }
    let skipped = response.progress.skipped as usize;
    let head = &input[skipped..input.len().min(limits.max_head())];
    let at = |mut error: ParseError| {
        error.at += skipped;
        error
    };
    while copy_block(&mut response.headers.arena, head) {
        if !response.progress.started && !parse_status_line(response, limits).map_err(at)? {
            continue;
        }
        if let Some(end) =
            parse_lines(&mut response.headers, &mut response.progress.line, limits).map_err(at)?
        {
            response.headers.arena.truncate(end);
            complete_reason(response).map_err(at)?;
            framing::finish_response(request, response, limits).map_err(at)?;
            return Ok(Status::Complete { consumed: skipped + end });
        }
    }
    partial(input, limits, response.progress.started)
}

/// Parses the status line at the beginning of the arena. False if it is not complete.
fn parse_status_line(response: &mut Response, limits: &Limits) -> Result<bool, ParseError> {
    let arena = &response.headers.arena[..];
    let blank = arena.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    let version_end = blank.unwrap_or(arena.len());
    let found = version_text(&arena[..version_end], blank.is_none(), limits.accept_unsafe);
    let Some((version, foreign)) = found.map_err(|at| ParseError::new(at, Reason::Version))? else {
        return Ok(false);
    };
    let status_start = blank_end(arena, version_end);
    let status_end = arena[status_start..].iter().position(|byte| !byte.is_ascii_digit());
    let Some(status_end) = status_end.map(|length| status_start + length) else { return Ok(false) };
    let status = status_code(arena, status_start, status_end, limits.accept_unsafe)?;
    let reason_start = blank_end(arena, status_end);
    let Some((reason_end, next)) = reason_end(arena, reason_start, limits.accept_unsafe)? else {
        return Ok(false);
    };
    let single_spaces = status_start == version_end + 1 && reason_start == status_end + 1;
    let spaces = arena[version_end] == b' ' && arena[status_end] == b' ';
    let line_end = next == reason_end + 2 && reason_end > reason_start;
    let canonical = single_spaces && spaces && line_end && version <= Version::HTTP_11;
    let protocol = if foreign { Span::new(0, version_end) } else { Span::default() };
    let pieces = [Span::new(status_start, status_end), Span::new(reason_start, reason_end), protocol];
    response.headers.start = StartLine { pieces, canonical };
    response.status = status;
    response.version = version;
    response.progress.started = true;
    response.progress.line = next as u32;
    response.headers.set_limit(limits.bufsize);
    Ok(true)
}

/// Up to three digits; more with `accept_unsafe`, as long as 16 bits hold them.
fn status_code(arena: &[u8], start: usize, end: usize, accept_unsafe: bool) -> Result<u16, ParseError> {
    let error = ParseError::new(start, Reason::StatusCode);
    let digits = &arena[start..end];
    let ended = matches!(arena[end], b' ' | b'\t' | b'\r' | b'\n');
    if !ended || digits.is_empty() || (digits.len() > 3 && !accept_unsafe) {
        return Err(error);
    }
    let add = |number: u16, &digit: &u8| number.checked_mul(10)?.checked_add(u16::from(digit - b'0'));
    digits.iter().try_fold(0, add).ok_or(error)
}

/// Where the reason and its line end; `None` for want of input.
fn reason_end(arena: &[u8], start: usize, accept_unsafe: bool) -> Result<Option<(usize, usize)>, ParseError> {
    let mut end = value_end(arena, start);
    while accept_unsafe && arena.get(end) == Some(&0) {
        end = value_end(arena, end + 1);
    }
    match (arena.get(end), arena.get(end + 1)) {
        (Some(b'\n'), _) => Ok(Some((end, end + 1))),
        (Some(b'\r'), Some(b'\n')) => Ok(Some((end, end + 2))),
        (Some(b'\r'), Some(_)) => Err(ParseError::new(end + 1, Reason::LineEnd)),
        (Some(b'\r') | None, None) => Ok(None),
        _ => Err(ParseError::new(end, Reason::StatusCode)),
    }
}

/// Gives a response without a reason the standard one.
fn complete_reason(response: &mut Response) -> Result<(), ParseError> {
    if !response.reason().is_empty() {
        return Ok(());
    }
    let reason = default_reason(response.status);
    response.set_reason(reason.as_bytes()).map_err(|_| ParseError::new(0, Reason::TooLarge))
}
