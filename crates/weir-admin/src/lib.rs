//! Runtime commands, statistics and metrics: everything that shows what weir does, and the orders given at run time.
//!
//! Rendering is pure: it reads a [`View`] (the plan in force, shared memory, the time) and returns text. Commands change
//! shared state through `weir_engine::servers` and ask the controller, by way of [`Control`], for what shared state cannot hold.
//! No sockets but in [`serve`].

pub mod cli;
pub mod info;
pub mod page;
pub mod prometheus;
pub mod serve;
pub mod stats;
mod value;
mod view;

pub use cli::{Answers, Control, Level, Question, Session};
pub use value::Value;
pub use view::{Process, View};
