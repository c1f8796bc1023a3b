//! The whole of it, proxy by proxy in the order of the text.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use weir_config::files::Files;
use weir_config::model::{Config, Proxy as Written};
use weir_config::{Lost, is_summary};
use weir_plan::settings::{Global, SavedServer};
use weir_plan::{Listener, ListenerOwner, Patterns, Plan, Proxy, Server};
use weir_sample::ProcessVariables;
use weir_types::{Diagnostic, Diagnostics, Form, Level, ProxyId, ServerId, Slot, Sources, TableId};

use crate::names::Names;
use crate::resolver::Resolver;
use crate::settings::Shared;
use crate::slots::Slots;
use crate::tls::Connectors;
use crate::{
    backend, check, filters, frontend, log_forward, log_profile, peers, review, ring, rules, server, table,
};

/// A plan and everything that was found. The plan is to be served only if the findings hold no alert.
#[derive(Debug)]
pub struct Compiled {
    pub plan: Plan,
    pub diagnostics: Diagnostics,
}

impl Compiled {
    /// What reading and compiling found, in one list. What lines that were refused would have brought is missing from
    /// the rest, so beside faults of lines only references are news, and those only that the faults do not explain.
    pub fn findings(&mut self, mut read: Diagnostics, lost: &Lost) -> Diagnostics {
        let mut found = std::mem::take(&mut self.diagnostics).list;
        if read.has_alert() {
            let line = |one: &Diagnostic| one.at.map(|at| (at.file, at.line));
            let known = |one: &Diagnostic| {
                read.list.iter().any(|other| one.wants == other.wants && line(one) == line(other))
            };
            found.retain(|one| one.wants.is_some() && !lost.explains(one) && !known(one));
        }
        let end = read.list.iter().position(is_summary).unwrap_or(read.list.len());
        read.list.splice(end..end, found);
        read
    }
}

/// Compiles a configuration. `sources` name the places in messages, `files` know the addresses of hosts, `slots` give the
/// places in shared memory.
pub fn compile(config: &Config, sources: &Sources, files: &dyn Files, slots: &mut dyn Slots) -> Compiled {
    let mut diagnostics = Diagnostics::default();
    let names = Names::of(config, sources, files);
    let mut work = Work {
        names: &names,
        ids: Ids::of(config, &names, &mut diagnostics),
        shared: Shared::default(),
        checks: check::Shared::default(),
        server_settings: server::SharedSettings::default(),
        connectors: Connectors::default(),
        servers: Vec::new(),
        dispatch: Vec::new(),
        listeners: Vec::new(),
        sticky: HashSet::new(),
    };
    let mut proxies = Vec::with_capacity(config.proxies.len());
    for (index, written) in config.proxies.iter().enumerate() {
        proxies.push(Arc::new(work.proxy(ProxyId(index as u32), written, slots, &mut diagnostics)));
    }
    let Work { mut servers, dispatch, mut listeners, sticky, .. } = work;
    for id in names.referenced_servers() {
        Arc::make_mut(&mut servers[id.index()]).referenced = true;
    }
    servers.extend(dispatch.into_iter().map(Arc::new));
    let tables = table::tables(config, &names, &sticky, slots, &mut diagnostics);
    cli_listeners(config, &mut listeners, slots);
    let peers = peers::compile(config, &names, &tables, &mut listeners, slots, &mut diagnostics);
    let log_forwards = log_forward::compile(config, &mut listeners, slots, &mut diagnostics);
    let backends_by_name = backends_by_name(&proxies);
    let log_profiles = log_profile::compile(config, &names, &mut diagnostics);
    let saved_servers = saved_servers(config, &proxies, &servers);
    let mut global = config.global.clone();
    for target in &mut global.logs {
        *target = ring::shape(config, target.clone());
    }
    let mut plan = Plan {
        global,
        proxies,
        servers,
        listeners,
        userlists: config.userlists.as_slice().into(),
        tables,
        peers: peers.into(),
        log_profiles: log_profiles.into(),
        log_forwards,
        rings: ring::compile(config, names.writes_to_buffer.get()),
        caches: filters::caches(config, slots),
        backends_by_name: Arc::new(backends_by_name),
        variables: Arc::new(variables(&config.global)),
        patterns: Patterns::new(config.patterns.clone()),
        token_certificates: config.token_certificates.clone(),
        files: sources.files.iter().map(|file| file.name.as_str().into()).collect(),
        // Known to whoever reads the files.
        environment: Arc::default(),
        saved_servers: saved_servers.into(),
        generation: 0,
        life: Arc::default(),
    };
    plan.derive_limits();
    Compiled { plan, diagnostics }
}

struct Work<'w, 'c> {
    names: &'w Names<'c>,
    ids: Ids,
    shared: Shared,
    checks: check::Shared,
    server_settings: server::SharedSettings,
    connectors: Connectors,
    servers: Vec<Arc<Server>>,
    /// What `dispatch` and `option transparent` lead to; they follow the servers.
    dispatch: Vec<Server>,
    listeners: Vec<Listener>,
    /// Tables that a stick rule names.
    sticky: HashSet<TableId>,
}

