//! The parts every change of a server shares: times, counts, epochs, the backend's own state, trackers.

use weir_check::report::{self, Cause, Line, Remaining, Subject, Transition};
use weir_shm::{OperationalState, ServerState};
use weir_types::{ProxyId, ServerId};

use crate::View;
use crate::stats::{Usable, is_usable};

/// A line, and the backend whose logs it is for.
pub type Told = (ProxyId, Line);

pub(super) fn state_of(view: &View<'_>, id: ServerId) -> &'static ServerState {
    view.server_state(view.plan.server(id)).state
}

/// Servers that name this one in `track`.
pub(super) fn trackers(view: &View<'_>, id: ServerId) -> Vec<ServerId> {
    let indices = 0..view.plan.servers.len() as u32;
    indices.map(ServerId).filter(|other| view.plan.server(*other).track == Some(id)).collect()
}

/// Changes a server by `change`, and keeps the books: when it went up or down, how often, for how long, and whether its
/// backend still has a server. `line`: what to say of it.
pub(super) fn apply(
    view: &View<'_>,
    id: ServerId,
    change: impl FnOnce(&ServerState),
    line: Option<(Transition, Option<Cause<'_>>)>,
) -> Vec<Told> {
    let server = view.plan.server(id);
    let proxy = view.backend_of(id);
    let state = state_of(view, id);
    let was_usable = is_usable(view, server);
    let was_stopped = state.operational() == OperationalState::Stopped;
    change(state);
    keep_times(view, state, was_usable, was_stopped, is_usable(view, server));
    let mut lines = Vec::new();
    if let Some((transition, cause)) = line {
        let subject = Subject { backend: &proxy.name, server: &server.name, backup: server.settings.backup };
        lines.push((proxy.index, report::transition(subject, transition, cause, remaining(view, id))));
    }
    lines.extend(backend_changed(view, id));
    raise_epochs(view, id);
    lines
}

fn keep_times(view: &View<'_>, state: &ServerState, was_usable: bool, was_stopped: bool, usable: bool) {
    let stopped = state.operational() == OperationalState::Stopped;
    if was_usable == usable && was_stopped == stopped {
        return;
    }
    if was_stopped && !stopped {
        let outage = view.now_ms.saturating_sub(state.last_change_ms.value());
        state.downtime_ms.fetch_add(outage);
    }
    if was_usable && !usable && (stopped || in_maintenance(state)) {
        state.down_transitions.fetch_add(1);
    }
    state.last_change_ms.set(view.now_ms);
}

pub(super) fn in_maintenance(state: &ServerState) -> bool {
    state.admin().intersects(weir_shm::AdminFlags::MAINT)
}

fn remaining(view: &View<'_>, id: ServerId) -> Remaining {
    let proxy = view.backend_of(id);
    let Some(half) = &proxy.backend else { return Remaining::default() };
    let usable = Usable::of(view, half);
    Remaining {
        active: usable.active,
        backup: usable.backup,
        sessions: view.server_state(view.plan.server(id)).sum(|it| it.scur.value()) as u32,
        requeued: 0,
        queued: view.backend_state(proxy).sum(|it| it.qcur.value()) as u32,
    }
}

/// 0 unknown, 1 up, 2 down: `ProxyState::up`.
const UP: u32 = 1;
const DOWN: u32 = 2;

fn backend_changed(view: &View<'_>, id: ServerId) -> Option<Told> {
    let proxy = view.backend_of(id);
    let half = proxy.backend.as_ref()?;
    let usable = Usable::of(view, half);
    let state = view.backend_state(proxy).state;
    let now = if usable.active + usable.backup > 0 { UP } else { DOWN };
    let before = state.up.value();
    if now == before {
        return None;
    }
    state.up.set(now);
    match (before, now) {
        (_, DOWN) => {
            state.down_transitions.fetch_add(1);
            state.last_change_ms.set(view.now_ms);
            Some((proxy.index, report::no_server(&proxy.name)))
        }
        (DOWN, _) => {
            let outage = view.now_ms.saturating_sub(state.last_change_ms.value());
            state.downtime_ms.fetch_add(outage);
            state.last_change_ms.set(view.now_ms);
            None
        }
        _ => None,
    }
}

/// Tells workers that what they know of the backend's servers is old.
pub(crate) fn raise_epochs(view: &View<'_>, id: ServerId) {
    view.backend_state(view.backend_of(id)).state.servers_epoch.fetch_add(1);
    view.shm.process().state.servers_epoch.fetch_add(1);
}
