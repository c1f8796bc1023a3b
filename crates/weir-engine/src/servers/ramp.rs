//! `slowstart`: the weight of a server that came back grows with the time (manual 5.2).

use weir_balance::WEIGHT_SCALE;
use weir_check::report::{self, Transition};
use weir_shm::{OperationalState, ServerState};
use weir_types::ServerId;

use super::transition::remaining;
use super::weight::is_static;
use super::{Servers, Told, raise_epochs};

/// The server begins with a small part of its weight.
pub(super) fn begin(servers: &Servers<'_>, id: ServerId) {
    let state = servers.state(id);
    state.set_operational(OperationalState::Starting);
    state.slowstart_ms.set(servers.now_ms.max(1));
    settle_weight(servers, id);
}

pub(super) fn end(servers: &Servers<'_>, id: ServerId) {
    servers.state(id).slowstart_ms.set(0);
    settle_weight(servers, id);
}

/// What one look at the servers that are starting found.
#[derive(Default)]
pub struct Ramps {
    /// Servers that have reached their whole weight.
    pub told: Vec<Told>,
    /// How long until weights are to be raised again, in milliseconds.
    pub next: Option<u64>,
}

/// Raises the weight of every server that is starting.
pub fn advance(servers: &Servers<'_>) -> Ramps {
    let mut ramps = Ramps::default();
    for index in 0..servers.plan.servers.len() as u32 {
        let id = ServerId(index);
        let state = servers.state(id);
        if state.operational() != OperationalState::Starting {
            continue;
        }
        let slowstart = servers.server(id).settings.slowstart;
        if elapsed(servers, state) < u64::from(slowstart) {
            settle_weight(servers, id);
            let step = step_ms(slowstart);
            ramps.next = Some(ramps.next.map_or(step, |known| known.min(step)));
        } else {
            state.set_operational(OperationalState::Running);
            end(servers, id);
            let line = report::transition(servers.subject(id), Transition::Up, None, remaining(servers, id));
            ramps.told.push((servers.backend_of(id).index, line));
        }
        raise_epochs(servers, id);
    }
    ramps
}

/// A twentieth of the time, at least a second.
fn step_ms(slowstart: u32) -> u64 {
    u64::from(slowstart / 20).max(1000)
}

fn elapsed(servers: &Servers<'_>, state: &ServerState) -> u64 {
    servers.now_ms.saturating_sub(state.slowstart_ms.value())
}

/// The weight in use follows from the user's and, while a server starts, from the time: it grows by sixteenths, the
/// first of which the server has at once. Algorithms that lay their order out beforehand use the whole weight.
pub(super) fn settle_weight(servers: &Servers<'_>, id: ServerId) {
    let state = servers.state(id);
    let full = state.user_weight.value() * WEIGHT_SCALE;
    let whole = u64::from(servers.server(id).settings.slowstart).max(1);
    let steps = match state.operational() {
        OperationalState::Starting if !is_static(servers, id) => {
            let grown = elapsed(servers, state) * u64::from(WEIGHT_SCALE) / whole;
            (grown as u32).saturating_add(1).min(WEIGHT_SCALE)
        }
        _ => WEIGHT_SCALE,
    };
    let weight = (full * steps).div_ceil(WEIGHT_SCALE);
    state.effective_weight.set(weight);
    // In per cent of the whole, as HAProxy rounds it.
    let throttle = (100 * weight).div_ceil(WEIGHT_SCALE);
    state.throttle.set(throttle.checked_div(state.user_weight.value()).unwrap_or(100));
}
