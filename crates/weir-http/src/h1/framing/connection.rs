//! `connection` and `upgrade`: options of this hop are taken out, upgrades settled.

use crate::headers::{Headers, STATUS};
use crate::list::trim;
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

/// Options and protocols are tokens: unlike in other lists, a quote does not hide a comma.
fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&byte| byte == b',').map(trim)
}

/// Notes every option of a list; true if one of them is to be taken out.
fn note_list(options: &mut ConnectionOptions, list: &[u8]) -> bool {
    elements(list).fold(false, |hop, option| note_option(options, option) | hop)
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

/// Takes the elements that `gone` names out of the list at `index`; removes the line if nothing is left. Returns where
/// to look for the next line.
fn keep_elements(headers: &mut Headers, index: usize, gone: impl Fn(&[u8]) -> bool) -> usize {
    if headers.drop_elements(index, gone) {
        return index + 1;
    }
    headers.remove_at(index);
    index
}

/// Takes the elements that `gone` names out of every line of this identity.
fn drop_everywhere(headers: &mut Headers, known: Known, gone: impl Fn(&[u8]) -> bool) {
    let mut from = 0;
    while let Some(index) = headers.position_known(known, from) {
        let named = elements(headers.at(index).value).any(&gone);
        from = if named { keep_elements(headers, index, &gone) } else { index + 1 };
    }
}

/// An `upgrade` stays only if `connection` names it, and the other way round; `h2c` is never passed on. A WebSocket
/// handshake must carry its key.
pub fn settle_request_upgrade(request: &mut Request, limits: &Limits) -> Result<(), ParseError> {
    let headers = &mut request.headers;
    if request.connection.upgrade {
        drop_everywhere(headers, Known::Upgrade, |protocol| protocol.eq_ignore_ascii_case(b"h2c"));
        request.connection.upgrade = headers.position_known(Known::Upgrade, 0).is_some();
    }
    if !request.connection.upgrade {
        headers.remove_known(Known::Upgrade);
        drop_everywhere(headers, Known::Connection, |option| option.eq_ignore_ascii_case(b"upgrade"));
        return Ok(());
    }
    if !limits.accept_unsafe && is_websocket(headers) && !has_websocket_key(headers) {
        return Err(ParseError::new(0, Reason::WebSocketKey));
    }
    Ok(())
}

fn is_websocket(headers: &Headers) -> bool {
    let mut protocols = headers.values(b"upgrade").flat_map(elements);
    protocols.any(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
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
