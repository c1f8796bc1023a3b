//! All segments of one weir, and the way from a slot to what lies there.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Mutex, OnceLock};

use weir_types::{Slot, WorkerId};

use crate::balance::{BalanceArea, ServerBalance};
use crate::cache::CacheArea;
use crate::cell::Word;
use crate::counters::{BackendCounters, FrontendCounters, ListenerCounters, ServerCounters};
use crate::directory::{Directory, Kind, SEGMENT_SHIFT, Used};
use crate::error::ShmError;
use crate::layout::{Capacity, mark_words};
use crate::lock::RobustLock;
use crate::queue::{PlaceQueue, Waiter};
use crate::ring::{Ring, RingArea, RingSpec};
use crate::segment::Segment;
use crate::sessions::SessionSlot;
use crate::state::{ListenerState, ProxyState, ServerState, ServerText, WorkerInfo, WorkerPhase};
use crate::table::{Area, Table, TableSpec};
use crate::view::*;

const SEGMENTS: usize = 1 << (32 - SEGMENT_SHIFT);
/// Areas of tables: one for the start and one for each reload that adds or changes tables.
const AREAS: usize = 4096;
/// Rings: one for each section at the start, and for each that a reload adds or sizes anew.
const RINGS: usize = 1024;
/// Caches that ever were: those of the start and those that a reload added or gave another size.
const CACHES: usize = 1024;
/// A table's slot holds its area's number above this bit.
const AREA_SHIFT: u32 = 20;
/// Streams of one worker that may wait in queues at once. Memory is touched as they come.
pub const WAITERS_PER_WORKER: u32 = 65_536;

