//! Sessions of clients: made by any worker, resumed by any other. Tickets are sealed with keys that all derive from one
//! secret, or with those of a file; sessions without tickets lie in a store that all share.

use std::sync::Arc;

use openssl::sha::{Sha512, sha256};
use openssl::ssl::{SslContextBuilder, SslSessionCacheMode, SslVersion};

use crate::context::{ContextSettings, Refused};
use crate::ticket::{Ring, TicketKeys};

/// What sessions are found by.
pub type SessionKey = [u8; 32];

/// Where all workers keep sessions.
pub trait SharedSessions: Send + Sync + std::fmt::Debug {
    fn store(&self, key: &SessionKey, session: &[u8]);
    fn find(&self, key: &SessionKey) -> Option<Vec<u8>>;
}

/// What all workers have in common.
#[derive(Clone, Debug)]
pub struct Sharing {
    pub secret: Arc<[u8]>,
    pub sessions: Arc<dyn SharedSessions>,
}

/// Sets a context up for resumption. `scope` tells who may resume what: sessions made under other demands on the client
/// are as good as unknown here.
pub(crate) fn resume(
    builder: &mut SslContextBuilder,
    settings: &ContextSettings,
    scope: [u8; 32],
    sharing: Option<&Sharing>,
    keys: Option<&Arc<TicketKeys>>,
) -> Result<(), Refused> {
    builder.set_session_id_context(&scope)?;
    let Some(sharing) = sharing else {
        builder.set_session_cache_mode(SslSessionCacheMode::OFF);
        return Ok(());
    };
    weir_sys::tls::set_session_lifetime(builder, settings.lifetime_s);
    match keys {
        Some(keys) => weir_sys::tls::set_ticket_ring(builder, Arc::new(Ring(keys.clone())))?,
        None => weir_sys::tls::set_ticket_keys(builder, &ticket_keys(&sharing.secret, &scope))?,
    }
    builder.set_session_cache_mode(SslSessionCacheMode::SERVER | SslSessionCacheMode::NO_INTERNAL);
    let stateful = settings.no_tickets == Some(true);
    let store = sharing.sessions.clone();
    builder.set_new_session_callback(move |_, session| {
        // TLS 1.3 tells of sessions that its tickets hold, too.
        if !stateful && session.protocol_version() == SslVersion::TLS1_3 {
            return;
        }
        if let Ok(der) = session.to_der() {
            store.store(&key(&scope, session.id()), &der);
        }
    });
    let store = sharing.sessions.clone();
    weir_sys::tls::set_session_lookup(builder, move |id| store.find(&key(&scope, id)));
    Ok(())
}

fn key(scope: &[u8; 32], id: &[u8]) -> SessionKey {
    sha256(&[scope, id].concat())
}

/// Name, HMAC key and AES key of the tickets of one scope.
fn ticket_keys(secret: &[u8], scope: &[u8; 32]) -> [u8; weir_sys::tls::TICKET_KEYS] {
    let mut keys = [0; weir_sys::tls::TICKET_KEYS];
    for (number, part) in keys.chunks_mut(64).enumerate() {
        let mut hash = Sha512::new();
        hash.update(secret);
        hash.update(scope);
        hash.update(&[number as u8]);
        part.copy_from_slice(&hash.finish()[..part.len()]);
    }
    keys
}
