//! The master socket (`-S`, management manual 9.4): supervision of processes, and the way to the runtime commands of
//! all workers, which the controller answers.

mod commands;
mod parse;
mod relay;
mod session;
mod socket;

pub use socket::MasterSocket;

/// Who may do what; HAProxy's levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    User = 1,
    Operator = 2,
    Admin = 3,
}

impl Level {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "user" => Some(Level::User),
            "operator" => Some(Level::Operator),
            "admin" => Some(Level::Admin),
            _ => None,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Level::User => "user",
            Level::Operator => "operator",
            Level::Admin => "admin",
        }
    }
}
