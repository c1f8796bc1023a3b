//! Target and `host`: forms that the method allows, one valid `host`, and its agreement with the target's authority.

use crate::headers::{Headers, TARGET};
use crate::uri::{self, Authority, Target};
use crate::{Known, Limits, Method, ParseError, Reason, Request};

/// Checks the form of the target (RFC 9112 section 3.2) as soon as the request line is there.
pub fn check_target(request: &Request, limits: &Limits) -> Result<(), ParseError> {
    let target = request.target();
    let allowed = match target.first() {
        _ if limits.accept_unsafe => true,
        _ if request.method == Method::Connect => is_connect_authority(target),
        Some(b'/') => true,
        _ if target == b"*" => request.method == Method::Options,
        _ => Target::parse(target).scheme.is_some(),
    };
    if allowed { Ok(()) } else { Err(ParseError::new(target_start(request), Reason::Target)) }
}

fn target_start(request: &Request) -> usize {
    request.headers.start.pieces[TARGET].start as usize
}

/// `host:port`, both given.
fn is_connect_authority(target: &[u8]) -> bool {
    let parts = Authority::parse(target);
    let port = parts.port.is_some_and(|port| !port.is_empty() && port.iter().all(u8::is_ascii_digit));
    port && parts.userinfo.is_none() && !parts.host.is_empty() && uri::is_host(parts.host)
}

/// Checks `host`, drops repetitions of it, and brings target and `host` to one normal form.
pub fn check(request: &mut Request, limits: &Limits) -> Result<(), ParseError> {
    if let Some(first) = request.headers.position_known(Known::Host, 0) {
        check_values(&mut request.headers, first)?;
    }
    if request.target().first() == Some(&b'/') {
        return Ok(());
    }
    check_authority(request, limits)
}

fn check_values(headers: &mut Headers, first: usize) -> Result<(), ParseError> {
    let error = ParseError::new(headers.fields[first].value.start as usize, Reason::Host);
    if !uri::is_host(headers.at(first).value) {
        return Err(error);
    }
    while let Some(more) = headers.position_known(Known::Host, first + 1) {
        if !headers.at(more).value.eq_ignore_ascii_case(headers.at(first).value) {
            return Err(error);
        }
        headers.remove_at(more);
    }
    Ok(())
}

fn check_authority(request: &mut Request, limits: &Limits) -> Result<(), ParseError> {
    let error = ParseError::new(target_start(request), Reason::AuthorityMismatch);
    let parts = request.uri();
    let Some(authority) = parts.authority else { return Ok(()) };
    let web = |scheme: &[u8]| scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https");
    if authority.is_empty() && parts.scheme.is_some_and(web) && !limits.accept_unsafe {
        return Err(ParseError::new(target_start(request), Reason::Target));
    }
    let differs = |host| !uri::same_authority(parts.scheme, authority, host);
    if !limits.accept_unsafe && request.headers.find_known(Known::Host).is_some_and(differs) {
        return Err(error);
    }
    normalise(request).map_err(|_| error)
}

/// Takes a default port out of an absolute target, and then out of `host`; gives a target without a path its `/`.
fn normalise(request: &mut Request) -> Result<(), crate::NoRoom> {
    let parts = request.uri();
    let authority = parts.authority.unwrap_or_default();
    let port = Authority::parse(authority).port;
    let default = port.is_some_and(|port| uri::is_default_port(parts.scheme, port));
    let dropped = if default { port.map_or(0, |port| port.len() + 1) } else { 0 };
    let (start, absolute) = (parts.path_start(), parts.scheme.is_some());
    let needs_path = absolute && parts.path.is_empty() && request.method != Method::Options;
    if default {
        let host = uri::normal_authority(parts.scheme, authority).to_vec();
        if let Some(index) = request.headers.position_known(Known::Host, 0) {
            request.headers.replace_at(index, &host)?;
        }
    }
    if absolute && (dropped > 0 || needs_path) {
        let slash: &[u8] = if needs_path { b"/" } else { b"" };
        request.splice_target(start - dropped, start, &[slash])?;
    }
    Ok(())
}
