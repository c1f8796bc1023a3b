//! Keywords that weir checks and refuses for now may name another section. HAProxy's word about a section that is not
//! there comes first, so they wait until every line was read.

use std::sync::Arc;

use weir_types::{Diagnostic, Form, Level, Span};

use super::Parser;
use crate::model::{Config, Filter};

/// What is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Cache,
    FcgiApp,
    /// A filter of the same proxy; none can be there yet.
    BandwidthFilter,
    SpoeEngine,
    /// The DNS of a server, whose name is the detail.
    Resolvers,
    /// `errorfiles` of an answer: weir does know what to do with it.
    HttpErrors,
}

#[derive(Clone, Debug)]
pub struct Reference {
    pub wanted: Wanted,
    pub name: Arc<str>,
    /// A second name that belongs to the message: the group of a SPOE engine.
    pub detail: Arc<str>,
    /// `backend 'b'` and its name.
    pub title: String,
    pub proxy: Arc<str>,
    pub span: Span,
    /// The keyword, as it is refused once the name is known to be there.
    pub keyword: String,
}

impl Reference {
    fn diagnostic(&self, config: &Config) -> Option<Diagnostic> {
        let Reference { name, detail, title, proxy, .. } = self;
        let known = match self.wanted {
            Wanted::Cache if config.caches.iter().any(|cache| cache.name == *name) => return None,
            Wanted::FcgiApp => config.fcgi_apps.iter().any(|app| app.name == *name),
            Wanted::Resolvers => config.resolvers.iter().any(|resolvers| resolvers.name == *name),
            Wanted::HttpErrors if config.http_errors.iter().any(|section| section.name == *name) => {
                return None;
            }
            Wanted::BandwidthFilter if has_bandwidth_filter(config, proxy, name) => return None,
            Wanted::Cache | Wanted::BandwidthFilter | Wanted::SpoeEngine | Wanted::HttpErrors => false,
        };
        if known {
            let text = format!("'{}' is not supported by weir yet", self.keyword);
            let refusal = Diagnostic::new(Level::Alert, Form::Parsing, Some(self.span), text);
            return Some(refusal.as_unsupported());
        }
        let text = match self.wanted {
            Wanted::Cache => {
                format!(
                    "config: {title}: unable to find the cache '{name}' referenced by the filter 'cache'."
                )
            }
            Wanted::Resolvers => {
                format!("{title}, server '{detail}': unable to find required resolvers '{name}'")
            }
            Wanted::HttpErrors => {
                format!("Proxy '{proxy}': unknown http-errors section '{name}' referenced by an http reply .")
            }
            Wanted::FcgiApp => format!("proxy '{proxy}' : fcgi-app '{name}' not found."),
            Wanted::BandwidthFilter => format!(
                "Proxy '{proxy}': unable to find bwlim filter '{name}' referenced by set-bandwidth-limit rule."
            ),
            Wanted::SpoeEngine => format!(
                "Proxy '{proxy}': unable to find SPOE engine '{name}' used by the send-spoe-group '{detail}'."
            ),
        };
        Some(Diagnostic::new(Level::Alert, Form::Bare, Some(self.span), text).wanting(name))
    }
}

fn has_bandwidth_filter(config: &Config, proxy: &str, name: &str) -> bool {
    let of_kind = |filter: &Filter| filter.kind.starts_with("bwlim-");
    let named = |filter: &Filter| filter.name.as_ref().is_some_and(|own| &*own.text == name);
    let proxies = config.proxies.iter().filter(|other| &*other.name == proxy);
    proxies.flat_map(|proxy| &proxy.filters).any(|filter| of_kind(filter) && named(filter))
}

impl Parser<'_> {
    /// What is to be said of them, once every line was read.
    pub(super) fn settled_references(&mut self) -> Vec<Diagnostic> {
        let references = std::mem::take(&mut self.references_to_come);
        references.iter().filter_map(|reference| reference.diagnostic(&self.config)).collect()
    }

    /// The keyword at the head of the message names something that is looked for later.
    pub(crate) fn refer(&mut self, wanted: Wanted, names: (&str, &str), span: Span, keyword: String) {
        let title = self.title();
        let proxy = self.proxy().name.clone();
        let (name, detail) = (self.intern(names.0), self.intern(names.1));
        self.references_to_come.push(Reference { wanted, name, detail, title, proxy, span, keyword });
    }
}
