//! What the servers' health checks do, shared by the backends that share the written plan.

use std::collections::HashMap;
use std::sync::Arc;

use weir_check::packaged::{self, MysqlClient};
use weir_check::{
    Command, Connect, ConnectTls, Expect, HttpSend, Language, Ruleset, Send, Step, StepKind, Uri,
};
use weir_config::model::{CheckPlan, CheckProtocol, CheckStep, ConnectPort, Name, SendData, Settings};
use weir_sample::{Format, Named};

use crate::check_expect::expectation;
use crate::resolver::Resolver;
use crate::settings::not_yet;

#[derive(Default)]
pub struct Shared {
    by_source: HashMap<*const CheckPlan, Arc<Ruleset>>,
}

impl Shared {
    /// The rules of a backend.
    pub fn compile(&mut self, settings: &Settings, resolver: &mut Resolver<'_, '_>) -> Arc<Ruleset> {
        self.of(&settings.check, resolver)
    }

    /// The rules of a `healthcheck` section.
    pub fn section(&mut self, name: &Name, resolver: &mut Resolver<'_, '_>) -> Option<Arc<Ruleset>> {
        let sections = &resolver.names.config.healthchecks;
        let section = sections.iter().find(|section| section.name == name.text)?;
        Some(self.of(&section.plan, resolver))
    }

    fn of(&mut self, plan: &Arc<CheckPlan>, resolver: &mut Resolver<'_, '_>) -> Arc<Ruleset> {
        let key = Arc::as_ptr(plan);
        if let Some(rules) = self.by_source.get(&key) {
            return rules.clone();
        }
        resolver.at("in tcp-check expression");
        let used = std::mem::take(&mut resolver.used_current);
        let rules = Arc::new(compile(plan, resolver));
        // What speaks of the proxy itself is this proxy's alone.
        if !resolver.used_current {
            self.by_source.insert(key, rules.clone());
        }
        resolver.used_current |= used;
        rules
    }
}

fn compile(plan: &CheckPlan, resolver: &mut Resolver<'_, '_>) -> Ruleset {
    let rules = match &plan.protocol {
        CheckProtocol::Connect => Ruleset::connect(),
        CheckProtocol::Tcp => tcp(plan, resolver),
        CheckProtocol::Http { method, uri, version, host } => {
            let send = HttpSend {
                method: method.clone().unwrap_or_else(|| "OPTIONS".into()),
                uri: Uri::Fixed(uri.clone().unwrap_or_else(|| "/".into())),
                version: version.clone().unwrap_or_else(|| "HTTP/1.0".into()),
                headers: host
                    .iter()
                    .filter_map(|host| Some(("host".into(), resolver.format(host)?)))
                    .collect(),
                body: None,
            };
            http(plan, send, resolver)
        }
        CheckProtocol::Other { name, arguments } => packaged(name, arguments),
        CheckProtocol::External => Ruleset {
            language: Language::External,
            command: plan.external_command.as_ref().map(|program| {
                Arc::new(Command { program: program.clone(), path: plan.external_path.clone() })
            }),
            ..Ruleset::default()
        },
    };
    let speaks_http = rules.language == Language::Http;
    Ruleset {
        disable_on_404: plan.disable_on_404 && speaks_http,
        send_state: plan.send_state && speaks_http,
        ..rules
    }
}

fn packaged(name: &str, arguments: &[Box<str>]) -> Ruleset {
    let argument = |at: usize| arguments.get(at).map_or("", |argument| argument);
    match name {
        "redis-check" => packaged::redis(),
        "ldap-check" => packaged::ldap(),
        "spop-check" => packaged::spop(),
        "ssl-hello-chk" => packaged::tls_hello(),
        "pgsql-check" => packaged::pgsql(argument(1)),
        "mysql-check" => packaged::mysql(match argument(0) {
            "user" => Some((
                argument(1),
                match argument(2) {
                    "pre-41" => MysqlClient::Pre41,
                    "post-80" => MysqlClient::Post80,
                    _ => MysqlClient::Post41,
                },
            )),
            _ => None,
        }),
        // Any other greeting than these two turns into the default.
        _ => match (argument(0), argument(1)) {
            ("HELO" | "EHLO", domain) if !domain.is_empty() => {
                packaged::smtp(&format!("{} {domain}", argument(0)))
            }
            _ => packaged::smtp("HELO localhost"),
        },
    }
}

fn tcp(plan: &CheckPlan, resolver: &mut Resolver<'_, '_>) -> Ruleset {
    let steps: Vec<Step> = steps(plan, None, resolver);
    if steps.is_empty() {
        return Ruleset::connect();
    }
    with_connection(steps, Language::TcpCheck)
}

/// The request of `option httpchk` goes where none is written, and an expectation follows the last request.
fn http(plan: &CheckPlan, send: HttpSend, resolver: &mut Resolver<'_, '_>) -> Ruleset {
    let written: Vec<Step> = steps(plan, Some(&send), resolver);
    let none_written = written.is_empty();
    let is_send = |step: &Step| matches!(step.kind, StepKind::Send(_));
    let is_expect = |step: &Step| matches!(step.kind, StepKind::Expect(_));
    let mut steps = written;
    let mut uncounted = 0;
    if !steps.iter().any(is_send) {
        let before = |step: &Step| !is_expect(step);
        let at = steps.iter().position(|step| !before(step)).unwrap_or(steps.len());
        steps.insert(at, Step::from(StepKind::Send(Send::Http(Box::new(send)))));
        uncounted = usize::from(!none_written);
    }
    if !steps.last().is_some_and(is_expect) {
        steps.push(Step::from(StepKind::Expect(Box::new(Expect::default_status()))));
    }
    Ruleset { uncounted, ..with_connection(steps, Language::Http) }
}

