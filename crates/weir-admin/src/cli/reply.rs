//! What a command says, and how severities are shown (`set severity-output`).

use weir_plan::settings::SeverityOutput;

/// Syslog's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
}

impl Severity {
    const fn word(self) -> &'static str {
        match self {
            Severity::Error => "err",
            Severity::Warning => "warning",
            Severity::Notice => "notice",
            Severity::Info => "info",
        }
    }

    /// `[3]: `, `[err]: ` or nothing.
    pub fn prefix(self, output: SeverityOutput) -> String {
        match output {
            SeverityOutput::None => String::new(),
            SeverityOutput::Number => format!("[{}]: ", self as u8),
            SeverityOutput::String => format!("[{}]: ", self.word()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done, nothing to say.
    Empty,
    /// A dump, with its line feeds.
    Text(String),
    /// A sentence, without its line feed.
    Message(Severity, String),
    /// Close the connection at once.
    Quit,
}

impl Reply {
    pub fn error(text: impl Into<String>) -> Self {
        Reply::Message(Severity::Error, text.into())
    }

    pub fn info(text: impl Into<String>) -> Self {
        Reply::Message(Severity::Info, text.into())
    }

    pub fn text(text: impl Into<String>) -> Self {
        Reply::Text(text.into())
    }

    /// The bytes, with the empty line that ends every reply.
    pub(crate) fn render(&self, output: SeverityOutput) -> String {
        match self {
            Reply::Empty => "\n".into(),
            Reply::Text(text) => format!("{text}\n"),
            Reply::Message(severity, text) => format!("{}{text}\n\n", severity.prefix(output)),
            Reply::Quit => String::new(),
        }
    }
}
