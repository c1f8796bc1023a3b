//! What happens under a cache's lock: the index, the order of use, free blocks and entries, and putting them in order
//! after a death inside.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use weir_types::WorkerId;

use super::area::{CacheArea, Control};
use super::{BLOCK, CacheKey};
use crate::lock::Guard;

/// What an entry is.
const FREE: u32 = 0;
/// An object that its owner is writing: in no list.
const WRITING: u32 = 1;
/// An object that can be found.
const READY: u32 = 2;
/// An object that cannot be found any more and is still held: the last holder frees it.
const DOOMED: u32 = 3;

/// One object.
#[repr(C, align(128))]
#[derive(Debug, Default)]
pub(crate) struct Entry {
    state: AtomicU32,
    /// The place that writes it.
    owner: AtomicU32,
    holders: AtomicU32,
    /// The chain of its blocks.
    first: AtomicU32,
    last: AtomicU32,
    blocks: AtomicU32,
    /// The next entry of its bucket, or the next free one.
    next: AtomicU32,
    older: AtomicU32,
    newer: AtomicU32,
    head: AtomicU32,
    key: [AtomicU32; 5],
    secondary: [AtomicU32; 3],
    age: AtomicU32,
    flags: AtomicU32,
    bytes: AtomicU64,
    stored_ms: AtomicU64,
    expires_ms: AtomicU64,
    modified_s: AtomicU64,
    /// When it was last found, for the order of use after a death.
    used_ms: AtomicU64,
}

/// What is known of an object besides its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Codings, referrer and origin of the request it answers.
    pub secondary: [u32; 3],
    /// The caller's own.
    pub flags: u32,
    /// Bytes of the head in front of the body.
    pub head: u32,
    /// Seconds that it had been elsewhere when it came.
    pub age: u32,
    /// `CLOCK_MONOTONIC`.
    pub stored_ms: u64,
    pub expires_ms: u64,
    /// Seconds since 1970.
    pub modified_s: u64,
}

/// An object as `show cache` lists it.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    pub address: usize,
    /// The first four bytes of the key.
    pub hash: u32,
    pub facts: Facts,
    pub bytes: u64,
    pub blocks: u32,
    pub holders: u32,
}

/// An object that was found and is held now.
pub(super) struct Found {
    pub number: u32,
    /// Which of the place's holds it is.
    pub hold: u32,
    pub facts: Facts,
    pub bytes: u64,
    pub first: u32,
}

pub(crate) struct Locked {
    area: &'static CacheArea,
    control: &'static Control,
    place: WorkerId,
    _guard: Guard<'static>,
}

fn value(word: &AtomicU32) -> u32 {
    word.load(Relaxed)
}

fn set(word: &AtomicU32, value: u32) {
    word.store(value, Relaxed);
}

impl Locked {
    pub fn new(area: &'static CacheArea, place: WorkerId) -> Self {
        let control = area.control();
        let guard = control.lock.lock(place);
        let recovered = guard.recovered();
        let mut locked = Self { area, control, place, _guard: guard };
        if recovered {
            locked.rebuild();
        }
        locked
    }

    pub(super) fn find(
        &mut self,
        key: &CacheKey,
        now_ms: u64,
        fits: impl Fn(&Facts) -> bool,
    ) -> Option<Found> {
        let mut at = value(self.bucket(key));
        while at != 0 {
            let entry = self.entry(at);
            let next = value(&entry.next);
            if entry.is(key) {
                let facts = entry.facts();
                if facts.expires_ms <= now_ms {
                    self.remove(at);
                } else if fits(&facts) {
                    return self.hold(at, facts, now_ms);
                }
            }
            at = next;
        }
        None
    }

    fn hold(&mut self, number: u32, facts: Facts, now_ms: u64) -> Option<Found> {
        let hold = self.area.holds(self.place).iter().position(|hold| value(hold) == 0)?;
        let entry = self.entry(number);
        set(&self.area.holds(self.place)[hold], number);
        set(&entry.holders, value(&entry.holders) + 1);
        if value(&entry.holders) == 1 {
            self.add_held(entry, true);
        }
        entry.used_ms.store(now_ms, Relaxed);
        self.unlink_use(number);
        self.link_newest(number);
        let (bytes, first) = (entry.bytes.load(Relaxed), value(&entry.first));
        Some(Found { number, hold: hold as u32, facts, bytes, first })
    }

    pub fn release(&mut self, number: u32, hold: u32) {
        set(&self.area.holds(self.place)[hold as usize], 0);
        self.unhold(number);
    }

