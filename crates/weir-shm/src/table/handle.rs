//! What a process does with a table.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::Ordering::*;

use weir_types::WorkerId;

use super::area::Placed;
use super::key::Key;
use super::layout::{entry, head, shard};
use super::row::Row;
use super::shard::{Locked, Shard};
use super::spec::TableSpec;
use super::tracked::Tracked;

/// Peers hear of changes: each gets a number.
const TEACHES: u32 = 1;
/// Another table took its place: it takes no new entries.
const RETIRED: u32 = 2;
/// Nothing is removed to make room.
const NO_PURGE: u32 = 4;
/// What peers know was taken over once.
pub(super) const TAUGHT: u32 = 8;

/// Expired entries removed with each new one, so that a table keeps up with what comes.
const EXPIRED_PER_INSERT: u32 = 2;
/// Entries visited or removed under one lock.
const BATCH: u32 = 256;

/// A table on behalf of one process. `Copy`, valid for the life of the process.
#[derive(Clone, Copy)]
pub struct Table {
    pub(super) placed: &'static Placed,
    pub(super) place: WorkerId,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.spec().name)
    }
}

/// Where a walk over a table goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    shard: u32,
    entry: u32,
}

impl Table {
    pub(crate) fn new(placed: &'static Placed, place: WorkerId) -> Self {
        Self { placed, place }
    }

