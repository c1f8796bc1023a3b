//! One shard of a table: an index that grows with its entries, their order of use, and the free ones. Everything here
//! happens under the shard's lock; each step leaves what [`super::rebuild`] needs to put a shard in order.

use std::sync::atomic::{Ordering::*, compiler_fence};

use weir_types::WorkerId;

use super::area::{Memory, Placed};
use super::layout::{entry, head, shard};
use super::spec::KeyType;
use crate::lock::Guard;

/// The entry is in use; the bits below hold the length of its key.
pub(super) const LIVE: u32 = 1 << 31;
pub(super) const FIRST_CHAINS: u32 = 8;
/// Entries looked at for one that may go; those in use are passed over and count as used again.
const LOOKED_AT: u32 = 256;

#[derive(Clone, Copy)]
pub(super) struct Shard {
    pub table: &'static Placed,
    pub number: usize,
    pub memory: Memory,
}

/// A shard whose lock this process holds.
pub(super) struct Locked {
    pub shard: Shard,
    _guard: Guard<'static>,
}

impl Placed {
    pub fn seed(&self, seed: u64) {
        self.memory.long(head::SEED).store(seed, Relaxed);
    }

    pub(super) fn shard(&'static self, number: usize) -> Shard {
        let layout = &self.layout;
        let at = layout.first_shard + number * layout.shard_bytes;
        Shard { table: self, number, memory: self.memory.part(at, layout.shard_bytes) }
    }

    pub(super) fn hash(&self, key: &[u8]) -> u64 {
        super::key::hash(self.memory.long(head::SEED).load(Relaxed), key, self.layout.key_words)
    }

    /// What tells strings apart that differ in what fills them up; a block is as long as the table says.
    fn key_length(&self, key: &[u8]) -> u32 {
        if self.spec.key == KeyType::String { key.len() as u32 } else { 0 }
    }

    pub(super) fn shard_of(&'static self, hash: u64) -> Shard {
        self.shard((hash >> 48) as usize % self.layout.shards)
    }

    /// Entries of all shards; each is exact, the sum is that of no single moment.
    pub(super) fn used(&'static self) -> u32 {
        (0..self.layout.shards).map(|number| self.shard(number).read(shard::COUNT)).sum()
    }
}

impl Shard {
    pub fn lock(self, place: WorkerId) -> Locked {
        let guard = self.memory.lock(shard::LOCK).lock(place);
        let recovered = guard.recovered();
        let locked = Locked { shard: self, _guard: guard };
        if recovered {
            locked.rebuild();
        } else if self.read(shard::CHAINS) == 0 {
            self.write(shard::CHAINS, FIRST_CHAINS.min(self.table.layout.chains as u32));
        }
        locked
    }

    pub fn read(&self, offset: usize) -> u32 {
        self.memory.short(offset).load(Relaxed)
    }

    pub fn write(&self, offset: usize, value: u32) {
        self.memory.short(offset).store(value, Relaxed);
    }

    /// Where entry `number` begins.
    pub fn entry(&self, number: u32) -> usize {
        self.table.layout.entries_at + number as usize * self.table.layout.stride
    }

    pub fn get(&self, number: u32, field: usize) -> u32 {
        self.read(self.entry(number) + field)
    }

    pub fn set(&self, number: u32, field: usize, value: u32) {
        self.write(self.entry(number) + field, value);
    }

    pub fn touched(&self, number: u32) -> u64 {
        self.memory.long(self.entry(number) + entry::TOUCHED).load(Relaxed)
    }

    /// How often the process of `place` holds an entry.
    pub fn holds(&self, place: WorkerId, number: u32) -> usize {
        let layout = &self.table.layout;
        layout.holds_at + usize::from(place.0) * layout.holds_stride + number as usize * 4
    }

    pub fn is_live(&self, number: u32) -> bool {
        self.get(number, entry::STATE) & LIVE != 0
    }

    pub fn expired(&self, number: u32, now_ms: u64) -> bool {
        let expire = self.table.memory.short(head::EXPIRE).load(Relaxed);
        expire > 0 && self.get(number, entry::USES) == 0 && self.touched(number) + u64::from(expire) <= now_ms
    }

    fn chain(&self, hash: u32) -> usize {
        let chains = self.read(shard::CHAINS).max(1);
        let mask = chains.next_power_of_two() - 1;
        let mut index = hash & mask;
        if index >= chains {
            index &= mask >> 1;
        }
        self.table.layout.chains_at + index as usize * 4
    }

