//! TLS sessions of clients in shared memory, as `weir-tls` asks for them.

use std::sync::Arc;

use weir_plan::Plan;
use weir_shm::{ProcessCounters, Sessions, Shm};
use weir_tls::session::SessionKey;
use weir_tls::{SharedSessions, Sharing};
use weir_types::WorkerId;

#[derive(Debug)]
struct Store {
    sessions: Sessions,
    counters: &'static ProcessCounters,
    /// `tune.ssl.cachesize`
    limit: usize,
    lifetime_ms: u64,
}

impl SharedSessions for Store {
    fn store(&self, key: &SessionKey, session: &[u8]) {
        let expires_ms = weir_sys::clock::monotonic_ms() + self.lifetime_ms;
        self.sessions.store(key, session, expires_ms, self.limit);
    }

    fn find(&self, key: &SessionKey) -> Option<Vec<u8>> {
        self.counters.ssl_cache_lookups.increment();
        let found = self.sessions.find(key, weir_sys::clock::monotonic_ms(), self.limit);
        if found.is_none() {
            self.counters.ssl_cache_misses.increment();
        }
        found
    }
}

/// Lets the listeners of a plan share sessions with all workers, for the process of `place`.
pub fn share(plan: &Plan, shm: Shm, place: WorkerId) {
    if plan.listeners.iter().all(|listener| listener.tls.is_none()) {
        return;
    }
    let tls = &plan.global.tls;
    let secret = &shm.process().state.ticket_secret;
    let secret: Vec<u8> = secret.iter().flat_map(|word| word.value().to_ne_bytes()).collect();
    let store = Store {
        sessions: shm.sessions(place),
        counters: shm.process().counters(place),
        limit: tls.cachesize as usize,
        lifetime_ms: u64::from(tls.lifetime_s) * 1000,
    };
    let sharing = Sharing { secret: secret.into(), sessions: Arc::new(store) };
    for listener in plan.listeners.iter().filter_map(|listener| listener.tls.as_ref()) {
        listener.share(sharing.clone());
    }
}
