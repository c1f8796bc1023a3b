//! Names to slots. Written by the supervisor alone, read by all; an entry never changes once it can be found.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::*};

use weir_types::Slot;

use crate::layout::fnv;
use crate::segment::Segment;

/// What a name stands for. The process itself has no name and no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Named `frontend/listener`.
    Listener,
    Frontend,
    Backend,
    /// Named `backend/server`.
    Server,
}

pub(crate) const KINDS: usize = 4;

impl Kind {
    pub const ALL: [Kind; KINDS] = [Kind::Listener, Kind::Frontend, Kind::Backend, Kind::Server];

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct Entry {
    kind: AtomicU32,
    slot: AtomicU32,
    name_offset: AtomicU32,
    name_length: AtomicU32,
}

/// The directory of one segment: entries in order of arrival and an open-addressing index (entry number plus one).
pub(crate) struct Directory {
    entries: &'static [Entry],
    index: &'static [AtomicU32],
    names: &'static [AtomicU8],
    number: u32,
    capacity: [u32; KINDS],
}

/// How much of a directory is used; kept by the supervisor, which alone writes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub objects: [u32; KINDS],
    pub name_bytes: u32,
    pub entries: u32,
}

impl Directory {
    pub fn of(segment: &Segment) -> Self {
        Self {
            entries: segment.slice(segment.layout.entries),
            index: segment.slice(segment.layout.index),
            names: segment.slice(segment.layout.names),
            number: segment.number,
            capacity: segment.capacity.objects,
        }
    }

    pub fn find(&self, kind: Kind, name: &str) -> Option<Slot> {
        self.probe(kind, name).ok()
    }

    /// Adds a name that is not there. `None`: no room left here.
    pub fn insert(&self, used: &mut Used, kind: Kind, name: &str) -> Option<Slot> {
        let place = match self.probe(kind, name) {
            Ok(slot) => return Some(slot),
            Err(place) => place?,
        };
        let object = used.objects[kind.index()];
        let names = self.names.get(used.name_bytes as usize..)?.get(..name.len())?;
        if object >= self.capacity[kind.index()] {
            return None;
        }
        for (cell, byte) in names.iter().zip(name.bytes()) {
            cell.store(byte, Relaxed);
        }
        let slot = Slot(self.number << SEGMENT_SHIFT | object);
        let entry = self.entries.get(used.entries as usize)?;
        entry.kind.store(kind as u32, Relaxed);
        entry.slot.store(slot.0, Relaxed);
        entry.name_offset.store(used.name_bytes, Relaxed);
        entry.name_length.store(name.len() as u32, Relaxed);
        self.index[place].store(used.entries + 1, Release);
        used.entries += 1;
        used.objects[kind.index()] += 1;
        used.name_bytes += name.len() as u32;
        Some(slot)
    }

    /// Every name with its slot, in order of arrival.
    pub fn list(&self) -> impl Iterator<Item = (Kind, String, Slot)> {
        let mut numbers: Vec<u32> =
            self.index.iter().map(|cell| cell.load(Acquire)).filter(|number| *number != 0).collect();
        numbers.sort_unstable();
        numbers.into_iter().map(|number| {
            let entry = &self.entries[number as usize - 1];
            let name = self.name(entry).iter().map(|cell| cell.load(Relaxed)).collect();
            let kind = Kind::ALL[entry.kind.load(Relaxed) as usize];
            (kind, String::from_utf8(name).unwrap_or_default(), Slot(entry.slot.load(Relaxed)))
        })
    }

    /// The slot, or where the name would go in the index.
    fn probe(&self, kind: Kind, name: &str) -> Result<Slot, Option<usize>> {
        let mask = self.index.len() - 1;
        let first = hash(kind, name) as usize;
        for step in 0..self.index.len() {
            let place = (first + step) & mask;
            let number = self.index[place].load(Acquire);
            if number == 0 {
                return Err(Some(place));
            }
            let entry = &self.entries[number as usize - 1];
            if entry.kind.load(Relaxed) == kind as u32 && same(self.name(entry), name) {
                return Ok(Slot(entry.slot.load(Relaxed)));
            }
        }
        Err(None)
    }

    fn name(&self, entry: &Entry) -> &[AtomicU8] {
        let offset = entry.name_offset.load(Relaxed) as usize;
        &self.names[offset..offset + entry.name_length.load(Relaxed) as usize]
    }
}

/// A slot holds the segment's number above this bit and the object's number below it.
pub(crate) const SEGMENT_SHIFT: u32 = 24;

fn same(cells: &[AtomicU8], name: &str) -> bool {
    cells.len() == name.len() && cells.iter().zip(name.bytes()).all(|(cell, byte)| cell.load(Relaxed) == byte)
}

fn hash(kind: Kind, name: &str) -> u64 {
    let start = fnv(0xcbf2_9ce4_8422_2325, kind as u64 + 1);
    let hash = name.bytes().fold(start, |hash, byte| fnv(hash, u64::from(byte)));
    hash ^ hash >> 29
}
