//! What all workers of a backend must agree on while they choose a server: positions, places under `maxconn`, queues.
//! Reached through [`crate::BackendView::balance`] only, which holds the backend's lock.

use weir_types::{Slot, WorkerId};

use crate::cell::Word;
use crate::lock::{Guard, RobustLock};
use crate::queue::{Grant, Queue, QueueHead, WaiterId};
use crate::shm::Shm;

/// Words of a backend's balancing state; their meaning is the algorithm's.
pub const BACKEND_WORDS: usize = 24;
/// Words of a server's balancing state.
pub const SERVER_WORDS: usize = 8;

#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct BalanceArea {
    pub lock: RobustLock,
    pub queue: QueueHead,
    pub words: [Word; BACKEND_WORDS],
}

#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct ServerBalance {
    pub queue: QueueHead,
    pub words: [Word; SERVER_WORDS],
}

/// A backend's balancing state with its lock held. Keep it short: other workers wait.
pub struct Balance<'a> {
    pub(crate) shm: Shm,
    pub(crate) backend: Slot,
    pub(crate) area: &'static BalanceArea,
    pub(crate) guard: Guard<'a>,
}

impl Balance<'_> {
    /// A worker died while it held this lock: the words may be half written and must be set anew.
    pub fn recovered(&self) -> bool {
        self.guard.recovered()
    }

    /// All zero until first set.
    pub fn words(&self) -> &'static [Word; BACKEND_WORDS] {
        &self.area.words
    }

    /// All zero until first set. `server` must belong to this backend.
    pub fn server_words(&self, server: Slot) -> &'static [Word; SERVER_WORDS] {
        &self.shm.server_balance(server).words
    }

    /// Streams that occupy a place of this server, over all workers.
    pub fn served(&self, server: Slot) -> u32 {
        self.shm.server(server).sum(|counters| counters.served.value()) as u32
    }

    /// Takes one of the server's `limit` places for `worker` (`limit` 0: without limit). False when all are taken.
    pub fn acquire(&self, worker: WorkerId, server: Slot, limit: u32) -> bool {
        let free = limit == 0 || self.served(server) < limit;
        if free {
            self.shm.server(server).counters(worker).served.increment();
        }
        free
    }

    /// Gives `worker`'s place back; follow with [`Balance::grant`] while somebody waits.
    pub fn release(&self, worker: WorkerId, server: Slot) {
        self.shm.server(server).counters(worker).served.decrement();
    }

    /// Puts a stream of `worker` into the server's queue, or the backend's when `server` is `None`.
    /// `key` orders the queue (lowest first, equal keys by arrival); `token` is what the worker knows the stream by.
    /// `None`: the worker has as many waiting streams as shared memory has room for.
    pub fn enqueue(&self, worker: WorkerId, server: Option<Slot>, key: u64, token: u64) -> Option<WaiterId> {
        self.queue().enqueue(worker, server, key, token)
    }

    /// Takes a stream out of its queue. False: it was granted a place meanwhile, which [`Shm::take_grants`] yields.
    pub fn cancel(&self, waiter: WaiterId) -> bool {
        self.queue().cancel(waiter)
    }

    /// Gives a place of `server` to the longest waiter of the server's or the backend's queue (`backend_too`) and counts
    /// it as served. Returns whom to wake ([`crate::Wakers::wake`]), or `None` when nobody waits or no place is free.
    pub fn grant(&self, server: Slot, limit: u32, backend_too: bool) -> Option<WorkerId> {
        if limit != 0 && self.served(server) >= limit {
            return None;
        }
        let Grant { worker, .. } = self.queue().grant(server, backend_too)?;
        self.shm.server(server).counters(worker).served.increment();
        Some(worker)
    }

    /// How many wait in the server's queue, or the backend's.
    pub fn queued(&self, server: Option<Slot>) -> u32 {
        self.queue().length(server)
    }

    fn queue(&self) -> Queue {
        Queue { shm: self.shm, backend: self.backend }
    }
}
