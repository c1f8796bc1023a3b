//! One eventfd per worker place: how a worker tells another that its shared state changed.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::eventfd::{EfdFlags, EventFd};
use weir_types::WorkerId;

use crate::shm::Shm;

/// The eventfds of all places, non-blocking, in order of places. Made by the supervisor, inherited by children.
pub struct Wakers {
    descriptors: Vec<OwnedFd>,
}

impl Wakers {
    pub fn create(places: usize) -> io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let create = |_| EventFd::from_value_and_flags(0, flags).map(OwnedFd::from).map_err(io::Error::from);
        Ok(Self { descriptors: (0..places).map(create).collect::<io::Result<_>>()? })
    }

    /// From inherited descriptors, in order of places.
    pub fn from_descriptors(descriptors: Vec<OwnedFd>) -> Self {
        Self { descriptors }
    }

    /// Where `worker` waits: becomes readable on a wake-up; read 8 bytes, then [`Shm::take_grants`].
    pub fn descriptor(&self, worker: WorkerId) -> BorrowedFd<'_> {
        self.descriptors[usize::from(worker.0)].as_fd()
    }

    /// Wakes `worker` unless a wake-up is already on its way.
    pub fn wake(&self, shm: Shm, worker: WorkerId) {
        if shm.mark_awake(worker) {
            self.send(worker);
        }
    }

    fn send(&self, worker: WorkerId) {
        // A full counter means that the worker has a wake-up pending.
        let _ = nix::unistd::write(self.descriptor(worker), &1u64.to_ne_bytes());
    }

    /// Wakes everybody, also those whose wake-up was announced by a worker that died before it sent it.
    pub fn wake_all(&self, shm: Shm) {
        for worker in shm.used_places() {
            shm.mark_awake(worker);
            self.send(worker);
        }
    }

    pub fn len(&self) -> usize {
        self.descriptors.len()
    }

    pub fn is_empty(&self) -> bool {
        self.descriptors.is_empty()
    }
}
