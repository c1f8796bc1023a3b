//! A shard whose owner died in the middle of something: what is derived is made anew from the entries.

use std::sync::atomic::Ordering::*;

use weir_types::WorkerId;

use super::area::Placed;
use super::layout::{entry, shard};
use super::shard::{FIRST_CHAINS, Locked};

/// Bytes of counts read at once.
const CHUNK: usize = 65_536;

impl Locked {
    pub(super) fn rebuild(&self) {
        let shard = &self.shard;
        let fresh = shard.read(shard::FRESH).min(shard.table.layout.capacity as u32);
        shard.write(shard::FRESH, fresh);
        self.undo(fresh);
        let mut live: Vec<(u64, u32)> = (0..fresh)
            .filter(|number| shard.is_live(*number))
            .map(|number| (shard.touched(number), number))
            .collect();
        live.sort_unstable();
        let most = shard.table.layout.chains as u32;
        // As many chains as entries, like an index that grew with them.
        let chains = (live.len() as u32).clamp(FIRST_CHAINS.min(most), most);
        (0..chains).for_each(|index| shard.write(shard.table.layout.chains_at + index as usize * 4, 0));
        shard.write(shard::CHAINS, chains);
        for field in [shard::FREE, shard::OLDEST, shard::NEWEST] {
            shard.write(field, 0);
        }
        for number in (0..fresh).rev().filter(|number| !shard.is_live(*number)) {
            shard.set(number, entry::CHAIN, shard.read(shard::FREE));
            shard.write(shard::FREE, number + 1);
        }
        for (_, number) in &live {
            self.link(*number);
            self.append(*number);
        }
        shard.write(shard::COUNT, live.len() as u32);
    }

    /// Takes back a change of holds that was begun.
    fn undo(&self, fresh: u32) {
        let shard = &self.shard;
        let Some(number) = shard.read(shard::JOURNAL).checked_sub(1).filter(|number| *number < fresh) else {
            return;
        };
        let place = shard.read(shard::JOURNAL_PLACE) as usize;
        if place < shard.table.layout.places {
            shard.write(shard.holds(WorkerId(place as u16), number), shard.read(shard::JOURNAL_HOLDS));
            shard.set(number, entry::USES, shard.read(shard::JOURNAL_USES));
            if let Some(current) = self.current(number) {
                shard.write(current, shard.read(shard::JOURNAL_CURRENT));
            }
        }
        shard.write(shard::JOURNAL, 0);
    }

    /// Gives back what the dead process of `place` held of an entry.
    fn give_back(&self, dead: WorkerId, number: u32) {
        let shard = &self.shard;
        let held = shard.memory.short(shard.holds(dead, number)).swap(0, Relaxed);
        let uses = shard.get(number, entry::USES);
        shard.set(number, entry::USES, uses.saturating_sub(held));
        if let Some(current) = self.current(number) {
            shard.write(current, shard.read(current).saturating_sub(held));
        }
    }
}

impl Placed {
    /// Breaks the locks of a dead process and gives back what it held.
    pub fn recover(&'static self, dead: WorkerId) {
        if let Some(names) = self.names {
            names.memory.lock(0).break_if_held(dead);
        }
        for number in 0..self.layout.shards {
            let shard = self.shard(number);
            shard.memory.lock(shard::LOCK).break_if_held(dead);
            // Untouched counts are read without touching them: a mapping would make pages of them.
            let fresh = shard.read(shard::FRESH) as usize;
            let first = self.offset + self.layout.first_shard + number * self.layout.shard_bytes;
            let first = first + shard.holds(dead, 0);
            let mut chunk = vec![0; CHUNK.min(fresh * 4)];
            for begin in (0..fresh * 4).step_by(CHUNK) {
                let wanted = chunk.len().min(fresh * 4 - begin);
                let read =
                    nix::sys::uio::pread(self.descriptor, &mut chunk[..wanted], (first + begin) as i64);
                let held = chunk[..read.unwrap_or(0)].chunks_exact(4).enumerate();
                let held: Vec<u32> = held
                    .filter(|(_, bytes)| bytes.iter().any(|byte| *byte != 0))
                    .map(|(index, _)| (begin / 4 + index) as u32)
                    .collect();
                if !held.is_empty() {
                    let locked = shard.lock(dead);
                    held.into_iter().for_each(|number| locked.give_back(dead, number));
                }
            }
        }
    }
}
