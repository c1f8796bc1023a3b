//! The choice of backend and server by rules, and requests that weir answers itself: the monitor and the statistics page.

use std::sync::Arc;

use weir_plan::{BackendChoice, Plan, UseServerTarget};
use weir_sample::Verdict;
use weir_types::{ProxyId, ServerId};

use super::list::Met;
use super::{List, RequestStage};
use crate::record::{Cause, Stage};
use crate::stats::StatsRequest;
use crate::timers::NEVER;
use crate::turn::Turn;

impl Turn<'_, '_> {
    pub fn switch(&mut self, plan: &Arc<Plan>) -> Met {
        // The connection was upgraded for the backend's sake.
        if self.stream.backend_counters.is_some() {
            return Met::All;
        }
        match self.choose_backend(plan) {
            Some(backend) => {
                self.set_backend(backend);
                if !self.stream.http && plan.proxy(backend).mode == weir_types::Mode::Http {
                    // As HAProxy was seen to do, the frontend's HTTP rules are met too.
                    self.stream.stage = RequestStage::FrontendBody;
                    return Met::Leave(self.upgrade_to_http());
                }
                Met::All
            }
            None => {
                self.stream.record.untimed = true;
                self.stream.record.end(Cause::Server, Stage::Connect);
                Met::Leave(self.answer_error(503))
            }
        }
    }

    /// `use_backend` in order, then `default_backend`, then the proxy's own servers. A backend that is out of service is
    /// passed over.
    fn choose_backend(&mut self, plan: &Plan) -> Option<ProxyId> {
        let proxy = plan.proxy(self.stream.frontend);
        let frontend = proxy.frontend.as_deref()?;
        for rule in &frontend.use_backend {
            let view = self.view(true);
            if rule.condition.as_ref().is_some_and(|condition| condition.eval(&view) != Verdict::Pass) {
                continue;
            }
            match &rule.to {
                BackendChoice::Proxy(backend) if self.is_open(plan, *backend) => return Some(*backend),
                BackendChoice::Proxy(_) => {}
                BackendChoice::Dynamic(format) => {
                    let mut name = Vec::new();
                    format.write(&view, &mut name);
                    let name = std::str::from_utf8(&name).unwrap_or_default();
                    let found = plan.backends_by_name.get(name).copied();
                    if let Some(backend) = found.filter(|backend| self.is_open(plan, *backend)) {
                        return Some(backend);
                    }
                }
            }
        }
        let own = || proxy.backend.is_some().then_some(proxy.index);
        frontend.default_backend.filter(|backend| self.is_open(plan, *backend)).or_else(own)
    }

    /// Whether content may be switched to a backend: neither `disabled` nor unpublished, unless `force-be-switch` says so.
    fn is_open(&self, plan: &Plan, backend: ProxyId) -> bool {
        let proxy = plan.proxy(backend);
        let unpublished = self.worker.shm.backend(proxy.backend_slot).state.unpublished.value() != 0;
        let frontend = plan.proxy(self.stream.frontend).frontend.as_deref();
        let forced = |frontend: &weir_plan::Frontend| {
            frontend.force_be_switch.iter().any(|condition| condition.eval(&self.view(true)) == Verdict::Pass)
        };
        !(proxy.disabled || unpublished) || frontend.is_some_and(forced)
    }

    /// `use-server`: the first rule that applies and names a server that is up.
    /// `persist rdp-cookie`: the server whose address the cookie names.
    pub fn persist_by_rdp_cookie(&mut self, plan: &Plan) {
        let proxy = plan.proxy(self.stream.backend);
        let Some(backend) = proxy.backend.as_deref() else { return };
        let Some(name) = backend.rdp_cookie.as_deref() else { return };
        let view = self.view(true);
        let Some(value) = weir_sample::fetch::rdp_cookie_value(name, &view) else { return };
        let Some(address) = rdp_address(&value.into_bytes()) else { return };
        let worker = self.worker;
        let wanted = |id: &ServerId| {
            let server = plan.server(*id);
            let target = crate::server::target(server, worker.shm, || None);
            let usable = worker.shm.server(server.slot).state.usable_for_persistence();
            target == Some(crate::server::Target::Ip(address)) && (usable || proxy.settings.options.persist)
        };
        let found = backend.servers.iter().find(wanted);
        self.stream.designated = found;
    }

