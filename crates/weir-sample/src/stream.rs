//! What a fetch may read: the engine's stream shows itself through this trait, method by method. Everything has a
//! default answer "not there", so a health check or a configuration-time evaluation implements only what it has.

use std::net::SocketAddr;

/// One stream, seen from an expression.
pub trait Stream {
    /// The client's address as the log and `src` see it (after `accept-proxy`, `set-src`).
    fn source(&self) -> Option<SocketAddr> {
        None
    }
    fn destination(&self) -> Option<SocketAddr> {
        None
    }
}
