//! HTTP caches: objects in blocks of one kilobyte, found by the hash of their address, shared by all processes
//! (manual 6).
//!
//! [`crate::Shm::add_caches`] in the supervisor makes an [`area`] for each cache of a configuration; it stays as it is
//! over reloads that keep its name and size. [`crate::Shm::cache`] gives a process its handle.
//!
//! One lock guards the index, the order of use and the lists of free blocks ([`store`]); it is held for as long as a
//! few links take to change. What an object holds is written and read without it ([`object`]): a [`Writer`] owns the
//! blocks of an object that nobody can find yet, and a [`Held`] object is not freed. Both are noted in shared memory by
//! the process that has them, so that a dead one's are taken back: an object becomes findable with its last byte.

mod area;
mod object;
mod store;

pub(crate) use area::CacheArea;
pub(crate) use area::Control;
pub use object::{Held, Writer};
pub(crate) use store::Entry;
pub use store::{Facts, Listed};

use weir_types::WorkerId;

/// Bytes of a block.
pub const BLOCK: usize = 1024;

/// Hash of an object's address.
pub type CacheKey = [u8; 20];

/// What a cache is: the same name and size are the same cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheSpec {
    pub name: String,
    pub megabytes: u32,
}

/// A cache, for the process of one place.
#[derive(Clone, Copy)]
pub struct Cache {
    area: &'static CacheArea,
    place: WorkerId,
}

impl Cache {
    pub(crate) fn new(area: &'static CacheArea, place: WorkerId) -> Self {
        Self { area, place }
    }

    /// The first fresh object of this key that `fits`. Stale ones are removed on the way.
    pub fn find(&self, key: &CacheKey, now_ms: u64, fits: impl Fn(&Facts) -> bool) -> Option<Held> {
        self.area.locked(self.place).find(key, now_ms, fits).map(|found| Held::new(*self, found))
    }

    /// Whether there is any object of this key, fresh or not.
    pub fn knows(&self, key: &CacheKey) -> bool {
        self.area.locked(self.place).knows(key)
    }

    /// Fresh objects of this key.
    pub fn count(&self, key: &CacheKey, now_ms: u64) -> u32 {
        self.area.locked(self.place).count(key, now_ms)
    }

    /// Begins an object of this key. `None`: every place is held by others.
    pub fn begin(&self, key: &CacheKey) -> Option<Writer> {
        let number = self.area.locked(self.place).begin(key)?;
        Some(Writer::new(*self, number))
    }

    /// Removes every object of this key.
    pub fn invalidate(&self, key: &CacheKey) {
        self.area.locked(self.place).invalidate(key);
    }

    /// Every object that can be found, by the first four bytes of its key.
    pub fn list(&self) -> Vec<Listed> {
        self.area.locked(self.place).list()
    }

    /// Blocks that are free or can be freed at once.
    pub fn available_blocks(&self) -> u32 {
        self.area.locked(self.place).available()
    }

    /// Bytes of the largest object that may be asked for by default, and of the whole.
    pub fn bytes(&self) -> u64 {
        u64::from(self.area.spec.megabytes) << 20
    }

    /// Numbers that runtime commands show as addresses: of the memory, and of the cache in it.
    pub fn addresses(&self) -> (usize, usize) {
        self.area.addresses()
    }
}

#[cfg(test)]
mod tests;
