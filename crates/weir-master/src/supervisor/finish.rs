//! The end: soft (finish what runs), hard (now), and what the process leaves as its status.

use std::os::unix::net::UnixStream;

use nix::libc::SIGKILL;
use weir_sys::clock::monotonic_ms;
use weir_sys::process;

use super::Supervisor;
use super::boot::tell_parent;
use crate::child::Role;
use crate::listeners::Listeners;
use crate::message::Order;

/// Children that were told to end now have this long.
const HARD_STOP_MS: u64 = 1000;
/// The controller has this long at the end of a soft stop, to tell a process in its place what peers know.
const FAREWELL_MS: u64 = 12_000;

/// What is left to do for the process itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Status(i32),
    /// Die by this signal, as a single process would.
    Signal(i32),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    No,
    /// Listening goes on until then (`grace`).
    Grace {
        until_ms: u64,
    },
    Soft {
        hard_ms: Option<u64>,
    },
    Hard {
        kill_ms: u64,
    },
}

#[derive(Default)]
pub struct Stopping {
    stage: Stage,
    /// The signal that began a hard stop.
    signal: Option<i32>,
    failed: bool,
    /// Whoever waits for a daemon to be up.
    parent: Option<UnixStream>,
}

impl Stopping {
    pub fn new(parent: Option<UnixStream>) -> Self {
        Self { parent, ..Self::default() }
    }

    pub fn is_stopping(&self) -> bool {
        self.stage != Stage::No
    }

    pub fn is_timed(&self) -> bool {
        !matches!(self.stage, Stage::No | Stage::Soft { hard_ms: None })
    }

    /// Whether somebody waited.
    pub fn release_parent(&mut self, success: bool) -> bool {
        self.parent.take().map(|parent| tell_parent(parent, success)).is_some()
    }
}

impl Supervisor {
    /// SIGUSR1
    pub(super) fn stop_softly(&mut self) {
        if self.stopping.is_stopping() {
            return;
        }
        self.announce_stop();
        self.shm.process().state.stopping.set(1);
        let settings = &self.current.blueprint.settings;
        if settings.grace_ms != 0 {
            self.stopping.stage = Stage::Grace { until_ms: monotonic_ms() + u64::from(settings.grace_ms) };
        } else {
            self.drain();
        }
    }

    /// SIGTERM, SIGINT
    pub(super) fn stop_hard(&mut self, number: i32) {
        if !self.stopping.is_stopping() {
            self.announce_stop();
        }
        self.stopping.signal.get_or_insert(number);
        self.end_now();
    }

    /// The start failed: whatever runs already ends.
    pub(super) fn stop_failed(&mut self) {
        self.stopping.failed = true;
        self.end_now();
    }

    pub(super) fn check_deadlines(&mut self) {
        let now = monotonic_ms();
        match self.stopping.stage {
            Stage::No => self.check_children(),
            Stage::Grace { until_ms } if now >= until_ms => self.drain(),
            Stage::Soft { hard_ms: Some(hard_ms) } if now >= hard_ms => {
                self.report.warning("soft-stop running for too long, performing a hard-stop.");
                self.end_now();
            }
            Stage::Hard { kill_ms } if now >= kill_ms => {
                for child in self.children.alive.values() {
                    let _ = process::kill(child.pid, SIGKILL);
                }
                self.stopping.stage = Stage::Hard { kill_ms: now + HARD_STOP_MS };
            }
            _ => {}
        }
        self.check_reload();
        self.check_edits();
    }

    /// Once nothing is left to wait for.
    pub(super) fn exit(&mut self) -> Option<Exit> {
        if !self.stopping.is_stopping() {
            return None;
        }
        let worker = |role: Role| matches!(role, Role::Worker(_));
        if matches!(self.stopping.stage, Stage::Soft { .. })
            && !self.children.alive.values().any(|child| worker(child.role))
        {
            // The controller has nothing left to control.
            self.end_now();
            self.stopping.stage = Stage::Hard { kill_ms: monotonic_ms() + FAREWELL_MS };
        }
        if !self.children.alive.is_empty() {
            return None;
        }
        let status = match (self.stopping.failed, self.stopping.signal) {
            (true, _) => 1,
            (false, Some(number)) => 128 + number,
            (false, None) => 0,
        };
        if self.master_worker {
            self.report.warning(&format!("All workers exited. Exiting... ({status})"));
            return Some(Exit::Status(status));
        }
        match self.stopping.signal {
            Some(number) if !self.stopping.failed => Some(Exit::Signal(number)),
            _ => Some(Exit::Status(status)),
        }
    }

    fn announce_stop(&mut self) {
        self.notify("STOPPING=1\n");
        if self.master_worker {
            self.report.warning("Exiting Master process...");
        }
    }

    /// Nobody accepts from here on, so nobody may be left waiting in an accept queue: the sockets close with the last
    /// worker that empties them.
    fn drain(&mut self) {
        self.children.forget_vacancies();
        self.stopped_proxies().iter().for_each(|line| self.report.warning(line));
        let limit = self.current.blueprint.settings.hard_stop_after_ms;
        self.stopping.stage = Stage::Soft { hard_ms: limit.map(|limit| monotonic_ms() + u64::from(limit)) };
        self.current.listeners = Listeners::default();
        self.children.order_all(&Order::SoftStop);
    }

    fn end_now(&mut self) {
        self.children.forget_vacancies();
        self.stopping.stage = Stage::Hard { kill_ms: monotonic_ms() + HARD_STOP_MS };
        self.current.listeners = Listeners::default();
        self.children.order_all(&Order::HardStop);
    }
}
