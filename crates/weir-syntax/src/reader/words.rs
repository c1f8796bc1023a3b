//! One line to words: separators, comments, both quotings, escapes and variables (manual 2.2 and 2.3). Fills buffers
//! that live as long as the reader, so a line costs no allocation.

use super::fault::{WordError, WordErrorKind};
use super::line::Word;
use super::variable::reference;
use crate::raw;
use nom::Parser;
use nom::bytes::complete::take_while;
use nom::error::Error;
use std::borrow::Cow;

/// Words on a line, the keyword included; HAProxy's limit.
pub const MAX_WORDS: usize = 64;

/// Between two words in the buffer, so that the whole is UTF-8 exactly when each word is.
const SEPARATOR: u8 = 0;

/// Gives a variable's value; the name may be a pseudo-variable such as `.LINE`.
pub type Resolve<'v> = dyn Fn(&str) -> Option<Cow<'v, str>> + 'v;

#[derive(Debug, Default)]
pub struct WordBuffer {
    bytes: Vec<u8>,
    words: Vec<Word>,
    /// Where the word under construction began: offset in `bytes`, column.
    open: Option<(usize, usize)>,
    /// Column of the first empty word's text, and its index.
    empty: Option<(usize, usize)>,
    /// Column that an empty word would be reported at.
    hollow: usize,
}

impl WordBuffer {
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// The words' text, with a separator byte behind each, and their places in it.
    pub fn contents(&self) -> (&str, &[Word]) {
        // `read` leaves nothing but UTF-8 behind.
        (std::str::from_utf8(&self.bytes).unwrap_or_default(), &self.words)
    }

    /// The first empty word as an error.
    pub fn empty_word(&self) -> Option<WordError> {
        self.empty.map(|(column, index)| WordError { kind: WordErrorKind::Empty { index }, column })
    }

    /// Replaces the contents by the words of `line`.
    pub fn read(&mut self, line: &[u8], resolve: &Resolve<'_>) -> Result<(), WordError> {
        self.bytes.clear();
        self.words.clear();
        self.open = None;
        self.empty = None;
        self.unquoted(line, resolve)?;
        if std::str::from_utf8(&self.bytes).is_err() {
            self.escape_raw_bytes();
        }
        match self.words.get(MAX_WORDS - 1) {
            Some(last) if self.words.len() > MAX_WORDS => {
                let position = last.start as usize + 1;
                let last = self.contents().0.get(last.start as usize..last.end as usize).unwrap_or("").into();
                self.words.truncate(MAX_WORDS);
                Err(WordError { kind: WordErrorKind::TooMany { last, position }, column: position })
            }
            _ => Ok(()),
        }
    }

    fn unquoted(&mut self, line: &[u8], resolve: &Resolve<'_>) -> Result<(), WordError> {
        let mut rest = line;
        loop {
            let column = line.len() - rest.len() + 1;
            let plain;
            (rest, plain) = run(rest, |byte| CLASS[usize::from(byte)] & UNQUOTED == 0);
            if !plain.is_empty() {
                self.begin(column);
                self.bytes.extend_from_slice(plain);
            }
            let column = line.len() - rest.len() + 1;
            let Some((special, behind)) = rest.split_first() else {
                self.finish(column);
                return Ok(());
            };
            match special {
                b'#' => {
                    self.finish(column);
                    return Ok(());
                }
                b'\\' => {
                    self.begin(column);
                    rest = self.escape(rest, b" #\\'\"", column)?;
                }
                b'\'' => {
                    self.begin(column);
                    let (end, inside) = run(behind, |byte| byte != b'\'');
                    self.bytes.extend_from_slice(inside);
                    rest = end.get(1..).ok_or(WordError { kind: WordErrorKind::Quote, column })?;
                }
                b'"' => {
                    self.begin(column);
                    rest = self.weak(line, rest, resolve)?;
                }
                _ => {
                    self.finish(column);
                    rest = behind;
                }
            }
        }
    }

