//! What the master socket asks for and the supervisor knows.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use weir_sys::clock::monotonic_ms;

use super::Supervisor;
use super::event::{ReloadAnswer, Request};
use crate::child::Role;
use crate::handover;
use crate::message::Order;

/// `show proc`: the supervisor as master, and the rest as the one worker that clients of HAProxy expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessTable {
    pub master: u32,
    /// Reloads tried, and how many of the last ones failed.
    pub reloads: u32,
    pub failed: u32,
    pub uptime_s: u64,
    /// The controller, which answers for all workers.
    pub worker: Option<u32>,
    /// Since the plan in force was committed.
    pub worker_uptime_s: u64,
    /// Every process: role, pid, seconds.
    pub processes: Vec<(String, u32, u64)>,
    /// Workers that finish their connections because there are fewer now: pid, seconds.
    pub leaving: Vec<(u32, u64)>,
}

impl Supervisor {
    pub(super) fn answer(&mut self, request: Request) {
        match request {
            Request::Processes(answer) => {
                let _ = answer.send(self.table());
            }
            Request::Reload { hard, answer } => {
                if self.stopping.is_stopping() {
                    let log = "Stopping.\n".to_string();
                    let _ = answer.send(ReloadAnswer { success: false, log });
                } else {
                    self.begin_reload(hard, Some(answer));
                }
            }
            Request::StartupLogs(answer) => {
                let _ = answer.send(self.report.kept());
            }
            Request::Environment(answer) => {
                let shown = |word: std::ffi::OsString| word.to_string_lossy().into_owned();
                let mut known: Vec<_> =
                    std::env::vars_os().map(|(name, value)| (shown(name), shown(value))).collect();
                known.extend(self.current.blueprint.environment.iter().cloned());
                let _ = answer.send(known);
            }
            Request::Serve { connection, level } => {
                // Without a controller the connection closes, which tells the client enough.
                if let Some(controller) = self.children.of_role(Role::Controller) {
                    controller.send(&Order::Serve { level }, vec![Arc::new(connection)]);
                }
            }
        }
    }

    /// `_getsocks`: on a thread of its own, since the other end may be slow.
    pub(super) fn hand_over(&self, connection: OwnedFd) {
        let sockets: Vec<Arc<OwnedFd>> =
            self.current.listeners.all.iter().flat_map(|listener| listener.sockets.clone()).collect();
        let interfaces: Vec<String> = self
            .current
            .listeners
            .all
            .iter()
            .flat_map(|listener| {
                let interface = listener.spec.settings.interface.clone().unwrap_or_default();
                vec![interface.into_string(); listener.sockets.len()]
            })
            .collect();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = handover::give(&connection, &sockets, &interfaces) {
                log::warn!("cannot hand the listening sockets over: {error}");
            }
        });
    }

    fn table(&self) -> ProcessTable {
        let now = monotonic_ms();
        let process = self.shm.process().state;
        let seconds = |since: u64| now.saturating_sub(since) / 1000;
        let alive = self.children.alive.values();
        ProcessTable {
            master: std::process::id(),
            reloads: self.reload.tried,
            failed: self.reload.failed,
            uptime_s: seconds(process.start_ms.value()),
            worker: self.children.of_role(Role::Controller).map(|child| child.pid),
            worker_uptime_s: seconds(process.committed_ms.value()),
            processes: alive
                .clone()
                .filter(|child| !child.leaving)
                .map(|child| (child.role.text(), child.pid, seconds(child.started_ms)))
                .collect(),
            leaving: alive
                .filter(|child| child.leaving)
                .map(|child| (child.pid, seconds(child.started_ms)))
                .collect(),
        }
    }
}
