//! What happens to servers: orders of the operator, results of checks, and what follows for servers that track them and
//! for their backend. Writes shared state; returns the log lines. One writer at a time: the controller.

mod orders;
mod transition;
mod weight;

pub use orders::{HealthOrder, begin, checked, checks_enabled, drain, health, maintenance, ready};
pub(crate) use transition::raise_epochs;
pub use weight::{WeightError, weight};

#[cfg(test)]
mod tests;
