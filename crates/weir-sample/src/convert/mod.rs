//! Converters (manual 7.3.1): one file a family, one row a name.

use std::collections::HashMap;
use std::sync::LazyLock;

use weir_registry::{Entry, Status};

use crate::arg::{Arg, Signature};
use crate::fetch::CheckFn;
use crate::stage::Resolved;
use crate::stream::Stream;
use crate::value::{Type, Value};

pub(crate) mod base64;
pub(crate) mod bytes;
pub(crate) mod crypto;
pub(crate) mod hash;
mod json;
mod map;
mod net;
mod number;
mod row;
mod string;
mod table;
mod time;

pub use hash::crc32c;
pub use time::parse_date as http_date;

/// Turns a value that was cast to the row's input type into another, or into nothing.
pub type ConvertFn = for<'a> fn(&'a [Arg<Resolved>], Value<'a>, &'a dyn Stream) -> Option<Value<'a>>;

/// One converter.
pub struct Converter {
    pub name: &'static str,
    pub signature: Signature,
    pub input: Type,
    pub output: Type,
    pub status: Status,
    pub doc: &'static str,
    pub check: Option<CheckFn>,
    pub run: ConvertFn,
}

impl Converter {
    /// A row that is known and not implemented yet.
    pub const fn new(
        name: &'static str,
        signature: Signature,
        input: Type,
        output: Type,
        doc: &'static str,
    ) -> Converter {
        Converter { name, signature, input, output, status: Status::NotYet, doc, check: None, run: nothing }
    }

    /// The same row, implemented by `run`.
    pub const fn runs(mut self, run: ConvertFn) -> Converter {
        self.status = Status::Works;
        self.run = run;
        self
    }

    pub const fn checked(mut self, check: CheckFn) -> Converter {
        self.check = Some(check);
        self
    }
}

impl Entry for Converter {
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

impl std::fmt::Debug for Converter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A configuration that names a converter which is not implemented is refused, so this never runs on traffic.
fn nothing<'a>(_: &'a [Arg<Resolved>], _: Value<'a>, _: &'a dyn Stream) -> Option<Value<'a>> {
    None
}

/// Every family.
pub const FAMILIES: [&[Converter]; 10] = [
    bytes::ROWS,
    crypto::ROWS,
    hash::ROWS,
    json::ROWS,
    map::ROWS,
    net::ROWS,
    number::ROWS,
    string::ROWS,
    table::ROWS,
    time::ROWS,
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Converter>> =
    LazyLock::new(|| all().map(|row| (row.name, row)).collect());

/// Every row, family by family.
pub fn all() -> impl Iterator<Item = &'static Converter> {
    FAMILIES.into_iter().flatten()
}

/// Every name.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|row| row.name)
}

pub fn find(name: &str) -> Option<&'static Converter> {
    BY_NAME.get(name).copied()
}
