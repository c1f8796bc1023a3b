//! What the text says, typed: every value is checked by itself, every name of another section is still a [`Name`].
//! Nothing here is resolved, opened or bound; that is the compiler's.
//!
//! Large configurations repeat themselves, so what proxies inherit ([`Settings`]) and what the servers of many lines
//! have in common ([`ServerSettings`](weir_plan::settings::ServerSettings)) is shared and copied on the first change.

mod backend;
mod bind;
mod check;
mod name;
mod proxy;
mod sections;
mod server;
mod settings;

pub use backend::{
    BackendParts, BandwidthLimit, BandwidthScope, Filter, StickRule, StickTable, StickVerb, UseServer,
};
pub use bind::{Bind, BindOptions, TlsBind, TlsEntry};
pub use check::{
    CheckPlan, CheckProtocol, CheckStep, ConnectPort, ExpectMatch, ExpectReport, HeaderPart, SendData,
};
pub use name::Name;
pub use proxy::{Capture, Defaults, FrontendParts, Persist, Proxy, Rules, SwitchTarget, UseBackend};
pub use sections::{
    Cache, CrtLoad, CrtStore, FcgiApp, Healthcheck, HttpErrors, LogForward, LogProfile, LogStep, Mailers,
    Opaque, Peer, Peers, PeersTable, Resolvers, Ring, RingServer,
};
pub use server::{InitAddress, ProxyField, Server, ServerOptions, ServerTemplate, Sni, TlsServer};
pub use settings::{
    BalanceKey, EmailAlert, ErrorRef, Errors, LogFormat, LogLine, LogSetup, LogWhere, ServerStateFrom,
    Settings, StatsAdmin, StatsSetup,
};

use std::sync::Arc;

use crate::lost::Lost;
use weir_plan::TokenCertificates;
use weir_plan::settings::Global;
use weir_plan::settings::userlist::Userlist;

/// A `stats socket` line: an address with options, owned by the runtime commands.
pub type StatsSocket = Bind;

/// One whole configuration, all files together.
#[derive(Debug, Default)]
pub struct Config {
    /// See [`crate::ParseOptions::checked`].
    pub checked: bool,
    /// What lines that were refused or passed over would have brought.
    pub lost: Lost,
    pub global: Global,
    pub stats_sockets: Vec<StatsSocket>,
    /// Frontends, backends and listens in the order of the text. `defaults` are not here: see [`Proxy::defaults`].
    pub proxies: Vec<Proxy>,
    /// Every `defaults` section, in order, for checks that concern them alone.
    pub defaults: Vec<Arc<Defaults>>,
    pub userlists: Vec<Userlist>,
    pub http_errors: Vec<HttpErrors>,
    pub peers: Vec<Peers>,
    pub resolvers: Vec<Resolvers>,
    pub mailers: Vec<Mailers>,
    pub caches: Vec<Cache>,
    pub rings: Vec<Ring>,
    pub log_forwards: Vec<LogForward>,
    pub log_profiles: Vec<LogProfile>,
    pub fcgi_apps: Vec<FcgiApp>,
    pub crt_stores: Vec<CrtStore>,
    pub healthchecks: Vec<Healthcheck>,
    /// What state files say, by `backend/server`.
    pub server_states: crate::states::States,
    /// Sections that are checked keyword by keyword and keep nothing but their name: `acme`.
    pub opaque: Vec<Opaque>,
    /// Pattern and map files and what ACLs compare with, in the order they came up.
    pub patterns: Vec<Arc<weir_sample::Reference>>,
    /// Certificates for signed and encrypted tokens.
    pub token_certificates: Arc<TokenCertificates>,
}
