//! Streams that wait for a server, over all workers: a list per server and per backend, linked through entries that each
//! worker takes from a pool of its own. Lists are changed under the backend's lock. Granting is one store to the entry;
//! a bit for its worker then says where to look, and may be set again by whoever finds that the granter died.

use std::sync::atomic::Ordering::*;

use weir_types::{Slot, WorkerId};

use crate::cell::{Word, Word32};
use crate::shm::Shm;

/// An entry of a worker's pool. Lives in the first segment, whose pools are as large as they will ever be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WaiterId(u32);

/// What a waiting stream was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    pub worker: WorkerId,
    pub waiter: WaiterId,
    /// As given to [`crate::Balance::enqueue`].
    pub token: u64,
    pub backend: Slot,
    /// The server whose place it has.
    pub server: Slot,
}

/// Links hold an entry's number plus one, so zeroed memory is an empty list.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct QueueHead {
    first: Word32,
    last: Word32,
    length: Word32,
}

#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct Waiter {
    next: Word32,
    previous: Word32,
    state: Word32,
    /// Slot plus one; 0 waits for any server.
    server: Word32,
    backend: Word32,
    granted: Word32,
    key: Word,
    /// Order of arrival, to rebuild a list.
    arrival: Word,
    token: Word,
}

const FREE: u32 = 0;
const WAITING: u32 = 1;
const GRANTED: u32 = 2;

/// One worker's pool and what came back to it.
#[repr(C, align(128))]
#[derive(Debug, Default)]
pub(crate) struct PlaceQueue {
    /// Free entries that were used before; changed by the owner only.
    free: Word32,
    /// Entries never used begin here.
    unused: Word32,
    /// Set when a place may have become free without a grant: look at your waiting streams.
    kicked: Word32,
    /// A wake-up is on its way.
    pub awake: Word32,
    arrivals: Word,
}

/// The queues of one backend, its lock held.
pub struct Queue {
    pub(crate) shm: Shm,
    pub(crate) backend: Slot,
}

impl Queue {
    pub(crate) fn enqueue(
        &self,
        worker: WorkerId,
        server: Option<Slot>,
        key: u64,
        token: u64,
    ) -> Option<WaiterId> {
        let number = self.allocate(worker)?;
        let waiter = self.entry(number);
        waiter.server.set(server.map_or(0, |slot| slot.0 + 1));
        waiter.backend.set(self.backend.0);
        waiter.key.set(key);
        waiter.token.set(token);
        waiter.arrival.set(self.shm.place_queue(WorkerId(0)).arrivals.fetch_add(1));
        self.link(number, waiter, self.head(server));
        waiter.state.atomic().store(WAITING, Release);
        Some(WaiterId(number))
    }

    pub(crate) fn cancel(&self, id: WaiterId) -> bool {
        let waiter = self.entry(id.0);
        if waiter.state.value() != WAITING {
            return false;
        }
        self.unlink(id.0, waiter);
        self.shm.free_waiter(id.0);
        true
    }

    pub(crate) fn grant(&self, server: Slot, backend_too: bool) -> Option<Grant> {
        let own = self.first(Some(server));
        let any = if backend_too { self.first(None) } else { None };
        let number = match (own, any) {
            (Some(own), Some(any)) if self.order(any) < self.order(own) => any,
            (own, any) => own.or(any)?,
        };
        let waiter = self.entry(number);
        self.unlink(number, waiter);
        waiter.granted.set(server.0);
        waiter.state.atomic().store(GRANTED, Release);
        let worker = self.shm.waiter_owner(number);
        self.shm.mark_granted(number);
        let (token, backend) = (waiter.token.value(), self.backend);
        Some(Grant { worker, waiter: WaiterId(number), token, backend, server })
    }

    pub(crate) fn length(&self, server: Option<Slot>) -> u32 {
        self.head(server).length.value()
    }

