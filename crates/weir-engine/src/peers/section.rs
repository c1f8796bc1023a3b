//! One section: its tables, its peers, and what it asks them for.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::AbortHandle;
use weir_peers::session::Audience;
use weir_peers::{Event, Link, Member, Resync, Session, Status};
use weir_plan::{Peer as PeerSettings, Peers as Settings, Plan};
use weir_shm::Shm;
use weir_types::Slot;

use super::connection;

pub struct Section {
    name: Arc<str>,
    pub shm: Shm,
    pub pid: u32,
    /// When it began.
    pub since_us: u64,
    pub state: RefCell<State>,
    serial: Cell<u64>,
}

pub struct State {
    plan: Arc<Plan>,
    index: usize,
    pub members: Rc<[Member]>,
    /// Numbers of tables on the wire, by their names there: the same for the life of the process.
    ids: HashMap<Box<str>, u32>,
    pub peers: Vec<Peer>,
    pub resync: Resync,
    numbers: usize,
}

/// One line of the section.
pub struct Peer {
    pub name: Arc<str>,
    /// For [`Resync`]: the same for as long as the peer is there.
    pub number: usize,
    pub link: Link,
    pub conversation: Option<Conversation>,
    /// An outgoing connection that was greeted on and has no answer yet.
    pub greeting: bool,
    pub figures: Figures,
    /// The task that connects; `None` for the local peer.
    connects: Option<AbortHandle>,
}

/// For `show peers`.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub new_connections: u32,
    pub collisions: u32,
    pub last_status: Option<Status>,
    /// What last happened, where there is no status.
    pub last_state: &'static str,
    pub last_handshake_ms: Option<u64>,
    pub reconnect_ms: Option<u64>,
}

/// The connection that is in use.
pub struct Conversation {
    pub serial: u64,
    pub session: Session,
    pub encrypted: bool,
    /// Of a connection that came in: from where to where.
    pub ends: Option<(SocketAddr, SocketAddr)>,
    /// Rung when the session is replaced or has something to say.
    pub bell: Rc<Notify>,
    /// An old process of one's own tells what it knows.
    pub local: bool,
}

impl Section {
    pub fn new(shm: Shm, pid: u32, name: Arc<str>) -> Rc<Self> {
        let state = State {
            plan: Arc::default(),
            index: 0,
            members: Rc::new([]),
            ids: HashMap::new(),
            peers: Vec::new(),
            resync: Resync::done(),
            numbers: 0,
        };
        let since_us = weir_sys::clock::realtime_us();
        Rc::new(Self { name, shm, pid, since_us, state: RefCell::new(state), serial: Cell::new(0) })
    }

    pub fn name(&self) -> Arc<str> {
        self.name.clone()
    }

    pub fn next_serial(&self) -> u64 {
        self.serial.set(self.serial.get() + 1);
        self.serial.get()
    }

    pub fn listens_on(&self, slot: Slot) -> bool {
        self.state.borrow().settings().is_some_and(|settings| settings.listener == Some(slot))
    }

    /// Takes over what another plan says of it.
    pub fn follow(self: &Rc<Self>, plan: &Arc<Plan>, index: usize, replaces: bool, now_ms: u64) {
        let mut state = self.state.borrow_mut();
        let before = std::mem::replace(&mut state.plan, plan.clone());
        let old_index = std::mem::replace(&mut state.index, index);
        let old = before.peers.get(old_index);
        let settings = &plan.peers[index];
        let tables = members(self.shm, plan, settings, &mut state.ids);
        let known_tables = std::mem::replace(&mut state.members, tables);
        let members = state.members.clone();
        let mut known = std::mem::take(&mut state.peers);
        for line in &settings.peers {
            let same = |peer: &Peer| {
                let was = old.and_then(|old| old.peers.iter().find(|other| other.name == peer.name));
                peer.name == line.name && was.is_some_and(|was| is_reached_as(was, line))
            };
            let mut peer = match known.iter().position(same) {
                Some(at) => known.swap_remove(at),
                None => {
                    state.numbers += 1;
                    Peer::new(line.name.clone(), state.numbers)
                }
            };
            peer.link.follow(&members);
            if let Some(conversation) = &mut peer.conversation {
                conversation.session.follow(&members, &mut peer.link);
                conversation.bell.notify_one();
            }
            if !line.local && peer.connects.is_none() {
                let task = connection::keep(self.clone(), line.name.clone(), peer.number);
                peer.connects = Some(tokio::task::spawn_local(task).abort_handle());
            }
            state.peers.push(peer);
        }
        known.iter_mut().for_each(Peer::end);
        let alone = settings.peers.iter().all(|peer| peer.local);
        let is_new = |member: &Member| {
            !member.table.is_taught() && !known_tables.iter().any(|known| known.table.is(&member.table))
        };
        if members.iter().any(is_new) {
            // A process in another's place is told by it; one that was reloaded has nobody to be told by.
            let replaces = replaces && old.is_none();
            state.resync = if alone && !replaces { Resync::done() } else { Resync::begin(replaces, now_ms) };
            state.ask_somebody();
        }
        state.settle();
    }

