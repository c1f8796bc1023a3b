//! The processes: starting them, talking to them, burying and replacing them.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use nix::libc::SIGKILL;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use weir_shm::WorkerPhase;
use weir_sys::clock::monotonic_ms;
use weir_sys::process::{self, End};
use weir_types::WorkerId;

use super::Supervisor;
use super::event::{ChildId, Event};
use crate::blueprint::ChildSettings;
use crate::channel::{Channel, Parcel};
use crate::child::{Role, VARIABLE};
use crate::message::{Order, Reply};

/// A process stopped by a signal holds connections and maybe a lock; after this time it counts as dead.
const SUSPECT_MS: u64 = 500;
/// A child that lives for less is not replaced at once again, so that a crash at start does not become a storm.
const SHORT_LIFE_MS: u64 = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Makes its first plan.
    Starting,
    /// Has it and waits for the word.
    Ready,
    Running,
}

pub struct Child {
    pub role: Role,
    pub pid: u32,
    pub phase: Phase,
    pub started_ms: u64,
    /// Its end was asked for.
    pub leaving: bool,
    /// Its end was asked for and another is to take its place (`hard-reload`).
    pub replaced: bool,
    /// The generation it runs, or was started with.
    pub generation: u64,
    /// Since when it was stopped by a signal, or closed its channel: it is given up after a while.
    suspect_ms: Option<u64>,
    /// How many of the supervisor's segments it was given.
    segments: usize,
    orders: UnboundedSender<Parcel>,
}

#[derive(Default)]
pub struct Children {
    pub alive: BTreeMap<ChildId, Child>,
    /// Roles to be filled again at a time.
    vacant: Vec<(Role, u64)>,
    next: u64,
}

impl Children {
    /// Something has to be done when time passes.
    pub fn wants_attention(&self) -> bool {
        !self.vacant.is_empty() || self.alive.values().any(|child| child.suspect_ms.is_some())
    }

    pub fn of_role(&self, role: Role) -> Option<&Child> {
        self.alive.values().find(|child| child.role == role && !child.leaving)
    }

    /// Every role is filled by a child that has its plan.
    pub fn all_run(&self) -> bool {
        let running = |child: &Child| child.leaving || child.phase == Phase::Running;
        self.vacant.is_empty() && self.alive.values().all(running)
    }

    pub fn forget_vacancies(&mut self) {
        self.vacant.clear();
    }

    pub fn order_all(&self, order: &Order) {
        self.alive.values().for_each(|child| child.order(order));
    }
}

impl Child {
    pub fn order(&self, order: &Order) {
        self.send(order, Vec::new());
    }

    pub fn lacks_segments(&self, all: &[Arc<OwnedFd>]) -> bool {
        self.segments < all.len()
    }

    /// The segments that it was not given yet, to be sent with the next order.
    pub fn new_segments(&mut self, all: &[Arc<OwnedFd>]) -> Vec<Arc<OwnedFd>> {
        let known = std::mem::replace(&mut self.segments, all.len());
        all[known..].to_vec()
    }

    /// What a child that is gone does not hear, its replacement will not need.
    pub fn send(&self, order: &Order, descriptors: Vec<Arc<OwnedFd>>) {
        let _ = self.orders.send(Parcel { bytes: order.encode(), descriptors });
    }
}

impl Supervisor {
    pub(super) fn start_all(&mut self) {
        self.roles().into_iter().for_each(|role| self.start(role));
    }

    pub(super) fn roles(&self) -> Vec<Role> {
        let workers = (0..self.current.workers).map(|worker| Role::Worker(WorkerId(worker as u16)));
        workers.chain([Role::Controller]).collect()
    }

    /// Starts a child on the plan in force; it runs once it has said that it is ready.
    pub(super) fn start(&mut self, role: Role) {
        let running = self.current.clone();
        if let Err(error) = self.start_on(role, &running) {
            self.report.alert(&format!("Cannot start {}: {error}", role.text()));
            self.children.vacant.push((role, monotonic_ms() + SHORT_LIFE_MS));
        }
    }

