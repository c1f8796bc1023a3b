//! Swapping the plan in all processes, or in none: read and check, bind what is new, let every child prepare, and only
//! when all are ready commit. Until then the plan before stays in force everywhere.

use std::collections::HashSet;
use std::os::fd::AsFd;
use std::sync::Arc;

use tokio::sync::oneshot;
use weir_syntax::render::below;
use weir_sys::clock::monotonic_ms;
use weir_types::{Diagnostics, Sources, WorkerId};

use super::boot::{introduction, prepare};
use super::event::{ChildId, Event, ReloadAnswer};
use super::{Running, Supervisor};
use crate::bind::Binder;
use crate::blueprint::Blueprint;
use crate::child::Role;
use crate::listeners::Listeners;
use crate::message::Order;

/// Children that take longer than this to make a plan or to swap it are given up.
const PATIENCE_MS: u64 = 90_000;

type Answer = oneshot::Sender<ReloadAnswer>;

/// How far a reload is.
#[derive(Default)]
pub struct Reload {
    step: Step,
    /// What the master socket waits to hear.
    answers: Vec<Answer>,
    /// Another one was asked for meanwhile.
    again: bool,
    hard: bool,
    booted: bool,
    generation: u64,
    deadline_ms: u64,
    /// Reloads tried, and those that failed since the last that did not.
    pub tried: u32,
    pub failed: u32,
}

#[derive(Default)]
enum Step {
    #[default]
    Idle,
    Loading,
    /// Checked, but some child is still at its first plan.
    Held(Box<Prepared>),
    Preparing {
        next: Box<Running>,
        waiting: HashSet<ChildId>,
    },
    Committing {
        waiting: HashSet<ChildId>,
    },
}

/// What reading and checking the files gave.
pub struct Prepared {
    pub bundle: crate::bundle::Bundle,
    pub outcome: Result<Blueprint, String>,
}

impl Reload {
    pub fn is_booted(&self) -> bool {
        self.booted
    }

    pub fn is_timed(&self) -> bool {
        matches!(self.step, Step::Preparing { .. } | Step::Committing { .. })
    }
}

impl Supervisor {
    /// Every child runs for the first time.
    pub(super) fn booted(&mut self) {
        self.reload.booted = true;
        self.shm.process().state.committed_ms.set(monotonic_ms());
        self.announce_start();
        if std::mem::take(&mut self.reload.again) {
            self.begin_reload(false, None);
        }
    }

    pub(super) fn begin_reload(&mut self, hard: bool, answer: Option<Answer>) {
        self.reload.answers.extend(answer);
        if !self.reload.booted || !matches!(self.reload.step, Step::Idle) {
            self.reload.again = true;
            return;
        }
        if self.stopping.is_stopping() {
            return;
        }
        self.reload.hard = hard;
        self.reload.step = Step::Loading;
        self.reload.tried += 1;
        self.reload.generation += 1;
        self.notify(&format!(
            "RELOADING=1\nSTATUS=Reloading Configuration.\nMONOTONIC_USEC={}\n",
            weir_sys::clock::monotonic_us()
        ));
        self.report.begin(introduction(&self.options));
        if self.master_worker {
            self.report.notice("Reloading HAProxy");
        }
        let (program, options, report) = (self.program.clone(), self.options.clone(), self.report.clone());
        let (generation, sender) = (self.reload.generation, self.sender.clone());
        tokio::task::spawn_blocking(move || {
            let (prepared, spent) = prepare(&*program, &options, &report, generation);
            let _ = sender.send(Event::Loaded(Box::new(prepared)));
            spent.free();
        });
    }

    /// All children run: a reload that waited for this goes on.
    pub(super) fn resume_reload(&mut self) {
        match std::mem::take(&mut self.reload.step) {
            Step::Held(prepared) => self.continue_reload(*prepared),
            step => self.reload.step = step,
        }
    }

    pub(super) fn continue_reload(&mut self, prepared: Prepared) {
        if self.stopping.is_stopping() {
            return;
        }
        if prepared.outcome.is_ok() && !self.children.all_run() {
            self.reload.step = Step::Held(Box::new(prepared));
            return;
        }
        let blueprint = match prepared.outcome {
            Ok(blueprint) => blueprint,
            Err(reason) => return self.fail_reload(&reason),
        };
        match self.bind_and_seal(prepared.bundle, blueprint) {
            Ok(next) => self.ask_to_prepare(next),
            Err(reasons) => {
                reasons.iter().for_each(|reason| self.report.alert(reason));
                self.fail_reload("");
            }
        }
    }

