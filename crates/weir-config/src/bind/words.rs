//! One option of a line and the word behind it.

use weir_syntax::Line;

use crate::outcome::{Outcome, Report};

/// Where an option stands.
pub struct Place<'p, 'l> {
    pub line: &'p Line<'l>,
    pub at: usize,
    /// How messages name the line.
    pub title: &'p str,
}

impl<'l> Place<'_, 'l> {
    pub fn name(&self) -> &'l str {
        self.line.word(self.at)
    }

    /// The word behind the option; empty at the end of the line.
    pub fn value(&self) -> &'l str {
        self.line.word(self.at + 1)
    }

    /// `TITLE : TEXT`.
    pub fn fail<T>(&self, text: &str) -> Outcome<T> {
        self.line.fail(self.at + usize::from(!self.value().is_empty()), format!("{} : {text}", self.title))
    }

    /// `TITLE : 'NAME' : TEXT`.
    pub fn wrong<T>(&self, text: &str) -> Outcome<T> {
        self.fail(&format!("'{}' : {text}", self.name()))
    }

    /// The value, or `'NAME' : missing WHAT`.
    pub fn required(&self, what: &str) -> Outcome<&'l str> {
        match self.value() {
            "" => self.wrong(&format!("missing {what}")),
            value => Ok(value),
        }
    }
}
