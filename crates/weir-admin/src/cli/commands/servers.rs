//! `set server`, `set weight`, `get weight`, `enable/disable server|health|agent`, `shutdown sessions server`.

use std::net::IpAddr;

use weir_engine::servers::{self, HealthOrder, raise_epochs};
use weir_plan::ServerTarget;
use weir_shm::AddressOverride;
use weir_types::ServerId;

use crate::View;
use crate::cli::reply::Reply;
use crate::cli::session::Context;
use crate::stats::configured_port;

/// The server that the first argument, `backend/server`, names.
pub fn server_argument(context: &Context<'_>) -> Result<ServerId, Reply> {
    let Some((backend, server)) = context.argument(0).split_once('/') else {
        return Err(Reply::error("Require 'backend/server'."));
    };
    let view = context.view();
    let Some(proxy) = view.find_backend(backend) else { return Err(Reply::error("No such backend.")) };
    view.find_server(proxy, server).ok_or_else(|| Reply::error("No such server."))
}

/// Runs `work` on the server named first.
fn with_server(context: &mut Context<'_>, work: impl FnOnce(&mut Context<'_>, ServerId) -> Reply) -> Reply {
    match server_argument(context) {
        Ok(id) => work(context, id),
        Err(reply) => reply,
    }
}

pub fn get_weight(context: &mut Context<'_>) -> Reply {
    with_server(context, |context, id| {
        let view = context.view();
        let state = view.server_state(view.plan.server(id)).state;
        Reply::text(format!("{} (initial {})\n", state.user_weight.value(), state.initial_weight.value()))
    })
}

pub fn set_weight(context: &mut Context<'_>) -> Reply {
    with_server(context, |context, id| weight(context, id, context.argument(1)))
}

fn weight(context: &Context<'_>, id: ServerId, text: &str) -> Reply {
    if text.is_empty() {
        return Reply::error("Require <weight> or <weight%>.");
    }
    match servers::weight(&context.view().servers(), id, text) {
        Ok(lines) => context.done(lines),
        Err(error) => Reply::error(error.to_string()),
    }
}

pub fn disable(context: &mut Context<'_>) -> Reply {
    with_server(context, |context, id| context.done(servers::maintenance(&context.view().servers(), id)))
}

pub fn enable(context: &mut Context<'_>) -> Reply {
    with_server(context, |context, id| context.done(servers::ready(&context.view().servers(), id)))
}

pub fn enable_health(context: &mut Context<'_>) -> Reply {
    with_server(context, |context, id| {
        match servers::checks_enabled(&context.view().servers().state(id).check, true) {
            true => Reply::Empty,
            false => Reply::error("Health check was not configured on this server, cannot enable."),
        }
    })
}

pub fn disable_health(context: &mut Context<'_>) -> Reply {
    with_server(context, |context, id| {
        servers::checks_enabled(&context.view().servers().state(id).check, false);
        Reply::Empty
    })
}

pub fn enable_agent(context: &mut Context<'_>) -> Reply {
    with_server(context, |context, id| {
        match servers::checks_enabled(&context.view().servers().state(id).agent, true) {
            true => Reply::Empty,
            false => Reply::error("Agent was not configured on this server, cannot enable."),
        }
    })
}

pub fn disable_agent(context: &mut Context<'_>) -> Reply {
    with_server(context, |context, id| {
        servers::checks_enabled(&context.view().servers().state(id).agent, false);
        Reply::Empty
    })
}

pub fn shutdown_sessions(context: &mut Context<'_>) -> Reply {
    with_server(context, |context, id| {
        context.control.shutdown_sessions(id);
        Reply::Empty
    })
}

const SET_SERVER_USAGE: &str = "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | \
    agent-send | check-addr | check-port | fqdn | health | ssl | state | weight";

