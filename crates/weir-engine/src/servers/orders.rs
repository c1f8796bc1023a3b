//! Maintenance, drain, health: each with what it means for servers that track this one.

use weir_check::report::{Cause, Transition};
use weir_shm::{AdminFlags, CheckState, OperationalState, ServerState};
use weir_types::ServerId;

use super::transition::{apply, in_maintenance, turn};
use super::{Servers, Told, ramp};

/// `set server ... health`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthOrder {
    Up,
    Stopping,
    Down,
}

/// `set server ... state maint`, `disable server`.
pub fn maintenance(servers: &Servers<'_>, id: ServerId) -> Vec<Told> {
    let lines = enter_maintenance(servers, id, AdminFlags::FMAINT, None);
    // The stronger order replaces the weaker, also where it was passed on.
    servers.state(id).remove_admin(AdminFlags::FDRAIN);
    forget_inherited_drain(servers, id);
    lines
}

fn forget_inherited_drain(servers: &Servers<'_>, id: ServerId) {
    if servers.state(id).admin().intersects(AdminFlags::DRAIN) {
        return;
    }
    for tracker in servers.trackers(id) {
        servers.state(tracker).remove_admin(AdminFlags::IDRAIN);
        forget_inherited_drain(servers, tracker);
    }
}

fn enter_maintenance(servers: &Servers<'_>, id: ServerId, flag: AdminFlags, by: Option<&str>) -> Vec<Told> {
    let state = servers.state(id);
    if state.admin().intersects(flag) {
        return Vec::new();
    }
    let already = in_maintenance(state);
    let line = match (already, state.operational()) {
        (true, _) => None,
        (false, OperationalState::Stopped) => Some(Transition::MaintenanceWhileDown),
        (false, _) if state.admin().intersects(AdminFlags::DRAIN) => Some(Transition::MaintenanceFromDrain),
        (false, _) => Some(Transition::Maintenance),
    };
    let change = |state: &ServerState| {
        state.insert_admin(flag);
        state.set_operational(OperationalState::Stopped);
        // An agent is asked on: it may bring the server back.
        if state.check.flags.value() & CheckState::CONFIGURED != 0 {
            state.check.flags.insert(CheckState::PAUSED);
            state.check.health.set(0);
        }
    };
    let mut lines = apply(servers, id, change, line.map(|line| (line, by.map(Cause::Tracked))));
    let name = servers.path(id);
    for tracker in servers.trackers(id) {
        lines.extend(enter_maintenance(servers, tracker, AdminFlags::IMAINT, Some(&name)));
    }
    lines
}

/// `set server ... state ready`, `enable server`: out of maintenance and drain.
pub fn ready(servers: &Servers<'_>, id: ServerId) -> Vec<Told> {
    let mut lines = leave_maintenance(servers, id, AdminFlags::FMAINT, None);
    lines.extend(leave_drain(servers, id, AdminFlags::FDRAIN, None));
    lines
}

fn leave_maintenance(servers: &Servers<'_>, id: ServerId, flags: AdminFlags, by: Option<&str>) -> Vec<Told> {
    let state = servers.state(id);
    if !state.admin().intersects(flags) {
        return Vec::new();
    }
    if flags == AdminFlags::FMAINT {
        state.configured.remove(ServerState::CAME_AT_RUN_TIME);
    }
    let remains = state.admin().0 & !flags.0 & AdminFlags::MAINT.0 != 0;
    if remains {
        state.remove_admin(flags);
        return Vec::new();
    }
    let line = match state.admin().intersects(AdminFlags::DRAIN) {
        true => Transition::LeavesMaintenanceToDrain,
        false => Transition::LeavesMaintenance,
    };
    let rise = servers.health(id).rise;
    let ramps = servers.server(id).settings.slowstart > 0;
    let change = |state: &ServerState| {
        state.remove_admin(flags);
        state.check.flags.remove(CheckState::PAUSED);
        if state.check.flags.value() & CheckState::CONFIGURED != 0 {
            state.check.health.set(rise);
        }
        state.set_operational(OperationalState::Running);
        if ramps {
            ramp::begin(servers, id);
        }
    };
    let mut lines = apply(servers, id, change, Some((line, by.map(Cause::Tracked))));
    let name = servers.path(id);
    for tracker in servers.trackers(id) {
        lines.extend(leave_maintenance(servers, tracker, AdminFlags::IMAINT, Some(&name)));
    }
    lines
}

