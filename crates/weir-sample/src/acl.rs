//! ACLs and conditions (manual 7.1, 7.2): an expression, a match method, patterns; terms joined by and/or/not.

use std::sync::Arc;

use weir_types::Span;

use crate::expr::Expr;
use crate::stage::Stage;

/// A condition's answer; `Unknown` means data are still missing and the rule list must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Fail,
    Unknown,
}

/// What an ACL compares with. Replaced by pattern references shared by name with maps.
#[derive(Clone, Debug)]
pub enum Pattern {
    Text(Box<[u8]>),
}

/// A named or anonymous ACL: one line `acl NAME EXPR FLAGS PATTERNS`. Several lines with one name are or-ed.
#[derive(Clone, Debug)]
pub struct Acl<S: Stage> {
    /// Empty for an anonymous ACL in braces.
    pub name: Box<str>,
    pub span: Span,
    pub tests: Vec<AclTest<S>>,
}

#[derive(Clone, Debug)]
pub struct AclTest<S: Stage> {
    pub expr: Expr<S>,
    pub patterns: Vec<Pattern>,
}

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
