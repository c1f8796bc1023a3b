//! `if` and `unless` with their terms (manual 7.2).

use std::sync::Arc;

use weir_types::Span;

use super::{Acl, Incompatible};
use crate::expr::{ExprError, ParseContext};
use crate::phase::PhaseSet;
use crate::stage::{Named, Resolve, Resolved, Stage, UnresolvedName};

#[derive(Clone, Debug)]
pub enum Term<S: Stage> {
    Named { negated: bool, acl: S::Acl },
    Anonymous { negated: bool, acl: Arc<Acl<S>> },
}

/// `if`/`unless` with its terms in disjunctive form: any of the inner lists, all of whose terms hold.
#[derive(Clone, Debug)]
pub struct Condition<S: Stage> {
    /// `unless`.
    pub negated: bool,
    pub any: Vec<Vec<Term<S>>>,
    pub span: Span,
}

impl Condition<Named> {
    /// Reads `if ...` or `unless ...` from `words[*at]` to the end of the line and moves `at` behind it.
    pub fn parse(words: &[&str], at: &mut usize, cx: &ParseContext<'_>) -> Result<Self, ExprError> {
        let negated = words.get(*at) == Some(&"unless");
        *at += 1;
        Self::parse_terms(words, at, negated, cx)
    }

    /// The terms alone, for the places that need no `if` before them.
    pub fn parse_terms(
        words: &[&str],
        at: &mut usize,
        negated: bool,
        cx: &ParseContext<'_>,
    ) -> Result<Self, ExprError> {
        let mut any = Vec::new();
        let mut all = Vec::new();
        while let Some(word) = words.get(*at).copied() {
            if word == "||" || word.eq_ignore_ascii_case("or") {
                any.push(std::mem::take(&mut all));
                *at += 1;
                continue;
            }
            if let Some(term) = Self::term(words, at, cx)? {
                all.push(term);
            }
        }
        any.push(all);
        Ok(Condition { negated, any, span: cx.span })
    }

    fn term(words: &[&str], at: &mut usize, cx: &ParseContext<'_>) -> Result<Option<Term<Named>>, ExprError> {
        let mut word = words[*at];
        let mut negated = false;
        while let Some(rest) = word.strip_prefix('!') {
            negated = !negated;
            word = rest;
            if word.is_empty() {
                *at += 1;
                match words.get(*at) {
                    Some(next) => word = next,
                    None => return Ok(None),
                }
            }
        }
        let start = *at;
        *at += 1;
        if word != "{" {
            return Ok(Some(Term::Named { negated, acl: word.into() }));
        }
        let length = words[*at..].iter().position(|word| *word == "}");
        let end = *at + length.ok_or_else(|| ExprError::new(start, "missing closing '}' in condition"))?;
        let acl = Acl::parse_test("", words, *at, end, cx)?;
        *at = end + 1;
        Ok(Some(Term::Anonymous { negated, acl: Arc::new(acl) }))
    }

    /// The names of the ACLs it refers to.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.any.iter().flatten().filter_map(|term| match term {
            Term::Named { acl, .. } => Some(&**acl),
            Term::Anonymous { .. } => None,
        })
    }

    /// The failure is worded `no such ACL : 'x'` for a name that [`Resolve::acl`] does not know.
    pub fn resolve(&self, names: &mut dyn Resolve) -> Result<Condition<Resolved>, UnresolvedName> {
        let mut any = Vec::with_capacity(self.any.len());
        for group in &self.any {
            let mut all = Vec::with_capacity(group.len());
            for term in group {
                all.push(match term {
                    Term::Named { negated, acl } => {
                        let found = names.acl(acl).map_err(|_| UnresolvedName::acl(acl))?;
                        Term::Named { negated: *negated, acl: found }
                    }
                    Term::Anonymous { negated, acl } => {
                        Term::Anonymous { negated: *negated, acl: Arc::new(acl.resolve(names)?) }
                    }
                });
            }
            any.push(all);
        }
        Ok(Condition { negated: self.negated, any, span: self.span })
    }
}

impl<S: Stage> Condition<S> {
    /// The first keyword in its anonymous ACLs that is known but not implemented yet.
    pub fn not_yet(&self) -> Option<&'static str> {
        self.any.iter().flatten().find_map(|term| match term {
            Term::Anonymous { acl, .. } => acl.not_yet(),
            Term::Named { .. } => None,
        })
    }
}

impl Condition<Resolved> {
    /// Every ACL in it with fetches that are not available in `phases`.
    pub fn incompatible(&self, phases: PhaseSet) -> impl Iterator<Item = Incompatible<'_>> {
        self.any.iter().flatten().filter_map(move |term| match term {
            Term::Named { acl, .. } | Term::Anonymous { acl, .. } => acl.incompatible(phases),
        })
    }
}
