//! What a finished check means for its server.

use weir_check::report::{self, Cause};
use weir_check::{Change, CheckResult, Condition, Health, Outcome};
use weir_shm::{AdminFlags, CheckState, OperationalState};
use weir_types::ServerId;

use super::queue::{CheckOf, Checked};
use super::{Desk, agent};
use crate::servers::{Servers, went_down, went_stopping, went_up};

/// Statistics show that a check is in progress, and nothing of the one before but its status.
pub fn begins(servers: &Servers<'_>, checked: Checked) {
    let check = checked.state(servers.shm);
    check.flags.insert(CheckState::IN_PROGRESS);
    check.result.set(CheckResult::Unknown as u32);
    check.code.set(0);
    let text = servers.shm.server(checked.slot).text();
    match checked.of {
        CheckOf::Health => text.check.clear(),
        CheckOf::Agent => text.agent.clear(),
    }
}

/// Writes the result down, counts it, and takes the server up or down when the count says so.
pub fn apply(desk: &Desk<'_>, checked: Checked, outcome: &Outcome) {
    checked.state(desk.servers.shm).flags.remove(CheckState::IN_PROGRESS);
    match checked.of {
        CheckOf::Agent => agent::apply(desk, checked, outcome),
        CheckOf::Health => {
            if !desk.servers.state(checked.server).admin().intersects(AdminFlags::MAINT) {
                count(desk, checked, outcome);
            }
        }
    }
}

/// A result of the server's own check, or one that errors of traffic stand for.
pub fn count(desk: &Desk<'_>, checked: Checked, outcome: &Outcome) {
    let servers = &desk.servers;
    let state = servers.state(checked.server);
    let mut health = servers.health(checked.server);
    let was = condition(state.operational());
    let before = state.check.status.value();
    let change = health.count(outcome.result(), was);
    write_down(&state.check, outcome, &health, servers.now_ms);
    servers.shm.server(checked.slot).text().check.set(&outcome.info);
    if outcome.result() == CheckResult::Failed {
        let (status, info) = (outcome.status, &outcome.info);
        let backend = &servers.plan.proxy(checked.backend).name;
        let what = format_args!("{}, {} {info}", status.code(), status.text());
        crate::trace::server("check", backend, &servers.plan.server(checked.server).name, what);
    }
    if outcome.result() == CheckResult::Failed && was != Condition::Down {
        state.check_failures.fetch_add(1);
    }
    let logs_checks = servers.plan.proxy(checked.backend).settings.options.log_health_checks;
    // HAProxy tells of a check that moved the health or found another status than the one before.
    if logs_checks && (change != Change::None || before != outcome.status as u32) {
        let line = report::health_check(servers.subject(checked.server), outcome, &health, false);
        desk.messenger.tell(servers.plan, checked.backend, &line);
    }
    let cause = Cause::Check { outcome, logged: logs_checks };
    desk.tell(match change {
        Change::WentDown => went_down(servers, checked.server, cause),
        // It stays down while its agent says so.
        Change::WentUp | Change::LeftStopping if agent_agrees(servers, checked.server) => {
            went_up(servers, checked.server, cause)
        }
        Change::WentStopping => went_stopping(servers, checked.server, cause),
        Change::WentUp | Change::LeftStopping | Change::Health | Change::None => Vec::new(),
    });
}

pub fn write_down(check: &CheckState, outcome: &Outcome, health: &Health, now_ms: u64) {
    check.health.set(health.value);
    check.status.set(outcome.status as u32);
    check.result.set(outcome.result() as u32);
    check.code.set(outcome.code.map_or(0, u32::from));
    check.duration_ms.set(outcome.duration_ms as u32);
    check.last_ms.set(now_ms);
}

pub fn condition(state: OperationalState) -> Condition {
    match state {
        OperationalState::Stopped => Condition::Down,
        OperationalState::Stopping => Condition::Stopping,
        OperationalState::Starting | OperationalState::Running => Condition::Up,
    }
}

fn agent_agrees(servers: &Servers<'_>, id: ServerId) -> bool {
    let agent = &servers.state(id).agent;
    !agent.is_enabled() || agent.health.value() > 0
}

/// The value of `X-Haproxy-Server-State`.
pub fn state_header(desk: &Desk<'_>, checked: Checked) -> String {
    let servers = &desk.servers;
    let server = servers.server(checked.server);
    let view = servers.shm.server(server.slot);
    let proxy = servers.plan.proxy(checked.backend);
    let backend = servers.shm.backend(proxy.backend_slot);
    let weight_of = |id: ServerId| {
        let state = servers.state(id);
        if state.usable() { state.user_weight.value() } else { 0 }
    };
    let total: u32 = proxy.backend.iter().flat_map(|backend| backend.servers.iter()).map(weight_of).sum();
    let health = servers.health(checked.server);
    let (value, of) = health.fraction();
    let word = match (health.is_up(), view.state.operational()) {
        (true, OperationalState::Stopping) => "NOLB",
        (true, _) => "UP",
        (false, _) => "DOWN",
    };
    let state = match health.is_settled() {
        true => word.to_owned(),
        false => format!("{word} {value}/{of}"),
    };
    let (address, port) = match crate::server::target(server, servers.shm, || None) {
        Some(crate::server::Target::Ip(address)) => (address.ip().to_string(), address.port()),
        _ => ("unix".into(), 0),
    };
    let header = weir_check::ServerStateHeader {
        state: &state,
        address: &address,
        port,
        backend: &proxy.name,
        server: &server.name,
        node: servers.plan.global.node.as_deref().unwrap_or(desk.messenger.host()),
        weight: view.state.user_weight.value(),
        total_weight: total,
        server_sessions: view.sum(|counters| counters.scur.value()) as u32,
        backend_sessions: backend.sum(|counters| counters.scur.value()) as u32,
        queued: view.sum(|counters| counters.qcur.value()) as u32,
    };
    header.value()
}
