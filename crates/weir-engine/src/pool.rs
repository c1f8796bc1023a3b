//! Idle connections to servers, kept for later requests (`http-reuse`). One pool per server and worker; it belongs to
//! the server's place in shared memory and so outlives a reload.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use weir_shm::ServerCounters;
use weir_types::Slot;

use crate::server::Target;
use crate::socket::Socket;

#[derive(Debug)]
pub struct IdleConnection {
    pub socket: Socket,
    /// Where it leads: a server that moved must not be reached over an old connection.
    pub target: Target,
    /// Requests it has carried.
    pub uses: u32,
}

#[derive(Debug)]
pub struct ServerPool {
    idle: RefCell<VecDeque<IdleConnection>>,
    counters: &'static ServerCounters,
}

/// The pools of one worker.
#[derive(Debug, Default)]
pub struct Pools {
    by_slot: RefCell<HashMap<u32, Rc<ServerPool>, BySlot>>,
}

impl Pools {
    pub fn of(&self, slot: Slot, counters: &'static ServerCounters) -> Rc<ServerPool> {
        let make = || Rc::new(ServerPool { idle: RefCell::default(), counters });
        self.by_slot.borrow_mut().entry(slot.0).or_insert_with(make).clone()
    }

    /// Closes half of every pool (`pool-purge-delay`) and whatever a server has closed meanwhile.
    pub fn purge(&self) {
        self.by_slot.borrow().values().for_each(|pool| pool.purge());
    }

    pub fn clear(&self) {
        self.by_slot.borrow().values().for_each(|pool| pool.clear());
    }
}

impl ServerPool {
    /// The connection that has been idle longest, still stands and leads to `target`; one that was used again before
    /// goes first, and with `proven` only such a one is taken.
    pub fn take(&self, target: &Target, proven: bool) -> Option<IdleConnection> {
        let idle = &mut *self.idle.borrow_mut();
        let found = loop {
            let at = match idle.iter().position(|connection| connection.uses > 1) {
                Some(at) => at,
                None if proven => break None,
                None => 0,
            };
            let Some(mut connection) = idle.remove(at) else { break None };
            if connection.target == *target && !connection.socket.seems_readable() {
                break Some(connection);
            }
        };
        self.note(idle.len());
        found
    }

    /// Keeps a connection unless `limit` are kept already.
    pub fn put(&self, connection: IdleConnection, limit: Option<u32>) {
        let idle = &mut *self.idle.borrow_mut();
        if limit.is_none_or(|limit| idle.len() < limit as usize) {
            idle.push_back(connection);
            self.note(idle.len());
        }
    }

    fn purge(&self) {
        let idle = &mut *self.idle.borrow_mut();
        idle.retain_mut(|connection| !connection.socket.seems_readable());
        let surplus = idle.len().div_ceil(2);
        idle.drain(..surplus);
        self.note(idle.len());
    }

    fn clear(&self) {
        self.idle.borrow_mut().clear();
        self.note(0);
    }

    fn note(&self, idle: usize) {
        self.counters.srv_icur.set(idle as u32);
        self.counters.idle_conn_cur.set(idle as u32);
    }
}

/// Slots are small numbers: spread them a little, no more.
#[derive(Clone, Copy, Debug, Default)]
struct BySlot;

#[derive(Debug, Default)]
struct SlotHasher(u64);

impl std::hash::BuildHasher for BySlot {
    type Hasher = SlotHasher;

    fn build_hasher(&self) -> SlotHasher {
        SlotHasher(0)
    }
}

impl std::hash::Hasher for SlotHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, slot: u32) {
        self.0 = (self.0 ^ u64::from(slot)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
