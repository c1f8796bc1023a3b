//! Rows of servers.

use weir_check::CheckStatus;
use weir_plan::settings::Algorithm;
use weir_plan::{Proxy, Server, ServerTarget};
use weir_shm::{AdminFlags, CheckState, OperationalState};
use weir_types::{AddressFamily, PortSpec, ServerId};

use super::fields::at;
use super::row::{Object, Row};
use crate::{Value, View};

pub fn server(view: &View<'_>, proxy: &Proxy, id: ServerId, shows_names: bool) -> Row {
    let server = view.plan.server(id);
    let mut row = Row::new(Object::Server, &proxy.name, proxy.id, &server.name, server.id);
    let shared = view.server_state(server);
    let state = shared.state;
    let settings = &server.settings;
    row.small(at::QCUR, shared.sum(|it| it.qcur.value()));
    row.small(at::QMAX, state.qmax.value());
    row.small(at::SCUR, shared.sum(|it| it.scur.value()));
    row.small(at::SMAX, state.smax.value());
    match state.maxconn.value() {
        0 if settings.maxconn == 0 => {}
        0 => row.small(at::SLIM, settings.maxconn),
        set => row.small(at::SLIM, set - 1),
    }
    row.text(at::STATUS, status(view, id));
    row.small(at::WEIGHT, weight_in_use(view, id));
    row.small(at::UWEIGHT, state.user_weight.value());
    row.small(at::ACT, u32::from(!settings.backup));
    row.small(at::BCK, u32::from(settings.backup));
    if settings.observe.is_some() {
        row.count(at::HANAFAIL, u64::from(state.observe_failures.value()));
    }
    if state.check.is_enabled() {
        row.count(at::CHKFAIL, u64::from(state.check_failures.value()));
        row.count(at::CHKDOWN, u64::from(state.down_transitions.value()));
        let is_down = state.operational() == OperationalState::Stopped;
        let outage = if is_down { view.now_ms.saturating_sub(state.last_change_ms.value()) } else { 0 };
        row.small(at::DOWNTIME, (state.downtime_ms.value() + outage) / 1000);
    }
    row.small(at::LASTCHG, view.seconds_since(state.last_change_ms.value()));
    if settings.maxqueue > 0 {
        row.small(at::QLIMIT, settings.maxqueue);
    }
    if state.operational() == OperationalState::Starting && state.user_weight.value() > 0 {
        row.small(at::THROTTLE, state.throttle.value());
    }
    if let Some(tracked) = server.track {
        row.text(at::TRACKED, view.server_name(tracked));
    }
    row.small(at::RATE, shared.sum(|it| it.rate.value(view.now_ms)));
    row.small(at::RATE_MAX, state.rate_max.value());
    row.set(at::LASTSESS, last_session(view, shared.latest(|it| it.last_session.value())));
    if state.check.is_enabled() && state.check.flags.value() & CheckState::PAUSED == 0 {
        check_fields(&mut row, server, &state.check, &shared.text().check.value());
    }
    if state.agent.is_enabled() {
        agent_fields(&mut row, &state.agent, &shared.text().agent.value());
    }
    if shows_names {
        row.text(at::ADDR, address(view, server));
        if let Some(cookie) = &server.cookie {
            row.text(at::COOKIE, &**cookie);
        }
    }
    row.text(at::MODE, proxy.mode.as_str());
    if let Some(limit) = settings.pool_max_conn {
        row.small(at::SRC_ILIM, limit);
    }
    row.small(at::SRV_ICUR, shared.sum(|it| it.srv_icur.value()));
    row.small(at::IDLE_CONN_CUR, shared.sum(|it| it.idle_conn_cur.value()));
    row.small(at::SAFE_CONN_CUR, shared.sum(|it| it.safe_conn_cur.value()));
    row.small(at::USED_CONN_CUR, shared.sum(|it| it.used_conn_cur.value()));
    row.small(at::NEED_CONN_EST, shared.sum(|it| it.need_conn_est.value()));
    row.small(at::PRIV_IDLE_CUR, shared.sum(|it| it.priv_idle_cur.value()));
    row.small(at::SRID, state.revision.value());
    row.small(at::QTIME, shared.mean(|it| it.qtime.parts()));
    row.small(at::CTIME, shared.mean(|it| it.ctime.parts()));
    row.small(at::RTIME, shared.mean(|it| it.rtime.parts()));
    row.small(at::TTIME, shared.mean(|it| it.ttime.parts()));
    row.small(at::QTIME_MAX, state.qtime_max.value());
    row.small(at::CTIME_MAX, state.ctime_max.value());
    row.small(at::RTIME_MAX, state.rtime_max.value());
    row.small(at::TTIME_MAX, state.ttime_max.value());
    let (bytes_in, bytes_out) = (shared.sum(|it| it.bin.value()), shared.sum(|it| it.bout.value()));
    row.counts(&[
        (at::STOT, shared.sum(|it| it.stot.value())),
        (at::BIN, bytes_in),
        (at::BOUT, bytes_out),
        (at::REQBIN, bytes_in),
        (at::REQBOUT, bytes_in),
        (at::RESBIN, bytes_out),
        (at::RESBOUT, bytes_out),
        (at::DRESP, shared.sum(|it| it.dresp.value())),
        (at::ECON, shared.sum(|it| it.econ.value())),
        (at::ERESP, shared.sum(|it| it.eresp.value())),
        (at::WRETR, shared.sum(|it| it.wretr.value())),
        (at::WREDIS, shared.sum(|it| it.wredis.value())),
        (at::LBTOT, shared.sum(|it| it.lbtot.value())),
        (at::CLI_ABRT, shared.sum(|it| it.cli_abrt.value())),
        (at::SRV_ABRT, shared.sum(|it| it.srv_abrt.value())),
        (at::WREW, shared.sum(|it| it.wrew.value())),
        (at::CONNECT, shared.sum(|it| it.connect.value())),
        (at::REUSE, shared.sum(|it| it.reuse.value())),
        (at::EINT, shared.sum(|it| it.eint.value())),
        (at::SSL_SESS, shared.sum(|it| it.ssl_sess.value())),
        (at::SSL_REUSED_SESS, shared.sum(|it| it.ssl_reused_sess.value())),
        (at::SSL_FAILED_HANDSHAKE, shared.sum(|it| it.ssl_failed_handshake.value())),
    ]);
    if proxy.mode == weir_types::Mode::Http {
        row.counts(&[
            (at::HRSP_1XX, shared.sum(|it| it.hrsp_1xx.value())),
            (at::HRSP_2XX, shared.sum(|it| it.hrsp_2xx.value())),
            (at::HRSP_3XX, shared.sum(|it| it.hrsp_3xx.value())),
            (at::HRSP_4XX, shared.sum(|it| it.hrsp_4xx.value())),
            (at::HRSP_5XX, shared.sum(|it| it.hrsp_5xx.value())),
            (at::HRSP_OTHER, shared.sum(|it| it.hrsp_other.value())),
            (at::REQ_TOT, shared.sum(|it| it.req_tot.value())),
        ]);
    }
    row
}

