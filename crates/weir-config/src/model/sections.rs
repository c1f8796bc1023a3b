//! Every section that is neither `global` nor a proxy. What weir does not serve yet is kept by name only; its keywords
//! were checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_plan::settings::{ErrorPage, LogFormatName};
use weir_sample::{Format, Named};
use weir_types::{Address, Span};

use super::backend::StickTable;
use super::bind::{Bind, BindOptions};
use super::check::CheckPlan;
use super::server::ServerOptions;
use super::settings::LogLine;

/// `http-errors` (manual 12.4).
#[derive(Clone, Debug)]
pub struct HttpErrors {
    pub name: Arc<str>,
    pub pages: BTreeMap<u16, ErrorPage>,
    pub span: Span,
}

/// `peers` (manual 11.2).
#[derive(Clone, Debug, Default)]
pub struct Peers {
    pub name: Arc<str>,
    pub disabled: bool,
    pub bind: Option<Bind>,
    /// `default-bind`
    pub default_bind: Option<BindOptions>,
    /// `default-server`
    pub default_server: Arc<ServerOptions>,
    /// The local peer, once its line was read.
    pub local: Option<Arc<str>>,
    pub peers: Vec<Peer>,
    pub tables: Vec<PeersTable>,
    pub shards: Option<u32>,
    pub span: Span,
}

/// A `table` line.
#[derive(Clone, Debug)]
pub struct PeersTable {
    /// With the section's name and a slash before it, as other sections call it.
    pub name: Arc<str>,
    pub table: StickTable,
}

#[derive(Clone, Debug)]
pub struct Peer {
    pub name: Arc<str>,
    /// Absent for the local peer written without an address.
    pub address: Option<Address>,
    pub options: Arc<ServerOptions>,
    pub shard: u32,
    pub span: Span,
}

/// `resolvers` (manual 5.3). Times in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Resolvers {
    pub name: Arc<str>,
    pub nameservers: Vec<(Arc<str>, Address, Span)>,
    pub parse_resolv_conf: bool,
    pub accepted_payload_size: Option<u32>,
    pub resolve_retries: Option<u32>,
    pub timeout_resolve: Option<u32>,
    pub timeout_retry: Option<u32>,
    /// Of `hold`, by status: `valid`, `nx`, `timeout`, `refused`, `other`, `obsolete`.
    pub hold: BTreeMap<&'static str, u32>,
    pub span: Span,
}

/// `mailers` (manual 12.6).
#[derive(Clone, Debug, Default)]
pub struct Mailers {
    pub name: Arc<str>,
    pub mailers: Vec<(Arc<str>, Address, Span)>,
    pub timeout_mail: Option<u32>,
    pub span: Span,
}

/// `cache` (manual 6).
#[derive(Clone, Debug, Default)]
pub struct Cache {
    pub name: Arc<str>,
    /// Megabytes.
    pub total_max_size: u32,
    /// Bytes; 0: a 256th of the whole.
    pub max_object_size: u32,
    /// Seconds.
    pub max_age: u32,
    pub process_vary: bool,
    pub max_secondary_entries: u32,
    pub span: Span,
}

/// `ring` (manual 12.5).
#[derive(Clone, Debug, Default)]
pub struct Ring {
    pub name: Arc<str>,
    pub description: Option<Box<str>>,
    pub format: Option<LogFormatName>,
    pub maxlen: Option<u32>,
    pub size: Option<u64>,
    pub backing_file: Option<Box<str>>,
    pub servers: Vec<RingServer>,
    pub timeout_connect: Option<u32>,
    pub timeout_server: Option<u32>,
    pub span: Span,
}

/// A `server` line of a ring.
#[derive(Clone, Debug)]
pub struct RingServer {
    pub name: Arc<str>,
    pub address: Address,
    pub octet_count: bool,
    pub span: Span,
}

/// `log-forward` (manual 12.7).
#[derive(Clone, Debug, Default)]
pub struct LogForward {
    pub name: Arc<str>,
    pub binds: Vec<Bind>,
    /// `dgram-bind`.
    pub datagram_binds: Vec<Bind>,
    pub logs: Vec<LogLine>,
    pub maxconn: Option<u32>,
    pub backlog: Option<u32>,
    pub timeout_client: Option<u32>,
    /// `option assume-rfc6587-ntf`, `dont-parse-log`, `host ...`.
    pub options: Vec<Box<str>>,
    pub span: Span,
}

/// `log-profile` (manual 12.11).
#[derive(Clone, Debug, Default)]
pub struct LogProfile {
    pub name: Arc<str>,
    pub tag: Option<Arc<str>>,
    pub steps: Vec<LogStep>,
    pub span: Span,
}

/// An `on` line of a `log-profile`.
#[derive(Clone, Debug)]
pub struct LogStep {
    pub name: Box<str>,
    pub drop: bool,
    pub format: Option<Arc<Format<Named>>>,
    pub structured: Option<Arc<Format<Named>>>,
}

/// `fcgi-app` (manual 10).
#[derive(Clone, Debug, Default)]
pub struct FcgiApp {
    pub name: Arc<str>,
    pub docroot: Option<Box<str>>,
    pub span: Span,
}

/// `crt-store` (manual 12.8): the aliases it defines.
#[derive(Clone, Debug, Default)]
pub struct CrtStore {
    pub name: Arc<str>,
    pub crt_base: Option<Box<str>>,
    pub key_base: Option<Box<str>>,
    pub loads: Vec<CrtLoad>,
    pub span: Span,
}

/// A `load` line.
#[derive(Clone, Debug)]
pub struct CrtLoad {
    /// `crt`.
    pub certificate: Box<str>,
    /// Every other option with its value, in order.
    pub options: Vec<(&'static str, Box<str>)>,
    pub span: Span,
}

/// `healthcheck` (manual 12.9).
#[derive(Clone, Debug, Default)]
pub struct Healthcheck {
    pub name: Arc<str>,
    /// `type`: the option of a proxy with the same name.
    pub kind: Option<Box<str>>,
    pub plan: Arc<CheckPlan>,
    pub span: Span,
}

/// A section that was checked and is not served yet.
#[derive(Clone, Debug)]
pub struct Opaque {
    pub keyword: &'static str,
    pub name: Arc<str>,
    pub span: Span,
}
