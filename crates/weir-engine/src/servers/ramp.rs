//! `slowstart`: the weight of a server that came back grows with the time (manual 5.2).

use weir_balance::WEIGHT_SCALE;
use weir_shm::{OperationalState, ServerState};
use weir_types::ServerId;

use super::{Servers, raise_epochs};

/// The server begins with a small part of its weight.
pub fn begin(servers: &Servers<'_>, id: ServerId) {
    let state = servers.state(id);
    state.set_operational(OperationalState::Starting);
    state.slowstart_ms.set(servers.now_ms);
    grow(servers, id);
}

pub(super) fn end(servers: &Servers<'_>, id: ServerId) {
    let state = servers.state(id);
    state.throttle.set(100);
    state.slowstart_ms.set(0);
    settle_weight(state);
}

/// Raises the weight of every server that is starting; how long until that is due again, in milliseconds.
pub fn advance(servers: &Servers<'_>) -> Option<u64> {
    let mut next = None;
    for index in 0..servers.plan.servers.len() as u32 {
        let id = ServerId(index);
        if servers.state(id).operational() != OperationalState::Starting {
            continue;
        }
        grow(servers, id);
        raise_epochs(servers, id);
        if servers.state(id).operational() == OperationalState::Starting {
            let step = step_ms(servers.server(id).settings.slowstart);
            next = Some(next.map_or(step, |known: u64| known.min(step)));
        }
    }
    next
}

/// A twentieth of the time, at least a second.
fn step_ms(slowstart: u32) -> u64 {
    u64::from(slowstart / 20).max(1000)
}

fn grow(servers: &Servers<'_>, id: ServerId) {
    let state = servers.state(id);
    let whole = u64::from(servers.server(id).settings.slowstart);
    let elapsed = servers.now_ms.saturating_sub(state.slowstart_ms.value());
    if elapsed >= whole {
        state.set_operational(OperationalState::Running);
        end(servers, id);
        return;
    }
    state.throttle.set((elapsed * 100 / whole.max(1)).max(1) as u32);
    settle_weight(state);
}

/// The weight in use follows from the user's and the throttle.
pub(super) fn settle_weight(state: &ServerState) {
    let full = state.user_weight.value() * WEIGHT_SCALE;
    let throttle = match state.operational() {
        OperationalState::Starting => state.throttle.value().clamp(1, 100),
        _ => 100,
    };
    // At least one unit, else the server would stay without a request for its first seconds.
    let part = (full * throttle).div_ceil(100);
    state.effective_weight.set(if full == 0 { 0 } else { part.max(1) });
}
