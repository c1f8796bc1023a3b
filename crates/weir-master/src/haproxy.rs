//! The program that weir is: HAProxy configurations, parsed and compiled, run by the engine.

mod blueprint;
mod files;
mod servers;
mod slots;
mod statistics;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use weir_admin::cli::socket_name;
use weir_compile::compile;
use weir_config::files::Files;
use weir_config::{ParseOptions, parse};
use weir_engine::worker::{Exit, WorkerInput};
use weir_plan::{AuthorityUse, Change, Edit, EditKind, ListLine, ListenerOwner, Plan, ServerEdit};
use weir_sample::{PatternEdit, VariableEdit};
use weir_shm::{Kind, Shm};
use weir_syntax::render::FATAL;
use weir_syntax::{Capabilities, Environment, Reader};
use weir_tls::Origin;
use weir_tls::pem::Authorities;
use weir_tls::update::{Line, Update};
use weir_types::{Diagnostic, Diagnostics, Form, Level};

use crate::blueprint::Loaded;
use crate::bundle::Bundle;
use crate::program::{ControllerInput, Program, Spent};
use files::{Kept, Recorder};
use slots::{Known, Recorded};
use statistics::Statistics;

/// When the release that weir stands in for came out.
pub const RELEASE_DATE: &str = "2026/06/03";

/// Runs the configuration files of a command line.
pub struct Haproxy {
    /// `-f` and what follows `--`, in order.
    pub configurations: Vec<PathBuf>,
    pub capabilities: Capabilities,
    /// `-S`, for `HAPROXY_MASTER_CLI`.
    pub master_socket: Option<String>,
    /// The version whose place weir takes: `3.4.0`.
    pub version: String,
    /// `-dC[key]`: the supervisor prints the lines of the configuration as it reads them.
    pub echo: Option<u32>,
}

impl Program for Haproxy {
    fn read(&self, bundle: &mut Bundle) -> Result<(), String> {
        bundle.sources =
            weir_syntax::load(&self.configurations).map_err(|error| format!("config : {error}"))?;
        if bundle.sources.files.is_empty() {
            return Err("config : No configuration file found.".to_string());
        }
        Ok(())
    }

    fn load(&self, bundle: &mut Bundle) -> (Loaded, Spent) {
        let recorder = Recorder::default();
        let (config, diagnostics) = {
            let options = self.options(bundle, &recorder, false);
            let mut reader = Reader::new(&bundle.sources, &self.capabilities).echoing(self.echo);
            parse(&mut reader, &mut self.environment(bundle), &options)
        };
        let mut slots = Recorded::default();
        let mut compiled = compile(&config, &bundle.sources, &recorder, &mut slots);
        let mut diagnostics = compiled.findings(diagnostics, &config.lost);
        diagnostics.list.retain(|one| one.level != Level::Diag || self.capabilities.diagnostics);
        let mut spent = Spent::nothing();
        spent.add(config);
        recorder.fill(bundle);
        if diagnostics.has_alert() {
            if diagnostics.list.last().is_none_or(|last| &*last.text != FATAL) {
                diagnostics.push(Diagnostic::new(Level::Alert, Form::Config, None, FATAL));
            }
            return (Loaded { diagnostics, blueprint: None }, spent);
        }
        bundle.certificates = compiled.plan.certificates().values().map(|(one, _)| one.finding()).collect();
        let blueprint = blueprint::of(&compiled.plan, slots, &bundle.sources);
        spent.add(compiled);
        match blueprint {
            Ok(mut blueprint) => {
                blueprint.settings.master_worker |= bundle.overrides.master_worker;
                blueprint.environment = self.environment_of_master(bundle);
                (Loaded { diagnostics, blueprint: Some(blueprint) }, spent)
            }
            Err(reason) => {
                diagnostics.push(Diagnostic::new(Level::Alert, Form::Config, None, reason));
                (Loaded { diagnostics, blueprint: None }, spent)
            }
        }
    }

    fn plan(&self, bundle: &Bundle, shm: Shm) -> Result<(Arc<Plan>, Spent), String> {
        let kept = Kept::new(bundle);
        let options = self.options(bundle, &kept, true);
        let mut reader = Reader::new(&bundle.sources, &self.capabilities);
        weir_tls::certificate::learn(bundle.certificates.clone());
        let mut environment = self.environment(bundle);
        let (config, diagnostics) = parse(&mut reader, &mut environment, &options);
        weir_tls::certificate::forget();
        let mut slots = Known::new(shm);
        let compiled = compile(&config, &bundle.sources, &kept, &mut slots);
        let alert = |diagnostics: &Diagnostics| {
            diagnostics
                .list
                .iter()
                .find(|one| one.level == Level::Alert)
                .map(|one| one.message(&bundle.sources))
        };
        if let Some(text) = alert(&diagnostics).or_else(|| alert(&compiled.diagnostics)) {
            return Err(text);
        }
        if let Some(name) = slots.missing {
            return Err(format!("'{name}' has no place in shared memory"));
        }
        let mut plan = compiled.plan;
        plan.generation = bundle.generation;
        plan.environment = Arc::new(self.environment_of_children(environment, bundle, &plan));
        blueprint::override_settings(&mut plan.global, &bundle.overrides);
        // `-N`: of proxies that have no limit of their own.
        for proxy in &mut plan.proxies {
            let frontend = Arc::get_mut(proxy).and_then(|proxy| proxy.frontend.as_mut());
            if let Some(frontend) = frontend.and_then(Arc::get_mut) {
                frontend.maxconn = frontend.maxconn.or(bundle.overrides.proxy_maxconn);
            }
        }
        weir_engine::settle::settle(&plan, shm, weir_sys::clock::monotonic_ms());
        let mut spent = Spent::nothing();
        spent.add(config);
        Ok((Arc::new(plan), spent))
    }

