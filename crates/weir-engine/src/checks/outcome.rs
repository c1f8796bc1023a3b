//! What a finished check means for its server.

use weir_check::report::{self, Cause, Subject};
use weir_check::{Change, CheckResult, Condition, Health, Outcome};
use weir_shm::OperationalState;

use super::queue::Checked;
use super::transition::Servers;

/// The server's health as shared memory has it.
pub fn health(servers: &Servers<'_>, checked: Checked) -> Health {
    let check = &servers.shm.server(checked.slot).state.check;
    let configured = &servers.plan.server(checked.server).settings.check;
    let set = |word: u32, otherwise: u32| if word == 0 { otherwise } else { word };
    Health {
        rise: set(check.rise.value(), configured.rise),
        fall: set(check.fall.value(), configured.fall),
        value: check.health.value(),
    }
}

/// Writes the result down, counts it, and takes the server up or down when the count says so.
pub fn apply(servers: &Servers<'_>, checked: Checked, outcome: &Outcome, now_ms: u64) {
    let view = servers.shm.server(checked.slot);
    let state = view.state;
    if state.admin().intersects(weir_shm::AdminFlags::MAINT) {
        return;
    }
    let mut health = health(servers, checked);
    let was = match state.operational() {
        OperationalState::Stopped => Condition::Down,
        OperationalState::Stopping => Condition::Stopping,
        OperationalState::Starting | OperationalState::Running => Condition::Up,
    };
    let before = state.check.status.value();
    let change = health.count(outcome.result(), was);
    let check = &state.check;
    check.health.set(health.value);
    check.status.set(outcome.status as u32);
    check.result.set(outcome.result() as u32);
    check.code.set(outcome.code.map_or(0, u32::from));
    check.duration_ms.set(outcome.duration_ms as u32);
    check.last_ms.set(now_ms);
    view.text().check.set(&outcome.info);
    if outcome.result() == CheckResult::Failed && health_was_up(was) {
        state.check_failures.fetch_add(1);
    }
    let logs_checks = servers.plan.proxy(checked.backend).settings.options.log_health_checks;
    // HAProxy tells of a check that moved the health or found another status than the one before.
    if logs_checks && (change != Change::None || before != outcome.status as u32) {
        let subject: Subject<'_> = servers.subject(checked.backend, checked.server);
        servers.tell(checked.backend, &report::health_check(subject, outcome, &health));
    }
    let cause = Cause::Check { outcome, logged: logs_checks };
    match change {
        Change::WentDown => servers.went_down(checked.backend, checked.server, cause, now_ms),
        Change::WentUp | Change::LeftStopping => {
            servers.went_up(checked.backend, checked.server, cause, now_ms);
        }
        Change::WentStopping => servers.went_stopping(checked.backend, checked.server, cause, now_ms),
        Change::Health | Change::None => {}
    }
}

fn health_was_up(was: Condition) -> bool {
    was != Condition::Down
}