    /// Starts a child on `running`, which may be a plan that is not in force yet.
    pub(super) fn start_on(&mut self, role: Role, running: &super::Running) -> io::Result<ChildId> {
        let (ours, theirs) = Channel::pair()?;
        let pid = process::spawn_self(VARIABLE, &role.text(), theirs.into())?;
        let id = ChildId(self.children.next);
        self.children.next += 1;
        let orders = talk(id, Channel::new(ours)?, self.sender.clone());
        let now = monotonic_ms();
        let child = Child {
            role,
            pid,
            phase: Phase::Starting,
            started_ms: now,
            leaving: false,
            replaced: false,
            generation: running.generation,
            suspect_ms: None,
            segments: self.segments.len(),
            orders,
        };
        let listeners = running.listeners.for_role(role, None);
        let order = Order::Start {
            segments: self.segments.len() as u32,
            wakers: self.waker_descriptors.len() as u32,
            listeners: listeners.iter().map(|(slot, _)| *slot).collect(),
            settings: self.child_settings(role, running),
        };
        let mut descriptors = vec![running.bundle.clone()];
        descriptors.extend(self.segments.iter().cloned());
        descriptors.extend(self.waker_descriptors.iter().cloned());
        descriptors.extend(listeners.into_iter().map(|(_, socket)| socket));
        child.send(&order, descriptors);
        let info = self.shm.worker(self.place(role));
        info.pid.set(pid);
        info.started_ms.set(now);
        info.set_phase(WorkerPhase::Starting);
        self.children.alive.insert(id, child);
        Ok(id)
    }

    pub(super) fn hear(&mut self, id: ChildId, reply: Reply, descriptors: Vec<OwnedFd>) {
        let Some(child) = self.children.alive.get_mut(&id) else { return };
        match reply {
            Reply::Prepared { generation } if child.phase == Phase::Starting => {
                child.phase = Phase::Ready;
                self.child_is_ready(id, generation);
            }
            Reply::Refused { reason, .. } if child.phase == Phase::Starting => {
                match self.reload.is_booted() {
                    // Its end follows, and is reported.
                    true => self.report.alert(&reason),
                    false => self.boot_failed(&reason),
                }
            }
            Reply::Prepared { generation } => self.child_prepared(id, generation),
            Reply::Refused { generation, reason } => self.child_refused(generation, &reason),
            Reply::Committed { generation } => {
                child.generation = generation;
                self.child_committed(id, generation);
            }
            Reply::HandOver => {
                if let Some(connection) = descriptors.into_iter().next() {
                    self.hand_over(connection);
                }
            }
            Reply::Reload => self.begin_reload(false, None),
            Reply::Submit { ticket, generation, edit } => {
                self.edit_submitted(id, ticket, generation, &edit, descriptors.into_iter().next());
            }
            Reply::Verdicts { round, refusals } => self.edit_verdicts(id, round, refusals),
            Reply::Settled { round } => self.edit_settled(id, round),
        }
    }

    /// A child that was started for the plan in force may run, at the start once all are ready; one for a plan to come
    /// waits for the others.
    fn child_is_ready(&mut self, id: ChildId, generation: u64) {
        if generation != self.current.generation {
            return self.child_prepared(id, generation);
        }
        if self.reload.is_booted() {
            return self.let_run(id);
        }
        if self.children.alive.values().all(|child| child.phase == Phase::Ready) {
            let ids: Vec<ChildId> = self.children.alive.keys().copied().collect();
            ids.into_iter().for_each(|id| self.let_run(id));
        }
    }

    pub(super) fn let_run(&mut self, id: ChildId) {
        self.replay_journal(id);
        let Some(child) = self.children.alive.get_mut(&id) else { return };
        child.phase = Phase::Running;
        child.order(&Order::Commit { generation: child.generation });
        let role = child.role;
        self.shm.worker(self.place(role)).set_phase(WorkerPhase::Running);
        if self.children.all_run() {
            match self.reload.is_booted() {
                true => self.resume_reload(),
                false => self.booted(),
            }
        }
    }

    /// The channel of a child is gone: it ends by itself now, or cannot be told anything any more.
    pub(super) fn lost_channel(&mut self, id: ChildId) {
        if let Some(child) = self.children.alive.get_mut(&id) {
            child.suspect_ms = Some(monotonic_ms());
        }
    }

    pub(super) fn bury(&mut self) {
        while let Some((pid, end)) = process::next_end() {
            let Some((id, child)) = self.children.alive.iter_mut().find(|(_, child)| child.pid == pid) else {
                continue;
            };
            let id = *id;
            match end {
                End::Stopped => child.suspect_ms = Some(monotonic_ms()),
                End::Continued => child.suspect_ms = None,
                End::Exited(_) | End::Signalled(_) => {
                    let child = self.children.alive.remove(&id).expect("just found");
                    self.ended(id, child, end);
                }
            }
        }
    }

