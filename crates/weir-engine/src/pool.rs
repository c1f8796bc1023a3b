//! Idle connections to servers, kept for later requests (`http-reuse`). One pool per server and worker; it belongs to
//! the server's place in shared memory and so outlives a reload.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use weir_shm::{AdminFlags, ServerCounters, Shm};
use weir_types::Slot;

use crate::h2::{End, Mux};
use crate::server::Target;
use crate::socket::Socket;

#[derive(Debug)]
pub struct IdleConnection {
    pub socket: Socket,
    /// Where it leads: a server that moved must not be reached over an old connection.
    pub target: Target,
    /// The name that it was encrypted for (SNI), where it is.
    pub name: Option<Box<str>>,
    /// Requests it has carried.
    pub uses: u32,
}

/// A connection of HTTP/2 with any number of streams, where it leads, and the name that it was encrypted for.
type Shared = (Rc<Mux>, Target, Option<Box<str>>);

impl IdleConnection {
    /// A connection of HTTP/2 that one client keeps for itself while no stream of it runs.
    pub fn shared(mux: Rc<Mux>, target: Target, name: Option<Box<str>>, uses: u32) -> Self {
        Self { socket: Socket::of_stream(End::new(mux, 0)), target, name, uses }
    }

    /// The connection of HTTP/2 that this is.
    pub fn mux(&self) -> Option<&Rc<Mux>> {
        self.socket.stream().map(End::mux)
    }
}

#[derive(Debug)]
pub struct ServerPool {
    /// Used again at least once: the server is known to keep connections. The longest idle first.
    proven: RefCell<VecDeque<IdleConnection>>,
    /// Used for one request so far.
    fresh: RefCell<VecDeque<IdleConnection>>,
    shared: RefCell<Vec<Shared>>,
    /// Connections that serve a stream now.
    in_use: Cell<u32>,
    /// The most that were in use at once since the last purge, and between the two before it.
    peak: Cell<u32>,
    peak_before: Cell<u32>,
    counters: &'static ServerCounters,
}

/// A connection that serves a stream; counts while it lives.
#[derive(Debug)]
pub struct InUse(Rc<ServerPool>);

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.in_use.set(self.0.in_use.get().saturating_sub(1));
    }
}

/// The pools of one worker.
#[derive(Debug, Default)]
pub struct Pools {
    by_slot: RefCell<HashMap<u32, Rc<ServerPool>, BySlot>>,
}

impl Pools {
    pub fn of(&self, slot: Slot, counters: &'static ServerCounters) -> Rc<ServerPool> {
        let make = || Rc::new(ServerPool::new(counters));
        self.by_slot.borrow_mut().entry(slot.0).or_insert_with(make).clone()
    }

    /// Closes half of every pool (`pool-purge-delay`) and whatever a server has closed meanwhile.
    pub fn purge(&self) {
        self.by_slot.borrow().values().for_each(|pool| pool.purge());
    }

    pub fn clear(&self) {
        self.by_slot.borrow().values().for_each(|pool| pool.clear());
    }

    /// Nothing will be asked of them, and they would keep the server from being deleted.
    pub fn leave_servers_in_maintenance(&self, shm: Shm) {
        for (slot, pool) in &*self.by_slot.borrow() {
            if pool.len() > 0 && shm.server(Slot(*slot)).state.admin().intersects(AdminFlags::MAINT) {
                pool.clear();
            }
        }
    }
}

impl ServerPool {
    fn new(counters: &'static ServerCounters) -> Self {
        Self {
            proven: RefCell::default(),
            fresh: RefCell::default(),
            shared: RefCell::default(),
            in_use: Cell::default(),
            peak: Cell::default(),
            peak_before: Cell::default(),
            counters,
        }
    }

    /// Counts a connection as serving a stream.
    pub fn begin_use(self: &Rc<Self>) -> InUse {
        self.in_use.set(self.in_use.get() + 1);
        self.peak.set(self.peak.get().max(self.in_use.get()));
        InUse(self.clone())
    }

    /// The connection that has been idle longest, still stands and leads to `target`; one that was used again before
    /// goes first, and with `proven` only such a one is taken.
    pub fn take(&self, target: &Target, name: Option<&str>, proven: bool) -> Option<IdleConnection> {
        let usable = |list: &RefCell<VecDeque<IdleConnection>>| {
            let list = &mut *list.borrow_mut();
            std::iter::from_fn(|| list.pop_front()).find_map(|mut idle| {
                (idle.target == *target && !idle.socket.seems_readable()).then_some(idle)
            })
        };
        if let Some(name) = name {
            return self.take_named(target, name, proven);
        }
        let found = usable(&self.proven).or_else(|| if proven { None } else { usable(&self.fresh) });
        self.note();
        found
    }

