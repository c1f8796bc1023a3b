//! Certificates of a plan and what belongs to them, by name, and others in their places (`commit ssl cert` and its kin).

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_tls::connector::State;
use weir_tls::context::Refused;
use weir_tls::names::Filters;
use weir_tls::pem::Authorities;
use weir_tls::update::{Line, Named, Update};
use weir_tls::{
    Certificate, Connector, ConnectorSettings, ContextSettings, Listener, ListenerEntry, Origin, TicketKeys,
    Verify,
};

use crate::{Change, Plan};

/// A line of a list, read: what `add ssl crt-list` makes entries of.
pub struct ListLine {
    /// Those of the brackets alone.
    pub settings: Option<ContextSettings>,
    pub filters: Filters,
    pub origin: Origin,
    /// `jwt on` or `off`
    pub for_tokens: Option<bool>,
}

/// Reads a line with the files that came with it; the error is HAProxy's text.
pub type ReadLine<'r> = &'r dyn Fn(&Line) -> Result<ListLine, String>;

/// What a file of authorities is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityUse {
    /// `ca-file`, `ca-verify-file`
    Certificates,
    /// `crl-file`
    Revocations,
}

/// A connector of one server: which one, and its checks' or its traffic's.
type ConnectorPlace = (usize, bool);

impl Plan {
    /// Each listener with TLS once, with the name of the first proxy that has it.
    pub fn tls_listeners(&self) -> impl Iterator<Item = &Arc<Listener>> {
        let mut seen = std::collections::HashSet::new();
        let listeners = self.listeners.iter().filter_map(|listener| listener.tls.as_ref());
        listeners.filter(move |tls| seen.insert(Arc::as_ptr(tls)))
    }

    fn connectors(&self) -> impl Iterator<Item = (ConnectorPlace, &Connector)> {
        self.servers.iter().enumerate().filter_map(|(at, server)| Some((at, server.tls.as_ref()?))).flat_map(
            |(at, tls)| {
                let checks = tls.check_connector.as_ref().map(|connector| ((at, true), connector));
                std::iter::once(((at, false), &tls.connector)).chain(checks)
            },
        )
    }

    fn connector(&self, (at, checks): ConnectorPlace) -> Option<&Connector> {
        let tls = self.servers[at].tls.as_ref()?;
        if checks { tls.check_connector.as_ref() } else { Some(&tls.connector) }
    }

    /// Every certificate that is served or shown, and how often, by name.
    pub fn certificates(&self) -> BTreeMap<Arc<str>, (Arc<Certificate>, usize)> {
        let mut all: BTreeMap<Arc<str>, (Arc<Certificate>, usize)> = BTreeMap::new();
        let mut add = |certificate: Arc<Certificate>| {
            let entry = all.entry(certificate.name.clone()).or_insert((certificate, 0));
            entry.1 += 1;
        };
        for listener in self.tls_listeners() {
            listener.entries().list.iter().for_each(|entry| add(entry.certificate()));
        }
        for server in self.servers.iter().filter_map(|server| server.tls.as_ref()) {
            server.connector.state().settings.certificate.iter().for_each(|shown| add(shown.clone()));
        }
        self.token_certificates.certificates().into_iter().for_each(add);
        all
    }

    /// Every file of authorities or revocation lists, and how many contexts it takes part in, by name.
    pub fn authorities(&self, used_as: AuthorityUse) -> BTreeMap<Box<str>, (Arc<Authorities>, usize)> {
        let mut all: BTreeMap<Box<str>, (Arc<Authorities>, usize)> = BTreeMap::new();
        let mut add = |settings: &ContextSettings, default: Verify, count: usize| {
            let verifies = settings.verify.unwrap_or(default) != Verify::None;
            let files = match used_as {
                AuthorityUse::Certificates => [&settings.ca_file, &settings.ca_verify_file],
                AuthorityUse::Revocations => [&settings.crl_file, &None],
            };
            for file in files.into_iter().flatten() {
                let entry = all.entry(file.name.clone()).or_insert((file.clone(), 0));
                entry.1 += if verifies { count } else { 0 };
            }
        };
        for listener in self.tls_listeners() {
            add(&listener.context_settings(), Verify::None, 0);
            listener.entries().list.iter().for_each(|entry| add(&entry.settings(), Verify::None, 1));
        }
        for server in self.servers.iter().filter_map(|server| server.tls.as_ref()) {
            add(&server.connector.state().settings.context, Verify::Required, 1);
        }
        all
    }

