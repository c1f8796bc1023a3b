//! One line as words, borrowed from the reader's buffers or owned.

use super::fault::WordError;
use super::words::WordBuffer;
use crate::Environment;
use crate::section::is_section;
use weir_types::{FileId, Span};

/// Where a word stands in the buffer's text, and where it came from in the source line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Word {
    pub(super) start: u32,
    pub(super) end: u32,
    /// First and one past the last source byte, counted from 1, at most 65535.
    pub(super) columns: (u16, u16),
}

/// A line that is not blank, not a comment, not a directive and not in a block that is left out. It has at least one
/// word. Reading beyond the last word gives an empty one, as HAProxy's own parsers see it.
#[derive(Clone, Copy, Debug)]
pub struct Line<'r> {
    pub(super) span: Span,
    pub(super) text: &'r str,
    pub(super) words: &'r [Word],
}

impl<'r> Line<'r> {
    /// Always at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The first word.
    pub fn keyword(&self) -> &'r str {
        self.word(0)
    }

    /// The word at `index`, or `""` beyond the last.
    pub fn word(&self, index: usize) -> &'r str {
        self.get(index).unwrap_or("")
    }

    pub fn get(&self, index: usize) -> Option<&'r str> {
        let word = self.words.get(index)?;
        self.text.get(word.start as usize..word.end as usize)
    }

    /// The line without its first `count` words, as it would have stood there by itself: `no option x` is read as
    /// `option x`. A line is never left without words; what is skipped beyond them stays the last.
    pub fn skip(&self, count: usize) -> Line<'r> {
        let first = count.min(self.words.len().saturating_sub(1));
        Line { words: &self.words[first..], ..*self }
    }

    pub fn words(&self) -> impl ExactSizeIterator<Item = &'r str> + Clone + use<'r> {
        self.from(0)
    }

    /// The words from `first` on; none if there are fewer.
    pub fn from(&self, first: usize) -> impl ExactSizeIterator<Item = &'r str> + Clone + use<'r> {
        let text = self.text;
        let words = self.words.get(first..).unwrap_or_default();
        words.iter().map(move |word| &text[word.start as usize..word.end as usize])
    }

    /// The line as `-dC` shows it: what opens a section at the margin, the rest behind a tab. Where HAProxy loses quotes,
    /// a word that needs them has them, so that what was shown can be read again.
    pub fn plain(&self) -> String {
        let mut out = String::from(if is_section(self.keyword()) { "" } else { "\t" });
        for word in self.words() {
            let bare = !word.contains(|c: char| " \t\"'\\#$".contains(c));
            match (bare, word.contains('\'')) {
                (true, _) => out.push_str(word),
                (false, false) => out.extend(["'", word, "'"]),
                (false, true) => {
                    out.push('"');
                    for part in word.chars() {
                        out.extend("\"\\$".contains(part).then_some('\\'));
                        out.push(part);
                    }
                    out.push('"');
                }
            }
            out.push(' ');
        }
        out.push('\n');
        out
    }

    /// From the first to the last word.
    pub fn span(&self) -> Span {
        self.span_from(0)
    }

    /// The source columns of a word; of the last one for an index beyond it.
    pub fn word_span(&self, index: usize) -> Span {
        match self.words.get(index).or(self.words.last()) {
            Some(word) => self.span.columns(word.columns.0, word.columns.1),
            None => self.span,
        }
    }

    /// From the first to the last of the words from `first` on.
    pub fn span_from(&self, first: usize) -> Span {
        let (start, end) = (self.word_span(first), self.word_span(self.words.len()));
        self.span.columns(start.start, end.end)
    }

    pub fn to_owned(&self) -> OwnedLine {
        OwnedLine { span: self.span, text: self.text.into(), words: self.words.into() }
    }
}

/// A line that outlives the reader's next step, or one made from text alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedLine {
    span: Span,
    text: Box<str>,
    words: Box<[Word]>,
}

impl OwnedLine {
    /// The words of `text`, which is one line without its line feed and without conditional blocks. Handy for tests
    /// and for command lines written in the configuration's syntax.
    pub fn parse(text: &str, environment: &Environment) -> Result<Self, WordError> {
        let mut buffer = WordBuffer::default();
        buffer.read(text.as_bytes(), &|name| environment.value(name).map(Into::into))?;
        let (text, words) = buffer.contents();
        Ok(Self { span: Span::line(FileId(0), 1), text: text.into(), words: words.into() })
    }

    pub fn line(&self) -> Line<'_> {
        Line { span: self.span, text: &self.text, words: &self.words }
    }
}
