//! When a stream's log line is written, at which level, and what it says (manual 8.2).

use std::io::Write;

use weir_plan::settings::{LogSteps, LogTarget};
use weir_plan::{LogProfile, Plan, Proxy};
use weir_rules::action::LogLevel;
use weir_sample::format::Alias;
use weir_sample::{ConnectionError, Format, FormatPart, Resolved, Stream as _};
use weir_types::Mode;

use crate::logs::Message;
use crate::record::{Cause, Stage};
use crate::rules::List;
use crate::session::Client;
use crate::stream::Stream;
use crate::turn::Turn;
use crate::view::View;
use crate::worker::Worker;

/// `info` and `err` of syslog.
const INFO: u8 = 6;
const ERROR: u8 = 3;

/// At which moment a line is written (`%OG`, `log-profile`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    #[default]
    Unspecified,
    /// A connection that never became a session.
    SessionError,
    Accept,
    Request,
    Connect,
    Response,
    Close,
    /// A `do-log` rule.
    Rule(List),
}

impl Origin {
    /// What `%OG` shows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspec",
            Self::SessionError => "sess_error",
            Self::Accept => "txn_accept",
            Self::Request => "txn_request",
            Self::Connect => "txn_connect",
            Self::Response => "txn_response",
            Self::Close => "txn_close",
            Self::Rule(list) => step_of(list),
        }
    }

    /// What `on` calls it in a `log-profile`.
    fn step(self) -> &'static str {
        match self {
            Self::Unspecified => "any",
            Self::SessionError => "error",
            Self::Accept => "accept",
            Self::Request => "request",
            Self::Connect => "connect",
            Self::Response => "response",
            Self::Close => "close",
            Self::Rule(list) => step_of(list),
        }
    }

    fn bit(self) -> LogSteps {
        match self {
            Self::Accept => LogSteps::ACCEPT,
            Self::Request => LogSteps::REQUEST,
            Self::Connect => LogSteps::CONNECT,
            Self::Response => LogSteps::RESPONSE,
            Self::Close => LogSteps::CLOSE,
            _ => LogSteps::ALL,
        }
    }
}

fn step_of(list: List) -> &'static str {
    match list {
        List::Connection => "tcp-req-conn",
        List::Session => "tcp-req-sess",
        List::Content => "tcp-req-cont",
        List::ResponseContent => "tcp-res-cont",
        List::Http | List::Redirect | List::StatsPage => "http-req",
        List::Response => "http-res",
        List::AfterResponse => "http-after-res",
    }
}

impl Turn<'_, '_> {
    /// Writes the line of a stream that has ended.
    pub fn log(&mut self) {
        let steps = self.client.session.proxy().settings.log_steps;
        if steps.is_default() || steps.contains(LogSteps::CLOSE) {
            self.write_log(Origin::Close, false, None);
        }
    }

    /// `option logasap`: writes the line when the response's head has gone out. `log-steps` says by itself when.
    pub fn log_early(&mut self) {
        if !self.client.session.proxy().settings.log_steps.is_default() {
            return;
        }
        self.stream.record.logged = true;
        self.write_log(Origin::Response, true, None);
    }

    /// A line on the way, where `log-steps` asks for it.
    pub fn log_step(&mut self, origin: Origin) {
        let steps = self.client.session.proxy().settings.log_steps;
        if !steps.is_default() && steps.contains(origin.bit()) {
            self.write_log(origin, true, None);
        }
    }

    /// `do-log`: a line in addition to the stream's own.
    pub fn log_now(&mut self, list: List, profile: Option<&str>) {
        self.write_log(Origin::Rule(list), true, profile);
    }

    /// What comes next tells somebody that the stream is over: the line's counts of connections are those of now.
    pub fn count_for_log(&mut self) {
        if self.stream.record.connections.is_none() && !self.client.session.proxy().settings.logs.is_empty() {
            self.stream.record.connections = Some(self.view(true).log_connections());
        }
    }

