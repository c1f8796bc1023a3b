//! System calls, descriptor passing, signals.

mod accept;

pub use accept::accept;
