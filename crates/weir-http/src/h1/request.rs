//! Request heads: the request line, then header lines, then the decisions of [`super::framing`].

use super::fields::parse_lines;
use super::scan::{TOKEN, blank_end, target_end};
use super::{copy_block, framing, partial};
use crate::headers::{Span, StartLine};
use crate::{Limits, Method, ParseError, Reason, Request, Status, Version};

/// What a client that speaks HTTP/2 without asking sends first (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Parses the request head at the beginning of `input` into `request`.
///
/// `request` must be cleared before the first call. On [`Status::Partial`], call again with the same bytes and more
/// behind them; lines already parsed are not looked at again. On completion, everything that the head decides is
/// set: framing, connection options, a checked `host`; hop-by-hop options are out of the headers.
pub fn parse_request(input: &[u8], limits: &Limits, request: &mut Request) -> Result<Status, ParseError> {
    if !request.progress.started {
        if let Some(status) = preface(input) {
            return Ok(status);
        }
        if !request.progress.skip_empty_lines(input)? {
            return partial(input, limits, false);
        }
    }
    let skipped = request.progress.skipped as usize;
    let head = &input[skipped..input.len().min(limits.max_head())];
    let at = |mut error: ParseError| {
        error.at += skipped;
        error
    };
    while copy_block(&mut request.headers.arena, head) {
        if !request.progress.started && !parse_request_line(request, limits).map_err(at)? {
            continue;
        }
        if let Some(end) = head_end(request, limits).map_err(at)? {
            request.headers.arena.truncate(end);
            framing::finish_request(request, limits).map_err(at)?;
            return Ok(Status::Complete { consumed: skipped + end });
        }
    }
    partial(input, limits, request.progress.started)
}

fn head_end(request: &mut Request, limits: &Limits) -> Result<Option<usize>, ParseError> {
    let Request { headers, progress, .. } = request;
    if progress.simple {
        return Ok(Some(progress.line as usize));
    }
    parse_lines(headers, &mut progress.line, limits)
}

fn preface(input: &[u8]) -> Option<Status> {
    if !input.starts_with(b"PR") {
        return None;
    }
    if input.starts_with(PREFACE) {
        return Some(Status::Http2Preface);
    }
    PREFACE.starts_with(input).then_some(Status::Partial)
}

/// Parses the request line at the beginning of the arena. False if it is not complete.
fn parse_request_line(request: &mut Request, limits: &Limits) -> Result<bool, ParseError> {
    let arena = &request.headers.arena[..];
    let Some(method_end) = arena.iter().position(|&byte| TOKEN[byte as usize] == 0) else { return Ok(false) };
    if method_end == 0 || !matches!(arena[method_end], b' ' | b'\t') {
        return Err(ParseError::new(method_end, Reason::Method));
    }
    let target_start = blank_end(arena, method_end);
    let target_end = target_stop(arena, target_start, limits.accept_unsafe);
    let Some(&stop) = arena.get(target_end) else { return Ok(false) };
    if target_end == target_start || !matches!(stop, b' ' | b'\t' | b'\r' | b'\n') {
        return Err(ParseError::new(target_end, Reason::Target));
    }
    let version_start = blank_end(arena, target_end);
    let Some(ended) = parse_version(arena, version_start, limits.accept_unsafe)? else { return Ok(false) };
    request.method = Method::from_bytes(&arena[..method_end]);
    let protocol = if ended.foreign { ended.text } else { Span::default() };
    let pieces = [Span::new(0, method_end), Span::new(target_start, target_end), protocol];
    let single_spaces = target_start == method_end + 1 && version_start == target_end + 1;
    let blanks = arena[method_end] == b' ' && stop == b' ';
    let canonical = single_spaces && blanks && ended.canonical;
    request.headers.start = StartLine { pieces, canonical };
    if ended.text.len() == 0 {
        return simple_request(request, version_start, ended.next);
    }
    request.version = ended.version;
    request.progress.started = true;
    request.progress.line = ended.next as u32;
    request.headers.set_limit(limits.bufsize);
    framing::check_target(request, limits)?;
    Ok(true)
}

/// HTTP/0.9: GET and a target, no headers.
fn simple_request(request: &mut Request, at: usize, next: usize) -> Result<bool, ParseError> {
    if request.method != Method::Get {
        return Err(ParseError::new(at, Reason::Version));
    }
    request.version = Version::HTTP_10;
    request.progress.simple = true;
    request.progress.started = true;
    request.progress.line = next as u32;
    Ok(true)
}

/// Where the target ends, or the first byte that may not stand in it.
fn target_stop(arena: &[u8], start: usize, accept_unsafe: bool) -> usize {
    let mut end = target_end(arena, start);
    while accept_unsafe && arena.get(end).is_some_and(|&byte| byte == b'#' || byte >= 0x80) {
        end = target_end(arena, end + 1);
    }
    end
}

/// A version and the line end behind it.
pub(super) struct VersionLine {
    pub version: Version,
    pub text: Span,
    /// Written as received: 0.9, 1.0 or 1.1, and CR LF behind it.
    pub canonical: bool,
    /// Not `HTTP/digit.digit`; written as received all the same.
    pub foreign: bool,
    pub next: usize,
}

/// Parses the version at `start` and the end of the line; `None` for want of input.
fn parse_version(arena: &[u8], start: usize, accept_unsafe: bool) -> Result<Option<VersionLine>, ParseError> {
    let length = arena[start..].iter().position(|&byte| matches!(byte, b'\r' | b'\n'));
    let text = &arena[start..start + length.unwrap_or(arena.len() - start)];
    let (version, foreign) = match version_text(text, length.is_none(), accept_unsafe) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(None),
        Err(offset) => return Err(ParseError::new(start + offset, Reason::Version)),
    };
    let end = start + text.len();
    let next = match (arena[end], arena.get(end + 1)) {
        (b'\n', _) => end + 1,
        (_, Some(b'\n')) => end + 2,
        (_, None) => return Ok(None),
        _ => return Err(ParseError::new(end + 1, Reason::LineEnd)),
    };
    let canonical = next == end + 2 && version <= Version::HTTP_11 && !foreign;
    Ok(Some(VersionLine { version, text: Span::new(start, end), canonical, foreign, next }))
}

/// The version that `text` names, and whether it is in no usual form; the offset of the first wrong byte otherwise.
pub(super) fn version_text(
    text: &[u8],
    more: bool,
    accept_unsafe: bool,
) -> Result<Option<(Version, bool)>, usize> {
    const FORM: &[u8; 8] = b"HTTP/0.0";
    if let &[b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] = text {
        return Ok((!more).then_some((Version { major: major - b'0', minor: minor - b'0' }, false)));
    }
    if accept_unsafe {
        return if more { Ok(None) } else { foreign_version(text).map(|version| Some((version, true))) };
    }
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => byte == form,
    };
    let fitting = text.iter().zip(FORM).take_while(|&pair| fits(pair)).count();
    if more && fitting == text.len() { Ok(None) } else { Err(fitting) }
}

/// Another protocol name or more digits (`RTSP/1.0`, `HTTP/1.10`): taken for HTTP/1.0 and written as received.
/// No version at all is HTTP/0.9, which is passed on as HTTP/1.0.
fn foreign_version(text: &[u8]) -> Result<Version, usize> {
    let wrong =
        |byte: &u8| !(byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'/' | b'.'));
    text.iter().position(wrong).map_or(Ok(Version::HTTP_10), Err)
}