impl<'c> Work<'_, 'c> {
    fn proxy(
        &mut self,
        id: ProxyId,
        written: &'c Written,
        slots: &mut dyn Slots,
        diagnostics: &mut Diagnostics,
    ) -> Proxy {
        let rules = rules::compile(self.names, id, written, diagnostics);
        let mut resolver = Resolver::new(self.names, id, &written.acls, diagnostics);
        let settings = self.shared.compile(self.names.config, written, &mut resolver);
        let bandwidth = filters::bandwidth(written, &mut resolver);
        let has_frontend = written.kind.has_frontend();
        let has_backend = written.kind.has_backend();
        let frontend = has_frontend
            .then(|| Arc::new(frontend::compile(id, written, &mut resolver, &mut self.listeners, slots)));
        let backend = has_backend.then(|| {
            let checks = &mut self.checks;
            let settings = (&mut self.server_settings, &mut self.connectors);
            let mut backend =
                backend::compile(id, written, &mut resolver, checks, &mut self.servers, settings, slots);
            let lines = written.backend.as_deref().map_or(&[][..], |parts| &parts.stick);
            backend.stick = table::stick_rules(lines, &mut resolver, &mut self.sticky).into();
            if let Some(target) = server::dispatch(written, &mut resolver) {
                backend.dispatch = Some(ServerId((self.names.server_count() + self.dispatch.len()) as u32));
                let server = server::unnamed(id, written, target, slots);
                self.dispatch.push(server);
            }
            Arc::new(backend)
        });
        filters::check(written, diagnostics);
        review::proxy(self.names.config, written, diagnostics);
        Proxy {
            index: id,
            name: written.name.clone(),
            id: self.ids.next(written),
            kind: written.kind,
            mode: written.mode,
            span: written.span,
            disabled: written.disabled,
            settings,
            compresses: filters::compresses(written),
            rules: rules.map(Into::into),
            bandwidth: bandwidth.into(),
            frontend,
            backend,
            forced_id: written.id.is_some(),
            frontend_slot: if has_frontend { slots.frontend(&written.name) } else { Slot::default() },
            backend_slot: if has_backend { slots.backend(&written.name) } else { Slot::default() },
        }
    }
}

/// Numeric ids of proxies: those written, and for the others the next free one, counted from 1. The frontend of the
/// runtime commands takes the first free one where there is a `stats socket`.
struct Ids {
    taken: HashSet<u32>,
    next: u32,
}

impl Ids {
    fn of(config: &Config, names: &Names<'_>, diagnostics: &mut Diagnostics) -> Self {
        let mut first: HashMap<u32, &Written> = HashMap::new();
        for proxy in &config.proxies {
            let Some((id, span)) = proxy.id else { continue };
            if let Some(other) = first.insert(id, proxy) {
                let text = format!(
                    "{} {} reuses same custom id as {} {} (declared at {}).",
                    proxy.kind.noun(),
                    proxy.name,
                    other.kind.noun(),
                    other.name,
                    names.place(other.span)
                );
                diagnostics.push(Diagnostic::new(Level::Alert, Form::ParsingTight, Some(span), text));
            }
        }
        let mut ids = Self { taken: first.into_keys().collect(), next: 1 };
        if !config.stats_sockets.is_empty() {
            ids.take();
        }
        ids
    }

    fn take(&mut self) -> u32 {
        while self.taken.contains(&self.next) {
            self.next += 1;
        }
        self.next += 1;
        self.next - 1
    }

    fn next(&mut self, proxy: &Written) -> u32 {
        if let Some((id, _)) = proxy.id {
            return id;
        }
        self.take()
    }
}

/// What `set-var` lines of `global` set, under the limit that holds for the process scope.
fn variables(global: &Global) -> ProcessVariables {
    let limits = [global.tune.vars_process_max_size, global.tune.vars_global_max_size];
    let limit = limits.into_iter().filter(|limit| *limit > 0).min().unwrap_or(0);
    let set = global.variables.iter().map(|(variable, value, _)| (variable.name.clone(), value.clone()));
    ProcessVariables::new(set, limit)
}

fn cli_listeners(config: &Config, listeners: &mut Vec<Listener>, slots: &mut dyn Slots) {
    let first = listeners.len();
    for socket in &config.stats_sockets {
        frontend::listen(ListenerOwner::Cli, "GLOBAL", first, socket, None, listeners, slots);
    }
}

/// What state files say of the servers that are there.
fn saved_servers(
    config: &Config,
    proxies: &[Arc<Proxy>],
    servers: &[Arc<Server>],
) -> Vec<(ServerId, SavedServer)> {
    if config.server_states.is_empty() {
        return Vec::new();
    }
    let mut saved = Vec::new();
    for proxy in proxies {
        for id in proxy.backend.iter().flat_map(|backend| backend.servers.iter()) {
            let path = format!("{}/{}", proxy.name, servers[id.index()].name);
            if let Some(state) = config.server_states.get(&*path) {
                saved.push((id, state.clone()));
            }
        }
    }
    saved
}

fn backends_by_name(proxies: &[Arc<Proxy>]) -> HashMap<Arc<str>, ProxyId> {
    proxies
        .iter()
        .filter(|proxy| proxy.backend.is_some())
        .map(|proxy| (proxy.name.clone(), proxy.index))
        .collect()
}
