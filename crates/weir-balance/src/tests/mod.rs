//! Recorded orders of HAProxy played against the algorithms.

mod backend;
mod consistent;
mod events;
mod fairness;
mod order;
mod source;
