//! Conditions of `.if`, `.elif` and the command line's `-cc` (manual 2.4).

mod error;
mod expression;
mod predicate;
#[cfg(test)]
mod tests;

pub use error::{CommandLineError, ConditionError, ConditionErrorKind};

use crate::reader::{OwnedLine, WordErrorKind};
use crate::{Capabilities, Environment};

/// Evaluates `text`, in which words are already joined by single blanks. An empty text is false.
pub fn evaluate(
    text: &str,
    environment: &Environment,
    capabilities: &Capabilities,
) -> Result<bool, ConditionError> {
    expression::evaluate(text, &predicate::Context { environment, capabilities })
}

/// Evaluates the argument of `-cc`, which is cut into words like a line but knows no comments.
pub fn evaluate_command_line(
    text: &str,
    environment: &Environment,
    capabilities: &Capabilities,
) -> Result<bool, CommandLineError> {
    // Comments cannot be told from words any more once the line is cut, so the text before each is taken alone.
    let words = OwnedLine::parse(&protect_comments(text), environment).map_err(|error| match error.kind {
        WordErrorKind::Quote => CommandLineError::Quote,
        WordErrorKind::Hexadecimal => CommandLineError::Hexadecimal,
        WordErrorKind::TooMany { .. } => CommandLineError::TooMany,
        kind => CommandLineError::Variable(kind),
    })?;
    let joined = words.line().words().collect::<Vec<_>>().join(" ");
    evaluate(&joined, environment, capabilities).map_err(CommandLineError::Condition)
}

/// Escapes what would begin a comment.
fn protect_comments(text: &str) -> String {
    let mut quote = None;
    let mut escaped = false;
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '#' && quote.is_none() && !escaped {
            out.push('\\');
        }
        match quote {
            Some(open) if open == character && !escaped => quote = None,
            None if matches!(character, '"' | '\'') && !escaped => quote = Some(character),
            _ => {}
        }
        escaped = character == '\\' && !escaped && quote != Some('\'');
        out.push(character);
    }
    out
}
