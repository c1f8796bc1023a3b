//! What a plan says of servers, written into shared memory: in full for new servers, and for those that were there
//! before only what changed in the text. What happened at run time (weights, maintenance, health) stays.
//!
//! Every process calls this for every plan before it serves it. All would write the same, so it does not matter who
//! comes first.

use std::net::IpAddr;

use weir_balance::WEIGHT_SCALE;
use weir_check::CheckStatus;
use weir_plan::settings::{InitState, SavedServer};
use weir_plan::{Plan, Server, ServerTarget};
use weir_shm::{AdminFlags, CheckState, OperationalState, ServerState, Shm};
use weir_types::{PortSpec, ServerId};

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
    for table in &plan.tables {
        let told = table.peers.is_some();
        shm.table(table.slot, shm.controller()).settle(table.expire_ms, table.nopurge, told);
    }
    let rate = plan.global.tls.maxsslrate;
    if process.ssl_rate_configured.value() != rate {
        process.ssl_rate_configured.set(rate);
        process.ssl_rate_limit.set(rate);
    }
    for (index, server) in plan.servers.iter().enumerate() {
        let id = ServerId(index as u32);
        let state = shm.server(server.slot).state;
        if state.is_new() {
            let index = plan.saved_servers.binary_search_by_key(&id, |(id, _)| *id).ok();
            begin(server, state, index.map(|index| &plan.saved_servers[index].1), now_ms);
            if follows_disabled(plan, server) {
                state.insert_admin(AdminFlags::IMAINT);
                state.set_operational(OperationalState::Stopped);
            }
        } else {
            follow(server, state);
        }
    }
}

/// A server that came at run time begins in maintenance, and nobody checks it until an operator says so. For a name that
/// was there before, see [`renew`].
pub fn begin_dynamic(server: &Server, shm: Shm, now_ms: u64) {
    let state = shm.server(server.slot).state;
    if state.is_new() {
        fill_dynamic(server, state, now_ms);
        state.begin();
    }
}

/// A server came at run time under a name whose server was deleted: nothing of that one stays. Only the controller calls
/// this, once the server is in force everywhere.
pub fn renew(server: &Server, shm: Shm, now_ms: u64) {
    let state = shm.server(server.slot).state;
    state.reset();
    fill_dynamic(server, state, now_ms);
    state.begin();
}

fn fill_dynamic(server: &Server, state: &ServerState, now_ms: u64) {
    set_weight(state, u32::from(server.settings.weight));
    state.check.status.set(CheckStatus::Initializing as u32);
    state.agent.status.set(CheckStatus::Initializing as u32);
    follow_checks(server, state);
    for check in [&state.check, &state.agent] {
        check.flags.remove(CheckState::ENABLED);
        check.health.set(0);
    }
    if server.settings.disabled {
        disable(state);
    }
    // Should a reload find the server in the file, it is no operator that keeps it down.
    state.configured.insert(ServerState::CAME_AT_RUN_TIME);
    state.insert_admin(AdminFlags::FMAINT);
    state.set_operational(OperationalState::Stopped);
    state.last_change_ms.set(now_ms);
}

/// The server that it tracks is disabled by its line.
fn follows_disabled(plan: &Plan, server: &Server) -> bool {
    let mut tracked = server.track;
    // A circle is refused by the compiler.
    for _ in 0..plan.servers.len() {
        match tracked {
            Some(id) if plan.server(id).settings.disabled => return true,
            Some(id) => tracked = plan.server(id).track,
            None => break,
        }
    }
    false
}

fn begin(server: &Server, state: &ServerState, saved: Option<&SavedServer>, now_ms: u64) {
    let settings = &server.settings;
    set_weight(state, u32::from(settings.weight));
    if matches!(server.target, ServerTarget::Unresolved { .. }) {
        state.insert_admin(AdminFlags::RMAINT);
    }
    // Up, and down at the first failure, as a server starts in HAProxy, unless `init-state` says otherwise.
    let (rise, fall) = (settings.check.rise, settings.check.fall);
    let (operational, health) = match settings.init_state {
        InitState::FullyUp => (OperationalState::Running, rise + fall - 1),
        InitState::Up => (OperationalState::Running, rise),
        InitState::Down => (OperationalState::Stopped, rise - 1),
        InitState::FullyDown => (OperationalState::Stopped, 0),
    };
    let operational = if settings.check.enabled { operational } else { OperationalState::Running };
    state.set_operational(operational);
    state.check.status.set(CheckStatus::Initializing as u32);
    state.check.health.set(if settings.check.enabled { health } else { 0 });
    state.agent.status.set(CheckStatus::Initializing as u32);
    follow_checks(server, state);
    if settings.disabled {
        disable(state);
    }
    state.last_change_ms.set(now_ms);
    if let Some(saved) = saved {
        restore(server, state, saved, now_ms);
    }
    state.begin();
}

