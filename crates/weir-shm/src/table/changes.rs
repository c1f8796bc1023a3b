//! Changes in the order in which they were made, for peers: a ring beside the table notes which entry each numbered
//! change was about. An entry that changed again stands in the ring more than once, and is read at its last change. Who
//! comes too late for the ring walks over the table instead.

use std::sync::atomic::{AtomicU64, Ordering::*};

use weir_types::WorkerId;

use super::area::Memory;
use super::handle::{Position, Table};
use super::key::Key;
use super::layout::{entry, head};
use super::row::Row;
use super::shard::Locked;

/// A place in the ring holds: written at all, the end of the change's number, shard and number of the entry.
const WRITTEN: u64 = 1 << 63;
const TAG_SHIFT: u32 = 40;
const TAG_MASK: u64 = (1 << 23) - 1;
const SHARD_SHIFT: u32 = 36;

/// Changes passed over under one call, whatever was asked for: those of an entry that changes all the time cost nothing.
const PASSED: u32 = 16_384;

/// How far a reader came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// All that was there up to this change.
    All(u32),
    /// As many as were asked for; the next call goes on.
    More(u32),
    /// The change behind this one is being made; a process that died meanwhile never ends it.
    Unwritten(u32),
    /// What came behind it is no longer known one by one: only a walk finds it.
    Lost,
}

#[derive(Clone, Copy)]
pub(super) struct Ring {
    pub memory: Memory,
    /// A power of two.
    pub length: u32,
}

impl Ring {
    fn place(&self, update: u32) -> &'static AtomicU64 {
        self.memory.long((update & (self.length - 1)) as usize * 8)
    }
}

fn tag(update: u32) -> u64 {
    u64::from(update) & TAG_MASK
}

impl Table {
    /// Gives the entry the number of a new change, if peers hear of changes.
    pub(super) fn number(&self, locked: &Locked, number: u32) {
        let updates = self.placed.memory.short(head::UPDATES);
        let mut update = updates.fetch_add(1, AcqRel).wrapping_add(1);
        if update == 0 {
            // 0 is the entry that nobody need hear of.
            self.placed.ring().place(0).store(WRITTEN, Release);
            update = updates.fetch_add(1, AcqRel).wrapping_add(1);
        }
        locked.shard.set(number, entry::UPDATE, update);
        let entry = (locked.shard.number as u64) << SHARD_SHIFT | u64::from(number);
        self.placed.ring().place(update).store(WRITTEN | tag(update) << TAG_SHIFT | entry, Release);
    }

    /// Shows entries that changed behind change `from`, oldest change first, `most` at most, with the number of the
    /// change. The lock is held for one entry at a time.
    pub fn changes(&self, from: u32, now_ms: u64, most: u32, mut look: impl FnMut(&Row, u32)) -> Reached {
        let last = self.placed.memory.short(head::UPDATES).load(Acquire);
        let ring = self.placed.ring();
        if last.wrapping_sub(from) > ring.length {
            return Reached::Lost;
        }
        let (mut at, mut shown) = (from, 0);
        for _ in 0..PASSED {
            if at == last {
                return Reached::All(at);
            }
            if shown == most {
                break;
            }
            let update = at.wrapping_add(1);
            let word = ring.place(update).load(Acquire);
            // Behind: of the ring's round before. Ahead: others were quicker than this reader.
            let behind = tag(update).wrapping_sub(word >> TAG_SHIFT) & TAG_MASK;
            match behind {
                _ if word & WRITTEN == 0 => return Reached::Unwritten(at),
                0 => {}
                behind if behind <= TAG_MASK / 2 => return Reached::Unwritten(at),
                _ => return Reached::Lost,
            }
            shown += u32::from(self.show(word, update, now_ms, &mut look));
            at = update;
        }
        Reached::More(at)
    }

    fn show(&self, word: u64, update: u32, now_ms: u64, look: &mut impl FnMut(&Row, u32)) -> bool {
        let (shard, number) = ((word >> SHARD_SHIFT) as usize & 0xf, word as u32);
        let layout = &self.placed.layout;
        if shard >= layout.shards || number as usize >= layout.capacity {
            return false;
        }
        let shard = self.placed.shard(shard);
        // Changed again, gone, or taken from a peer meanwhile: seen without the lock, and made sure of with it.
        if shard.get(number, entry::UPDATE) != update {
            return false;
        }
        let locked = shard.lock(self.place);
        let same = locked.shard.is_live(number) && locked.shard.get(number, entry::UPDATE) == update;
        if !same || locked.shard.expired(number, now_ms) {
            return false;
        }
        look(&self.row(&locked, number), update);
        true
    }

    /// As if a process died between taking a number for a change and making it: for tests.
    #[doc(hidden)]
    pub fn leave_unwritten(&self) {
        self.placed.memory.short(head::UPDATES).fetch_add(1, AcqRel);
    }

    /// Takes what a peer says of an entry, making it if there is none. It is news to no peer. `left_ms`: the time it
    /// has left, where the peer told it. Nothing when the table is full and gives nothing up.
    pub fn learn(
        &self,
        key: &Key<'_>,
        left_ms: Option<u32>,
        now_ms: u64,
        change: impl FnOnce(&Row),
    ) -> Option<()> {
        let mut change = Some(change);
        let expire = self.expire_ms();
        let used_ms = match left_ms {
            Some(left) if expire > 0 => (now_ms + u64::from(left.min(expire))).saturating_sub(expire.into()),
            _ => now_ms,
        };
        self.make(key, now_ms, &mut |locked, number| {
            locked.touch(number, used_ms);
            locked.shard.set(number, entry::UPDATE, 0);
            change.take().map(|change| change(&self.row(locked, number)))
        })
    }

    /// Like [`Table::visit`], for the entries whose last change was made here behind change `from`.
    pub fn visit_changed(
        &self,
        position: Position,
        from: u32,
        now_ms: u64,
        mut look: impl FnMut(&Row),
    ) -> Option<Position> {
        self.visit(position, now_ms, |row| {
            let update = row.update();
            if update != 0 && update.wrapping_sub(from) as i32 > 0 {
                look(row);
            }
        })
    }

    /// Whether what peers know was taken over once: a process that takes another's place need not ask for it again.
    pub fn is_taught(&self) -> bool {
        self.flags() & super::handle::TAUGHT != 0
    }

    pub fn set_taught(&self) {
        self.flag(super::handle::TAUGHT, true);
    }

    pub fn place(&self) -> WorkerId {
        self.place
    }
}
