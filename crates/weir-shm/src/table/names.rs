//! Names of servers that entries of one table stick to: written once, found by number without a lock.

use std::sync::atomic::Ordering::*;

use weir_types::WorkerId;

use super::area::Memory;

/// Names a table knows at most; servers beyond them are known by their number alone.
const NAMES: usize = 4096;
const INDEX: usize = 8192;
const LONGEST: usize = 124;
const RECORD: usize = 4 + LONGEST;

const LOCK: usize = 0;
const COUNT: usize = 4;
const INDEX_AT: usize = 128;
const RECORDS_AT: usize = INDEX_AT + INDEX * 4;
pub(super) const NAMES_BYTES: usize = RECORDS_AT + NAMES * RECORD;

#[derive(Clone, Copy)]
pub(super) struct Names {
    pub memory: Memory,
}

impl Names {
    /// The number of a name, 1 or more; 0 when there is no room for it.
    pub fn number(&self, name: &[u8], place: WorkerId) -> u32 {
        if name.is_empty() || name.len() > LONGEST {
            return 0;
        }
        match self.probe(name) {
            Ok(number) => number,
            Err(_) => self.insert(name, place),
        }
    }

    pub fn name(&self, number: u32) -> Option<Vec<u8>> {
        if number == 0 || number > self.memory.short(COUNT).load(Acquire) {
            return None;
        }
        let at = self.record(number);
        let length = (self.memory.short(at).load(Relaxed) as usize).min(LONGEST);
        let words = (0..length.div_ceil(4)).flat_map(|index| self.word(at, index).to_le_bytes());
        Some(words.take(length).collect())
    }

    /// Whether `number` stands for `name`, without a copy.
    pub fn is(&self, number: u32, name: &[u8]) -> bool {
        number != 0 && number <= self.memory.short(COUNT).load(Acquire) && self.same(number, name)
    }

    fn insert(&self, name: &[u8], place: WorkerId) -> u32 {
        // A name half written by a process that died is beyond the count, and written over.
        let _guard = self.memory.lock(LOCK).lock(place);
        let index = match self.probe(name) {
            Ok(number) => return number,
            Err(index) => index,
        };
        let count = self.memory.short(COUNT).load(Relaxed);
        let (Some(index), true) = (index, (count as usize) < NAMES) else { return 0 };
        let number = count + 1;
        let at = self.record(number);
        self.memory.short(at).store(name.len() as u32, Relaxed);
        for word in 0..name.len().div_ceil(4) {
            self.memory.short(at + 4 + word * 4).store(super::key::word(name, word), Relaxed);
        }
        self.memory.short(COUNT).store(number, Release);
        self.memory.short(INDEX_AT + index * 4).store(number, Release);
        number
    }

    /// The number of a name, or the free place for it in the index.
    fn probe(&self, name: &[u8]) -> Result<u32, Option<usize>> {
        let first = super::key::hash(1, name, name.len().div_ceil(4)) as usize;
        for step in 0..64 {
            let place = (first + step) % INDEX;
            match self.memory.short(INDEX_AT + place * 4).load(Acquire) {
                0 => return Err(Some(place)),
                number if self.same(number, name) => return Ok(number),
                _ => {}
            }
        }
        Err(None)
    }

    fn same(&self, number: u32, name: &[u8]) -> bool {
        let at = self.record(number);
        self.memory.short(at).load(Relaxed) as usize == name.len()
            && (0..name.len().div_ceil(4)).all(|index| self.word(at, index) == super::key::word(name, index))
    }

    fn record(&self, number: u32) -> usize {
        RECORDS_AT + (number as usize - 1) * RECORD
    }

    fn word(&self, at: usize, index: usize) -> u32 {
        self.memory.short(at + 4 + index * 4).load(Relaxed)
    }
}
