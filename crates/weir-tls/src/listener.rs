//! A `bind` line's certificates: which one a client is served, and in which context.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslAlert, SslContext};

use crate::certificate::{Certificate, KeyKind};
use crate::context::{ContextSettings, Refused};
use crate::forge::Forge;
use crate::hello::ClientHello;
use crate::names::{Filters, Index};
use crate::session::{self, Sharing};
use crate::ticket::TicketKeys;
use crate::verify::Findings;

/// What a line says beside its certificates.
#[derive(Clone, Debug, Default)]
pub struct ListenerSettings {
    pub context: ContextSettings,
    pub strict_sni: bool,
    /// Distinguishes the sessions of lines whose demands differ: one made here is resumed nowhere else.
    pub session_scope: Arc<[u8]>,
    /// `tls-ticket-keys`
    pub ticket_keys: Option<Arc<TicketKeys>>,
    /// Each may get and lose lines at run time.
    pub lists: Vec<List>,
    /// `generate-certificates`
    pub forge: Option<Arc<Forge>>,
}

/// A file of `crt-list`, or a directory of `crt`, that a line names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    pub name: Arc<str>,
    pub directory: bool,
}

/// Where an entry stands: a line of a list, which the runtime commands name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub list: Arc<str>,
    /// 0 in a directory.
    pub number: u32,
    /// What stands in the brackets, in the order in which `show ssl crt-list` shows it.
    pub options: Option<Arc<str>>,
    /// The words behind, as they were written.
    pub filters: Option<Arc<str>>,
}

/// One certificate on a listener.
#[derive(Debug)]
pub struct ListenerEntry {
    served: ArcSwap<Served>,
    pub filters: Filters,
    pub origin: Option<Origin>,
}

/// A certificate, the settings of its line over those of its listener, and the context of both, made when the first
/// client wants it. They change together (`commit ssl cert`, `commit ssl ca-file`).
#[derive(Debug)]
struct Served {
    certificate: Arc<Certificate>,
    settings: Arc<ContextSettings>,
    context: OnceLock<Option<SslContext>>,
}

/// The certificates of a listener: which entries serve which names, and those whom no name fits.
#[derive(Debug, Default)]
pub struct Entries {
    pub list: Vec<Arc<ListenerEntry>>,
    index: Index,
    defaults: Vec<u32>,
}

#[derive(Debug)]
pub struct Listener {
    pub settings: ListenerSettings,
    /// What an entry without settings of its own follows.
    context: ArcSwap<ContextSettings>,
    entries: ArcSwap<Entries>,
    sharing: OnceLock<Sharing>,
    /// Of clients that no certificate is for.
    refusing: OnceLock<Option<SslContext>>,
}

/// Other settings, checked, for one listener.
pub struct Resettled {
    context: Arc<ContextSettings>,
    entries: Vec<(Arc<ListenerEntry>, Arc<ContextSettings>)>,
}

impl ListenerEntry {
    pub fn new(
        certificate: Arc<Certificate>,
        filters: Filters,
        settings: Arc<ContextSettings>,
        origin: Option<Origin>,
    ) -> Self {
        Self { served: ArcSwap::from_pointee(Served::new(certificate, settings)), filters, origin }
    }

    pub fn certificate(&self) -> Arc<Certificate> {
        self.served.load().certificate.clone()
    }

    pub fn settings(&self) -> Arc<ContextSettings> {
        self.served.load().settings.clone()
    }

    /// The names that the entry is chosen by.
    pub fn names(&self) -> Vec<Box<str>> {
        if self.goes_by_certificate() { self.certificate().names.clone() } else { self.filters.names.clone() }
    }

    fn goes_by_certificate(&self) -> bool {
        let filters = &self.filters;
        filters.names.is_empty() && filters.except.is_empty() && !filters.default
    }

    /// Whether this is a line of a list, for `del ssl crt-list`.
    pub fn is_of(&self, list: &str, certificate: &str) -> bool {
        let of_list = self.origin.as_ref().is_some_and(|origin| *origin.list == *list);
        of_list && *self.served.load().certificate.name == *certificate
    }
}

impl Served {
    fn new(certificate: Arc<Certificate>, settings: Arc<ContextSettings>) -> Self {
        Self { certificate, settings, context: OnceLock::new() }
    }
}

impl Entries {
    fn of(list: Vec<Arc<ListenerEntry>>) -> Self {
        let mut entries = Self { list, ..Self::default() };
        for (at, entry) in entries.list.iter().enumerate() {
            let at = at as u32;
            entry.names().iter().for_each(|name| entries.index.add(name, at));
            // The first certificate is a default one, said or not.
            if entry.filters.default || entry.filters.default_too || at == 0 {
                entries.defaults.push(at);
            }
        }
        entries
    }

