//! `observe`: what traffic tells of a server.

use crate::health::Health;
use crate::status::{CheckStatus, Outcome};

/// An error that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Observed {
    Connection = 1,
    /// A response that is no HTTP.
    Headers = 2,
    /// A status that says that the server is not well.
    Status = 3,
    ReadError = 4,
    ReadTimeout = 5,
    BrokenPipe = 6,
}

impl Observed {
    const ALL: [Observed; 6] = [
        Observed::Connection,
        Observed::Headers,
        Observed::Status,
        Observed::ReadError,
        Observed::ReadTimeout,
        Observed::BrokenPipe,
    ];

    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|error| *error as u32 == number)
    }

    const fn text(self) -> &'static str {
        match self {
            Observed::Connection => "L4 unsuccessful connection",
            Observed::Headers => "Invalid http response (headers)",
            Observed::Status => "Wrong http response",
            Observed::ReadError => "Read error (http)",
            Observed::ReadTimeout => "Read timeout (http)",
            Observed::BrokenPipe => "Broken pipe (http)",
        }
    }

    /// The failed check that this many of them in a row stand for.
    pub fn outcome(self, count: u32) -> Outcome {
        let info = format!("Detected {count} consecutive errors, last one was: {}", self.text());
        Outcome { status: CheckStatus::Observed, code: None, info, duration_ms: 0 }
    }

    /// Whether a response's status counts as one (manual `observe layer7`).
    pub const fn is_bad_status(status: u16) -> bool {
        !matches!(status, 100..=499 | 501 | 505)
    }
}

impl Health {
    /// `on-error sudden-death`: one more failure than this one takes the server down.
    pub fn near_death(&mut self) {
        self.value = self.value.min(self.rise + 1);
    }

    /// `on-error mark-down`: the failure that follows takes the server down.
    pub fn last_breath(&mut self) {
        self.value = self.value.min(self.rise);
    }
}
