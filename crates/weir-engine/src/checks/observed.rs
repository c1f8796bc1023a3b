//! `observe`: workers count a server's errors in shared memory; at `error-limit` they call the controller, which does
//! what `on-error` says.

use std::collections::HashMap;

use weir_check::{Observed, Pace};
use weir_plan::settings::{Observe, OnError};
use weir_plan::{Plan, Server};
use weir_shm::{AdminFlags, OperationalState, Shm};
use weir_types::Slot;

use super::Desk;
use super::outcome;
use super::queue::{CheckOf, Checked, Queue};
use crate::worker::Worker;

/// A worker met an error of the server.
pub(crate) fn failure(worker: &Worker, server: &Server, error: Observed) {
    let Some(observe) = server.settings.observe else { return };
    if observe == Observe::Layer4 && error != Observed::Connection {
        return;
    }
    let state = worker.shm.server(server.slot).state;
    if state.operational() == OperationalState::Stopped || state.admin().intersects(AdminFlags::MAINT) {
        return;
    }
    if state.consecutive_errors.fetch_add(1) + 1 >= server.settings.error_limit {
        state.consecutive_errors.set(0);
        state.observed_error.set(error as u32);
        state.error_limits.fetch_add(1);
        worker.wakers.wake(worker.shm, worker.shm.controller());
    }
}

/// A connection that opened (`layer4`), a good response (`layer7`).
pub(crate) fn success(shm: Shm, server: &Server, layer: Observe) {
    if server.settings.observe == Some(layer) {
        let errors = &shm.server(server.slot).state.consecutive_errors;
        // Read first: the line stays shared while there are none.
        if errors.value() != 0 {
            errors.set(0);
        }
    }
}

/// The controller's side: how many calls it has dealt with.
pub struct Watch {
    seen: HashMap<Slot, u32>,
}

impl Watch {
    pub fn new(plan: &Plan, shm: Shm) -> Self {
        let mut watch = Self { seen: HashMap::new() };
        watch.follow(plan, shm);
        watch
    }

    /// Takes up the observed servers of `plan`. What was called before somebody watched is too old to matter.
    pub fn follow(&mut self, plan: &Plan, shm: Shm) {
        let before = std::mem::take(&mut self.seen);
        for server in plan.servers.iter().filter(|server| server.settings.observe.is_some()) {
            let now = || shm.server(server.slot).state.error_limits.value();
            self.seen.insert(server.slot, before.get(&server.slot).copied().unwrap_or_else(now));
        }
    }

    pub fn look(&mut self, desk: &Desk<'_>, queue: &mut Queue) {
        for (slot, seen) in &mut self.seen {
            let calls = desk.servers.shm.server(*slot).state.error_limits.value();
            if std::mem::replace(seen, calls) != calls
                && let Some(checked) = queue.find(*slot, CheckOf::Health)
            {
                act(desk, queue, checked);
            }
        }
    }
}

fn act(desk: &Desk<'_>, queue: &mut Queue, checked: Checked) {
    let servers = &desk.servers;
    let settings = &servers.server(checked.server).settings;
    let state = servers.state(checked.server);
    let Some(error) = Observed::from_number(state.observed_error.value()) else { return };
    state.observe_failures.fetch_add(1);
    let mut health = servers.health(checked.server);
    match settings.on_error {
        OnError::FastInter | OnError::FailCheck => {}
        OnError::SuddenDeath => health.near_death(),
        OnError::MarkDown => health.last_breath(),
    }
    if settings.on_error != OnError::FastInter {
        state.check.health.set(health.value);
        outcome::count(desk, checked, &error.outcome(settings.error_limit));
    }
    let soon = match Pace::of(&servers.health(checked.server)) {
        Pace::Down => settings.check.downinter.or(settings.check.fastinter),
        _ => settings.check.fastinter,
    };
    if let Some(soon) = soon {
        queue.hurry(checked, soon.into(), servers.now_ms);
    }
}
