//! The supervisor's extract of a plan.

use weir_plan::settings::Global;
use weir_plan::{Listener, ListenerOwner, Plan};
use weir_shm::RingSpec;
use weir_sys::privilege;
use weir_types::Sources;

use super::slots::Recorded;
use crate::blueprint::{Blueprint, ListenerSpec, ProcessSettings, Taker};
use crate::bundle::Overrides;

/// The error is a text for the user.
pub fn of(plan: &Plan, slots: Recorded, sources: &Sources) -> Result<Blueprint, String> {
    let settings = settings(&plan.global)?;
    let mut listeners = Vec::with_capacity(plan.listeners.len());
    for listener in &plan.listeners {
        listeners.push(listener_spec(plan, listener, &slots, sources));
    }
    let backups = plan.servers.iter().filter(|server| server.settings.backup);
    let backups = backups.map(|server| slots.names[server.slot.index()].1.clone()).collect();
    let rings = plan.rings.iter();
    let rings = rings.map(|ring| RingSpec { name: ring.name.to_string(), bytes: ring.bytes }).collect();
    Ok(Blueprint {
        settings,
        environment: Vec::new(),
        names: slots.names,
        tables: slots.tables,
        caches: slots.caches,
        rings,
        backups,
        listeners,
    })
}

/// What the command line has the last word about, for the children's plans.
pub fn override_settings(global: &mut Global, overrides: &Overrides) {
    if let Some(maxconn) = overrides.maxconn {
        global.maxconn = maxconn;
    }
}

fn listener_spec(plan: &Plan, listener: &Listener, slots: &Recorded, sources: &Sources) -> ListenerSpec {
    let (taker, owner, maxconn) = match listener.owner {
        ListenerOwner::Proxy(id) => {
            let proxy = plan.proxy(id);
            let frontend = proxy.frontend.as_ref();
            let backlog = frontend.and_then(|frontend| frontend.backlog.or(frontend.maxconn));
            (Taker::Workers, format!("{} {}", proxy.kind.noun(), proxy.name), backlog)
        }
        ListenerOwner::LogForward(index) => {
            let section = &plan.log_forwards[index as usize];
            (Taker::Workers, format!("log-forward {}", section.name), section.backlog)
        }
        ListenerOwner::Cli => (Taker::Controller, "proxy GLOBAL".to_string(), None),
        ListenerOwner::Peers => (Taker::Controller, "peers".to_string(), None),
    };
    ListenerSpec {
        name: slots.names[listener.slot.index()].1.clone(),
        taker,
        address: listener.address.clone(),
        settings: (*listener.settings).clone(),
        backlog: maxconn.unwrap_or(0),
        owner,
        place: format!("{}:{}", sources.name(listener.span.file), listener.span.line),
    }
}

fn settings(global: &Global) -> Result<ProcessSettings, String> {
    let mut uid = global.uid;
    if let Some(name) = &global.user {
        let found = privilege::find_user(name).map_err(|error| error.to_string())?;
        uid = Some(found.ok_or(format!("cannot find user id for '{name}'"))?.0);
    }
    let mut gid = global.gid;
    if let Some(name) = &global.group {
        let found = privilege::find_group(name).map_err(|error| error.to_string())?;
        gid = Some(found.ok_or(format!("cannot find group id for '{name}'"))?);
    }
    Ok(ProcessSettings {
        daemon: global.daemon,
        master_worker: global.master_worker,
        quiet: global.quiet,
        nbthread: global.nbthread,
        maxconn: global.maxconn,
        ulimit_n: global.ulimit_n,
        fd_hard_limit: global.fd_hard_limit,
        strict_limits: global.strict_limits,
        set_dumpable: global.set_dumpable,
        capabilities: global.capabilities.iter().map(ToString::to_string).collect(),
        noreuseport: false,
        pidfile: global.pidfile.as_deref().map(str::to_string),
        hard_stop_after_ms: global.hard_stop_after,
        grace_ms: global.grace,
        chroot: global.chroot.as_deref().map(str::to_string),
        uid,
        gid,
        cpus: cpus(global),
        receive_buffer: global.tune.rcvbuf_frontend,
        send_buffer: global.tune.sndbuf_frontend,
    })
}

/// `cpu-map`: CPUs of each thread, here worker, counted from 1.
fn cpus(global: &Global) -> Vec<Vec<usize>> {
    let mut cpus: Vec<Vec<usize>> = Vec::new();
    for map in &global.cpu_map {
        let (first, last) = (map.threads.0.max(1), map.threads.1.min(u32::from(u16::MAX)));
        for (place, thread) in (first..=last).enumerate() {
            let worker = thread as usize - 1;
            if cpus.len() <= worker {
                // An upper bound without a number of threads would name every one there could be.
                if global.nbthread != 0 && worker >= usize::from(global.nbthread) || worker >= 1024 {
                    break;
                }
                cpus.resize(worker + 1, Vec::new());
            }
            let all: Vec<usize> = map.cpus.iter().map(|cpu| *cpu as usize).collect();
            cpus[worker] = match map.auto {
                true => all.get(place).map(|cpu| vec![*cpu]).unwrap_or_default(),
                false => all,
            };
        }
    }
    cpus
}
