//! Patterns: what ACLs and maps compare samples with (manual 7.1), indexed for their match methods and changed at run
//! time.

mod condense;
mod edit;
mod entries;
mod file;
mod index;
mod keys;
mod map;
mod method;
mod net;
mod number;
mod numbers;
mod reference;
mod slots;
mod wire;

pub use condense::condense;
pub use edit::{Operation, PatternEdit, Target};
pub use entries::Entries;
pub use file::{Files, NoFiles, References, line_number, lines, path_of, system_address};
pub(crate) use index::hex;
pub use keys::Scheme;
pub use map::{Map, MapOutput};
pub use method::Method;
pub use net::Net;
pub(crate) use number::Operator;
pub use number::Range;
pub use reference::{Expression, Pattern, Reference, Use};
