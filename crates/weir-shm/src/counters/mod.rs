//! One worker's counters for each kind of object, named as the fields of management manual 9.1. What several workers
//! must agree on (maxima, states) is in `state`.

#[macro_use]
mod macros;
mod process;
mod proxy;
mod server;

pub use process::ProcessCounters;
pub use proxy::{BackendCounters, FrontendCounters, ListenerCounters};
pub use server::ServerCounters;
