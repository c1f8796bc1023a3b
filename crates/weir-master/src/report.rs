//! Messages to standard error in HAProxy's form, kept for `show startup-logs` and for the answer to `reload`.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex};

use weir_types::Level;

/// `[ALERT]    (pid) : text`
pub fn line(level: Level, pid: u32, text: &str) -> String {
    format!("{:<11}({pid}) : {text}\n", format!("[{}]", level.label()))
}

/// Where messages go. Clones write to the same place.
#[derive(Clone, Default)]
pub struct Report {
    shared: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    quiet: bool,
    kept: String,
    /// HAProxy introduces itself before the first alert or warning.
    introduction: Option<Vec<String>>,
}

impl Report {
    /// `introduction`: notices printed before the first message that is a warning or an alert.
    pub fn new(quiet: bool, introduction: Vec<String>) -> Self {
        let state = State { quiet, kept: String::new(), introduction: Some(introduction) };
        Self { shared: Arc::new(Mutex::new(state)) }
    }

    pub fn say(&self, level: Level, text: &str) {
        self.say_with(level, text, "");
    }

    /// `below` are lines for people: only a terminal shows them.
    pub fn say_with(&self, level: Level, text: &str, below: &str) {
        let pid = std::process::id();
        let mut state = self.shared.lock().expect("not poisoned");
        // Diagnostics were asked for: also `-q` does not hold them back, nor their introduction.
        let quiet = state.quiet && level != Level::Diag;
        if level != Level::Notice
            && let Some(introduction) = state.introduction.take()
        {
            introduction.iter().for_each(|text| state.write(&line(Level::Notice, pid, text), quiet));
        }
        state.write(&line(level, pid, text), quiet);
        if !quiet && !below.is_empty() && std::io::stderr().is_terminal() {
            weir_types::terminal::report(below);
        }
    }

    pub fn alert(&self, text: &str) {
        self.say(Level::Alert, text);
    }

    pub fn warning(&self, text: &str) {
        self.say(Level::Warning, text);
    }

    pub fn notice(&self, text: &str) {
        self.say(Level::Notice, text);
    }

    /// Text that is complete with its line feed, such as rendered diagnostics.
    pub fn raw(&self, text: &str) {
        let mut state = self.shared.lock().expect("not poisoned");
        let quiet = state.quiet;
        state.write(text, quiet);
    }

    /// Forgets what was kept: a new start or reload begins. The introduction is due again.
    pub fn begin(&self, introduction: Vec<String>) {
        let mut state = self.shared.lock().expect("not poisoned");
        state.kept.clear();
        state.introduction = Some(introduction);
    }

    /// Started: what comes from now on needs no introduction.
    pub fn started(&self) {
        self.shared.lock().expect("not poisoned").introduction = None;
    }

    pub fn kept(&self) -> String {
        self.shared.lock().expect("not poisoned").kept.clone()
    }

    pub fn set_quiet(&self, quiet: bool) {
        self.shared.lock().expect("not poisoned").quiet = quiet;
    }
}

impl State {
    fn write(&mut self, text: &str, quiet: bool) {
        // The log of a process that runs for years must not grow for ever.
        const KEPT_BYTES: usize = 1 << 20;
        if self.kept.len() + text.len() <= KEPT_BYTES {
            self.kept.push_str(text);
        }
        if !quiet {
            weir_types::terminal::report(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_padded_as_haproxy_pads_them() {
        assert_eq!(line(Level::Alert, 7, "x"), "[ALERT]    (7) : x\n");
        assert_eq!(line(Level::Warning, 7, "x"), "[WARNING]  (7) : x\n");
        assert_eq!(line(Level::Notice, 7, "x"), "[NOTICE]   (7) : x\n");
    }

    #[test]
    fn introduction_comes_once_before_the_first_message_but_notices() {
        let report = Report::new(true, vec!["haproxy version is 3.4.0".into()]);
        report.notice("Initializing");
        report.warning("w1");
        report.alert("a1");
        let kept = report.kept();
        let heads: Vec<&str> = kept.lines().map(|line| line.split(" : ").nth(1).unwrap()).collect();
        assert_eq!(heads, ["Initializing", "haproxy version is 3.4.0", "w1", "a1"]);
    }
}
