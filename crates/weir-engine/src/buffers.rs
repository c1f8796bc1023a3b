//! The worker's pool of buffers. A stream holds one only while bytes are in it or expected at once; an idle connection
//! holds none.

use std::cell::RefCell;
use std::rc::Rc;

use crate::shelf::Shelf;

/// Bytes kept in the pool for reuse, at most, per kind.
const KEPT_BYTES: usize = 1 << 20;
/// Emptied texts kept at most.
const KEPT_TEXTS: usize = 256;
/// A direction that keeps filling its buffer gets one of this size.
pub const LARGE: usize = 256 * 1024;

/// Buffers of `tune.bufsize`, and a few large ones for bulk transfers.
#[derive(Debug)]
pub struct Buffers {
    size: usize,
    small: Shelf<Box<[u8]>>,
    large: RefCell<Vec<Box<[u8]>>>,
    /// Heads and other bytes that are written, not read.
    texts: Shelf<Vec<u8>>,
}

/// Bytes between a reader and a writer: `start..end` of the storage. Empty and without storage when idle.
#[derive(Debug, Default)]
pub struct Buffer {
    data: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Buffers {
    pub fn new(size: usize) -> Rc<Self> {
        Rc::new(Self {
            size,
            small: Shelf::new(KEPT_BYTES.div_ceil(size.max(1))),
            large: Default::default(),
            texts: Shelf::new(KEPT_TEXTS),
        })
    }

    /// `tune.bufsize`.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Gives `buffer` storage if it has none, or no more than it was left.
    pub fn fill(&self, buffer: &mut Buffer) {
        if buffer.data.len() < self.size {
            let mut data = self.small.take().unwrap_or_else(|| vec![0; self.size].into());
            data[..buffer.len()].copy_from_slice(buffer.bytes());
            *buffer = Buffer { data, start: 0, end: buffer.len() };
        }
    }

    /// Leaves `buffer` no more storage than its bytes need, where that is little.
    pub fn compact(&self, buffer: &mut Buffer) {
        let count = buffer.len();
        if count == 0 {
            return self.reclaim(buffer);
        }
        if count <= self.size / 4 && buffer.data.len() >= self.size {
            // Room for one byte more: it is not full.
            let data = [buffer.bytes(), &[0]].concat().into();
            let storage = std::mem::replace(buffer, Buffer { data, start: 0, end: count }).data;
            self.keep(storage);
        }
    }

    /// Frees what lies unused ([`Shelf::shrink`]), and all large buffers; says how many bytes those were.
    pub fn shrink(&self) -> usize {
        self.texts.shrink();
        let large = std::mem::take(&mut *self.large.borrow_mut());
        self.small.shrink() * self.size + large.len() * LARGE
    }

    /// Gives an empty `buffer` large storage.
    pub fn enlarge(&self, buffer: &mut Buffer) {
        if buffer.is_empty() && buffer.data.len() < LARGE {
            let large = self.large.borrow_mut().pop().unwrap_or_else(|| vec![0; LARGE].into());
            let small = std::mem::replace(&mut buffer.data, large);
            buffer.start = 0;
            buffer.end = 0;
            self.keep(small);
        }
    }

    /// Takes the storage of an empty buffer back.
    pub fn reclaim(&self, buffer: &mut Buffer) {
        if buffer.is_empty() && !buffer.data.is_empty() {
            buffer.start = 0;
            buffer.end = 0;
            self.keep(std::mem::take(&mut buffer.data));
        }
    }

    /// An empty vector with room of its last use.
    pub fn text(&self) -> Vec<u8> {
        self.texts.take().unwrap_or_default()
    }

    pub fn reclaim_text(&self, mut text: Vec<u8>) {
        if text.capacity() > 0 && text.capacity() <= 4 * self.size {
            text.clear();
            self.texts.put(text);
        }
    }

    fn keep(&self, data: Box<[u8]>) {
        if data.len() == self.size {
            self.small.put(data);
        } else if data.len() == LARGE {
            let large = &mut *self.large.borrow_mut();
            if large.len() * LARGE < KEPT_BYTES {
                large.push(data);
            }
        }
    }
}

impl Buffer {
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub fn len(&self) -> usize {
        self.end - self.start
    }

