//! Listeners and proxies: what the CLI changed, and maxima over all workers.

use super::text::Text;
use crate::cell::{Maximum, Word, Word32};

/// One `bind` line.
#[repr(C)]
#[derive(Debug, Default)]
pub struct ListenerState {
    /// 1: closed by `disable frontend` or because its frontend stopped.
    pub paused: Word32,
    pub smax: Maximum,
}

/// One half of a proxy.
#[repr(C, align(128))]
#[derive(Debug, Default)]
pub struct ProxyState {
    /// 1: `disable frontend` (paused), 2: `shutdown frontend` (stopped for good), 0: in service.
    pub admin: Word32,
    /// `set maxconn frontend`; 0: as configured.
    pub maxconn: Word32,
    /// Raised when a server of this backend changed state, weight or address.
    pub servers_epoch: Word32,
    /// `chkdown`: times the backend lost its last server.
    pub down_transitions: Word32,
    /// `enable dynamic-cookie` (2), `disable dynamic-cookie` (1); 0: as configured.
    pub dynamic_cookie: Word32,
    /// A server of this backend was given a `maxconn` at run time: places are counted from then on.
    pub limited: Word32,
    /// Whether the backend has a usable server, as last seen by the controller: 0 unknown, 1 up, 2 down.
    pub up: Word32,
    pub smax: Maximum,
    pub qmax: Maximum,
    pub rate_max: Maximum,
    pub req_rate_max: Maximum,
    pub conn_rate_max: Maximum,
    pub qtime_max: Maximum,
    pub ctime_max: Maximum,
    pub rtime_max: Maximum,
    pub ttime_max: Maximum,
    /// When the backend went up or down, `CLOCK_MONOTONIC` milliseconds.
    pub last_change_ms: Word,
    /// `downtime` of the completed outages, milliseconds.
    pub downtime_ms: Word,
    /// `set dynamic-cookie-key`; empty: as configured.
    pub dynamic_cookie_key: Text<64>,
    /// When it was made (`lastchg` of a frontend), `CLOCK_MONOTONIC` milliseconds.
    pub since_ms: Word,
    /// `unpublish backend`
    pub unpublished: Word32,
}

impl ProxyState {
    /// For `clear counters`.
    pub fn clear_maxima(&self) {
        let maxima = [&self.smax, &self.qmax, &self.rate_max, &self.req_rate_max, &self.conn_rate_max];
        maxima.into_iter().for_each(Maximum::clear);
        [&self.qtime_max, &self.ctime_max, &self.rtime_max, &self.ttime_max]
            .into_iter()
            .for_each(Maximum::clear);
    }
}
