//! `log-profile` sections and `log-steps` (manual 8.3.5, 4.2 "log-steps").

use std::sync::Arc;

use weir_sample::{Format, Resolved};

/// What a log line of one target is made of, by the moment at which it is written.
#[derive(Debug)]
pub struct LogProfile {
    pub name: Arc<str>,
    pub tag: Option<Arc<str>>,
    pub steps: Vec<LogStep>,
}

/// An `on` line.
#[derive(Debug)]
pub struct LogStep {
    /// `accept`, ..., `error`, `any`, or where a `do-log` rule stands.
    pub name: Box<str>,
    pub drop: bool,
    pub format: Option<Format<Resolved>>,
    pub structured: Option<Format<Resolved>>,
}

impl LogProfile {
    /// What is said of a step: of errors first where the line is about one, else of the step, else of any.
    pub fn step(&self, name: &str, error: bool) -> Option<&LogStep> {
        let find = |wanted: &str| self.steps.iter().find(|step| &*step.name == wanted);
        error.then(|| find("error")).flatten().or_else(|| find(name)).or_else(|| find("any"))
    }
}