    /// The same among connections that were encrypted for different names.
    fn take_named(&self, target: &Target, name: &str, proven: bool) -> Option<IdleConnection> {
        let lists = [Some(&self.proven), (!proven).then_some(&self.fresh)];
        let mut found = None;
        for list in lists.into_iter().flatten() {
            let list = &mut *list.borrow_mut();
            while found.is_none()
                && let Some(at) = list.iter().position(|idle| idle.name.as_deref() == Some(name))
            {
                let idle = list.remove(at);
                found = idle.filter(|idle| idle.target == *target);
                found = found.and_then(|mut idle| (!idle.socket.seems_readable()).then_some(idle));
            }
        }
        self.note();
        found
    }

    /// Keeps a connection whose [`InUse`] still counts, unless `limit` are kept already or more would be kept than were
    /// lately in use at once: a server must not be held by connections that nobody will need.
    pub fn put(&self, connection: IdleConnection, limit: Option<u32>) {
        let idle = self.len();
        let needed = self.peak.get().max(self.peak_before.get());
        if idle + self.in_use.get() > needed || limit.is_some_and(|limit| idle >= limit) {
            return;
        }
        let list = if connection.uses > 1 { &self.proven } else { &self.fresh };
        list.borrow_mut().push_back(connection);
        self.note();
    }

    /// A connection of HTTP/2 that leads to `target` and has room for another stream; with `proven` one that has
    /// served before. `most`: streams behind the first one in the life of a connection (`max-reuse`); one that had them
    /// ends with those that run.
    pub fn take_shared(
        &self,
        target: &Target,
        name: Option<&str>,
        proven: bool,
        most: Option<u32>,
    ) -> Option<Rc<Mux>> {
        let list = &mut *self.shared.borrow_mut();
        list.retain(|(mux, ..)| {
            let core = &mut *mux.core.borrow_mut();
            if core.is_spent(most) {
                core.leave();
            }
            core.is_usable()
        });
        let fits = |mux: &Rc<Mux>| mux.core.borrow().has_room() && (!proven || mux.proven.get());
        let same = |to: &Target, of: &Option<Box<str>>| to == target && of.as_deref() == name;
        let found = list.iter().find(|(mux, to, of)| same(to, of) && fits(mux));
        found.map(|(mux, ..)| {
            mux.purges.set(0);
            mux.clone()
        })
    }

    /// Lets later streams use a connection of HTTP/2.
    pub fn share(&self, mux: Rc<Mux>, target: Target, name: Option<Box<str>>) {
        self.shared.borrow_mut().push((mux, target, name));
    }

    /// Closes connections of HTTP/2 that served no stream since the purge before.
    fn purge_shared(&self) {
        self.shared.borrow_mut().retain(|(mux, ..)| {
            let core = &mut *mux.core.borrow_mut();
            if core.active() > 0 {
                mux.purges.set(0);
            } else if mux.purges.replace(mux.purges.get() + 1) > 0 {
                core.leave();
            }
            core.is_usable()
        });
    }

    fn purge(&self) {
        self.purge_shared();
        self.peak_before.set(self.peak.replace(self.in_use.get()));
        for list in [&self.proven, &self.fresh] {
            let list = &mut *list.borrow_mut();
            list.retain_mut(|connection| !connection.socket.seems_readable());
            let surplus = list.len().div_ceil(2);
            list.drain(..surplus);
        }
        self.note();
    }

    fn clear(&self) {
        self.proven.borrow_mut().clear();
        self.fresh.borrow_mut().clear();
        self.shared.borrow_mut().drain(..).for_each(|(mux, ..)| mux.core.borrow_mut().leave());
        self.note();
    }

    fn len(&self) -> u32 {
        let shared = self.shared.borrow();
        let resting = shared.iter().filter(|(mux, ..)| mux.core.borrow().active() == 0).count();
        (self.proven.borrow().len() + self.fresh.borrow().len() + resting) as u32
    }

    fn note(&self) {
        let idle = self.len();
        self.counters.srv_icur.set(idle);
        self.counters.idle_conn_cur.set(idle);
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
