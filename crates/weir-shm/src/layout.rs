//! How a segment is laid out: a header, then one array per kind of state, then one array per kind and worker place.
//!
//! ```text
//! header | process state | worker infos | place queues | waiters | grant marks | listener states | frontend states | backend states
//!        | balance areas | server states | server balance | server texts | directory entries, index, names
//!        | TLS session locks | TLS sessions
//!        | per place: process, listener, frontend, backend, server counters
//! ```
//! Arrays of one worker lie together, so workers never share a cache line, a dead worker's gauges are one sweep, and
//! memory nobody counted in is never touched.

use crate::balance::{BalanceArea, ServerBalance};
use crate::cell::Word;
use crate::counters::*;
use crate::directory::{Entry, KINDS, Kind};
use crate::lock::RobustLock;
use crate::queue::{PlaceQueue, Waiter};
use crate::sessions::SessionSlot;
use crate::state::*;

pub(crate) const MAGIC: u64 = u64::from_be_bytes(*b"weirshm\x01");
/// No two arrays share a pair of cache lines (the prefetcher fetches pairs).
const ALIGN: usize = 128;

/// How many objects a segment has room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Capacity {
    /// Objects by [`Kind`]: listeners, frontends, backends, servers.
    pub objects: [u32; KINDS],
    /// Bytes of all names together.
    pub name_bytes: u32,
    /// Streams of one worker that may wait in queues at once.
    pub waiters: u32,
}

impl Capacity {
    /// Room for exactly these names.
    pub fn of<'a>(names: impl Iterator<Item = (Kind, &'a str)>) -> Self {
        let mut capacity = Self::default();
        for (kind, name) in names {
            capacity.objects[kind.index()] += 1;
            capacity.name_bytes += name.len() as u32;
        }
        capacity
    }

    /// The same with a quarter more and a little besides, for names that come later.
    pub fn with_slack(self) -> Self {
        let grow = |count: u32| count + count / 4 + 16;
        Self {
            objects: self.objects.map(grow),
            name_bytes: self.name_bytes + self.name_bytes / 4 + 4096,
            waiters: self.waiters,
        }
    }

    pub(crate) fn total(&self) -> usize {
        self.objects.iter().map(|count| *count as usize).sum()
    }
}

/// The first bytes of every segment.
#[repr(C)]
pub(crate) struct Header {
    pub magic: u64,
    pub checksum: u64,
    pub number: u32,
    pub places: u32,
    pub capacity: Capacity,
}

/// One array: where it begins and how many elements it has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Array {
    pub offset: usize,
    pub count: usize,
}

/// Where each array of a segment lies. A function of capacity and places alone.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub process: Array,
    pub workers: Array,
    pub place_queues: Array,
    pub waiters: Array,
    /// For each place: a bit for each waiter that was granted, and a bit for each word of those.
    pub grant_marks: Array,
    pub grant_summary: Array,
    pub listeners: Array,
    pub frontends: Array,
    pub backends: Array,
    pub balance: Array,
    pub servers: Array,
    pub server_balance: Array,
    pub server_texts: Array,
    pub entries: Array,
    pub index: Array,
    pub names: Array,
    /// TLS sessions: the first segment has them, which is the one with room for waiters.
    pub session_locks: Array,
    pub sessions: Array,
    pub counters: Vec<PlaceArrays>,
    pub bytes: usize,
}

/// One worker place's counters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlaceArrays {
    pub process: Array,
    pub listeners: Array,
    pub frontends: Array,
    pub backends: Array,
    pub servers: Array,
}

struct Cursor(usize);

impl Cursor {
    fn array<T>(&mut self, count: usize) -> Array {
        let offset = self.0.next_multiple_of(ALIGN);
        self.0 = offset + count * size_of::<T>();
        Array { offset, count }
    }
}

