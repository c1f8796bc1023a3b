//! Servers: addresses, ids, tracking.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use weir_check::Ruleset;
use weir_config::model::{InitAddress, Name, Proxy, Server as Written, ServerOptions};
use weir_plan::settings::{OwnRules, ServerSettings, SourceAddress};
use weir_plan::{ProxyField, Server, ServerTarget};
use weir_types::{Address, AddressFamily, Diagnostic, Form, Level, Mode, PortSpec, ProxyId, ServerId, Span};

use crate::check;
use crate::names::server_lines;
use crate::resolver::Resolver;
use crate::slots::Slots;
use crate::tls::Connectors;

/// Settings by the options they came from, which lines that say the same share.
#[derive(Default)]
pub struct SharedSettings {
    by_source: HashMap<SettingsKey, Arc<ServerSettings>>,
    fields: HashMap<*const ServerOptions, Option<Arc<[ProxyField]>>>,
}

/// The line's options, the proxy's `source`, the rules of a `healthcheck` section.
type SettingsKey = (*const ServerOptions, Option<*const SourceAddress>, Option<*const Ruleset>);

impl SharedSettings {
    /// `source` of the proxy serves the servers that have none of their own.
    fn of(
        &mut self,
        options: &Arc<ServerOptions>,
        source: Option<&Arc<SourceAddress>>,
        rules: Option<Arc<Ruleset>>,
    ) -> Arc<ServerSettings> {
        let inherited = source.filter(|_| options.settings.source.is_none());
        let key = (Arc::as_ptr(options), inherited.map(Arc::as_ptr), rules.as_ref().map(Arc::as_ptr));
        let settings = || {
            let mut settings = options.settings.clone();
            if let Some(source) = inherited {
                settings.source = Some((**source).clone());
            }
            settings.check.rules = OwnRules(rules);
            Arc::new(settings)
        };
        self.by_source.entry(key).or_insert_with(settings).clone()
    }
}

impl SharedSettings {
    /// `set-proxy-v2-tlv-fmt`
    fn proxy_fields(
        &mut self,
        options: &Arc<ServerOptions>,
        resolver: &mut Resolver<'_, '_>,
    ) -> Option<Arc<[ProxyField]>> {
        if options.proxy_fields.is_empty() {
            return None;
        }
        let key = Arc::as_ptr(options);
        if let Some(known) = self.fields.get(&key) {
            return known.clone();
        }
        resolver.at("in server set-proxy-v2-tlv-fmt");
        let field = |written: &weir_config::model::ProxyField| {
            resolver.format(&written.format).map(|value| ProxyField { kind: written.kind, value })
        };
        let fields = options.proxy_fields.iter().map(field).collect();
        self.fields.insert(key, fields);
        self.fields[&key].clone()
    }
}

pub fn compile_all(
    id: ProxyId,
    proxy: &Proxy,
    resolver: &mut Resolver<'_, '_>,
    servers: &mut Vec<Arc<Server>>,
    (settings_of, checks): (&mut SharedSettings, &mut check::Shared),
    connectors: &mut Connectors,
    slots: &mut dyn Slots,
) {
    let mut numbers = Numbers::of(proxy, resolver);
    let mut seen: HashMap<Arc<str>, Span> = HashMap::new();
    let mut cookies: HashSet<Arc<str>> = HashSet::new();
    let mut path = format!("{}/", proxy.name);
    let prefix = path.len();
    for entry in server_lines(proxy) {
        let line = entry.line;
        let name = entry.name();
        if let Some(first) = seen.insert(name.clone(), line.span) {
            duplicate(proxy, &name, line.span, first, resolver);
        }
        path.truncate(prefix);
        path.push_str(&name);
        let rules = line.options.healthcheck.as_ref().and_then(|name| checks.section(name, resolver));
        let settings = settings_of.of(&line.options, proxy.settings.source.as_ref(), rules);
        let cookie = line.cookie.clone().or_else(|| line.options.cookie.clone());
        if let Some(cookie) = cookie.as_ref().filter(|_| !line.options.settings.backup)
            && !cookies.insert(cookie.clone())
        {
            let text = format!(
                "'server {name}' : same cookie value is set for a previous non-backup server in the same backend, it may \
                 break connection persistence"
            );
            resolver.diagnostics.push(Diagnostic::new(Level::Diag, Form::Parsing, Some(line.span), text));
        }
        let track = line.track.as_ref().or(line.options.track.as_ref());
        let target = target(line, &path, resolver);
        let track = track.and_then(|name| track_of(id, name, &path, resolver));
        if cookie.is_some() && proxy.mode != Mode::Http {
            let text = format!(
                "backend '{}' : ignoring cookie for server '{name}' as HTTP mode is disabled.",
                proxy.name
            );
            resolver.diagnostics.push(Diagnostic::new(Level::Warning, Form::Bare, Some(line.span), text));
        }
        let proxy_fields = settings_of.proxy_fields(&line.options, resolver);
        let tls = connectors.of(&line.options, proxy.mode, &path, line.span, resolver);
        servers.push(Arc::new(Server {
            owner: id,
            dynamic: false,
            gone: false,
            referenced: false,
            name,
            tls,
            proxy_fields,
            id: numbers.next(line),
            target,
            settings,
            cookie,
            track,
            forced_id: line.id.is_some(),
            host: match &line.address.family {
                AddressFamily::Name(name) => Some((**name).into()),
                _ => None,
            },
            span: line.span,
            slot: slots.server(&path),
        }));
    }
}

