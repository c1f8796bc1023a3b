//! How many workers, connections and descriptors: what the configuration says, and what the system allows.

use weir_sys::{limit, privilege};

use crate::blueprint::{Blueprint, ProcessSettings};
use crate::report::Report;

/// Descriptors that are neither connections nor listeners: logs, control channels, memory, event loops.
const OTHERS: u64 = 64;
/// `fd-hard-limit` when it is not configured.
const MOST: u64 = 1 << 20;

/// `nbthread`, or the number of CPUs this process may use.
pub fn workers(settings: &ProcessSettings) -> usize {
    match settings.nbthread {
        0 => limit::usable_cpus().map_or(1, |cpus| cpus.len().max(1)),
        count => usize::from(count),
    }
}

/// What the limits came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub descriptors: u64,
    /// `maxconn` as configured, or as many connections as the descriptors allow.
    pub maxconn: u32,
}

/// Raises the descriptor limit to what `maxconn` needs, or as far as it goes; children inherit it.
pub fn apply(settings: &ProcessSettings, blueprint: &Blueprint, report: &Report) -> Result<Limits, String> {
    let (soft, hard) = limit::descriptors().unwrap_or((1024, 1024));
    let wanted = if settings.maxconn == 0 && settings.ulimit_n.is_none() {
        hard.min(settings.fd_hard_limit.unwrap_or(MOST))
    } else {
        needed(settings, blueprint)
    };
    if wanted > soft && limit::set_descriptors(wanted, hard.max(wanted)).is_err() {
        let _ = limit::set_descriptors(hard, hard);
        let text = format!("[haproxy.main()] Cannot raise FD limit to {wanted}, limit is {hard}.");
        if settings.strict_limits {
            return Err(text);
        }
        report.warning(&text);
    }
    let (descriptors, _) = limit::descriptors().unwrap_or((soft, hard));
    let left = descriptors.saturating_sub(listeners(settings, blueprint) + OTHERS);
    let maxconn = match settings.maxconn {
        0 => u32::try_from(left / 2).unwrap_or(u32::MAX),
        configured => configured,
    };
    Ok(Limits { descriptors, maxconn })
}

/// What a supervisor that runs as root needs later: to read files and bind sockets on a reload, to signal children that
/// run as another user, and to let them change to it.
const RIGHTS: &[&str] = &[
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_kill",
    "cap_net_admin",
    "cap_net_bind_service",
    "cap_net_raw",
    "cap_setgid",
    "cap_setpcap",
    "cap_setuid",
    "cap_sys_chroot",
    "cap_sys_nice",
    "cap_sys_resource",
];

/// Keeps those, and what `setcap` promises the children.
pub fn give_up_rights(settings: &ProcessSettings) -> std::io::Result<()> {
    if !privilege::is_root() {
        return Ok(());
    }
    let kept = RIGHTS.iter().copied().chain(settings.capabilities.iter().map(String::as_str));
    privilege::keep_for_good(&kept.map(str::to_string).collect::<Vec<_>>())
}

/// Two descriptors for each connection, since each has a server side.
fn needed(settings: &ProcessSettings, blueprint: &Blueprint) -> u64 {
    if let Some(limit) = settings.ulimit_n {
        return limit;
    }
    let needed = u64::from(settings.maxconn) * 2 + listeners(settings, blueprint) + OTHERS;
    settings.fd_hard_limit.map_or(needed, |limit| needed.min(limit))
}

fn listeners(settings: &ProcessSettings, blueprint: &Blueprint) -> u64 {
    (blueprint.listeners.len() * workers(settings)) as u64
}
