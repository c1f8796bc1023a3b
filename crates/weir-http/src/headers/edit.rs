//! Edits of a header block. Every edit appends to the arena and leaves older bytes where they are.

use super::{Field, Headers, NoRoom, Span};
use crate::Known;
use crate::h1::scan::TOKEN;

/// Arena bytes, dead ones included, per byte of limit: bounds what rules that edit over and over may take.
const SLACK: usize = 4;

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
        let old = self.fields[index];
        let freed = old.name.len() + old.value.len() + 4;
        let span = old.name;
        let field = self.append_with(freed, span.len() + value.len(), |arena| {
            arena.extend_from_within(span.start as usize..span.end as usize);
            push_value(arena, value)
        })?;
        self.note_edit(field.known);
        self.wire = self.wire - freed as u32 + line_span(&field);
        self.fields[index] = field;
        Ok(())
    }

    /// Gives the line at `index` a value that is no longer than the one it has, in place.
    pub(crate) fn overwrite_value(&mut self, index: usize, value: &[u8]) {
        let field = &mut self.fields[index];
        let start = field.value.start as usize;
        let end = start + value.len();
        debug_assert!(end <= field.value.end as usize);
        self.wire -= field.value.end - end as u32;
        field.canonical &= end == field.value.end as usize;
        field.value = Span::new(start, end);
        self.arena[start..end].copy_from_slice(value);
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

    /// Appends bytes that belong to no line (a piece of the start line). Blanks and control characters, which would
    /// begin another piece or line, are percent-encoded. `replaced` bytes are given up in return.
    pub(crate) fn append_bytes(&mut self, bytes: &[u8], replaced: usize) -> Result<Span, NoRoom> {
        self.append_spliced(Span::default(), &[bytes], Span::default(), replaced)
    }

    /// As [`Headers::append_bytes`], with bytes of the arena before and behind.
    pub(crate) fn append_spliced(
        &mut self,
        head: Span,
        pieces: &[&[u8]],
        tail: Span,
        replaced: usize,
    ) -> Result<Span, NoRoom> {
        let encoded =
            |piece: &&[u8]| piece.len() + 2 * piece.iter().filter(|&&b| b <= b' ' || b == 0x7f).count();
        let added = head.len() + tail.len() + pieces.iter().map(encoded).sum::<usize>();
        self.check_room(added, replaced)?;
        let start = self.arena.len();
        self.arena.extend_from_within(head.start as usize..head.end as usize);
        for piece in pieces {
            piece.iter().for_each(|&byte| push_printable(&mut self.arena, byte));
        }
        self.arena.extend_from_within(tail.start as usize..tail.end as usize);
        Ok(Span::new(start, self.arena.len()))
    }

    /// Appends free text of the start line (a reason phrase); CR, LF and NUL become spaces.
    pub(crate) fn append_text(&mut self, text: &[u8], replaced: usize) -> Result<Span, NoRoom> {
        self.check_room(text.len(), replaced)?;
        let start = self.arena.len();
        push_text(&mut self.arena, text);
        Ok(Span::new(start, self.arena.len()))
    }

    /// Checks that the message stays within its limit, and the arena, dead bytes included, within its own.
    fn check_room(&self, added: usize, freed: usize) -> Result<(), NoRoom> {
        let limit = self.limit as usize;
        if self.wire as usize + added > limit + freed || self.arena.len() + added > SLACK * limit {
            return Err(NoRoom);
        }
        Ok(())
    }

    fn append_line(&mut self, name: &[u8], value: &[u8], freed: usize) -> Result<Field, NoRoom> {
        self.append_with(freed, name.len() + value.len(), |arena| {
            arena.extend(name.iter().map(|&byte| match TOKEN[byte as usize] {
                0 => b'_',
                lower => lower,
            }));
            push_value(arena, value)
        })
    }

    /// Appends `name: value CR LF`; `fill` writes the name and then the rest, and returns where the name ended.
    fn append_with(
        &mut self,
        freed: usize,
        added: usize,
        fill: impl FnOnce(&mut Vec<u8>) -> usize,
    ) -> Result<Field, NoRoom> {
        self.check_room(added + 4, freed)?;
        let start = self.arena.len();
        let name_end = fill(&mut self.arena);
        let name = Span::new(start, name_end);
        let value = Span::new(name_end + 2, self.arena.len() - 2);
        Ok(Field { name, value, known: Known::of(self.bytes(name)), canonical: true })
    }
}

/// Appends `: value CR LF` behind a name and returns where the name ended.
fn push_value(arena: &mut Vec<u8>, value: &[u8]) -> usize {
    let name_end = arena.len();
    arena.extend_from_slice(b": ");
    push_text(arena, value);
    arena.extend_from_slice(b"\r\n");
    name_end
}

/// Appends text in which nothing may begin another line.
fn push_text(arena: &mut Vec<u8>, text: &[u8]) {
    let start = arena.len();
    arena.extend_from_slice(text);
    for byte in &mut arena[start..] {
        if matches!(*byte, b'\r' | b'\n' | 0) {
            *byte = b' ';
        }
    }
}

fn push_printable(arena: &mut Vec<u8>, byte: u8) {
    if byte > b' ' && byte != 0x7f {
        arena.push(byte);
        return;
    }
    let digit = |value: u8| b"0123456789ABCDEF"[value as usize & 15];
    arena.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte)]);
}

fn line_len(name: &[u8], value: &[u8]) -> usize {
    name.len() + value.len() + 4
}

fn line_span(field: &Field) -> u32 {
    (field.name.len() + field.value.len() + 4) as u32
}
