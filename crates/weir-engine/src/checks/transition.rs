//! Servers that go up and down: state, counters, servers that follow, log lines. Used by checks; whoever else changes a
//! server's state goes through here too, so that the same is counted and told.

use weir_check::report::{self, Cause, Line, Remaining, Subject, Transition};
use weir_plan::{Plan, Server};
use weir_shm::{OperationalState, Shm, Wakers};
use weir_types::{ProxyId, ServerId};

use super::messenger::Messenger;
use super::queue::Checked;

/// The servers of the plan in force, with what is needed to change their state.
#[derive(Clone, Copy)]
pub struct Servers<'a> {
    pub plan: &'a Plan,
    pub shm: Shm,
    pub wakers: &'a Wakers,
    pub messenger: &'a Messenger,
}

/// Values of `ProxyState::up`.
const BACKEND_UP: u32 = 1;
const BACKEND_DOWN: u32 = 2;

impl<'a> Servers<'a> {
    pub fn went_down(&self, backend: ProxyId, server: ServerId, cause: Cause<'_>, now_ms: u64) {
        let state = self.shm.server(self.server(server).slot).state;
        if state.operational() == OperationalState::Stopped {
            return;
        }
        state.down_transitions.fetch_add(1);
        self.change(backend, server, OperationalState::Stopped, Transition::Down, cause, now_ms);
    }

    pub fn went_up(&self, backend: ProxyId, server: ServerId, cause: Cause<'_>, now_ms: u64) {
        let state = self.shm.server(self.server(server).slot).state;
        if state.operational() == OperationalState::Stopped {
            let outage = now_ms.saturating_sub(state.last_change_ms.value());
            state.downtime_ms.fetch_add(outage);
        }
        self.change(backend, server, OperationalState::Running, Transition::Up, cause, now_ms);
    }

    pub fn went_stopping(&self, backend: ProxyId, server: ServerId, cause: Cause<'_>, now_ms: u64) {
        self.change(backend, server, OperationalState::Stopping, Transition::Stopping, cause, now_ms);
    }

    fn change(
        &self,
        backend: ProxyId,
        server: ServerId,
        to: OperationalState,
        transition: Transition,
        cause: Cause<'_>,
        now_ms: u64,
    ) {
        let state = self.shm.server(self.server(server).slot).state;
        state.set_operational(to);
        state.last_change_ms.set(now_ms);
        self.shm.backend(self.plan.proxy(backend).backend_slot).state.servers_epoch.fetch_add(1);
        self.shm.process().state.servers_epoch.fetch_add(1);
        let line = report::transition(
            self.subject(backend, server),
            transition,
            Some(cause),
            self.remaining(backend, server),
        );
        self.tell(backend, &line);
        self.backend_follows(backend, now_ms);
        self.wakers.wake_all(self.shm);
        self.followers_follow(server, to, now_ms);
    }

    /// Servers that track this one go where it goes.
    fn followers_follow(&self, tracked: ServerId, to: OperationalState, now_ms: u64) {
        for proxy in &self.plan.proxies {
            let Some(parts) = &proxy.backend else { continue };
            for index in parts.servers.clone() {
                let follower = ServerId(index);
                if self.server(follower).track != Some(tracked) {
                    continue;
                }
                let name = self.path(tracked);
                let cause = Cause::Tracked(&name);
                match to {
                    OperationalState::Stopped => self.went_down(proxy.index, follower, cause, now_ms),
                    OperationalState::Stopping => self.went_stopping(proxy.index, follower, cause, now_ms),
                    _ => self.went_up(proxy.index, follower, cause, now_ms),
                }
            }
        }
    }

    /// A backend is down while none of its servers is usable.
    fn backend_follows(&self, backend: ProxyId, now_ms: u64) {
        let proxy = self.plan.proxy(backend);
        let state = self.shm.backend(proxy.backend_slot).state;
        let left = self.usable(backend);
        let is_up = left.0 + left.1 > 0;
        let was_down = state.up.value() == BACKEND_DOWN;
        match (is_up, was_down) {
            (false, false) => {
                state.up.set(BACKEND_DOWN);
                state.down_transitions.fetch_add(1);
                state.last_change_ms.set(now_ms);
                self.tell(backend, &report::no_server(&proxy.name));
            }
            (true, true) => {
                state.up.set(BACKEND_UP);
                state.downtime_ms.fetch_add(now_ms.saturating_sub(state.last_change_ms.value()));
                state.last_change_ms.set(now_ms);
            }
            _ => {}
        }
    }

