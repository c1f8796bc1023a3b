//! `show backend`, `show servers state`, `show servers conn`.

use std::fmt::Write;

use weir_plan::{Proxy, ServerTarget};
use weir_types::ServerId;

use crate::View;
use crate::cli::reply::Reply;
use crate::cli::session::Context;
use crate::stats::configured_port;

pub fn backends(context: &mut Context<'_>) -> Reply {
    let mut text = String::from("# name\n");
    // A backend without servers that nothing but tables lives in has no traffic to show; HAProxy lists it all the same.
    for proxy in context.view().proxies().filter(|proxy| proxy.backend.is_some()) {
        let _ = writeln!(text, "{}", proxy.name);
    }
    Reply::text(text)
}

const STATE_HEADER: &str = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight \
    srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state \
    srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port \
    srv_check_addr srv_agent_addr srv_agent_port\n";

pub fn state(context: &mut Context<'_>) -> Reply {
    let view = context.view();
    let mut text = String::from(STATE_HEADER);
    let found = for_each_server(&view, context.argument(0), |proxy, id| {
        let _ = writeln!(text, "{}", state_line(&view, proxy, id));
    });
    if found { Reply::text(text) } else { Reply::error("Can't find backend.") }
}

fn state_line(view: &View<'_>, proxy: &Proxy, id: ServerId) -> String {
    let server = view.plan.server(id);
    let shared = view.server_state(server);
    let state = shared.state;
    let (ip, own_port) = address(view, id);
    let fqdn = match shared.text().fqdn.value() {
        name if !name.is_empty() => name,
        _ => server.host.as_deref().unwrap_or("-").to_owned(),
    };
    let shown = |address: Option<std::net::IpAddr>| address.map_or("-".into(), |address| address.to_string());
    let port = |set: u32, configured: Option<u16>| if set > 0 { set } else { configured.unwrap_or(0).into() };
    let (check, agent) = (&server.settings.check, &server.settings.agent);
    let encrypts = u32::from(server.tls.as_ref().is_some_and(|tls| tls.traffic));
    let check_address = shown(state.check_address.value().0.or(check.address));
    let check_port = port(state.check.port.value(), check.port);
    let agent_address = shown(state.agent_address.value().0.or(agent.address));
    let agent_port = port(state.agent.port.value(), agent.port.filter(|_| agent.enabled));
    format!(
        "{} {} {} {} {ip} {} {} {} {} {} {} {} {} {} {} {} {} {fqdn} {own_port} - {encrypts} {check_port} {check_address} \
         {agent_address} {agent_port}",
        proxy.id,
        proxy.name,
        server.id,
        server.name,
        state.operational() as u32,
        state.admin().0,
        state.user_weight.value(),
        state.initial_weight.value(),
        view.seconds_since(state.last_change_ms.value()),
        state.check.status.value(),
        state.check.result.value(),
        state.check.health.value(),
        state.check.flags.value(),
        state.agent.flags.value(),
        u32::from(proxy.forced_id),
        u32::from(server.forced_id),
    )
}

/// Address and port apart, as they are now; `-` for what is not an address.
fn address(view: &View<'_>, id: ServerId) -> (String, u16) {
    let server = view.plan.server(id);
    let (ip, port) = view.server_state(server).state.address.value();
    let port = port.or_else(|| configured_port(server)).unwrap_or(0);
    match (&server.target, ip) {
        (_, Some(ip)) => (ip.to_string(), port),
        (ServerTarget::Ip { ip, .. }, None) => (ip.to_string(), port),
        (ServerTarget::Transparent { .. }, None) => ("0.0.0.0".into(), port),
        _ => ("-".into(), port),
    }
}

pub fn connections(context: &mut Context<'_>) -> Reply {
    let view = context.view();
    let workers = view.process.workers;
    let mut text = format!(
        "# bkname/svname bkid/svid addr port - purge_delay served used_cur used_max need_est idle_sess unsafe_nb \
         safe_nb idle_lim idle_cur idle_per_thr[{workers}]\n"
    );
    let found = for_each_server(&view, context.argument(0), |proxy, id| {
        let _ = writeln!(text, "{}", connection_line(&view, proxy, id));
    });
    if found { Reply::text(text) } else { Reply::error("Can't find backend.") }
}

fn connection_line(view: &View<'_>, proxy: &Proxy, id: ServerId) -> String {
    let server = view.plan.server(id);
    let shared = view.server_state(server);
    let (ip, port) = address(view, id);
    let used = shared.sum(|it| it.used_conn_cur.value());
    let idle: Vec<String> = shared
        .all()
        .take(view.process.workers as usize)
        .map(|counters| counters.srv_icur.value().to_string())
        .collect();
    format!(
        "{}/{} {}/{} {ip} {port} - {} {} {used} {} {} {} {} {} {} {} {}",
        proxy.name,
        server.name,
        proxy.id,
        server.id,
        server.settings.pool_purge_delay,
        shared.sum(|it| it.served.value()),
        used.max(shared.state.smax.value()),
        shared.sum(|it| it.need_conn_est.value()),
        shared.sum(|it| it.priv_idle_cur.value()),
        shared.sum(|it| it.idle_conn_cur.value()),
        shared.sum(|it| it.safe_conn_cur.value()),
        server.settings.pool_max_conn.map_or(-1, i64::from),
        shared.sum(|it| it.srv_icur.value()),
        idle.join(" "),
    )
}

/// False: there is no such backend. An empty name stands for all.
fn for_each_server(view: &View<'_>, name: &str, mut each: impl FnMut(&Proxy, ServerId)) -> bool {
    let only = match name {
        "" => None,
        name => match view.find_backend(name) {
            Some(proxy) => Some(proxy.id),
            None => return false,
        },
    };
    for proxy in view.proxies().filter(|proxy| only.is_none_or(|id| id == proxy.id)) {
        if let Some(half) = &proxy.backend {
            view.servers_of(half).for_each(|(id, _)| each(proxy, id));
        }
    }
    true
}
