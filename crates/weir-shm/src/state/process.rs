//! The process as `show info` and `show proc` present it, and its limits.

use super::Text;
use crate::cell::{Maximum, Word, Word32};

/// One per process tree, in the first segment.
#[repr(C, align(128))]
#[derive(Debug, Default)]
pub struct ProcessState {
    /// When the supervisor began, microseconds since 1970.
    pub start_date_us: Word,
    /// The same on `CLOCK_MONOTONIC`, milliseconds.
    pub start_ms: Word,
    /// When the plan in force was committed, `CLOCK_MONOTONIC` milliseconds.
    pub committed_ms: Word,
    pub supervisor_pid: Word32,
    /// 1: the supervisor is the master of master-worker mode.
    pub master_worker: Word32,
    /// Reloads that took effect.
    pub reloads: Word32,
    /// Reloads since the last one that took effect which failed.
    pub failed_reloads: Word32,
    /// Workers in use; the controller's place is the last of the segment, not counted here.
    pub workers: Word32,
    /// 1 after a soft stop was asked for.
    pub stopping: Word32,
    /// Times a worker or the controller was replaced after it died.
    pub replacements: Word32,
    /// `maxconn` set at run time; 0: as configured.
    pub maxconn: Word32,
    /// `set rate-limit connections global`; 0: none. As configured until set.
    pub conn_rate_limit: Word32,
    pub sess_rate_limit: Word32,
    pub ssl_rate_limit: Word32,
    /// `maxsslrate` as last taken from a configuration.
    pub ssl_rate_configured: Word32,
    /// `set rate-limit http-compression global`, bytes per second.
    pub comp_rate_limit: Word32,
    /// `maxcomprate` as last taken from a configuration, in the same unit.
    pub comp_rate_configured: Word32,
    pub max_conn_rate: Maximum,
    pub max_sess_rate: Maximum,
    pub max_ssl_rate: Maximum,
    pub max_ssl_frontend_key_rate: Maximum,
    pub max_ssl_backend_key_rate: Maximum,
    /// Raised when server state changed anywhere; caches of it are good while this stands.
    pub servers_epoch: Word,
    /// What `maxconn` comes to when it is not configured, computed from the descriptor limit (`Hard_maxconn`).
    pub hard_maxconn: Word32,
    /// Descriptor limit of each worker (`Ulimit-n`).
    pub ulimit_n: Word32,
    /// Tainted flags as `show info` reports them.
    pub tainted: Word32,
    /// What the keys of TLS session tickets are made from; drawn once, by the supervisor.
    pub ticket_secret: [Word; 6],
    /// Key of `set anon global-key`.
    pub anon_key: Word32,
    /// Keeps what every request writes away from what every request reads.
    _apart: [Word; 16],
    /// The next request number (`%rt`).
    pub next_request: Word,
    /// The next unique stream number.
    pub next_stream: Word,
}

/// What a place's process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerPhase {
    /// No process yet, or none any more.
    Empty = 0,
    Starting = 1,
    Running = 2,
    /// Finishes its connections, takes no new ones.
    Stopping = 3,
}

/// One worker place, written by the supervisor (and the worker: heartbeat).
#[repr(C, align(128))]
#[derive(Debug, Default)]
pub struct WorkerInfo {
    pub pid: Word32,
    phase: Word32,
    /// Times this place's process was replaced after a crash.
    pub restarts: Word32,
    /// Wait status of the last crash: signal number, or 256 plus exit status.
    pub crash_status: Word32,
    /// When the present process began, `CLOCK_MONOTONIC` milliseconds.
    pub started_ms: Word,
    /// When the last crash was seen, `CLOCK_MONOTONIC` milliseconds; 0: never.
    pub crashed_ms: Word,
    /// The worker's event loop was alive at this time, `CLOCK_MONOTONIC` milliseconds.
    pub heartbeat_ms: Word,
    /// Number of the plan this process runs.
    pub plan: Word,
    /// Number of the oldest plan that the process still holds, for a stream that began with it. Written by the process.
    pub oldest_plan: Word,
    /// Why the last process ended, in words.
    pub crash_reason: Text<56>,
}

impl WorkerInfo {
    pub fn phase(&self) -> WorkerPhase {
        match self.phase.value() {
            1 => WorkerPhase::Starting,
            2 => WorkerPhase::Running,
            3 => WorkerPhase::Stopping,
            _ => WorkerPhase::Empty,
        }
    }

    pub fn set_phase(&self, phase: WorkerPhase) {
        self.phase.set(phase as u32);
    }
}
