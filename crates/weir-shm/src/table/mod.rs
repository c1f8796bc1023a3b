//! Stick tables: keys with counters, shared by all processes (manual 11).
//!
//! [`crate::Shm::add_tables`] in the supervisor makes an [`area`] with every table that is new or has changed, and
//! carries over what the old one knew; [`crate::Shm::table`] gives a process its handle. A table is split into shards,
//! each with a lock, an index, a list in the order of use and its entries; memory is touched as entries come.
//!
//! | file | holds |
//! | --- | --- |
//! | [`spec`], [`data`] | what a table is: its key, its size, what it stores |
//! | [`layout`], [`area`] | where that lies in memory, and the memory |
//! | [`shard`], [`rebuild`] | one shard: index, order of use, entries; putting it in order after a death |
//! | [`row`], [`names`] | the data of one entry; names of servers |
//! | [`changes`] | what changed since when, for peers |
//! | [`handle`], [`tracked`] | what processes do with a table |
//! | [`carry`] | copying what fits into a table that takes another's place |

mod area;
mod carry;
mod changes;
mod data;
mod handle;
mod key;
mod layout;
mod names;
mod rebuild;
mod row;
mod shard;
mod spec;
mod tracked;

pub(crate) use area::Area;
pub use changes::Reached;
pub use data::{DataKind, DataType};
pub use handle::{Position, Table};
pub use key::Key;
pub use row::{Row, ServerKey};
pub use spec::{KeyType, Stored, TableSpec};
pub use tracked::Tracked;

#[cfg(test)]
mod tests;
