//! The pieces of the start line, which share the arena with the header lines, and the rebuilding of the arena.

use super::{Headers, NoRoom, Span};

/// Index of a piece. Requests have method and target, responses status and reason; either may have a protocol text
/// that is not the usual `HTTP/x.y` (only with `accept_unsafe`).
pub const METHOD: usize = 0;
pub const TARGET: usize = 1;
pub const STATUS: usize = 0;
pub const REASON: usize = 1;
pub const PROTOCOL: usize = 2;

/// Where the pieces of the start line are.
#[derive(Clone, Copy, Debug, Default)]
pub struct StartLine {
    pub pieces: [Span; 3],
    /// The arena begins with the start line as it would be written, CR LF included.
    pub canonical: bool,
}

/// Arena bytes, dead ones included, per byte of limit before the arena is rebuilt.
const SLACK: usize = 4;

impl Headers {
    /// One piece of the start line.
    pub(crate) fn piece(&self, piece: usize) -> &[u8] {
        self.bytes(self.start.pieces[piece])
    }

    /// Replaces the bytes `from` to `to` of a piece by `parts`. Blanks and control characters in them, which would
    /// begin another piece or line, are percent-encoded.
    pub(crate) fn splice_piece(
        &mut self,
        piece: usize,
        from: usize,
        to: usize,
        parts: &[&[u8]],
    ) -> Result<(), NoRoom> {
        let is_odd = |byte: &&u8| **byte <= b' ' || **byte == 0x7f;
        let encoded = |part: &&[u8]| part.len() + 2 * part.iter().filter(is_odd).count();
        let old = self.start.pieces[piece].len();
        let added = from + (old - to) + parts.iter().map(encoded).sum::<usize>();
        self.make_room(added, old)?;
        let old = self.start.pieces[piece];
        let start = self.arena.len();
        self.arena.extend_from_within(old.start as usize..old.start as usize + from);
        for part in parts {
            part.iter().for_each(|&byte| push_printable(&mut self.arena, byte));
        }
        self.arena.extend_from_within(old.start as usize + to..old.end as usize);
        self.start.pieces[piece] = Span::new(start, self.arena.len());
        self.start.canonical = false;
        Ok(())
    }

    /// Replaces a piece by free text (a reason phrase); CR, LF and NUL in it become spaces.
    pub(crate) fn set_text_piece(&mut self, piece: usize, text: &[u8]) -> Result<(), NoRoom> {
        self.make_room(text.len(), self.start.pieces[piece].len())?;
        let start = self.arena.len();
        super::edit::push_text(&mut self.arena, text);
        self.start.pieces[piece] = Span::new(start, self.arena.len());
        self.start.canonical = false;
        Ok(())
    }

    /// Checks that the message stays within its limit when `freed` bytes go and `added` come, and rebuilds the arena
    /// if its dead bytes have become too many. Spans taken before the call may be void behind it.
    pub(super) fn make_room(&mut self, added: usize, freed: usize) -> Result<(), NoRoom> {
        let limit = self.limit as usize;
        let start_line: usize = self.start.pieces.iter().map(|piece| piece.len()).sum();
        if self.wire as usize + start_line + added > limit + freed {
            return Err(NoRoom);
        }
        if self.arena.len() + added > SLACK * limit {
            self.rebuild();
        }
        Ok(())
    }

    /// Copies what lives into a fresh arena.
    fn rebuild(&mut self) {
        let old = std::mem::take(&mut self.arena);
        let bytes = |span: Span| &old[span.start as usize..span.end as usize];
        let mut arena = Vec::with_capacity(old.capacity());
        for piece in &mut self.start.pieces {
            let start = arena.len();
            arena.extend_from_slice(bytes(*piece));
            *piece = Span::new(start, arena.len());
        }
        self.start.canonical = false;
        for field in &mut self.fields {
            let start = arena.len();
            arena.extend_from_slice(bytes(field.name));
            let name = Span::new(start, arena.len());
            arena.extend_from_slice(b": ");
            let start = arena.len();
            arena.extend_from_slice(bytes(field.value));
            let value = Span::new(start, arena.len());
            arena.extend_from_slice(b"\r\n");
            (field.name, field.value, field.canonical) = (name, value, true);
        }
        self.arena = arena;
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
