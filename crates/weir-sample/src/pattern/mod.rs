//! Patterns: what ACLs and maps compare samples with (manual 7.1), compiled for their match method.

mod file;
mod map;
mod method;
mod net;
mod number;
mod set;

pub use file::{Files, Line, NoFiles, PatternFile, References, system_address};
pub use map::{Map, MapOutput};
pub use method::Method;
pub use net::{Net, NetSet};
pub(crate) use number::Operator;
pub use number::Range;
pub use set::PatternSet;
pub(crate) use set::hex;