    /// The files of ticket keys; their places are the numbers that runtime commands know them by: the first file of a
    /// configuration has the highest.
    pub fn ticket_keys(&self) -> Vec<Arc<TicketKeys>> {
        let mut files: Vec<Arc<TicketKeys>> = Vec::new();
        for keys in self.tls_listeners().filter_map(|listener| listener.settings.ticket_keys.as_ref()) {
            if !files.contains(keys) {
                files.insert(0, keys.clone());
            }
        }
        files
    }

    /// The listeners that have a list.
    pub fn listeners_of_list<'p>(&'p self, list: &'p str) -> impl Iterator<Item = &'p Arc<Listener>> {
        self.tls_listeners()
            .filter(move |listener| listener.settings.lists.iter().any(|of| *of.name == *list))
    }

    /// Reads and checks a change; what is returned puts it in force. The error is HAProxy's text.
    pub fn change_tls(self: &Arc<Self>, bytes: &[u8], read: ReadLine<'_>) -> Result<Change, String> {
        match Update::decode(bytes).ok_or("malformed")? {
            Update::Certificate(named) => {
                let certificate = Certificate::load(&named.name, named.parts, true)
                    .map_err(|fault| fault.worded(&named.name))?;
                self.change_certificates(vec![certificate])
            }
            Update::Response { names, der } => {
                let mut known = self.certificates();
                let mut certificates = Vec::new();
                for name in names {
                    let (before, _) = known.remove(&*name).ok_or("no such certificate")?;
                    let mut parts = before.parts().clone();
                    parts.ocsp = Some(der.clone());
                    let loaded = Certificate::load(&name, parts, false);
                    certificates.push(loaded.map_err(|fault| fault.worded(&name))?);
                }
                self.change_certificates(certificates)
            }
            Update::Authorities { name, pem } => {
                let mut authorities = Authorities::read(&pem).ok_or("Invalid payload")?;
                authorities.name = name.into();
                self.change_authorities(&Arc::new(authorities))
            }
            Update::TicketKey { file, key } => {
                let known = self.ticket_keys().into_iter().find(|keys| *keys.file == *file);
                let keys = known.filter(|keys| keys.fits(&key)).ok_or("no such keys")?;
                Ok(Change::Inside(Box::new(move || {
                    keys.push(&key);
                })))
            }
            Update::Add(line) => self.add_line(*line, read),
            Update::Tokens { certificate, usable } => self.use_for_tokens(certificate, usable),
            Update::Remove { list, certificate, number } => {
                let plan = self.clone();
                Ok(Change::Inside(Box::new(move || {
                    let gone = |entry: &ListenerEntry| {
                        let same = entry.origin.as_ref().is_some_and(|origin| origin.number == number);
                        same && entry.is_of(&list, &certificate)
                    };
                    plan.listeners_of_list(&list).for_each(|listener| listener.remove(gone));
                })))
            }
        }
    }

    fn change_certificates(self: &Arc<Self>, certificates: Vec<Arc<Certificate>>) -> Result<Change, String> {
        for listener in self.tls_listeners() {
            for certificate in &certificates {
                listener.check(certificate).map_err(worded)?;
            }
        }
        let connectors = self.prepare_connectors(|settings| {
            let Some(shown) = &mut settings.certificate else { return false };
            let other = certificates.iter().find(|certificate| certificate.name == shown.name);
            other.map(|other| *shown = other.clone()).is_some()
        })?;
        let plan = self.clone();
        Ok(Change::Inside(Box::new(move || {
            certificates.iter().for_each(|certificate| plan.token_certificates.replace(certificate));
            for listener in plan.tls_listeners() {
                for certificate in &certificates {
                    listener.replace(certificate);
                }
            }
            plan.replace_connectors(connectors);
        })))
    }

