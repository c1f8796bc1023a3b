//! The server's half: balancing, persistence, `use-server`.

use std::sync::Arc;

use weir_config::model::{BackendParts, Proxy, SwitchTarget, UseServer as Written};
use weir_plan::settings::Cookie;
use weir_plan::{Backend, Server, ServerList, UseServer, UseServerTarget};
use weir_types::ProxyId;

use crate::resolver::Resolver;
use crate::slots::Slots;
use crate::tls::Connectors;
use crate::{check, rules, server};

pub fn compile(
    id: ProxyId,
    proxy: &Proxy,
    resolver: &mut Resolver<'_, '_>,
    checks: &mut check::Shared,
    servers: &mut Vec<Arc<Server>>,
    (server_settings, connectors): (&mut server::SharedSettings, &mut Connectors),
    slots: &mut dyn Slots,
) -> Backend {
    server::compile_all(id, proxy, resolver, servers, (server_settings, checks), connectors, slots);
    let settings = &proxy.settings;
    let none = BackendParts::default();
    let parts = proxy.backend.as_deref().unwrap_or(&none);
    resolver.at("in balance expression");
    let balance_key = settings.balance_key.as_ref().and_then(|key| resolver.expr(&key.expr, key.span));
    Backend {
        balance: settings.balance.clone(),
        balance_key,
        cookie: settings.cookie.as_ref().map(|cookie| match &settings.dynamic_cookie_key {
            Some(key) => Arc::new(Cookie { dynamic_key: Some(key.as_ref().into()), ..(**cookie).clone() }),
            None => cookie.clone(),
        }),
        servers: ServerList::row(resolver.names.servers(id)),
        dispatch: None,
        use_server: parts
            .use_server
            .iter()
            .filter_map(|line| use_server(id, line, proxy, resolver))
            .collect(),
        check: checks.compile(settings, resolver),
        fullconn: settings.fullconn,
        limited: false,
        full_load: 0,
        keep_alive_queue: settings.max_keep_alive_queue.and_then(|most| u32::try_from(most).ok()),
        rdp_cookie: settings.persist_rdp_cookie.as_deref().map(Into::into),
        send_name_header: settings.send_name_header.as_deref().map(Into::into),
        force_persist: rules::persist(resolver, &parts.force_persist).into(),
        ignore_persist: rules::persist(resolver, &parts.ignore_persist).into(),
        stick: Arc::default(),
        source: settings.source.clone(),
        edits: 0,
    }
}

fn use_server(
    id: ProxyId,
    line: &Written,
    proxy: &Proxy,
    resolver: &mut Resolver<'_, '_>,
) -> Option<UseServer> {
    resolver.at("in use-server expression");
    let to = match &line.to {
        SwitchTarget::Dynamic(format) => resolver.format(format).map(UseServerTarget::Dynamic),
        SwitchTarget::Name(name) => match resolver.names.referenced_server(id, &name.text) {
            Some(server) => Some(UseServerTarget::Server(server)),
            None => {
                let text = format!(
                    "backend '{}' : unable to find server '{}' referenced in a 'use-server' rule.",
                    proxy.name, name.text
                );
                resolver.missing(name.span, text, &name.text);
                None
            }
        },
    };
    let condition = resolver.optional(line.condition.as_ref()).ok()?;
    Some(UseServer { to: to?, condition, span: line.span })
}
