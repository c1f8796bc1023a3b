//! Lines about servers and backends, from checks and from runtime commands: to the proxy's log targets, and to stderr
//! as HAProxy warns there too.

use std::io::Write;
use std::sync::Arc;

use weir_check::report::{Level, Line};
use weir_plan::{Plan, Settings};
use weir_shm::{Shm, Wakers};
use weir_types::ProxyId;

use super::mail::Mailers;
use crate::logs::{LogSockets, Logs, Message};

pub struct Messenger {
    logs: Logs,
    shm: Shm,
    mailers: Mailers,
}

impl Messenger {
    pub fn new(sockets: LogSockets, plan: &Plan, shm: Shm, wakers: Arc<Wakers>) -> Self {
        let logs = Logs::new(sockets, plan, shm, wakers, shm.controller());
        Self { logs, shm, mailers: Mailers::default() }
    }

    /// Opens what a new plan needs.
    pub fn follow(&self, plan: &Arc<Plan>) {
        self.logs.follow(plan);
    }

    /// The system's name.
    pub fn host(&self) -> &str {
        self.logs.host()
    }

    /// A line to the targets of `global`, of nothing that a proxy does.
    pub fn note(&self, plan: &Plan, level: Level, text: &str) {
        let global = &plan.global;
        let message = Message {
            targets: &global.logs,
            tag: global.log_tag.as_deref().unwrap_or("haproxy"),
            host: global.log_send_hostname.as_ref().and_then(|name| name.as_deref()),
            level: level as u8,
            wall_us: weir_sys::clock::realtime_us(),
            text: text.as_bytes(),
            structured: b"",
        };
        self.logs.send(&message, self.shm.process().counters(self.shm.controller()));
    }

    /// A line to the log targets of a proxy, by its name; `level` is syslog's.
    pub fn log(&self, plan: &Plan, proxy: &str, level: u8, text: &str) {
        if let Some(proxy) = plan.proxies.iter().find(|known| *known.name == *proxy) {
            self.send(plan, &proxy.settings, level, text);
        }
    }

    pub fn tell(&self, plan: &Plan, backend: ProxyId, line: &Line) {
        let settings = &plan.proxy(backend).settings;
        self.send(plan, settings, line.level as u8, &line.text);
        if let (Some(alert), Some(level)) = (&settings.email_alert, line.mail)
            && level as u8 <= alert.level
        {
            self.mailers.tell(alert, self.logs.host(), &line.text);
        }
        let label = if line.level == Level::Emergency { "ALERT]  " } else { "WARNING]" };
        // Nobody may be reading stderr; the log has the line.
        let _ = writeln!(std::io::stderr(), "[{label}  ({}) : {}", self.logs.pid(), line.text);
    }

    fn send(&self, plan: &Plan, settings: &Settings, level: u8, text: &str) {
        let global = &plan.global;
        let tag = settings.log_tag.as_deref().or(global.log_tag.as_deref()).unwrap_or("haproxy");
        let message = Message {
            targets: &settings.logs,
            tag,
            host: global.log_send_hostname.as_ref().and_then(|name| name.as_deref()),
            level,
            wall_us: weir_sys::clock::realtime_us(),
            text: text.as_bytes(),
            structured: b"",
        };
        self.logs.send(&message, self.shm.process().counters(self.shm.controller()));
    }
}