    fn edit(&self, plan: &Arc<Plan>, edit: &Edit, shm: Shm) -> Result<Change, String> {
        match edit.kind {
            EditKind::Patterns => plan.patterns.prepare(&edit.bytes),
            EditKind::Variables => {
                let edit = VariableEdit::decode(&edit.bytes).ok_or("malformed edit")?;
                let variables = plan.variables.clone();
                Ok(Change::Inside(Box::new(move || variables.apply(&edit))))
            }
            EditKind::Certificates => plan.change_tls(&edit.bytes, &|line| list_line(plan, line)),
            EditKind::Servers => servers::prepare(plan, &edit.bytes, shm),
        }
    }

    fn names(&self, edit: &Edit) -> Vec<(Kind, String)> {
        if edit.kind == EditKind::Servers { servers::names(&edit.bytes) } else { Vec::new() }
    }

    fn is_heavy(&self, plan: &Plan, edit: &Edit) -> bool {
        edit.kind == EditKind::Patterns && plan.patterns.is_heavy(&edit.bytes)
    }

    fn condense(&self, journal: Vec<Edit>) -> Vec<Edit> {
        let of = |kind| move |edit: &Edit| edit.kind == kind;
        let (patterns, others): (Vec<_>, Vec<_>) = journal.into_iter().partition(of(EditKind::Patterns));
        let (variables, others): (Vec<_>, Vec<_>) = others.into_iter().partition(of(EditKind::Variables));
        let variables = variables.iter().filter_map(|edit| VariableEdit::decode(&edit.bytes)).collect();
        let set = |edit: VariableEdit| Edit::new(EditKind::Variables, edit.encode());
        let variables = VariableEdit::condense(variables).into_iter().map(set);
        let patterns = patterns.iter().filter_map(|edit| PatternEdit::decode(&edit.bytes)).collect();
        let encode = |edit: PatternEdit| Edit::new(EditKind::Patterns, edit.encode());
        let (updates, others): (Vec<_>, Vec<_>) = others.into_iter().partition(of(EditKind::Certificates));
        let updates = updates.iter().filter_map(|edit| Update::decode(&edit.bytes)).collect();
        let update = |update: Update| Edit::new(EditKind::Certificates, update.encode());
        let updates = Update::condense(updates).into_iter().map(update);
        let (servers, others): (Vec<_>, Vec<_>) = others.into_iter().partition(of(EditKind::Servers));
        let servers = servers.iter().filter_map(|edit| ServerEdit::decode(&edit.bytes)).collect();
        let change = |edit: ServerEdit| Edit::new(EditKind::Servers, edit.encode());
        let servers = ServerEdit::condense(servers).into_iter().map(change);
        weir_sample::pattern::condense(patterns)
            .into_iter()
            .map(encode)
            .chain(variables)
            .chain(updates)
            .chain(servers)
            .chain(others)
            .collect()
    }

    fn run_worker(&self, mut input: WorkerInput) -> io::Result<Exit> {
        // Not held on to: the first plan is to go when the next one is in force.
        let process = crate::controller::process(&input.plan.load(), input.shm, &self.version, RELEASE_DATE);
        input.stats = Some(Rc::new(Statistics::new(&input, process)));
        weir_engine::worker::run(input)
    }

    fn run_controller(&self, input: ControllerInput) -> io::Result<Exit> {
        crate::controller::run(input, &self.version, RELEASE_DATE)
    }
}

