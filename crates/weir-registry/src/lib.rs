//! The shape of a keyword entry, listings, near-name hints. No entries: those stand beside the functions they run.

pub mod coverage;
mod near;
mod status;

pub use near::near;
pub use status::{Entry, Status};
