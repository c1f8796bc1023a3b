//! `add server` and `del server` in one process: the line read, what it names found in the plan, the plan with it.

use std::sync::Arc;

use weir_config::model::{Config, InitAddress, Server as Written};
use weir_config::{AddedServer, added_server};
use weir_plan::servers::refuses_servers;
use weir_plan::{AuthorityUse, Change, Plan, Server, ServerEdit};
use weir_sample::NoFiles;
use weir_shm::{Kind, Shm};
use weir_types::{Level, ProxyId, ServerId, Sources};

use super::slots::Known;

pub fn prepare(plan: &Arc<Plan>, bytes: &[u8], shm: Shm) -> Result<Change, String> {
    let edit = ServerEdit::decode(bytes).ok_or("malformed edit")?;
    let next = match &edit {
        ServerEdit::Add { backend, server, id, words } => {
            let (owner, known) = find(plan, backend, server)?;
            if let Some(reason) = refuses_servers(plan.proxy(owner)) {
                return Err(reason);
            }
            if known.is_some() {
                return Err("Already exists a server with the same name in backend.".into());
            }
            let server = read(plan, owner, server, *id, words, shm)?;
            weir_engine::settle::begin_dynamic(&server, shm, weir_sys::clock::monotonic_ms());
            plan.with_server(server)
        }
        ServerEdit::Delete { backend, server } => {
            let id = find(plan, backend, server)?.1.ok_or("No such server.")?;
            plan.without_server(id)
        }
    };
    Ok(Change::Plan(Arc::new(next)))
}

/// Names that an edit needs places for.
pub fn names(bytes: &[u8]) -> Vec<(Kind, String)> {
    match ServerEdit::decode(bytes) {
        Some(edit @ ServerEdit::Add { .. }) => vec![(Kind::Server, edit.path())],
        _ => Vec::new(),
    }
}

fn find(plan: &Plan, backend: &str, server: &str) -> Result<(ProxyId, Option<ServerId>), String> {
    let owner = *plan.backends_by_name.get(backend).ok_or("No such backend.")?;
    let list = plan.proxy(owner).backend.iter().flat_map(|backend| backend.servers.iter());
    Ok((owner, list.into_iter().find(|id| *plan.server(*id).name == *server)))
}

fn read(
    plan: &Plan,
    owner: ProxyId,
    name: &str,
    id: u32,
    words: &[String],
    shm: Shm,
) -> Result<Server, String> {
    let proxy = plan.proxy(owner);
    let certificates = plan.certificates().into_iter();
    let mut authorities = plan.authorities(AuthorityUse::Certificates);
    authorities.extend(plan.authorities(AuthorityUse::Revocations));
    let (mut config, _) = added_server(AddedServer {
        backend: &proxy.name,
        mode: proxy.mode,
        name,
        words,
        global: plan.global.clone(),
        certificates: certificates.map(|(name, (found, _))| (name.to_string(), found)).collect(),
        authorities: authorities.into_iter().map(|(name, (found, _))| (name.into(), found)).collect(),
    })?;
    let line = line_of(&mut config).ok_or("malformed edit")?;
    let tracked = line.track.take();
    // A name is not looked up: the operator, or a resolver, gives the address.
    Arc::make_mut(&mut line.options).init_address = Some([InitAddress::None].into());
    let path = format!("{}/{name}", proxy.name);
    let mut server = compile(&config, &path, shm)?;
    server.track = match &tracked {
        None => None,
        Some(tracked) => Some(track(plan, owner, &tracked.text)?),
    };
    if !server.forced_id {
        server.id = id;
    }
    let list = proxy.backend.iter().flat_map(|backend| backend.servers.iter());
    if let Some(other) = list.map(|id| plan.server(id)).find(|other| other.id == server.id) {
        let place = format!("{}:{}", plan.file(other.span), other.span.line);
        let (id, other) = (server.id, &other.name);
        return Err(format!("'id' : custom id {id} already used at {place} ('server {other}')."));
    }
    if let (None, Some(source)) =
        (&server.settings.source, proxy.backend.as_ref().and_then(|backend| backend.source.clone()))
    {
        Arc::make_mut(&mut server.settings).source = Some((*source).clone());
    }
    Ok(Server { owner, dynamic: true, ..server })
}

fn line_of(config: &mut Config) -> Option<&mut Written> {
    config.proxies.first_mut()?.backend.as_mut()?.servers.first_mut()
}

fn compile(config: &Config, path: &str, shm: Shm) -> Result<Server, String> {
    let mut slots = Known::new(shm);
    let compiled = weir_compile::compile(config, &Sources::default(), &NoFiles, &mut slots);
    let title = format!("'server {path}' : ");
    if let Some(alert) = compiled.diagnostics.list.iter().find(|one| one.level == Level::Alert) {
        return Err(alert.text.strip_prefix(&*title).unwrap_or(&alert.text).to_owned());
    }
    let server = compiled.plan.servers.into_iter().next().ok_or("malformed edit")?;
    Ok(Arc::unwrap_or_clone(server))
}

/// `track`: only what the configuration itself names, so that no chain hangs on a server that may go.
fn track(plan: &Plan, owner: ProxyId, text: &str) -> Result<ServerId, String> {
    let (backend, name) = match text.split_once('/') {
        Some((backend, name)) => (backend, name),
        None => (&*plan.proxy(owner).name, text),
    };
    let Ok((_, found)) = find(plan, backend, name) else {
        return Err(format!("unable to find required proxy '{backend}' for tracking."));
    };
    let Some(id) = found else {
        return Err(format!("unable to find required server '{name}' for tracking."));
    };
    let server = plan.server(id);
    if server.dynamic {
        return Err(format!("unable to use {backend}/{name} for tracking as it is a dynamic server."));
    }
    let checked = server.settings.check.enabled || server.settings.agent.enabled || server.track.is_some();
    if !checked {
        return Err(format!(
            "unable to use {backend}/{name} for tracking as it does not have any check nor agent enabled."
        ));
    }
    Ok(id)
}
