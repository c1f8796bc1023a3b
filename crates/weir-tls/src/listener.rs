//! A `bind` line's certificates: which one a client is served, and in which context.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
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
    served: ArcSwap<Served>,
    pub filters: Filters,
    /// Of its line in a `crt-list`, those of the `bind` line below them.
    pub settings: Arc<ContextSettings>,
}

/// A certificate and its context, made when the first client wants it. Both change together (`commit ssl cert`).
#[derive(Debug)]
struct Served {
    certificate: Arc<Certificate>,
    context: OnceLock<Option<SslContext>>,
}

/// Which entries serve which names, and those whom no name fits.
#[derive(Debug, Default)]
struct Choices {
    index: Index,
    defaults: Vec<u32>,
}

#[derive(Debug)]
pub struct Listener {
    pub settings: ListenerSettings,
    pub entries: Vec<ListenerEntry>,
    choices: ArcSwap<Choices>,
    sharing: OnceLock<Sharing>,
}

impl ListenerEntry {
    pub fn new(certificate: Arc<Certificate>, filters: Filters, settings: Arc<ContextSettings>) -> Self {
        let served = ArcSwap::from_pointee(Served { certificate, context: OnceLock::new() });
        Self { served, filters, settings }
    }

    pub fn certificate(&self) -> Arc<Certificate> {
        self.served.load().certificate.clone()
    }

    /// The names that the entry is chosen by.
    pub fn names(&self) -> Vec<Box<str>> {
        let filters = &self.filters;
        let own = filters.names.is_empty() && filters.except.is_empty() && !filters.default;
        if own { self.certificate().names.clone() } else { filters.names.clone() }
    }
}

impl Choices {
    fn of(entries: &[ListenerEntry]) -> Self {
        let mut choices = Self::default();
        for (at, entry) in entries.iter().enumerate() {
            let at = at as u32;
            entry.names().iter().for_each(|name| choices.index.add(name, at));
            // The first certificate is a default one, said or not.
            if entry.filters.default || entry.filters.default_too || at == 0 {
                choices.defaults.push(at);
            }
        }
        choices
    }
}

impl Listener {
    pub fn new(settings: ListenerSettings, entries: Vec<ListenerEntry>) -> Self {
        let choices = ArcSwap::from_pointee(Choices::of(&entries));
        Self { settings, entries, choices, sharing: OnceLock::new() }
    }

    /// Another certificate takes the place of the one with its name; how many entries it serves. Connections that
    /// stand keep theirs.
    pub fn replace(&self, certificate: &Arc<Certificate>) -> usize {
        let named = self.entries.iter().filter(|entry| entry.certificate().name == certificate.name);
        let count = named
            .map(|entry| {
                let served = Served { certificate: certificate.clone(), context: OnceLock::new() };
                entry.served.store(Arc::new(served));
            })
            .count();
        if count > 0 {
            self.choices.store(Arc::new(Choices::of(&self.entries)));
        }
        count
    }

    /// Whether the certificate could take the place of the one with its name.
    pub fn check(&self, certificate: &Certificate) -> Result<(), Refused> {
        let mut named = self.entries.iter().filter(|entry| entry.certificate().name == certificate.name);
        named.try_for_each(|entry| self.context(entry, certificate).map(drop))
    }

    /// Every name with the entry that it finds, in the order of the entries; `*` for the default ones.
    pub fn listed(&self) -> Vec<(Box<str>, &ListenerEntry)> {
        let choices = self.choices.load();
        let names =
            self.entries.iter().flat_map(|entry| entry.names().into_iter().map(move |name| (name, entry)));
        let defaults = choices.defaults.iter().map(|at| ("*".into(), &self.entries[*at as usize]));
        names.chain(defaults).collect()
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
        let choices = self.choices.load();
        if let Some(name) = name {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let exact: Vec<u32> = choices.index.exact(&name).to_vec();
            let allowed =
                |at: &u32| !self.entries[*at as usize].filters.except.iter().any(|no| **no == *name);
            let wild: Vec<u32> = choices.index.wildcard(&name).iter().copied().filter(allowed).collect();
            let found = self.fitting(&exact, ecdsa).or_else(|| self.fitting(&wild, ecdsa));
            if let Some(at) = found.or(exact.first().copied()).or(wild.first().copied()) {
                return Some(at as usize);
            }
        }
        if self.settings.strict_sni {
            return None;
        }
        self.fitting(&choices.defaults, ecdsa).or(choices.defaults.first().copied()).map(|at| at as usize)
    }

    /// The first certificate that the client can verify; elliptic curves go first.
    fn fitting(&self, candidates: &[u32], ecdsa: bool) -> Option<u32> {
        let of = |kind: KeyKind| {
            candidates
                .iter()
                .copied()
                .find(|at| self.entries[*at as usize].served.load().certificate.kind == kind)
        };
        let curved = if ecdsa { of(KeyKind::Ecdsa) } else { None };
        curved.or_else(|| of(KeyKind::Rsa)).or_else(|| of(KeyKind::Other))
    }

    /// Begins a connection in the context of an entry. `None`: there is no context, which was logged.
    pub fn begin(&self, entry: usize) -> Option<Ssl> {
        let entry = &self.entries[entry];
        let served = entry.served.load();
        let make = || {
            let made = self.context(entry, &served.certificate);
            made.inspect_err(|refused| log::error!("{}: {refused:?}", served.certificate.name)).ok()
        };
        let context = served.context.get_or_init(make).as_ref()?;
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
        self.context(entry, &entry.certificate())
    }

    fn context(&self, entry: &ListenerEntry, certificate: &Certificate) -> Result<SslContext, Refused> {
        let mut builder = entry.settings.server()?;
        ContextSettings::certify(&mut builder, certificate)?;
        ContextSettings::staple(&mut builder, certificate)?;
        let scope = entry.settings.session_scope(&self.settings.session_scope);
        session::resume(&mut builder, &entry.settings, scope, self.sharing.get())?;
        Ok(builder.build())
    }
}
