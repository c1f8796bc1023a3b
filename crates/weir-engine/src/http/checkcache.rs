//! `option checkcache`: responses that would put a cookie into a cache are blocked (manual 4.2).

use std::sync::Arc;

use weir_http::{Method, Request, Response, list};
use weir_plan::Plan;

use crate::record::{Cause, Stage};
use crate::stream::Step;
use crate::turn::Turn;

/// `alert` of syslog.
const ALERT: u8 = 1;

/// Statuses that may be cached without being told so.
const CACHEABLE: &[u16] = &[200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501];

/// Whether a cache may keep the response together with the cookie that it sets: it says for how long it is fresh or how
/// to ask for it again, nothing forbids keeping it, and its status and method allow it or the server says `public`.
pub fn is_risky(request: &Request, response: &Response) -> bool {
    let headers = &response.headers;
    if !headers.contains(b"set-cookie") {
        return false;
    }
    let (mut public, mut lasting, mut expired) = (false, headers.contains(b"expires"), false);
    for value in headers.values(b"cache-control") {
        for directive in list::Elements::new(value) {
            match Directive::of(directive) {
                Directive::Forbids => return false,
                Directive::Public => public = true,
                // What is said to shared caches goes before what is said to all.
                Directive::MaxAge { zero, shared } if shared || !lasting => {
                    (expired, lasting) = (zero, !zero);
                }
                _ => {}
            }
        }
    }
    let pragma = |value: &[u8]| list::Elements::new(value).any(|one| one.eq_ignore_ascii_case(b"no-cache"));
    if expired || headers.values(b"pragma").any(pragma) {
        return false;
    }
    let kept = lasting || headers.contains(b"etag") || headers.contains(b"last-modified");
    let safe = matches!(request.method(), Method::Get | Method::Head | Method::Options | Method::Trace);
    kept && (public || safe && CACHEABLE.contains(&response.status()))
}

/// One directive of `cache-control`.
enum Directive {
    /// The response, or its cookie, is kept out of caches.
    Forbids,
    Public,
    MaxAge {
        zero: bool,
        /// `s-maxage`.
        shared: bool,
    },
    Other,
}

impl Directive {
    fn of(text: &[u8]) -> Self {
        let lower = text.to_ascii_lowercase();
        if let Some(rest) = lower.strip_prefix(b"no-cache=\"set-cookie") {
            return if matches!(rest.first(), Some(b'"' | b',')) { Self::Forbids } else { Self::Other };
        }
        match &*lower {
            b"private" | b"no-store" | b"no-cache" => Self::Forbids,
            b"public" => Self::Public,
            other => {
                let shared = other.strip_prefix(b"s-maxage=");
                match shared.or_else(|| other.strip_prefix(b"max-age=")) {
                    Some(age) => Self::MaxAge { zero: age == b"0", shared: shared.is_some() },
                    None => Self::Other,
                }
            }
        }
    }
}

impl Turn<'_, '_> {
    pub fn is_cache_risk(&self) -> bool {
        is_risky(&self.stream.request, &self.stream.response)
    }

    /// Answered as `http-response deny` does, with a line for the administrator.
    pub fn block_cookie(&mut self, plan: &Arc<Plan>) -> Step {
        let backend = self.stream.backend(plan);
        let server =
            self.stream.assigned.as_ref().map_or("", |assigned| &*assigned.plan.server(assigned.server).name);
        let text =
            format!("Blocking cacheable cookie in response from instance {}, server {server}.", backend.name);
        crate::log_line::send(self.worker, plan, backend, ALERT, text.as_bytes(), b"");
        self.stream.record.end(Cause::Proxy, Stage::Headers);
        self.count_denied(true);
        self.answer_error(502)
    }
}

#[cfg(test)]
mod tests {
    use weir_http::Version;

    use super::*;

    fn risky(method: &str, status: u16, lines: &[(&str, &str)]) -> bool {
        let (mut request, mut response) = (Request::new(), Response::new());
        request.start(method.as_bytes(), b"/", Version::HTTP_11).expect("room");
        response.set_status(status, None).expect("room");
        response.headers.add(b"set-cookie", b"a=b").expect("room");
        for (name, value) in lines {
            response.headers.add(name.as_bytes(), value.as_bytes()).expect("room");
        }
        is_risky(&request, &response)
    }

    #[test]
    fn what_haproxy_blocks() {
        // Each was sent through HAProxy 2.8.
        let control = |value: &'static str| ("cache-control", value);
        for (method, status, lines) in [
            ("GET", 200, vec![("etag", "x")]),
            ("GET", 200, vec![("last-modified", "x")]),
            ("GET", 200, vec![("expires", "0")]),
            ("GET", 200, vec![control("max-age=10")]),
            ("GET", 200, vec![control("s-maxage=10")]),
            ("GET", 200, vec![control("public"), ("etag", "x")]),
            ("GET", 302, vec![control("public, max-age=10")]),
            ("POST", 200, vec![control("public, max-age=10")]),
            ("GET", 200, vec![control("max-age=0, s-maxage=10")]),
            ("GET", 200, vec![control("no-cache=\"a\", max-age=10")]),
            ("HEAD", 200, vec![("etag", "x")]),
            ("GET", 501, vec![("etag", "x")]),
            ("GET", 500, vec![control("public"), ("etag", "x")]),
            ("GET", 200, vec![control("private=\"x\""), ("etag", "x")]),
            ("GET", 204, vec![("etag", "x")]),
        ] {
            assert!(risky(method, status, &lines), "{method} {status} {lines:?}");
        }
        for (method, status, lines) in [
            ("GET", 200, vec![]),
            ("GET", 200, vec![control("public")]),
            ("GET", 302, vec![control("max-age=10")]),
            ("POST", 200, vec![control("max-age=10")]),
            ("GET", 200, vec![control("public, max-age=0")]),
            ("GET", 200, vec![control("no-cache=\"set-cookie\", max-age=10")]),
            ("GET", 200, vec![control("no-cache=\"set-cookie, a\", max-age=10")]),
            ("GET", 200, vec![control("no-cache, max-age=10")]),
            ("GET", 200, vec![("pragma", "no-cache"), ("etag", "x")]),
            ("GET", 500, vec![("etag", "x")]),
            ("GET", 200, vec![control("no-store"), ("etag", "x")]),
        ] {
            assert!(!risky(method, status, &lines), "{method} {status} {lines:?}");
        }
    }
}
