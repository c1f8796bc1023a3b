//! Health checks as state machines: bytes, events and the time come in; bytes, outcomes and the next deadline go out.
//! No socket and no clock; shared state, logs and the choice of an address are the caller's.
//!
//! One check of one server is an [`Attempt`]. Its [`Outcome`] goes into the server's [`Health`], whose [`Change`] says
//! what becomes of the server; [`Schedule`] says when the next attempt begins; [`report`] words the log lines.

mod attempt;
mod expect;
mod health;
mod http;
pub mod report;
mod schedule;
mod status;

pub use attempt::{Attempt, Event, Probe, Step, Timeouts, Transport};
pub use expect::{Expect, Pattern};
pub use health::{Change, Condition, Health};
pub use http::{HttpProbe, HttpRequest, ServerStateHeader};
pub use schedule::{Pace, Schedule, first_delay};
pub use status::{CheckResult, CheckStatus, Outcome};
