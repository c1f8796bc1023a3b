//! TLS without sockets: what certificates say, which of them a client is served, the contexts of OpenSSL, sessions.
//!
//! A listener reads the client's first message itself ([`hello`]) and chooses the certificate before OpenSSL sees a byte:
//! the connection then begins in the context that serves it, with that context's versions, ciphers and verification.
//! Nothing of a context has to be changed in the middle of a handshake.
//!
//! Contexts are made when the first client asks for them, so that a process with thousands of certificates holds those
//! in use. That they can be made is checked when a configuration is loaded.

pub mod certificate;
mod codes;
pub mod connector;
pub mod context;
pub mod facts;
pub mod forge;
pub mod hello;
pub mod issuers;
pub mod key_log;
pub mod listener;
pub mod names;
pub mod ocsp;
pub mod pem;
pub mod providers;
pub mod session;
pub mod ticket;
pub mod update;
pub mod verify;

pub use certificate::{Certificate, KeyKind};
pub use connector::{Connector, ConnectorSettings};
pub use context::{ContextSettings, Verify, Version, Versions};
pub use hello::{ClientHello, HelloReader};
pub use listener::{List, Listener, ListenerEntry, ListenerSettings, Origin};
pub use session::{SharedSessions, Sharing};
pub use ticket::TicketKeys;

/// How the library in use names itself: `OpenSSL 3.0.15 3 Sep 2024`.
pub fn library() -> &'static str {
    openssl::version::version()
}