/// The status of the latest check, with a mark while another is in progress.
fn check_status(check: &CheckState) -> (CheckStatus, String) {
    let status = CheckStatus::from_number(check.status.value()).unwrap_or(CheckStatus::Unknown);
    let running = if check.flags.value() & CheckState::IN_PROGRESS != 0 { "* " } else { "" };
    (status, format!("{running}{}", status.code()))
}

/// What a check that has ended took; the first one has not.
fn has_ended(status: CheckStatus) -> bool {
    !matches!(status, CheckStatus::Unknown | CheckStatus::Initializing)
}

fn agent_fields(row: &mut Row, agent: &CheckState, last: &str) {
    let (status, text) = check_status(agent);
    row.text(at::AGENT_STATUS, text);
    if status.has_code() {
        row.small(at::AGENT_CODE, agent.code.value());
    }
    if has_ended(status) {
        row.count(at::AGENT_DURATION, u64::from(agent.duration_ms.value()));
    }
    row.text(at::AGENT_DESC, status.text());
    row.text(at::LAST_AGT, last);
    row.small(at::AGENT_RISE, 1u32);
    row.small(at::AGENT_FALL, 1u32);
    row.small(at::AGENT_HEALTH, agent.health.value());
}

fn check_fields(row: &mut Row, server: &Server, check: &CheckState, last: &str) {
    let (status, text) = check_status(check);
    row.text(at::CHECK_STATUS, text);
    if status.has_code() {
        row.small(at::CHECK_CODE, check.code.value());
    }
    if has_ended(status) {
        row.count(at::CHECK_DURATION, u64::from(check.duration_ms.value()));
    }
    row.text(at::CHECK_DESC, status.text());
    row.text(at::LAST_CHK, last);
    let (rise, fall) = rise_and_fall(server, check);
    row.small(at::CHECK_RISE, rise);
    row.small(at::CHECK_FALL, fall);
    row.small(at::CHECK_HEALTH, check.health.value());
}

fn rise_and_fall(server: &Server, check: &CheckState) -> (u32, u32) {
    let or = |set: u32, configured: u32| if set > 0 { set } else { configured };
    (or(check.rise.value(), server.settings.check.rise), or(check.fall.value(), server.settings.check.fall))
}

/// `lastsess`: seconds since the last session, -1 when there was none.
pub fn last_session(view: &View<'_>, then_ms: u64) -> Value {
    match then_ms {
        0 => Value::S32(-1),
        then_ms => Value::S32(i32::try_from(view.seconds_since(then_ms)).unwrap_or(i32::MAX)),
    }
}