    fn change_authorities(self: &Arc<Self>, authorities: &Arc<Authorities>) -> Result<Change, String> {
        let change = |settings: &mut ContextSettings| {
            let files = [&mut settings.ca_file, &mut settings.ca_verify_file, &mut settings.crl_file];
            let mut changed = false;
            for file in files.into_iter().flatten().filter(|file| file.name == authorities.name) {
                *file = authorities.clone();
                changed = true;
            }
            changed
        };
        let mut listeners = Vec::new();
        for listener in self.tls_listeners() {
            let other = |settings: &ContextSettings| {
                let mut settings = settings.clone();
                change(&mut settings).then_some(settings)
            };
            if let Some(settings) = listener.resettle(other).map_err(worded)? {
                listeners.push((listener.clone(), settings));
            }
        }
        let connectors = self.prepare_connectors(|settings| change(&mut settings.context))?;
        let plan = self.clone();
        Ok(Change::Inside(Box::new(move || {
            for (listener, settings) in listeners {
                listener.settle(settings);
            }
            plan.replace_connectors(connectors);
        })))
    }

    fn prepare_connectors(
        &self,
        change: impl Fn(&mut ConnectorSettings) -> bool,
    ) -> Result<Vec<(ConnectorPlace, State)>, String> {
        let mut prepared = Vec::new();
        for (place, connector) in self.connectors() {
            if let Some(state) = connector.prepare(&change).map_err(worded)? {
                prepared.push((place, state));
            }
        }
        Ok(prepared)
    }

    fn replace_connectors(&self, prepared: Vec<(ConnectorPlace, State)>) {
        for (place, state) in prepared {
            if let Some(connector) = self.connector(place) {
                connector.replace(state);
            }
        }
    }

    fn add_line(self: &Arc<Self>, line: Line, read: ReadLine<'_>) -> Result<Change, String> {
        let ListLine { settings: own, filters, origin, for_tokens } = read(&line)?;
        let certificate = self.known_or(line.certificate)?;
        let mut entries = Vec::new();
        for listener in self.listeners_of_list(&line.list) {
            let settings = match &own {
                None => listener.context_settings(),
                Some(own) => Arc::new(own.over(&listener.context_settings())),
            };
            let entry =
                ListenerEntry::new(certificate.clone(), filters.clone(), settings, Some(origin.clone()));
            listener.build(&entry).map_err(worded)?;
            entries.push((listener.clone(), entry));
        }
        let plan = self.clone();
        Ok(Change::Inside(Box::new(move || {
            if for_tokens == Some(true) {
                plan.token_certificates.add(&certificate.name, &certificate);
            }
            for (listener, entry) in entries {
                listener.add(entry);
            }
        })))
    }

    /// One that is in use already is the same one here.
    fn known_or(&self, named: Named) -> Result<Arc<Certificate>, String> {
        match self.certificates().remove(&*named.name) {
            Some((certificate, _)) => Ok(certificate),
            None => {
                Certificate::load(&named.name, named.parts, true).map_err(|fault| fault.worded(&named.name))
            }
        }
    }

    fn use_for_tokens(self: &Arc<Self>, named: Named, usable: bool) -> Result<Change, String> {
        let certificate = self.known_or(named)?;
        let plan = self.clone();
        Ok(Change::Inside(Box::new(move || match usable {
            true => plan.token_certificates.add(&certificate.name, &certificate),
            false => plan.token_certificates.withdraw(&certificate.name),
        })))
    }
}

fn worded(refused: Refused) -> String {
    format!("{refused:?}")
}
