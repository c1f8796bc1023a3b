//! A rule's words and how far they are read.

use weir_sample::expr::ExprError;

/// Words of one line; `at` is the next to read. Reading beyond the last gives an empty word.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'w> {
    pub words: &'w [&'w str],
    pub at: usize,
}

/// What is wrong with a rule: HAProxy's text without the prefix that names the rule and without its full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Index of the word concerned.
    pub word: usize,
    pub text: String,
    pub hint: Option<Box<str>>,
    /// Printed by itself, without the prefix that names the rule.
    pub bare: bool,
}

impl Fault {
    pub fn new(word: usize, text: impl Into<String>) -> Self {
        Self { word, text: text.into(), hint: None, bare: false }
    }

    pub fn bare(word: usize, text: impl Into<String>) -> Self {
        Self { bare: true, ..Self::new(word, text) }
    }
}

impl From<ExprError> for Fault {
    fn from(error: ExprError) -> Self {
        Self { word: error.word, text: error.message.into(), hint: error.hint, bare: false }
    }
}

impl<'w> Cursor<'w> {
    pub fn new(words: &'w [&'w str], at: usize) -> Self {
        Self { words, at }
    }

    /// The next word, or an empty one.
    pub fn peek(&self) -> &'w str {
        self.peek_at(0)
    }

    pub fn peek_at(&self, offset: usize) -> &'w str {
        self.words.get(self.at + offset).copied().unwrap_or("")
    }

    /// The action's own word.
    pub fn name(&self) -> &'w str {
        self.words.get(self.at - 1).copied().unwrap_or("")
    }

    pub fn take(&mut self) -> &'w str {
        let word = self.peek();
        self.at += 1;
        word
    }

    /// Whether the condition, or the end of the line, is next.
    pub fn at_condition(&self) -> bool {
        matches!(self.peek(), "" | "if" | "unless")
    }

    pub fn fault<T>(&self, text: impl Into<String>) -> Result<T, Fault> {
        Err(Fault::new(self.at, text))
    }

    /// What stands between parentheses behind the action's name: `set-var(txn.x)`. `None` without an opening one.
    pub fn parenthesis(name: &str) -> Option<&str> {
        let (_, inside) = name.split_once('(')?;
        Some(inside.split_once(')').map_or(inside, |(inside, _)| inside))
    }
}