/// Takes new sessions now.
pub fn is_usable(view: &View<'_>, server: &Server) -> bool {
    view.server_state(server).state.usable()
}

/// The weight in use, in configured units.
fn weight_in_use(view: &View<'_>, id: ServerId) -> u32 {
    let state = view.server_state(view.plan.server(id)).state;
    match state.operational() {
        OperationalState::Starting => state.effective_weight.value().div_ceil(weir_balance::WEIGHT_SCALE),
        _ => state.user_weight.value(),
    }
}

/// The `status` column: `UP`, `UP 2/3`, `DOWN 1/2`, `NOLB`, `DRAIN`, `MAINT (via b/s)`, `no check`.
pub fn status(view: &View<'_>, id: ServerId) -> String {
    let state = view.server_state(view.plan.server(id)).state;
    let admin = state.admin();
    if admin.intersects(AdminFlags::RMAINT) && !admin.intersects(AdminFlags::FMAINT) {
        return "MAINT (resolution)".into();
    }
    if admin.intersects(AdminFlags::IMAINT) && !admin.intersects(AdminFlags::FMAINT) {
        let by = view.plan.server(id).track.map(|tracked| view.server_name(tracked)).unwrap_or_default();
        return format!("MAINT (via {by})");
    }
    if admin.intersects(AdminFlags::MAINT) {
        return "MAINT".into();
    }
    let decisive = view.tracked(id);
    let server = view.plan.server(decisive);
    let check = &view.server_state(server).state.check;
    let health = check.health.value();
    let (rise, fall) = rise_and_fall(server, check);
    let checked = check.is_enabled();
    let agent = &view.server_state(view.plan.server(id)).state.agent;
    let says_down = agent.is_enabled() && agent.health.value() == 0;
    match state.operational() {
        OperationalState::Stopped if says_down => "DOWN (agent)".into(),
        OperationalState::Stopped if health > 0 => format!("DOWN {health}/{rise}"),
        OperationalState::Stopped => "DOWN".into(),
        _ if admin.intersects(AdminFlags::DRAIN) && agent.is_enabled() => "DRAIN (agent)".into(),
        _ if admin.intersects(AdminFlags::DRAIN) => "DRAIN".into(),
        _ if !checked => "no check".into(),
        up => {
            let word = if up == OperationalState::Stopping { "NOLB" } else { "UP" };
            match health + 1 {
                health if health >= rise + fall => word.into(),
                health => format!("{word} {}/{fall}", health.saturating_sub(rise)),
            }
        }
    }
}

/// `127.0.0.1:8000` as it is now.
pub fn address(view: &View<'_>, server: &Server) -> String {
    let (ip, port) = view.server_state(server).state.address.value();
    match (&server.target, ip) {
        (_, Some(ip)) => join(&ip.to_string(), port.or_else(|| configured_port(server))),
        (ServerTarget::Ip { ip, .. }, None) => {
            join(&ip.to_string(), port.or_else(|| configured_port(server)))
        }
        (ServerTarget::Other(address), None) => match &address.family {
            AddressFamily::Unix(_) | AddressFamily::Abstract(_) | AddressFamily::AbstractUnpadded(_) => {
                "unix".into()
            }
            _ => "-".into(),
        },
        (ServerTarget::Transparent { .. }, None) => join("0.0.0.0", configured_port(server)),
        (ServerTarget::Unresolved { .. }, None) => "-".into(),
    }
}

fn join(ip: &str, port: Option<u16>) -> String {
    let port = port.unwrap_or(0);
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

/// The port of the `server` line, if it names one.
pub fn configured_port(server: &Server) -> Option<u16> {
    let (ServerTarget::Ip { port, .. }
    | ServerTarget::Transparent { port }
    | ServerTarget::Unresolved { port, .. }) = &server.target
    else {
        return None;
    };
    match port {
        PortSpec::Fixed(port) => Some(*port),
        _ => None,
    }
}

/// The `algo` column.
pub fn algorithm_name(algorithm: &Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RoundRobin => "roundrobin",
        Algorithm::StaticRoundRobin => "static-rr",
        Algorithm::LeastConn => "leastconn",
        Algorithm::First => "first",
        Algorithm::Source => "source",
        Algorithm::Random(_) => "random",
        Algorithm::Uri { .. } => "uri",
        Algorithm::UrlParam { .. } => "url_param",
        Algorithm::Header { .. } => "hdr",
        Algorithm::RdpCookie { .. } => "rdp-cookie",
        Algorithm::Hash => "hash",
        Algorithm::LogHash => "log-hash",
        Algorithm::Sticky => "sticky",
    }
}