    fn is_key(&self, number: u32, key: &[u8]) -> bool {
        let at = self.entry(number) + entry::KEY;
        self.get(number, entry::STATE) == LIVE | self.table.key_length(key)
            && (0..self.table.layout.key_words)
                .all(|word| self.read(at + word * 4) == super::key::word(key, word))
    }
}

impl Locked {
    pub fn find(&self, hash: u32, key: &[u8]) -> Option<u32> {
        let shard = &self.shard;
        let mut link = shard.read(shard.chain(hash));
        // No chain is longer than the shard, whatever its links say.
        for _ in 0..shard.table.layout.capacity {
            let number = link.checked_sub(1)?;
            if shard.get(number, entry::HASH) == hash && shard.is_key(number, key) {
                return Some(number);
            }
            link = shard.get(number, entry::CHAIN);
        }
        None
    }

    /// A new entry with this key and zeros. Nothing when the shard has no room.
    pub fn insert(&self, hash: u32, key: &[u8], now_ms: u64) -> Option<u32> {
        let shard = &self.shard;
        let number = self.take_free()?;
        shard.set(number, entry::STATE, 0);
        shard.set(number, entry::HASH, hash);
        shard.set(number, entry::USES, 0);
        shard.set(number, entry::UPDATE, 0);
        let at = shard.entry(number);
        for word in 0..shard.table.layout.key_words {
            shard.write(at + entry::KEY + word * 4, super::key::word(key, word));
        }
        let (first, end) = shard.table.layout.data_range;
        (first..end).step_by(4).for_each(|offset| shard.write(at + offset, 0));
        shard.memory.long(at + entry::TOUCHED).store(now_ms, Relaxed);
        compiler_fence(SeqCst);
        shard.set(number, entry::STATE, LIVE | shard.table.key_length(key));
        self.link(number);
        self.append(number);
        shard.write(shard::COUNT, shard.read(shard::COUNT) + 1);
        self.grow();
        Some(number)
    }

    /// Takes an entry out that nobody holds.
    pub fn remove(&self, number: u32) {
        let shard = &self.shard;
        shard.set(number, entry::STATE, 0);
        compiler_fence(SeqCst);
        self.unlink(number);
        self.detach(number);
        shard.set(number, entry::CHAIN, shard.read(shard::FREE));
        shard.write(shard::FREE, number + 1);
        shard.write(shard::COUNT, shard.read(shard::COUNT).saturating_sub(1));
    }

    /// The entry was used: it is the last to go now.
    pub fn touch(&self, number: u32, now_ms: u64) {
        let shard = &self.shard;
        let touched = shard.memory.long(shard.entry(number) + entry::TOUCHED);
        if touched.load(Relaxed) == now_ms
            && shard.get(number, entry::NEWER) != 0
            && shard.table.layout.shards > 1
        {
            return;
        }
        touched.store(now_ms, Relaxed);
        if shard.read(shard::NEWEST) != number + 1 {
            self.detach(number);
            self.append(number);
        }
    }

    /// Removes up to `wanted` of the entries that were not used for longest; says how many.
    pub fn purge(&self, wanted: u32) -> u32 {
        let mut gone = 0;
        for _ in 0..wanted.saturating_add(LOOKED_AT) {
            let Some(number) = self.shard.read(shard::OLDEST).checked_sub(1) else { break };
            if gone == wanted {
                break;
            }
            if self.shard.get(number, entry::USES) == 0 {
                self.remove(number);
                gone += 1;
            } else {
                self.detach(number);
                self.append(number);
            }
        }
        gone
    }

    /// Removes up to `most` entries whose time is over. True: there may be more.
    pub fn expire(&self, now_ms: u64, most: u32) -> bool {
        let expire = u64::from(self.shard.table.memory.short(head::EXPIRE).load(Relaxed));
        if expire == 0 {
            return false;
        }
        for _ in 0..most {
            let Some(number) = self.shard.read(shard::OLDEST).checked_sub(1) else { return false };
            if self.shard.touched(number) + expire > now_ms {
                return false;
            }
            if self.shard.get(number, entry::USES) == 0 {
                self.remove(number);
            } else {
                // Held: it stays as long as it is, and is used again when it is let go.
                self.touch(number, now_ms);
            }
        }
        true
    }

