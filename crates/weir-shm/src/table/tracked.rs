//! An entry that a stream or session holds.

use super::handle::Table;
use super::layout::entry;
use super::row::Row;

/// Let go when dropped, so that a stream that panics holds nothing. What a process held when it died is given back by
/// [`crate::Shm::recover`].
pub struct Tracked {
    table: Table,
    shard: u16,
    number: u32,
}

impl Tracked {
    pub(super) fn new(table: Table, shard: u16, number: u32) -> Self {
        Self { table, shard, number }
    }

    pub fn table(&self) -> Table {
        self.table
    }

    /// Looks at the entry and leaves it as it is.
    pub fn peek<T>(&self, look: impl FnOnce(&Row) -> T) -> T {
        let locked = self.table.placed.shard(self.shard.into()).lock(self.table.place);
        look(&self.table.row(&locked, self.number))
    }

    /// Changes the entry; it counts as used.
    pub fn update<T>(&self, now_ms: u64, change: impl FnOnce(&Row) -> T) -> T {
        let locked = self.table.placed.shard(self.shard.into()).lock(self.table.place);
        if locked.shard.is_live(self.number) {
            self.table.changed(&locked, self.number, now_ms);
        }
        change(&self.table.row(&locked, self.number))
    }

    /// Lets the entry go after a last change; its time begins now.
    pub fn release(self, now_ms: u64, change: impl FnOnce(&Row)) {
        let this = std::mem::ManuallyDrop::new(self);
        let locked = this.table.placed.shard(this.shard.into()).lock(this.table.place);
        if locked.shard.is_live(this.number) {
            this.table.changed(&locked, this.number, now_ms);
            change(&this.table.row(&locked, this.number));
        }
        locked.hold(this.table.place, this.number, -1);
    }
}

impl std::fmt::Debug for Tracked {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}[{}:{}]", self.table.spec().name, self.shard, self.number)
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        let locked = self.table.placed.shard(self.shard.into()).lock(self.table.place);
        if locked.shard.get(self.number, entry::USES) > 0 {
            locked.hold(self.table.place, self.number, -1);
        }
    }
}
