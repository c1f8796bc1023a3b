//! The client's half: listeners, captures, the choice of a backend.

use std::sync::Arc;

use weir_config::model::{Bind, Capture as Slot, Proxy, SwitchTarget, UseBackend as Written};
use weir_plan::{BackendChoice, Capture, Frontend, Listener, ListenerOwner, UseBackend};
use weir_types::{Address, ListenerId, Mode, PortSpec, ProxyId, Span};

use crate::names::Names;
use crate::resolver::Resolver;
use crate::slots::Slots;

pub fn compile(
    id: ProxyId,
    proxy: &Proxy,
    resolver: &mut Resolver<'_, '_>,
    listeners: &mut Vec<Listener>,
    slots: &mut dyn Slots,
) -> Frontend {
    let Some(parts) = proxy.frontend.as_deref() else { return Frontend::default() };
    let first = listeners.len();
    for bind in &parts.binds {
        let scope = format!("{}/{}", proxy.name, bind.text);
        let tls =
            crate::tls::listener(bind, &proxy.name, proxy.mode, &scope, resolver.names, resolver.diagnostics);
        // What is disabled leaves its addresses to others.
        if !proxy.disabled {
            listen(ListenerOwner::Proxy(id), &proxy.name, first, bind, tls, listeners, slots);
        }
    }
    let settings = &proxy.settings;
    // Looked up before the rules, as HAProxy reports it first.
    let default_backend = default_backend(proxy, resolver);
    Frontend {
        maxconn: settings.maxconn,
        backlog: settings.backlog,
        rate_limit_sessions: settings.rate_limit_sessions,
        use_backend: parts.use_backend.iter().filter_map(|line| use_backend(line, proxy, resolver)).collect(),
        default_backend,
        force_be_switch: parts.force_be_switch.iter().filter_map(|it| resolver.condition(it)).collect(),
        listeners: (first..listeners.len()).map(|index| ListenerId(index as u32)).collect(),
        monitor_fail: parts.monitor_fail.iter().filter_map(|fail| resolver.condition(fail)).collect(),
        capture_request: parts.capture_request.iter().map(capture).collect(),
        capture_response: parts.capture_response.iter().map(capture).collect(),
        capture_cookie: parts
            .capture_cookie
            .as_ref()
            .map(|cookie| Capture { name: cookie.name.clone(), len: cookie.len }),
    }
}

fn capture(slot: &Slot) -> Capture {
    Capture { name: slot.name.to_ascii_lowercase().into(), len: slot.len }
}

/// Adds one listener for each address of the line, a port range giving one for each port.
pub fn listen(
    owner: ListenerOwner,
    owner_name: &str,
    first: usize,
    bind: &Bind,
    tls: Option<Arc<weir_tls::Listener>>,
    listeners: &mut Vec<Listener>,
    slots: &mut dyn Slots,
) {
    let settings = Arc::new(bind.options.settings.clone());
    let mut written = bind.options.id;
    for address in bind.addresses.iter().flat_map(each_port) {
        let id = written.take().unwrap_or_else(|| next_id(&listeners[first..]));
        let name = bind.options.name.clone().unwrap_or_default();
        let slot = slots.listener(&format!("{owner_name}/{id}"));
        listeners.push(Listener {
            index: ListenerId(listeners.len() as u32),
            owner,
            name,
            id,
            address,
            settings: settings.clone(),
            tls: tls.clone(),
            span: bind.span,
            slot,
        });
    }
}

/// The id behind the previous listener's, or the next that none of the proxy's listeners has.
fn next_id(before: &[Listener]) -> u32 {
    let mut id = before.last().map_or(1, |listener| listener.id + 1);
    while before.iter().any(|listener| listener.id == id) {
        id += 1;
    }
    id
}

fn each_port(address: &Address) -> Vec<Address> {
    match address.port {
        PortSpec::Range(first, last) => {
            (first..=last).map(|port| Address { port: PortSpec::Fixed(port), ..address.clone() }).collect()
        }
        _ => vec![address.clone()],
    }
}

fn use_backend(line: &Written, proxy: &Proxy, resolver: &mut Resolver<'_, '_>) -> Option<UseBackend> {
    resolver.at("in use_backend expression");
    let to = match &line.to {
        SwitchTarget::Dynamic(format) => resolver.format(format).map(BackendChoice::Dynamic),
        SwitchTarget::Name(name) => {
            backend(&name.text, name.span, proxy, resolver, "use_backend", "in a 'use_backend' rule")
                .map(BackendChoice::Proxy)
        }
    };
    let condition = resolver.optional(line.condition.as_ref()).ok()?;
    Some(UseBackend { to: to?, condition, span: line.span })
}

fn default_backend(proxy: &Proxy, resolver: &mut Resolver<'_, '_>) -> Option<ProxyId> {
    let name = proxy.settings.default_backend.as_ref()?;
    backend(&name.text, name.span, proxy, resolver, "default_backend", "as its default backend")
}

fn backend(
    name: &str,
    span: Span,
    proxy: &Proxy,
    resolver: &mut Resolver<'_, '_>,
    keyword: &str,
    role: &str,
) -> Option<ProxyId> {
    let Some(id) = resolver.names.backend(name) else {
        let text = format!("Proxy '{}': unable to find required {keyword}: '{name}'.", proxy.name);
        resolver.missing_backend(span, text, name);
        return None;
    };
    let target = &resolver.names.config.proxies[id.index()];
    if !compatible(proxy.mode, target.mode) {
        let text = incompatible(resolver.names, proxy, target, role);
        resolver.alert(span, text);
        return None;
    }
    Some(id)
}

/// A TCP frontend may hand its connections to an HTTP backend (they are upgraded); otherwise the modes are the same.
fn compatible(from: Mode, to: Mode) -> bool {
    from == to || (from == Mode::Tcp && to == Mode::Http)
}

fn incompatible(names: &Names<'_>, from: &Proxy, to: &Proxy, role: &str) -> String {
    format!(
        "{} {} '{}' ({}) tries to use incompatible {} {} '{}' ({}) {role} (see 'mode').",
        from.mode.as_str(),
        from.kind.noun(),
        from.name,
        names.place(from.span),
        to.mode.as_str(),
        to.kind.noun(),
        to.name,
        names.place(to.span),
    )
}
