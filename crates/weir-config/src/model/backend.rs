//! What only a section with a backend can hold: servers and the choice among them.

use weir_sample::{Condition, Expr, Named};
use weir_types::{Address, Span};

use super::name::Name;
use super::proxy::{Persist, SwitchTarget};
use super::server::{Server, ServerTemplate};

#[derive(Debug, Default)]
pub struct BackendParts {
    pub servers: Vec<Server>,
    pub templates: Vec<ServerTemplate>,
    /// `dispatch`
    pub dispatch: Option<(Address, Span)>,
    pub use_server: Vec<UseServer>,
    pub stick: Vec<StickRule>,
    pub force_persist: Vec<Persist>,
    pub ignore_persist: Vec<Persist>,
    /// `use-fcgi-app`.
    pub fcgi_app: Option<Name>,
}

#[derive(Debug)]
pub struct UseServer {
    pub to: SwitchTarget,
    pub condition: Option<Condition<Named>>,
    pub span: Span,
}

/// `stick-table` (manual 11.1). Times in milliseconds.
#[derive(Clone, Debug)]
pub struct StickTable {
    pub key: weir_shm::KeyType,
    pub key_len: u32,
    pub size: u32,
    pub expire: Option<u32>,
    pub nopurge: bool,
    pub peers: Option<Name>,
    pub srvkey_addr: bool,
    pub write_to: Option<Name>,
    pub recv_only: bool,
    pub brates_factor: u32,
    /// The data types of `store`, in the order in which they are shown.
    pub store: Vec<weir_shm::Stored>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StickVerb {
    Match,
    On,
    StoreRequest,
    StoreResponse,
}

/// `stick match|on|store-request|store-response`.
#[derive(Debug)]
pub struct StickRule {
    pub verb: StickVerb,
    pub key: Expr<Named>,
    pub table: Option<Name>,
    pub condition: Option<Condition<Named>>,
    pub span: Span,
}

/// One `filter` line: its kind and the names it calls for.
#[derive(Clone, Debug)]
pub struct Filter {
    pub kind: &'static str,
    /// `filter cache NAME`, `filter spoe engine NAME`, `filter fcgi-app NAME`, a bandwidth limit's own name.
    pub name: Option<Name>,
    /// Of `bwlim-in` and `bwlim-out`.
    pub bandwidth: Option<BandwidthLimit>,
    pub span: Span,
}

/// `filter bwlim-in` and `bwlim-out`, named by the filter.
#[derive(Clone, Debug)]
pub struct BandwidthLimit {
    pub upload: bool,
    pub limit: u64,
    pub min_size: u64,
    pub scope: BandwidthScope,
}

#[derive(Clone, Debug)]
pub enum BandwidthScope {
    Stream {
        period_ms: u32,
    },
    /// Without a table, that of the proxy itself.
    Shared {
        key: Expr<Named>,
        table: Option<Name>,
    },
}
