//! Addresses of every statement, `bind` to `nameserver` (manual 2.9): prefixes, hosts, ports. Comma lists are split by
//! the caller; names are looked up and descriptors examined elsewhere.

mod error;
mod parse;
mod port;
mod prefix;
#[cfg(test)]
mod tests;
mod usage;

pub use error::{AddressError, AddressErrorKind};
pub use parse::parse;
pub use usage::AddressUse;