/// Where `dispatch` or `option transparent` sends what nothing binds to a server. Only where no algorithm was chosen.
pub fn dispatch(proxy: &Proxy, resolver: &mut Resolver<'_, '_>) -> Option<ServerTarget> {
    let title = format!("{} '{}'", proxy.kind.noun(), proxy.name);
    let written = proxy.backend.as_deref().and_then(|parts| parts.dispatch.as_ref());
    let (transparent, chosen) = (proxy.settings.options.transparent, proxy.settings.balance.chosen);
    if transparent && chosen {
        resolver.alert(proxy.span, format!("{title} cannot use both transparent and balance mode."));
        return None;
    }
    if let Some((_, span)) = written.filter(|_| chosen) {
        let text = format!("dispatch address of {title} will be ignored in balance mode.");
        resolver.diagnostics.push(Diagnostic::new(Level::Warning, Form::Bare, Some(*span), text));
        return None;
    }
    let passes = || transparent.then_some(ServerTarget::Transparent { port: PortSpec::None });
    written.map(|(address, _)| direct(address)).or_else(passes)
}

/// A server without a name, checks or a pool of idle connections.
pub fn unnamed(owner: ProxyId, proxy: &Proxy, target: ServerTarget, slots: &mut dyn Slots) -> Server {
    let source = proxy.settings.source.as_deref().cloned();
    Server {
        owner,
        dynamic: false,
        gone: false,
        referenced: false,
        name: "".into(),
        tls: None,
        id: 0,
        target,
        settings: Arc::new(ServerSettings { source, ..ServerSettings::default() }),
        cookie: None,
        proxy_fields: None,
        track: None,
        forced_id: false,
        host: None,
        span: proxy.span,
        slot: slots.server(&format!("{}/", proxy.name)),
    }
}

/// Ids: those written, and for the others the next free one, counted from 1.
struct Numbers {
    taken: HashSet<u32>,
    next: u32,
}

impl Numbers {
    fn of(proxy: &Proxy, resolver: &mut Resolver<'_, '_>) -> Self {
        let mut first: HashMap<u32, &Written> = HashMap::new();
        for entry in server_lines(proxy) {
            let Some(id) = entry.line.id else { continue };
            if let Some(other) = first.insert(id, entry.line) {
                let text = format!(
                    "'server {}/{}' : 'id' : custom id {id} already used at {} ('server {}').",
                    proxy.name,
                    entry.line.name,
                    resolver.names.place(other.span),
                    other.name
                );
                let at = Some(entry.line.span);
                resolver.diagnostics.push(Diagnostic::new(Level::Alert, Form::Place, at, text));
            }
        }
        Self { taken: first.into_keys().collect(), next: 1 }
    }

    /// The counter moves on past every server, also one with an id of its own.
    fn next(&mut self, line: &Written) -> u32 {
        if line.id.is_none() {
            while self.taken.contains(&self.next) {
                self.next += 1;
            }
        }
        self.next += 1;
        line.id.unwrap_or(self.next - 1)
    }
}

