//! A proxy reduced to its codec: bytes of one side in, bytes for the other side and the fate of the connection out.
//!
//! As HAProxy does, it looks at the part of the body that came with the head before it forwards the head, so that a
//! message found bad at once is answered and not passed on.

use weir_http::error_page;
use weir_http::persistence::{self, Mode};
use weir_http::{
    BodyKind, ChunkedDecoder, Headers, LAST_CHUNK, Limits, Reply, Request, Response, Status, Then,
    WriteOptions, parse_request, parse_response, write_chunk_size, write_request, write_response,
    write_trailers,
};

/// What came of a case.
#[derive(PartialEq, Eq)]
pub struct Outcome {
    /// What the other side got.
    pub forwarded: Vec<u8>,
    /// Statuses that the client read, for requests.
    pub statuses: String,
    /// Whether the client's connection was closed.
    pub closed: bool,
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} closed={} \"{}\"", self.statuses, self.closed, self.forwarded.escape_ascii())
    }
}

/// How far a body got.
enum Body {
    Complete { consumed: usize },
    Incomplete,
}

/// Plays the bytes of a client; the server answers each request with a 200. Heads arrive `step` bytes at a time.
pub fn request_transit(sent: &[u8], step: usize) -> Outcome {
    let limits = Limits::default();
    let (mut forwarded, mut statuses) = (Vec::new(), Vec::new());
    let (mut at, mut closed) = (0, false);
    let mut request = Request::new();
    while !closed && (at < sent.len() || statuses.is_empty()) {
        request.clear();
        let rest = &sent[at..];
        let parsed = stepwise(rest, step, |input| parse_request(input, &limits, &mut request));
        let mut answer = Response::new();
        answer.start(200, weir_http::Version::HTTP_11).expect("room");
        match parsed {
            Err(error) => {
                statuses.push(error.request_status().to_string());
                closed = true;
            }
            Ok(Status::Http2Preface) => {
                statuses.push("?".into());
                break;
            }
            Ok(Status::Partial) => {
                closed = statuses.is_empty();
                statuses.extend(closed.then(|| "408".into()));
                break;
            }
            Ok(Status::Complete { consumed }) => {
                let mut message = Vec::new();
                let told = persistence::towards_server(&request, Mode::KeepAlive, Mode::KeepAlive, false);
                write_request(
                    &request,
                    &WriteOptions { announce: told.announce, case_adjust: None, ..Default::default() },
                    &mut message,
                );
                let Ok(body) = forward_body(request.body, &rest[consumed..], &mut message) else {
                    statuses.push("400".into());
                    closed = true;
                    break;
                };
                forwarded.extend_from_slice(&message);
                statuses.push("200".into());
                closed = !persistence::towards_client(&request, &answer, Mode::KeepAlive, false).persistent;
                match body {
                    Body::Complete { consumed: body } => at += consumed + body,
                    Body::Incomplete => break,
                }
            }
        }
    }
    Outcome { forwarded, statuses: statuses.join(" "), closed }
}

/// Plays the bytes of a server that answers one request and closes. Heads arrive `step` bytes at a time.
pub fn response_transit(method: &str, sent: &[u8], step: usize) -> Outcome {
    let limits = Limits::default();
    let target = if method == "CONNECT" { "h:1" } else { "/" };
    let head = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n\r\n", target.trim_start_matches('/'));
    let mut request = Request::new();
    parse_request(head.as_bytes(), &limits, &mut request).expect("a valid request");
    let (mut forwarded, mut at) = (Vec::new(), 0);
    let mut response = Response::new();
    loop {
        response.clear();
        let rest = &sent[at..];
        let parsed = stepwise(rest, step, |input| parse_response(input, &limits, &request, &mut response));
        let Ok(Status::Complete { consumed }) = parsed else { return bad_gateway(&request, forwarded) };
        let told = persistence::towards_client(&request, &response, Mode::KeepAlive, false);
        let mut message = Vec::new();
        write_response(
            &response,
            &WriteOptions { announce: told.announce, case_adjust: None, ..Default::default() },
            &mut message,
        );
        let Ok(body) = forward_body(response.body, &rest[consumed..], &mut message) else {
            return bad_gateway(&request, forwarded);
        };
        forwarded.extend_from_slice(&message);
        if response.is_interim() {
            at += consumed;
            continue;
        }
        let closed = !told.persistent || matches!(body, Body::Incomplete);
        return Outcome { forwarded, statuses: String::new(), closed };
    }
}

/// Calls `parse` with ever longer prefixes of `input` until it has more to say than "partial".
fn stepwise<E>(
    input: &[u8],
    step: usize,
    mut parse: impl FnMut(&[u8]) -> Result<Status, E>,
) -> Result<Status, E> {
    let mut length = step.min(input.len());
    loop {
        let status = parse(&input[..length])?;
        if status != Status::Partial || length == input.len() {
            return Ok(status);
        }
        length = length.saturating_add(step).min(input.len());
    }
}

fn bad_gateway(request: &Request, mut forwarded: Vec<u8>) -> Outcome {
    let reply = Reply::from_page(error_page::find(502).expect("a page")).expect("room");
    let told = persistence::towards_client(request, &reply.head, Mode::KeepAlive, reply.close);
    write_response(
        &reply.head,
        &WriteOptions { announce: told.announce, case_adjust: None, ..Default::default() },
        &mut forwarded,
    );
    forwarded.extend_from_slice(&reply.body);
    Outcome { forwarded, statuses: String::new(), closed: !told.persistent }
}

/// Forwards what is there of a body. An error leaves nothing to forward.
fn forward_body(kind: BodyKind, rest: &[u8], out: &mut Vec<u8>) -> Result<Body, weir_http::ChunkError> {
    let taken = match kind {
        BodyKind::None => Some(0),
        BodyKind::Length(length) => usize::try_from(length).ok().filter(|&length| length <= rest.len()),
        BodyKind::UntilClose | BodyKind::Tunnel => Some(rest.len()),
        BodyKind::Chunked => return forward_chunks(rest, out),
    };
    out.extend_from_slice(&rest[..taken.unwrap_or(rest.len())]);
    Ok(taken.map_or(Body::Incomplete, |consumed| Body::Complete { consumed }))
}

fn forward_chunks(rest: &[u8], out: &mut Vec<u8>) -> Result<Body, weir_http::ChunkError> {
    let (mut decoder, mut trailers) = (ChunkedDecoder::new(), Headers::new());
    let mut at = 0;
    loop {
        let pass = decoder.pass(&rest[at..], &Limits::default(), &mut trailers)?;
        out.extend_from_slice(&rest[at..at + pass.forward]);
        at += pass.forward;
        match pass.then {
            Then::More => return Ok(Body::Incomplete),
            Then::Size { skip, size } => {
                write_chunk_size(size, out);
                at += skip;
            }
            Then::End { skip } => {
                out.extend_from_slice(LAST_CHUNK);
                write_trailers(&trailers, None, out);
                return Ok(Body::Complete { consumed: at + skip });
            }
        }
    }
}
