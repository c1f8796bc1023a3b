//! What becomes of servers: by checks and agents, by the operator's orders, by errors of traffic. One place, so that the
//! same is counted, told and passed on to servers that track and to backends, whatever the cause. Writes shared state;
//! returns the log lines. One writer at a time: the controller.

mod orders;
mod ramp;
mod transition;
mod weight;

use weir_check::Health;
use weir_check::report::{Line, Subject};
use weir_plan::{Backend, Plan, Proxy, Server};
use weir_shm::{CheckState, ServerState, Shm};
use weir_types::{ProxyId, ServerId};

pub use orders::{HealthOrder, agent, checks_enabled, drain, health, maintenance, ready};
pub use ramp::advance as advance_ramps;
pub use transition::{raise_epochs, raise_epochs_of, shut_sessions, went_down, went_stopping, went_up};
pub use weight::{WeightError, is_static, parse_limit, weight};

/// A line, and the backend whose logs it is for.
pub type Told = (ProxyId, Line);

/// The servers of the plan in force at one moment.
#[derive(Clone, Copy)]
pub struct Servers<'a> {
    pub plan: &'a Plan,
    pub shm: Shm,
    /// `CLOCK_MONOTONIC`, milliseconds.
    pub now_ms: u64,
}

impl<'a> Servers<'a> {
    pub fn server(&self, id: ServerId) -> &'a Server {
        self.plan.server(id)
    }

    pub fn state(&self, id: ServerId) -> &'static ServerState {
        self.shm.server(self.server(id).slot).state
    }

    /// The backend that a server belongs to.
    pub fn backend_of(&self, id: ServerId) -> &'a Proxy {
        self.plan.proxy(self.server(id).owner)
    }

    /// `backend/server`
    pub fn path(&self, id: ServerId) -> String {
        format!("{}/{}", self.backend_of(id).name, self.server(id).name)
    }

    pub fn subject(&self, id: ServerId) -> Subject<'a> {
        let server = self.server(id);
        Subject { backend: &self.backend_of(id).name, server: &server.name, backup: server.settings.backup }
    }

    /// Servers that name this one in `track`.
    pub fn trackers(&self, id: ServerId) -> Vec<ServerId> {
        let indices = 0..self.plan.servers.len() as u32;
        indices.map(ServerId).filter(|other| self.server(*other).track == Some(id)).collect()
    }

    /// The health that checks count, as shared memory has it.
    pub fn health(&self, id: ServerId) -> Health {
        let configured = &self.server(id).settings.check;
        health_of(&self.state(id).check, configured.rise, configured.fall)
    }

    /// Usable servers of a backend: active ones and backups.
    pub fn usable(&self, backend: &Backend) -> (u32, u32) {
        let mut count = (0, 0);
        for server in backend.servers.iter().map(|id| self.server(id)) {
            let state = self.shm.server(server.slot).state;
            if state.usable() && state.user_weight.value() > 0 {
                *(if server.settings.backup { &mut count.1 } else { &mut count.0 }) += 1;
            }
        }
        count
    }
}

/// Rise and fall as set at run time, else as configured.
pub fn health_of(check: &CheckState, rise: u32, fall: u32) -> Health {
    let or = |set: u32, configured: u32| if set > 0 { set } else { configured };
    Health {
        rise: or(check.rise.value(), rise),
        fall: or(check.fall.value(), fall),
        value: check.health.value(),
    }
}
