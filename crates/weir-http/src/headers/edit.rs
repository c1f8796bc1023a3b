//! Edits of a header block. Every edit appends to the arena and leaves older bytes where they are.

use super::{Field, Headers, NoRoom, Span};
use crate::Known;
use crate::h1::scan::{TOKEN, blank_end};
use crate::list::trim;

impl Headers {
    /// Appends a line. The name is made lower case, and bytes in it that no name may hold become `_`; in the value,
    /// CR, LF and NUL become spaces. So no edit can begin a line of its own, whatever it was made from.
    pub fn add(&mut self, name: &[u8], value: &[u8]) -> Result<(), NoRoom> {
        let field = self.append_line(name, value, 0)?;
        self.note_edit(field.known);
        self.push_field(field);
        Ok(())
    }

    /// Removes every line of this lower-case name and appends one (`http-request set-header`).
    pub fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), NoRoom> {
        let freed = self.values(name).map(|old| line_len(name, old)).sum();
        let field = self.append_line(name, value, freed)?;
        self.remove(name);
        self.note_edit(field.known);
        self.push_field(field);
        Ok(())
    }

    /// Gives the line at `index` another value and keeps its place (`http-request replace-header`).
    pub fn replace_at(&mut self, index: usize, value: &[u8]) -> Result<(), NoRoom> {
        let (name_len, freed) = (self.fields[index].name.len(), line_span(&self.fields[index]) as usize);
        self.make_room(name_len + value.len() + 4, freed)?;
        let name = self.fields[index].name;
        let start = self.arena.len();
        self.arena.extend_from_within(name.start as usize..name.end as usize);
        let field = self.finish_line(start, value);
        self.note_edit(field.known);
        self.wire = self.wire - freed as u32 + line_span(&field);
        self.fields[index] = field;
        Ok(())
    }

    /// Gives the line at `index` another value and keeps its place; in place where the old one is long enough.
    pub(crate) fn overwrite_value(&mut self, index: usize, value: &[u8]) -> Result<(), NoRoom> {
        let old = self.fields[index].value;
        if value.len() > old.len() {
            return self.replace_at(index, value);
        }
        let start = old.start as usize;
        self.arena[start..start + value.len()].copy_from_slice(value);
        self.shorten_value(index, value.len());
        Ok(())
    }

    /// Keeps the first `length` bytes of the value at `index`.
    fn shorten_value(&mut self, index: usize, length: usize) {
        let field = &mut self.fields[index];
        let cut = field.value.len() - length;
        self.wire -= cut as u32;
        field.canonical &= cut == 0;
        field.value = Span::new(field.value.start as usize, field.value.start as usize + length);
    }

    /// Takes the elements that `gone` names, and empty ones, out of the comma-separated value at `index`. The others
    /// stay as they are written, blanks between them included. Returns false if none is left, and leaves the line.
    pub(crate) fn drop_elements(&mut self, index: usize, gone: impl Fn(&[u8]) -> bool) -> bool {
        let Span { start, end } = self.fields[index].value;
        let (start, end) = (start as usize, end as usize);
        let (mut read, mut write) = (start, start);
        while read <= end {
            let length = self.arena[read..end].iter().position(|&byte| byte == b',');
            let stop = length.map_or(end, |length| read + length);
            let element = trim(&self.arena[read..stop]);
            if !element.is_empty() && !gone(element) {
                let first = write == start;
                let from = if first { blank_end(&self.arena, read) } else { read };
                if !first {
                    self.arena[write] = b',';
                    write += 1;
                }
                self.arena.copy_within(from..stop, write);
                write += stop - from;
            }
            read = stop + 1;
        }
        let kept = trim(&self.arena[start..write]).len();
        self.shorten_value(index, kept);
        kept > 0
    }

    /// Removes the line at `index`; later lines move up by one.
    pub fn remove_at(&mut self, index: usize) {
        let field = self.fields.remove(index);
        self.note_edit(field.known);
        self.wire -= line_span(&field);
    }

    /// Removes every line of this lower-case name and returns how many there were.
    pub fn remove(&mut self, name: &[u8]) -> usize {
        self.note_edit(Known::of(name));
        let arena = &self.arena;
        let mut freed = 0;
        let before = self.fields.len();
        self.fields.retain(|field| {
            let matches = &arena[field.name.start as usize..field.name.end as usize] == name;
            freed += if matches { line_span(field) } else { 0 };
            !matches
        });
        self.wire -= freed;
        before - self.fields.len()
    }

    /// Removes every line of this identity and returns how many there were.
    pub fn remove_known(&mut self, known: Known) -> usize {
        let mut count = 0;
        while let Some(index) = self.position_known(known, 0) {
            self.remove_at(index);
            count += 1;
        }
        self.seen &= !(1 << known as u32);
        count
    }

    /// Keeps the lines for which `keep(name, value)` holds (`del-header` with a match method).
    pub fn retain(&mut self, mut keep: impl FnMut(&[u8], &[u8]) -> bool) {
        let mut index = 0;
        while index < self.fields.len() {
            let header = self.at(index);
            if keep(header.name, header.value) {
                index += 1;
            } else {
                self.remove_at(index);
            }
        }
    }

    /// Remembers an edit of a line that tells where the body ends; see [`crate::Request::settle_body`].
    fn note_edit(&mut self, known: Known) {
        self.framing_edited |= matches!(known, Known::ContentLength | Known::TransferEncoding);
    }

    /// Registers a line whose bytes are in the arena already.
    pub(crate) fn push_field(&mut self, field: Field) {
        self.wire += line_span(&field);
        self.seen |= 1 << field.known as u32;
        self.fields.push(field);
    }

    /// Appends `name: value CR LF` to the arena, in exchange for `freed` bytes.
    fn append_line(&mut self, name: &[u8], value: &[u8], freed: usize) -> Result<Field, NoRoom> {
        self.make_room(line_len(name, value), freed)?;
        let start = self.arena.len();
        self.arena.extend(name.iter().map(|&byte| match TOKEN[byte as usize] {
            0 => b'_',
            lower => lower,
        }));
        Ok(self.finish_line(start, value))
    }

    /// Appends `: value CR LF` behind the name that begins at `start`.
    fn finish_line(&mut self, start: usize, value: &[u8]) -> Field {
        let name_end = self.arena.len();
        self.arena.extend_from_slice(b": ");
        push_text(&mut self.arena, value);
        self.arena.extend_from_slice(b"\r\n");
        let name = Span::new(start, name_end);
        let value = Span::new(name_end + 2, self.arena.len() - 2);
        Field { name, value, known: Known::of(self.bytes(name)), canonical: true }
    }
}

/// Appends text in which nothing may begin another line.
pub(super) fn push_text(arena: &mut Vec<u8>, text: &[u8]) {
    let start = arena.len();
    arena.extend_from_slice(text);
    for byte in &mut arena[start..] {
        if matches!(*byte, b'\r' | b'\n' | 0) {
            *byte = b' ';
        }
    }
}

fn line_len(name: &[u8], value: &[u8]) -> usize {
    name.len() + value.len() + 4
}

fn line_span(field: &Field) -> u32 {
    (field.name.len() + field.value.len() + 4) as u32
}
