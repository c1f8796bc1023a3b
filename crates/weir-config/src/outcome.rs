//! How a parse function refuses a line: one diagnostic with the place of the word concerned.

use weir_syntax::Line;
use weir_types::{Diagnostic, Form, Level};

/// `Err` is an alert: the line has no effect. Warnings are pushed beside it.
pub type Outcome<T = ()> = Result<T, Box<Diagnostic>>;

/// Diagnostics about a line, with the columns of the word concerned; an index beyond the last word means the last one.
pub trait Report {
    fn alert(&self, word: usize, text: impl Into<String>) -> Diagnostic;
    fn warning(&self, word: usize, text: impl Into<String>) -> Diagnostic;

    /// An alert as an outcome.
    fn fail<T>(&self, word: usize, text: impl Into<String>) -> Outcome<T> {
        Err(Box::new(self.alert(word, text)))
    }

    /// The same in the form `parsing [file:line]: text`.
    fn fail_tight<T>(&self, word: usize, text: impl Into<String>) -> Outcome<T> {
        Err(Box::new(self.alert(word, text).with_form(Form::ParsingTight)))
    }

    /// A known keyword or argument that weir checks and refuses for now.
    fn not_yet<T>(&self, word: usize, what: &str) -> Outcome<T> {
        let diagnostic = self.alert(word, format!("'{what}' is not supported by weir yet"));
        Err(Box::new(diagnostic.as_unsupported()))
    }
}

impl Report for Line<'_> {
    fn alert(&self, word: usize, text: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Level::Alert, Form::Parsing, Some(self.word_span(word)), text.into())
    }

    fn warning(&self, word: usize, text: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Level::Warning, Form::Parsing, Some(self.word_span(word)), text.into())
    }
}
