//! What `show peers` tells, taken at one moment.

use std::sync::Arc;

use super::section::{Peer, Section, State};
use crate::server::Target;

/// One section.
#[derive(Clone, Debug, Default)]
pub struct SectionView {
    pub name: Arc<str>,
    /// When it began, microseconds since 1970.
    pub since_us: u64,
    /// Everything that peers know was learned.
    pub known: bool,
    /// Milliseconds until it stops to wait for somebody to ask.
    pub resync_ms: Option<u64>,
    pub peers: Vec<PeerView>,
}

#[derive(Clone, Debug, Default)]
pub struct PeerView {
    pub name: Arc<str>,
    pub local: bool,
    /// As it is written.
    pub address: String,
    pub active: bool,
    pub last_status: String,
    /// Milliseconds since the last greeting that succeeded.
    pub last_handshake_ms: Option<u64>,
    /// Milliseconds until it is connected to again.
    pub reconnect_ms: Option<u64>,
    /// Milliseconds until the next heartbeat.
    pub heartbeat_ms: Option<u64>,
    /// Sent, received, missed.
    pub heartbeats: (u32, u32, u32),
    pub new_connections: u32,
    pub protocol_errors: u32,
    pub collisions: u32,
    /// Of the session, where there is one: encrypted, from where to where, taught.
    pub encrypted: bool,
    pub ends: Option<(std::net::SocketAddr, std::net::SocketAddr)>,
    pub teaching: bool,
    /// The peer is asked for what it knows.
    pub asked: bool,
    /// The table that the peer's entries are of, and that of those sent.
    pub remote_table: Option<usize>,
    pub local_table: Option<usize>,
    pub tables: Vec<TableView>,
    /// Names told and heard.
    pub told: Vec<Option<Vec<u8>>>,
    pub heard: Vec<Option<Vec<u8>>>,
}

#[derive(Clone, Debug, Default)]
pub struct TableView {
    pub name: Arc<str>,
    pub id: u32,
    pub remote_id: u64,
    pub remote_data: u64,
    pub pushed: u32,
    pub acked: u32,
    pub got: u32,
    pub got_acked: u32,
    pub taught_from: u32,
    /// The last change here.
    pub updates: u32,
}

pub(super) fn of(section: &Section, now_ms: u64) -> SectionView {
    let state = section.state.borrow();
    SectionView {
        name: section.name(),
        since_us: section.since_us,
        known: state.resync.is_done(),
        resync_ms: state.resync.until_ms().map(|until| until.saturating_sub(now_ms)),
        peers: state.peers.iter().map(|peer| self::peer(&state, peer, now_ms)).collect(),
    }
}

fn peer(state: &State, peer: &Peer, now_ms: u64) -> PeerView {
    let line = state.line(&peer.name);
    let session = peer.conversation.as_ref().map(|conversation| &conversation.session);
    let names = |dictionary: &weir_peers::dictionary::Dictionary| {
        dictionary.names().map(|name| name.map(<[u8]>::to_vec)).collect()
    };
    let (told, heard) = session
        .map(|session| session.dictionaries())
        .map_or_else(Default::default, |(told, heard)| (names(told), names(heard)));
    let (remote_table, local_table) = session.map_or((None, None), |session| session.tables());
    let figures = &peer.figures;
    let tables = state.members.iter().zip(&peer.link.tables).map(|(member, link)| TableView {
        name: member.name.clone(),
        id: member.id,
        remote_id: link.remote_id,
        remote_data: link.remote_data,
        pushed: link.pushed,
        acked: link.acked,
        got: link.got,
        got_acked: link.got_acked,
        taught_from: link.taught_from,
        updates: member.table.updates(),
    });
    PeerView {
        name: peer.name.clone(),
        local: line.is_some_and(|line| line.local),
        address: line.and_then(super::connection::target).map(written).unwrap_or_default(),
        active: session.is_some(),
        last_status: match figures.last_status {
            Some(weir_peers::Status::Succeeded) | None => figures.last_state.into(),
            Some(status) => status.code().to_string(),
        },
        last_handshake_ms: figures.last_handshake_ms.map(|at| now_ms.saturating_sub(at)),
        reconnect_ms: figures.reconnect_ms.map(|at| at.saturating_sub(now_ms)),
        heartbeat_ms: session.map(|session| session.heartbeat_ms().saturating_sub(now_ms)),
        heartbeats: (peer.link.sent_heartbeats, peer.link.heartbeats, peer.link.missed_heartbeats),
        new_connections: figures.new_connections,
        protocol_errors: peer.link.protocol_errors,
        collisions: figures.collisions,
        encrypted: peer.conversation.as_ref().is_some_and(|conversation| conversation.encrypted),
        ends: peer.conversation.as_ref().and_then(|conversation| conversation.ends),
        teaching: session.is_some_and(weir_peers::Session::is_teaching),
        asked: state.resync.asked() == Some(peer.number),
        remote_table,
        local_table,
        tables: tables.collect(),
        told,
        heard,
    }
}

fn written(target: Target) -> String {
    match target {
        Target::Ip(address) => address.to_string(),
        Target::Unix(path) => path.into(),
        Target::Abstract(name) => format!("abns@{}", String::from_utf8_lossy(&name).trim_end_matches('\0')),
    }
}
