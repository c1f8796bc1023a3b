//! Certificates of a plan by name, and another in the place of one of them (`commit ssl cert`).

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_tls::update::Update;
use weir_tls::{Certificate, Connector, Listener};

use crate::{Change, Plan};

impl Plan {
    fn tls_listeners(&self) -> impl Iterator<Item = &Arc<Listener>> {
        let mut seen = Vec::new();
        self.listeners.iter().filter_map(|listener| listener.tls.as_ref()).filter(move |tls| {
            let place = Arc::as_ptr(tls);
            let fresh = !seen.contains(&place);
            seen.push(place);
            fresh
        })
    }

    /// Every certificate that is served or shown, and how often, by name.
    pub fn certificates(&self) -> BTreeMap<Arc<str>, (Arc<Certificate>, usize)> {
        let mut all: BTreeMap<Arc<str>, (Arc<Certificate>, usize)> = BTreeMap::new();
        let mut add = |certificate: Arc<Certificate>| {
            let entry = all.entry(certificate.name.clone()).or_insert((certificate, 0));
            entry.1 += 1;
        };
        for listener in self.tls_listeners() {
            listener.entries.iter().for_each(|entry| add(entry.certificate()));
        }
        for server in self.servers.iter().filter_map(|server| server.tls.as_ref()) {
            server.connector.settings().certificate.iter().for_each(|certificate| add(certificate.clone()));
        }
        all
    }

    /// Reads and checks another certificate for a name; what is returned puts it in force. The error is HAProxy's text.
    pub fn change_certificate(self: &Arc<Self>, bytes: &[u8]) -> Result<Change, String> {
        let update = Update::decode(bytes).ok_or("malformed")?;
        let certificate = Certificate::load(&update.name, update.parts, true)
            .map_err(|fault| fault.worded(&update.name))?;
        for listener in self.tls_listeners() {
            listener.check(&certificate).map_err(|refused| format!("{refused:?}"))?;
        }
        let mut connectors = Vec::new();
        for (at, server) in self.servers.iter().enumerate() {
            let Some(tls) = &server.tls else { continue };
            let both = [Some(&tls.connector), tls.check_connector.as_ref()];
            let using = |connector: &&Connector| connector.uses(&certificate.name);
            for (which, connector) in both.into_iter().enumerate() {
                if let Some(connector) = connector.filter(using) {
                    let context =
                        connector.prepare(&certificate).map_err(|refused| format!("{refused:?}"))?;
                    connectors.push((at, which, context));
                }
            }
        }
        let plan = self.clone();
        Ok(Change::Inside(Box::new(move || {
            for listener in plan.tls_listeners() {
                listener.replace(&certificate);
            }
            for (at, which, context) in connectors {
                let Some(tls) = &plan.servers[at].tls else { continue };
                let connector = if which == 0 { Some(&tls.connector) } else { tls.check_connector.as_ref() };
                if let Some(connector) = connector {
                    connector.replace(context);
                }
            }
        })))
    }
}
