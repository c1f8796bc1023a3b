//! Stick tables and the rules that make streams stick to servers by them (manual 11, 4.2 `stick`).

use std::sync::Arc;

use weir_sample::{Condition, Expr, Resolved, Type};
use weir_shm::{KeyType, TableSpec};
use weir_types::{Slot, Span, TableId};

/// The type a key is cast to before it is looked up.
pub fn key_type(key: KeyType) -> Type {
    match key {
        KeyType::Ip4 => Type::Ipv4,
        KeyType::Ip6 => Type::Ipv6,
        KeyType::Integer => Type::Sint,
        KeyType::String => Type::Str,
        KeyType::Binary => Type::Bin,
    }
}

/// One `stick-table` line, or a `table` line of a `peers` section.
#[derive(Clone, Debug)]
pub struct StickTable {
    pub spec: TableSpec,
    /// Milliseconds since an entry's last use; 0: entries do not expire.
    pub expire_ms: u32,
    /// A full table takes nothing new.
    pub nopurge: bool,
    /// `srvkey addr`: servers are known by their addresses, not by their names.
    pub by_address: bool,
    /// Filled by peers alone.
    pub recv_only: bool,
    /// Where changes that peers send go as well.
    pub write_to: Option<TableId>,
    /// The `peers` section it is exchanged in.
    pub peers: Option<Arc<str>>,
    /// Declared in that section: peers do not call it by the section's name.
    pub of_peers: bool,
    pub span: Span,
    pub slot: Slot,
}

/// `stick match`, `stick on`, `stick store-request`, `stick store-response`.
#[derive(Debug)]
pub struct StickRule {
    /// The entry's server is the stream's.
    pub finds: bool,
    pub stores: Option<StoredFrom>,
    pub key: Expr<Resolved>,
    pub table: TableId,
    pub condition: Option<Condition<Resolved>>,
}

/// Where the key of a new entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredFrom {
    Request,
    Response,
}
