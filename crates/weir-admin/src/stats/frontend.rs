//! Rows of frontends and their listeners.

use weir_plan::{Frontend, Listener, Proxy};
use weir_types::{Address, AddressFamily, PortSpec};

use super::fields::at;
use super::row::{Object, Row};
use crate::View;

pub fn frontend(view: &View<'_>, proxy: &Proxy, half: &Frontend) -> Row {
    let mut row = Row::new(Object::Frontend, &proxy.name, proxy.id, "FRONTEND", 0);
    let shared = view.frontend_state(proxy);
    let state = shared.state;
    row.small(at::SCUR, shared.sum(|it| it.scur.value()));
    row.small(at::SMAX, state.smax.value());
    row.small(at::SLIM, maxconn(view, proxy, half));
    row.text(at::STATUS, status(state.admin.value()));
    row.small(at::RATE, shared.sum(|it| it.rate.value(view.now_ms)));
    row.small(at::RATE_LIM, half.rate_limit_sessions);
    row.small(at::RATE_MAX, state.rate_max.value());
    row.small(at::REQ_RATE, shared.sum(|it| it.req_rate.value(view.now_ms)));
    row.small(at::REQ_RATE_MAX, state.req_rate_max.value());
    row.small(at::CONN_RATE, shared.sum(|it| it.conn_rate.value(view.now_ms)));
    row.small(at::CONN_RATE_MAX, state.conn_rate_max.value());
    row.text(at::MODE, proxy.mode.as_str());
    let (bytes_in, bytes_out) = (shared.sum(|it| it.bin.value()), shared.sum(|it| it.bout.value()));
    row.counts(&[
        (at::STOT, shared.sum(|it| it.stot.value())),
        (at::BIN, bytes_in),
        (at::BOUT, bytes_out),
        (at::REQBIN, bytes_in),
        (at::REQBOUT, bytes_in),
        (at::RESBIN, bytes_out),
        (at::RESBOUT, bytes_out),
        (at::DREQ, shared.sum(|it| it.dreq.value())),
        (at::DRESP, shared.sum(|it| it.dresp.value())),
        (at::EREQ, shared.sum(|it| it.ereq.value())),
        (at::DCON, shared.sum(|it| it.dcon.value())),
        (at::DSES, shared.sum(|it| it.dses.value())),
        (at::WREW, shared.sum(|it| it.wrew.value())),
        (at::EINT, shared.sum(|it| it.eint.value())),
        (at::SSL_SESS, shared.sum(|it| it.ssl_sess.value())),
        (at::SSL_REUSED_SESS, shared.sum(|it| it.ssl_reused_sess.value())),
        (at::SSL_FAILED_HANDSHAKE, shared.sum(|it| it.ssl_failed_handshake.value())),
        (at::CONN_TOT, shared.sum(|it| it.conn_tot.value())),
        (at::COMP_IN, shared.sum(|it| it.comp_in.value())),
        (at::COMP_OUT, shared.sum(|it| it.comp_out.value())),
        (at::COMP_BYP, shared.sum(|it| it.comp_byp.value())),
        (at::SESS_OTHER, shared.sum(|it| it.sess_other.value())),
        (at::H1SESS, shared.sum(|it| it.h1_sess.value())),
        (at::H2SESS, shared.sum(|it| it.h2_sess.value())),
        (at::H3SESS, shared.sum(|it| it.h3_sess.value())),
        (at::REQ_OTHER, shared.sum(|it| it.req_other.value())),
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
            (at::COMP_RSP, shared.sum(|it| it.comp_rsp.value())),
            (at::INTERCEPTED, shared.sum(|it| it.intercepted.value())),
            (at::CACHE_LOOKUPS, shared.sum(|it| it.cache_lookups.value())),
            (at::CACHE_HITS, shared.sum(|it| it.cache_hits.value())),
            (at::H1REQ, shared.sum(|it| it.h1req.value())),
            (at::H2REQ, shared.sum(|it| it.h2req.value())),
            (at::H3REQ, shared.sum(|it| it.h3req.value())),
        ]);
    }
    row
}

/// `set maxconn frontend`, else as configured, else the process's.
pub fn maxconn(view: &View<'_>, proxy: &Proxy, half: &Frontend) -> u32 {
    match view.frontend_state(proxy).state.maxconn.value() {
        0 => half.maxconn.unwrap_or(view.process.maxconn),
        maxconn => maxconn,
    }
}

const fn status(admin: u32) -> &'static str {
    match admin {
        0 => "OPEN",
        1 => "PAUSED",
        _ => "STOP",
    }
}

/// With `option socket-stats`.
pub fn listener(view: &View<'_>, proxy: &Proxy, listener: &Listener, shows_address: bool) -> Row {
    let name = match &*listener.name {
        "" => format!("sock-{}", listener.id),
        name => name.to_owned(),
    };
    let mut row = Row::new(Object::Listener, &proxy.name, proxy.id, &name, listener.id);
    let shared = view.shm.listener(listener.slot);
    row.small(at::SCUR, shared.sum(|it| it.scur.value()));
    row.small(at::SMAX, shared.state.smax.value());
    row.small(at::SLIM, listener.settings.maxconn.unwrap_or(0));
    row.text(at::STATUS, if shared.state.paused.value() == 1 { "WAITING" } else { "OPEN" });
    row.text(at::MODE, proxy.mode.as_str());
    row.text(at::PROTO, protocol(&listener.address));
    if shows_address {
        row.text(at::ADDR, address(&listener.address));
    }
    let (bytes_in, bytes_out) = (shared.sum(|it| it.bin.value()), shared.sum(|it| it.bout.value()));
    row.counts(&[
        (at::STOT, shared.sum(|it| it.stot.value())),
        (at::BIN, bytes_in),
        (at::BOUT, bytes_out),
        (at::REQBIN, bytes_in),
        (at::REQBOUT, bytes_in),
        (at::RESBIN, bytes_out),
        (at::RESBOUT, bytes_out),
        (at::DREQ, shared.sum(|it| it.dreq.value())),
        (at::DRESP, shared.sum(|it| it.dresp.value())),
        (at::EREQ, shared.sum(|it| it.ereq.value())),
        (at::DCON, shared.sum(|it| it.dcon.value())),
        (at::DSES, shared.sum(|it| it.dses.value())),
        (at::WREW, shared.sum(|it| it.wrew.value())),
        (at::EINT, shared.sum(|it| it.eint.value())),
        (at::SSL_SESS, shared.sum(|it| it.ssl_sess.value())),
        (at::SSL_REUSED_SESS, shared.sum(|it| it.ssl_reused_sess.value())),
        (at::SSL_FAILED_HANDSHAKE, shared.sum(|it| it.ssl_failed_handshake.value())),
    ]);
    row
}

fn protocol(address: &Address) -> &'static str {
    match &address.family {
        AddressFamily::Ip(ip) if address.quic && ip.is_ipv4() => "quic4",
        AddressFamily::Ip(_) if address.quic => "quic6",
        AddressFamily::Ip(ip) if ip.is_ipv4() => "tcpv4",
        AddressFamily::Ip(_) => "tcpv6",
        _ => "unix_stream",
    }
}

fn address(address: &Address) -> String {
    let port = match address.port {
        PortSpec::Fixed(port) => port,
        _ => 0,
    };
    match &address.family {
        AddressFamily::Ip(ip) if ip.is_ipv6() => format!("[{ip}]:{port}"),
        AddressFamily::Ip(ip) => format!("{ip}:{port}"),
        _ => "unix".into(),
    }
}