    fn write_log(&mut self, origin: Origin, early: bool, profile: Option<&str>) {
        self.stream.log_origin = origin;
        write(self.worker, self.client, self.stream, early, profile);
    }
}

/// Writes a line of the stream to every target of its frontend.
pub fn write(worker: &Worker, client: &Client, stream: &Stream, early: bool, profile: Option<&str>) {
    let plan = &client.session.plan;
    let proxy = plan.proxy(stream.frontend);
    if proxy.settings.logs.is_empty() {
        return;
    }
    let Some(level) = log_level(stream, proxy) else { return };
    let view = View { worker, client, stream, finished: true, early };
    let line = Line { view: &view, plan, proxy, level };
    line.send_to_all(profile, "");
    worker.count_log_line(stream.frontend);
}

struct Line<'l> {
    view: &'l View<'l>,
    plan: &'l Plan,
    proxy: &'l Proxy,
    level: u8,
}

impl Line<'_> {
    /// To every target as its profile says, or `profile` instead.
    fn send_to_all(&self, profile: Option<&str>, detail: &str) {
        let targets = &self.proxy.settings.logs;
        if profile.is_none() && targets.iter().all(|target| target.profile.is_none()) {
            return self.send(targets, None, detail);
        }
        for target in targets {
            let name = profile.or(target.profile.as_deref());
            let profile = name.and_then(|name| self.plan.log_profiles.iter().find(|one| &*one.name == name));
            self.send(std::slice::from_ref(target), profile, detail);
        }
    }

    fn send(&self, targets: &[LogTarget], profile: Option<&LogProfile>, detail: &str) {
        let (settings, stream) = (&self.proxy.settings, self.view.stream);
        let embryonic = stream.log_origin == Origin::SessionError;
        let error = embryonic || stream.record.is_error();
        let step = profile.and_then(|profile| profile.step(stream.log_origin.step(), error));
        if step.is_some_and(|step| step.drop) {
            return;
        }
        let own = || match &settings.error_log_format {
            Some(format) if error => Some(format),
            _ if embryonic => None,
            _ => settings.log_format.as_ref(),
        };
        let line = &mut *self.view.worker.logs.line.borrow_mut();
        line.clear();
        match step.and_then(|step| step.format.as_ref()).or_else(own) {
            Some(format) => format.write(self.view, line),
            None if embryonic => write_embryonic(self.view.worker, self.view.client, detail, line),
            None => write_default(self.view, self.proxy, line),
        }
        let mut structured = Vec::new();
        let format = step.and_then(|step| step.structured.as_ref());
        if let Some(format) = format.or(settings.log_format_sd.as_ref()) {
            format.write(self.view, &mut structured);
        }
        let tag = profile.and_then(|profile| profile.tag.as_deref());
        send_to(self.view.worker, self.plan, self.proxy, targets, tag, self.level, line, &structured);
    }
}

/// The line's level, or `None` where options or rules keep it from being written.
fn log_level(stream: &Stream, proxy: &Proxy) -> Option<u8> {
    let record = &stream.record;
    let options = &proxy.settings.options;
    let error = stream.record.is_error();
    if options.dontlog_normal && !error {
        return None;
    }
    match record.level {
        Some(LogLevel::Silent) => None,
        Some(LogLevel::Severity(level)) => Some(level),
        None if error && options.log_separate_errors => Some(ERROR),
        None => Some(INFO),
    }
}

/// Whether a proxy's lines show from where weir connected to the server: asking the kernel costs a call.
pub fn shows_server(plan: &Plan, frontend: weir_types::ProxyId) -> bool {
    let settings = &plan.proxy(frontend).settings;
    let parts = |format: &Format<Resolved>| {
        format.parts.iter().any(|part| match part {
            FormatPart::Alias { alias, .. } => {
                matches!(alias, Alias::BackendSourceIp | Alias::BackendSourcePort)
            }
            _ => false,
        })
    };
    settings.log_format.as_ref().is_some_and(parts)
}

