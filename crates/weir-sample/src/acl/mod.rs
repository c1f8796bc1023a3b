//! ACLs and conditions (manual 7.1, 7.2): an expression, a match method, patterns; terms joined by and/or/not.

mod condition;
mod eval;
pub(crate) mod keyword;
mod parse;
mod predefined;

use weir_types::Span;

use crate::expr::Expr;
use std::sync::Arc;

use crate::pattern::{Method, Pattern};
use crate::phase::PhaseSet;
use crate::stage::{Named, Resolve, Resolved, Stage, UnresolvedName};

pub use condition::{Condition, Term};
pub use eval::Verdict;
pub use keyword::Keyword;
pub use predefined::NoNames;
pub use predefined::predefined;

/// A named or anonymous ACL: lines `acl NAME EXPR FLAGS PATTERNS`. Several lines with one name are or-ed.
#[derive(Clone, Debug)]
pub struct Acl<S: Stage> {
    /// Empty for an anonymous ACL in braces.
    pub name: Box<str>,
    pub span: Span,
    pub tests: Vec<AclTest<S>>,
}

/// One line of an ACL.
#[derive(Clone, Debug)]
pub struct AclTest<S: Stage> {
    pub expr: Expr<S>,
    pub method: Method,
    /// One for each file and one for the words; any of them may match.
    pub patterns: Arc<[Pattern]>,
    /// Patterns of `http_auth_group`: groups, which the userlist compares, not this crate.
    pub groups: Box<[Box<str>]>,
}

impl<S: Stage> Acl<S> {
    /// The first keyword in it that is known but not implemented yet.
    pub fn not_yet(&self) -> Option<&'static str> {
        self.tests.iter().find_map(|test| test.expr.not_yet())
    }

    /// HAProxy's warning for an ACL whose fetches are not available in `phases` (a rule's place): the text between
    /// `acl 'x' ` or `anonymous acl ` and `is incompatible with '...'`, to be completed by the caller with the place.
    pub fn incompatible(&self, phases: PhaseSet) -> Option<Incompatible<'_>> {
        let mut bad = self.tests.iter().filter(|test| !test.expr.fetch.reads.phases().meets(phases));
        let first = bad.next()?;
        let all = 1 + bad.count() == self.tests.len();
        Some(Incompatible { acl: &self.name, keyword: first.expr.keyword_text(), all })
    }
}

/// An ACL used where some of its fetches can never find anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incompatible<'a> {
    /// Empty if anonymous.
    pub acl: &'a str,
    pub keyword: &'a str,
    /// Whether every line of the ACL is affected, so that it can never match.
    pub all: bool,
}

impl Incompatible<'_> {
    /// HAProxy's text. `rule` is set for TCP rules (`tcp-request connection`), `place` is the phase's caption.
    pub fn message(&self, rule: Option<&str>, place: &str) -> String {
        let within = rule.map_or(String::new(), |rule| format!(" in '{rule}'"));
        let (acl, keyword) = (self.acl, self.keyword);
        match (acl.is_empty(), self.all) {
            (true, _) => format!(
                "anonymous acl will never match{within} because it uses keyword '{keyword}' which is incompatible \
                 with '{place}'"
            ),
            (false, true) => format!(
                "acl '{acl}' will never match{within} because it only involves keywords that are incompatible with \
                 '{place}'"
            ),
            (false, false) => {
                format!("acl '{acl}' involves keywords '{keyword}' which is incompatible with '{place}'")
            }
        }
    }
}

impl Acl<Named> {
    pub fn resolve(&self, names: &mut dyn Resolve) -> Result<Acl<Resolved>, UnresolvedName> {
        let mut tests = Vec::with_capacity(self.tests.len());
        for test in &self.tests {
            tests.push(AclTest {
                expr: test.expr.resolve_as("ACL keyword", names)?,
                method: test.method,
                patterns: test.patterns.clone(),
                groups: test.groups.clone(),
            });
        }
        Ok(Acl { name: self.name.clone(), span: self.span, tests })
    }
}

#[cfg(test)]
mod tests;
