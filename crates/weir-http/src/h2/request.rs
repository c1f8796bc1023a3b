//! A client's header block to a [`Request`] (RFC 9113 section 8.3.1, RFC 8441).

use super::fields::{Malformed, checked};
use super::hpack::Fields;
use crate::h1::check_content_length;
use crate::h1::scan::{TOKEN, value_end};
use crate::uri::{is_host, normal_authority};
use crate::{BodyKind, Known, Limits, Method, NoRoom, Request, Version};

/// What a request that was opened turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    Request,
    /// CONNECT, extended or not: its data is no body.
    Tunnel,
    /// To be answered with this status.
    Refused(u16),
}

#[derive(Default)]
struct Pseudo<'a> {
    method: Option<&'a [u8]>,
    scheme: Option<&'a [u8]>,
    authority: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    protocol: Option<&'a [u8]>,
}

/// Fills `request`. `ended`: no body follows.
pub fn parse(
    fields: &Fields,
    limits: &Limits,
    ended: bool,
    request: &mut Request,
) -> Result<Opened, Malformed> {
    let mut pseudo = pseudo_fields(fields)?;
    let method = pseudo.method.ok_or(Malformed)?;
    let connect = method == b"CONNECT";
    let tunnel = connect || pseudo.protocol.is_some();
    check_pseudo(&pseudo, connect)?;
    if pseudo.scheme.is_some() {
        // A port that the scheme implies says nothing, as in an absolute target of HTTP/1.
        pseudo.authority = pseudo.authority.map(|authority| normal_authority(pseudo.scheme, authority));
    }
    request.clear();
    request.headers.set_limit(limits.bufsize);
    request.headers.reserve(fields.text_len() + 4 * fields.len());
    match start(&pseudo, method, connect, request) {
        Ok(true) => {}
        Ok(false) => return Ok(Opened::Refused(400)),
        Err(NoRoom) => return Err(Malformed),
    }
    add_lines(fields, pseudo.authority, request)?;
    if pseudo.protocol.is_some() {
        add_upgrade(pseudo.protocol.unwrap_or_default(), request).map_err(|_| Malformed)?;
    }
    // The start line counts as one.
    if request.headers.len() + 1 > limits.max_headers as usize {
        return Err(Malformed);
    }
    let length = check_content_length(&mut request.headers).map_err(|_| Malformed)?;
    request.headers.framing_edited = false;
    request.body = match length {
        _ if tunnel => BodyKind::None,
        None if ended => BodyKind::None,
        None => {
            // Over HTTP/1 it goes in chunks, which is said when the head is written.
            request.headers.framing_edited = true;
            BodyKind::Chunked
        }
        Some(0) => BodyKind::None,
        Some(_) if ended => return Err(Malformed),
        Some(length) => BodyKind::Length(length),
    };
    Ok(if tunnel { Opened::Tunnel } else { Opened::Request })
}

fn pseudo_fields(fields: &Fields) -> Result<Pseudo<'_>, Malformed> {
    let mut pseudo = Pseudo::default();
    let mut regular = false;
    for (name, value) in fields.iter() {
        if name.first() != Some(&b':') {
            regular = true;
            continue;
        }
        let place = match name {
            b":method" => &mut pseudo.method,
            b":scheme" => &mut pseudo.scheme,
            b":authority" => &mut pseudo.authority,
            b":path" => &mut pseudo.path,
            b":protocol" => &mut pseudo.protocol,
            _ => return Err(Malformed),
        };
        // No line of HTTP/1 could be made of such a value.
        if regular || value_end(value, 0) < value.len() || place.replace(value).is_some() {
            return Err(Malformed);
        }
    }
    Ok(pseudo)
}

fn check_pseudo(pseudo: &Pseudo<'_>, connect: bool) -> Result<(), Malformed> {
    let plain_connect = connect && pseudo.protocol.is_none();
    let complete = match plain_connect {
        true => pseudo.scheme.is_none() && pseudo.path.is_none() && pseudo.authority.is_some(),
        false => pseudo.scheme.is_some() && pseudo.path.is_some(),
    };
    if !complete || (pseudo.protocol.is_some() && (!connect || pseudo.authority.is_none())) {
        return Err(Malformed);
    }
    let odd = |byte: &u8| *byte <= b' ' || *byte == b'#';
    let path_fits = |path: &[u8]| path == b"*" || path.first() == Some(&b'/') && !path.iter().any(odd);
    if !pseudo.path.is_none_or(path_fits) || !pseudo.authority.is_none_or(is_host) {
        return Err(Malformed);
    }
    Ok(())
}

