//! Streaming over the sources, one line of words at a time: words, then conditional blocks, then directives.

mod block;
mod directive;
mod line;
mod stream;
#[cfg(test)]
mod tests;
mod variable;
mod words;

pub use line::{Line, OwnedLine, Word};
pub use stream::Reader;
pub use words::WordErrorKind;
