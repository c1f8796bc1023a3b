//! Actions and rule sets: their table and their typed form. Parsing a rule's words happens here with the rows;
//! running one is the engine's.

pub mod action;
pub mod parse;
pub mod reply;
mod resolve;
pub mod ruleset;

pub use action::{Action, CaptureSlot, HeaderMatch, IntValue, PatternChange, StickElement, UriPart};
pub use reply::{Redirect, RedirectKind, Reply, ReplyBody};
pub use ruleset::{Rule, RuleSet};