    /// Whether clients whom no name fits are served by this entry.
    pub fn is_default(&self, wanted: &ListenerEntry) -> bool {
        self.defaults.iter().any(|at| std::ptr::eq(&*self.list[*at as usize], wanted))
    }

    /// The first certificate that the client can verify; elliptic curves go first.
    fn fitting(&self, candidates: &[u32], ecdsa: bool) -> Option<u32> {
        let kind_of = |at: &u32| self.list[*at as usize].served.load().certificate.kind;
        let of = |kind: KeyKind| candidates.iter().copied().find(|at| kind_of(at) == kind);
        let curved = if ecdsa { of(KeyKind::Ecdsa) } else { None };
        curved.or_else(|| of(KeyKind::Rsa)).or_else(|| of(KeyKind::Other))
    }
}

impl Listener {
    pub fn new(settings: ListenerSettings, entries: Vec<ListenerEntry>) -> Self {
        let entries = ArcSwap::from_pointee(Entries::of(entries.into_iter().map(Arc::new).collect()));
        let context = ArcSwap::from_pointee(settings.context.clone());
        Self { settings, context, entries, sharing: OnceLock::new(), refusing: OnceLock::new() }
    }

    pub fn entries(&self) -> Arc<Entries> {
        self.entries.load_full()
    }

    /// What an entry without settings of its own follows.
    pub fn context_settings(&self) -> Arc<ContextSettings> {
        self.context.load_full()
    }

    /// Another certificate takes the place of the one with its name; how many entries it serves. Connections that
    /// stand keep theirs.
    pub fn replace(&self, certificate: &Arc<Certificate>) -> usize {
        let entries = self.entries.load();
        let (mut count, mut renamed) = (0, false);
        for entry in &entries.list {
            let before = entry.served.load_full();
            if before.certificate.name != certificate.name {
                continue;
            }
            renamed |= before.certificate.names != certificate.names && entry.goes_by_certificate();
            entry.served.store(Arc::new(Served::new(certificate.clone(), before.settings.clone())));
            count += 1;
        }
        if renamed {
            self.entries.store(Arc::new(Entries::of(entries.list.clone())));
        }
        count
    }

    /// Whether the certificate could take the place of the one with its name.
    pub fn check(&self, certificate: &Certificate) -> Result<(), Refused> {
        let entries = self.entries.load();
        let mut named = entries.list.iter().filter(|entry| entry.certificate().name == certificate.name);
        named.try_for_each(|entry| self.make(&entry.settings(), certificate).map(drop))
    }

    /// Every entry's settings as `other` makes them, where it makes others; `None`: nothing here changes.
    pub fn resettle(
        &self,
        other: impl Fn(&ContextSettings) -> Option<ContextSettings>,
    ) -> Result<Option<Resettled>, Refused> {
        let before = self.context.load_full();
        // Entries with one settings keep having one.
        let mut known: Vec<(Arc<ContextSettings>, Option<Arc<ContextSettings>>)> = Vec::new();
        let context = other(&before).map_or_else(|| before.clone(), Arc::new);
        known.push((before.clone(), Some(context.clone()).filter(|made| !Arc::ptr_eq(made, &before))));
        let mut entries = Vec::new();
        for entry in &self.entries.load().list {
            let settings = entry.settings();
            let made = match known.iter().find(|(of, _)| Arc::ptr_eq(of, &settings) || **of == *settings) {
                Some((_, made)) => made.clone(),
                None => {
                    let made = other(&settings).map(Arc::new);
                    known.push((settings, made.clone()));
                    made
                }
            };
            let Some(made) = made else { continue };
            let fresh = !entries.iter().any(|(_, known)| Arc::ptr_eq(known, &made));
            if fresh {
                self.make(&made, &entry.certificate())?;
            }
            entries.push((entry.clone(), made));
        }
        let changes = !entries.is_empty() || !Arc::ptr_eq(&context, &before);
        Ok(changes.then_some(Resettled { context, entries }))
    }

    pub fn settle(&self, settings: Resettled) {
        self.context.store(settings.context);
        for (entry, settings) in settings.entries {
            let certificate = entry.certificate();
            entry.served.store(Arc::new(Served::new(certificate, settings)));
        }
    }

    /// One more line of a list that this listener has (`add ssl crt-list`).
    pub fn add(&self, entry: ListenerEntry) {
        let mut list = self.entries.load().list.clone();
        list.push(Arc::new(entry));
        self.entries.store(Arc::new(Entries::of(list)));
    }

