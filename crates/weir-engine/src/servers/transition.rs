//! The parts every change of a server shares: times, counts, epochs, the backend's own state, servers that track.

use weir_check::report::{self, Cause, Remaining, Transition};
use weir_shm::{AdminFlags, OperationalState, ServerState, Shm};
use weir_types::{ServerId, Slot};

use super::{Servers, Told, ramp};

/// A check, an agent or errors of traffic took it down.
pub fn went_down(servers: &Servers<'_>, id: ServerId, cause: Cause<'_>) -> Vec<Told> {
    turn(servers, id, OperationalState::Stopped, Transition::Down, cause)
}

/// It is up again, with a weight that grows where there is a `slowstart`.
pub fn went_up(servers: &Servers<'_>, id: ServerId, cause: Cause<'_>) -> Vec<Told> {
    turn(servers, id, OperationalState::Running, Transition::Up, cause)
}

/// It serves only those who are bound to it.
pub fn went_stopping(servers: &Servers<'_>, id: ServerId, cause: Cause<'_>) -> Vec<Told> {
    turn(servers, id, OperationalState::Stopping, Transition::Stopping, cause)
}

/// Changes the operational state; those who track follow.
pub(super) fn turn(
    servers: &Servers<'_>,
    id: ServerId,
    to: OperationalState,
    transition: Transition,
    cause: Cause<'_>,
) -> Vec<Told> {
    let state = servers.state(id);
    let from = state.operational();
    if from == to || (from == OperationalState::Starting && to == OperationalState::Running) {
        return Vec::new();
    }
    let ramps = to == OperationalState::Running && servers.server(id).settings.slowstart > 0;
    let change = |state: &ServerState| {
        state.set_operational(to);
        if ramps {
            ramp::begin(servers, id);
        } else {
            ramp::end(servers, id);
        }
    };
    let mut lines = apply(servers, id, change, Some((transition, Some(cause))));
    let trackers = servers.trackers(id);
    if !trackers.is_empty() {
        let name = servers.path(id);
        for tracker in trackers {
            if !in_maintenance(servers.state(tracker)) {
                lines.extend(turn(servers, tracker, to, transition, Cause::Tracked(&name)));
            }
        }
    }
    lines
}

/// Changes a server by `change`, and keeps the books: when it went up or down, how often, for how long, and whether its
/// backend still has a server. `line`: what to say of it.
pub(super) fn apply(
    servers: &Servers<'_>,
    id: ServerId,
    change: impl FnOnce(&ServerState),
    line: Option<(Transition, Option<Cause<'_>>)>,
) -> Vec<Told> {
    let proxy = servers.backend_of(id);
    let state = servers.state(id);
    let (was_usable, was_stopped) = (state.usable(), is_stopped(state));
    change(state);
    keep_times(servers, state, was_usable, was_stopped);
    let mut lines = Vec::new();
    if let Some((transition, cause)) = line {
        let text = report::transition(servers.subject(id), transition, cause, remaining(servers, id));
        lines.push((proxy.index, text));
    }
    lines.extend(backend_changed(servers, id));
    raise_epochs(servers, id);
    lines
}

fn is_stopped(state: &ServerState) -> bool {
    state.operational() == OperationalState::Stopped
}

fn keep_times(servers: &Servers<'_>, state: &ServerState, was_usable: bool, was_stopped: bool) {
    let stopped = is_stopped(state);
    if was_usable == state.usable() && was_stopped == stopped {
        return;
    }
    if was_stopped && !stopped {
        let outage = servers.now_ms.saturating_sub(state.last_change_ms.value());
        state.downtime_ms.fetch_add(outage);
    }
    if !was_stopped && stopped {
        state.down_transitions.fetch_add(1);
    }
    state.last_change_ms.set(servers.now_ms);
}

pub(super) fn in_maintenance(state: &ServerState) -> bool {
    state.admin().intersects(AdminFlags::MAINT)
}

pub(super) fn remaining(servers: &Servers<'_>, id: ServerId) -> Remaining {
    let proxy = servers.backend_of(id);
    let Some(backend) = &proxy.backend else { return Remaining::default() };
    let (active, backup) = servers.usable(backend);
    let server = servers.shm.server(servers.server(id).slot);
    let queued = servers.shm.backend(proxy.backend_slot).sum(|it| it.qcur.value());
    Remaining {
        active,
        backup,
        sessions: server.sum(|it| it.scur.value()) as u32,
        requeued: 0,
        queued: queued as u32,
    }
}

/// 0 unknown, 1 up, 2 down: `ProxyState::up`.
const UP: u32 = 1;
const DOWN: u32 = 2;

/// A backend is down while none of its servers is usable.
fn backend_changed(servers: &Servers<'_>, id: ServerId) -> Option<Told> {
    let proxy = servers.backend_of(id);
    let (active, backup) = servers.usable(proxy.backend.as_ref()?);
    let state = servers.shm.backend(proxy.backend_slot).state;
    let now = if active + backup > 0 { UP } else { DOWN };
    let before = state.up.value();
    if now == before {
        return None;
    }
    state.up.set(now);
    match (before, now) {
        (_, DOWN) => {
            state.down_transitions.fetch_add(1);
            state.last_change_ms.set(servers.now_ms);
            Some((proxy.index, report::no_server(&proxy.name)))
        }
        (DOWN, _) => {
            let outage = servers.now_ms.saturating_sub(state.last_change_ms.value());
            state.downtime_ms.fetch_add(outage);
            state.last_change_ms.set(servers.now_ms);
            None
        }
        _ => None,
    }
}

/// Ends the sessions on a server: workers find it when they are called.
pub fn shut_sessions(servers: &Servers<'_>, id: ServerId) {
    servers.state(id).shut_sessions.fetch_add(1);
    raise_epochs(servers, id);
}

/// Tells workers that what they know of the backend's servers is old.
pub fn raise_epochs(servers: &Servers<'_>, id: ServerId) {
    raise_epochs_of(servers.shm, servers.backend_of(id).backend_slot);
}

/// The same for a backend whose servers are others now.
pub fn raise_epochs_of(shm: Shm, backend: Slot) {
    shm.backend(backend).state.servers_epoch.fetch_add(1);
    shm.process().state.servers_epoch.fetch_add(1);
}
