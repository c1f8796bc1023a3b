//! Objects in the hands of a process: one that it writes, one that it reads.

use std::sync::atomic::Ordering::Relaxed;

use super::store::{Found, blocks_for};
use super::{BLOCK, Cache, Facts};

/// An object that is being stored. Dropped before it is committed, it never was.
pub struct Writer {
    cache: Cache,
    number: u32,
    bytes: u64,
    /// The block that is being filled; 0 before the first.
    block: u32,
    committed: bool,
}

/// An object that is being read: it stays as it is until this is dropped.
pub struct Held {
    cache: Cache,
    number: u32,
    hold: u32,
    facts: Facts,
    bytes: u64,
    read: u64,
    block: u32,
}

impl Writer {
    pub(super) fn new(cache: Cache, number: u32) -> Self {
        Self { cache, number, bytes: 0, block: 0, committed: false }
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// False: there is no room, and the object is to be given up.
    pub fn append(&mut self, mut data: &[u8]) -> bool {
        let area = self.cache.area;
        let wanted = blocks_for(self.bytes + data.len() as u64) - blocks_for(self.bytes);
        if wanted > 0 {
            let mut locked = area.locked(self.cache.place);
            if !locked.grow(self.number, u32::try_from(wanted).unwrap_or(u32::MAX)) {
                return false;
            }
            if self.block == 0 {
                self.block = locked.chain(self.number).0;
            }
        }
        while !data.is_empty() {
            let at = (self.bytes % BLOCK as u64) as usize;
            if at == 0 && self.bytes > 0 {
                self.block = area.links()[self.block as usize - 1].load(Relaxed);
            }
            let (now, rest) = data.split_at(data.len().min(BLOCK - at));
            area.write(self.block, at, now);
            self.bytes += now.len() as u64;
            data = rest;
        }
        true
    }

    /// From here on the object can be found.
    pub fn commit(mut self, facts: &Facts, now_ms: u64) {
        self.committed = true;
        self.cache.area.locked(self.cache.place).commit(self.number, facts, self.bytes, now_ms);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.committed {
            self.cache.area.locked(self.cache.place).abort(self.number);
        }
    }
}

impl Held {
    pub(super) fn new(cache: Cache, found: Found) -> Self {
        let Found { number, hold, facts, bytes, first } = found;
        Self { cache, number, hold, facts, bytes, read: 0, block: first }
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Bytes of the whole object.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes that were not read yet.
    pub fn left(&self) -> u64 {
        self.bytes - self.read
    }

    /// Reads on, as much as fits; how much that was.
    pub fn read(&mut self, out: &mut [u8]) -> usize {
        let area = self.cache.area;
        let wanted = (out.len() as u64).min(self.left()) as usize;
        let mut done = 0;
        while done < wanted {
            let at = (self.read % BLOCK as u64) as usize;
            if at == 0 && self.read > 0 {
                self.block = area.links()[self.block as usize - 1].load(Relaxed);
            }
            let length = (wanted - done).min(BLOCK - at);
            area.read(self.block, at, length, &mut out[done..]);
            done += length;
            self.read += length as u64;
        }
        done
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.cache.area.locked(self.cache.place).release(self.number, self.hold);
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("number", &self.number).field("bytes", &self.bytes).finish()
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("number", &self.number).field("left", &self.left()).finish()
    }
}