    /// Links all waiting entries of this backend anew, after an owner of the lock died.
    pub(crate) fn rebuild(&self) {
        let mine = |number: &u32| self.entry(*number).backend.value() == self.backend.0;
        let numbers: Vec<u32> = self.shm.used_waiters().filter(mine).collect();
        self.head(None).clear();
        // Entries that are free now may have been linked by halves.
        numbers.iter().for_each(|number| self.head(self.target(*number)).clear());
        let state = |number: &u32| self.entry(*number).state.atomic().load(Acquire);
        let mut waiting: Vec<u32> =
            numbers.iter().copied().filter(|number| state(number) == WAITING).collect();
        waiting.sort_by_key(|number| self.order(*number));
        for number in waiting {
            self.link(number, self.entry(number), self.head(self.target(number)));
        }
        // The one who granted may have died before it said so.
        let granted = numbers.iter().copied().filter(|number| state(number) == GRANTED);
        granted.for_each(|number| self.shm.mark_granted(number));
    }

    fn target(&self, number: u32) -> Option<Slot> {
        self.entry(number).server.value().checked_sub(1).map(Slot)
    }

    fn order(&self, number: u32) -> (u64, u64) {
        let waiter = self.entry(number);
        (waiter.key.value(), waiter.arrival.value())
    }

    /// The head of a list. One that points at something else was left over by a death: the list is empty.
    fn first(&self, server: Option<Slot>) -> Option<u32> {
        let head = self.head(server);
        let number = head.first.value().checked_sub(1)?;
        let fits = self.waits_in(number, server);
        if !fits {
            head.clear();
        }
        fits.then_some(number)
    }

    fn waits_in(&self, number: u32, server: Option<Slot>) -> bool {
        let waiter = self.entry(number);
        waiter.state.value() == WAITING
            && waiter.backend.value() == self.backend.0
            && self.target(number) == server
    }

    /// Inserts from the end: streams without priority have growing keys, so the walk is short.
    fn link(&self, number: u32, waiter: &Waiter, head: &QueueHead) {
        let order = (waiter.key.value(), waiter.arrival.value());
        if head.last.value().checked_sub(1).is_some_and(|last| !self.waits_in(last, self.target(number))) {
            head.clear();
        }
        let mut after = head.last.value();
        while let Some(previous) = after.checked_sub(1) {
            if self.order(previous) <= order {
                break;
            }
            after = self.entry(previous).previous.value();
        }
        let before = match after.checked_sub(1) {
            Some(previous) => &self.entry(previous).next,
            None => &head.first,
        };
        let next = before.value();
        waiter.previous.set(after);
        waiter.next.set(next);
        before.set(number + 1);
        match next.checked_sub(1) {
            Some(next) => self.entry(next).previous.set(number + 1),
            None => head.last.set(number + 1),
        }
        head.length.set(head.length.value() + 1);
    }

    fn unlink(&self, number: u32, waiter: &Waiter) {
        let head = self.head(self.target(number));
        let (previous, next) = (waiter.previous.value(), waiter.next.value());
        match previous.checked_sub(1) {
            Some(previous) => self.entry(previous).next.set(next),
            None => head.first.set(next),
        }
        match next.checked_sub(1) {
            Some(next) => self.entry(next).previous.set(previous),
            None => head.last.set(previous),
        }
        head.length.set(head.length.value().saturating_sub(1));
    }

    fn head(&self, server: Option<Slot>) -> &'static QueueHead {
        match server {
            Some(server) => &self.shm.server_balance(server).queue,
            None => &self.shm.balance_area(self.backend).queue,
        }
    }

    fn entry(&self, number: u32) -> &'static Waiter {
        &self.shm.waiters()[number as usize]
    }

    fn allocate(&self, worker: WorkerId) -> Option<u32> {
        let place = self.shm.place_queue(worker);
        if let Some(number) = place.free.value().checked_sub(1) {
            place.free.set(self.entry(number).next.value());
            return Some(number);
        }
        let unused = place.unused.value();
        let pool = self.shm.waiter_pool();
        (unused < pool).then(|| {
            place.unused.set(unused + 1);
            u32::from(worker.0) * pool + unused
        })
    }
}

/// The numbers of the bits that are set.
fn bits(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some(bit)
    })
}

