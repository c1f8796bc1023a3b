//! System calls: processes, descriptors, sockets, signals, limits. No policy.

mod accept;
pub mod futex;
pub mod memory;

pub use accept::accept;
