//! The runtime commands (management manual 9.3): sessions, the table of commands, and the commands themselves.

mod commands;
mod reply;
mod session;
mod suggest;
mod table;
mod words;

pub use commands::process::socket_name;
pub use reply::{Reply, Severity};
pub use session::{Answers, Condition, Control, Mode, Question, Session, State, Work, Worked};
pub use table::{COMMANDS, Command, Level, Scope, listing};

#[cfg(test)]
pub(crate) mod lab;
#[cfg(test)]
mod tests;
