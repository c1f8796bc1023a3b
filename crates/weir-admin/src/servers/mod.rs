//! Orders of the operator to servers, and what follows for servers that track them and for their backend. What checks find
//! goes its own way (`weir-engine`). Writes shared state; returns the log lines. One writer at a time: the controller.

mod orders;
mod transition;
mod weight;

pub use orders::{HealthOrder, checks_enabled, drain, health, maintenance, ready};
pub use transition::Told;
pub(crate) use transition::raise_epochs;
pub use weight::{WeightError, weight};

#[cfg(test)]
mod tests;