/// The start line. False: method or scheme are no token, or the path has a byte that no URI has.
fn start(pseudo: &Pseudo<'_>, method: &[u8], connect: bool, request: &mut Request) -> Result<bool, NoRoom> {
    let token = |text: &[u8]| !text.is_empty() && text.iter().all(|byte| TOKEN[*byte as usize] != 0);
    let of_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let scheme = pseudo.scheme.unwrap_or(b"http");
    let scheme_fits = scheme.first().is_some_and(u8::is_ascii_alphabetic) && scheme.iter().all(of_scheme);
    if !token(method) || !scheme_fits || pseudo.path.is_some_and(|path| path.contains(&0x7f)) {
        return Ok(false);
    }
    // A WebSocket is the GET that HTTP/1 knows.
    let method = if pseudo.protocol.is_some() { b"GET" } else { method };
    request.set_method(method)?;
    let path: &[u8] = match pseudo.path {
        Some(b"*") if method == b"OPTIONS" => b"",
        Some(b"*") => b"/",
        Some(path) => path,
        None => b"",
    };
    match pseudo.authority {
        Some(authority) if connect && pseudo.protocol.is_none() => {
            request.splice_target(0, 0, &[authority])?;
        }
        Some(authority) => {
            request.splice_target(0, 0, &[scheme, b"://", authority, path])?;
            request.normalized =
                scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https");
        }
        None => request.splice_target(0, 0, &[if path.is_empty() { b"*" } else { path }])?,
    }
    request.version = Version { major: 2, minor: 0 };
    Ok(true)
}

/// `host` first, as `:authority` says, then the lines; crumbs of cookies are one line behind them (section 8.2.3).
fn add_lines(fields: &Fields, authority: Option<&[u8]>, request: &mut Request) -> Result<(), Malformed> {
    let mut add = |name: &[u8], value: &[u8]| request.headers.add(name, value).map_err(|_| Malformed);
    if let Some(authority) = authority {
        add(b"host", authority)?;
    }
    let mut cookies = Vec::new();
    let mut host: Option<&[u8]> = authority;
    for (name, value) in fields.iter().filter(|(name, _)| name.first() != Some(&b':')) {
        let value = checked(name, value)?;
        match name {
            b"host" if host.is_some() => {
                // `:authority` rules over any; two of their own must be the same.
                if authority.is_none() && host != Some(value) {
                    return Err(Malformed);
                }
            }
            b"cookie" => {
                if !cookies.is_empty() {
                    cookies.extend_from_slice(b"; ");
                }
                cookies.extend_from_slice(value);
            }
            _ => {
                if name == b"host" {
                    if !is_host(value) {
                        return Err(Malformed);
                    }
                    host = Some(value);
                }
                add(name, value)?;
            }
        }
    }
    if !cookies.is_empty() {
        add(b"cookie", &cookies)?;
    }
    Ok(())
}

/// Extended CONNECT is passed on as the upgrade that it stands for.
fn add_upgrade(protocol: &[u8], request: &mut Request) -> Result<(), NoRoom> {
    request.headers.add(b"upgrade", protocol)?;
    request.headers.add(b"connection", b"upgrade")?;
    request.connection.upgrade = true;
    Ok(())
}

impl Request {
    /// The target as an HTTP/1 request line names it: of what came by HTTP/2, where scheme and authority are always
    /// there, path and query alone.
    pub fn wire_target(&self) -> &[u8] {
        let target = self.target();
        if !self.normalized {
            return target;
        }
        let parts = self.uri();
        match (parts.scheme, &target[parts.path_start()..]) {
            (None, _) => target,
            (Some(_), b"") if self.method() == Method::Options => b"*",
            (Some(_), b"") => b"/",
            (Some(_), path) => path,
        }
    }

    /// Whether this is the WebSocket handshake that an extended CONNECT stands for, which has no key of its own.
    pub fn lacks_websocket_key(&self) -> bool {
        self.version().major == 2
            && self.connection.upgrade
            && self
                .headers
                .find_known(Known::Upgrade)
                .is_some_and(|name| name.eq_ignore_ascii_case(b"websocket"))
            && self.headers.find_known(Known::SecWebSocketKey).is_none()
    }
}
