//! The kinds of section: how each begins, which rows it knows, how it refuses an unknown word.

use std::collections::HashMap;
use std::sync::LazyLock;

use weir_syntax::Line;
use weir_types::Form;

use super::Parser;
use crate::keyword::Index;
use crate::outcome::Outcome;

/// One section keyword.
pub struct SectionKind {
    pub keyword: &'static str,
    /// Reads the header line.
    pub begin: fn(&mut Parser<'_>, &Line<'_>) -> Outcome,
    pub index: fn() -> &'static Index,
    /// What is said of a first word that is no row, without the hint.
    pub unknown: Unknown,
    /// Closes the section: facts that need all of its lines.
    pub end: fn(&mut Parser<'_>),
}

/// HAProxy's wordings for an unknown keyword.
#[derive(Clone, Copy)]
pub enum Unknown {
    /// `unknown keyword 'K' in 'SECTION' section`
    Quoted,
    /// The same in the form without the blank before the colon.
    QuotedTight,
    /// The same, naming another section than its own.
    As(&'static str),
    /// `unknown keyword 'K' in SECTION section.`
    Plain,
    /// `unknown statement 'K'.`
    Statement,
}

impl Unknown {
    pub(super) fn text(self, keyword: &str, section: &str) -> (Form, String) {
        match self {
            Unknown::Quoted => (Form::Parsing, format!("unknown keyword '{keyword}' in '{section}' section")),
            Unknown::QuotedTight => {
                (Form::ParsingTight, format!("unknown keyword '{keyword}' in '{section}' section"))
            }
            Unknown::As(other) => {
                (Form::Parsing, format!("unknown keyword '{keyword}' in '{other}' section"))
            }
            Unknown::Plain => (Form::Parsing, format!("unknown keyword '{keyword}' in {section} section.")),
            Unknown::Statement => (Form::Parsing, format!("unknown statement '{keyword}'.")),
        }
    }

    /// Whether a near name is added inside HAProxy's own text.
    pub(super) fn proposes(self) -> bool {
        matches!(self, Unknown::Quoted)
    }
}

/// Every section of 3.4, in the manual's order. `program` is gone.
pub fn sections() -> &'static [&'static SectionKind] {
    static ALL: &[&SectionKind] = &[
        &crate::global::SECTION,
        &crate::proxy::header::DEFAULTS,
        &crate::proxy::header::FRONTEND,
        &crate::proxy::header::BACKEND,
        &crate::proxy::header::LISTEN,
        &crate::sections::resolvers::SECTION,
        &crate::sections::cache::SECTION,
        &crate::sections::fcgi_app::SECTION,
        &crate::sections::peers::SECTION,
        &crate::sections::traces::SECTION,
        &crate::sections::userlist::SECTION,
        &crate::sections::mailers::SECTION,
        &crate::sections::http_errors::SECTION,
        &crate::sections::ring::SECTION,
        &crate::sections::log_forward::SECTION,
        &crate::sections::log_profile::SECTION,
        &crate::sections::healthcheck::SECTION,
        &crate::sections::crt_store::SECTION,
        &crate::sections::acme::SECTION,
    ];
    ALL
}

pub(super) fn find(keyword: &str) -> Option<&'static SectionKind> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static SectionKind>> =
        LazyLock::new(|| sections().iter().map(|kind| (kind.keyword, *kind)).collect());
    BY_NAME.get(keyword).copied()
}
