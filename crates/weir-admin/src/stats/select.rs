//! Which rows, in which order: `show stat [iid type sid] [up|no-maint|typed|json|desc]` and the page's scope.

use weir_plan::Proxy;
use weir_types::ServerId;

use super::row::{Object, Row};
use super::{backend, frontend, server};
use crate::View;

/// All by default.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// A proxy's id.
    pub proxy: Option<u32>,
    /// Bits: 1 frontends, 2 backends, 4 servers, 8 listeners.
    pub objects: Option<u32>,
    /// A server's id.
    pub server: Option<u32>,
    /// Without servers that are down or in maintenance.
    pub hide_down: bool,
    /// Without servers in maintenance.
    pub hide_maintenance: bool,
    /// Addresses, cookies and algorithms: levels operator and admin, and `stats show-legends`.
    pub shows_names: bool,
    /// `stats scope` and `?scope=`: proxies whose name passes. Empty: all.
    pub scope: Vec<String>,
    /// `?scope=`: a part of the name.
    pub search: Option<String>,
}

impl Selection {
    fn wants(&self, object: Object) -> bool {
        self.objects.is_none_or(|bits| bits & (1 << object.number()) != 0)
    }

    fn wants_proxy(&self, proxy: &Proxy) -> bool {
        self.proxy.is_none_or(|id| id == proxy.id)
            && (self.scope.is_empty() || self.scope.iter().any(|name| **name == *proxy.name))
            && self.search.as_ref().is_none_or(|part| proxy.name.contains(&**part))
    }
}

pub fn rows(view: &View<'_>, selection: &Selection) -> Vec<Row> {
    let mut rows = Vec::new();
    for proxy in view.proxies().filter(|proxy| selection.wants_proxy(proxy)) {
        frontend_rows(view, proxy, selection, &mut rows);
        backend_rows(view, proxy, selection, &mut rows);
    }
    rows
}

fn frontend_rows(view: &View<'_>, proxy: &Proxy, selection: &Selection, rows: &mut Vec<Row>) {
    let Some(half) = &proxy.frontend else { return };
    if selection.wants(Object::Frontend) && selection.server.is_none_or(|id| id == 0) {
        rows.push(frontend::frontend(view, proxy, half));
    }
    if selection.wants(Object::Listener) && proxy.settings.options.socket_stats {
        for id in &half.listeners {
            let listener = view.plan.listener(*id);
            if selection.server.is_none_or(|id| id == listener.id) {
                rows.push(frontend::listener(view, proxy, listener, selection.shows_names));
            }
        }
    }
}

fn backend_rows(view: &View<'_>, proxy: &Proxy, selection: &Selection, rows: &mut Vec<Row>) {
    let Some(half) = &proxy.backend else { return };
    if selection.wants(Object::Server) {
        for (id, server) in view.servers_of(half) {
            if selection.server.is_none_or(|id| id == server.id) && is_shown(view, id, selection) {
                rows.push(server::server(view, proxy, id, selection.shows_names));
            }
        }
    }
    if selection.wants(Object::Backend) && selection.server.is_none_or(|id| id == 0) {
        let counted = selection.hide_down || selection.hide_maintenance;
        rows.push(backend::backend(view, proxy, half, selection.shows_names, counted));
    }
}

fn is_shown(view: &View<'_>, id: ServerId, selection: &Selection) -> bool {
    let state = view.server_state(view.plan.server(id)).state;
    let in_maintenance = state.admin().intersects(weir_shm::AdminFlags::MAINT);
    let is_down = state.operational() == weir_shm::OperationalState::Stopped;
    !(selection.hide_maintenance && in_maintenance || selection.hide_down && (is_down || in_maintenance))
}
