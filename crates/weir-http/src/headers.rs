//! The header block of a message: lines as ranges into one byte arena.
//!
//! The arena begins as a copy of the received head with names made lower case in place; edits append a fresh line to
//! it and swap the range, so that no edit moves bytes and no message allocates once its buffers have grown. A line
//! that already reads `name: value CR LF` in the arena is marked canonical: the writer then copies whole runs of
//! untouched lines at once. Should dead bytes pile up, the arena is rebuilt.

mod edit;
mod start;
#[cfg(test)]
mod tests;

pub(crate) use start::{METHOD, PROTOCOL, REASON, STATUS, StartLine, TARGET};

use crate::Known;
use crate::list::Elements;

/// A range of the arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end as u32 }
    }

    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }
}

/// One header line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub name: Span,
    pub value: Span,
    pub known: Known,
    /// The arena holds `name: value CR LF` from `name.start` to `value.end + 2`.
    pub canonical: bool,
}

/// Names in lower case and values, in order of arrival.
#[derive(Clone, Debug)]
pub struct Headers {
    pub(crate) arena: Vec<u8>,
    pub(crate) fields: Vec<Field>,
    pub(crate) start: StartLine,
    /// One bit per [`Known`] that was ever in `fields`; a clear bit spares the search.
    pub(crate) seen: u32,
    /// A line that tells where the body ends was touched since the head was parsed.
    pub(crate) framing_edited: bool,
    /// Bytes of the lines as they would be written.
    wire: u32,
    /// Bytes that `wire` and the pieces of the start line may reach together.
    limit: u32,
}

/// One header line, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
    pub known: Known,
}

/// An edit that would make the message larger than `tune.bufsize`; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

impl std::fmt::Display for NoRoom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no room left in the message for this edit")
    }
}

impl std::error::Error for NoRoom {}

impl Default for Headers {
    fn default() -> Headers {
        Headers {
            arena: Vec::new(),
            fields: Vec::new(),
            start: StartLine::default(),
            seen: 0,
            framing_edited: false,
            wire: 0,
            limit: 16384,
        }
    }
}

impl Headers {
    pub fn new() -> Headers {
        Headers::default()
    }

    /// Forgets every line and keeps the memory.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.fields.clear();
        self.start = StartLine::default();
        self.seen = 0;
        self.framing_edited = false;
        self.wire = 0;
    }

    /// Makes room for lines of so many bytes at once, and for a few that rules may add.
    pub fn reserve(&mut self, bytes: usize) {
        self.arena.reserve_exact(bytes + 128);
    }

    /// Gives memory back that a large message took and nothing of it needs.
    pub fn rest(&mut self) {
        if self.arena.capacity() - self.arena.len() > 1024 {
            self.arena.shrink_to_fit();
        }
    }

    /// Sets the number of bytes (`tune.bufsize`) that edits may grow the message to.
    pub fn set_limit(&mut self, bytes: u32) {
        self.limit = bytes;
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Bytes that the lines take when written as `name: value CR LF`, without start line and closing empty line.
    pub fn wire_len(&self) -> usize {
        self.wire as usize
    }

    /// The line at `index`, in order. Panics when out of range.
    pub fn at(&self, index: usize) -> Header<'_> {
        let field = &self.fields[index];
        Header { name: self.bytes(field.name), value: self.bytes(field.value), known: field.known }
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Header<'_>> + ExactSizeIterator + '_ {
        (0..self.fields.len()).map(|index| self.at(index))
    }

    /// Index of the first line with this lower-case name at or after `from`.
    pub fn position(&self, name: &[u8], from: usize) -> Option<usize> {
        let lines = self.fields.get(from..)?;
        lines.iter().position(|field| self.bytes(field.name) == name).map(|index| index + from)
    }

    /// Index of the first line with this identity at or after `from`.
    pub fn position_known(&self, known: Known, from: usize) -> Option<usize> {
        if self.seen & (1 << known as u32) == 0 {
            return None;
        }
        self.fields.get(from..)?.iter().position(|field| field.known == known).map(|index| index + from)
    }

    /// Value of the first line with this lower-case name.
    pub fn find(&self, name: &[u8]) -> Option<&[u8]> {
        self.position(name, 0).map(|index| self.at(index).value)
    }

    /// Value of the first line with this identity.
    pub fn find_known(&self, known: Known) -> Option<&[u8]> {
        self.position_known(known, 0).map(|index| self.at(index).value)
    }

    pub fn contains(&self, name: &[u8]) -> bool {
        self.position(name, 0).is_some()
    }

    /// Whole values of every line with this lower-case name, as `req.fhdr` sees them.
    pub fn values<'a>(&'a self, name: &'a [u8]) -> impl DoubleEndedIterator<Item = &'a [u8]> + 'a {
        self.fields
            .iter()
            .filter(move |field| self.bytes(field.name) == name)
            .map(|field| self.bytes(field.value))
    }

    /// Comma-separated elements of every line with this lower-case name, as `req.hdr` sees them.
    pub fn elements<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.values(name).flat_map(Elements::new)
    }

    /// The `occurrence`-th whole value: 1 is the first, -1 the last, which is what `req.fhdr(name)` means without one;
    /// 0 counts as 1.
    pub fn nth_value<'a>(&'a self, name: &'a [u8], occurrence: i32) -> Option<&'a [u8]> {
        match occurrence {
            0.. => self.values(name).nth((occurrence.max(1) - 1) as usize),
            _ => self.values(name).rev().nth(occurrence.unsigned_abs() as usize - 1),
        }
    }

    /// The `occurrence`-th element, counted as by [`Headers::nth_value`] (`req.hdr(name,occurrence)`).
    pub fn nth_element<'a>(&'a self, name: &'a [u8], occurrence: i32) -> Option<&'a [u8]> {
        match occurrence {
            0.. => self.elements(name).nth((occurrence.max(1) - 1) as usize),
            _ => {
                let total = self.elements(name).count();
                self.elements(name).nth(total.checked_sub(occurrence.unsigned_abs() as usize)?)
            }
        }
    }

    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        &self.arena[span.start as usize..span.end as usize]
    }
}