pub fn set(context: &mut Context<'_>) -> Reply {
    with_server(context, |context, id| match context.argument(1) {
        "weight" => weight(context, id, context.argument(2)),
        "state" => state(context, id),
        "health" => health(context, id),
        "addr" => address(context, id),
        "check-port" => check_port(context, id),
        "check-addr" => check_address(context, id),
        "agent" => agent(context, id),
        "agent-addr" => agent_address(context, id),
        "agent-port" => agent_port(context, id),
        "agent-send" => agent_send(context, id),
        "fqdn" if context.argument(2).is_empty() => Reply::error("set server <b>/<s> fqdn requires a FQDN."),
        "fqdn" => Reply::error("set server <b>/<s> fqdn failed because no resolution is configured."),
        "ssl" => {
            Reply::error("'set server <srv> ssl' cannot be set.  default-server should define ssl settings")
        }
        _ => Reply::error(SET_SERVER_USAGE),
    })
}

fn state(context: &Context<'_>, id: ServerId) -> Reply {
    let order = match context.argument(2) {
        "ready" => servers::ready,
        "drain" => servers::drain,
        "maint" => servers::maintenance,
        _ => return Reply::error("'set server <srv> state' expects 'ready', 'drain' and 'maint'."),
    };
    context.done(order(&context.view().servers(), id))
}

fn health(context: &Context<'_>, id: ServerId) -> Reply {
    let view = context.view();
    if view.plan.server(id).track.is_some() {
        return Reply::error("cannot change health on a tracking server.");
    }
    let order = match context.argument(2) {
        "up" => HealthOrder::Up,
        "stopping" => HealthOrder::Stopping,
        "down" => HealthOrder::Down,
        _ => return Reply::error("'set server <srv> health' expects 'up', 'stopping', or 'down'."),
    };
    context.done(servers::health(&view.servers(), id, order))
}

fn agent(context: &Context<'_>, id: ServerId) -> Reply {
    let view = context.view();
    if !view.server_state(view.plan.server(id)).state.agent.is_enabled() {
        return Reply::error("agent checks are not enabled on this server.");
    }
    let up = match context.argument(2) {
        "up" => true,
        "down" => false,
        _ => return Reply::error("'set server <srv> agent' expects 'up' or 'down'."),
    };
    context.done(servers::agent(&view.servers(), id, up))
}

/// The number of a port in the words of `check-port` and `agent-port`.
fn port_number(text: &str) -> Result<u16, Reply> {
    match text.parse::<i64>() {
        Err(_) => Err(Reply::error("provided port is not an integer")),
        Ok(port) => u16::try_from(port).map_err(|_| Reply::error("provided port is invalid")),
    }
}

fn check_port(context: &Context<'_>, id: ServerId) -> Reply {
    let view = context.view();
    let check = &view.server_state(view.plan.server(id)).state.check;
    if context.argument(2).is_empty() {
        return Reply::error("set server <b>/<s> check-port requires a port.");
    }
    if !check.is_enabled() {
        return Reply::error("health checks are not enabled on this server");
    }
    match port_number(context.argument(2)) {
        Ok(port) => {
            check.port.set(u32::from(port));
            Reply::Empty
        }
        Err(reply) => reply,
    }
}

fn agent_port(context: &Context<'_>, id: ServerId) -> Reply {
    let view = context.view();
    let agent = &view.server_state(view.plan.server(id)).state.agent;
    if context.argument(2).is_empty() {
        return Reply::error("set server <b>/<s> agent-port requires a port.");
    }
    if !agent.is_enabled() {
        return Reply::error("agent checks are not enabled on this server");
    }
    match port_number(context.argument(2)) {
        Ok(port) => {
            agent.port.set(u32::from(port));
            Reply::Empty
        }
        Err(reply) => reply,
    }
}

fn check_address(context: &Context<'_>, id: ServerId) -> Reply {
    let view = context.view();
    let state = view.server_state(view.plan.server(id)).state;
    if context.argument(2).is_empty() {
        return Reply::error("set server <b>/<s> check-addr requires an address and optionally a port.");
    }
    if !state.check.is_enabled() {
        return Reply::error("health checks are not enabled on this server");
    }
    match other_address(context, &state.check_address) {
        Ok(Some(port)) => state.check.port.set(u32::from(port)),
        Ok(None) => {}
        Err(reply) => return reply,
    }
    Reply::Empty
}

