//! When a stream's log line is written, at which level, and what it says (manual 8.2).

use std::io::Write;

use weir_plan::settings::LogTarget;
use weir_plan::{Plan, Proxy};
use weir_rules::action::LogLevel;
use weir_sample::format::Alias;
use weir_sample::{Format, FormatPart, Resolved, Stream as _};
use weir_types::Mode;

use crate::logs::Message;
use crate::record::Cause;
use crate::turn::Turn;
use crate::view::View;

/// `info` and `err` of syslog.
const INFO: u8 = 6;
const ERROR: u8 = 3;

impl Turn<'_, '_> {
    /// Writes the line of a stream that has ended.
    pub fn log(&mut self) {
        self.write_log(false);
    }

    /// `option logasap`: writes the line when the response's head has gone out.
    pub fn log_early(&mut self) {
        self.stream.record.logged = true;
        self.write_log(true);
    }

    /// `do-log`: a line in addition to the stream's own.
    pub fn log_now(&mut self, _plan: &Plan) {
        self.write_log(true);
    }

    fn write_log(&mut self, early: bool) {
        let plan = &self.client.session.plan;
        let proxy = plan.proxy(self.stream.frontend);
        if proxy.settings.logs.is_empty() {
            return;
        }
        let Some(level) = self.log_level(proxy) else { return };
        let view =
            View { worker: self.worker, client: self.client, stream: self.stream, finished: true, early };
        let line = &mut *self.worker.logs.line.borrow_mut();
        line.clear();
        let format = match &proxy.settings.error_log_format {
            Some(format) if self.is_error() => Some(format),
            _ => proxy.settings.log_format.as_ref(),
        };
        match format {
            Some(format) => format.write(&view, line),
            None => write_default(&view, proxy, line),
        }
        let mut structured = Vec::new();
        if let Some(format) = &proxy.settings.log_format_sd {
            format.write(&view, &mut structured);
        }
        send(self.worker, plan, proxy, level, line, &structured);
        self.worker.count_log_line(self.stream.frontend);
    }

    /// What counts as an error: anything but an orderly end and a healthy status (manual "option dontlog-normal").
    fn is_error(&self) -> bool {
        let record = &self.stream.record;
        let orderly = matches!(record.cause, Cause::None | Cause::Local);
        !orderly || record.retries > 0 || record.redispatched || record.status >= 500
    }

    /// The line's level, or `None` where options or rules keep it from being written.
    fn log_level(&self, proxy: &Proxy) -> Option<u8> {
        let record = &self.stream.record;
        let options = &proxy.settings.options;
        let error = self.is_error();
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

/// The line of a connection that never became a session (manual 8.2.5).
pub fn embryonic(worker: &crate::worker::Worker, client: &crate::session::Client, reason: &str) {
    let session = &client.session;
    let proxy = session.proxy();
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
    let text = format!(
        "{ip}:{port} [{:02}/{month}/{}:{:02}:{:02}:{:02}.{:03}] {}/{listener}: {reason}",
        time.day,
        time.year,
        time.hour,
        time.minute,
        time.second,
        accepted / 1000 % 1000,
        proxy.name
    );
    send(worker, &session.plan, proxy, INFO, text.as_bytes(), b"");
}

/// Sends a text to the proxy's log targets.
pub fn send(
    worker: &crate::worker::Worker,
    plan: &Plan,
    proxy: &Proxy,
    level: u8,
    text: &[u8],
    structured: &[u8],
) {
    let targets: &[LogTarget] = &proxy.settings.logs;
    let tag = proxy.settings.log_tag.as_deref().or(plan.global.log_tag.as_deref()).unwrap_or("haproxy");
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
