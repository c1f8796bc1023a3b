//! Where the parts of a table lie, counted from its first byte.
//!
//! ```text
//! table head | names of servers | ring of changes | shard: head, chains, entries, holds of each place | shard ...
//! entry: hash, chain, older, newer, state, uses: 32 bits each | touched: 64 | update: 32 | key | data of 64 | of 32
//! ```

use super::data::DataType;
use super::names::NAMES_BYTES;
use super::spec::{KeyType, TableSpec};

/// Parts that different processes write at once do not share a pair of cache lines.
const ALIGN: usize = 128;
/// Fewer entries than this are one shard: its size is then exact to the entry.
const ENTRIES_FOR_SHARDS: u32 = 16_384;
const SHARDS: usize = 16;
/// Changes that a reader may be behind, at least and at most. Untouched, their places take no memory.
const CHANGES: (u32, u32) = (4096, 131_072);

pub(super) mod entry {
    pub const HASH: usize = 0;
    pub const CHAIN: usize = 4;
    pub const OLDER: usize = 8;
    pub const NEWER: usize = 12;
    pub const STATE: usize = 16;
    pub const USES: usize = 20;
    pub const TOUCHED: usize = 24;
    pub const UPDATE: usize = 32;
    pub const KEY: usize = 36;
}

pub(super) mod head {
    /// Entries removed after so many milliseconds; 0: never.
    pub const EXPIRE: usize = 0;
    pub const FLAGS: usize = 4;
    pub const SEED: usize = 8;
    /// Counts up with every change that peers are to hear of.
    pub const UPDATES: usize = 16;
    pub const BYTES: usize = 64;
}

pub(super) mod shard {
    pub const LOCK: usize = 0;
    pub const COUNT: usize = 4;
    /// Entries from here on were never used.
    pub const FRESH: usize = 8;
    pub const FREE: usize = 12;
    pub const CHAINS: usize = 16;
    pub const OLDEST: usize = 20;
    pub const NEWEST: usize = 24;
    /// What is being changed about an entry's users: number plus one, and the values before.
    pub const JOURNAL: usize = 32;
    pub const JOURNAL_PLACE: usize = 36;
    pub const JOURNAL_HOLDS: usize = 40;
    pub const JOURNAL_USES: usize = 44;
    pub const JOURNAL_CURRENT: usize = 48;
    pub const BYTES: usize = 64;
}

#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub key_words: usize,
    pub stride: usize,
    /// For each stored data type, where its numbers of 64 and of 32 bits begin in an entry.
    pub data: [Option<(u32, u32)>; DataType::COUNT],
    /// Data of an entry: first byte and end.
    pub data_range: (usize, usize),
    pub shards: usize,
    /// Entries of a shard.
    pub capacity: usize,
    /// Chains of a shard at most; a power of two.
    pub chains: usize,
    pub places: usize,
    pub names: Option<usize>,
    pub ring_at: usize,
    /// Changes the ring holds; a power of two.
    pub ring_length: u32,
    pub first_shard: usize,
    pub shard_bytes: usize,
    pub chains_at: usize,
    pub entries_at: usize,
    pub holds_at: usize,
    pub holds_stride: usize,
    pub bytes: usize,
}

impl Layout {
    pub fn new(spec: &TableSpec, places: usize) -> Self {
        let key_words = (spec.key_len as usize).div_ceil(4);
        let mut at = (entry::KEY + key_words * 4).next_multiple_of(8);
        let first = at;
        let mut data = [None; DataType::COUNT];
        for stored in &spec.stored {
            data[stored.data.index()] = Some((at as u32, 0));
            at += 8 * stored.longs() * usize::from(stored.elements);
        }
        for stored in &spec.stored {
            if let Some((_, shorts)) = &mut data[stored.data.index()] {
                *shorts = at as u32;
            }
            at += 4 * stored.shorts() * usize::from(stored.elements);
        }
        let stride = at.next_multiple_of(8);
        let shards = if spec.size < ENTRIES_FOR_SHARDS { 1 } else { SHARDS };
        let share = (spec.size as usize).div_ceil(shards);
        // Keys do not fall into shards evenly; what a shard has too much is never touched.
        let capacity = if shards == 1 { share } else { share + share / 4 + 64 };
        let chains = capacity.next_power_of_two();
        let chains_at = shard::BYTES.next_multiple_of(ALIGN);
        let entries_at = (chains_at + chains * 4).next_multiple_of(ALIGN);
        let holds_at = (entries_at + capacity * stride).next_multiple_of(4096);
        let holds_stride = (capacity * 4).next_multiple_of(ALIGN);
        let shard_bytes = (holds_at + holds_stride * places).next_multiple_of(4096);
        let has_names = spec.stored(DataType::ServerKey).is_some();
        let names = has_names.then_some(ALIGN);
        let ring_at = (ALIGN + if has_names { NAMES_BYTES } else { 0 }).next_multiple_of(4096);
        let ring_length = spec.size.clamp(CHANGES.0, CHANGES.1).next_power_of_two();
        let first_shard = (ring_at + ring_length as usize * 8).next_multiple_of(4096);
        Self {
            key_words,
            stride,
            data,
            data_range: (first, stride),
            shards,
            capacity,
            chains,
            places,
            names,
            ring_at,
            ring_length,
            first_shard,
            shard_bytes,
            chains_at,
            entries_at,
            holds_at,
            holds_stride,
            bytes: first_shard + shard_bytes * shards,
        }
    }
}

const _: () = assert!(head::BYTES <= ALIGN && shard::BYTES <= ALIGN);
/// An `Ip4` key needs no filling, so the smallest entry is 40 bytes and its data.
const _: () = assert!(entry::KEY + 4 == 40 && KeyType::Ip4 as u8 == 0);
