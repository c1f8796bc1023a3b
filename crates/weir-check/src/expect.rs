//! `http-check expect`: what the response must or must not hold.

use weir_sample::Regex;

#[derive(Clone, Debug)]
pub enum Pattern {
    /// Inclusive ranges of HTTP statuses: `status 200,300-399`.
    Status(Vec<(u16, u16)>),
    /// `rstatus`
    StatusRegex(Regex),
    /// `string`
    Body(Vec<u8>),
    /// `rstring`
    BodyRegex(Regex),
}

#[derive(Clone, Debug)]
pub struct Expect {
    /// `!`
    pub negated: bool,
    pub pattern: Pattern,
}

/// What an expectation says of the part of a response that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    /// The status is wrong.
    WrongStatus,
    /// The body is wrong; the text that HAProxy reports.
    WrongBody(&'static str),
    More,
}

impl Expect {
    /// Without any `http-check expect`: 2xx and 3xx.
    pub fn default_status() -> Self {
        Self { negated: false, pattern: Pattern::Status(vec![(200, 399)]) }
    }

    /// `body` is what has come of it so far; `complete`: no more will come.
    pub(crate) fn judge(&self, status: u16, body: &[u8], complete: bool) -> Verdict {
        match &self.pattern {
            Pattern::Status(ranges) => {
                self.judge_status(ranges.iter().any(|(first, last)| (*first..=*last).contains(&status)))
            }
            Pattern::StatusRegex(pattern) => {
                self.judge_status(pattern.is_match(status.to_string().as_bytes()))
            }
            Pattern::Body(text) => {
                let found = text.is_empty() || body.windows(text.len()).any(|window| window == text);
                self.judge_body(found, complete)
            }
            Pattern::BodyRegex(pattern) => self.judge_body(pattern.is_match(body), complete),
        }
    }

    fn judge_status(&self, found: bool) -> Verdict {
        if found != self.negated { Verdict::Met } else { Verdict::WrongStatus }
    }

    fn judge_body(&self, found: bool, complete: bool) -> Verdict {
        match (found, self.negated) {
            (true, true) => Verdict::WrongBody("HTTP check matched unwanted content"),
            (true, false) => Verdict::Met,
            (false, _) if !complete => Verdict::More,
            (false, true) => Verdict::Met,
            (false, false) => Verdict::WrongBody("HTTP content check did not match"),
        }
    }
}