/// Reads a line of a `crt-list` that came at run time. Its files are those that the plan uses or that came with it.
fn list_line(plan: &Plan, line: &Line) -> Result<ListLine, String> {
    let mut known = plan.authorities(AuthorityUse::Certificates);
    known.extend(plan.authorities(AuthorityUse::Revocations));
    let mut find = |written: &str| {
        let name = match &plan.global.tls.ca_base {
            Some(base) if !written.starts_with(['/', '@']) => format!("{base}/{written}"),
            _ => written.to_owned(),
        };
        if let Some((file, _)) = known.get(&*name) {
            return Ok(file.clone());
        }
        let brought = line.authorities.iter().find(|(brought, _)| *brought == name || brought == written);
        let read = brought.and_then(|(brought, pem)| Some((brought, Authorities::read(pem)?)));
        let (brought, mut authorities) = read.ok_or_else(|| format!("'ca-file' : unable to load {name}"))?;
        authorities.name = brought.as_str().into();
        Ok(Arc::new(authorities))
    };
    let read = weir_config::crt_list_line(&line.text, "CLI:1", &mut find)?;
    let origin = Origin {
        list: line.list.as_str().into(),
        number: line.number,
        options: read.options_text.clone(),
        filters: read.filters_text.clone(),
    };
    Ok(ListLine { for_tokens: read.for_tokens(), settings: read.settings, filters: read.filters, origin })
}

impl Haproxy {
    fn options<'a>(&self, bundle: &'a Bundle, files: &'a dyn Files, checked: bool) -> ParseOptions<'a> {
        ParseOptions {
            sources: &bundle.sources,
            files,
            hostname: bundle.overrides.local_peer.as_str().into(),
            checked,
        }
    }

    /// The variables of the process, and those that lines of the configuration may use (manual 2.3).
    fn environment(&self, bundle: &Bundle) -> Environment {
        let mut environment = Environment::from_process(bundle.environment.iter().cloned());
        environment.set("HAPROXY_LOCALPEER", bundle.overrides.local_peer.as_str());
        for (name, value) in self.described(bundle) {
            environment.set(name, value);
        }
        if let Some(address) = self.master_address() {
            environment.set("HAPROXY_MASTER_CLI", address);
        }
        for (name, format) in LOG_FORMATS {
            environment.set(*name, *format);
        }
        environment
    }

    /// What `env()` and `show env` find in the children: as the lines left it, without what is for lines alone.
    fn environment_of_children(
        &self,
        mut environment: Environment,
        bundle: &Bundle,
        plan: &Plan,
    ) -> BTreeMap<Box<str>, Box<[u8]>> {
        LOG_FORMATS.iter().for_each(|(name, _)| environment.unset(name));
        environment.unset("HAPROXY_MASTER_CLI");
        for (name, value) in self.described(bundle) {
            environment.set(name, value);
        }
        let local = plan.global.localpeer.as_deref().unwrap_or(&bundle.overrides.local_peer);
        environment.set("HAPROXY_LOCALPEER", local);
        let sockets = plan.listeners.iter().filter(|listener| listener.owner == ListenerOwner::Cli);
        let sockets: Vec<String> = sockets.map(|listener| socket_name(&listener.address)).collect();
        if !sockets.is_empty() {
            environment.set("HAPROXY_CLI", sockets.join(";"));
        }
        let bytes = |value| weir_syntax::raw::bytes(value).into_owned().into_boxed_slice();
        environment.iter().map(|(name, value)| (name.into(), bytes(value))).collect()
    }

    fn environment_of_master(&self, bundle: &Bundle) -> Vec<(String, String)> {
        let own = self.described(bundle).map(|(name, value)| (name.to_owned(), value));
        let socket = self.master_address().map(|address| ("HAPROXY_MASTER_CLI".to_owned(), address));
        own.chain(socket).collect()
    }

    /// Variables that master and children have in common.
    fn described(&self, bundle: &Bundle) -> impl Iterator<Item = (&'static str, String)> + use<> {
        let names: Vec<&str> = bundle.sources.files.iter().map(|file| file.name.as_str()).collect();
        let branch = self.version.rsplit_once('.').map_or("", |(branch, _)| branch);
        let master_worker = bundle.overrides.master_worker.then(|| ("HAPROXY_MWORKER", "1".to_owned()));
        let known = [
            ("HAPROXY_CFGFILES", names.join(";")),
            ("HAPROXY_STARTUP_VERSION", self.version.clone()),
            ("HAPROXY_BRANCH", branch.to_owned()),
        ];
        known.into_iter().chain(master_worker)
    }

    fn master_address(&self) -> Option<String> {
        let address = self.master_socket.as_deref()?.split(',').next().unwrap_or_default();
        let prefix = if address.starts_with('/') { "unix@" } else { "" };
        Some(format!("{prefix}{address}"))
    }
}

/// To be written in front of more in a `log-format`.
const LOG_FORMATS: &[(&str, &str)] = &[
    ("HAPROXY_TCP_LOG_FMT", weir_sample::format::TCP_LOG),
    ("HAPROXY_TCP_CLF_LOG_FMT", weir_sample::format::TCP_CLF_LOG),
    ("HAPROXY_HTTP_LOG_FMT", weir_sample::format::HTTP_LOG),
    ("HAPROXY_HTTP_CLF_LOG_FMT", weir_sample::format::HTTP_CLF_LOG),
    ("HAPROXY_HTTPS_LOG_FMT", weir_sample::format::HTTPS_LOG),
];