    fn bind_and_seal(
        &mut self,
        bundle: crate::bundle::Bundle,
        blueprint: Blueprint,
    ) -> Result<Running, Vec<String>> {
        let text = |error: &dyn std::fmt::Display| vec![error.to_string()];
        let names = blueprint.names.iter().map(|(kind, name)| (*kind, name.as_str()));
        self.shm.reserve(names, bundle.generation).map_err(|error| text(&error))?;
        self.shm.add_tables(&blueprint.tables).map_err(|error| text(&error))?;
        self.shm.add_rings(&blueprint.rings).map_err(|error| text(&error))?;
        self.shm.add_caches(&blueprint.caches).map_err(|error| text(&error))?;
        for segment in self.shm.descriptors().skip(self.segments.len()) {
            self.segments.push(Arc::new(segment.as_fd().try_clone_to_owned().map_err(|error| text(&error))?));
        }
        let workers = self.worker_count(&blueprint.settings);
        let listeners =
            Listeners::make(&blueprint, &self.current.listeners, self.shm, workers, &mut Binder::default())
                .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let generation = bundle.generation;
        let bundle = Arc::new(bundle.seal().map_err(|error| text(&error))?);
        Ok(Running { generation, bundle, blueprint: Arc::new(blueprint), listeners, workers })
    }

    fn ask_to_prepare(&mut self, next: Running) {
        let mut waiting = HashSet::new();
        for (id, child) in &mut self.children.alive {
            if child.leaving || leaves(child.role, next.workers) {
                continue;
            }
            let added = next.listeners.for_role(child.role, Some(&self.current.listeners));
            let segments = child.new_segments(&self.segments);
            let order = Order::Prepare {
                generation: next.generation,
                segments: segments.len() as u32,
                listeners: added.iter().map(|(slot, _)| *slot).collect(),
            };
            let mut descriptors = vec![next.bundle.clone()];
            descriptors.extend(segments);
            descriptors.extend(added.into_iter().map(|(_, socket)| socket));
            child.send(&order, descriptors);
            waiting.insert(*id);
        }
        for worker in self.current.workers..next.workers {
            match self.start_on(Role::Worker(WorkerId(worker as u16)), &next) {
                Ok(id) => {
                    waiting.insert(id);
                }
                Err(error) => {
                    return self.fail_reload(&format!("Cannot start worker {}: {error}", worker + 1));
                }
            }
        }
        self.reload.deadline_ms = monotonic_ms() + PATIENCE_MS;
        self.reload.step = Step::Preparing { next: Box::new(next), waiting };
    }

    pub(super) fn child_prepared(&mut self, id: ChildId, generation: u64) {
        let Step::Preparing { next, waiting } = &mut self.reload.step else { return };
        if next.generation != generation || !waiting.remove(&id) || !waiting.is_empty() {
            return;
        }
        let next = *next.clone();
        self.commit(next);
    }

    /// From here on there is no way back: a child that dies now is replaced by one on the new plan.
    fn commit(&mut self, next: Running) {
        // Sockets that the plan has no longer close with the last worker that empties them: were they held here any
        // longer, connections could still come that nobody accepts.
        self.void_edits();
        self.shm.carry_tables(&next.blueprint.tables, monotonic_ms());
        self.current = next;
        let generation = self.current.generation;
        let process = self.shm.process().state;
        process.workers.set(process.workers.value().max(self.current.workers as u32));
        let mut waiting = HashSet::new();
        let ids: Vec<ChildId> = self.children.alive.keys().copied().collect();
        for id in ids {
            let child = self.children.alive.get_mut(&id).expect("listed");
            if leaves(child.role, self.current.workers) {
                child.leaving = true;
                child.order(&Order::SoftStop);
            } else if child.generation == generation {
                // Started for this plan: its first word is its commit.
                self.let_run(id);
            } else if !child.leaving {
                child.order(&Order::Commit { generation });
                waiting.insert(id);
            }
        }
        self.reload.deadline_ms = monotonic_ms() + PATIENCE_MS;
        self.reload.step = Step::Committing { waiting };
        self.committed_by_all();
    }

