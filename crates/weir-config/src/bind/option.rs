//! The table of `bind` options: every name of manual 5.1.

use std::collections::HashMap;
use std::sync::LazyLock;

use weir_registry::{Entry, Status};

use super::words::Place;
use super::{numbers, places, tls};
use crate::model::BindOptions;
use crate::outcome::Outcome;
use crate::parser::Parser;

pub type Parse = fn(&mut Parser<'_>, &Place<'_, '_>, &mut BindOptions) -> Outcome;

pub struct BindOption {
    pub name: &'static str,
    /// A word follows.
    pub value: bool,
    /// HAProxy lists it behind `ssl`.
    pub tls: bool,
    pub status: Status,
    pub doc: &'static str,
    pub listed: bool,
    pub parse: Parse,
}

impl BindOption {
    pub const fn switch(name: &'static str, doc: &'static str, parse: Parse) -> Self {
        Self { name, value: false, tls: false, status: Status::Works, doc, listed: true, parse }
    }

    pub const fn valued(name: &'static str, doc: &'static str, parse: Parse) -> Self {
        Self { value: true, ..Self::switch(name, doc, parse) }
    }

    pub(super) const fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    pub(super) const fn not_yet(mut self) -> Self {
        self.status = Status::NotYet;
        self
    }

    pub(super) const fn no_effect(mut self, reason: &'static str) -> Self {
        self.status = Status::NoEffect(reason);
        self
    }

    pub(super) const fn unlisted(mut self) -> Self {
        self.listed = false;
        self
    }
}

impl Entry for BindOption {
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

/// Every option, in HAProxy's order.
pub static OPTIONS: LazyLock<Vec<&'static BindOption>> =
    LazyLock::new(|| [places::OPTIONS, numbers::OPTIONS, tls::OPTIONS].into_iter().flatten().collect());

pub(crate) fn find(name: &str) -> Option<&'static BindOption> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static BindOption>> =
        LazyLock::new(|| OPTIONS.iter().map(|row| (row.name, *row)).collect());
    BY_NAME.get(name).copied()
}

/// The multiplexers of `proto` and `check-proto`.
pub const MUX_PROTOCOLS: &[&str] = &["h1", "h2", "fcgi", "quic", "spop", "none"];

pub(crate) fn is_mux_protocol(name: &str) -> bool {
    MUX_PROTOCOLS.contains(&name)
}
