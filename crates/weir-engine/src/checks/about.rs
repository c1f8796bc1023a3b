//! The checked server as expressions of its check see it.

use std::net::SocketAddr;
use std::sync::Arc;

use weir_plan::{Plan, Proxy, Server};
use weir_sample::stream::{BackendFigure, ServerFigure, TimeoutName};
use weir_sample::{OwnedValue, Scope, Stream, Variable};
use weir_shm::Shm;
use weir_types::{ProxyId, ServerId};

use super::now_ms;
use super::queue::Checked;

pub struct About {
    pub plan: Arc<Plan>,
    pub shm: Shm,
    pub checked: Checked,
    pub host: Box<str>,
    /// Where the check is connected to.
    pub destination: Option<SocketAddr>,
}

impl About {
    fn proxy(&self) -> &Proxy {
        self.plan.proxy(self.checked.backend)
    }

    fn server(&self) -> &Server {
        self.plan.server(self.checked.server)
    }
}

impl Stream for About {
    fn server_destination(&self) -> Option<SocketAddr> {
        self.destination
    }

    /// Variables of the process as the configuration set them.
    fn variable(&self, variable: &Variable) -> Option<OwnedValue> {
        if variable.scope != Scope::Process {
            return None;
        }
        let known = self.plan.global.variables.iter();
        known.rev().find(|(set, ..)| set.name == variable.name).map(|(_, value, _)| value.clone())
    }

    fn backend_name(&self) -> Option<&str> {
        Some(&self.proxy().name)
    }

    fn backend_id(&self) -> Option<i64> {
        Some(self.proxy().id.into())
    }

    fn server_name(&self) -> Option<&str> {
        Some(&self.server().name)
    }

    fn server_id(&self) -> Option<i64> {
        Some(self.server().id.into())
    }

    fn backend_figure(&self, proxy: ProxyId, figure: BackendFigure) -> i64 {
        crate::figures::of_backend(self.shm, now_ms(), &self.plan, proxy, figure)
    }

    fn server_figure(&self, server: ServerId, figure: ServerFigure) -> i64 {
        crate::figures::of_server(self.shm, now_ms(), &self.plan, server, figure)
    }

    fn find_backend(&self, name: &[u8]) -> Option<ProxyId> {
        self.plan.backends_by_name.get(std::str::from_utf8(name).ok()?).copied()
    }

    fn timeout(&self, name: TimeoutName) -> Option<i64> {
        let timeouts = &self.proxy().settings.timeouts;
        let timeout = match name {
            TimeoutName::BackendConnect => timeouts.connect,
            TimeoutName::BackendQueue => timeouts.queue,
            TimeoutName::BackendServer => timeouts.server,
            TimeoutName::BackendTarpit => timeouts.tarpit,
            TimeoutName::BackendTunnel => timeouts.tunnel,
            _ => None,
        };
        timeout.map(i64::from)
    }

    fn hostname(&self) -> &str {
        &self.host
    }

    fn environment(&self, name: &str) -> Option<&[u8]> {
        self.plan.environment.get(name).map(|value| &**value)
    }
}
