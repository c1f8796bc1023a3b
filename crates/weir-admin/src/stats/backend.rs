//! Rows of backends.

use weir_plan::{Backend, BackendChoice, Proxy};

use super::fields::at;
use super::frontend::maxconn;
use super::row::{Object, Row};
use super::server::{algorithm_name, is_usable, last_session};
use crate::View;

/// The servers that take traffic now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usable {
    pub active: u32,
    pub backup: u32,
    pub total: u32,
    /// Of those in use: the active ones, else the backups.
    pub weight: u32,
}

impl Usable {
    pub fn of(view: &View<'_>, backend: &Backend) -> Self {
        let mut usable = Usable::default();
        let (mut active_weight, mut backup_weight) = (0, 0);
        for (_, server) in view.servers_of(backend) {
            usable.total += 1;
            let weight = view.server_state(server).state.user_weight.value();
            if !is_usable(view, server) || weight == 0 {
                continue;
            }
            if server.settings.backup {
                usable.backup += 1;
                backup_weight += weight;
            } else {
                usable.active += 1;
                active_weight += weight;
            }
        }
        usable.weight = if usable.active > 0 { active_weight } else { backup_weight };
        usable
    }
}

/// `counted`: the form `UP (2/4)` that goes with the filters `up` and `no-maint`.
pub fn backend(view: &View<'_>, proxy: &Proxy, half: &Backend, shows_names: bool, counted: bool) -> Row {
    let mut row = Row::new(Object::Backend, &proxy.name, proxy.id, "BACKEND", 0);
    let shared = view.backend_state(proxy);
    let state = shared.state;
    let usable = Usable::of(view, half);
    let is_up = usable.total == 0 || usable.active + usable.backup > 0;
    row.small(at::QCUR, shared.sum(|it| it.qcur.value()));
    row.small(at::QMAX, state.qmax.value());
    row.small(at::SCUR, shared.sum(|it| it.scur.value()));
    row.small(at::SMAX, state.smax.value());
    row.small(at::SLIM, half.fullconn.unwrap_or_else(|| default_fullconn(view, proxy)));
    row.text(at::STATUS, status(is_up, usable, counted));
    row.small(at::WEIGHT, usable.weight);
    row.small(at::UWEIGHT, usable.weight);
    row.small(at::ACT, usable.active);
    row.small(at::BCK, usable.backup);
    row.count(at::CHKDOWN, u64::from(state.down_transitions.value()));
    row.small(at::LASTCHG, view.seconds_since(state.last_change_ms.value()));
    if usable.total > 0 {
        let outage = if is_up { 0 } else { view.now_ms.saturating_sub(state.last_change_ms.value()) };
        row.small(at::DOWNTIME, (state.downtime_ms.value() + outage) / 1000);
    }
    row.small(at::RATE, shared.sum(|it| it.rate.value(view.now_ms)));
    row.small(at::RATE_MAX, state.rate_max.value());
    row.set(at::LASTSESS, last_session(view, latest_session(view, proxy, half)));
    row.text(at::MODE, proxy.mode.as_str());
    if shows_names {
        if let Some(cookie) = &half.cookie {
            row.text(at::COOKIE, &*cookie.name);
        }
        row.text(at::ALGO, algorithm_name(&half.balance.algorithm));
    }
    for place in [at::AGG_SERVER_STATUS, at::AGG_SERVER_CHECK_STATUS, at::AGG_CHECK_STATUS] {
        row.small(place, 0u32);
    }
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
        (at::DREQ, shared.sum(|it| it.dreq.value())),
        (at::DRESP, shared.sum(|it| it.dresp.value())),
        (at::ECON, shared.sum(|it| it.econ.value())),
        (at::ERESP, shared.sum(|it| it.eresp.value())),
        (at::WRETR, shared.sum(|it| it.wretr.value())),
        (at::WREDIS, shared.sum(|it| it.wredis.value())),
        (at::LBTOT, shared.sum(|it| it.lbtot.value())),
        (at::CLI_ABRT, shared.sum(|it| it.cli_abrt.value())),
        (at::SRV_ABRT, shared.sum(|it| it.srv_abrt.value())),
        (at::COMP_IN, shared.sum(|it| it.comp_in.value())),
        (at::COMP_OUT, shared.sum(|it| it.comp_out.value())),
        (at::COMP_BYP, shared.sum(|it| it.comp_byp.value())),
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
            (at::COMP_RSP, shared.sum(|it| it.comp_rsp.value())),
            (at::CACHE_LOOKUPS, shared.sum(|it| it.cache_lookups.value())),
            (at::CACHE_HITS, shared.sum(|it| it.cache_hits.value())),
        ]);
    }
    row
}

/// Sessions that went to a server, and those that the backend itself counted.
fn latest_session(view: &View<'_>, proxy: &Proxy, half: &Backend) -> u64 {
    let own = view.backend_state(proxy).latest(|it| it.last_session.value());
    let servers = view.servers_of(half);
    let last = |server| view.server_state(server).latest(|it| it.last_session.value());
    servers.map(|(_, server)| last(server)).fold(own, u64::max)
}

fn status(is_up: bool, usable: Usable, counted: bool) -> String {
    let word = if is_up { "UP" } else { "DOWN" };
    match counted && usable.total > 0 {
        true => format!("{word} ({}/{})", usable.active + usable.backup, usable.total),
        false => word.into(),
    }
}

/// Manual `fullconn`: a tenth of the `maxconn` of all frontends that may lead here, at least 1.
fn default_fullconn(view: &View<'_>, backend: &Proxy) -> u32 {
    let leads_here = |proxy: &Proxy| {
        let Some(half) = &proxy.frontend else { return false };
        let rule =
            |choice: &BackendChoice| matches!(choice, BackendChoice::Proxy(to) if *to == backend.index);
        proxy.index == backend.index
            || half.default_backend == Some(backend.index)
            || half.use_backend.iter().any(|it| rule(&it.to))
    };
    let total: u64 = view
        .proxies()
        .filter(|proxy| leads_here(proxy))
        .filter_map(|proxy| Some(u64::from(maxconn(view, proxy, proxy.frontend.as_ref()?))))
        .sum();
    u32::try_from(total.div_ceil(10)).unwrap_or(u32::MAX).max(1)
}
