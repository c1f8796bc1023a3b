//! What is wrong with a configuration, where, and what would be right. Rendering to a terminal is `weir-syntax`'s.

use crate::{Sources, Span};

/// HAProxy's severities as they stand in brackets at the head of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Diag,
    Notice,
    Warning,
    Alert,
}

impl Level {
    /// The label between the brackets; padded as HAProxy pads it by the renderer, not here.
    pub const fn label(self) -> &'static str {
        match self {
            Level::Diag => "DIAG",
            Level::Notice => "NOTICE",
            Level::Warning => "WARNING",
            Level::Alert => "ALERT",
        }
    }
}

/// How HAProxy words the place before the text. Tools split these lines at ` : `, so the forms are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `config : parsing [file:line] : text`
    Parsing,
    /// `config : parsing [file:line]: text`
    ParsingTight,
    /// `config : Parsing [file:line]: text`
    ParsingCapital,
    /// `config : [file:line] : text`
    Place,
    /// `[file:line] : text`
    PlaceBare,
    /// `parsing [file:line] : text`
    ParsingBare,
    /// `config : text`
    Config,
    /// `text`
    Bare,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub level: Level,
    pub form: Form,
    pub at: Option<Span>,
    pub text: Box<str>,
    /// A nearby name or a remedy; shown on a terminal under the caret, never inside HAProxy's own line.
    pub hint: Option<Box<str>>,
    /// HAProxy accepts what weir refuses here: it is known and not there yet.
    pub unsupported: bool,
    /// The name that was looked for and not found. It is no news where the line that brings it was refused.
    pub wants: Option<Box<str>>,
}

impl Diagnostic {
    pub fn new(level: Level, form: Form, at: Option<Span>, text: impl Into<Box<str>>) -> Self {
        Self { level, form, at, text: text.into(), hint: None, unsupported: false, wants: None }
    }

    /// `config : parsing [file:line] : text` as an alert.
    pub fn alert(at: Span, text: impl Into<Box<str>>) -> Self {
        Self::new(Level::Alert, Form::Parsing, Some(at), text)
    }

    /// `config : parsing [file:line] : text` as a warning.
    pub fn warning(at: Span, text: impl Into<Box<str>>) -> Self {
        Self::new(Level::Warning, Form::Parsing, Some(at), text)
    }

    pub fn with_form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// Marks a refusal of weir's own.
    pub fn as_unsupported(mut self) -> Self {
        self.unsupported = true;
        self
    }

    /// Marks a reference to something that is not there.
    pub fn wanting(mut self, name: &str) -> Self {
        self.wants = Some(name.into());
        self
    }

    pub fn with_hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The message with its place also where HAProxy leaves it out: behind `config : ` or in front of the text.
    pub fn located(&self, sources: &Sources) -> String {
        let Some(at) = self.at.filter(|at| !self.text.contains(&sources.place(*at))) else {
            return self.message(sources);
        };
        let text = &self.text;
        match self.form {
            Form::Config => format!("config : [{}] : {text}", sources.place(at)),
            Form::Bare => format!("[{}] : {text}", sources.place(at)),
            _ => self.message(sources),
        }
    }

    /// The message as HAProxy prints it after `[LEVEL] (pid) : `.
    pub fn message(&self, sources: &Sources) -> String {
        let text = &self.text;
        match (self.form, self.at) {
            (Form::Parsing, Some(at)) => {
                format!("config : parsing [{}:{}] : {text}", sources.name(at.file), at.line)
            }
            (Form::ParsingTight, Some(at)) => {
                format!("config : parsing [{}:{}]: {text}", sources.name(at.file), at.line)
            }
            (Form::ParsingCapital, Some(at)) => {
                format!("config : Parsing [{}:{}]: {text}", sources.name(at.file), at.line)
            }
            (Form::PlaceBare, Some(at)) => {
                format!("[{}:{}] : {text}", sources.name(at.file), at.line)
            }
            (Form::ParsingBare, Some(at)) => {
                format!("parsing [{}:{}] : {text}", sources.name(at.file), at.line)
            }
            (Form::Place, Some(at)) => {
                format!("config : [{}:{}] : {text}", sources.name(at.file), at.line)
            }
            (Form::Bare, _) => text.to_string(),
            _ => format!("config : {text}"),
        }
    }
}

/// Everything found in one run, in the order it was found.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    pub list: Vec<Diagnostic>,
}

impl Diagnostics {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    pub fn has_alert(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.level == Level::Alert)
    }

    pub fn has_warning(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.level == Level::Warning)
    }
}
