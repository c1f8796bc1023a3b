//! What can be wrong with the words of one line, in HAProxy's words.

use super::words::MAX_WORDS;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordErrorKind {
    Quote,
    Hexadecimal,
    VariableName,
    Brace,
    Expansion,
    /// More than 64 words; the last one kept, and its place in the joined words.
    TooMany {
        last: Box<str>,
        position: usize,
    },
    /// A word without a character, counted from the keyword as 0.
    Empty {
        index: usize,
    },
}

/// `column` counts the line's bytes from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordError {
    pub kind: WordErrorKind,
    pub column: usize,
}

impl std::error::Error for WordError {}

impl fmt::Display for WordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.column;
        match &self.kind {
            WordErrorKind::Quote => write!(f, "unmatched quote at position {column}:"),
            WordErrorKind::Hexadecimal => {
                write!(f, "truncated or invalid hexadecimal sequence at position {column}:")
            }
            WordErrorKind::VariableName => {
                write!(f, "forbidden first char in environment variable name at position {column}:")
            }
            WordErrorKind::Brace => {
                write!(f, "unmatched brace in environment variable name at position {column}:")
            }
            WordErrorKind::Expansion => {
                write!(f, "truncated or invalid word expansion sequence at position {column}:")
            }
            WordErrorKind::TooMany { last, position } => {
                write!(f, "too many words, truncating after word {MAX_WORDS}, position {position}: <{last}>.")
            }
            WordErrorKind::Empty { index } => write!(
                f,
                "argument number {index} at position {column} is empty and marks the end of the argument list:"
            ),
        }
    }
}
