//! Names to slots. Written by the supervisor alone, read by all; an entry never changes while it can be found, and is
//! used for another name only when no process holds a plan any more that knew the old one.

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
#[derive(Clone, Debug, Default)]
pub(crate) struct Used {
    pub objects: [u32; KINDS],
    pub name_bytes: u32,
    /// The number of the plan that last named each entry.
    named_by: Vec<u64>,
    /// Entries without a name, for new ones of the same kind.
    free: Vec<Free>,
}

/// An entry that may have another name, of at most so many bytes.
#[derive(Clone, Copy, Debug)]
struct Free {
    kind: Kind,
    entry: u32,
    room: u32,
}

/// In the index, where a name was that is gone: a search goes on behind it.
const GONE: u32 = u32::MAX;

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
        self.probe(kind, name).ok().map(|number| self.slot(number))
    }

    /// Notes that plan `generation` has this name, if it is here.
    pub fn mark(&self, used: &mut Used, kind: Kind, name: &str, generation: u64) -> Option<Slot> {
        let number = self.probe(kind, name).ok()?;
        used.named_by[number as usize - 1] = generation;
        Some(self.slot(number))
    }

    /// Adds a name that is not there. `None`: no room left here.
    pub fn insert(&self, used: &mut Used, kind: Kind, name: &str, generation: u64) -> Option<Slot> {
        let place = match self.probe(kind, name) {
            Ok(_) => return self.mark(used, kind, name, generation),
            Err(place) => place?,
        };
        let number = self.renamed(used, kind, name).or_else(|| self.fresh(used, kind, name))?;
        used.named_by[number as usize - 1] = generation;
        self.index[place].store(number, Release);
        Some(self.slot(number))
    }

    /// An entry that was freed, with this name from now on.
    fn renamed(&self, used: &mut Used, kind: Kind, name: &str) -> Option<u32> {
        let fits = |free: &Free| free.kind == kind && free.room as usize >= name.len();
        let Free { entry: number, .. } = used.free.swap_remove(used.free.iter().position(fits)?);
        let entry = &self.entries[number as usize - 1];
        self.write_name(entry.name_offset.load(Relaxed), name)?;
        entry.name_length.store(name.len() as u32, Relaxed);
        Some(number)
    }

    /// An entry that never had a name.
    fn fresh(&self, used: &mut Used, kind: Kind, name: &str) -> Option<u32> {
        let object = used.objects[kind.index()];
        let entry = self.entries.get(used.named_by.len())?;
        if object >= self.capacity[kind.index()] {
            return None;
        }
        self.write_name(used.name_bytes, name)?;
        entry.kind.store(kind as u32, Relaxed);
        entry.slot.store(self.number << SEGMENT_SHIFT | object, Relaxed);
        entry.name_offset.store(used.name_bytes, Relaxed);
        entry.name_length.store(name.len() as u32, Relaxed);
        used.named_by.push(0);
        used.objects[kind.index()] += 1;
        used.name_bytes += name.len() as u32;
        Some(used.named_by.len() as u32)
    }

    fn write_name(&self, offset: u32, name: &str) -> Option<()> {
        let cells = self.names.get(offset as usize..)?.get(..name.len())?;
        cells.iter().zip(name.bytes()).for_each(|(cell, byte)| cell.store(byte, Relaxed));
        Some(())
    }

    /// Takes out the names that no plan from `oldest` on has; what they stood for.
    pub fn free(&self, used: &mut Used, oldest: u64) -> Vec<(Kind, Slot)> {
        let mut freed = Vec::new();
        for cell in self.index {
            let number = cell.load(Relaxed);
            if number == 0 || number == GONE || used.named_by[number as usize - 1] >= oldest {
                continue;
            }
            cell.store(GONE, Release);
            let entry = &self.entries[number as usize - 1];
            let kind = Kind::ALL[entry.kind.load(Relaxed) as usize];
            used.free.push(Free { kind, entry: number, room: entry.name_length.load(Relaxed) });
            freed.push((kind, self.slot(number)));
        }
        self.shorten_searches();
        freed
    }

    /// Nothing is behind a place that a free one follows: no search needs to go on there.
    fn shorten_searches(&self) {
        // Twice around: what is found at the end of the first round frees places before it.
        for place in (0..self.index.len()).rev().cycle().take(2 * self.index.len()) {
            let next = &self.index[(place + 1) % self.index.len()];
            if self.index[place].load(Relaxed) == GONE && next.load(Relaxed) == 0 {
                self.index[place].store(0, Release);
            }
        }
    }

    fn slot(&self, number: u32) -> Slot {
        Slot(self.entries[number as usize - 1].slot.load(Relaxed))
    }

    /// Every name with its slot, in order of arrival.
    pub fn list(&self) -> impl Iterator<Item = (Kind, String, Slot)> {
        let mut numbers: Vec<u32> = self
            .index
            .iter()
            .map(|cell| cell.load(Acquire))
            .filter(|number| ![0, GONE].contains(number))
            .collect();
        numbers.sort_unstable();
        numbers.into_iter().map(|number| {
            let entry = &self.entries[number as usize - 1];
            let name = self.name(entry).iter().map(|cell| cell.load(Relaxed)).collect();
            let kind = Kind::ALL[entry.kind.load(Relaxed) as usize];
            (kind, String::from_utf8(name).unwrap_or_default(), Slot(entry.slot.load(Relaxed)))
        })
    }

    /// The entry's number, or where the name would go in the index.
    fn probe(&self, kind: Kind, name: &str) -> Result<u32, Option<usize>> {
        let mask = self.index.len() - 1;
        let first = hash(kind, name) as usize;
        let mut gone = None;
        for step in 0..self.index.len() {
            let place = (first + step) & mask;
            let number = self.index[place].load(Acquire);
            match number {
                0 => return Err(gone.or(Some(place))),
                GONE => gone = gone.or(Some(place)),
                _ => {
                    let entry = &self.entries[number as usize - 1];
                    if entry.kind.load(Relaxed) == kind as u32 && same(self.name(entry), name) {
                        return Ok(number);
                    }
                }
            }
        }
        Err(gone)
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
