//! One option of a server line, and what is gathered from the line.

use std::sync::Arc;

use weir_syntax::Line;
use weir_types::{Diagnostic, Form, Level, Span};

use crate::model::{Name, ServerOptions};
use crate::outcome::Outcome;

/// Where an option stands.
pub struct Place<'p, 'l> {
    pub line: &'p Line<'l>,
    pub at: usize,
    /// `'server b/s' : `; empty for `default-server`.
    pub title: &'p str,
    /// The server's own name; empty for `default-server`.
    pub server: &'p str,
}

/// A fault of a server line: `config : [file:line] : TEXT`.
pub fn fault(line: &Line<'_>, word: usize, level: Level, text: String) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(level, Form::Place, Some(line.word_span(word)), text))
}

impl<'l> Place<'_, 'l> {
    pub fn name(&self) -> &'l str {
        self.line.word(self.at)
    }

    /// The word behind the option; empty at the end of the line.
    pub fn value(&self) -> &'l str {
        self.line.word(self.at + 1)
    }

    pub fn span(&self) -> Span {
        self.line.word_span(self.at + 1)
    }

    /// `TITLE TEXT.`: HAProxy ends every such message with a full stop, also after one of the option's own.
    pub fn fail<T>(&self, text: &str) -> Outcome<T> {
        let word = self.at + usize::from(!self.value().is_empty());
        Err(fault(self.line, word, Level::Alert, format!("{}{text}.", self.title)))
    }

    /// A known value that weir refuses for now.
    pub fn not_yet(&self, what: &str) -> Box<Diagnostic> {
        let text = format!("{}'server ... {what}' is not supported by weir yet.", self.title);
        Box::new(fault(self.line, self.at, Level::Alert, text).as_unsupported())
    }

    pub fn warning(&self, text: &str) -> Diagnostic {
        *fault(self.line, self.at, Level::Warning, format!("{}{text}", self.title))
    }

    /// `TITLE 'NAME' : TEXT.`
    pub fn wrong<T>(&self, text: &str) -> Outcome<T> {
        self.fail(&format!("'{}' : {text}", self.name()))
    }

    /// The value, or `'NAME' expects WHAT as argument..`
    pub fn expected(&self, what: &str) -> Outcome<&'l str> {
        match self.value() {
            "" => self.fail(&format!("'{}' expects {what}.", self.name())),
            value => Ok(value),
        }
    }

    /// The value, or `'NAME' : missing WHAT.`
    pub fn required(&self, what: &str) -> Outcome<&'l str> {
        match self.value() {
            "" => self.wrong(&format!("missing {what}")),
            value => Ok(value),
        }
    }
}

/// What one line says: what `default-server` could have said too, and what belongs to this server alone.
#[derive(Default)]
pub struct Draft {
    pub options: ServerOptions,
    pub cookie: Option<Arc<str>>,
    pub id: Option<u32>,
    pub guid: Option<Arc<str>>,
    pub track: Option<Name>,
    /// `shard`: of a peer.
    pub shard: u32,
    /// A `source` stood before on this line.
    pub has_source: bool,
    /// A fault that counts once nothing else is wrong with the line.
    pub late: Option<Box<Diagnostic>>,
    /// Said once the whole line is right.
    pub warnings: Vec<Diagnostic>,
}

impl Draft {
    /// Whether nothing of it is one line's alone: no name of its own, no place where another name was called.
    pub fn is_shareable(&self) -> bool {
        let own = self.cookie.is_some() || self.id.is_some() || self.guid.is_some() || self.track.is_some();
        !own && self.shard == 0
    }
}
