//! Serialisation of heads and trailers in one pass.
//!
//! Lines that stand in the arena as they are to be written, one behind the other, are copied as one run: a request
//! that no rule touched is a single copy.

use crate::headers::{Field, Headers, PROTOCOL, REASON, TARGET};
use crate::persistence::Announce;
use crate::{Request, Response, Version};

/// Looks up the spelling that replaces a lower-case header name (`h1-case-adjust`).
pub type CaseAdjust<'a> = dyn Fn(&[u8]) -> Option<&'a [u8]> + 'a;

/// What one side's writer adds to a message.
#[derive(Clone, Copy, Default)]
pub struct WriteOptions<'a> {
    /// The `connection` line to append.
    pub announce: Announce,
    /// Set where `option h1-case-adjust-bogus-client` or `-server` applies.
    pub case_adjust: Option<&'a CaseAdjust<'a>>,
    /// Scheme and authority stay in the target although HTTP/1 would do without: HTTP/2 is made from it.
    pub whole_target: bool,
}

/// Appends the request head, the empty line included, to `out`.
pub fn write_request(request: &Request, options: &WriteOptions, out: &mut Vec<u8>) {
    let headers = &request.headers;
    out.reserve(request.wire_len() + 32);
    let mut run = Run::default();
    if headers.start.canonical {
        run = Run { start: 0, end: headers.start.pieces[TARGET].end as usize + " HTTP/1.1\r\n".len() };
    } else {
        out.extend_from_slice(request.method_bytes());
        out.push(b' ');
        out.extend_from_slice(if options.whole_target { request.target() } else { request.wire_target() });
        out.push(b' ');
        write_version(headers, request.version, out);
        out.extend_from_slice(b"\r\n");
    }
    write_fields(headers, run, options.case_adjust, out);
    finish(options, out);
}

/// Appends the response head, the empty line included, to `out`.
pub fn write_response(response: &Response, options: &WriteOptions, out: &mut Vec<u8>) {
    let headers = &response.headers;
    out.reserve(response.wire_len() + 32);
    let mut run = Run::default();
    if headers.start.canonical {
        run = Run { start: 0, end: headers.start.pieces[REASON].end as usize + 2 };
    } else {
        write_version(headers, response.version, out);
        out.push(b' ');
        out.extend_from_slice(response.status_text());
        out.push(b' ');
        out.extend_from_slice(response.reason());
        out.extend_from_slice(b"\r\n");
    }
    write_fields(headers, run, options.case_adjust, out);
    finish(options, out);
}

/// Appends trailer lines and the empty line that ends a chunked body; the last chunk must be written before.
pub fn write_trailers(trailers: &Headers, case_adjust: Option<&CaseAdjust>, out: &mut Vec<u8>) {
    write_fields(trailers, Run::default(), case_adjust, out);
    out.extend_from_slice(b"\r\n");
}

fn write_version(headers: &Headers, version: Version, out: &mut Vec<u8>) {
    match headers.piece(PROTOCOL) {
        protocol if !protocol.is_empty() => out.extend_from_slice(protocol),
        _ if version >= Version::HTTP_11 => out.extend_from_slice(b"HTTP/1.1"),
        _ => {
            out.extend_from_slice(b"HTTP/");
            out.extend_from_slice(&[b'0' + version.major, b'.', b'0' + version.minor]);
        }
    }
}

fn finish(options: &WriteOptions, out: &mut Vec<u8>) {
    let line: &[u8] = match options.announce {
        Announce::Nothing => b"",
        Announce::Close => b"connection: close\r\n",
        Announce::KeepAlive => b"connection: keep-alive\r\n",
    };
    if !line.is_empty() {
        match options.case_adjust.and_then(|adjust| adjust(b"connection")) {
            Some(name) => {
                out.extend_from_slice(name);
                out.extend_from_slice(&line[name.len().min(line.len())..]);
            }
            None => out.extend_from_slice(line),
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// A stretch of the arena that is copied at once.
#[derive(Clone, Copy, Default)]
struct Run {
    start: usize,
    end: usize,
}

fn write_fields(headers: &Headers, mut run: Run, case_adjust: Option<&CaseAdjust>, out: &mut Vec<u8>) {
    let arena = &headers.arena[..];
    if let Some(adjust) = case_adjust {
        out.extend_from_slice(&arena[run.start..run.end]);
        for field in &headers.fields {
            let name = headers.bytes(field.name);
            write_line(adjust(name).unwrap_or(name), headers.bytes(field.value), out);
        }
        return;
    }
    for field in &headers.fields {
        let Field { name, value, canonical, .. } = *field;
        let (start, end) = (name.start as usize, value.end as usize + 2);
        if canonical && start == run.end {
            run.end = end;
            continue;
        }
        out.extend_from_slice(&arena[run.start..run.end]);
        if canonical {
            run = Run { start, end };
        } else {
            run = Run::default();
            write_line(headers.bytes(name), headers.bytes(value), out);
        }
    }
    out.extend_from_slice(&arena[run.start..run.end]);
}

fn write_line(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, parse_request};

    #[test]
    fn names_are_spelled_as_the_case_table_says() {
        let mut request = Request::new();
        let head = b"GET / HTTP/1.0\r\nhost: h\r\nx-a: 1\r\n\r\n";
        parse_request(head, &Limits::default(), &mut request).expect("valid");
        let adjust = |name: &[u8]| match name {
            b"host" => Some(&b"Host"[..]),
            b"connection" => Some(&b"Connection"[..]),
            _ => None,
        };
        let mut out = Vec::new();
        let options =
            WriteOptions { announce: Announce::KeepAlive, case_adjust: Some(&adjust), ..Default::default() };
        write_request(&request, &options, &mut out);
        assert_eq!(out, b"GET / HTTP/1.0\r\nHost: h\r\nx-a: 1\r\nConnection: keep-alive\r\n\r\n");
    }

    #[test]
    fn writing_does_not_depend_on_runs() {
        let head = b"GET / HTTP/1.1\r\na: 1\r\nB:2\r\nc: 3\r\nd: 4\r\n\r\n";
        let mut request = Request::new();
        parse_request(head, &Limits::default(), &mut request).expect("valid");
        request.headers.add(b"e", b"5").expect("room");
        request.headers.replace_at(2, b"six").expect("room");
        let (mut runs, mut lines) = (b"before ".to_vec(), b"before ".to_vec());
        write_request(&request, &WriteOptions::default(), &mut runs);
        let nothing = |_: &[u8]| None;
        write_request(
            &request,
            &WriteOptions { case_adjust: Some(&nothing), ..Default::default() },
            &mut lines,
        );
        assert_eq!(runs, lines);
        assert_eq!(runs, b"before GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nc: six\r\nd: 4\r\ne: 5\r\n\r\n");
    }
}
