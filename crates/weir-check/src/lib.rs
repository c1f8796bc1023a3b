//! Health checks as state machines: bytes, events and the time come in; bytes, outcomes and the next deadline go out.
//! No socket and no clock; shared state, logs and the choice of an address are the caller's.
//!
//! What a check does is a [`Ruleset`]; one check of one server is an [`Attempt`] at it. Its [`Outcome`] goes into the
//! server's [`Health`], whose [`Change`] says what becomes of the server; [`Schedule`] says when the next attempt
//! begins; [`report`] words the log lines. An agent's answer is read by [`agent`].

pub mod agent;
pub mod answer {
    //! Answers of HTTP servers, for whoever asks one a single question.
    pub use crate::http::response::{Answer, Reading, read};
}
mod attempt;
mod custom;
mod error_text;
mod expect;
mod health;
mod http;
mod judge;
mod observed;
pub mod packaged;
pub mod report;
mod ruleset;
mod scene;
mod schedule;
mod status;

pub use attempt::{Action, Attempt, Event, Opening, Timeouts};
pub use custom::{Custom, Judgement};
pub use expect::{Expect, HeaderPattern, MatchMethod, Pattern, TextMatch, TextSource};
pub use health::{Change, Condition, Health};
pub use http::{HttpSend, ServerStateHeader, Uri};
pub use observed::Observed;
pub use ruleset::{Command, Connect, ConnectPort, ConnectTls, Language, Ruleset, Send, Step, StepKind};
pub use schedule::{Pace, Schedule, first_delay};
pub use status::{CheckResult, CheckStatus, Outcome};
