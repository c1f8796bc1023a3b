//! Why a condition cannot be evaluated, in HAProxy's words.

use crate::reader::WordErrorKind;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    pub kind: ConditionErrorKind,
    /// Byte of the condition's text, counted from 1.
    pub position: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConditionErrorKind {
    Unparsable { text: Box<str> },
    UnexpectedCharacter { character: char, text: Box<str> },
    UnclosedParenthesis { text: Box<str> },
    MissingArguments { predicate: &'static str, found: usize, wanted: usize },
    UnclosedArguments { predicate: &'static str, before: Box<str> },
    TrailingBackslash { predicate: &'static str, argument: usize, after: Box<str> },
    InvalidArgument { predicate: &'static str, argument: Box<str> },
}

impl std::error::Error for ConditionError {}

impl fmt::Display for ConditionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ConditionErrorKind as Kind;
        let used = "used in conditional expression";
        match &self.kind {
            Kind::Unparsable { text } => write!(f, "unparsable conditional expression '{text}'"),
            Kind::UnexpectedCharacter { character, text } => {
                write!(f, "unexpected character '{character}' at the end of conditional expression '{text}'")
            }
            Kind::UnclosedParenthesis { text } => {
                write!(f, "expected ')' after conditional expression '{text}'")
            }
            Kind::MissingArguments { predicate, found, wanted } => write!(
                f,
                "missing arguments (got {found}/{wanted}), type 'string' expected in argument {found} of \
                 predicate '{predicate}' {used}"
            ),
            // HAProxy names argument 1 whichever it is.
            Kind::UnclosedArguments { predicate, before } if before.is_empty() => {
                write!(f, "expected ')' in argument 1 of predicate '{predicate}' {used}")
            }
            Kind::UnclosedArguments { predicate, before } => {
                write!(f, "expected ')' before '{before}' in argument 1 of predicate '{predicate}' {used}")
            }
            Kind::TrailingBackslash { predicate, argument, after } => write!(
                f,
                "failed to parse '\\' after '{after}' as type 'string' at position {} in argument {argument} of \
                 predicate '{predicate}' {used}",
                argument + 1
            ),
            Kind::InvalidArgument { predicate, argument } => {
                write!(f, "invalid argument to conditional expression predicate '{predicate}': '{argument}'")
            }
        }
    }
}

/// Why `-cc` cannot answer; exit status 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandLineError {
    Quote,
    Hexadecimal,
    TooMany,
    /// A faulty reference to a variable.
    Variable(WordErrorKind),
    Condition(ConditionError),
}

impl std::error::Error for CommandLineError {}

impl fmt::Display for CommandLineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quote => f.write_str("Syntax Error in condition: Unmatched quote."),
            Self::Hexadecimal => {
                f.write_str("Syntax Error in condition: Truncated or invalid hexadecimal sequence.")
            }
            Self::TooMany => f.write_str("Error in condition: Too many words."),
            Self::Variable(WordErrorKind::Brace) => {
                f.write_str("Syntax Error in condition: Unmatched brace in environment variable name.")
            }
            Self::Variable(WordErrorKind::Expansion) => {
                f.write_str("Syntax Error in condition: Truncated or invalid word expansion sequence.")
            }
            Self::Variable(_) => {
                f.write_str("Syntax Error in condition: Forbidden first char in environment variable name.")
            }
            Self::Condition(error) => write!(f, "Failed to evaluate condition: {error}"),
        }
    }
}