    fn ended(&mut self, id: ChildId, child: Child, end: End) {
        let place = self.place(child.role);
        let info = self.shm.worker(place);
        let successor = self.children.alive.values().any(|other| other.role == child.role);
        if !successor {
            self.shm.recover(place);
            info.pid.set(0);
            info.set_phase(WorkerPhase::Empty);
            self.wakers.wake_all(self.shm);
        }
        self.reload_lost_child(id);
        self.edits_lost_child(id);
        if child.replaced && !self.stopping.is_stopping() {
            return self.start(child.role);
        }
        let expected = child.leaving || self.stopping.is_stopping();
        if expected {
            return;
        }
        let (status, word) = (end.status(), end.describe());
        if !self.reload.is_booted() {
            self.boot_failed(&format!(
                "{} ({}) exited with code {status} ({word})",
                child.role.text(),
                child.pid
            ));
            return;
        }
        self.report.alert(&format!("Current worker ({}) exited with code {status} ({word})", child.pid));
        info.crash_reason.set(&word);
        info.crash_status.set(status as u32);
        info.crashed_ms.set(monotonic_ms());
        info.restarts.fetch_add(1);
        self.shm.process().state.replacements.fetch_add(1);
        if !self.roles().contains(&child.role) {
            return;
        }
        if monotonic_ms() - child.started_ms < SHORT_LIFE_MS {
            self.children.vacant.push((child.role, monotonic_ms() + SHORT_LIFE_MS));
        } else {
            self.start(child.role);
        }
    }

    /// Fills roles whose time has come, and ends children that were stopped for too long.
    pub(super) fn check_children(&mut self) {
        let now = monotonic_ms();
        // While children prepare, a new one would start on a plan that is about to be replaced.
        let wait = self.reload.is_timed();
        let due = |(_, at): &mut (Role, u64)| *at <= now && !wait;
        let vacant: Vec<_> = self.children.vacant.extract_if(.., due).collect();
        for (role, _) in vacant {
            self.start(role);
        }
        for child in self.children.alive.values_mut() {
            if child.suspect_ms.is_some_and(|since| now - since >= SUSPECT_MS) {
                child.suspect_ms = None;
                self.report.warning(&format!(
                    "{} ({}) does not answer, replacing it",
                    child.role.text(),
                    child.pid
                ));
                let _ = process::kill(child.pid, SIGKILL);
            }
        }
    }

    pub(super) fn place(&self, role: Role) -> WorkerId {
        match role {
            Role::Worker(worker) => worker,
            Role::Controller => self.shm.controller(),
        }
    }

    /// `hard-reload`: every worker ends with its connections, the next ones take over the accept queues.
    pub(super) fn replace_workers(&mut self) {
        for child in self.children.alive.values_mut().filter(|child| child.role != Role::Controller) {
            child.replaced = !child.leaving;
            child.order(&Order::HardStop);
        }
    }

    fn child_settings(&self, role: Role, running: &super::Running) -> ChildSettings {
        let settings = &running.blueprint.settings;
        let cpus = match role {
            Role::Worker(worker) => settings.cpus.get(usize::from(worker.0)).cloned().unwrap_or_default(),
            Role::Controller => Vec::new(),
        };
        ChildSettings {
            chroot: settings.chroot.clone(),
            uid: settings.uid,
            gid: settings.gid,
            cpus: cpus.into_iter().map(|cpu| cpu as u32).collect(),
            memory_bytes: self.options.memory_mb.unwrap_or(0) << 20,
            set_dumpable: settings.set_dumpable,
            capabilities: settings.capabilities.clone(),
            silent: self.daemon,
        }
    }
}

/// Two tasks that carry messages between the channel and the supervisor's loop: neither way waits for the other.
fn talk(child: ChildId, channel: Channel, events: UnboundedSender<Event>) -> UnboundedSender<Parcel> {
    let (orders, mut waiting) = unbounded_channel::<Parcel>();
    let (outward, silent) = (channel.sender(), events.clone());
    tokio::spawn(async move {
        while let Some(parcel) = waiting.recv().await {
            if outward.send(&parcel).await.is_err() {
                let _ = silent.send(Event::Silent { child });
                return;
            }
        }
    });
    tokio::spawn(async move {
        let mut channel = channel;
        while let Ok(Some(received)) = channel.receive().await {
            let Ok(reply) = Reply::decode(&received.bytes) else { break };
            let _ = events.send(Event::Replied { child, reply, descriptors: received.descriptors });
        }
        let _ = events.send(Event::Silent { child });
    });
    orders
}
