//! Sample expressions: fetches, converters, ACLs, maps, variables, log formats. Reads what a [`Stream`] shows; owns
//! no connection and changes nothing but variables.
//!
//! Everything that names a proxy, server, table, ACL or file is generic over its [`Stage`]: [`Named`] as parsed,
//! [`Resolved`] after compile. Only the resolved form can be evaluated.

pub mod acl;
pub mod expr;
pub mod format;
pub mod phase;
pub mod stage;
pub mod stream;
pub mod value;

pub use acl::{Acl, Condition, Pattern, Term, Verdict};
pub use expr::{Arg, Args, Conversion, Expr, Regex, Scope, Variable};
pub use format::{Format, FormatMode, FormatPart};
pub use phase::{Phase, PhaseSet};
pub use stage::{Named, Resolve, Resolved, Stage, UnresolvedName};
pub use stream::Stream;
pub use value::{Got, Type, Value};