/// Handle to the shared memory of one weir. `Copy`, valid for the life of the process.
#[derive(Clone, Copy)]
pub struct Shm(&'static Inner);

struct Inner {
    segments: [OnceLock<Mapped>; SEGMENTS],
    areas: Box<[OnceLock<Area>]>,
    rings: Box<[OnceLock<RingArea>]>,
    caches: Box<[OnceLock<CacheArea>]>,
    places: usize,
    /// What the supervisor filled so far.
    used: Mutex<Vec<Used>>,
    /// Segments and areas in the order in which they came.
    installed: Mutex<Vec<BorrowedFd<'static>>>,
}

struct Mapped {
    segment: Segment,
    directory: Directory,
}

impl Shm {
    /// Makes the first segment, for `workers` workers and one controller, with room for `capacity`. For the supervisor.
    pub fn create(workers: usize, capacity: Capacity) -> Result<Self, ShmError> {
        let capacity = match capacity.waiters {
            0 => Capacity { waiters: WAITERS_PER_WORKER, ..capacity },
            _ => capacity,
        };
        let shm = Self::empty(workers + 1);
        shm.install(Segment::create(0, capacity, workers + 1)?)?;
        shm.process().state.workers.set(workers as u32);
        Ok(shm)
    }

    /// Maps the segments another process made, in their order. For children.
    pub fn attach(descriptors: Vec<OwnedFd>) -> Result<Self, ShmError> {
        let (rings, descriptors): (Vec<_>, Vec<_>) = descriptors.into_iter().partition(RingArea::is);
        let (caches, rest): (Vec<_>, Vec<_>) = descriptors.into_iter().partition(CacheArea::is);
        let (areas, segments): (Vec<_>, Vec<_>) = rest.into_iter().partition(Area::is);
        let segments = segments.into_iter().map(Segment::attach).collect::<Result<Vec<_>, _>>()?;
        let places = segments.first().map_or(0, |segment| segment.places);
        let shm = Self::empty(places);
        segments.into_iter().try_for_each(|segment| shm.install(segment))?;
        areas.into_iter().try_for_each(|area| shm.install_area(Area::attach(area)?))?;
        rings.into_iter().try_for_each(|ring| shm.install_ring(RingArea::attach(ring)?))?;
        caches.into_iter().try_for_each(|cache| shm.install_cache(CacheArea::attach(cache)?))?;
        Ok(shm)
    }

    /// Memory of this process alone, for tests and for running without children: names are added as asked for.
    pub fn private(workers: usize) -> Self {
        let capacity = Capacity { objects: [256; 4], name_bytes: 65_536, waiters: 4096 };
        Self::create(workers, capacity).expect("memory for a private segment")
    }

    /// Finds or gives a slot to every name of plan `generation`. When there is no room, what only plans had that no
    /// process holds any more is forgotten; when that does not help, another segment is made. For the supervisor, before
    /// it asks children to prepare; pass [`Shm::descriptors`] from the old [`Shm::segment_count`] on to them.
    pub fn reserve<'a>(
        &self,
        names: impl Iterator<Item = (Kind, &'a str)> + Clone,
        generation: u64,
    ) -> Result<(), ShmError> {
        let missing: Vec<_> =
            names.filter(|(kind, name)| self.mark(*kind, name, generation).is_none()).collect();
        let mut left = missing;
        left.retain(|(kind, name)| self.insert(*kind, name, generation).is_none());
        if !left.is_empty() && self.free_unused() > 0 {
            left.retain(|(kind, name)| self.insert(*kind, name, generation).is_none());
        }
        if left.is_empty() {
            return Ok(());
        }
        let number = self.segment_count() as u32;
        let capacity = Capacity::of(left.iter().copied()).with_slack();
        if capacity.objects.iter().any(|count| *count >= 1 << SEGMENT_SHIFT) {
            return Err(ShmError::TooManyNames);
        }
        self.install(Segment::create(number, capacity, self.places())?)?;
        for (kind, name) in left {
            self.insert(kind, name, generation).ok_or(ShmError::TooManyNames)?;
        }
        Ok(())
    }

    /// Frees the places of names that no plan has which a process holds; how many there were.
    fn free_unused(&self) -> usize {
        let running = |place: &WorkerId| self.worker(*place).phase() != WorkerPhase::Empty;
        let held = self.used_places().filter(running).map(|place| self.worker(place).oldest_plan.value());
        let oldest = held.min().unwrap_or(0);
        let mut used = self.0.used.lock().expect("not poisoned");
        let mut count = 0;
        for (mapped, used) in self.mapped().zip(used.iter_mut()) {
            let freed = mapped.directory.free(used, oldest);
            count += freed.len();
            freed.into_iter().for_each(|(kind, slot)| mapped.clear(kind, self.locate(slot).1));
        }
        count
    }

    /// Maps a segment made by [`Shm::reserve`], or an area of tables made by [`Shm::add_tables`], in the supervisor.
    /// For children, in order.
    pub fn attach_segment(&self, descriptor: OwnedFd) -> Result<(), ShmError> {
        if Area::is(&descriptor) {
            return self.install_area(Area::attach(descriptor)?);
        }
        if RingArea::is(&descriptor) {
            return self.install_ring(RingArea::attach(descriptor)?);
        }
        if CacheArea::is(&descriptor) {
            return self.install_cache(CacheArea::attach(descriptor)?);
        }
        self.install(Segment::attach(descriptor)?)
    }

    /// Makes the tables that are not there yet, or not as wanted. For the supervisor, before it asks children to
    /// prepare; pass what is new in [`Shm::descriptors`] on to them, and follow with [`Shm::carry_tables`] when the new
    /// plan is in force.
    pub fn add_tables(&self, wanted: &[TableSpec]) -> Result<(), ShmError> {
        let missing: Vec<_> = wanted.iter().filter(|spec| self.find_table(spec).is_none()).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        if missing.len() >= 1 << AREA_SHIFT {
            return Err(ShmError::TooManyNames);
        }
        self.install_area(Area::create(self.areas().count() as u32, &missing, self.places())?)
    }

    /// Makes the rings that are not there yet, or not of the wanted size. For the supervisor, before it asks children to
    /// prepare; pass what is new in [`Shm::descriptors`] on to them. What a ring held stays over reloads.
    pub fn add_rings(&self, wanted: &[RingSpec]) -> Result<(), ShmError> {
        let missing = |spec: &&RingSpec| !self.ring_areas().any(|ring| ring.is_as(spec));
        wanted.iter().filter(missing).try_for_each(|spec| self.install_ring(RingArea::create(spec)?))
    }

    /// The newest ring of this name, for the process of `place`.
    pub fn ring(&self, name: &str, place: WorkerId) -> Option<Ring> {
        self.ring_areas().filter(|ring| ring.name == name).last().map(|area| Ring::new(area, place))
    }

    fn ring_areas(&self) -> impl Iterator<Item = &'static RingArea> + use<> {
        self.0.rings.iter().map_while(OnceLock::get)
    }

    fn install_ring(&self, ring: RingArea) -> Result<(), ShmError> {
        let place = self.0.rings.iter().find(|place| place.get().is_none());
        let place = place.ok_or(ShmError::TooManyNames)?;
        let descriptor = place.get_or_init(|| ring).descriptor();
        self.0.installed.lock().expect("not poisoned").push(descriptor);
        Ok(())
    }

    /// The plan with these tables comes into force: what a changed table knew goes into the one that takes its place.
    /// For the supervisor, just before children are told; follow with [`Shm::retire_tables`] when all have changed over.
    pub fn carry_tables(&self, wanted: &[TableSpec], now_ms: u64) {
        for old in self.unwanted_tables(wanted).filter(|old| !old.is_retired()) {
            let named = wanted.iter().find(|spec| spec.name == old.spec().name);
            if let Some(new) = named.and_then(|spec| self.find_table(spec)) {
                old.carry_to(&self.table(new, self.controller()), now_ms);
            }
        }
    }

    /// Tables that nobody wants any more take no entries; the memory of those that were retired before is given back:
    /// who still counted in them has had the time since then to end. For the supervisor.
    pub fn retire_tables(&self, wanted: &[TableSpec]) {
        for table in self.unwanted_tables(wanted) {
            if table.is_retired() { table.give_back_memory() } else { table.retire() }
        }
    }

    fn unwanted_tables<'w>(&self, wanted: &'w [TableSpec]) -> impl Iterator<Item = Table> + use<'w> {
        let place = self.controller();
        let tables = self.areas().flat_map(|area| &area.tables).map(move |table| Table::new(table, place));
        tables.filter(move |table| table.is_retired() || !wanted.contains(table.spec()))
    }

    /// The slot of a table that is as described.
    pub fn find_table(&self, spec: &TableSpec) -> Option<Slot> {
        self.areas().find_map(|area| {
            let index = area.tables.iter().position(|table| {
                table.spec == *spec && !Table::new(table, self.controller()).is_retired()
            })?;
            Some(Slot(area.number << AREA_SHIFT | index as u32))
        })
    }

    /// A table for the process of `place`.
    pub fn table(&self, slot: Slot, place: WorkerId) -> Table {
        let area = self.0.areas[(slot.0 >> AREA_SHIFT) as usize].get().expect("a slot of a mapped area");
        Table::new(&area.tables[(slot.0 & ((1 << AREA_SHIFT) - 1)) as usize], place)
    }

    pub fn segment_count(&self) -> usize {
        self.mapped().count()
    }

    /// The memfds of all segments and areas of tables, to be passed to children in this order. New ones come behind.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'static>> + use<> {
        self.0.installed.lock().expect("not poisoned").clone().into_iter()
    }

    /// Places for workers and the controller; the controller's is the last.
    pub fn places(&self) -> usize {
        self.0.places
    }

    /// Places that ever had a process: the first ones, and the controller's. Others hold nothing.
    pub fn used_places(&self) -> impl Iterator<Item = WorkerId> + use<> {
        let controller = self.controller();
        let workers = (self.process().state.workers.value() as u16).min(controller.0);
        (0..workers).map(WorkerId).chain([controller])
    }

    pub fn controller(&self) -> WorkerId {
        WorkerId((self.places() - 1) as u16)
    }

    /// The slot of a name: `backend/server` for servers, `frontend/listener` for listeners.
    pub fn find(&self, kind: Kind, name: &str) -> Option<Slot> {
        self.mapped().find_map(|mapped| mapped.directory.find(kind, name))
    }

    /// [`Shm::find`], adding the name when it is new. For the supervisor and for private memory.
    pub fn find_or_add(&self, kind: Kind, name: &str) -> Result<Slot, ShmError> {
        if let Some(slot) = self.find(kind, name) {
            return Ok(slot);
        }
        self.reserve(std::iter::once((kind, name)), u64::MAX)?;
        self.find(kind, name).ok_or(ShmError::TooManyNames)
    }

    /// Every name ever reserved.
    pub fn names(&self) -> impl Iterator<Item = (Kind, String, Slot)> {
        self.mapped().flat_map(|mapped| mapped.directory.list())
    }

    pub fn process(&self) -> ProcessView {
        let segment = self.segment(0);
        ProcessView { shm: *self, slot: Slot(0), state: &segment.slice(segment.layout.process)[0] }
    }

    /// The mean share of time in which the workers that run have nothing to do.
    pub fn idle_percent(&self) -> u64 {
        let workers = self.places().saturating_sub(1);
        let running = (0..workers)
            .map(|place| WorkerId(place as u16))
            .filter(|worker| self.worker(*worker).phase() == WorkerPhase::Running);
        let (count, sum) = running.fold((0, 0), |(count, sum), worker| {
            (count + 1, sum + self.process().counters(worker).idle_pct.value())
        });
        sum.checked_div(count).unwrap_or(100).min(100)
    }

    pub fn listener(&self, slot: Slot) -> ListenerView {
        let (segment, index) = self.locate(slot);
        ListenerView { shm: *self, slot, state: &segment.slice(segment.layout.listeners)[index] }
    }

    pub fn frontend(&self, slot: Slot) -> FrontendView {
        let (segment, index) = self.locate(slot);
        FrontendView { shm: *self, slot, state: &segment.slice(segment.layout.frontends)[index] }
    }

    pub fn backend(&self, slot: Slot) -> BackendView {
        let (segment, index) = self.locate(slot);
        BackendView { shm: *self, slot, state: &segment.slice(segment.layout.backends)[index] }
    }

    pub fn server(&self, slot: Slot) -> ServerView {
        let (segment, index) = self.locate(slot);
        ServerView { shm: *self, slot, state: &segment.slice(segment.layout.servers)[index] }
    }

    /// What the supervisor notes about a place's process.
    pub fn worker(&self, worker: WorkerId) -> &'static WorkerInfo {
        let segment = self.segment(0);
        &segment.slice(segment.layout.workers)[usize::from(worker.0)]
    }

    /// Puts in order what a dead process left: breaks its locks, takes it out of queues, clears its gauges. For the
    /// supervisor, after it reaped the process and before it starts the next. Follow with [`crate::Wakers::wake_all`].
    pub fn recover(&self, dead: WorkerId) {
        let mut broken = Vec::new();
        for Mapped { segment, .. } in self.mapped() {
            let areas: &[BalanceArea] = segment.slice(segment.layout.balance);
            for (index, area) in areas.iter().enumerate() {
                if area.lock.break_if_held(dead) {
                    broken.push(Slot(segment.number << SEGMENT_SHIFT | index as u32));
                }
            }
        }
        for lock in self.session_arrays().0 {
            lock.break_if_held(dead);
        }
        // Lists are linked anew before the dead worker's successor uses its entries again.
        broken.into_iter().for_each(|backend| self.backend(backend).balance(dead).guard.pass_on());
        self.recover_queue(dead);
        if dead == self.controller() {
            self.mapped().for_each(|mapped| mapped.repair_addresses());
        }
        self.mapped().for_each(|mapped| mapped.clear_gauges(dead));
        self.areas().flat_map(|area| &area.tables).for_each(|table| table.recover(dead));
        self.ring_areas().for_each(|ring| ring.recover(dead));
        self.recover_caches(dead);
        self.used_places().for_each(|place| self.kick(place));
    }

    /// For `clear counters all`: `worker`'s own totals, by the worker itself.
    pub fn clear_totals(&self, worker: WorkerId) {
        self.mapped().for_each(|mapped| mapped.clear_totals(worker));
    }

    pub(crate) fn locate(&self, slot: Slot) -> (&'static Segment, usize) {
        (self.segment(slot.0 >> SEGMENT_SHIFT), (slot.0 & ((1 << SEGMENT_SHIFT) - 1)) as usize)
    }

    pub(crate) fn session_arrays(&self) -> (&'static [RobustLock], &'static [SessionSlot]) {
        let segment = self.segment(0);
        (segment.slice(segment.layout.session_locks), segment.slice(segment.layout.sessions))
    }

    pub(crate) fn balance_area(&self, slot: Slot) -> &'static BalanceArea {
        let (segment, index) = self.locate(slot);
        &segment.slice(segment.layout.balance)[index]
    }

    pub(crate) fn server_balance(&self, slot: Slot) -> &'static ServerBalance {
        let (segment, index) = self.locate(slot);
        &segment.slice(segment.layout.server_balance)[index]
    }

    pub(crate) fn place_queue(&self, worker: WorkerId) -> &'static PlaceQueue {
        let segment = self.segment(0);
        &segment.slice(segment.layout.place_queues)[usize::from(worker.0)]
    }

    pub(crate) fn waiters(&self) -> &'static [Waiter] {
        let segment = self.segment(0);
        segment.slice(segment.layout.waiters)
    }

    /// A worker's grant marks and their summary.
    pub(crate) fn grant_marks(&self, worker: WorkerId) -> (&'static [Word], &'static [Word]) {
        let segment = self.segment(0);
        let words = mark_words(&segment.capacity);
        let of = |array, words: usize| {
            let first = usize::from(worker.0) * words;
            &segment.slice(array)[first..first + words]
        };
        (of(segment.layout.grant_marks, words), of(segment.layout.grant_summary, words.div_ceil(64)))
    }

    pub(crate) fn waiter_pool(&self) -> u32 {
        self.segment(0).capacity.waiters
    }

    /// True when no wake-up of `worker` was on its way.
    pub(crate) fn mark_awake(&self, worker: WorkerId) -> bool {
        self.place_queue(worker).awake.atomic().swap(1, std::sync::atomic::Ordering::SeqCst) == 0
    }

    fn empty(places: usize) -> Self {
        let inner = Inner {
            segments: [const { OnceLock::new() }; SEGMENTS],
            areas: (0..AREAS).map(|_| OnceLock::new()).collect(),
            rings: (0..RINGS).map(|_| OnceLock::new()).collect(),
            caches: (0..CACHES).map(|_| OnceLock::new()).collect(),
            places,
            used: Mutex::default(),
            installed: Mutex::default(),
        };
        Self(Box::leak(Box::new(inner)))
    }

    fn install(&self, segment: Segment) -> Result<(), ShmError> {
        let cell = self.0.segments.get(segment.number as usize).ok_or(ShmError::TooManySegments)?;
        let directory = Directory::of(&segment);
        self.0.used.lock().expect("not poisoned").push(Used::default());
        cell.set(Mapped { segment, directory }).map_err(|_| ShmError::TooManySegments)?;
        let segment = &self.0.segments.iter().map_while(OnceLock::get).last().expect("just set").segment;
        self.0.installed.lock().expect("not poisoned").push(segment.descriptor());
        Ok(())
    }

    fn mark(&self, kind: Kind, name: &str, generation: u64) -> Option<Slot> {
        let mut used = self.0.used.lock().expect("not poisoned");
        self.mapped()
            .zip(used.iter_mut())
            .find_map(|(mapped, used)| mapped.directory.mark(used, kind, name, generation))
    }

    fn insert(&self, kind: Kind, name: &str, generation: u64) -> Option<Slot> {
        let mut used = self.0.used.lock().expect("not poisoned");
        self.mapped()
            .zip(used.iter_mut())
            .find_map(|(mapped, used)| mapped.directory.insert(used, kind, name, generation))
    }

    fn segment(&self, number: u32) -> &'static Segment {
        &self.0.segments[number as usize].get().expect("a slot of a mapped segment").segment
    }

    fn install_area(&self, area: Area) -> Result<(), ShmError> {
        let cell = self.0.areas.get(area.number as usize).ok_or(ShmError::TooManySegments)?;
        let descriptor = area.descriptor();
        cell.set(area).map_err(|_| ShmError::TooManySegments)?;
        self.0.installed.lock().expect("not poisoned").push(descriptor);
        Ok(())
    }

    fn areas(&self) -> impl Iterator<Item = &'static Area> + use<> {
        self.0.areas.iter().map_while(OnceLock::get)
    }

    fn mapped(&self) -> impl Iterator<Item = &'static Mapped> + use<> {
        self.0.segments.iter().map_while(OnceLock::get)
    }
}

