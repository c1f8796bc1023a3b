//! The program that weir is: HAProxy configurations, parsed and compiled, run by the engine.

mod blueprint;
mod files;
mod servers;
mod slots;
mod statistics;

use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use weir_compile::compile;
use weir_config::files::Files;
use weir_config::{ParseOptions, parse};
use weir_engine::worker::{Exit, WorkerInput};
use weir_plan::{AuthorityUse, Change, Edit, EditKind, ListLine, Plan, ServerEdit};
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
const RELEASE_DATE: &str = "2026/06/03";

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
        let (config, mut diagnostics) = {
            let options = self.options(bundle, &recorder, false);
            let mut reader = Reader::new(&bundle.sources, &self.capabilities).echoing(self.echo);
            parse(&mut reader, &mut self.environment(bundle), &options)
        };
        let mut slots = Recorded::default();
        // What was not understood is missing from the rest: what follows from that is no news.
        let plan = (!diagnostics.has_alert()).then(|| {
            let compiled = compile(&config, &bundle.sources, &recorder, &mut slots);
            diagnostics.list.extend(compiled.diagnostics.list);
            compiled.plan
        });
        let mut spent = Spent::nothing();
        spent.add(config);
        recorder.fill(bundle);
        let Some(plan) = plan.filter(|_| !diagnostics.has_alert()) else {
            if diagnostics.list.last().is_none_or(|last| &*last.text != FATAL) {
                diagnostics.push(Diagnostic::new(Level::Alert, Form::Config, None, FATAL));
            }
            return (Loaded { diagnostics, blueprint: None }, spent);
        };
        bundle.certificates = plan.certificates().values().map(|(one, _)| one.finding()).collect();
        let blueprint = blueprint::of(&plan, slots, &bundle.sources);
        spent.add(plan);
        match blueprint {
            Ok(mut blueprint) => {
                blueprint.settings.master_worker |= bundle.overrides.master_worker;
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
        let (config, diagnostics) = parse(&mut reader, &mut self.environment(bundle), &options);
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

    /// The variables of the process, and those that HAProxy adds (manual 2.3).
    fn environment(&self, bundle: &Bundle) -> Environment {
        let mut environment = Environment::from_process(bundle.environment.iter().cloned());
        let names: Vec<&str> = bundle.sources.files.iter().map(|file| file.name.as_str()).collect();
        environment.set("HAPROXY_CFGFILES", names.join(";"));
        environment.set("HAPROXY_LOCALPEER", bundle.overrides.local_peer.as_str());
        environment.set("HAPROXY_STARTUP_VERSION", self.version.as_str());
        let branch = self.version.rsplit_once('.').map_or("", |(branch, _)| branch);
        environment.set("HAPROXY_BRANCH", branch);
        if bundle.overrides.master_worker {
            environment.set("HAPROXY_MWORKER", "1");
        }
        if let Some(address) = &self.master_socket {
            let address = address.split(',').next().unwrap_or_default();
            let prefix = if address.starts_with('/') { "unix@" } else { "" };
            environment.set("HAPROXY_MASTER_CLI", format!("{prefix}{address}"));
        }
        // To be written in front of more in a `log-format`.
        for (name, format) in [
            ("HAPROXY_TCP_LOG_FMT", weir_sample::format::TCP_LOG),
            ("HAPROXY_TCP_CLF_LOG_FMT", weir_sample::format::TCP_CLF_LOG),
            ("HAPROXY_HTTP_LOG_FMT", weir_sample::format::HTTP_LOG),
            ("HAPROXY_HTTP_CLF_LOG_FMT", weir_sample::format::HTTP_CLF_LOG),
            ("HAPROXY_HTTPS_LOG_FMT", weir_sample::format::HTTPS_LOG),
        ] {
            environment.set(name, format);
        }
        environment
    }
}
