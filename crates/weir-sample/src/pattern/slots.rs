//! A hash table of entry numbers and nothing else: what a number stands for is looked up where the entries are. Five
//! bytes a slot, so that a million entries cost every process as little as can be.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

const EMPTY: u32 = u32::MAX;
const GONE: u32 = u32::MAX - 1;
/// The least number of slots.
const LEAST: usize = 16;

/// Keys may come from traffic (`set-map`), so nobody may be able to choose them to collide.
static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0u8));

pub(super) fn hash_bytes(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(bytes, *SEED)
}

/// Open addressing with linear probing; a byte of the hash beside each number saves most comparisons.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    numbers: Vec<u32>,
    tags: Vec<u8>,
    live: usize,
    /// With those that are gone and still in the way.
    used: usize,
}

fn tag(hash: u64) -> u8 {
    (hash >> 56) as u8
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.live
    }

    pub(super) fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        if self.live == 0 {
            return None;
        }
        let mask = self.numbers.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            match self.numbers[at] {
                EMPTY => return None,
                GONE => {}
                number if self.tags[at] == tag(hash) && is_it(number) => return Some(number),
                _ => {}
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds a number; `hash_of` tells the hash of those that are there when they have to move.
    pub(super) fn insert(&mut self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        if (self.used + 1) * 4 > self.numbers.len() * 3 {
            self.resize(self.live + 1, hash_of);
        }
        self.place(hash, number);
        self.live += 1;
        self.used += 1;
    }

    /// Takes the number out, if it is there.
    pub(super) fn remove(&mut self, hash: u64, number: u32) -> bool {
        if self.live == 0 {
            return false;
        }
        let mask = self.numbers.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            match self.numbers[at] {
                EMPTY => return false,
                found if found == number => {
                    self.numbers[at] = GONE;
                    self.live -= 1;
                    return true;
                }
                _ => {}
            }
            at = (at + 1) & mask;
        }
    }

    /// Room for so many without moving.
    pub(super) fn reserve(&mut self, count: usize, hash_of: impl Fn(u32) -> u64) {
        if (self.used + count) * 4 > self.numbers.len() * 3 {
            self.resize(self.live + count, hash_of);
        }
    }

    fn resize(&mut self, count: usize, hash_of: impl Fn(u32) -> u64) {
        let size = (count * 4 / 3 + 1).next_power_of_two().max(LEAST);
        let before = std::mem::replace(&mut self.numbers, vec![EMPTY; size]);
        self.tags = vec![0; size];
        self.used = self.live;
        for number in before.into_iter().filter(|number| *number < GONE) {
            self.place(hash_of(number), number);
        }
    }

    fn place(&mut self, hash: u64, number: u32) {
        let mask = self.numbers.len() - 1;
        let mut at = hash as usize & mask;
        while self.numbers[at] != EMPTY {
            at = (at + 1) & mask;
        }
        self.numbers[at] = number;
        self.tags[at] = tag(hash);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn holds_what_a_set_holds() {
        let (mut slots, mut model) = (Slots::default(), HashSet::new());
        let hash = |number: u32| hash_bytes(&number.to_le_bytes());
        let mut state = 1u32;
        for _ in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let number = state >> 20;
            if state & 1 == 0 {
                if model.insert(number) {
                    slots.insert(hash(number), number, hash);
                }
            } else {
                assert_eq!(slots.remove(hash(number), number), model.remove(&number));
            }
            assert_eq!(slots.len(), model.len());
        }
        for number in 0..4096 {
            let found = slots.find(hash(number), |other| other == number).is_some();
            assert_eq!(found, model.contains(&number), "{number}");
        }
    }
}
