//! A `bind` line's certificates: which one a client is served, and in which context.

use std::sync::{Arc, OnceLock};

use openssl::ssl::{Ssl, SslContext};

use crate::certificate::{Certificate, KeyKind};
use crate::context::{ContextSettings, Refused};
use crate::hello::ClientHello;
use crate::names::{Filters, Index};
use crate::session::{self, Sharing};
use crate::verify::Findings;

/// What a line says beside its certificates.
#[derive(Clone, Debug, Default)]
pub struct ListenerSettings {
    pub context: ContextSettings,
    pub strict_sni: bool,
    /// Distinguishes the sessions of lines whose demands differ: one made here is resumed nowhere else.
    pub session_scope: Arc<[u8]>,
}

/// One certificate on a listener.
#[derive(Debug)]
pub struct ListenerEntry {
    pub certificate: Arc<Certificate>,
    pub filters: Filters,
    /// Of its line in a `crt-list`, those of the `bind` line below them.
    pub settings: Arc<ContextSettings>,
    context: OnceLock<Option<SslContext>>,
}

#[derive(Debug)]
pub struct Listener {
    pub settings: ListenerSettings,
    pub entries: Vec<ListenerEntry>,
    index: Index,
    /// Which entries serve those whom no name fits.
    defaults: Vec<u32>,
    sharing: OnceLock<Sharing>,
}

impl ListenerEntry {
    pub fn new(certificate: Arc<Certificate>, filters: Filters, settings: Arc<ContextSettings>) -> Self {
        Self { certificate, filters, settings, context: OnceLock::new() }
    }
}

impl Listener {
    pub fn new(settings: ListenerSettings, entries: Vec<ListenerEntry>) -> Self {
        let mut index = Index::default();
        let mut defaults = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            let at = at as u32;
            let own =
                entry.filters.names.is_empty() && entry.filters.except.is_empty() && !entry.filters.default;
            let names = if own { &entry.certificate.names } else { &entry.filters.names };
            names.iter().for_each(|name| index.add(name, at));
            // The first certificate is a default one, said or not.
            if entry.filters.default || entry.filters.default_too || at == 0 {
                defaults.push(at);
            }
        }
        Self { settings, entries, index, defaults, sharing: OnceLock::new() }
    }

    /// Lets the sessions of this listener be resumed by all workers. Before its first connection.
    pub fn share(&self, sharing: Sharing) {
        // A plan is shared once, by the process that made it.
        let _ = self.sharing.set(sharing);
    }

    /// The entry for a client; `None`: the handshake is refused.
    pub fn choose(&self, hello: Option<&ClientHello>) -> Option<usize> {
        let ecdsa = hello.is_some_and(ClientHello::takes_ecdsa);
        let name = hello.and_then(ClientHello::server_name).and_then(|name| std::str::from_utf8(name).ok());
        if let Some(name) = name {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let exact: Vec<u32> = self.index.exact(&name).to_vec();
            let allowed =
                |at: &u32| !self.entries[*at as usize].filters.except.iter().any(|no| **no == *name);
            let wild: Vec<u32> = self.index.wildcard(&name).iter().copied().filter(allowed).collect();
            let found = self.fitting(&exact, ecdsa).or_else(|| self.fitting(&wild, ecdsa));
            if let Some(at) = found.or(exact.first().copied()).or(wild.first().copied()) {
                return Some(at as usize);
            }
        }
        if self.settings.strict_sni {
            return None;
        }
        self.fitting(&self.defaults, ecdsa).or(self.defaults.first().copied()).map(|at| at as usize)
    }

    /// The first certificate that the client can verify; elliptic curves go first.
    fn fitting(&self, candidates: &[u32], ecdsa: bool) -> Option<u32> {
        let of = |kind: KeyKind| {
            candidates.iter().copied().find(|at| self.entries[*at as usize].certificate.kind == kind)
        };
        let curved = if ecdsa { of(KeyKind::Ecdsa) } else { None };
        curved.or_else(|| of(KeyKind::Rsa)).or_else(|| of(KeyKind::Other))
    }

    /// Begins a connection in the context of an entry. `None`: there is no context, which was logged.
    pub fn begin(&self, entry: usize) -> Option<Ssl> {
        let entry = &self.entries[entry];
        let make = || {
            let made = self.build(entry);
            made.inspect_err(|refused| log::error!("{}: {refused:?}", entry.certificate.name)).ok()
        };
        let context = entry.context.get_or_init(make).as_ref()?;
        let mut ssl = Ssl::new(context).ok()?;
        ssl.set_accept_state();
        Findings::attach(&mut ssl);
        if entry.settings.keylog {
            crate::key_log::attach(&mut ssl);
        }
        Some(ssl)
    }

    /// The context of an entry: done for each when a configuration is checked.
    pub fn build(&self, entry: &ListenerEntry) -> Result<SslContext, Refused> {
        let mut builder = entry.settings.server()?;
        ContextSettings::certify(&mut builder, &entry.certificate)?;
        let scope = entry.settings.session_scope(&self.settings.session_scope);
        session::resume(&mut builder, &entry.settings, scope, self.sharing.get())?;
        Ok(builder.build())
    }
}