    pub fn capacity(&self) -> usize {
        self.data.len()
    }

    /// The bytes that were read and not consumed.
    pub fn bytes(&self) -> &[u8] {
        &self.data[self.start..self.end]
    }

    /// Whether [`Buffer::room`] finds some without moving more than an eighth of the storage.
    pub fn has_cheap_room(&self) -> bool {
        self.end < self.data.len() || self.len() <= self.data.len() / 8
    }

    /// Room behind the bytes; they are moved to the front when that makes room.
    pub fn room(&mut self) -> &mut [u8] {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        } else if self.end == self.data.len() && self.start > 0 {
            self.data.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.data[self.end..]
    }

    pub fn is_full(&self) -> bool {
        self.len() == self.data.len()
    }

    /// `count` bytes were read into [`Buffer::room`].
    pub fn filled(&mut self, count: usize) {
        self.end += count;
        debug_assert!(self.end <= self.data.len());
    }

    /// `count` bytes from the front are done with.
    pub fn consume(&mut self, count: usize) {
        self.start += count;
        debug_assert!(self.start <= self.end);
    }

    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_that_a_burst_left_are_freed_and_those_in_use_stay() {
        let buffers = Buffers::new(1024);
        let mut burst: Vec<Buffer> = (0..8).map(|_| Buffer::default()).collect();
        burst.iter_mut().for_each(|buffer| buffers.fill(buffer));
        burst.iter_mut().for_each(|buffer| buffers.reclaim(buffer));
        assert_eq!(buffers.shrink(), 0, "all were needed since the last call");
        assert_eq!(buffers.shrink(), 4 * 1024);
        burst[..3].iter_mut().for_each(|buffer| buffers.fill(buffer));
        assert_eq!(buffers.shrink(), 1024, "one of four lay unused, three were taken");
    }

    #[test]
    fn storage_goes_back_to_the_pool() {
        let buffers = Buffers::new(64);
        let mut buffer = Buffer::default();
        buffers.fill(&mut buffer);
        buffer.room()[..3].copy_from_slice(b"abc");
        buffer.filled(3);
        buffers.reclaim(&mut buffer);
        assert_eq!(buffer.bytes(), b"abc");
        buffer.consume(3);
        buffers.reclaim(&mut buffer);
        assert_eq!(buffer.capacity(), 0);
        assert_eq!(buffers.small.len(), 1);
    }

    #[test]
    fn little_is_kept_in_little_storage_and_grows_again() {
        let buffers = Buffers::new(64);
        let mut buffer = Buffer::default();
        buffers.fill(&mut buffer);
        buffer.room()[..20].copy_from_slice(b"abcdefghijklmnopqrst");
        buffer.filled(20);
        buffers.compact(&mut buffer);
        assert_eq!(buffer.capacity(), 64, "not little");
        buffer.consume(17);
        buffers.compact(&mut buffer);
        assert_eq!((buffer.is_full(), buffer.capacity(), buffer.bytes()), (false, 4, &b"rst"[..]));
        assert_eq!(buffers.small.len(), 1);
        buffers.fill(&mut buffer);
        buffer.room()[..2].copy_from_slice(b"uv");
        buffer.filled(2);
        assert_eq!((buffer.capacity(), buffer.bytes()), (64, &b"rstuv"[..]));
        buffer.consume(5);
        buffers.compact(&mut buffer);
        assert_eq!(buffer.capacity(), 0);
    }

    #[test]
    fn room_is_made_by_moving_bytes_forward() {
        let buffers = Buffers::new(4);
        let mut buffer = Buffer::default();
        buffers.fill(&mut buffer);
        buffer.room().copy_from_slice(b"abcd");
        buffer.filled(4);
        assert!(buffer.is_full());
        buffer.consume(3);
        assert_eq!(buffer.room().len(), 3);
        assert_eq!(buffer.bytes(), b"d");
    }
}
