//! Streaming over the sources, one line of words at a time: words, then conditional blocks, then directives.

mod anonymous;
mod block;
mod directive;
mod fault;
mod line;
mod stream;
#[cfg(test)]
mod tests;
mod variable;
mod words;

pub use fault::{WordError, WordErrorKind};
pub use line::{Line, OwnedLine, Word};
pub use stream::Reader;
