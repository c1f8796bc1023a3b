//! `peers` sections (manual 11.2) as the controller needs them.

use std::sync::Arc;

use weir_tls::Connector;
use weir_types::{Address, Slot, Span, TableId};

use crate::settings::ServerSettings;

/// With whom the tables that name it are exchanged.
#[derive(Debug)]
pub struct Peers {
    pub name: Arc<str>,
    /// It neither listens nor connects.
    pub disabled: bool,
    /// In the order of the file; the local one among them.
    pub peers: Vec<Peer>,
    /// Its own tables, and those that name it.
    pub tables: Vec<TableId>,
    /// Keys are shared out among so many peers; 0: all have all.
    pub shards: u32,
    /// Where it listens.
    pub listener: Option<Slot>,
    pub span: Span,
}

#[derive(Debug)]
pub struct Peer {
    pub name: Arc<str>,
    pub local: bool,
    /// Where to connect; absent for a local peer that listens nowhere.
    pub address: Option<Address>,
    pub settings: Arc<ServerSettings>,
    /// `ssl`
    pub tls: Option<Connector>,
    /// Its share of the keys; 0: all.
    pub shard: u32,
    pub span: Span,
}