/// The line of a connection that never became a session (manual 8.2.5). `detail` is what is known beyond the error.
pub fn embryonic(worker: &Worker, client: &Client, error: ConnectionError, detail: &str) {
    let session = &client.session;
    if session.proxy().settings.logs.is_empty() {
        return;
    }
    session.extra().error.set(error);
    let mut stream = worker.streams.take();
    stream.begin(session.frontend, session.accepted_us);
    stream.log_origin = Origin::SessionError;
    stream.record.end(Cause::Proxy, Stage::Request);
    stream.http = session.proxy().mode == Mode::Http;
    let separate = session.proxy().settings.options.log_separate_errors;
    let level = if separate { ERROR } else { INFO };
    let view = View { worker, client, stream: &stream, finished: true, early: true };
    let line = Line { view: &view, plan: &session.plan, proxy: session.proxy(), level };
    line.send_to_all(None, detail);
    Turn::release(worker, stream);
}

/// The line without a format of its own.
fn write_embryonic(worker: &Worker, client: &Client, detail: &str, line: &mut Vec<u8>) {
    let session = &client.session;
    let accepted = worker.clock.wall_us(session.accepted_us);
    let time = weir_sys::local_time((accepted / 1_000_000) as i64);
    let month = crate::logs::MONTHS[usize::from(time.month) - 1];
    let (ip, port) = match session.source {
        Some(source) => (source.ip().to_string(), source.port().to_string()),
        None => ("unix".to_string(), session.listener().id.to_string()),
    };
    let listener = match &*session.listener().name {
        "" => session.listener().id.to_string(),
        name => name.to_string(),
    };
    // Writing to a vector cannot fail.
    let _ = write!(
        line,
        "{ip}:{port} [{:02}/{month}/{}:{:02}:{:02}:{:02}.{:03}] {}/{listener}: {}{detail}",
        time.day,
        time.year,
        time.hour,
        time.minute,
        time.second,
        accepted / 1000 % 1000,
        session.proxy().name,
        session.extra().error.get().text(),
    );
}

/// Sends a text to the proxy's log targets.
pub fn send(worker: &Worker, plan: &Plan, proxy: &Proxy, level: u8, text: &[u8], structured: &[u8]) {
    send_to(worker, plan, proxy, &proxy.settings.logs, None, level, text, structured);
}

#[allow(clippy::too_many_arguments)] // What a line is made of.
fn send_to(
    worker: &Worker,
    plan: &Plan,
    proxy: &Proxy,
    targets: &[LogTarget],
    tag: Option<&str>,
    level: u8,
    text: &[u8],
    structured: &[u8],
) {
    let own = || proxy.settings.log_tag.as_deref().or(plan.global.log_tag.as_deref());
    let tag = tag.or_else(own).unwrap_or("haproxy");
    // Without a name of its own, the system's.
    let host =
        plan.global.log_send_hostname.as_ref().map(|name| name.as_deref().unwrap_or(worker.logs.host()));
    let wall_us = worker.clock.wall_us(worker.clock.now_us());
    let message = Message { targets, tag, host, level, wall_us, text, structured };
    worker.logs.send(&message, worker.counters);
}

/// Without any format: `Connect from ...` (manual 8.2.1).
fn write_default(view: &View<'_>, proxy: &Proxy, out: &mut Vec<u8>) {
    let mode = if proxy.mode == Mode::Http { "HTTP" } else { "TCP" };
    // Writing to a vector cannot fail.
    let _ = match (view.source(), view.destination()) {
        (Some(from), Some(to)) => write!(
            out,
            "Connect from {}:{} to {}:{} ({}/{mode})",
            from.ip(),
            from.port(),
            to.ip(),
            to.port(),
            proxy.name
        ),
        _ => write!(out, "Connect from unix:{} to unix:{} ({}/{mode})", 1, 1, proxy.name),
    };
}
