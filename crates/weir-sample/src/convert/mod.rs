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

/// The same of what depends on nothing else.
pub type ComputeFn = for<'a> fn(&'a [Arg<Resolved>], Value<'a>) -> Option<Value<'a>>;

/// What a converter's answer depends on besides its input and arguments.
#[derive(Clone, Copy)]
pub enum Run {
    Nothing(ComputeFn),
    /// Variables that the arguments name.
    Variables(ConvertFn),
    Stream(ConvertFn),
}

/// One converter.
pub struct Converter {
    pub name: &'static str,
    pub signature: Signature,
    pub input: Type,
    pub output: Type,
    pub status: Status,
    pub doc: &'static str,
    pub check: Option<CheckFn>,
    pub run: Run,
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
        Converter {
            name,
            signature,
            input,
            output,
            status: Status::NotYet,
            doc,
            check: None,
            run: Run::Nothing(nothing),
        }
    }

    /// The same row, implemented by `run`, which may ask the stream anything.
    pub const fn runs(self, run: ConvertFn) -> Converter {
        self.works(Run::Stream(run))
    }

    /// The same row, implemented by `run`, which asks the stream for variables that its arguments name.
    pub const fn runs_on_variables(self, run: ConvertFn) -> Converter {
        self.works(Run::Variables(run))
    }

    /// The same row, implemented by `run`.
    pub const fn computes(self, run: ComputeFn) -> Converter {
        self.works(Run::Nothing(run))
    }

    const fn works(mut self, run: Run) -> Converter {
        self.status = Status::Works;
        self.run = run;
        self
    }

    /// Whether the same input always gives the same answer under these arguments.
    pub fn is_constant(&self, args: &[Arg<Resolved>]) -> bool {
        // Maps and tables change at run time.
        let fixed = |arg: &Arg<Resolved>| {
            use Arg::{Absent, Bytes, Int, Ip4, Ip6, Key, Regex, Str, TokenKey};
            matches!(
                arg,
                Absent | Bytes(_) | Int(_) | Ip4(_) | Ip6(_) | Key(_) | Regex(_) | Str(_) | TokenKey(_)
            )
        };
        !matches!(self.run, Run::Stream(_)) && args.iter().all(fixed)
    }

    pub fn convert<'a>(
        &self,
        args: &'a [Arg<Resolved>],
        value: Value<'a>,
        stream: &'a dyn Stream,
    ) -> Option<Value<'a>> {
        match self.run {
            Run::Nothing(run) => run(args, value),
            Run::Variables(run) | Run::Stream(run) => run(args, value, stream),
        }
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
fn nothing<'a>(_: &'a [Arg<Resolved>], _: Value<'a>) -> Option<Value<'a>> {
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