    /// Changes how often `place` holds an entry, so that a death in the middle is as if nothing had been done.
    pub fn hold(&self, place: WorkerId, number: u32, change: i32) {
        let shard = &self.shard;
        let holds = shard.holds(place, number);
        let current = self.current(number);
        let before =
            (shard.read(holds), shard.get(number, entry::USES), current.map_or(0, |at| shard.read(at)));
        shard.write(shard::JOURNAL_PLACE, u32::from(place.0));
        shard.write(shard::JOURNAL_HOLDS, before.0);
        shard.write(shard::JOURNAL_USES, before.1);
        shard.write(shard::JOURNAL_CURRENT, before.2);
        compiler_fence(SeqCst);
        shard.write(shard::JOURNAL, number + 1);
        compiler_fence(SeqCst);
        let changed = |value: u32| value.saturating_add_signed(change);
        shard.write(holds, changed(before.0));
        shard.set(number, entry::USES, changed(before.1));
        if let Some(current) = current {
            shard.write(current, changed(before.2));
        }
        compiler_fence(SeqCst);
        shard.write(shard::JOURNAL, 0);
    }

    /// Where an entry's `conn_cur` lies, if the table keeps it.
    pub fn current(&self, number: u32) -> Option<usize> {
        let place = self.shard.table.layout.data[super::DataType::ConnCur.index()]?;
        Some(self.shard.entry(number) + place.1 as usize)
    }

    pub(super) fn link(&self, number: u32) {
        let shard = &self.shard;
        let chain = shard.chain(shard.get(number, entry::HASH));
        shard.set(number, entry::CHAIN, shard.read(chain));
        shard.write(chain, number + 1);
    }

    fn unlink(&self, number: u32) {
        let shard = &self.shard;
        let next = shard.get(number, entry::CHAIN);
        let mut at = shard.chain(shard.get(number, entry::HASH));
        for _ in 0..=shard.table.layout.capacity {
            match shard.read(at) {
                0 => return,
                link if link == number + 1 => return shard.write(at, next),
                link => at = shard.entry(link - 1) + entry::CHAIN,
            }
        }
    }

    pub(super) fn append(&self, number: u32) {
        let shard = &self.shard;
        let newest = shard.read(shard::NEWEST);
        shard.set(number, entry::OLDER, newest);
        shard.set(number, entry::NEWER, 0);
        match newest.checked_sub(1) {
            Some(newest) => shard.set(newest, entry::NEWER, number + 1),
            None => shard.write(shard::OLDEST, number + 1),
        }
        shard.write(shard::NEWEST, number + 1);
    }

    fn detach(&self, number: u32) {
        let shard = &self.shard;
        let (older, newer) = (shard.get(number, entry::OLDER), shard.get(number, entry::NEWER));
        match older.checked_sub(1) {
            Some(older) => shard.set(older, entry::NEWER, newer),
            None => shard.write(shard::OLDEST, newer),
        }
        match newer.checked_sub(1) {
            Some(newer) => shard.set(newer, entry::OLDER, older),
            None => shard.write(shard::NEWEST, older),
        }
    }

    fn take_free(&self) -> Option<u32> {
        let shard = &self.shard;
        if let Some(number) = shard.read(shard::FREE).checked_sub(1) {
            shard.write(shard::FREE, shard.get(number, entry::CHAIN));
            return Some(number);
        }
        let fresh = shard.read(shard::FRESH);
        ((fresh as usize) < shard.table.layout.capacity).then(|| {
            // Marked free before it counts as used once: a death in between must not make it an entry.
            shard.set(fresh, entry::STATE, 0);
            shard.write(shard::FRESH, fresh + 1);
            fresh
        })
    }

    /// One more chain when there are more entries than chains: the entries of the chain it splits are told apart by
    /// one more bit, so that the index grows with the table and never all at once.
    fn grow(&self) {
        let shard = &self.shard;
        let chains = shard.read(shard::CHAINS);
        if shard.read(shard::COUNT) <= chains || chains as usize >= shard.table.layout.chains {
            return;
        }
        let split = chains - chains.next_power_of_two() / if chains.is_power_of_two() { 1 } else { 2 };
        let at = |index: u32| shard.table.layout.chains_at + index as usize * 4;
        let mut link = shard.read(at(split));
        shard.write(at(split), 0);
        shard.write(at(chains), 0);
        shard.write(shard::CHAINS, chains + 1);
        for _ in 0..shard.table.layout.capacity {
            let Some(number) = link.checked_sub(1) else { break };
            link = shard.get(number, entry::CHAIN);
            self.link(number);
        }
    }
}
