//! `fetch(args),converter(args),...`: one expression. Parsing and evaluation are added here; the rows stand in
//! `fetch/` and `convert/`.

use std::net::IpAddr;
use std::sync::Arc;

use crate::stage::Stage;

/// One argument of a fetch or converter after parsing by its row's signature.
#[derive(Clone, Debug)]
pub enum Arg<S: Stage> {
    /// An optional argument that was left out.
    Absent,
    Str(Box<str>),
    Int(i64),
    /// Milliseconds.
    Time(u64),
    /// Bytes.
    Size(u64),
    Addr(IpAddr),
    Proxy(S::Proxy),
    Server(S::Server),
    Table(S::Table),
    Userlist(S::Userlist),
}

pub type Args<S> = Box<[Arg<S>]>;

/// A converter with its arguments.
#[derive(Clone, Debug)]
pub struct Conversion<S: Stage> {
    pub name: &'static str,
    pub args: Args<S>,
}

/// A fetch followed by its converters.
#[derive(Clone, Debug)]
pub struct Expr<S: Stage> {
    pub name: &'static str,
    pub args: Args<S>,
    pub conversions: Box<[Conversion<S>]>,
    /// As written, for messages and listings.
    pub text: Arc<str>,
}

/// A variable's scope and name (manual 2.8).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Variable {
    pub scope: Scope,
    pub name: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    Process,
    Session,
    Transaction,
    Request,
    Response,
    Check,
}

/// A compiled regular expression. The matcher behind it is chosen by the pattern.
#[derive(Clone, Debug)]
pub struct Regex {
    pub text: Arc<str>,
    pub ignore_case: bool,
}
