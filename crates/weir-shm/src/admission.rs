//! Places under `maxconn`: of a listener, of its frontend, of the process. Each is one limit over all workers, and exact.
//!
//! A worker claims a place before it accepts: it raises gauges of its own and then sums those of all. Between the two
//! stands a fence, so of workers that claim at once the last to pass its fence sees every other claim, and no more go on
//! than there are places. Who has to give its claim back parks: it says so in a gauge, looks once more without a claim, and
//! sleeps. Whoever lowers a gauge otherwise looks, behind a fence of its own, for parked workers. So either the one that
//! parks sees the place that became free, or the one that freed it sees who is parked. `tests/admission.rs` explores it.
//!
//! Claims stand in gauges of their own: nobody who reads how many connections there are sees one that was refused.

use std::sync::atomic::{Ordering::SeqCst, fence};

use weir_types::{Slot, WorkerId};

use crate::shm::Shm;
use crate::wake::Wakers;

/// How many connections there may be; 0 or `None` is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Of one listener.
    pub listener: Option<u32>,
    /// Of all listeners of the frontend.
    pub frontend: Option<u32>,
    pub process: Option<u32>,
}

/// Where a worker wants to let a connection in.
#[derive(Clone, Copy)]
pub struct Door {
    pub shm: Shm,
    pub worker: WorkerId,
    pub listener: Slot,
    pub frontend: Option<Slot>,
    pub limits: Limits,
}

impl Door {
    /// A place; `None` if a limit is reached.
    pub fn claim(self, wakers: &Wakers) -> Option<Claim<'_>> {
        self.raise();
        fence(SeqCst);
        if self.fits(0) {
            return Some(Claim { door: self, wakers });
        }
        // Nobody is woken: others that were refused because of this claim look again after they gave back their own.
        self.lower();
        None
    }

    /// Whether one more would be let in.
    pub fn has_room(&self) -> bool {
        self.fits(1)
    }

    fn raise(&self) {
        self.shm.process().counters(self.worker).claims.increment();
        self.shm.listener(self.listener).counters(self.worker).claims.increment();
        if let Some(frontend) = self.frontend {
            self.shm.frontend(frontend).counters(self.worker).claims.increment();
        }
    }

    fn lower(&self) {
        self.shm.process().counters(self.worker).claims.decrement();
        self.shm.listener(self.listener).counters(self.worker).claims.decrement();
        if let Some(frontend) = self.frontend {
            self.shm.frontend(frontend).counters(self.worker).claims.decrement();
        }
    }

    /// Whether connections, claims and `more` of them are within every limit.
    fn fits(&self, more: u64) -> bool {
        let fits = |limit: Option<u32>, sum: &dyn Fn() -> u64| {
            limit.is_none_or(|limit| limit == 0 || sum() + more <= limit.into())
        };
        fits(self.limits.listener, &|| {
            self.shm.listener(self.listener).sum(|gauges| gauges.claims.value() + gauges.scur.value())
        }) && self.frontend.is_none_or(|frontend| {
            fits(self.limits.frontend, &|| {
                self.shm.frontend(frontend).sum(|gauges| gauges.claims.value() + gauges.scur.value())
            })
        }) && fits(self.limits.process, &|| {
            self.shm.process().sum(|gauges| gauges.claims.value() + gauges.curr_conns.value())
        })
    }
}

/// A claimed place. Dropped once the connection it was claimed for is counted, or did not come.
pub struct Claim<'a> {
    door: Door,
    wakers: &'a Wakers,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.door.lower();
        self.wakers.wake_parked(self.door.shm, self.door.worker);
    }
}

/// Says that an accept loop of this worker waits for a place, for as long as it exists. To be followed by a last look.
pub struct Parked {
    shm: Shm,
    worker: WorkerId,
}

impl Parked {
    pub fn new(shm: Shm, worker: WorkerId) -> Self {
        shm.process().counters(worker).parked.increment();
        fence(SeqCst);
        Self { shm, worker }
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        self.shm.process().counters(self.worker).parked.decrement();
    }
}

impl Wakers {
    /// After `worker` lowered a gauge: wakes the other workers that wait for a place.
    pub fn wake_parked(&self, shm: Shm, worker: WorkerId) {
        fence(SeqCst);
        let process = shm.process();
        shm.used_places()
            .filter(|place| *place != worker && process.counters(*place).parked.value() > 0)
            .for_each(|place| self.wake(shm, place));
    }
}