fn agent_address(context: &Context<'_>, id: ServerId) -> Reply {
    let view = context.view();
    let state = view.server_state(view.plan.server(id)).state;
    if context.argument(2).is_empty() {
        return Reply::error("set server <b>/<s> agent-addr requires an address and optionally a port.");
    }
    if !state.agent.is_enabled() {
        return Reply::error("agent checks are not enabled on this server");
    }
    match other_address(context, &state.agent_address) {
        Ok(Some(port)) => state.agent.port.set(u32::from(port)),
        Ok(None) => {}
        Err(reply) => return reply,
    }
    Reply::Empty
}

/// Sets the address; the port behind it, if there is one.
fn other_address(context: &Context<'_>, cell: &AddressOverride) -> Result<Option<u16>, Reply> {
    let text = context.argument(2);
    let Ok(ip) = text.parse::<IpAddr>() else { return Err(Reply::error(format!("invalid addr '{text}'"))) };
    let port = match context.argument(3) {
        "port" => Some(port_number(context.argument(4))?),
        _ => None,
    };
    cell.set(Some(ip), None);
    Ok(port)
}

fn agent_send(context: &Context<'_>, id: ServerId) -> Reply {
    let view = context.view();
    let shared = view.server_state(view.plan.server(id));
    if !shared.state.agent.is_enabled() {
        return Reply::error("agent checks are not enabled on this server");
    }
    shared.text().agent_send.set(context.argument(2));
    Reply::Empty
}

/// `set server B/S addr IP [port N]`: says what changed, and keeps what did not.
fn address(context: &Context<'_>, id: ServerId) -> Reply {
    let view = context.view();
    let (wanted, keyword, port) = (context.argument(2), context.argument(3), context.argument(4));
    if wanted.is_empty() {
        return Reply::error("set server <b>/<s> addr requires an address and optionally a port.");
    }
    let Ok(ip) = wanted.parse::<IpAddr>() else { return Reply::error(format!("Invalid addr '{wanted}'")) };
    let port = match (keyword, port) {
        ("port", text) => Some(text.parse::<u16>().map_err(|_| text)),
        _ => None,
    };
    let (known, wrong) = match port {
        Some(Ok(port)) => (Some(port), None),
        Some(Err(text)) => (None, Some(text)),
        None => (None, None),
    };
    let mut changes = change_address(&view, id, ip, known);
    if let Some(text) = wrong {
        if changes.is_empty() {
            changes.push("no need to change the addr".into());
        }
        changes.push(format!("problem converting port '{text}' to an int"));
    }
    context.done(Vec::new());
    match changes.as_slice() {
        [] => Reply::info("nothing changed"),
        changes => Reply::info(format!("{} by 'stats socket command'", changes.join(", "))),
    }
}

fn change_address(view: &View<'_>, id: ServerId, ip: IpAddr, port: Option<u16>) -> Vec<String> {
    let server = view.plan.server(id);
    let cell = &view.server_state(server).state.address;
    let (set_ip, set_port) = cell.value();
    let old_ip = set_ip.or(match &server.target {
        ServerTarget::Ip { ip, .. } => Some(*ip),
        _ => None,
    });
    let old_port = set_port.or_else(|| configured_port(server));
    let ip_changed = old_ip != Some(ip);
    let port_changed = port.is_some() && port != old_port;
    if !ip_changed && !port_changed {
        return if port.is_some() {
            vec!["no need to change the addr".into(), "no need to change the port".into()]
        } else {
            vec![]
        };
    }
    let mut changes = Vec::new();
    match (ip_changed, old_ip) {
        (true, Some(old)) => changes.push(format!("IP changed from '{old}' to '{ip}'")),
        (true, None) => changes.push(format!("IP changed from '(none)' to '{ip}'")),
        (false, _) => changes.push("no need to change the addr".into()),
    }
    match (port, old_port) {
        (Some(new), Some(old)) if port_changed => {
            changes.push(format!("port changed from '{old}' to '{new}'"))
        }
        (Some(new), None) => changes.push(format!("port changed from '0' to '{new}'")),
        (Some(_), _) => changes.push("no need to change the port".into()),
        (None, _) => {}
    }
    cell.set(Some(ip), port.or(set_port));
    raise_epochs(&view.servers(), id);
    changes
}
