//! The shape of a configuration keyword's row. The rows stand beside the functions they run.

use std::collections::HashMap;

use weir_registry::{Entry, Status};
use weir_syntax::Line;

use crate::outcome::Outcome;
use crate::parser::Parser;

/// Reads one line whose first word is the row's name.
pub type Parse = fn(&mut Parser<'_>, &Line<'_>) -> Outcome;

/// A keyword that begins a line.
pub struct Keyword {
    pub name: &'static str,
    /// A summary of what follows, as the manual writes it.
    pub arguments: &'static str,
    pub status: Status,
    /// One line with the manual's section.
    pub doc: &'static str,
    /// HAProxy's `-dKcfg` lists it (it lists what registers itself, not what its section parsers know by heart).
    pub listed: bool,
    pub parse: Parse,
}

impl Keyword {
    pub const fn new(name: &'static str, arguments: &'static str, doc: &'static str, parse: Parse) -> Self {
        Self { name, arguments, status: Status::Works, doc, listed: false, parse }
    }

    pub const fn listed(mut self) -> Self {
        self.listed = true;
        self
    }

    pub const fn not_yet(mut self) -> Self {
        self.status = Status::NotYet;
        self
    }

    pub const fn no_effect(mut self, reason: &'static str) -> Self {
        self.status = Status::NoEffect(reason);
        self
    }
}

impl Entry for Keyword {
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

/// The rows of one kind of section, by name.
pub struct Index {
    by_name: HashMap<&'static str, &'static Keyword>,
}

impl Index {
    pub fn new(families: &[&'static [Keyword]]) -> Self {
        let rows = families.iter().flat_map(|family| family.iter());
        Self { by_name: rows.map(|row| (row.name, row)).collect() }
    }

    pub fn find(&self, name: &str) -> Option<&'static Keyword> {
        self.by_name.get(name).copied()
    }

    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.by_name.keys().copied()
    }

    pub fn rows(&self) -> impl Iterator<Item = &'static Keyword> + '_ {
        self.by_name.values().copied()
    }
}
