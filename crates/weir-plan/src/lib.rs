//! The immutable Plan that the engine runs: flat tables with indices, swapped at one root. Nothing here reads text or
//! resolves names; what changes at run time lives in `weir-shm`, or comes as an [`edit`].
//!
//! [`settings`] holds the value types of single keywords (timeouts, options, balancing...). They need no resolution,
//! so `weir-config` fills the same types and the compiler moves them over.

pub mod backend;
pub mod cache;
mod certificates;
pub mod edit;
pub mod frontend;
mod log_forward;
mod log_profile;
pub mod patterns;
pub mod peers;
mod plan;
pub mod proxy;
mod ring;
pub mod servers;
pub mod settings;
pub mod table;
mod token_certificates;

pub use backend::{
    Backend, ProxyField, Server, ServerList, ServerName, ServerTarget, ServerTls, UseServer, UseServerTarget,
};
pub use cache::Cache;
pub use certificates::{AuthorityUse, ListLine};
pub use edit::{Change, Edit, EditKind};
pub use frontend::{BackendChoice, Capture, Frontend, Listener, ListenerOwner, UseBackend};
pub use log_forward::{LogForward, LogForwardOptions, SenderHost};
pub use log_profile::{LogProfile, LogStep};
pub use patterns::Patterns;
pub use peers::{Peer, Peers};
pub use plan::Plan;
pub use proxy::{Proxy, Rules, Settings};
pub use ring::{Ring, RingServer};
pub use servers::ServerEdit;
pub use table::{StickRule, StickTable, StoredFrom};
pub use token_certificates::TokenCertificates;