    fn unhold(&mut self, number: u32) {
        let entry = self.entry(number);
        let left = value(&entry.holders).saturating_sub(1);
        set(&entry.holders, left);
        if left == 0 {
            self.add_held(entry, false);
            if value(&entry.state) == DOOMED {
                self.free(number);
            }
        }
    }

    /// Blocks of objects in use are not available.
    fn add_held(&self, entry: &Entry, more: bool) {
        let (held, blocks) = (value(&self.control.blocks_held), value(&entry.blocks));
        set(&self.control.blocks_held, if more { held + blocks } else { held.saturating_sub(blocks) });
    }

    pub fn knows(&self, key: &CacheKey) -> bool {
        self.of_key(key).next().is_some()
    }

    pub fn count(&self, key: &CacheKey, now_ms: u64) -> u32 {
        let fresh = |number: &u32| self.entry(*number).expires_ms.load(Relaxed) > now_ms;
        self.of_key(key).filter(fresh).count() as u32
    }

    pub fn invalidate(&mut self, key: &CacheKey) {
        let numbers: Vec<u32> = self.of_key(key).collect();
        numbers.into_iter().for_each(|number| self.remove(number));
    }

    fn of_key<'k>(&self, key: &'k CacheKey) -> impl Iterator<Item = u32> + use<'k> {
        let entries = self.area.entries();
        let first = value(self.bucket(key));
        let follow = move |at: &u32| Some(value(&entries[*at as usize - 1].next)).filter(|next| *next != 0);
        std::iter::successors(Some(first).filter(|first| *first != 0), follow)
            .filter(move |at| entries[*at as usize - 1].is(key))
    }

    pub fn begin(&mut self, key: &CacheKey) -> Option<u32> {
        let number = self.take_entry()?;
        let entry = self.entry(number);
        entry.set_key(key);
        set(&entry.owner, u32::from(self.place.0));
        for word in [&entry.holders, &entry.first, &entry.last, &entry.blocks, &entry.next] {
            set(word, 0);
        }
        entry.bytes.store(0, Relaxed);
        set(&entry.state, WRITING);
        Some(number)
    }

    fn take_entry(&mut self) -> Option<u32> {
        loop {
            let free = value(&self.control.free_entry);
            if free != 0 {
                set(&self.control.free_entry, value(&self.entry(free).next));
                return Some(free);
            }
            let begun = value(&self.control.entries_begun);
            if (begun as usize) < self.area.entries().len() {
                set(&self.control.entries_begun, begun + 1);
                return Some(begun + 1);
            }
            if !self.evict() {
                return None;
            }
        }
    }

    /// Adds `count` blocks to an object that is being written. False: there are no more, and some may have been added.
    pub fn grow(&mut self, number: u32, count: u32) -> bool {
        (0..count).all(|_| self.grow_by_one(number))
    }

    fn grow_by_one(&mut self, number: u32) -> bool {
        let Some(block) = self.take_block() else { return false };
        let (entry, links) = (self.entry(number), self.area.links());
        set(&links[block as usize - 1], 0);
        match value(&entry.last) {
            0 => set(&entry.first, block),
            last => set(&links[last as usize - 1], block),
        }
        set(&entry.last, block);
        set(&entry.blocks, value(&entry.blocks) + 1);
        set(&self.control.blocks_held, value(&self.control.blocks_held) + 1);
        true
    }

    fn take_block(&mut self) -> Option<u32> {
        loop {
            let free = value(&self.control.free_block);
            if free != 0 {
                set(&self.control.free_block, value(&self.area.links()[free as usize - 1]));
                return Some(free);
            }
            let begun = value(&self.control.blocks_begun);
            if (begun as usize) < self.area.links().len() {
                set(&self.control.blocks_begun, begun + 1);
                return Some(begun + 1);
            }
            if !self.evict() {
                return None;
            }
        }
    }

    /// Removes the object that was not used for longest among those that nobody holds.
    fn evict(&mut self) -> bool {
        let mut at = value(&self.control.oldest);
        while at != 0 && value(&self.entry(at).holders) > 0 {
            at = value(&self.entry(at).newer);
        }
        if at != 0 {
            self.remove(at);
        }
        at != 0
    }

    pub fn chain(&self, number: u32) -> (u32, u32) {
        (value(&self.entry(number).first), value(&self.entry(number).last))
    }

    /// Makes a written object one that can be found, in the place of others that are alike.
    pub fn commit(&mut self, number: u32, facts: &Facts, bytes: u64, now_ms: u64) {
        let entry = self.entry(number);
        let key = entry.key();
        let alike = |other: &u32| {
            let other = self.entry(*other).facts();
            (other.secondary, other.flags) == (facts.secondary, facts.flags)
        };
        let replaced: Vec<u32> = self.of_key(&key).filter(alike).collect();
        replaced.into_iter().for_each(|other| self.remove(other));
        entry.set_facts(facts);
        entry.bytes.store(bytes, Relaxed);
        entry.used_ms.store(now_ms, Relaxed);
        self.add_held(entry, false);
        self.link_index(number);
        self.link_newest(number);
        set(&entry.state, READY);
    }

    /// Gives up an object that was being written.
    pub fn abort(&mut self, number: u32) {
        self.add_held(self.entry(number), false);
        self.free(number);
    }

    /// Takes an object out of what can be found.
    fn remove(&mut self, number: u32) {
        let entry = self.entry(number);
        // First: after a death in between it must not be found again.
        set(&entry.state, DOOMED);
        self.unlink_index(number);
        self.unlink_use(number);
        if value(&entry.holders) == 0 {
            self.free(number);
        }
    }

    /// An entry is free before its blocks are: after a death in between they belong to nobody.
    fn free(&mut self, number: u32) {
        let entry = self.entry(number);
        set(&entry.state, FREE);
        let (first, last) = (value(&entry.first), value(&entry.last));
        if first != 0 {
            set(&self.area.links()[last as usize - 1], value(&self.control.free_block));
            set(&self.control.free_block, first);
        }
        set(&entry.first, 0);
        set(&entry.next, value(&self.control.free_entry));
        set(&self.control.free_entry, number);
    }

    fn link_index(&self, number: u32) {
        let entry = self.entry(number);
        let bucket = self.bucket(&entry.key());
        set(&entry.next, value(bucket));
        set(bucket, number);
    }

    fn unlink_index(&self, number: u32) {
        let entry = self.entry(number);
        let mut link = self.bucket(&entry.key());
        while value(link) != number {
            if value(link) == 0 {
                return;
            }
            link = &self.entry(value(link)).next;
        }
        set(link, value(&entry.next));
    }

    fn link_newest(&self, number: u32) {
        let (entry, newest) = (self.entry(number), value(&self.control.newest));
        set(&entry.older, newest);
        set(&entry.newer, 0);
        match newest {
            0 => set(&self.control.oldest, number),
            newest => set(&self.entry(newest).newer, number),
        }
        set(&self.control.newest, number);
    }

    fn unlink_use(&self, number: u32) {
        let entry = self.entry(number);
        let (older, newer) = (value(&entry.older), value(&entry.newer));
        match older {
            0 => set(&self.control.oldest, newer),
            older => set(&self.entry(older).newer, newer),
        }
        match newer {
            0 => set(&self.control.newest, older),
            newer => set(&self.entry(newer).older, older),
        }
    }

    pub fn list(&self) -> Vec<Listed> {
        let ready = self.begun().filter(|entry| value(&entry.state) == READY);
        let mut listed: Vec<Listed> = ready
            .map(|entry| Listed {
                address: std::ptr::from_ref(entry) as usize,
                hash: value(&entry.key[0]),
                facts: entry.facts(),
                bytes: entry.bytes.load(Relaxed),
                blocks: value(&entry.blocks),
                holders: value(&entry.holders),
            })
            .collect();
        listed.sort_by_key(|entry| entry.hash);
        listed
    }

    pub fn available(&self) -> u32 {
        (self.area.links().len() as u32).saturating_sub(value(&self.control.blocks_held))
    }

    /// Takes back what a dead process was writing and sending.
    pub fn recover(&mut self, dead: WorkerId) {
        for number in 1..=value(&self.control.entries_begun) {
            let entry = self.entry(number);
            if value(&entry.state) == WRITING && value(&entry.owner) == u32::from(dead.0) {
                self.abort(number);
            }
        }
        for hold in self.area.holds(dead) {
            let number = value(hold);
            if number != 0 {
                set(hold, 0);
                self.unhold(number);
            }
        }
    }

    /// Removes everything. True: nobody writes or sends any more either.
    pub fn clear(&mut self) -> bool {
        while self.evict() {}
        let rest: Vec<u32> = (1..=value(&self.control.entries_begun))
            .filter(|number| value(&self.entry(*number).state) == READY)
            .collect();
        rest.into_iter().for_each(|number| self.remove(number));
        self.begun().all(|entry| value(&entry.state) == FREE)
    }

    /// Links everything anew from what the entries say of themselves. An entry's chain is whole in every state but
    /// free, at every moment: blocks are linked behind its end, and let go of once it is free.
    fn rebuild(&mut self) {
        let (entries, links, control) = (self.area.entries(), self.area.links(), self.control);
        for bucket in self.area.buckets().iter().filter(|bucket| value(bucket) != 0) {
            set(bucket, 0);
        }
        for word in
            [&control.free_block, &control.free_entry, &control.oldest, &control.newest, &control.blocks_held]
        {
            set(word, 0);
        }
        let begun = (value(&control.entries_begun) as usize).min(entries.len());
        let blocks_begun = (value(&control.blocks_begun) as usize).min(links.len());
        let mut used = vec![false; blocks_begun];
        for entry in &entries[..begun] {
            set(&entry.holders, 0);
            if value(&entry.state) != FREE {
                let (mut at, mut last, mut count) = (value(&entry.first), 0, 0);
                while at != 0 && (at as usize) <= blocks_begun && !used[at as usize - 1] {
                    used[at as usize - 1] = true;
                    (last, count) = (at, count + 1);
                    at = value(&links[at as usize - 1]);
                }
                set(&entry.last, last);
                set(&entry.blocks, count);
            }
        }
        for hold in self.area.places().flat_map(|place| self.area.holds(place)) {
            match entries[..begun].get((value(hold) as usize).wrapping_sub(1)) {
                Some(entry) if matches!(value(&entry.state), READY | DOOMED) => {
                    set(&entry.holders, value(&entry.holders) + 1);
                }
                _ => set(hold, 0),
            }
        }
        let mut ready = Vec::new();
        for number in 1..=begun as u32 {
            let entry = self.entry(number);
            match value(&entry.state) {
                READY => ready.push(number),
                WRITING => self.add_held(entry, true),
                DOOMED if value(&entry.holders) > 0 => self.add_held(entry, true),
                DOOMED => self.free(number),
                _ => {
                    set(&entry.next, value(&control.free_entry));
                    set(&control.free_entry, number);
                }
            }
        }
        ready.sort_by_key(|number| self.entry(*number).used_ms.load(Relaxed));
        for number in ready {
            if value(&self.entry(number).holders) > 0 {
                self.add_held(self.entry(number), true);
            }
            self.link_index(number);
            self.link_newest(number);
        }
        for (index, link) in links[..blocks_begun].iter().enumerate().filter(|(index, _)| !used[*index]) {
            set(link, value(&control.free_block));
            set(&control.free_block, index as u32 + 1);
        }
    }

    fn begun(&self) -> impl Iterator<Item = &'static Entry> + use<> {
        self.area.entries()[..value(&self.control.entries_begun) as usize].iter()
    }

    fn entry(&self, number: u32) -> &'static Entry {
        &self.area.entries()[number as usize - 1]
    }

    fn bucket(&self, key: &CacheKey) -> &'static AtomicU32 {
        let hash = u32::from_le_bytes([key[0], key[1], key[2], key[3]]) as usize;
        let buckets = self.area.buckets();
        &buckets[hash & (buckets.len() - 1)]
    }
}