/// Puts a connection before the steps where they do not begin with one.
fn with_connection(mut steps: Vec<Step>, language: Language) -> Ruleset {
    let acts =
        |step: &Step| matches!(step.kind, StepKind::Connect(_) | StepKind::Send(_) | StepKind::Expect(_));
    let connects =
        steps.iter().find(|step| acts(step)).is_some_and(|step| matches!(step.kind, StepKind::Connect(_)));
    if !connects {
        let connect = Connect { as_server: true, ..Connect::default() };
        steps.insert(0, Step::from(StepKind::Connect(connect)));
    }
    Ruleset { language, steps, connects_by_itself: !connects, ..Ruleset::default() }
}

fn steps(plan: &CheckPlan, base: Option<&HttpSend>, resolver: &mut Resolver<'_, '_>) -> Vec<Step> {
    let mut steps = Vec::with_capacity(plan.steps.len());
    // A comment on a line of its own belongs to the step behind it.
    let mut before: Option<Box<str>> = None;
    for step in &plan.steps {
        let (kind, comment) = match step {
            CheckStep::Comment(text) => {
                before = Some(text.clone());
                steps.push(Step::from(StepKind::Comment));
                continue;
            }
            CheckStep::Connect { comment, .. } => (connect(step, resolver), comment.clone()),
            CheckStep::HttpSend { comment, .. } => (http_send(step, base, resolver), comment.clone()),
            CheckStep::TcpSend { data, comment, .. } => (send(data, resolver), comment.clone()),
            CheckStep::Expect { comment, .. } => (expectation(step, resolver), comment.clone()),
            CheckStep::SetVar { variable, conditions, value, span } => (
                resolver.expr(value, *span).map(|value| StepKind::Set {
                    variable: variable.clone(),
                    conditions: conditions.clone(),
                    value,
                }),
                None,
            ),
            CheckStep::SetVarFormat { variable, conditions, value, .. } => (
                resolver.format(value).map(|value| StepKind::SetFormat {
                    variable: variable.clone(),
                    conditions: conditions.clone(),
                    value,
                }),
                None,
            ),
            CheckStep::UnsetVar { variable, .. } => (Some(StepKind::Unset(variable.clone())), None),
        };
        // What could not be resolved was reported.
        let Some(kind) = kind else { continue };
        let takes_comment = matches!(kind, StepKind::Connect(_) | StepKind::Send(_) | StepKind::Expect(_));
        let comment = if takes_comment { comment.or(before.take()) } else { None };
        steps.push(Step { kind, comment });
    }
    steps
}

fn connect(step: &CheckStep, resolver: &mut Resolver<'_, '_>) -> Option<StepKind> {
    let CheckStep::Connect {
        port,
        address,
        send_proxy,
        via_socks4,
        ssl,
        linger,
        sni,
        alpn,
        protocol,
        default,
        span,
        ..
    } = step
    else {
        return None;
    };
    if protocol.as_deref().is_some_and(|name| !matches!(name, "h1" | "none")) {
        not_yet(resolver, *span, "connect proto of a check is not supported by weir yet.".into());
    }
    let port = match port {
        None => None,
        Some(ConnectPort::Number(port)) => Some(weir_check::ConnectPort::Number(*port)),
        Some(ConnectPort::Expr(expr)) => Some(weir_check::ConnectPort::Expr(resolver.expr(expr, *span)?)),
    };
    Some(StepKind::Connect(Connect {
        as_server: *default,
        port,
        address: *address,
        send_proxy: *send_proxy,
        via_socks4: *via_socks4,
        tls: ssl.then(|| Box::new(ConnectTls { sni: sni.clone(), alpn: alpn.clone() })),
        linger: *linger,
    }))
}

/// What a request does not say is as `option httpchk` says for the first, and as usual for others.
fn http_send(step: &CheckStep, base: Option<&HttpSend>, resolver: &mut Resolver<'_, '_>) -> Option<StepKind> {
    let CheckStep::HttpSend { method, uri, version, headers, body, .. } = step else { return None };
    let mut send = base.cloned().unwrap_or_default();
    if let Some(method) = method {
        send.method = method.clone();
    }
    if let Some(version) = version {
        send.version = version.clone();
    }
    if let Some(uri) = uri {
        send.uri = text(uri, resolver)?;
    }
    for (name, value) in headers {
        // A written host takes the place of the option's.
        if name.eq_ignore_ascii_case("host") {
            send.headers.retain(|(known, _)| !known.eq_ignore_ascii_case("host"));
        }
        send.headers.push((name.clone(), resolver.format(value)?));
    }
    if let Some(body) = body {
        send.body = Some(text(body, resolver)?);
    }
    Some(StepKind::Send(Send::Http(Box::new(send))))
}

fn text(format: &Format<Named>, resolver: &mut Resolver<'_, '_>) -> Option<Uri> {
    Some(match format.constant() {
        Some(text) => Uri::Fixed(text.into()),
        None => Uri::Format(resolver.format(format)?),
    })
}

fn send(data: &SendData, resolver: &mut Resolver<'_, '_>) -> Option<StepKind> {
    Some(StepKind::Send(match data {
        SendData::Bytes(bytes) => Send::Bytes(Arc::from(&**bytes)),
        SendData::Format(format) => Send::Format(resolver.format(format)?),
        SendData::BinaryFormat(format) => Send::BinaryFormat(resolver.format(format)?),
    }))
}
