//! `connection` and `upgrade`: options of this hop are taken out, upgrades settled.

use crate::headers::{Headers, STATUS};
use crate::list::Elements;
use crate::{ConnectionOptions, Known, Limits, ParseError, Reason, Request, Response};

/// Reads every `connection` line and takes `close` and `keep-alive` out of them; empty lines go.
pub fn take_options(headers: &mut Headers) -> ConnectionOptions {
    let mut options = ConnectionOptions::default();
    let mut from = 0;
    while let Some(index) = headers.position_known(Known::Connection, from) {
        let value = headers.at(index).value;
        let list = value.contains(&b',');
        let hop = if list { note_list(&mut options, value) } else { note_option(&mut options, value) };
        from = match (hop, list) {
            (false, _) => index + 1,
            (true, true) => keep_elements(headers, index, is_hop_option),
            (true, false) => {
                headers.remove_at(index);
                index
            }
        };
    }
    options
}

/// Notes every option of a list; true if one of them is to be taken out.
fn note_list(options: &mut ConnectionOptions, list: &[u8]) -> bool {
    Elements::new(list).fold(false, |hop, option| note_option(options, option) | hop)
}

/// Notes one option; true if it is to be taken out.
fn note_option(options: &mut ConnectionOptions, option: &[u8]) -> bool {
    match option.len() {
        5 if option.eq_ignore_ascii_case(b"close") => options.close = true,
        10 if option.eq_ignore_ascii_case(b"keep-alive") => options.keep_alive = true,
        7 if option.eq_ignore_ascii_case(b"upgrade") => {
            options.upgrade = true;
            return false;
        }
        _ => return false,
    }
    true
}

fn is_hop_option(option: &[u8]) -> bool {
    option.eq_ignore_ascii_case(b"close") || option.eq_ignore_ascii_case(b"keep-alive")
}

/// Rewrites the list at `index` without the elements that `gone` names and without empty ones; removes the line if
/// nothing is left. Returns where to look for the next line.
fn keep_elements(headers: &mut Headers, index: usize, gone: impl Fn(&[u8]) -> bool) -> usize {
    let mut rest: Vec<u8> = Vec::new();
    for element in Elements::new(headers.at(index).value) {
        if element.is_empty() || gone(element) {
            continue;
        }
        if !rest.is_empty() {
            rest.extend_from_slice(b", ");
        }
        rest.extend_from_slice(element);
    }
    if rest.is_empty() {
        headers.remove_at(index);
        return index;
    }
    headers.overwrite_value(index, &rest);
    index + 1
}

/// An `upgrade` stays only if `connection` names it, and the other way round; `h2c` is never passed on. A WebSocket
/// handshake must carry its key.
pub fn settle_request_upgrade(request: &mut Request, limits: &Limits) -> Result<(), ParseError> {
    let headers = &mut request.headers;
    if request.connection.upgrade {
        let mut from = 0;
        while let Some(index) = headers.position_known(Known::Upgrade, from) {
            from = keep_elements(headers, index, |protocol| protocol.eq_ignore_ascii_case(b"h2c"));
        }
        request.connection.upgrade = headers.position_known(Known::Upgrade, 0).is_some();
    }
    if !request.connection.upgrade {
        headers.remove_known(Known::Upgrade);
        let mut from = 0;
        while let Some(index) = headers.position_known(Known::Connection, from) {
            from = keep_elements(headers, index, |option| option.eq_ignore_ascii_case(b"upgrade"));
        }
        return Ok(());
    }
    if !limits.accept_unsafe && is_websocket(headers) && !has_websocket_key(headers) {
        return Err(ParseError::new(0, Reason::WebSocketKey));
    }
    Ok(())
}

fn is_websocket(headers: &Headers) -> bool {
    headers.elements(b"upgrade").any(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
}

/// A key is 16 bytes in base64 (RFC 6455 section 4.1); HAProxy looks at the length alone.
fn has_websocket_key(headers: &Headers) -> bool {
    headers.find_known(Known::SecWebSocketKey).is_some_and(|key| key.len() == 24)
}

/// 101 answers only a request that asked for an upgrade, names `upgrade` in `connection`, and for a WebSocket has its
/// `sec-websocket-accept`.
pub fn check_switch(request: &Request, response: &Response, limits: &Limits) -> Result<(), ParseError> {
    let headers = &response.headers;
    let unaccepted = is_websocket(headers) && headers.find_known(Known::SecWebSocketAccept).is_none();
    if !request.connection.upgrade || !response.connection.upgrade || (unaccepted && !limits.accept_unsafe) {
        return Err(ParseError::new(headers.start.pieces[STATUS].start as usize, Reason::StatusCode));
    }
    Ok(())
}