/// `set server ... state drain`: out of maintenance, and no new sessions but those bound to it.
pub fn drain(servers: &Servers<'_>, id: ServerId) -> Vec<Told> {
    let state = servers.state(id);
    let forced = AdminFlags::FMAINT;
    if state.admin().intersects(forced) {
        state.insert_admin(AdminFlags::FDRAIN);
        let mut lines = leave_maintenance(servers, id, forced, None);
        lines.extend(apply(servers, id, |_| {}, Some((Transition::RemainsInDrain, None))));
        return lines;
    }
    enter_drain(servers, id, AdminFlags::FDRAIN, None)
}

fn enter_drain(servers: &Servers<'_>, id: ServerId, flag: AdminFlags, by: Option<&str>) -> Vec<Told> {
    let state = servers.state(id);
    if state.admin().intersects(flag) {
        return Vec::new();
    }
    let line = match state.operational() {
        _ if state.admin().intersects(AdminFlags::DRAIN) => None,
        OperationalState::Stopped => Some(Transition::DrainWhileDown),
        _ => Some(Transition::Drain),
    };
    let change = |state: &ServerState| {
        state.insert_admin(flag);
    };
    let mut lines = apply(servers, id, change, line.map(|line| (line, by.map(Cause::Tracked))));
    let name = servers.path(id);
    for tracker in servers.trackers(id) {
        lines.extend(enter_drain(servers, tracker, AdminFlags::IDRAIN, Some(&name)));
    }
    lines
}

fn leave_drain(servers: &Servers<'_>, id: ServerId, flag: AdminFlags, by: Option<&str>) -> Vec<Told> {
    let state = servers.state(id);
    if !state.admin().intersects(flag) {
        return Vec::new();
    }
    let line = match state.operational() {
        _ if state.admin().0 & !flag.0 & AdminFlags::DRAIN.0 != 0 => None,
        OperationalState::Stopped => Some(Transition::LeavesDrainDown),
        _ => Some(Transition::LeavesDrain),
    };
    let change = |state: &ServerState| {
        state.remove_admin(flag);
    };
    let mut lines = apply(servers, id, change, line.map(|line| (line, by.map(Cause::Tracked))));
    let name = servers.path(id);
    for tracker in servers.trackers(id) {
        lines.extend(leave_drain(servers, tracker, AdminFlags::IDRAIN, Some(&name)));
    }
    lines
}

/// `set server ... health`. The caller refuses it for servers that track another.
pub fn health(servers: &Servers<'_>, id: ServerId, order: HealthOrder) -> Vec<Told> {
    let state = servers.state(id);
    let mut health = servers.health(id);
    let (operational, transition) = match order {
        HealthOrder::Up => (OperationalState::Running, Transition::Up),
        HealthOrder::Stopping => (OperationalState::Stopping, Transition::Stopping),
        HealthOrder::Down => (OperationalState::Stopped, Transition::Down),
    };
    if operational == OperationalState::Stopped {
        health.drop_down()
    } else {
        health.raise()
    }
    state.check.health.set(health.value);
    turn(servers, id, operational, transition, Cause::Cli)
}

/// `set server ... agent up` and `down`: as if the agent had said so.
pub fn agent(servers: &Servers<'_>, id: ServerId, up: bool) -> Vec<Told> {
    servers.state(id).agent.health.set(u32::from(up));
    let (to, transition) = match up {
        true => (OperationalState::Running, Transition::Up),
        false => (OperationalState::Stopped, Transition::Down),
    };
    turn(servers, id, to, transition, Cause::Cli)
}

/// `enable health` and `disable health`, the same for agents. False: there is none.
pub fn checks_enabled(check: &CheckState, enabled: bool) -> bool {
    if check.flags.value() & CheckState::CONFIGURED == 0 {
        return false;
    }
    if enabled {
        check.flags.insert(CheckState::ENABLED);
    } else {
        check.flags.remove(CheckState::ENABLED);
    }
    true
}
