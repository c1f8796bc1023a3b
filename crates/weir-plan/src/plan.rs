//! The root.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use weir_sample::ProcessVariables;
use weir_types::{ListenerId, ProxyId, ServerId, Span, TableId};

use crate::backend::{Backend, Server};
use crate::cache::Cache;
use crate::frontend::{BackendChoice, Listener, UseBackend};
use crate::log_forward::LogForward;
use crate::log_profile::LogProfile;
use crate::patterns::Patterns;
use crate::peers::Peers;
use crate::proxy::Proxy;
use crate::ring::Ring;
use crate::settings::userlist::Userlist;
use crate::settings::{Global, SavedServer};
use crate::table::StickTable;
use crate::token_certificates::TokenCertificates;

/// Everything one worker needs to serve one configuration.
/// A copy shares what it can: an edit makes one to change a part of it.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub global: Global,
    /// In the order of the file. A `listen` section is one proxy with both halves.
    pub proxies: Vec<Arc<Proxy>>,
    /// Servers of all backends. An edit moves none of them.
    pub servers: Vec<Arc<Server>>,
    pub listeners: Vec<Listener>,
    pub userlists: Arc<[Userlist]>,
    /// Of proxies and then of `peers` sections, each in the order of the file.
    pub tables: Vec<StickTable>,
    pub peers: Arc<[Peers]>,
    pub log_profiles: Arc<[LogProfile]>,
    pub rings: Vec<Ring>,
    pub log_forwards: Vec<LogForward>,
    pub caches: Vec<Cache>,
    /// Backends by name, for `use_backend %[...]` and the runtime commands.
    pub backends_by_name: Arc<HashMap<Arc<str>, ProxyId>>,
    /// What ACLs and maps compare with, for runtime commands and rules that change it.
    pub patterns: Patterns,
    /// Variables of the process scope.
    pub variables: Arc<ProcessVariables>,
    /// Certificates for signed and encrypted tokens.
    pub token_certificates: Arc<TokenCertificates>,
    /// Names of the configuration's files, by [`weir_types::FileId`].
    pub files: Arc<[Box<str>]>,
    /// The variables of the environment as the configuration left them, by name.
    pub environment: Arc<BTreeMap<Box<str>, Box<[u8]>>>,
    /// States of servers from state files, for a start without anything in shared memory.
    pub saved_servers: Arc<[(ServerId, SavedServer)]>,
    /// Rises with every reload; 0 is the configuration that weir started with.
    pub generation: u64,
    /// Ends with the plan: who only wants to know that looks at this, and keeps none of the plan's own memory.
    pub life: Arc<()>,
}

impl Plan {
    /// The name of the file that a place is in.
    pub fn file(&self, span: Span) -> &str {
        self.files.get(usize::from(span.file.0)).map_or("", |name| name)
    }

    /// Fills in what backends derive from their servers and from the frontends that lead to them.
    pub fn derive_limits(&mut self) {
        for index in 0..self.proxies.len() {
            let Some(backend) = self.proxies[index].backend.as_deref() else { continue };
            let limits = self.limits_of(index, backend);
            // The compiler is still alone with it.
            let proxy = Arc::get_mut(&mut self.proxies[index]);
            if let Some(backend) = proxy.and_then(|proxy| proxy.backend.as_mut()).and_then(Arc::get_mut) {
                (backend.limited, backend.full_load) = limits;
            }
        }
    }

    /// Whether some server of a backend has a `maxconn`, and the load at which `minconn` gives way to it.
    pub(crate) fn limits_of(&self, proxy: usize, backend: &Backend) -> (bool, u32) {
        let servers = || backend.servers.iter().map(|id| self.server(id));
        let limited = servers().any(|server| server.settings.maxconn > 0);
        let dynamic = servers().any(|server| server.settings.minconn > 0);
        let full_load = match dynamic {
            true => backend.fullconn.filter(|full| *full > 0).unwrap_or_else(|| self.usual_load(proxy)),
            false => 0,
        };
        (limited, full_load)
    }

    /// A tenth of what the frontends may carry that lead to this backend by name, at least 1 (manual 4.2 `fullconn`).
    fn usual_load(&self, backend: usize) -> u32 {
        let id = ProxyId(backend as u32);
        let leads_here = |proxy: &Proxy| {
            let Some(frontend) = proxy.frontend.as_deref() else { return false };
            let ruled = |rule: &UseBackend| matches!(rule.to, BackendChoice::Proxy(to) if to == id);
            proxy.index == id
                || frontend.default_backend == Some(id)
                || frontend.use_backend.iter().any(ruled)
        };
        let carried = |proxy: &Proxy| {
            let own = proxy.frontend.as_deref().and_then(|frontend| frontend.maxconn);
            u64::from(own.unwrap_or(self.global.maxconn))
        };
        let total: u64 =
            self.proxies.iter().filter(|proxy| leads_here(proxy)).map(|proxy| carried(proxy)).sum();
        u32::try_from(total.div_ceil(10)).unwrap_or(u32::MAX).max(1)
    }

    pub fn proxy(&self, id: ProxyId) -> &Proxy {
        &self.proxies[id.index()]
    }

    pub fn server(&self, id: ServerId) -> &Server {
        &self.servers[id.index()]
    }

    pub fn table(&self, id: TableId) -> &StickTable {
        &self.tables[id.index()]
    }

    pub fn listener(&self, id: ListenerId) -> &Listener {
        &self.listeners[id.index()]
    }
}
