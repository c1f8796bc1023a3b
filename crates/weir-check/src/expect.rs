//! `expect`: what must or must not be in what the server sent, and what is reported when it is (not).

use weir_sample::{Expr, Format, Regex, Resolved};

use crate::custom::Custom;
use crate::status::CheckStatus;

#[derive(Clone, Debug)]
pub enum Pattern {
    /// Inclusive ranges of HTTP statuses: `status 200,300-399`.
    Status(Vec<(u16, u16)>),
    /// `rstatus`
    StatusRegex(Regex),
    /// `string`: in the body of an HTTP response, or in what came.
    Text(Vec<u8>),
    /// `rstring`
    Regex(Regex),
    /// `string-lf`
    Format(Format<Resolved>),
    /// `binary`
    Binary(Vec<u8>),
    /// `rbinary`: on the bytes written in hexadecimal.
    BinaryRegex(Regex),
    /// `binary-lf`
    BinaryFormat(Format<Resolved>),
    /// `hdr`, `fhdr`
    Header(HeaderPattern),
    /// A packaged check reads its own protocol.
    Custom(Custom),
}

/// `hdr name ... value ...`; `full`: `fhdr`, which knows no lists.
#[derive(Clone, Debug)]
pub struct HeaderPattern {
    pub full: bool,
    pub name: TextMatch,
    pub value: Option<TextMatch>,
}

/// `-m METHOD PATTERN`
#[derive(Clone, Debug)]
pub enum TextMatch {
    Text { method: MatchMethod, text: TextSource },
    Regex(Regex),
}

#[derive(Clone, Debug)]
pub enum TextSource {
    Fixed(Box<[u8]>),
    Format(Format<Resolved>),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MatchMethod {
    #[default]
    Str,
    Beg,
    End,
    Sub,
}

#[derive(Clone, Debug)]
pub struct Expect {
    /// `!`
    pub negated: bool,
    pub pattern: Pattern,
    /// Bytes to wait for; with it a pattern that is not found is not waited for any longer.
    pub min_recv: Option<u32>,
    pub ok_status: CheckStatus,
    /// As configured; what follows from the pattern otherwise.
    pub error_status: Option<CheckStatus>,
    pub timeout_status: CheckStatus,
    pub on_success: Option<Format<Resolved>>,
    pub on_error: Option<Format<Resolved>>,
    pub status_code: Option<Expr<Resolved>>,
}

impl Expect {
    pub fn new(negated: bool, pattern: Pattern) -> Self {
        Self {
            negated,
            pattern,
            min_recv: None,
            ok_status: CheckStatus::L7Ok,
            error_status: None,
            timeout_status: CheckStatus::L7Timeout,
            on_success: None,
            on_error: None,
            status_code: None,
        }
    }

    /// Without any `http-check expect` behind a request: 2xx and 3xx.
    pub fn default_status() -> Self {
        Self::new(false, Pattern::Status(vec![(200, 399)]))
    }

    pub fn custom(custom: Custom) -> Self {
        Self::new(false, Pattern::Custom(custom))
    }

    /// What a failure is called where the line does not say.
    pub(crate) fn failure(&self) -> CheckStatus {
        let usual = match self.pattern {
            Pattern::Status(_) | Pattern::StatusRegex(_) | Pattern::Header(_) => CheckStatus::L7Status,
            _ => CheckStatus::L7Response,
        };
        self.error_status.unwrap_or(usual)
    }

    /// `expect string 'X'`, as a timeout names it.
    pub(crate) fn name(&self) -> String {
        match &self.pattern {
            Pattern::Text(text) => format!("expect string '{}'", String::from_utf8_lossy(text)),
            Pattern::Binary(bytes) => format!("expect binary '{}'", hexadecimal(bytes)),
            Pattern::Regex(_) => "expect regex".into(),
            Pattern::BinaryRegex(_) => "expect binary regex".into(),
            Pattern::Format(_) => "expect log-format string".into(),
            Pattern::BinaryFormat(_) => "expect log-format binary".into(),
            Pattern::Status(_) => "expect status".into(),
            Pattern::StatusRegex(_) => "expect status regex".into(),
            Pattern::Header(_) => "expect header".into(),
            Pattern::Custom(_) => "expect custom function".into(),
        }
    }

    /// `content 'X'` and its like in `TCPCHK did not match ...`.
    pub(crate) fn content(&self) -> String {
        match &self.pattern {
            Pattern::Text(text) => format!("content '{}'", String::from_utf8_lossy(text)),
            Pattern::Binary(_) => "content (binary)".into(),
            Pattern::Regex(_) | Pattern::StatusRegex(_) => "content (regex)".into(),
            Pattern::BinaryRegex(_) => "content (binary regex)".into(),
            Pattern::Format(_) => "content (log-format string)".into(),
            Pattern::BinaryFormat(_) => "content (log-format binary)".into(),
            // The program leaves out the blank here.
            Pattern::Status(_) => "content(status codes)".into(),
            Pattern::Header(_) => "content (header pattern)".into(),
            Pattern::Custom(_) => "content".into(),
        }
    }

    /// How many bytes are waited for before the pattern is tried on a stream of bytes.
    pub(crate) fn least(&self) -> usize {
        let wanted = self.min_recv.unwrap_or(0) as usize;
        match &self.pattern {
            Pattern::Text(text) | Pattern::Binary(text) => wanted.max(text.len()),
            _ => wanted,
        }
    }
}

impl TextMatch {
    /// `write` writes a format.
    pub(crate) fn matches(
        &self,
        found: &[u8],
        ignore_case: bool,
        write: &dyn Fn(&Format<Resolved>) -> Vec<u8>,
    ) -> bool {
        let (method, text) = match self {
            TextMatch::Regex(regex) => return regex.is_match(found),
            TextMatch::Text { method, text: TextSource::Fixed(text) } => (method, text.to_vec()),
            TextMatch::Text { method, text: TextSource::Format(format) } => (method, write(format)),
        };
        let lower = |bytes: &[u8]| if ignore_case { bytes.to_ascii_lowercase() } else { bytes.to_vec() };
        let (found, text) = (lower(found), lower(&text));
        match method {
            MatchMethod::Str => found == text,
            MatchMethod::Beg => found.starts_with(&text),
            MatchMethod::End => found.ends_with(&text),
            MatchMethod::Sub => contains(&found, &text),
        }
    }
}

pub(crate) fn contains(bytes: &[u8], text: &[u8]) -> bool {
    text.is_empty() || bytes.windows(text.len()).any(|window| window == text)
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Pairs of hexadecimal digits; `None` for anything else.
pub(crate) fn from_hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for pair in text.chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(digit(*high)? << 4 | digit(*low)?);
    }
    Some(bytes)
}