    /// Entries that `gone` names leave; those that stay keep what they serve.
    pub fn remove(&self, gone: impl Fn(&ListenerEntry) -> bool) {
        let entries = self.entries.load();
        if entries.list.iter().any(|entry| gone(entry)) {
            let list = entries.list.iter().filter(|entry| !gone(entry)).cloned().collect();
            self.entries.store(Arc::new(Entries::of(list)));
        }
    }

    /// Every name with the entry that it finds, in the order of the entries; `*` for the default ones.
    pub fn listed(&self) -> Vec<(Box<str>, Arc<ListenerEntry>)> {
        let entries = self.entries.load();
        let names =
            entries.list.iter().flat_map(|entry| entry.names().into_iter().map(|name| (name, entry.clone())));
        let defaults = entries.defaults.iter().map(|at| ("*".into(), entries.list[*at as usize].clone()));
        names.chain(defaults).collect()
    }

    /// Lets the sessions of this listener be resumed by all workers. Before its first connection.
    pub fn share(&self, sharing: Sharing) {
        // A plan is shared once, by the process that made it.
        let _ = self.sharing.set(sharing);
    }

    /// The entry for a client; `None`: the handshake is refused.
    pub fn choose(&self, hello: Option<&ClientHello>) -> Option<Arc<ListenerEntry>> {
        let ecdsa = hello.is_some_and(ClientHello::takes_ecdsa);
        let name = hello.and_then(ClientHello::server_name).and_then(|name| std::str::from_utf8(name).ok());
        let entries = self.entries.load();
        let entry = |at: u32| Some(entries.list[at as usize].clone());
        let default = || {
            entries.fitting(&entries.defaults, ecdsa).or(entries.defaults.first().copied()).and_then(entry)
        };
        if let Some(name) = name {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let exact: Vec<u32> = entries.index.exact(&name).to_vec();
            let allowed =
                |at: &u32| !entries.list[*at as usize].filters.except.iter().any(|no| **no == *name);
            let wild: Vec<u32> = entries.index.wildcard(&name).iter().copied().filter(allowed).collect();
            let found = entries.fitting(&exact, ecdsa).or_else(|| entries.fitting(&wild, ecdsa));
            if let Some(at) = found.or(exact.first().copied()).or(wild.first().copied()) {
                return entry(at);
            }
            let forge = self.settings.forge.as_ref().filter(|_| !name.is_empty());
            if let Some(made) = forge.and_then(|forge| forge.entry(&name, &*default()?)) {
                return Some(made);
            }
        }
        if self.settings.strict_sni { None } else { default() }
    }

    /// Begins a connection in the context of an entry. `None`: there is no context, which was logged.
    pub fn begin(&self, entry: &ListenerEntry) -> Option<Ssl> {
        let served = entry.served.load();
        let make = || {
            let made = self.make(&served.settings, &served.certificate);
            made.inspect_err(|refused| log::error!("{}: {refused:?}", served.certificate.name)).ok()
        };
        let context = served.context.get_or_init(make).as_ref()?;
        let mut ssl = Ssl::new(context).ok()?;
        ssl.set_accept_state();
        Findings::attach(&mut ssl);
        if served.settings.keylog {
            crate::key_log::attach(&mut ssl);
        }
        Some(ssl)
    }

    /// Begins a connection that is refused: the client learns that no certificate is for the name it asked for.
    pub fn refuse(&self) -> Option<Ssl> {
        let make = || {
            let made = self.context.load().server();
            let mut builder = made.inspect_err(|refused| log::error!("{refused:?}")).ok()?;
            builder.set_client_hello_callback(|_, alert| {
                *alert = SslAlert::UNRECOGNIZED_NAME;
                Err(ErrorStack::get())
            });
            Some(builder.build())
        };
        let mut ssl = Ssl::new(self.refusing.get_or_init(make).as_ref()?).ok()?;
        ssl.set_accept_state();
        Findings::attach(&mut ssl);
        Some(ssl)
    }

    /// The context of an entry: done for each when a configuration is checked.
    pub fn build(&self, entry: &ListenerEntry) -> Result<SslContext, Refused> {
        self.make(&entry.settings(), &entry.certificate())
    }

    fn make(&self, settings: &ContextSettings, certificate: &Certificate) -> Result<SslContext, Refused> {
        let mut builder = settings.server()?;
        settings.certify(&mut builder, certificate)?;
        ContextSettings::staple(&mut builder, certificate)?;
        let keys = self.settings.ticket_keys.as_ref();
        // Lines that share their keys in a file resume each other's sessions, now and after a restart.
        let line = if keys.is_some() { &[][..] } else { &self.settings.session_scope };
        session::resume(&mut builder, settings, settings.session_scope(line), self.sharing.get(), keys)?;
        Ok(builder.build())
    }
}
