//! The table of server options: every name of manual 5.2.

use std::collections::HashMap;
use std::sync::LazyLock;

use weir_registry::{Entry, Status};

use super::place::{Draft, Place};
use super::{checks, pool, proxy_protocol, resolve, source, tls, traffic};
use crate::outcome::Outcome;
use crate::parser::Parser;

/// Reads the option; how many words followed it.
pub type Parse = fn(&mut Parser<'_>, &Place<'_, '_>, &mut Draft) -> Outcome<usize>;

pub struct ServerOption {
    pub name: &'static str,
    /// What HAProxy's listing says of the words behind it: `+1`, `+-1`, or nothing.
    pub words: &'static str,
    pub status: Status,
    pub doc: &'static str,
    pub listed: bool,
    /// Arguments follow in parentheses.
    pub prefix: bool,
    pub parse: Parse,
}

impl ServerOption {
    pub const fn switch(name: &'static str, doc: &'static str, parse: Parse) -> Self {
        Self { name, words: "", status: Status::Works, doc, listed: true, prefix: false, parse }
    }

    pub const fn valued(name: &'static str, doc: &'static str, parse: Parse) -> Self {
        Self { words: "+1", ..Self::switch(name, doc, parse) }
    }

    pub(super) const fn not_yet(mut self) -> Self {
        self.status = Status::NotYet;
        self
    }

    pub(super) const fn no_effect(mut self, reason: &'static str) -> Self {
        self.status = Status::NoEffect(reason);
        self
    }

    pub(super) const fn prefix(mut self) -> Self {
        self.prefix = true;
        self
    }
}

impl Entry for ServerOption {
    fn name(&self) -> &'static str {
        self.name
    }

    fn status(&self) -> Status {
        self.status
    }

    fn doc(&self) -> &'static str {
        self.doc
    }
}

/// Options that servers which come at run time cannot have.
const CONFIGURED_ONLY: &[&str] = &[
    "enabled",
    "init-addr",
    "log-bufsize",
    "log-proto",
    "max-reuse",
    "namespace",
    "no-agent-check",
    "no-check",
    "no-check-send-proxy",
    "no-check-ssl",
    "no-send-proxy-v2-ssl",
    "no-send-proxy-v2-ssl-cn",
    "no-ssl",
    "non-stick",
    "redir",
    "resolve-net",
    "resolve-opts",
    "resolve-prefer",
    "resolvers",
    "socks4",
    "ssl-reuse",
    "stick",
    "tcp-ut",
];

/// Whether `add server` takes the option.
pub fn is_dynamic(name: &str) -> bool {
    !CONFIGURED_ONLY.contains(&name)
}

/// The options that work and that `add server` takes, in the order of the alphabet.
pub fn dynamic_options() -> Vec<&'static str> {
    let works = |row: &&&ServerOption| row.status != Status::NotYet && is_dynamic(row.name);
    let mut names: Vec<&str> = OPTIONS.iter().filter(works).map(|row| row.name).collect();
    names.sort_unstable();
    names
}

/// Every option.
pub static OPTIONS: LazyLock<Vec<&'static ServerOption>> = LazyLock::new(|| {
    let families: [&[ServerOption]; 7] = [
        checks::OPTIONS,
        pool::OPTIONS,
        proxy_protocol::OPTIONS,
        resolve::OPTIONS,
        source::OPTIONS,
        tls::OPTIONS,
        traffic::OPTIONS,
    ];
    families.into_iter().flatten().collect()
});

pub(super) fn find(name: &str) -> Option<&'static ServerOption> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static ServerOption>> =
        LazyLock::new(|| OPTIONS.iter().map(|row| (row.name, *row)).collect());
    BY_NAME.get(name).copied().or_else(|| {
        let (before, _) = name.split_once('(')?;
        BY_NAME.get(before).copied().filter(|row| row.prefix)
    })
}
