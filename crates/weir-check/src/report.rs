//! The log lines about servers, to the letter. Syslog levels: [`Line::level`].

use std::fmt::Write;

use crate::health::Health;
use crate::status::{CheckResult, CheckStatus, Outcome};

/// Syslog's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Emergency = 0,
    Alert = 1,
    Notice = 5,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub level: Level,
    pub text: String,
    /// How urgent it is to `email-alert`, which is less alarmed by what an operator does; `None`: it is not mailed.
    pub mail: Option<Level>,
}

/// The server a line speaks of.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub backend: &'a str,
    pub server: &'a str,
    pub backup: bool,
}

/// What remains in the backend after the change.
#[derive(Clone, Copy, Debug, Default)]
pub struct Remaining {
    pub active: u32,
    pub backup: u32,
    /// Sessions on the server.
    pub sessions: u32,
    /// Sessions taken from the server's queue and given to others.
    pub requeued: u32,
    /// Waiting in the backend's queue.
    pub queued: u32,
}

/// Why a server went up or down.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    /// A check. `logged`: `option log-health-checks` has already told what it found.
    Check { outcome: &'a Outcome, logged: bool },
    /// `set server ... health`
    Cli,
    /// The tracked server, `backend/server`.
    Tracked(&'a str),
}

/// What became of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    Down,
    Up,
    /// Conditionally passed.
    Stopping,
    /// Into maintenance while it was up.
    Maintenance,
    /// Into maintenance out of drain.
    MaintenanceFromDrain,
    /// Into maintenance while it was down.
    MaintenanceWhileDown,
    LeavesMaintenance,
    /// Out of maintenance with a drain order standing.
    LeavesMaintenanceToDrain,
    Drain,
    DrainWhileDown,
    RemainsInDrain,
    LeavesDrain,
    LeavesDrainDown,
}

/// With `option log-health-checks`: one check that changed something.
/// `agent`: it was the agent who said so.
pub fn health_check(subject: Subject<'_>, outcome: &Outcome, health: &Health, agent: bool) -> Line {
    let result = match outcome.result() {
        CheckResult::Passed => "succeeded",
        CheckResult::ConditionallyPassed => "conditionally succeeded",
        _ => "failed",
    };
    let noun = if subject.backup { "backup server" } else { "server" };
    let (value, of) = health.fraction();
    let word = if health.is_up() { "UP" } else { "DOWN" };
    let Subject { backend, server, .. } = subject;
    let reason = reason(outcome);
    let who = if agent { "Agent" } else { "Health" };
    let text =
        format!("{who} check for {noun} {backend}/{server} {result}{reason}, status: {value}/{of} {word}.");
    Line { level: Level::Notice, text, mail: Some(Level::Notice) }
}

/// A server's change.
pub fn transition(
    subject: Subject<'_>,
    transition: Transition,
    cause: Option<Cause<'_>>,
    left: Remaining,
) -> Line {
    let noun = if subject.backup { "Backup Server" } else { "Server" };
    let mut text = format!("{noun} {}/{} {}", subject.backend, subject.server, transition.words(cause));
    text.push_str(&via(transition, cause));
    text.push('.');
    text.push_str(&transition.tail(left));
    let level = transition.level();
    let mail = if transition == Transition::Maintenance { Level::Notice } else { level };
    Line { level, text, mail: Some(mail) }
}

/// The backend lost its last server.
pub fn no_server(backend: &str) -> Line {
    let text = format!("backend {backend} has no server available!");
    Line { level: Level::Emergency, text, mail: None }
}

fn reason(outcome: &Outcome) -> String {
    let mut text = format!(", reason: {}", outcome.status.text());
    if let Some(code) = outcome.code {
        let _ = write!(text, ", code: {code}");
    }
    if !outcome.info.is_empty() {
        let _ = write!(text, ", info: \"{}\"", encoded(&outcome.info));
    }
    // Nothing was checked, so nothing took a time.
    if outcome.status != CheckStatus::Observed {
        let _ = write!(text, ", check duration: {}ms", outcome.duration_ms);
    }
    text
}

/// Quotes and what cannot be printed become `<22>`.
fn encoded(info: &str) -> String {
    let mut text = String::with_capacity(info.len());
    for byte in info.bytes() {
        match byte {
            b'"' | 0..=0x1f | 0x7f.. => drop(write!(text, "<{byte:02X}>")),
            _ => text.push(char::from(byte)),
        }
    }
    text
}

fn via(transition: Transition, cause: Option<Cause<'_>>) -> String {
    match cause {
        Some(Cause::Check { outcome, logged: false }) => reason(outcome),
        Some(Cause::Cli) => ", changed from CLI".into(),
        // Leaving maintenance is worded without the name.
        Some(Cause::Tracked(_)) if transition == Transition::LeavesMaintenance => String::new(),
        Some(Cause::Tracked(server)) => format!(" via {server}"),
        _ => String::new(),
    }
}

impl Transition {
    const fn words(self, cause: Option<Cause<'_>>) -> &'static str {
        let tracked = matches!(cause, Some(Cause::Tracked(_)));
        match self {
            Transition::Down => "is DOWN",
            Transition::Up => "is UP",
            Transition::Stopping => "is stopping",
            Transition::Maintenance | Transition::MaintenanceFromDrain => "is going DOWN for maintenance",
            Transition::MaintenanceWhileDown => "was DOWN and now enters maintenance",
            Transition::LeavesMaintenance if tracked => "is UP/READY (leaving maintenance)",
            Transition::LeavesMaintenance => "is UP/READY (leaving forced maintenance)",
            Transition::LeavesMaintenanceToDrain => "is UP/DRAIN (leaving forced maintenance)",
            Transition::Drain | Transition::DrainWhileDown => "enters drain state",
            Transition::RemainsInDrain => "remains in forced drain mode",
            Transition::LeavesDrain if tracked => "is UP (leaving drain)",
            Transition::LeavesDrain => "is UP (leaving forced drain)",
            Transition::LeavesDrainDown => "is DOWN (leaving forced drain)",
        }
    }

    const fn level(self) -> Level {
        match self {
            Transition::Down | Transition::Maintenance => Level::Alert,
            _ => Level::Notice,
        }
    }

    /// How many servers are left and what became of the sessions.
    fn tail(self, left: Remaining) -> String {
        let Remaining { active, backup, sessions, requeued, queued } = left;
        let running = if active == 0 && backup > 0 { " Running on backup." } else { "" };
        match self {
            Transition::Down
            | Transition::Maintenance
            | Transition::MaintenanceFromDrain
            | Transition::DrainWhileDown => format!(
                " {active} active and {backup} backup servers left.{running} {sessions} sessions active, \
                 {requeued} requeued, {queued} remaining in queue."
            ),
            Transition::Up | Transition::Stopping | Transition::Drain => format!(
                " {active} active and {backup} backup servers online.{running} {requeued} sessions requeued, \
                 {queued} total in queue."
            ),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests;
