//! Processes: supervisor, controller, workers; reload and socket hand-over.
//!
//! The supervisor ([`supervisor`]) never touches traffic. It reads files ([`bundle`]), binds and keeps every listening
//! socket ([`listeners`]), starts and replaces children ([`child`]) and talks to them ([`message`] over [`channel`]).

pub mod bind;
pub mod blueprint;
pub mod bundle;
pub mod channel;
pub mod child;
mod cli;
mod controller;
mod edits;
pub mod handover;
pub mod haproxy;
pub mod listeners;
pub mod message;
pub mod options;
pub mod program;
pub mod report;
pub mod supervisor;
pub mod wire;

pub use child::{Role, run_if_child};
pub use program::{ControllerInput, ControllerOrder, ControllerRequest, Program, Spent};

pub use haproxy::{Haproxy, RELEASE_DATE};
pub use options::Options;
pub use supervisor::{check, run};