fn duplicate(proxy: &Proxy, name: &str, at: Span, first: Span, resolver: &mut Resolver<'_, '_>) {
    let text = format!(
        "{} '{}', another server named '{name}' was already defined at line {}, please use distinct names.",
        proxy.kind.noun(),
        proxy.name,
        first.line
    );
    resolver.diagnostics.push(Diagnostic::alert(at, text));
}

fn target(line: &Written, path: &str, resolver: &mut Resolver<'_, '_>) -> ServerTarget {
    match &line.address.family {
        AddressFamily::Name(name) => named(name, line, path, resolver),
        _ => direct(&line.address),
    }
}

/// An address that is no name.
fn direct(address: &Address) -> ServerTarget {
    let port = address.port;
    match &address.family {
        AddressFamily::Ip(ip) if ip.is_unspecified() => ServerTarget::Transparent { port },
        AddressFamily::Ip(ip) => ServerTarget::Ip { ip: *ip, port },
        _ => ServerTarget::Other(Box::new(address.clone())),
    }
}

/// A host name: resolved by whoever loads the configuration (`weir-config` looked it up where `init-addr` asks for
/// libc), left open with `init-addr none`, given with an address.
fn named(name: &str, line: &Written, path: &str, resolver: &mut Resolver<'_, '_>) -> ServerTarget {
    let port = line.address.port;
    // With a resolvers section a server may begin without an address, unless the line says how it finds one.
    let default: &[InitAddress] = match line.options.resolvers {
        Some(_) => &[InitAddress::Last, InitAddress::Libc, InitAddress::None],
        None => &[InitAddress::Last, InitAddress::Libc],
    };
    let methods = line.options.init_address.as_deref().unwrap_or(default);
    let mut asked = false;
    for method in methods {
        match method {
            InitAddress::Last => {
                let saved = resolver.names.config.server_states.get(path);
                if let Some(ip) =
                    saved.filter(|saved| saved.fqdn.as_deref() == Some(name)).and_then(|it| it.address)
                {
                    return ServerTarget::Ip { ip, port };
                }
            }
            InitAddress::None => {
                if asked {
                    let text =
                        format!("'server {path}' : could not resolve address '{name}', disabling server.");
                    resolver.diagnostics.push(Diagnostic::new(
                        Level::Notice,
                        Form::Place,
                        Some(line.span),
                        text,
                    ));
                }
                return ServerTarget::Unresolved { name: name.into(), port };
            }
            InitAddress::Ip(ip) => return ServerTarget::Ip { ip: *ip, port },
            InitAddress::Libc => {
                asked = true;
                if let Some(ip) = resolver.names.host(name, line.address.only) {
                    return ServerTarget::Ip { ip, port };
                }
            }
        }
    }
    let text = format!("'server {path}' : could not resolve address '{name}'.");
    resolver.diagnostics.push(Diagnostic::new(Level::Alert, Form::Place, Some(line.span), text));
    ServerTarget::Unresolved { name: name.into(), port }
}

fn track_of(id: ProxyId, name: &Name, path: &str, resolver: &mut Resolver<'_, '_>) -> Option<ServerId> {
    let (backend, server) = match name.text.split_once('/') {
        Some((backend, server)) => (resolver.names.backend(backend).ok_or(backend), server),
        None => (Ok(id), &*name.text),
    };
    let mut wants = None;
    let problem = match backend {
        Err(missing) => {
            wants = Some(missing);
            format!("unable to find required proxy '{missing}' for tracking.")
        }
        Ok(backend) => match resolver.names.server(backend, server) {
            None => {
                wants = Some(server);
                format!("unable to find required server '{server}' for tracking.")
            }
            Some(found) if !resolver.names.is_checked(found) => {
                let proxy = &resolver.names.config.proxies[backend.index()].name;
                format!(
                    "unable to use {proxy}/{server} for tracking as it does not have any check nor agent enabled."
                )
            }
            Some(found) => return Some(found),
        },
    };
    let text = format!("'server {path}' : {problem}");
    let mut alert = Diagnostic::new(Level::Alert, Form::Place, Some(name.span), text);
    alert.wants = wants.map(Into::into);
    resolver.diagnostics.push(alert);
    None
}
