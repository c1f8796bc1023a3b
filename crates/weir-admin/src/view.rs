//! What all rendering reads: the plan in force, the state all processes share, the time, and facts about this weir.

use weir_engine::servers::Servers;
use weir_plan::{Backend, Plan, Proxy, Server};
use weir_shm::{BackendView, FrontendView, ServerView, Shm};
use weir_types::{ProxyId, ServerId};

/// Facts that do not change while weir runs.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// The release weir stands in for: `3.4.0`.
    pub version: String,
    /// `2026/06/03`
    pub release_date: String,
    pub node: String,
    pub workers: u32,
    pub ulimit_n: u64,
    pub maxsock: u64,
    pub maxconn: u32,
    pub hard_maxconn: u32,
    /// `-m`, in megabytes; 0: none.
    pub memmax_mb: u32,
    pub boot_ms: u32,
    /// In the environment's order.
    pub environment: Vec<(String, String)>,
    /// What was said while the configuration was loaded.
    pub startup_logs: String,
}

#[derive(Clone, Copy)]
pub struct View<'a> {
    pub plan: &'a Plan,
    pub shm: Shm,
    pub process: &'a Process,
    /// `CLOCK_MONOTONIC`, milliseconds.
    pub now_ms: u64,
    /// Microseconds since 1970.
    pub date_us: u64,
}

impl<'a> View<'a> {
    /// The process that stands for HAProxy's only one: under a master the controller, as in `show proc`.
    pub fn pid(&self) -> u32 {
        let state = self.shm.process().state;
        match state.master_worker.value() {
            0 => state.supervisor_pid.value(),
            _ => self.shm.worker(self.shm.controller()).pid.value(),
        }
    }

    /// Proxies in the order of the file, without those that are `disabled`.
    pub fn proxies(&self) -> impl Iterator<Item = &'a Proxy> + use<'a> {
        self.plan.proxies.iter().map(|proxy| &**proxy).filter(|proxy| !proxy.disabled)
    }

    /// The same for those who change servers.
    pub fn servers(&self) -> Servers<'a> {
        Servers { plan: self.plan, shm: self.shm, now_ms: self.now_ms }
    }

    pub fn frontend_state(&self, proxy: &Proxy) -> FrontendView {
        self.shm.frontend(proxy.frontend_slot)
    }

    pub fn backend_state(&self, proxy: &Proxy) -> BackendView {
        self.shm.backend(proxy.backend_slot)
    }

    pub fn server_state(&self, server: &Server) -> ServerView {
        self.shm.server(server.slot)
    }

    pub fn servers_of(&self, backend: &Backend) -> impl Iterator<Item = (ServerId, &'a Server)> + use<'a> {
        let plan = self.plan;
        let list = backend.servers.clone();
        (0..list.len()).map(move |index| (list.at(index), plan.server(list.at(index))))
    }

    /// A proxy with a backend half, by its name or `#id`.
    pub fn find_backend(&self, name: &str) -> Option<&'a Proxy> {
        self.find(name, |proxy| proxy.backend.is_some())
    }

    pub fn find_frontend(&self, name: &str) -> Option<&'a Proxy> {
        self.find(name, |proxy| proxy.frontend.is_some())
    }

    fn find(&self, name: &str, wanted: impl Fn(&Proxy) -> bool) -> Option<&'a Proxy> {
        let id = name.strip_prefix('#').and_then(|id| id.parse().ok());
        self.proxies().find(|proxy| wanted(proxy) && (*proxy.name == *name || Some(proxy.id) == id))
    }

    /// A server of a backend, by its name or `#id`.
    pub fn find_server(&self, proxy: &Proxy, name: &str) -> Option<ServerId> {
        let id = name.strip_prefix('#').and_then(|id| id.parse().ok());
        let backend = proxy.backend.as_ref()?;
        self.servers_of(backend)
            .find(|(_, server)| *server.name == *name || Some(server.id) == id)
            .map(|(index, _)| index)
    }

    /// The backend that a server belongs to.
    pub fn backend_of(&self, server: ServerId) -> &'a Proxy {
        self.plan.proxy(self.plan.server(server).owner)
    }

    /// `backend/server`
    pub fn server_name(&self, server: ServerId) -> String {
        format!("{}/{}", self.backend_of(server).name, self.plan.server(server).name)
    }

    /// The server whose checks decide for this one: itself, or the end of its chain of `track`.
    pub fn tracked(&self, server: ServerId) -> ServerId {
        let mut last = server;
        // A circle is refused by the compiler; the bound keeps a mistake there from hanging the controller.
        for _ in 0..self.plan.servers.len() {
            match self.plan.server(last).track {
                Some(next) => last = next,
                None => break,
            }
        }
        last
    }

    pub fn proxy(&self, id: ProxyId) -> &'a Proxy {
        self.plan.proxy(id)
    }

    /// Seconds since a point of `CLOCK_MONOTONIC` in milliseconds.
    pub fn seconds_since(&self, then_ms: u64) -> u32 {
        (self.now_ms.saturating_sub(then_ms) / 1000) as u32
    }
}
