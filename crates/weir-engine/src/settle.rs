//! What a plan says of servers, written into shared memory: in full for new servers, and for those that were there
//! before only what changed in the text. What happened at run time (weights, maintenance, health) stays.
//!
//! Every process calls this for every plan before it serves it. All would write the same, so it does not matter who
//! comes first.

use weir_balance::WEIGHT_SCALE;
use weir_check::CheckStatus;
use weir_plan::{Plan, Server, ServerTarget};
use weir_shm::{AdminFlags, OperationalState, ServerState, Shm};

/// Brings shared memory up to date with `plan`. `now_ms` is `CLOCK_MONOTONIC` in milliseconds.
pub fn settle(plan: &Plan, shm: Shm, now_ms: u64) {
    for proxy in plan.proxies.iter().filter(|proxy| proxy.backend.is_some()) {
        let since = &shm.backend(proxy.backend_slot).state.last_change_ms;
        if since.value() == 0 {
            since.set(now_ms);
        }
    }
    let rate = plan.global.maxcomprate.saturating_mul(1024);
    let process = shm.process().state;
    if process.comp_rate_configured.value() != rate {
        process.comp_rate_configured.set(rate);
        process.comp_rate_limit.set(rate);
    }
    for server in &plan.servers {
        let state = shm.server(server.slot).state;
        if state.is_new() {
            begin(server, state, now_ms);
        } else {
            follow(server, state);
        }
    }
}

fn begin(server: &Server, state: &ServerState, now_ms: u64) {
    let settings = &server.settings;
    set_weight(state, u32::from(settings.weight));
    if matches!(server.target, ServerTarget::Unresolved { .. }) {
        state.insert_admin(AdminFlags::RMAINT);
    }
    // Up, and down at the first failure: as a server starts in HAProxy.
    state.set_operational(OperationalState::Running);
    state.check.status.set(CheckStatus::Initializing as u32);
    if settings.check.enabled {
        state.check.health.set(settings.check.rise);
        state.check.flags.set(CHECK_CONFIGURED | CHECK_ENABLED);
    }
    if settings.disabled {
        disable(state);
    }
    state.last_change_ms.set(now_ms);
    state.begin();
}

fn follow(server: &Server, state: &ServerState) {
    let settings = &server.settings;
    if state.initial_weight.value() != u32::from(settings.weight) {
        set_weight(state, u32::from(settings.weight));
    }
    let was_disabled = state.configured.value() & ServerState::CONFIGURED_DISABLED != 0;
    match (was_disabled, settings.disabled) {
        (false, true) => disable(state),
        (true, false) => {
            state.remove_admin(DISABLED);
            state.configured.remove(ServerState::CONFIGURED_DISABLED);
            state.check.flags.remove(CHECK_PAUSED);
            state.set_operational(OperationalState::Running);
        }
        _ => {}
    }
}

/// `disabled` counts as an operator's order too: `enable server` brings the server back.
const DISABLED: AdminFlags = AdminFlags(AdminFlags::CMAINT.0 | AdminFlags::FMAINT.0);

/// Bits of `srv_check_state`.
const CHECK_CONFIGURED: u32 = 2;
const CHECK_ENABLED: u32 = 4;
const CHECK_PAUSED: u32 = 8;

fn disable(state: &ServerState) {
    state.insert_admin(DISABLED);
    state.configured.insert(ServerState::CONFIGURED_DISABLED);
    state.check.flags.insert(CHECK_PAUSED);
    state.set_operational(OperationalState::Stopped);
}

fn set_weight(state: &ServerState, weight: u32) {
    state.initial_weight.set(weight);
    state.user_weight.set(weight);
    state.effective_weight.set(weight * WEIGHT_SCALE);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_plan::settings::ServerSettings;
    use weir_shm::Kind;
    use weir_types::PortSpec;

    use super::*;

    fn plan(shm: Shm, weight: u16, disabled: bool) -> Plan {
        let slot = shm.find_or_add(Kind::Server, "b/s").expect("there is room");
        let settings = ServerSettings { weight, disabled, ..ServerSettings::default() };
        let server = Server {
            tls: None,
            name: "s".into(),
            id: 1,
            target: ServerTarget::Ip { ip: [127, 0, 0, 1].into(), port: PortSpec::Fixed(80) },
            settings: Arc::new(settings),
            cookie: None,
            track: None,
            span: Default::default(),
            slot,
        };
        Plan { servers: vec![server], ..Plan::default() }
    }

    #[test]
    fn a_new_server_is_up_with_its_weight() {
        let shm = Shm::private(1);
        let plan = plan(shm, 7, false);
        settle(&plan, shm, 5);
        let state = shm.server(plan.servers[0].slot).state;
        assert!(state.usable());
        assert_eq!((state.user_weight.value(), state.effective_weight.value()), (7, 7 * WEIGHT_SCALE));
        assert_eq!(state.last_change_ms.value(), 5);
    }

    #[test]
    fn a_reload_keeps_what_was_set_at_run_time() {
        let shm = Shm::private(1);
        settle(&plan(shm, 7, false), shm, 5);
        let state = shm.server(plan(shm, 7, false).servers[0].slot).state;
        state.user_weight.set(3);
        state.insert_admin(AdminFlags::FMAINT);
        settle(&plan(shm, 7, false), shm, 9);
        assert_eq!(state.user_weight.value(), 3);
        assert!(state.admin().intersects(AdminFlags::FMAINT));
    }

    #[test]
    fn a_reload_applies_what_changed_in_the_text() {
        let shm = Shm::private(1);
        settle(&plan(shm, 7, false), shm, 5);
        settle(&plan(shm, 9, true), shm, 9);
        let state = shm.server(plan(shm, 9, true).servers[0].slot).state;
        assert_eq!(state.user_weight.value(), 9);
        assert!(state.admin().intersects(AdminFlags::CMAINT));
        settle(&plan(shm, 9, false), shm, 12);
        assert!(state.usable());
    }
}