    /// Reads a weakly quoted part, `rest` beginning with its quote.
    fn weak<'l>(
        &mut self,
        line: &'l [u8],
        mut rest: &'l [u8],
        resolve: &Resolve<'_>,
    ) -> Result<&'l [u8], WordError> {
        let quote = line.len() - rest.len() + 1;
        rest = &rest[1..];
        loop {
            let plain;
            let column = line.len() - rest.len() + 1;
            (rest, plain) = run(rest, |byte| CLASS[usize::from(byte)] & WEAK == 0);
            if !plain.is_empty() {
                self.begin(column);
                self.bytes.extend_from_slice(plain);
            }
            let column = line.len() - rest.len() + 1;
            match rest.first() {
                Some(b'"') => return Ok(&rest[1..]),
                Some(b'\\') => {
                    self.begin(column);
                    rest = self.escape(rest, b" #\\'\"$", column)?;
                }
                Some(_) => rest = self.variable(rest, column, resolve)?,
                None => return Err(WordError { kind: WordErrorKind::Quote, column: quote }),
            }
        }
    }

    /// Reads an escape, `rest` beginning with its backslash. A backslash before a character that needs none stays.
    fn escape<'l>(&mut self, rest: &'l [u8], literal: &[u8], column: usize) -> Result<&'l [u8], WordError> {
        let (byte, length) = match rest.get(1) {
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(b't') => (b'\t', 2),
            Some(b'x') => match rest.get(2..4).and_then(hexadecimal) {
                Some(byte) => (byte, 4),
                None => return Err(WordError { kind: WordErrorKind::Hexadecimal, column }),
            },
            Some(byte) if literal.contains(byte) => (*byte, 2),
            _ => (b'\\', 1),
        };
        self.bytes.push(byte);
        Ok(&rest[length..])
    }

    /// Reads a reference, `rest` beginning with its dollar sign.
    fn variable<'l>(
        &mut self,
        rest: &'l [u8],
        column: usize,
        resolve: &Resolve<'_>,
    ) -> Result<&'l [u8], WordError> {
        let (behind, reference) = reference(&rest[1..])
            .map_err(|(kind, offset)| WordError { kind, column: column + 1 + offset })?;
        let braced = rest.get(1) == Some(&b'{');
        self.hollow = column + 1 + usize::from(braced);
        // Names are ASCII, so this cannot fail.
        let name = std::str::from_utf8(reference.name).unwrap_or_default();
        let value = resolve(name).map(|value| match raw::bytes(&value) {
            Cow::Borrowed(bytes) => Cow::Owned(bytes.to_vec()),
            Cow::Owned(bytes) => Cow::<[u8]>::Owned(bytes),
        });
        let value = value.as_deref().or(reference.default).unwrap_or_default();
        if reference.split {
            self.push_split(value, column)
        } else {
            self.push_value(value, column)
        }
        Ok(behind)
    }

    fn push_value(&mut self, value: &[u8], column: usize) {
        if !value.is_empty() {
            self.begin(column);
            self.bytes.extend_from_slice(value);
        }
    }

    /// Each run of blanks ends a word; an empty value adds none, and takes back the one its quote opened.
    fn push_split(&mut self, value: &[u8], column: usize) {
        if self.open.is_some_and(|(start, _)| start == self.bytes.len()) {
            self.open = None;
        }
        for (index, part) in value.split(u8::is_ascii_whitespace).enumerate() {
            if index > 0 {
                self.finish(column);
            }
            self.push_value(part, column);
        }
    }

    fn begin(&mut self, column: usize) {
        if self.open.is_none() {
            self.open = Some((self.bytes.len(), column));
            self.hollow = column;
        }
    }

    /// Ends the open word before `column`.
    fn finish(&mut self, column: usize) {
        let Some((start, first)) = self.open.take() else { return };
        let end = self.bytes.len();
        if start == end && self.empty.is_none() {
            self.empty = Some((self.hollow, self.words.len()));
        }
        let clamp = |column: usize| u16::try_from(column).unwrap_or(u16::MAX);
        let (start, end) = (u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX));
        self.words.push(Word { start, end, columns: (clamp(first), clamp(column)) });
        self.bytes.push(SEPARATOR);
    }

    /// The slow path for lines with bytes outside UTF-8.
    fn escape_raw_bytes(&mut self) {
        let old = std::mem::take(&mut self.bytes);
        for word in &mut self.words {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(raw::text(&old[word.start as usize..word.end as usize]).as_bytes());
            word.start = u32::try_from(start).unwrap_or(u32::MAX);
            word.end = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
            self.bytes.push(SEPARATOR);
        }
    }
}

const UNQUOTED: u8 = 1;
const WEAK: u8 = 2;

/// Which bytes end a plain run in which state.
const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut index = 0;
    while index < 256 {
        class[index] = match index as u8 {
            b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b'#' | b'\'' => UNQUOTED,
            b'"' | b'\\' => UNQUOTED | WEAK,
            b'$' => WEAK,
            _ => 0,
        };
        index += 1;
    }
    class
};

/// The rest and the leading bytes that satisfy `accept`.
fn run(input: &[u8], accept: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    take_while::<_, _, Error<&[u8]>>(accept).parse(input).unwrap_or((&[], input))
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(*digits.first()?)? << 4 | digit(*digits.get(1)?)?;
    u8::try_from(value).ok()
}
