//! The shape of an action's row, and finding one by rule set and word.

use std::collections::HashMap;
use std::sync::LazyLock;

use weir_registry::{Entry, Status};
use weir_sample::{Expr, Format, FormatMode, Named, ParseContext, PhaseSet};

use super::cursor::{Cursor, Fault};
use crate::action::Action;
use crate::ruleset::RuleSet;

/// The rule sets an action is known in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sets(pub u16);

impl Sets {
    pub const fn of(sets: &[RuleSet]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < sets.len() {
            bits |= 1 << sets[index] as u16;
            index += 1;
        }
        Self(bits)
    }

    pub const fn contains(self, set: RuleSet) -> bool {
        self.0 & (1 << set as u16) != 0
    }
}

/// What an action's parser knows besides its words.
pub struct RuleContext<'a> {
    pub set: RuleSet,
    pub expressions: &'a ParseContext<'a>,
    /// Phases in which a rule of this list runs, in this kind of section.
    pub phases: PhaseSet,
    /// The section's halves; both for `defaults`.
    pub frontend: bool,
    pub backend: bool,
    /// A `defaults` section.
    pub defaults: bool,
    /// `backend 'b'`.
    pub title: &'a str,
    /// `file:line`.
    pub place: &'a str,
    /// `expose-experimental-directives`.
    pub experimental: bool,
    /// `tune.stick-counters`.
    pub stick_counters: u32,
    /// Capture slots of the section so far: requests', responses'.
    pub request_slots: u32,
    pub response_slots: u32,
}

impl RuleContext<'_> {
    /// A format for the message: HTTP rules escape what a header may not hold.
    pub(super) fn format(&self, cursor: &mut Cursor<'_>) -> Result<Format<Named>, Fault> {
        let mode = match self.set {
            RuleSet::HttpRequest | RuleSet::HttpResponse | RuleSet::HttpAfterResponse => FormatMode::Http,
            _ => FormatMode::Tcp,
        };
        self.format_as(cursor, mode)
    }

    /// A format whose text is kept as it is: a variable's.
    pub(super) fn plain_format(&self, cursor: &mut Cursor<'_>) -> Result<Format<Named>, Fault> {
        self.format_as(cursor, FormatMode::Tcp)
    }

    fn format_as(&self, cursor: &mut Cursor<'_>, mode: FormatMode) -> Result<Format<Named>, Fault> {
        let at = cursor.at;
        let format = Format::parse(cursor.take(), mode, self.expressions).map_err(|mut error| {
            error.word = at;
            error
        })?;
        format.check_phase(self.phases).map_err(|text| Fault::new(at, text))?;
        Ok(format)
    }

    /// An expression that has to be available here.
    pub(super) fn expr(&self, cursor: &mut Cursor<'_>) -> Result<Expr<Named>, Fault> {
        let start = cursor.at;
        if cursor.at_condition() && cursor.peek().is_empty() {
            return cursor.fault("missing fetch method");
        }
        let expr = Expr::parse(cursor.words, &mut cursor.at, self.expressions)?;
        let shown = cursor.words.get(start).copied().unwrap_or("");
        expr.check_phase(self.phases, shown).map_err(|text| Fault::new(start, text))?;
        Ok(expr)
    }
}

pub type Parse = fn(&mut Cursor<'_>, &RuleContext<'_>) -> Result<Action<Named>, Fault>;

pub struct ActionRow {
    pub name: &'static str,
    pub sets: Sets,
    /// Arguments follow in parentheses: any word that begins with the name is this action.
    pub prefix: bool,
    pub arguments: &'static str,
    pub status: Status,
    pub doc: &'static str,
    /// HAProxy's `-dKcfg` lists it.
    pub listed: bool,
    pub parse: Parse,
}

impl ActionRow {
    pub const fn new(
        name: &'static str,
        sets: Sets,
        arguments: &'static str,
        doc: &'static str,
        parse: Parse,
    ) -> Self {
        Self { name, sets, prefix: false, arguments, status: Status::Works, doc, listed: true, parse }
    }

    pub const fn prefix(mut self) -> Self {
        self.prefix = true;
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

    pub const fn unlisted(mut self) -> Self {
        self.listed = false;
        self
    }

    fn fits(&self, word: &str) -> bool {
        word == self.name || (self.prefix && word.starts_with(self.name))
    }
}

impl Entry for ActionRow {
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

const FAMILIES: &[&[ActionRow]] = &[
    super::addr::ACTIONS,
    super::counters::ACTIONS,
    super::flow::ACTIONS,
    super::headers::ACTIONS,
    super::log::ACTIONS,
    super::map::ACTIONS,
    super::redirect::ACTIONS,
    super::service::ACTIONS,
    super::timing::ACTIONS,
    super::uri::ACTIONS,
    super::vars::ACTIONS,
];

pub fn rows() -> impl Iterator<Item = &'static ActionRow> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The row of `word` in `set`; of several prefixes the longest.
pub fn find(set: RuleSet, word: &str) -> Option<&'static ActionRow> {
    static EXACT: LazyLock<HashMap<&'static str, Vec<&'static ActionRow>>> = LazyLock::new(|| {
        let mut by_name: HashMap<&'static str, Vec<&'static ActionRow>> = HashMap::new();
        rows().for_each(|row| by_name.entry(row.name).or_default().push(row));
        by_name
    });
    let exact = EXACT.get(word).and_then(|rows| rows.iter().find(|row| row.sets.contains(set)));
    exact.copied().or_else(|| {
        let fits = rows().filter(|row| row.prefix && row.sets.contains(set) && row.fits(word));
        fits.max_by_key(|row| row.name.len())
    })
}
