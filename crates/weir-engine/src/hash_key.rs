//! The key by which a request is bound to a server (`balance source`, `uri`, `url_param`, `hdr`, `hash`; manual 4.2).

use weir_balance::hash;
use weir_http::{BodyKind, Method};
use weir_plan::settings::{Algorithm, Balance, HashFunction};
use weir_plan::{Backend, Proxy};

use crate::turn::Turn;

impl Turn<'_, '_> {
    /// Whether the key may stand in the body (`check_post`).
    pub fn balance_wants_body(&self, proxy: &Proxy) -> bool {
        let Some(backend) = proxy.backend.as_deref() else { return false };
        match &backend.balance.algorithm {
            Algorithm::UrlParam { name, check_post: Some(_) } => {
                let request = &self.stream.request;
                let in_query =
                    request.query().is_some_and(|query| parameter(query, name.as_bytes()).is_some());
                request.method() == Method::Post && !in_query
            }
            _ => false,
        }
    }

    /// The hash, or `None` where the request has no key.
    pub fn balance_hash(&self, backend: &Backend) -> Option<u32> {
        let balance = &*backend.balance;
        let request = &self.stream.request;
        match &balance.algorithm {
            Algorithm::Source => {
                let key = hash::source(self.client.session.source?.ip().to_canonical());
                Some(if balance.avalanche { hash::avalanche(key) } else { key })
            }
            Algorithm::RdpCookie { name } => {
                let view = self.view(true);
                let value = weir_sample::fetch::rdp_cookie_value(name, &view)?;
                Some(digest(balance, &value.into_bytes()))
            }
            Algorithm::Hash => {
                let view = self.view(true);
                let value = backend.balance_key.as_ref()?.eval(&view).value()?;
                Some(digest(balance, &value.into_bytes()))
            }
            _ if !self.stream.http => None,
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
                let body = || {
                    let bytes = self.stream.up.buffer.bytes();
                    match request.body {
                        _ if check_post.is_none() || request.method() != Method::Post => None,
                        BodyKind::Chunked => of(self.stream.up.joined.payload(bytes).data),
                        _ => of(bytes),
                    }
                };
                request.query().and_then(of).or_else(body)
            }
            Algorithm::Header { name, use_domain_only } => {
                let name = crate::rules::lower(name);
                let value = request.headers.nth_element(&name, 1)?;
                let value = if *use_domain_only { domain(value) } else { value };
                (!value.is_empty()).then(|| digest(balance, value))
            }
            _ => None,
        }
    }
}

fn digest(balance: &Balance, key: &[u8]) -> u32 {
    let hash = match balance.function {
        HashFunction::Djb2 => hash::djb2(key),
        HashFunction::Crc32 => hash::crc32(key),
        HashFunction::None => hash::number(key),
        // Configurations with `wt6` are refused.
        HashFunction::Sdbm | HashFunction::Wt6 => hash::sdbm(key),
    };
    if balance.avalanche { hash::avalanche(hash) } else { hash }
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
    text.split(|byte| *byte == b'&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix(b"="))
}

/// `use_domain_only`: the label before the last dot, and where there is no dot the whole value. As in HAProxy, the port
/// is left out only where a dot stands before it, and a label has one character at least.
fn domain(host: &[u8]) -> &[u8] {
    let name = host.split(|byte| *byte == b':').next().unwrap_or_default();
    let Some(last) = name.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0) else { return host };
    let start = name[..last - 1].iter().rposition(|byte| *byte == b'.').map_or(0, |dot| dot + 1);
    &name[start..last]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_keys() {
        assert_eq!(shorten(b"/a/b/c", 0, 2), b"/a/b");
        assert_eq!(shorten(b"/a/b/c", 3, 0), b"/a/");
        assert_eq!(parameter(b"a=1&user=me&b", b"user"), Some(&b"me"[..]));
        assert_eq!(parameter(b"a=1;user=me", b"user"), None);
        assert_eq!(domain(b"haproxy.domain.tld:80"), b"domain");
        assert_eq!(domain(b"localhost:80"), b"localhost:80");
    }
}
