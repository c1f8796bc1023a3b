//! Maintenance, drain, health: each with what it means for servers that track this one.

use weir_check::Health;
use weir_check::report::{Cause, Transition};
use weir_shm::{AdminFlags, OperationalState, ServerState};
use weir_types::ServerId;

use super::transition::{Told, apply, in_maintenance, state_of, trackers};
use crate::View;

/// `set server ... health`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthOrder {
    Up,
    Stopping,
    Down,
}

/// Bits of `srv_check_state`.
const CONFIGURED: u32 = 2;
const ENABLED: u32 = 4;
const PAUSED: u32 = 8;

/// `set server ... state maint`, `disable server`.
pub fn maintenance(view: &View<'_>, id: ServerId) -> Vec<Told> {
    let lines = enter_maintenance(view, id, AdminFlags::FMAINT, None);
    // The stronger order replaces the weaker.
    state_of(view, id).remove_admin(AdminFlags::FDRAIN);
    lines
}

fn enter_maintenance(view: &View<'_>, id: ServerId, flag: AdminFlags, by: Option<&str>) -> Vec<Told> {
    let state = state_of(view, id);
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
        if state.check.flags.value() & CONFIGURED != 0 {
            state.check.flags.insert(PAUSED);
        }
    };
    let mut lines = apply(view, id, change, line.map(|line| (line, by.map(Cause::Tracked))));
    let name = view.server_name(id);
    for tracker in trackers(view, id) {
        lines.extend(enter_maintenance(view, tracker, AdminFlags::IMAINT, Some(&name)));
    }
    lines
}

/// `set server ... state ready`, `enable server`: out of maintenance and drain.
pub fn ready(view: &View<'_>, id: ServerId) -> Vec<Told> {
    let mut lines = leave_maintenance(view, id, AdminFlags::FMAINT, None);
    lines.extend(leave_drain(view, id, AdminFlags::FDRAIN, None));
    lines
}

fn leave_maintenance(view: &View<'_>, id: ServerId, flags: AdminFlags, by: Option<&str>) -> Vec<Told> {
    let state = state_of(view, id);
    if !state.admin().intersects(flags) {
        return Vec::new();
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
    let rise = rise_of(view, id);
    let change = |state: &ServerState| {
        state.remove_admin(flags);
        state.check.flags.remove(PAUSED);
        state.check.health.set(rise);
        state.set_operational(OperationalState::Running);
    };
    let mut lines = apply(view, id, change, Some((line, by.map(Cause::Tracked))));
    let name = view.server_name(id);
    for tracker in trackers(view, id) {
        lines.extend(leave_maintenance(view, tracker, AdminFlags::IMAINT, Some(&name)));
    }
    lines
}

/// `set server ... state drain`: out of maintenance, and no new sessions but those bound to it.
pub fn drain(view: &View<'_>, id: ServerId) -> Vec<Told> {
    let state = state_of(view, id);
    let forced = AdminFlags::FMAINT;
    if state.admin().intersects(forced) {
        state.insert_admin(AdminFlags::FDRAIN);
        let mut lines = leave_maintenance(view, id, forced, None);
        lines.extend(apply(view, id, |_| {}, Some((Transition::RemainsInDrain, None))));
        return lines;
    }
    enter_drain(view, id, AdminFlags::FDRAIN, None)
}

fn enter_drain(view: &View<'_>, id: ServerId, flag: AdminFlags, by: Option<&str>) -> Vec<Told> {
    let state = state_of(view, id);
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
    let mut lines = apply(view, id, change, line.map(|line| (line, by.map(Cause::Tracked))));
    let name = view.server_name(id);
    for tracker in trackers(view, id) {
        lines.extend(enter_drain(view, tracker, AdminFlags::IDRAIN, Some(&name)));
    }
    lines
}

fn leave_drain(view: &View<'_>, id: ServerId, flag: AdminFlags, by: Option<&str>) -> Vec<Told> {
    let state = state_of(view, id);
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
    let mut lines = apply(view, id, change, line.map(|line| (line, by.map(Cause::Tracked))));
    let name = view.server_name(id);
    for tracker in trackers(view, id) {
        lines.extend(leave_drain(view, tracker, AdminFlags::IDRAIN, Some(&name)));
    }
    lines
}

/// `set server ... health`. The caller refuses it for servers that track another.
pub fn health(view: &View<'_>, id: ServerId, order: HealthOrder) -> Vec<Told> {
    let state = state_of(view, id);
    let mut health = health_of(view, id);
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
    if state.operational() == operational {
        return Vec::new();
    }
    turn(view, id, operational, transition, Cause::Cli)
}

fn turn(
    view: &View<'_>,
    id: ServerId,
    operational: OperationalState,
    transition: Transition,
    cause: Cause<'_>,
) -> Vec<Told> {
    let change = |state: &ServerState| state.set_operational(operational);
    let mut lines = apply(view, id, change, Some((transition, Some(cause))));
    let name = view.server_name(id);
    for tracker in trackers(view, id) {
        let state = state_of(view, tracker);
        if state.operational() != operational && !in_maintenance(state) {
            lines.extend(turn(view, tracker, operational, transition, Cause::Tracked(&name)));
        }
    }
    lines
}

/// `enable health`, `disable health`. False: the server has no check.
pub fn checks_enabled(view: &View<'_>, id: ServerId, enabled: bool) -> bool {
    let state = state_of(view, id);
    if state.check.flags.value() & CONFIGURED == 0 {
        return false;
    }
    if enabled {
        state.check.flags.insert(ENABLED);
    } else {
        state.check.flags.remove(ENABLED);
    }
    true
}

fn rise_of(view: &View<'_>, id: ServerId) -> u32 {
    health_of(view, id).rise
}

fn health_of(view: &View<'_>, id: ServerId) -> Health {
    let configured = &view.plan.server(id).settings.check;
    let check = &state_of(view, id).check;
    let or = |set: u32, configured: u32| if set > 0 { set } else { configured };
    Health {
        rise: or(check.rise.value(), configured.rise),
        fall: or(check.fall.value(), configured.fall),
        value: check.health.value(),
    }
}
