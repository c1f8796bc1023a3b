//! Sample expressions: fetches, converters, ACLs, maps, variables, log formats. Reads what a [`Stream`] shows; owns
//! no connection and changes nothing but variables and capture slots.
//!
//! Everything that names a proxy, server, table, ACL or file is generic over its [`Stage`]: [`Named`] as parsed,
//! [`Resolved`] after compile. Only the resolved form can be evaluated.

pub mod acl;
pub mod arg;
pub mod calendar;
pub mod cast;
pub mod connection_error;
pub mod convert;
pub mod expr;
pub mod fetch;
pub mod format;
pub mod json;
pub mod listing;
pub mod pattern;
pub mod phase;
pub mod process_variables;
pub mod random;
pub mod regexp;
pub mod stage;
pub mod stream;
pub mod value;
pub mod variable;

pub use acl::{Acl, AclTest, Condition, Incompatible, Term, Verdict, predefined};
pub use arg::{Arg, Args};
pub use cast::castable;
pub use connection_error::ConnectionError;
pub use convert::crypto::{NoCertificate, TokenAlgorithms, TokenCertificate};
pub use convert::{crc32c, http_date};
pub use expr::{Conversion, Expr, ExprError, ParseContext};
pub use fetch::tlv_number;
pub use format::{Format, FormatMode, FormatPart};
pub use pattern::{Files, Map, Method, NoFiles, PatternEdit, Reference, References, system_address};
pub use phase::{Phase, PhaseSet, Reads};
pub use process_variables::{ProcessVariables, VariableEdit};
pub use regexp::{Regex, RegexError};
pub use stage::{Missing, Named, Resolve, Resolved, Stage, UnresolvedName};
pub use stream::{NoStream, Stream};
pub use value::{Got, OwnedValue, Type, Value};
pub use variable::{Scope, SetCondition, Variable, Variables};
