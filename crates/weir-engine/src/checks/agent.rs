//! What an agent's answer does to its server.

use weir_check::agent::{AgentOrders, AgentState, Health};
use weir_check::report::{self, Cause};
use weir_check::{CheckResult, CheckStatus, Outcome};

use super::Desk;
use super::outcome::write_down;
use super::queue::Checked;
use crate::servers::{self, parse_limit, raise_epochs, went_down, went_up};

/// An agent is believed at once.
const COUNT: u32 = 1;

pub fn apply(desk: &Desk<'_>, checked: Checked, outcome: &Outcome) {
    let servers = &desk.servers;
    let (id, state) = (checked.server, servers.state(checked.server));
    // A line was read; anything else is a failure to ask, which says nothing of the server.
    let orders = (outcome.status == CheckStatus::L7Ok).then(|| AgentOrders::parse(&outcome.info));
    let before = state.agent.status.value();
    let mut value = state.agent.health.value();
    let told = match &orders {
        None => outcome.clone(),
        Some(orders) => {
            let warning = limits(desk, checked, orders);
            match orders.health {
                Some(Health::Up) => value = COUNT,
                Some(Health::Down) => value = 0,
                None => {}
            }
            orders.outcome(warning.as_deref(), outcome.duration_ms)
        }
    };
    let health = weir_check::Health { rise: COUNT, fall: COUNT, value };
    write_down(&state.agent, &told, &health, servers.now_ms);
    servers.shm.server(checked.slot).text().agent.set(&told.info);
    let logs_checks = servers.plan.proxy(checked.backend).settings.options.log_health_checks;
    let counts = !matches!(told.result(), CheckResult::Neutral | CheckResult::Unknown);
    if logs_checks && counts && before != told.status as u32 {
        let line = report::health_check(servers.subject(id), &told, &health, true);
        desk.messenger.tell(servers.plan, checked.backend, &line);
    }
    let Some(orders) = orders else { return };
    desk.tell(match orders.administrative {
        Some(AgentState::Maintenance) => servers::maintenance(servers, id),
        Some(AgentState::Drain) => servers::drain(servers, id),
        Some(AgentState::Ready) => servers::ready(servers, id),
        None => Vec::new(),
    });
    let cause = Cause::Check { outcome: &told, logged: logs_checks };
    desk.tell(match orders.health {
        Some(Health::Down) => went_down(servers, id, cause),
        // It stays down while its check says so.
        Some(Health::Up) if !state.check.is_enabled() || servers.health(id).is_up() => {
            went_up(servers, id, cause)
        }
        _ => Vec::new(),
    });
}

/// Weight and `maxconn`; what was wrong with them.
fn limits(desk: &Desk<'_>, checked: Checked, orders: &AgentOrders) -> Option<String> {
    let servers = &desk.servers;
    let mut warning = None;
    if let Some(text) = &orders.weight {
        match servers::weight(servers, checked.server, text) {
            Ok(lines) => desk.tell(lines),
            Err(error) => warning = Some(error.to_string()),
        }
    }
    if let Some(text) = &orders.maxconn {
        match parse_limit(text) {
            Ok(limit) => {
                servers.state(checked.server).maxconn.set(limit.saturating_add(1));
                raise_epochs(servers, checked.server);
            }
            Err(error) => warning = Some(error.into()),
        }
    }
    if orders.weight.is_some() || orders.maxconn.is_some() {
        desk.wakers.wake_all(servers.shm);
    }
    warning
}
