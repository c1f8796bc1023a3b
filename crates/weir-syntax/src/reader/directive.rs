//! Lines that begin with a dot: conditional blocks and messages (manual 2.4).

use super::block::Blocks;
use super::line::Line;
use crate::condition::evaluate;
use crate::snippet::snippet;
use crate::{Capabilities, Environment};
use weir_types::{Diagnostic, Diagnostics, Form, Level};

/// What the reader does after a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Continue,
    /// `.alert`: the configuration asks for the reading to end.
    Stop,
}

pub struct Directive<'d> {
    pub line: Line<'d>,
    pub environment: &'d Environment,
    pub capabilities: &'d Capabilities,
}

impl Directive<'_> {
    pub fn run(&self, blocks: &mut Blocks, diagnostics: &mut Diagnostics) -> Next {
        let line = &self.line;
        let active = blocks.active();
        let outcome = match line.keyword() {
            ".if" => {
                blocks.begin(line.span().line, || self.condition(diagnostics));
                Ok(())
            }
            ".elif" => blocks.otherwise_if(|| self.condition(diagnostics)),
            ".else" => {
                self.without_arguments(diagnostics);
                blocks.otherwise()
            }
            ".endif" => {
                self.without_arguments(diagnostics);
                blocks.end()
            }
            _ if !active => Ok(()),
            ".alert" => return self.message(Level::Alert, diagnostics),
            ".warning" => return self.message(Level::Warning, diagnostics),
            ".notice" => return self.message(Level::Notice, diagnostics),
            ".diag" => return self.message(Level::Diag, diagnostics),
            unknown => {
                self.alert(format!("unknown directive '{unknown}'."), diagnostics);
                Ok(())
            }
        };
        if let Err(text) = outcome {
            self.alert(text.to_owned(), diagnostics);
        }
        Next::Continue
    }

    fn condition(&self, diagnostics: &mut Diagnostics) -> Option<bool> {
        let keyword = self.line.keyword();
        let text = self.line.from(1).collect::<Vec<_>>().join(" ");
        match evaluate(&text, self.environment, self.capabilities) {
            Ok(truth) => Some(truth),
            Err(error) => {
                let position = error.position;
                let shown = snippet(format!("{keyword} {text}").as_bytes(), keyword.len() + 1 + position);
                self.alert(format!("{error} in '{keyword}' at position {position}:{shown}"), diagnostics);
                None
            }
        }
    }

    fn without_arguments(&self, diagnostics: &mut Diagnostics) {
        if let Some(argument) = self.line.get(1).filter(|argument| !argument.is_empty()) {
            let keyword = self.line.keyword();
            self.alert(format!("Unexpected argument '{argument}' for '{keyword}'."), diagnostics);
        }
    }

    fn message(&self, level: Level, diagnostics: &mut Diagnostics) -> Next {
        let (keyword, text) = (self.line.keyword(), self.line.word(1));
        if let Some(argument) = self.line.get(2) {
            let advice = "Use quotes if the message should contain spaces.";
            self.alert(format!("Unexpected argument '{argument}' for '{keyword}'. {advice}"), diagnostics);
            return Next::Continue;
        }
        if level != Level::Diag || self.capabilities.diagnostics {
            self.push(level, format!("'{text}'."), diagnostics);
        }
        if level == Level::Alert { Next::Stop } else { Next::Continue }
    }

    fn alert(&self, text: String, diagnostics: &mut Diagnostics) {
        self.push(Level::Alert, text, diagnostics);
    }

    fn push(&self, level: Level, text: String, diagnostics: &mut Diagnostics) {
        let at = match self.line.len() {
            1 => self.line.word_span(0),
            _ => self.line.span_from(1),
        };
        diagnostics.push(Diagnostic::new(level, Form::ParsingTight, Some(at), text));
    }
}
