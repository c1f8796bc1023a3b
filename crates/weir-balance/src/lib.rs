//! Balancing (manual 4.2 `balance`, `hash-type`): state and candidates come in, a choice goes out. No socket, no clock,
//! no random source, and no memory of its own: positions live in words that the caller keeps (for weir: in shared
//! memory, under the backend's lock), so that N workers walk through the servers as one.
//!
//! The orders are those of HAProxy from a fresh start; `tests/data/` holds recordings of the real program, with how
//! each was made.
//!
//! Use: implement [`Servers`] over one backend, take its lock, call [`choose`], count the session on the chosen server,
//! give the lock back. For `source` and the other hashed
//! algorithms ask a [`Table`] instead. When the session ends call [`released`] under the same lock.

mod chash;
mod choose;
mod first;
pub mod hash;
mod leastconn;
mod map_hash;
mod random;
mod roundrobin;
mod servers;
mod static_rr;
mod table;

#[cfg(test)]
mod tests;

pub use choose::{Affinity, Algorithm, Choice, Request, Settings, choose, released, restart};
pub use servers::{BACKEND_WORDS, SERVER_WORDS, Servers, WEIGHT_SCALE};
pub use table::Table;
