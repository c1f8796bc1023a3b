//! The key by which a request is bound to a server (`balance source`, `uri`, `url_param`, `hdr`, `hash`; manual 4.2).

use weir_balance::hash;
use weir_plan::Backend;
use weir_plan::settings::{Algorithm, Balance, HashFunction};

use crate::turn::Turn;

impl Turn<'_, '_> {
    /// The hash, or `None` where the request has no key: then the turn is round robin's.
    pub fn balance_hash(&self, backend: &Backend) -> Option<u32> {
        let balance = &*backend.balance;
        let request = &self.stream.request;
        match &balance.algorithm {
            Algorithm::Source => Some(hash::source(self.client.session.source?.ip().to_canonical())),
            _ if !self.stream.http && backend.balance_key.is_none() => None,
            Algorithm::Uri { length, depth, whole, path_only } => {
                let mut text = if *path_only {
                    &request.target()[request.uri().path_start()..]
                } else {
                    request.target()
                };
                if !whole {
                    text = text.split(|byte| *byte == b'?').next().unwrap_or_default();
                }
                Some(digest(balance, shorten(text, *length, *depth)))
            }
            Algorithm::UrlParam { name, check_post } => {
                let of = |text: &[u8]| parameter(text, name.as_bytes()).map(|value| digest(balance, value));
                let body = || match check_post {
                    Some(_) if request.method() == weir_http::Method::Post => {
                        of(self.stream.up.buffer.bytes())
                    }
                    _ => None,
                };
                request.query().and_then(of).or_else(body)
            }
            Algorithm::Header { name, use_domain_only } => {
                let name = crate::rules::lower(name);
                let value = request.headers.nth_value(&name, -1)?;
                let value = if *use_domain_only { domain(value) } else { value };
                (!value.is_empty()).then(|| digest(balance, value))
            }
            Algorithm::Hash => {
                let view = self.view(true);
                let value = backend.balance_key.as_ref()?.eval(&view).value()?;
                Some(digest(balance, &value.into_bytes()))
            }
            _ => None,
        }
    }
}

fn digest(balance: &Balance, key: &[u8]) -> u32 {
    match balance.function {
        HashFunction::Djb2 => hash::djb2(key),
        HashFunction::Crc32 => hash::crc32(key),
        // A key that is a number already.
        HashFunction::None => {
            key.iter().rev().take(4).rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
        }
        HashFunction::Sdbm | HashFunction::Wt6 => hash::sdbm(key),
    }
}

/// `len` and `depth` of `balance uri`.
fn shorten(text: &[u8], length: u32, depth: u32) -> &[u8] {
    let text = if length > 0 { &text[..text.len().min(length as usize)] } else { text };
    if depth == 0 {
        return text;
    }
    let slashes = text.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    let end = slashes.skip(depth as usize).map(|(at, _)| at).next();
    &text[..end.unwrap_or(text.len())]
}

fn parameter<'t>(text: &'t [u8], name: &[u8]) -> Option<&'t [u8]> {
    text.split(|byte| matches!(byte, b'&' | b';'))
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix(b"="))
}

/// `use_domain_only`: the name before the last two dots' worth of a host, as the manual's `haproxy.domain.tld`.
fn domain(host: &[u8]) -> &[u8] {
    let host = host.split(|byte| *byte == b':').next().unwrap_or_default();
    let mut dots = host.iter().enumerate().rev().filter(|(_, byte)| **byte == b'.').map(|(at, _)| at);
    match (dots.next(), dots.next()) {
        (Some(last), Some(before)) => &host[before + 1..last],
        (Some(last), None) => &host[..last],
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_keys() {
        assert_eq!(shorten(b"/a/b/c", 0, 2), b"/a/b");
        assert_eq!(shorten(b"/a/b/c", 3, 0), b"/a/");
        assert_eq!(parameter(b"a=1&user=me&b", b"user"), Some(&b"me"[..]));
        assert_eq!(domain(b"haproxy.domain.tld:80"), b"domain");
    }
}