impl Layout {
    pub fn new(capacity: &Capacity, places: usize) -> Self {
        let mut at = Cursor(size_of::<Header>());
        let [listeners, frontends, backends, servers] = capacity.objects.map(|count| count as usize);
        let total = capacity.total();
        let (session_locks, sessions) = crate::sessions::counts(capacity.waiters > 0);
        Self {
            process: at.array::<ProcessState>(1),
            workers: at.array::<WorkerInfo>(places),
            place_queues: at.array::<PlaceQueue>(places),
            waiters: at.array::<Waiter>(places * capacity.waiters as usize),
            grant_marks: at.array::<Word>(places * mark_words(capacity)),
            grant_summary: at.array::<Word>(places * mark_words(capacity).div_ceil(64)),
            listeners: at.array::<ListenerState>(listeners),
            frontends: at.array::<ProxyState>(frontends),
            backends: at.array::<ProxyState>(backends),
            balance: at.array::<BalanceArea>(backends),
            servers: at.array::<ServerState>(servers),
            server_balance: at.array::<ServerBalance>(servers),
            server_texts: at.array::<ServerText>(servers),
            entries: at.array::<Entry>(total),
            index: at.array::<u32>((total * 2).next_power_of_two().max(2)),
            names: at.array::<u8>(capacity.name_bytes as usize),
            session_locks: at.array::<RobustLock>(session_locks),
            sessions: at.array::<SessionSlot>(sessions),
            counters: (0..places)
                .map(|_| PlaceArrays {
                    process: at.array::<ProcessCounters>(1),
                    listeners: at.array::<ListenerCounters>(listeners),
                    frontends: at.array::<FrontendCounters>(frontends),
                    backends: at.array::<BackendCounters>(backends),
                    servers: at.array::<ServerCounters>(servers),
                })
                .collect(),
            bytes: at.0.next_multiple_of(4096),
        }
    }
}

/// Words of one place's grant marks.
pub(crate) fn mark_words(capacity: &Capacity) -> usize {
    (capacity.waiters as usize).div_ceil(64)
}

/// Changes whenever the memory would be read differently: names, kinds and sizes of everything shared.
pub(crate) const CHECKSUM: u64 = checksum();

const fn checksum() -> u64 {
    let names = [
        ProcessCounters::LAYOUT,
        ListenerCounters::LAYOUT,
        FrontendCounters::LAYOUT,
        BackendCounters::LAYOUT,
        ServerCounters::LAYOUT,
        env!("CARGO_PKG_VERSION"),
    ];
    let sizes = [
        size_of::<Header>(),
        size_of::<ProcessState>(),
        size_of::<WorkerInfo>(),
        size_of::<PlaceQueue>(),
        size_of::<Waiter>(),
        size_of::<ListenerState>(),
        size_of::<ProxyState>(),
        size_of::<BalanceArea>(),
        size_of::<ServerState>(),
        size_of::<ServerBalance>(),
        size_of::<ServerText>(),
        size_of::<Entry>(),
        size_of::<SessionSlot>(),
    ];
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < names.len() {
        let bytes = names[at].as_bytes();
        let mut byte = 0;
        while byte < bytes.len() {
            hash = fnv(hash, bytes[byte] as u64);
            byte += 1;
        }
        at += 1;
    }
    let mut at = 0;
    while at < sizes.len() {
        hash = fnv(hash, sizes[at] as u64);
        at += 1;
    }
    hash
}

pub(crate) const fn fnv(hash: u64, value: u64) -> u64 {
    (hash ^ value).wrapping_mul(0x0000_0100_0000_01b3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_backends_stay_within_the_budget() {
        let capacity =
            Capacity { objects: [1, 1, 10_000, 50_000], name_bytes: 900_000, waiters: 0 }.with_slack();
        let layout = Layout::new(&capacity, 3);
        let set_up =
            layout.names.offset + layout.names.count - layout.server_texts.count * size_of::<ServerText>();
        assert!(set_up < 40 << 20, "{set_up}");
        let counted = 50_000 * 3 * size_of::<ServerCounters>();
        assert!(counted < 60 << 20, "{counted}");
    }
}