/// As a state file knows the server, as far as its line still says the same.
fn restore(server: &Server, state: &ServerState, saved: &SavedServer, now_ms: u64) {
    let settings = &server.settings;
    let admin = AdminFlags(saved.admin);
    if saved.initial_weight == u32::from(settings.weight) {
        state.user_weight.set(saved.user_weight);
        state.effective_weight.set(saved.user_weight * WEIGHT_SCALE);
    }
    state.check.status.set(saved.check_status);
    state.check.result.set(saved.check_result);
    let most = settings.check.rise + settings.check.fall - 1;
    if settings.check.enabled {
        state.check.health.set(saved.check_health.min(most));
    }
    state.insert_admin(AdminFlags(admin.0 & AdminFlags::FDRAIN.0));
    if admin.intersects(AdminFlags::FMAINT) {
        state.insert_admin(AdminFlags::FMAINT);
        if settings.check.enabled {
            state.check.flags.insert(CheckState::PAUSED);
        }
    } else if admin.intersects(AdminFlags::CMAINT) && settings.disabled {
        // It was enabled by an operator since.
        state.remove_admin(AdminFlags::FMAINT);
        state.check.flags.remove(CheckState::PAUSED);
    }
    state.set_operational(match saved.operational {
        _ if state.admin().intersects(AdminFlags::MAINT) => OperationalState::Stopped,
        0 => OperationalState::Stopped,
        3 => OperationalState::Stopping,
        _ => OperationalState::Running,
    });
    let elapsed_ms = u64::from(saved.since_change) * 1000;
    state.last_change_ms.set(now_ms.saturating_sub(elapsed_ms).max(1));
    if matches!(server.target, ServerTarget::Ip { port: PortSpec::Fixed(port), .. } if Some(port) != saved.port)
    {
        state.address.set(None, saved.port);
    }
    state.check.port.set(saved.check_port.map_or(0, u32::from));
    let differs = |saved: Option<IpAddr>, configured| saved.filter(|saved| Some(*saved) != configured);
    if let Some(address) = differs(saved.check_address, settings.check.address) {
        state.check_address.set(Some(address), None);
    }
    if let Some(address) = differs(saved.agent_address, settings.agent.address) {
        state.agent_address.set(Some(address), None);
    }
    if saved.agent_port != settings.agent.port {
        state.agent.port.set(saved.agent_port.map_or(0, u32::from));
    }
}

fn follow(server: &Server, state: &ServerState) {
    let settings = &server.settings;
    if state.initial_weight.value() != u32::from(settings.weight) {
        set_weight(state, u32::from(settings.weight));
    }
    let was_disabled =
        state.configured.value() & (ServerState::CONFIGURED_DISABLED | ServerState::CAME_AT_RUN_TIME) != 0;
    match (was_disabled, settings.disabled) {
        (false, true) => disable(state),
        (true, false) => {
            state.remove_admin(DISABLED);
            state.configured.remove(ServerState::CONFIGURED_DISABLED | ServerState::CAME_AT_RUN_TIME);
            state.check.flags.remove(CheckState::PAUSED);
            state.set_operational(OperationalState::Running);
        }
        _ => {}
    }
    follow_checks(server, state);
}

/// Checks and agents that the text now asks for, and those that it does no longer.
fn follow_checks(server: &Server, state: &ServerState) {
    let settings = &server.settings;
    let agent = settings.agent.enabled && settings.agent.port.is_some();
    for (check, wanted, own) in
        [(&state.check, settings.check.enabled, 0), (&state.agent, agent, CheckState::AGENT)]
    {
        let configured = check.flags.value() & CheckState::CONFIGURED != 0;
        match (configured, wanted) {
            (false, true) => {
                check.flags.insert(CheckState::CONFIGURED | CheckState::ENABLED | own);
                if check.health.value() == 0 && state.operational() != OperationalState::Stopped {
                    check.health.set(if own == 0 { settings.check.rise } else { 1 });
                }
            }
            (true, false) => {
                check.flags.set(0);
                // Nothing will bring it up any more, and nothing knows better.
                if own == 0 && !state.admin().intersects(AdminFlags::MAINT) {
                    state.set_operational(OperationalState::Running);
                }
            }
            _ => {}
        }
    }
}

/// `disabled` counts as an operator's order too: `enable server` brings the server back.
const DISABLED: AdminFlags = AdminFlags(AdminFlags::CMAINT.0 | AdminFlags::FMAINT.0);

fn disable(state: &ServerState) {
    state.insert_admin(DISABLED);
    state.configured.insert(ServerState::CONFIGURED_DISABLED);
    state.check.flags.insert(CheckState::PAUSED);
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

    use super::*;

    fn plan(shm: Shm, weight: u16, disabled: bool) -> Plan {
        let slot = shm.find_or_add(Kind::Server, "b/s").expect("there is room");
        let settings = ServerSettings { weight, disabled, ..ServerSettings::default() };
        let server = Server {
            owner: weir_types::ProxyId(0),
            dynamic: false,
            gone: false,
            referenced: false,
            tls: None,
            proxy_fields: None,
            name: "s".into(),
            id: 1,
            target: ServerTarget::Ip { ip: [127, 0, 0, 1].into(), port: PortSpec::Fixed(80) },
            settings: Arc::new(settings),
            cookie: None,
            host: None,
            track: None,
            forced_id: false,
            span: Default::default(),
            slot,
        };
        Plan { servers: vec![Arc::new(server)], ..Plan::default() }
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