    pub fn use_server(&mut self, plan: &Plan) {
        let Some(backend) = self.stream.servers(plan) else { return };
        if self.stream.designated.is_some() {
            return;
        }
        let mut found = None;
        for rule in backend.use_server.iter() {
            let view = self.view(true);
            if rule.condition.as_ref().is_some_and(|condition| condition.eval(&view) != Verdict::Pass) {
                continue;
            }
            let id = match &rule.to {
                UseServerTarget::Server(id) => Some(*id),
                UseServerTarget::Dynamic(format) => {
                    let mut name = Vec::new();
                    format.write(&view, &mut name);
                    let named = |id: &ServerId| plan.server(*id).name.as_bytes() == name;
                    backend.servers.iter().find(named)
                }
            };
            let usable =
                |id: &ServerId| self.worker.shm.server(plan.server(*id).slot).state.usable_for_persistence();
            if let Some(id) = id
                && (usable(&id) || plan.proxy(self.stream.backend).settings.options.persist)
            {
                found = Some(id);
                break;
            }
        }
        self.stream.designated = found;
    }

    /// `monitor-uri`: 200, or 503 where `monitor fail` applies. Neither logged nor counted as a request.
    pub fn monitor(&mut self, plan: &Arc<Plan>) -> Met {
        let proxy = plan.proxy(self.stream.frontend);
        let Some(uri) = &proxy.settings.monitor_uri else { return Met::All };
        if self.stream.request.target() != uri.as_bytes() {
            return Met::All;
        }
        let fails = proxy.frontend.as_deref().is_some_and(|frontend| {
            frontend.monitor_fail.iter().any(|condition| condition.eval(&self.view(true)) == Verdict::Pass)
        });
        self.stream.record.logged = true;
        self.stream.record.end(Cause::Local, Stage::Request);
        Met::Leave(self.answer_error(if fails { 503 } else { 200 }))
    }

    /// `stats uri`: the page, its rules and its password.
    pub fn stats_page(&mut self, plan: &Arc<Plan>, proxy: ProxyId) -> Met {
        let settings = &plan.proxy(proxy).settings;
        let (Some(page), Some(service)) = (&settings.stats, self.worker.stats.clone()) else {
            return Met::All;
        };
        if !self.stream.request.target().starts_with(page.uri.as_bytes()) {
            return Met::All;
        }
        match self.meet(plan, proxy, List::StatsPage, true) {
            Met::All => {}
            met => return met,
        }
        if !page.auth.is_empty() && !self.has_password(&page.auth) {
            self.stream.record.end(Cause::Local, Stage::Request);
            return Met::Leave(self.ask_password(plan, 401, &page.realm));
        }
        let post = self.stream.request.method() == weir_http::Method::Post;
        if post && !self.body_is_here(false, 0) {
            if self.stream.deadlines.phase == NEVER {
                self.stream.deadlines.phase = crate::stream::after(self.now_ms(), settings.timeouts.client);
            }
            return Met::Wait;
        }
        let rules = plan.proxy(proxy).rules.as_deref();
        let allowed = |view: &_| {
            rules.is_some_and(|rules| rules.stats_admin.iter().any(|rule| rule.eval(view) == Verdict::Pass))
        };
        let admin = page.admin_always || allowed(&self.view(true));
        let stream = &*self.stream;
        let target = stream.request.target();
        self.client.session.frontend_counters.intercepted.increment();
        let answer = service.answer(&StatsRequest {
            plan,
            proxy,
            page,
            method: stream.request.method_bytes(),
            rest: &target[page.uri.len()..],
            target,
            admin,
            body: if post { stream.up.buffer.bytes() } else { b"" },
            client: self.client.session.source.map(|source| source.ip()),
        });
        self.stream.record.end(Cause::Local, Stage::Request);
        Met::Leave(self.answer_by_service(plan, "<STATS>", answer))
    }
}

/// What a terminal server's cookie says: its IPv4 address and its port, each the number that their bytes make in the
/// order of a little-endian machine (`msts=3640205228.15629.0000`).
fn rdp_address(value: &[u8]) -> Option<std::net::SocketAddr> {
    let mut parts = std::str::from_utf8(value).ok()?.split('.');
    let address: u32 = parts.next()?.parse().ok()?;
    let port: u16 = parts.next()?.parse().ok()?;
    parts.next()?;
    Some((std::net::Ipv4Addr::from(address.to_le_bytes()), port.swap_bytes()).into())
}

#[cfg(test)]
mod tests {
    /// The example of Microsoft's "Terminal Services Session Directory and Load Balancing".
    #[test]
    fn a_terminal_servers_cookie() {
        assert_eq!(
            super::rdp_address(b"3640205228.15629.0000"),
            Some("172.31.249.216:3389".parse().unwrap())
        );
        assert_eq!(super::rdp_address(b"alice"), None);
    }
}
