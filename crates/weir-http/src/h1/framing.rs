//! What a head decides: how the body is delimited, which connection options were asked for, whether host and target
//! fit together; and the rewriting that follows (RFC 9112 sections 3.2, 6 and 9; RFC 9110 section 7.8).

mod connection;
mod host;
mod length;
mod settle;

pub use host::check_target;
pub use length::check_content_length;
pub use settle::settle_body;

use crate::headers::Headers;
use crate::{BodyKind, Known, Limits, Method, ParseError, Reason, Request, Response, Version};

const fn bit(known: Known) -> u32 {
    1 << known as u32
}

/// Headers that change framing or persistence; a head without any is done at once.
const DECISIVE: u32 =
    bit(Known::ContentLength) | bit(Known::TransferEncoding) | bit(Known::Connection) | bit(Known::Upgrade);

/// Checks and rewrites a complete request head.
pub fn finish_request(request: &mut Request, limits: &Limits) -> Result<(), ParseError> {
    host::check(request, limits)?;
    if request.headers.seen & DECISIVE == 0 {
        return Ok(());
    }
    let body = announced_body(&mut request.headers, false)?;
    request.insecure_framing = body.insecure && !limits.keep_open_on_insecure_transfer_encoding;
    request.body = body.kind.unwrap_or(BodyKind::None);
    check_payload(request, limits)?;
    request.connection = connection::take_options(&mut request.headers);
    connection::settle_request_upgrade(request, limits)?;
    request.headers.framing_edited = false;
    Ok(())
}

/// Checks and rewrites a complete response head.
pub fn finish_response(
    request: &Request,
    response: &mut Response,
    limits: &Limits,
) -> Result<(), ParseError> {
    let headers = &mut response.headers;
    let announced = announced_body(headers, limits.accept_unsafe)?;
    response.insecure_framing = announced.insecure && !limits.keep_open_on_insecure_transfer_encoding;
    response.connection = connection::take_options(headers);
    if response.status == 101 {
        connection::check_switch(request, response, limits)?;
    }
    response.body = response_body(request, response, announced.kind);
    if without_length(request, response) {
        response.headers.remove_known(Known::ContentLength);
        response.headers.remove_known(Known::TransferEncoding);
    }
    response.headers.framing_edited = false;
    Ok(())
}

/// What `transfer-encoding` and `content-length` say together.
struct Announced {
    /// `None` if neither is there.
    kind: Option<BodyKind>,
    /// Both were there; `content-length` is gone.
    insecure: bool,
}

fn announced_body(headers: &mut Headers, lenient: bool) -> Result<Announced, ParseError> {
    let chunked = length::check_transfer_encoding(headers, lenient)?;
    let length = length::check_content_length(headers)?;
    if chunked {
        let insecure = headers.remove_known(Known::ContentLength) > 0;
        return Ok(Announced { kind: Some(BodyKind::Chunked), insecure });
    }
    let kind = length.map(|length| if length == 0 { BodyKind::None } else { BodyKind::Length(length) });
    Ok(Announced { kind, insecure: false })
}

/// Refuses bodies where nobody expects them: in CONNECT, and in HTTP/1.0 GET, HEAD and DELETE.
fn check_payload(request: &Request, limits: &Limits) -> Result<(), ParseError> {
    if request.body == BodyKind::None {
        return Ok(());
    }
    let unexpected = matches!(request.method, Method::Get | Method::Head | Method::Delete);
    if request.method == Method::Connect {
        return Err(ParseError::new(0, Reason::ConnectWithLength));
    }
    if unexpected && request.version < Version::HTTP_11 && !limits.accept_payload_with_any_method {
        return Err(ParseError::new(0, Reason::PayloadNotAllowed));
    }
    Ok(())
}

/// RFC 9112 section 6.3.
fn response_body(request: &Request, response: &Response, announced: Option<BodyKind>) -> BodyKind {
    match response.status {
        101 => BodyKind::Tunnel,
        200..=299 if request.method == Method::Connect => BodyKind::Tunnel,
        100..=199 | 204 | 304 => BodyKind::None,
        _ if request.method == Method::Head => BodyKind::None,
        _ => announced.unwrap_or(BodyKind::UntilClose),
    }
}

/// Responses that must not tell a length (RFC 9110 sections 8.6 and 9.3.6).
fn without_length(request: &Request, response: &Response) -> bool {
    match response.status {
        100..=199 | 204 => true,
        200..=299 => request.method == Method::Connect,
        _ => false,
    }
}
