//! Sample fetches (manual 7.3.2 to 7.3.7): one file a family, one row a name.

use std::collections::HashMap;
use std::sync::LazyLock;

use weir_registry::{Entry, Status};

use crate::arg::{Arg, Signature};
use crate::expr::{ParseContext, Scan};
use crate::phase::Reads;
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::{Got, Type, Value};

mod conn;
mod distcc;
mod effort;
mod ends;
mod http;
pub(crate) mod internal;
mod kernel;
pub use kernel::tlv_number;
mod payload;
mod proxy;
mod row;
mod ssl;
mod stream;
mod table;
mod variables;

pub use payload::rdp_cookie_value;

/// Finds the value. The arguments are as many as the row's signature has kinds.
pub type FetchFn = for<'a> fn(&'a [Arg<Resolved>], &'a dyn Stream) -> Got<'a>;

/// Shows every occurrence to a visitor until it says yes.
pub type EachFn = for<'a> fn(&'a [Arg<Resolved>], &'a dyn Stream, &mut dyn FnMut(Value<'a>) -> bool) -> Scan;

/// Checks and completes parsed arguments; the error is HAProxy's text.
pub type CheckFn = fn(&mut [Arg<Named>], &ParseContext<'_>) -> Result<(), String>;

/// One sample fetch.
pub struct Fetch {
    pub name: &'static str,
    pub signature: Signature,
    pub output: Type,
    pub reads: Reads,
    pub status: Status,
    pub doc: &'static str,
    pub check: Option<CheckFn>,
    pub run: FetchFn,
    /// For fetches with several occurrences, which ACLs try in turn.
    pub each: Option<EachFn>,
    /// The answer follows from the arguments.
    pub is_constant: bool,
}

impl Fetch {
    /// A row that is known and not implemented yet.
    pub const fn new(
        name: &'static str,
        signature: Signature,
        output: Type,
        reads: Reads,
        doc: &'static str,
    ) -> Fetch {
        Fetch {
            name,
            signature,
            output,
            reads,
            status: Status::NotYet,
            doc,
            check: None,
            run: nothing,
            each: None,
            is_constant: false,
        }
    }

    /// The same row, implemented by `run`.
    pub const fn runs(mut self, run: FetchFn) -> Fetch {
        self.status = Status::Works;
        self.run = run;
        self
    }

    /// The same row, whose answer follows from the arguments.
    pub const fn constant(mut self) -> Fetch {
        self.is_constant = true;
        self
    }

    pub const fn each(mut self, each: EachFn) -> Fetch {
        self.each = Some(each);
        self
    }

    pub const fn checked(mut self, check: CheckFn) -> Fetch {
        self.check = Some(check);
        self
    }
}

impl Entry for Fetch {
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

impl std::fmt::Debug for Fetch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A configuration that names a fetch which is not implemented is refused, so this never runs on traffic.
fn nothing<'a>(_: &'a [Arg<Resolved>], _: &'a dyn Stream) -> Got<'a> {
    Got::Nothing
}

/// Every family.
pub const FAMILIES: [&[Fetch]; 9] = [
    conn::ROWS,
    http::ROWS,
    internal::ROWS,
    payload::ROWS,
    proxy::ROWS,
    ssl::ROWS,
    stream::ROWS,
    table::ROWS,
    table::OTHERS,
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Fetch>> =
    LazyLock::new(|| all().map(|row| (row.name, row)).collect());

/// Every row, family by family.
pub fn all() -> impl Iterator<Item = &'static Fetch> {
    FAMILIES.into_iter().flatten()
}

/// Every name.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|row| row.name)
}

pub fn find(name: &str) -> Option<&'static Fetch> {
    BY_NAME.get(name).copied()
}