impl Mapped {
    /// Makes an object's state and counters what they were when nobody had used them.
    fn clear(&self, kind: Kind, index: usize) {
        let (segment, layout) = (&self.segment, &self.segment.layout);
        match kind {
            Kind::Listener => segment.zero::<ListenerState>(layout.listeners, index),
            Kind::Frontend => segment.zero::<ProxyState>(layout.frontends, index),
            Kind::Backend => {
                segment.zero::<ProxyState>(layout.backends, index);
                segment.zero::<BalanceArea>(layout.balance, index);
            }
            Kind::Server => {
                segment.zero::<ServerState>(layout.servers, index);
                segment.zero::<ServerBalance>(layout.server_balance, index);
                segment.zero::<ServerText>(layout.server_texts, index);
            }
        }
        for place in &layout.counters {
            match kind {
                Kind::Listener => segment.zero::<ListenerCounters>(place.listeners, index),
                Kind::Frontend => segment.zero::<FrontendCounters>(place.frontends, index),
                Kind::Backend => segment.zero::<BackendCounters>(place.backends, index),
                Kind::Server => segment.zero::<ServerCounters>(place.servers, index),
            }
        }
    }

    fn clear_gauges(&self, worker: WorkerId) {
        let arrays = self.segment.layout.counters[usize::from(worker.0)];
        let segment = &self.segment;
        segment.slice::<crate::ProcessCounters>(arrays.process).iter().for_each(|place| place.clear_gauges());
        segment
            .slice::<crate::ListenerCounters>(arrays.listeners)
            .iter()
            .for_each(|place| place.clear_gauges());
        segment
            .slice::<crate::FrontendCounters>(arrays.frontends)
            .iter()
            .for_each(|place| place.clear_gauges());
        segment
            .slice::<crate::BackendCounters>(arrays.backends)
            .iter()
            .for_each(|place| place.clear_gauges());
        segment.slice::<crate::ServerCounters>(arrays.servers).iter().for_each(|place| place.clear_gauges());
    }

    fn clear_totals(&self, worker: WorkerId) {
        let arrays = self.segment.layout.counters[usize::from(worker.0)];
        let segment = &self.segment;
        segment.slice::<crate::ProcessCounters>(arrays.process).iter().for_each(|place| place.clear_totals());
        segment
            .slice::<crate::ListenerCounters>(arrays.listeners)
            .iter()
            .for_each(|place| place.clear_totals());
        segment
            .slice::<crate::FrontendCounters>(arrays.frontends)
            .iter()
            .for_each(|place| place.clear_totals());
        segment
            .slice::<crate::BackendCounters>(arrays.backends)
            .iter()
            .for_each(|place| place.clear_totals());
        segment.slice::<crate::ServerCounters>(arrays.servers).iter().for_each(|place| place.clear_totals());
    }

    fn repair_addresses(&self) {
        let segment = &self.segment;
        segment
            .slice::<crate::ServerState>(segment.layout.servers)
            .iter()
            .for_each(|server| server.address.repair());
    }
}

mod caches;
#[cfg(test)]
mod tests;
