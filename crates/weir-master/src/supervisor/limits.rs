//! How many workers, connections and descriptors: what the configuration says, and what the system allows.

use weir_sys::limit;

use crate::blueprint::{Blueprint, ProcessSettings};
use crate::report::Report;

/// Descriptors that are neither connections nor listeners: logs, control channels, memory, event loops.
const OTHERS: u64 = 64;

/// `nbthread`, or the number of CPUs this process may use.
pub fn workers(settings: &ProcessSettings) -> usize {
    match settings.nbthread {
        0 => limit::usable_cpus().map_or(1, |cpus| cpus.len().max(1)),
        count => usize::from(count),
    }
}

/// Raises the descriptor limit to what `maxconn` needs; children inherit it.
pub fn apply(settings: &ProcessSettings, blueprint: &Blueprint, report: &Report) -> Result<(), String> {
    let needed = needed(settings, blueprint);
    let Ok((soft, hard)) = limit::descriptors() else { return Ok(()) };
    if needed <= soft {
        return Ok(());
    }
    if limit::set_descriptors(needed, hard.max(needed)).is_ok() {
        return Ok(());
    }
    let _ = limit::set_descriptors(hard, hard);
    let text = format!("[haproxy.main()] Cannot raise FD limit to {needed}, limit is {hard}.");
    if settings.strict_limits && settings.ulimit_n.is_some() {
        return Err(text);
    }
    if settings.ulimit_n.is_some() || settings.maxconn != 0 {
        report.warning(&text);
    }
    Ok(())
}

/// Two descriptors for each connection, since each has a server side.
fn needed(settings: &ProcessSettings, blueprint: &Blueprint) -> u64 {
    if let Some(limit) = settings.ulimit_n {
        return limit;
    }
    let listeners = (blueprint.listeners.len() * workers(settings)) as u64;
    let needed = u64::from(settings.maxconn) * 2 + listeners + OTHERS;
    settings.fd_hard_limit.map_or(needed, |limit| needed.min(limit))
}