#[cfg(test)]
impl Waiter {
    /// What a death half-way through a change of the list may leave.
    pub(crate) fn tear(&self) {
        self.next.set(0);
        self.previous.set(3);
    }
}

impl QueueHead {
    fn clear(&self) {
        self.first.set(0);
        self.last.set(0);
        self.length.set(0);
    }
}

impl Shm {
    /// What `worker`'s waiting streams were granted since the last call. For the owner, after its wake-up.
    pub fn take_grants(&self, worker: WorkerId) -> Vec<Grant> {
        self.place_queue(worker).awake.atomic().store(0, SeqCst);
        let (marks, summary) = self.grant_marks(worker);
        let first = u32::from(worker.0) * self.waiter_pool();
        let mut grants = Vec::new();
        for (at, word) in summary.iter().enumerate() {
            for index in bits(word.atomic().swap(0, AcqRel)) {
                let index = at as u32 * 64 + index;
                for bit in bits(marks[index as usize].atomic().swap(0, AcqRel)) {
                    let number = first + index * 64 + bit;
                    let waiter = &self.waiters()[number as usize];
                    // A mark may have been set twice.
                    if waiter.state.atomic().load(Acquire) == GRANTED {
                        let (token, server) = (waiter.token.value(), Slot(waiter.granted.value()));
                        let (waiter, backend) = (WaiterId(number), Slot(waiter.backend.value()));
                        grants.push(Grant { worker, waiter, token, backend, server });
                        self.free_waiter(number);
                    }
                }
            }
        }
        grants
    }

    /// Whether places may have become free without a grant (a worker died). Clears the mark.
    pub fn take_kick(&self, worker: WorkerId) -> bool {
        self.place_queue(worker).kicked.atomic().swap(0, AcqRel) != 0
    }

    pub(crate) fn kick(&self, worker: WorkerId) {
        self.place_queue(worker).kicked.atomic().store(1, Release);
    }

    /// Takes a dead worker's entries out of every list and empties its pool. Its locks must be broken already.
    pub(crate) fn recover_queue(&self, dead: WorkerId) {
        let place = self.place_queue(dead);
        let pool = self.waiter_pool();
        let first = u32::from(dead.0) * pool;
        for number in first..first + place.unused.value().min(pool) {
            let waiter = &self.waiters()[number as usize];
            if waiter.state.atomic().load(Acquire) == FREE {
                continue;
            }
            // Under the lock nobody is half-way through granting it.
            let backend = Slot(waiter.backend.value());
            let balance = self.backend(backend).balance(dead);
            if waiter.state.value() == WAITING {
                Queue { shm: *self, backend }.unlink(number, waiter);
            }
            waiter.state.set(FREE);
            balance.guard.pass_on();
        }
        let (marks, summary) = self.grant_marks(dead);
        summary.iter().chain(marks).for_each(|word| word.set(0));
        place.free.set(0);
        place.unused.set(0);
    }

    fn free_waiter(&self, number: u32) {
        let waiter = &self.waiters()[number as usize];
        waiter.state.atomic().store(FREE, Release);
        let place = self.place_queue(self.waiter_owner(number));
        waiter.next.set(place.free.value());
        place.free.set(number + 1);
    }

    fn mark_granted(&self, number: u32) {
        let worker = self.waiter_owner(number);
        let (marks, summary) = self.grant_marks(worker);
        let place = number % self.waiter_pool();
        let index = place as usize / 64;
        marks[index].atomic().fetch_or(1 << (place % 64), AcqRel);
        summary[index / 64].atomic().fetch_or(1 << (index % 64), AcqRel);
    }

    fn waiter_owner(&self, number: u32) -> WorkerId {
        WorkerId((number / self.waiter_pool().max(1)) as u16)
    }

    fn used_waiters(&self) -> impl Iterator<Item = u32> {
        let (shm, pool) = (*self, self.waiter_pool());
        self.used_places().flat_map(move |place| {
            let unused = shm.place_queue(place).unused.value().min(pool);
            let first = u32::from(place.0) * pool;
            first..first + unused
        })
    }
}
