//! `server`, `default-server` and `server-template` lines (manual 4.2 and 5.2).

use std::sync::Arc;

use weir_plan::settings::ServerSettings;
use weir_types::{Address, Span};

use super::name::Name;

#[derive(Clone, Debug)]
pub struct Server {
    pub name: Arc<str>,
    pub address: Address,
    /// Shared by the lines that say the same.
    pub options: Arc<ServerOptions>,
    /// `cookie`.
    pub cookie: Option<Arc<str>>,
    /// `id`; servers without one are numbered by the compiler.
    pub id: Option<u32>,
    pub guid: Option<Arc<str>>,
    /// `track [backend/]server`.
    pub track: Option<Name>,
    pub span: Span,
}

/// `server-template PREFIX NUMBER|RANGE ADDRESS`: the servers `PREFIX<first>` to `PREFIX<last>`.
#[derive(Clone, Debug)]
pub struct ServerTemplate {
    pub prefix: Arc<str>,
    pub first: u32,
    pub last: u32,
    /// Its place among the servers of the section: they stand before the server of this index.
    pub before: u32,
    pub model: Server,
}

/// What `default-server` can set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerOptions {
    pub settings: ServerSettings,
    pub cookie: Option<Arc<str>>,
    pub track: Option<Name>,
    /// `resolvers`.
    pub resolvers: Option<Name>,
    pub init_address: Option<Box<[InitAddress]>>,
    pub init_state: Option<Box<str>>,
    /// `observe layer4`, `layer7`.
    pub observe: Option<Box<str>>,
    pub tls: Option<Box<TlsServer>>,
    /// `sni`, `pool-conn-name`, `check-pool-conn-name`: as written, checked as expressions.
    pub sni: Option<Arc<str>>,
    pub namespace: Option<Box<str>>,
    /// `healthcheck NAME`.
    pub healthcheck: Option<Name>,
}

/// One method of `init-addr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitAddress {
    Libc,
    Last,
    None,
    Ip(std::net::IpAddr),
}

/// `ssl` and what goes with it, as written: `weir-tls` gives it meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsServer {
    /// `ssl` itself was written.
    pub enabled: bool,
    /// `check-ssl`.
    pub check: bool,
    /// Every other option with its value, in order.
    pub options: Vec<(&'static str, Option<Box<str>>)>,
}
