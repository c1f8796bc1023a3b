//! What a worker keeps of a backend whose requests are bound to servers by a hash: the round or the ring, whichever the
//! backend's `hash-type` asks for.

use crate::chash::Ring;
use crate::choose::{Algorithm, Choice, Request, Settings, choose};
use crate::map_hash::Round;
use crate::servers::Servers;

#[derive(Debug, Default)]
pub struct Table {
    round: Round,
    ring: Ring,
}

impl Table {
    /// The server of `hash`. Under the backend's lock only where loads count (`hash-balance-factor`,
    /// `hash-preserve-affinity`).
    pub fn choose(
        &mut self,
        settings: &Settings,
        servers: &impl Servers,
        hash: u32,
        request: &Request,
    ) -> Choice {
        match settings.algorithm {
            Algorithm::Consistent { .. } => self.ring.choose(settings, servers, hash, request),
            // A failed server stays the one of the hash, as in HAProxy: the round knows no second choice.
            _ => self.round.choose(settings, servers, hash),
        }
    }

    /// A request that has no key. Under the backend's lock.
    pub fn unkeyed(&mut self, settings: &Settings, servers: &impl Servers, request: &Request) -> Choice {
        match settings.algorithm {
            Algorithm::Consistent { .. } => self.ring.next(settings, servers, request),
            _ => choose(settings, servers, request),
        }
    }
}