    fn remaining(&self, backend: ProxyId, server: ServerId) -> Remaining {
        let (active, backup) = self.usable(backend);
        let sessions = self.shm.server(self.server(server).slot).sum(|counters| counters.scur.value());
        let backend = self.shm.backend(self.plan.proxy(backend).backend_slot);
        let queued = backend.sum(|counters| counters.qcur.value());
        Remaining { active, backup, sessions: sessions as u32, requeued: 0, queued: queued as u32 }
    }

    /// Usable servers of a backend: active ones and backups.
    fn usable(&self, backend: ProxyId) -> (u32, u32) {
        let range = self.plan.proxy(backend).backend.as_ref().map_or(0..0, |parts| parts.servers.clone());
        let mut count = (0, 0);
        for server in range.map(|index| self.server(ServerId(index))) {
            let state = self.shm.server(server.slot).state;
            if state.usable() && state.effective_weight.value() > 0 {
                *(if server.settings.backup { &mut count.1 } else { &mut count.0 }) += 1;
            }
        }
        count
    }

    pub(crate) fn subject(&self, backend: ProxyId, server: ServerId) -> Subject<'a> {
        let line = self.server(server);
        Subject { backend: &self.plan.proxy(backend).name, server: &line.name, backup: line.settings.backup }
    }

    pub(crate) fn tell(&self, backend: ProxyId, line: &Line) {
        self.messenger.tell(self.plan, backend, line);
    }

    /// The value of `X-Haproxy-Server-State`.
    pub(crate) fn state_header(&self, checked: Checked) -> String {
        let server = self.server(checked.server);
        let view = self.shm.server(server.slot);
        let proxy = self.plan.proxy(checked.backend);
        let backend = self.shm.backend(proxy.backend_slot);
        let range = proxy.backend.as_ref().map_or(0..0, |parts| parts.servers.clone());
        let weight_of = |server: &Server| {
            let state = self.shm.server(server.slot).state;
            if state.usable() { state.user_weight.value() } else { 0 }
        };
        let total: u32 = range.map(|index| weight_of(self.server(ServerId(index)))).sum();
        let health = super::outcome::health(self, checked);
        let (value, of) = health.fraction();
        let word = if health.is_up() { "UP" } else { "DOWN" };
        let state = match (health.is_up(), health.is_settled()) {
            (_, true) => word.to_owned(),
            _ => format!("{word} {value}/{of}"),
        };
        let (address, port) = match crate::server::target(server, self.shm, || None) {
            Some(crate::server::Target::Ip(address)) => (address.ip().to_string(), address.port()),
            _ => (String::new(), 0),
        };
        let header = weir_check::ServerStateHeader {
            state: &state,
            address: &address,
            port,
            backend: &proxy.name,
            server: &server.name,
            node: self.plan.global.node.as_deref().unwrap_or(self.messenger.host()),
            weight: view.state.user_weight.value(),
            total_weight: total,
            server_sessions: view.sum(|counters| counters.scur.value()) as u32,
            backend_sessions: backend.sum(|counters| counters.scur.value()) as u32,
            queued: view.sum(|counters| counters.qcur.value()) as u32,
        };
        header.value()
    }

    fn server(&self, server: ServerId) -> &'a Server {
        self.plan.server(server)
    }

    /// `backend/server`.
    fn path(&self, server: ServerId) -> String {
        let owner = self
            .plan
            .proxies
            .iter()
            .find(|proxy| proxy.backend.as_ref().is_some_and(|parts| parts.servers.contains(&server.0)));
        format!("{}/{}", owner.map_or("", |proxy| &proxy.name), self.server(server).name)
    }
}