    pub fn spec(&self) -> &'static TableSpec {
        &self.placed.spec
    }

    /// Whether both are the same memory.
    pub fn is(&self, other: &Table) -> bool {
        std::ptr::eq(self.placed, other.placed)
    }

    /// `expire` (0: never) and `nopurge`: what may change while a table stays the same.
    pub fn settle(&self, expire_ms: u32, nopurge: bool, teaches: bool) {
        self.placed.memory.short(head::EXPIRE).store(expire_ms, Relaxed);
        self.flag(NO_PURGE, nopurge);
        self.flag(TEACHES, teaches);
    }

    pub fn expire_ms(&self) -> u32 {
        self.placed.memory.short(head::EXPIRE).load(Relaxed)
    }

    /// The number of the last change that peers are to hear of.
    pub fn updates(&self) -> u32 {
        self.placed.memory.short(head::UPDATES).load(Relaxed)
    }

    pub fn used(&self) -> u32 {
        self.placed.used()
    }

    /// Looks at an entry and leaves it as it is. Nothing when there is none.
    pub fn peek<T>(&self, key: &Key<'_>, now_ms: u64, look: impl FnOnce(&Row) -> T) -> Option<T> {
        self.with(key, |locked, hash, key| {
            let number = locked.find(hash, key).filter(|number| !locked.shard.expired(*number, now_ms))?;
            Some(look(&self.row(locked, number)))
        })
    }

    /// Changes an entry that is there; it counts as used.
    pub fn refresh<T>(&self, key: &Key<'_>, now_ms: u64, change: impl FnOnce(&Row) -> T) -> Option<T> {
        self.with(key, |locked, hash, key| {
            let number = locked.find(hash, key).filter(|number| !locked.shard.expired(*number, now_ms))?;
            self.changed(locked, number, now_ms);
            Some(change(&self.row(locked, number)))
        })
    }

    /// Changes an entry, making it if there is none. Nothing when the table is full and gives nothing up.
    pub fn update<T>(&self, key: &Key<'_>, now_ms: u64, change: impl FnOnce(&Row) -> T) -> Option<T> {
        let mut change = Some(change);
        self.make(key, now_ms, &mut |locked, number| {
            self.changed(locked, number, now_ms);
            change.take().map(|change| change(&self.row(locked, number)))
        })
    }

    /// Holds an entry, making it if there is none: it stays as long as it is held.
    pub fn track<T>(
        &self,
        key: &Key<'_>,
        now_ms: u64,
        begin: impl FnOnce(&Row) -> T,
    ) -> Option<(Tracked, T)> {
        let mut begin = Some(begin);
        self.make(key, now_ms, &mut |locked, number| {
            self.changed(locked, number, now_ms);
            locked.hold(self.place, number, 1);
            let begin = begin.take()?;
            Some((Tracked::new(*self, locked.shard.number as u16, number), begin(&self.row(locked, number))))
        })
    }

    /// Removes an entry. False: somebody holds it.
    pub fn remove(&self, key: &Key<'_>) -> bool {
        let removed =
            self.with(key, |locked, hash, key| Some(remove_unheld(locked, locked.find(hash, key)?)));
        removed.unwrap_or(true)
    }

    /// The entry that [`Row::pointer`] gave this number.
    pub fn at_pointer<T>(&self, pointer: u64, now_ms: u64, look: impl FnOnce(&Row) -> T) -> Option<T> {
        let (shard, number) = self.by_pointer(pointer)?;
        let locked = shard.lock(self.place);
        let there = locked.shard.is_live(number) && !locked.shard.expired(number, now_ms);
        there.then(|| look(&self.row(&locked, number)))
    }

    /// The same for removing it; `Some(false)`: somebody holds it.
    pub fn remove_pointer(&self, pointer: u64) -> Option<bool> {
        let (shard, number) = self.by_pointer(pointer)?;
        let locked = shard.lock(self.place);
        locked.shard.is_live(number).then(|| remove_unheld(&locked, number))
    }

    /// Shows some entries from a position on, and tells where to go on. The lock is held for one batch at a time.
    pub fn visit(&self, from: Position, now_ms: u64, mut look: impl FnMut(&Row)) -> Option<Position> {
        self.walk(from, |locked, number| {
            if !locked.shard.expired(number, now_ms) {
                look(&self.row(locked, number));
            }
        })
    }

    /// Removes entries that nobody holds, where `chosen` says so.
    pub fn clear(&self, mut chosen: impl FnMut(&Row) -> bool) {
        let mut from = Some(Position::default());
        while let Some(position) = from {
            from = self.walk(position, |locked, number| {
                if locked.shard.get(number, entry::USES) == 0 && chosen(&self.row(locked, number)) {
                    locked.remove(number);
                }
            });
        }
    }

    /// Removes entries whose time is over: all of them.
    pub fn sweep(&self, now_ms: u64) {
        self.sweep_some(now_ms, u32::MAX);
    }

    /// The same for about `most` of them at once; the others are gone for whoever looks all the same.
    pub fn sweep_some(&self, now_ms: u64, most: u32) {
        if self.expire_ms() == 0 {
            return;
        }
        let mut batches = most.div_ceil(BATCH);
        for number in 0..self.placed.layout.shards {
            let shard = self.placed.shard(number);
            while batches > 0
                && shard.read(shard::OLDEST) != 0
                && shard.lock(self.place).expire(now_ms, BATCH)
            {
                batches -= 1;
            }
        }
    }

    /// Gives what it knows to a table that takes its place.
    pub(crate) fn carry_to(&self, new: &Table, now_ms: u64) {
        super::carry::carry(self.placed, new.placed, self.place, now_ms);
        if self.is_taught() {
            new.set_taught();
        }
    }

    pub(crate) fn give_back_memory(&self) {
        self.placed.give_back_memory();
    }

    pub(crate) fn retire(&self) {
        self.flag(RETIRED, true);
    }

    pub fn is_retired(&self) -> bool {
        self.flags() & RETIRED != 0
    }

    pub(super) fn row(&self, locked: &Locked, number: u32) -> Row {
        Row { shard: locked.shard, number, place: self.place }
    }

    pub(super) fn changed(&self, locked: &Locked, number: u32, now_ms: u64) {
        locked.touch(number, now_ms);
        if self.flags() & TEACHES != 0 {
            self.number(locked, number);
        }
    }

    pub(super) fn flags(&self) -> u32 {
        self.placed.memory.short(head::FLAGS).load(Relaxed)
    }

    pub(super) fn flag(&self, flag: u32, on: bool) {
        let flags = self.placed.memory.short(head::FLAGS);
        if on {
            flags.fetch_or(flag, Relaxed)
        } else {
            flags.fetch_and(!flag, Relaxed)
        };
    }

    fn with<T>(&self, key: &Key<'_>, work: impl FnOnce(&Locked, u32, &[u8]) -> Option<T>) -> Option<T> {
        if !key.fits(self.placed.spec.key) {
            return None;
        }
        let mut number = [0; 4];
        let bytes = key.bytes(&self.placed.spec, &mut number);
        let hash = self.placed.hash(bytes);
        let locked = self.placed.shard_of(hash).lock(self.place);
        work(&locked, hash as u32, bytes)
    }

    pub(super) fn make<T>(
        &self,
        key: &Key<'_>,
        now_ms: u64,
        work: &mut dyn FnMut(&Locked, u32) -> Option<T>,
    ) -> Option<T> {
        // A second look, when room had to be made in another shard.
        for last in [false, true] {
            let made = self.with(key, |locked, hash, bytes| {
                Some(self.find_or_insert(locked, hash, bytes, now_ms, work))
            })?;
            match made {
                Made::Done(value) => return value,
                Made::Full if last || !self.make_room_elsewhere() => return None,
                Made::Full => {}
            }
        }
        None
    }

    fn find_or_insert<T>(
        &self,
        locked: &Locked,
        hash: u32,
        key: &[u8],
        now_ms: u64,
        work: &mut dyn FnMut(&Locked, u32) -> Option<T>,
    ) -> Made<T> {
        if let Some(number) = locked.find(hash, key) {
            if !locked.shard.expired(number, now_ms) {
                return Made::Done(work(locked, number));
            }
            locked.remove(number);
        }
        if self.flags() & RETIRED != 0 {
            return Made::Done(None);
        }
        locked.expire(now_ms, EXPIRED_PER_INSERT);
        let size = self.placed.spec.size;
        if self.placed.used() >= size {
            if self.flags() & NO_PURGE != 0 {
                return Made::Done(None);
            }
            // HAProxy's measure: a 256th of the table and one more.
            if locked.purge((size >> 8) / self.placed.layout.shards as u32 + 1) == 0 {
                return Made::Full;
            }
        }
        let number = locked.insert(hash, key, now_ms).or_else(|| {
            (self.flags() & NO_PURGE == 0 && locked.purge(1) > 0).then(|| locked.insert(hash, key, now_ms))?
        });
        match number {
            Some(number) => Made::Done(work(locked, number)),
            None => Made::Done(None),
        }
    }

    /// The table is full and the key's own shard has nothing to give up.
    fn make_room_elsewhere(&self) -> bool {
        let shards = self.placed.layout.shards;
        shards > 1 && (0..shards).any(|number| self.placed.shard(number).lock(self.place).purge(1) > 0)
    }

    fn walk(&self, from: Position, mut step: impl FnMut(&Locked, u32)) -> Option<Position> {
        let shard = from.shard as usize;
        if shard >= self.placed.layout.shards {
            return None;
        }
        let locked = self.placed.shard(shard).lock(self.place);
        let fresh = locked.shard.read(shard::FRESH);
        let end = from.entry.saturating_add(BATCH).min(fresh);
        (from.entry..end)
            .filter(|number| locked.shard.is_live(*number))
            .for_each(|number| step(&locked, number));
        if end < fresh {
            return Some(Position { shard: from.shard, entry: end });
        }
        (shard + 1 < self.placed.layout.shards).then_some(Position { shard: from.shard + 1, entry: 0 })
    }

    fn by_pointer(&self, pointer: u64) -> Option<(Shard, u32)> {
        (0..self.placed.layout.shards).find_map(|number| {
            let shard = self.placed.shard(number);
            let offset = (pointer as usize).checked_sub(shard.memory.address() + shard.entry(0))?;
            let number = (offset / self.placed.layout.stride) as u32;
            let exact = offset % self.placed.layout.stride == 0 && number < shard.read(shard::FRESH);
            exact.then_some((shard, number))
        })
    }
}

enum Made<T> {
    Done(Option<T>),
    Full,
}

fn remove_unheld(locked: &Locked, number: u32) -> bool {
    let free = locked.shard.get(number, entry::USES) == 0;
    if free {
        locked.remove(number);
    }
    free
}

pub(super) fn random() -> u64 {
    RandomState::new().hash_one(0)
}
