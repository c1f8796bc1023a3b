//! System calls: processes, descriptors, sockets, signals, limits. No policy.

pub mod futex;
pub mod memory;
