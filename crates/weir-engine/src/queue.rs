//! Streams of this worker that wait for a place on a server. The order over all workers is kept in shared memory; here
//! stands who is woken when a place was granted.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::task::Waker;

use tokio::io::unix::AsyncFd;
use weir_shm::WaiterId;
use weir_types::Slot;

use crate::server::{Assignment, LockedServers};
use crate::stream::Stream;
use crate::worker::Worker;

/// A stream in a queue.
#[derive(Debug)]
pub struct Waiting {
    pub token: u64,
    pub waiter: WaiterId,
    /// The backend under whose lock the entry is cancelled.
    pub backend: Slot,
    /// The server whose queue it is in; the backend's where there is none.
    pub server: Option<Slot>,
    /// The server whose place was granted; already counted as served.
    pub granted: Cell<Option<Slot>>,
    waker: Waker,
}

#[derive(Debug, Default)]
pub struct Queues {
    next_token: Cell<u64>,
    waiting: RefCell<HashMap<u64, Rc<Waiting>>>,
    /// What hashes are looked up in, by backend.
    tables: RefCell<HashMap<Slot, weir_balance::Table>>,
}

impl Queues {
    /// The server that a hash belongs to; without one the turn is that of requests without a key.
    pub fn hashed(
        &self,
        backend: Slot,
        settings: &weir_balance::Settings,
        servers: &LockedServers<'_>,
        hash: Option<u32>,
        request: &weir_balance::Request,
    ) -> Assignment {
        let mut tables = self.tables.borrow_mut();
        let table = tables.entry(backend).or_default();
        let choice = match hash {
            Some(hash) => table.choose(settings, servers, hash, request),
            None => table.unkeyed(settings, servers, request),
        };
        servers.assignment(choice)
    }

    /// A token for the next [`Queues::enter`].
    pub fn token(&self) -> u64 {
        self.next_token.set(self.next_token.get() + 1);
        self.next_token.get()
    }

    pub fn enter(
        &self,
        token: u64,
        waiter: WaiterId,
        backend: Slot,
        server: Option<Slot>,
        waker: &Waker,
    ) -> Rc<Waiting> {
        let granted = Cell::new(None);
        let waiting = Rc::new(Waiting { token, waiter, backend, server, granted, waker: waker.clone() });
        self.waiting.borrow_mut().insert(token, waiting.clone());
        waiting
    }

    pub fn forget(&self, token: u64) {
        self.waiting.borrow_mut().remove(&token);
    }

    /// Hands out what was granted to this worker.
    pub fn take_grants(&self, worker: &Worker) {
        for grant in worker.shm.take_grants(worker.id) {
            let waiting = self.waiting.borrow_mut().remove(&grant.token);
            match waiting {
                Some(waiting) => {
                    waiting.granted.set(Some(grant.server));
                    waiting.waker.wake_by_ref();
                }
                // The stream is gone: its place is the next waiter's.
                None => crate::assign::give_back(worker, grant.backend, grant.server),
            }
        }
        if worker.shm.take_kick(worker.id) {
            self.look_again(worker);
        }
    }

    /// Places may have become free without a grant, and servers may have gone: both concern those who wait.
    pub fn look_again(&self, worker: &Worker) {
        let mut backends: Vec<Slot> = self.waiting.borrow().values().map(|waiting| waiting.backend).collect();
        backends.sort_unstable_by_key(|slot| slot.0);
        backends.dedup();
        backends.into_iter().for_each(|backend| crate::assign::grant_free(worker, backend));
        self.waiting.borrow().values().for_each(|waiting| waiting.waker.wake_by_ref());
    }
}

/// A stream in a server's queue counts there alone, as in HAProxy.
pub fn count_entry(worker: &Worker, server: Option<Slot>, backend: Slot) {
    match server {
        Some(server) => {
            let view = worker.shm.server(server);
            view.counters(worker.id).qcur.increment();
            view.state.qmax.raise(view.sum(|counters| counters.qcur.value()));
        }
        None => {
            let view = worker.shm.backend(backend);
            view.counters(worker.id).qcur.increment();
            view.state.qmax.raise(view.sum(|counters| counters.qcur.value()));
        }
    }
}

pub fn count_exit(worker: &Worker, waiting: &Waiting) {
    match waiting.server {
        Some(server) => worker.shm.server(server).counters(worker.id).qcur.decrement(),
        None => worker.shm.backend(waiting.backend).counters(worker.id).qcur.decrement(),
    }
}

/// Takes a stream out of the queue it may be in; a place granted meanwhile is given back.
pub fn leave(worker: &Worker, stream: &mut Stream) {
    let Some(waiting) = stream.waiting.take() else { return };
    count_exit(worker, &waiting);
    worker.queues.forget(waiting.token);
    if let Some(server) = waiting.granted.get() {
        crate::assign::give_back(worker, waiting.backend, server);
        return;
    }
    let cancelled = worker.shm.backend(waiting.backend).balance(worker.id).cancel(waiting.waiter);
    if !cancelled {
        // Granted, and not yet taken from shared memory: that happens now, and nobody waits for it.
        worker.queues.take_grants(worker);
    }
}

/// Waits for wake-ups by other workers; to be spawned once per worker.
pub async fn listen(worker: Rc<Worker>) -> io::Result<()> {
    let descriptor = worker.wakers.descriptor(worker.id).try_clone_to_owned()?;
    // The safe constructor: an OwnedFd is never replaced or closed while the poller knows it.
    #[allow(deprecated)]
    let event = AsyncFd::new(descriptor)?;
    loop {
        let mut ready = event.readable().await?;
        let mut count = [0; 8];
        let _ = nix::unistd::read(event.get_ref().as_fd(), &mut count);
        ready.clear_ready();
        worker.queues.take_grants(&worker);
        worker.notice_servers();
        worker.freed.notify_waiters();
    }
}
