//! `show version`, `show env`, `show cli sockets`, `show startup-logs`, `show activity`, `show errors`, `show libs`.

use std::fmt::Write;

use weir_plan::ListenerOwner;
use weir_types::{Address, AddressFamily, PortSpec, WorkerId};

use crate::cli::reply::Reply;
use crate::cli::session::Context;

pub fn version(context: &mut Context<'_>) -> Reply {
    Reply::info(context.view().process.version.clone())
}

pub fn environment(context: &mut Context<'_>) -> Reply {
    let view = context.view();
    let wanted = context.argument(0);
    let mut text = String::new();
    for (name, value) in &view.process.environment {
        if wanted.is_empty() || wanted == name {
            let _ = writeln!(text, "{name}={value}");
        }
    }
    if text.is_empty() && !wanted.is_empty() {
        return Reply::error("Variable not found");
    }
    Reply::text(text)
}

pub fn cli_sockets(context: &mut Context<'_>) -> Reply {
    let mut text = String::from("# socket lvl processes\n");
    let listeners = &context.view().plan.listeners;
    for listener in listeners.iter().filter(|listener| listener.owner == ListenerOwner::Cli) {
        let level = crate::serve::level_of(&listener.settings).word();
        let _ = writeln!(text, "{} {level} all", socket_name(&listener.address));
    }
    Reply::text(text)
}

/// `unix@cli.sock`, `ipv4@127.0.0.1:9999`.
pub fn socket_name(address: &Address) -> String {
    let port = match address.port {
        PortSpec::Fixed(port) => port,
        _ => 0,
    };
    match &address.family {
        AddressFamily::Unix(path) => format!("unix@{path}"),
        AddressFamily::Abstract(name) => format!("abns@{}", String::from_utf8_lossy(name)),
        AddressFamily::AbstractUnpadded(name) => format!("abnsz@{}", String::from_utf8_lossy(name)),
        AddressFamily::Ip(ip) if ip.is_ipv4() => format!("ipv4@{ip}:{port}"),
        AddressFamily::Ip(ip) => format!("ipv6@[{ip}]:{port}"),
        AddressFamily::Fd(descriptor) => format!("fd@{descriptor}"),
        AddressFamily::SocketPair(descriptor) => format!("sockpair@{descriptor}"),
        _ => "unknown".into(),
    }
}

pub fn startup_logs(context: &mut Context<'_>) -> Reply {
    Reply::text(context.view().process.startup_logs.clone())
}

/// Figures of each worker's event loop. Those that only make sense for HAProxy's threads are left out.
pub fn activity(context: &mut Context<'_>) -> Reply {
    let view = context.view();
    let workers = view.process.workers;
    let wanted: i64 = match context.argument(0) {
        "" => 0,
        text => text.parse().unwrap_or(i64::MAX),
    };
    if wanted < -1 || wanted > i64::from(workers) {
        return Reply::error("Thread ID number must be between -1 and nbthread");
    }
    let shared = view.shm.process();
    type Figure = (&'static str, fn(&weir_shm::ProcessCounters) -> u64);
    let figures: [Figure; 5] = [
        ("curr_rq", |it| it.run_queue.value()),
        ("stream_calls", |it| it.cum_streams.value()),
        ("accepted", |it| it.cum_conns.value()),
        ("fd_open", |it| it.open_descriptors.value()),
        ("stream_panics", |it| it.stream_panics.value()),
    ];
    let mut text = String::new();
    let (seconds, microseconds) = (view.date_us / 1_000_000, view.date_us % 1_000_000);
    let uptime = view.now_ms.saturating_sub(shared.state.start_ms.value());
    let _ = writeln!(text, "thread_id: {workers} (1..{workers})");
    let _ = writeln!(text, "date_now: {seconds}.{microseconds:06}");
    let _ = writeln!(text, "uptime_now: {}.{:03}000", uptime / 1000, uptime % 1000);
    for (name, read) in figures {
        let each: Vec<u64> =
            (0..workers).map(|worker| read(shared.counters(WorkerId(worker as u16)))).collect();
        let total: u64 = each.iter().sum();
        let _ = match wanted {
            0 => {
                let list: Vec<String> = each.iter().map(u64::to_string).collect();
                writeln!(text, "{name}: {total} [ {} ]", list.join(" "))
            }
            -1 => writeln!(text, "{name}: {total}"),
            one => writeln!(text, "{name}: {}", each[one as usize - 1]),
        };
    }
    Reply::text(text)
}