    pub(super) fn child_committed(&mut self, id: ChildId, _generation: u64) {
        if let Step::Committing { waiting } = &mut self.reload.step {
            waiting.remove(&id);
            self.committed_by_all();
        }
    }

    fn committed_by_all(&mut self) {
        let Step::Committing { waiting } = &self.reload.step else { return };
        if !waiting.is_empty() {
            return;
        }
        self.reload.failed = 0;
        self.shm.retire_tables(&self.current.blueprint.tables);
        self.shm.empty_caches_but(&self.current.blueprint.caches);
        if std::mem::take(&mut self.reload.hard) {
            self.replace_workers();
        }
        let process = self.shm.process().state;
        process.reloads.set(self.reload.tried);
        process.failed_reloads.set(0);
        process.committed_ms.set(monotonic_ms());
        self.reload.step = Step::Idle;
        if self.master_worker {
            self.report.notice("Loading success.");
        }
        self.notify(&format!("READY=1\nMAINPID={}\nSTATUS=Ready.\n", std::process::id()));
        self.end_reload(true);
    }

    pub(super) fn child_refused(&mut self, generation: u64, reason: &str) {
        let concerned =
            matches!(&self.reload.step, Step::Preparing { next, .. } if next.generation == generation);
        if concerned {
            self.fail_reload(reason);
        }
    }

    /// A child died while it was waited for.
    pub(super) fn reload_lost_child(&mut self, id: ChildId) {
        match &mut self.reload.step {
            Step::Preparing { waiting, .. } if waiting.contains(&id) => {
                self.fail_reload("a worker died while it prepared the new configuration");
            }
            Step::Committing { waiting } => {
                waiting.remove(&id);
                self.committed_by_all();
            }
            _ => {}
        }
    }

    fn fail_reload(&mut self, reason: &str) {
        if !reason.is_empty() {
            self.report.alert(reason);
        }
        if let Step::Preparing { next, .. } = std::mem::take(&mut self.reload.step) {
            let generation = next.generation;
            for child in self.children.alive.values_mut() {
                child.order(&Order::Abort { generation });
                // Workers that were started for the plan alone end by this.
                child.leaving |= child.generation == generation;
            }
        }
        self.reload.failed += 1;
        self.shm.process().state.failed_reloads.set(self.reload.failed);
        if self.master_worker {
            self.report.warning("Loading failure!");
        } else {
            self.report.warning("Reload failed: the configuration before stays in force.");
        }
        self.notify("READY=1\nSTATUS=Reload failed!\n");
        self.end_reload(false);
    }

    fn end_reload(&mut self, success: bool) {
        weir_sys::memory::trim();
        let log = self.report.kept();
        for answer in self.reload.answers.drain(..) {
            let _ = answer.send(ReloadAnswer { success, log: log.clone() });
        }
        if std::mem::take(&mut self.reload.again) {
            self.begin_reload(false, None);
        }
    }

    pub(super) fn check_reload(&mut self) {
        if monotonic_ms() < self.reload.deadline_ms {
            return;
        }
        match &self.reload.step {
            Step::Preparing { .. } => {
                self.fail_reload("a worker takes too long to prepare the new configuration")
            }
            Step::Committing { waiting } => {
                let late: Vec<u32> = waiting
                    .iter()
                    .filter_map(|id| self.children.alive.get(id))
                    .map(|child| child.pid)
                    .collect();
                self.reload.deadline_ms = monotonic_ms() + PATIENCE_MS;
                for pid in late {
                    self.report
                        .alert(&format!("Worker ({pid}) does not take the new configuration, replacing it"));
                    let _ = weir_sys::process::kill(pid, nix::libc::SIGKILL);
                }
            }
            Step::Idle | Step::Loading | Step::Held(_) => {}
        }
    }
}

/// Whether this role has no place among so many workers.
fn leaves(role: Role, workers: usize) -> bool {
    matches!(role, Role::Worker(worker) if usize::from(worker.0) >= workers)
}

/// Prints what was found; HAProxy's last lines follow when something stands against running.
pub fn show(report: &crate::report::Report, diagnostics: &Diagnostics, sources: &Sources) {
    for diagnostic in &diagnostics.list {
        report.say_with(diagnostic.level, &diagnostic.located(sources), &below(diagnostic, sources));
    }
}
