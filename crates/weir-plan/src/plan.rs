//! The root.

use std::collections::HashMap;
use std::sync::Arc;

use weir_types::{ListenerId, ProxyId, ServerId, Span, TableId};

use crate::backend::Server;
use crate::frontend::Listener;
use crate::log_profile::LogProfile;
use crate::patterns::Patterns;
use crate::proxy::Proxy;
use crate::ring::Ring;
use crate::settings::userlist::Userlist;
use crate::settings::{Global, SavedServer};
use crate::table::StickTable;

/// Everything one worker needs to serve one configuration.
#[derive(Debug, Default)]
pub struct Plan {
    pub global: Global,
    /// In the order of the file. A `listen` section is one proxy with both halves.
    pub proxies: Vec<Proxy>,
    /// Servers of all backends; each backend owns a contiguous range.
    pub servers: Vec<Server>,
    pub listeners: Vec<Listener>,
    pub userlists: Vec<Userlist>,
    /// Of proxies and then of `peers` sections, each in the order of the file.
    pub tables: Vec<StickTable>,
    pub log_profiles: Vec<LogProfile>,
    pub rings: Vec<Ring>,
    /// Backends by name, for `use_backend %[...]` and the runtime commands.
    pub backends_by_name: HashMap<Arc<str>, ProxyId>,
    /// What ACLs and maps compare with, for runtime commands and rules that change it.
    pub patterns: Patterns,
    /// Names of the configuration's files, by [`weir_types::FileId`].
    pub files: Vec<Box<str>>,
    /// States of servers from state files, for a start without anything in shared memory.
    pub saved_servers: Vec<(ServerId, SavedServer)>,
    /// Rises with every reload; 0 is the configuration that weir started with.
    pub generation: u64,
}

impl Plan {
    /// The name of the file that a place is in.
    pub fn file(&self, span: Span) -> &str {
        self.files.get(usize::from(span.file.0)).map_or("", |name| name)
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