    /// The section is no more.
    pub fn end(&self) {
        self.state.borrow_mut().peers.iter_mut().for_each(Peer::end);
    }

    pub fn tend(&self, now_ms: u64) {
        let mut state = self.state.borrow_mut();
        if !state.resync.is_done() && state.resync.wait(now_ms) {
            state.ask_somebody();
            state.settle();
        }
    }
}

impl State {
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    pub fn settings(&self) -> Option<&Settings> {
        self.plan.peers.get(self.index)
    }

    /// The name of this process in the section.
    pub fn local_name(&self) -> Option<Arc<str>> {
        let local = self.settings()?.peers.iter().find(|peer| peer.local)?;
        Some(local.name.clone())
    }

    pub fn line(&self, name: &str) -> Option<&PeerSettings> {
        self.settings()?.peers.iter().find(|peer| *peer.name == *name)
    }

    pub fn peer(&mut self, number: usize) -> Option<&mut Peer> {
        self.peers.iter_mut().find(|peer| peer.number == number)
    }

    pub fn audience(&self, name: &str) -> Audience {
        let shards = self.settings().map_or(0, |settings| settings.shards);
        let line = self.line(name);
        let local = line.is_some_and(|line| line.local);
        Audience { shard: line.map_or(0, |line| line.shard), shards, teaches_only: local }
    }

    /// Entries of a table that are sent in a row.
    pub fn updates_at_once(&self) -> u32 {
        self.plan.global.tune.peers_max_updates
    }

    /// Asks a peer that is there for what it knows, if there is something to ask.
    pub fn ask_somebody(&mut self) {
        let Self { peers, resync, .. } = self;
        for peer in peers {
            if let Some(conversation) = peer.conversation.as_mut().filter(|conversation| !conversation.local)
                && resync.ask(peer.number)
            {
                conversation.session.ask();
                conversation.bell.notify_one();
            }
        }
    }

    /// What a session heard of.
    pub fn heard(&mut self, number: usize, local: bool, events: Vec<Event>, now_ms: u64) {
        for Event::Told { full } in events {
            self.resync.told(Some(number).filter(|_| !local), full, now_ms);
            self.ask_somebody();
            self.settle();
        }
    }

    /// Notes with the tables that what peers know was learned.
    fn settle(&self) {
        if self.resync.is_done() {
            self.members.iter().for_each(|member| member.table.set_taught());
        }
    }
}

impl Peer {
    fn new(name: Arc<str>, number: usize) -> Self {
        let figures = Figures { last_state: "NONE", ..Figures::default() };
        Self {
            name,
            number,
            link: Link::default(),
            conversation: None,
            greeting: false,
            figures,
            connects: None,
        }
    }

    fn end(&mut self) {
        if let Some(task) = self.connects.take() {
            task.abort();
        }
        self.hang_up();
    }

    /// Ends the session; whoever runs it sees that it is gone.
    pub fn hang_up(&mut self) {
        if let Some(conversation) = self.conversation.take() {
            conversation.bell.notify_one();
        }
    }
}

/// Whether a session with the one is a session with the other.
fn is_reached_as(was: &PeerSettings, is: &PeerSettings) -> bool {
    was.local == is.local && was.address == is.address && was.tls.is_some() == is.tls.is_some()
}

fn members(shm: Shm, plan: &Plan, settings: &Settings, ids: &mut HashMap<Box<str>, u32>) -> Rc<[Member]> {
    let table = |slot| shm.table(slot, shm.controller());
    settings
        .tables
        .iter()
        .map(|id| {
            let line = plan.table(*id);
            let wire_name = Member::wire_name(&line.spec.name, line.of_peers);
            let next = ids.len() as u32 + 1;
            Member {
                name: (*line.spec.name).into(),
                id: *ids.entry(wire_name.clone()).or_insert(next),
                wire_name,
                table: table(line.slot),
                recv_only: line.recv_only,
                write_to: line.write_to.map(|id| table(plan.table(id).slot)),
            }
        })
        .collect()
}
