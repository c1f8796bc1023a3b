//! The caches among what is shared.

use std::sync::OnceLock;

use weir_types::{Slot, WorkerId};

use super::{CACHES, Shm};
use crate::cache::{Cache, CacheArea, CacheSpec};
use crate::error::ShmError;

impl Shm {
    /// Makes the caches that are not there yet. For the supervisor, before it asks children to prepare; pass what is
    /// new in [`Shm::descriptors`] on to them.
    pub fn add_caches(&self, wanted: &[CacheSpec]) -> Result<(), ShmError> {
        for spec in wanted {
            if self.find_cache(spec).is_none() {
                let number = self.cache_areas().count() as u32;
                self.install_cache(CacheArea::create(number, spec, self.places())?)?;
            }
        }
        Ok(())
    }

    /// The plan with these caches is in force: others are emptied, and their memory is given back once nobody sends
    /// from them. For the supervisor.
    pub fn empty_caches_but(&self, wanted: &[CacheSpec]) {
        for area in self.cache_areas().filter(|area| !wanted.contains(&area.spec)) {
            let mut locked = area.locked(self.controller());
            if locked.clear() {
                area.give_back_memory();
            }
        }
    }

    /// The slot of a cache with this name and size.
    pub fn find_cache(&self, spec: &CacheSpec) -> Option<Slot> {
        self.cache_areas().find(|area| area.spec == *spec).map(|area| Slot(area.number))
    }

    /// A cache for the process of `place`.
    pub fn cache(&self, slot: Slot, place: WorkerId) -> Cache {
        let area = self.0.caches[slot.0 as usize].get().expect("a slot of a mapped cache");
        Cache::new(area, place)
    }

    pub(super) fn recover_caches(&self, dead: WorkerId) {
        for area in self.cache_areas() {
            area.control().lock.break_if_held(dead);
            area.locked(dead).recover(dead);
        }
    }

    pub(super) fn install_cache(&self, area: CacheArea) -> Result<(), ShmError> {
        let number = area.number as usize;
        let cell = self.0.caches.get(number).filter(|_| number < CACHES).ok_or(ShmError::TooManySegments)?;
        cell.set(area).map_err(|_| ShmError::TooManySegments)?;
        let area = cell.get().expect("just set");
        self.0.installed.lock().expect("not poisoned").push(area.descriptor());
        Ok(())
    }

    fn cache_areas(&self) -> impl Iterator<Item = &'static CacheArea> + use<> {
        self.0.caches.iter().map_while(OnceLock::get)
    }
}