impl Entry {
    fn is(&self, key: &CacheKey) -> bool {
        self.key() == *key
    }

    fn key(&self) -> CacheKey {
        let mut key = [0; 20];
        for (bytes, word) in key.chunks_exact_mut(4).zip(&self.key) {
            bytes.copy_from_slice(&value(word).to_le_bytes());
        }
        key
    }

    fn set_key(&self, key: &CacheKey) {
        for (bytes, word) in key.chunks_exact(4).zip(&self.key) {
            set(word, u32::from_le_bytes(bytes.try_into().expect("four bytes")));
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            secondary: std::array::from_fn(|at| value(&self.secondary[at])),
            flags: value(&self.flags),
            head: value(&self.head),
            age: value(&self.age),
            stored_ms: self.stored_ms.load(Relaxed),
            expires_ms: self.expires_ms.load(Relaxed),
            modified_s: self.modified_s.load(Relaxed),
        }
    }

    fn set_facts(&self, facts: &Facts) {
        for (word, part) in self.secondary.iter().zip(facts.secondary) {
            set(word, part);
        }
        set(&self.flags, facts.flags);
        set(&self.head, facts.head);
        set(&self.age, facts.age);
        self.stored_ms.store(facts.stored_ms, Relaxed);
        self.expires_ms.store(facts.expires_ms, Relaxed);
        self.modified_s.store(facts.modified_s, Relaxed);
    }
}

/// Blocks that this many bytes take.
pub(super) fn blocks_for(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK as u64)
}
