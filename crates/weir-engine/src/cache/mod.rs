//! The HTTP cache in the life of a request (manual 6): `cache-use` looks for an answer and computes the key under which
//! `cache-store` keeps the server's; an answer from the cache goes through the rules of responses like any other.

mod serve;
mod store;
mod variant;

use weir_http::cache_control::RequestControl;
use weir_http::{Headers, Known, Method, Request, Version};
use weir_plan::Plan;
use weir_shm::{CacheKey, Held, Writer};
use weir_types::ProxyId;

use crate::turn::Turn;
use variant::Variant;

pub use store::Storing;

/// What a stream has to do with caches, once it met `cache-use`.
#[derive(Debug)]
pub struct CacheUse {
    /// Index of the cache in the plan.
    pub index: u32,
    key: CacheKey,
    variant: Variant,
    /// The answer may be stored, as far as the request has a say in it.
    store: bool,
    held: Option<Held>,
    /// The answer comes from the cache and not from a server.
    serving: bool,
    writer: Option<(Writer, Storing)>,
    /// The rule that stores stands in the backend, behind the frontend's filters.
    of_backend: bool,
}

impl CacheUse {
    /// An answer was found.
    pub fn is_hit(&self) -> bool {
        self.held.is_some()
    }

    pub fn is_serving(&self) -> bool {
        self.serving
    }
}

impl Turn<'_, '_> {
    /// `http-request cache-use`.
    pub fn cache_use(&mut self, plan: &Plan, proxy: ProxyId, index: u32) {
        if self.stream.cache.as_ref().is_some_and(|cache| cache.is_hit()) {
            return;
        }
        let settings = &plan.caches[index as usize];
        let request = &self.stream.request;
        let control = RequestControl::of(&request.headers);
        // Answers to who proved to be somebody are for nobody else, unless the server says so.
        let shared = request.headers.find_known(Known::Authorization).is_none();
        let known_version = request.version() >= Version::HTTP_11;
        let variant =
            if settings.process_vary { Variant::of_request(&request.headers) } else { Variant::default() };
        let key = key(request);
        let lookup = matches!(request.method(), Method::Get | Method::Head)
            && control.lookup
            && shared
            && known_version;
        let store = control.store && known_version;
        let mut held = None;
        if lookup {
            self.count_cache(proxy, false);
            let cache = self.worker.shm.cache(settings.slot, self.worker.id);
            held = cache.find(&key, self.now_ms(), |facts| variant.fits(facts));
            if held.is_some() {
                self.count_cache(proxy, true);
            }
        }
        self.stream.cache = Some(Box::new(CacheUse {
            index,
            key,
            variant,
            store,
            held,
            serving: false,
            writer: None,
            of_backend: false,
        }));
    }

    /// Lookups and hits count where the rule stands.
    fn count_cache(&self, proxy: ProxyId, hit: bool) {
        if proxy == self.stream.frontend {
            let counters = self.client.session.frontend_counters;
            if hit { counters.cache_hits.increment() } else { counters.cache_lookups.increment() }
        } else {
            self.count_backend(|counters| {
                if hit { counters.cache_hits.increment() } else { counters.cache_lookups.increment() }
            });
        }
    }
}

/// Hash of the address: an absolute target as it is, else scheme, host and target as HAProxy joins them.
fn key(request: &Request) -> CacheKey {
    let target = request.target();
    if !target.starts_with(b"/") {
        return openssl::sha::sha1(target);
    }
    let mut hash = openssl::sha::Sha1::new();
    hash.update(b"https://");
    hash.update(request.host().unwrap_or_default());
    hash.update(target);
    hash.finish()
}

/// The value of a header that holds a date, in seconds since 1970.
fn date(headers: &Headers, name: &[u8]) -> Option<u64> {
    u64::try_from(weir_sample::http_date(headers.find(name)?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // First four bytes as `show cache` of HAProxy 2.8 told them.
    #[test]
    fn keys_are_those_of_haproxy() {
        let mut request = Request::new();
        request.start(b"GET", b"/1", Version::HTTP_11).unwrap();
        request.headers.add(b"host", b"h").unwrap();
        assert_eq!(key(&request)[..4], 490_453_695u32.to_le_bytes());
        request.start(b"GET", b"/y", Version::HTTP_11).unwrap();
        request.headers.add(b"host", b"h").unwrap();
        assert_eq!(key(&request)[..4], 1_779_179_741u32.to_le_bytes());
    }
}
