//! The tables that a section exchanges, and how far each peer knows them.

use std::sync::Arc;

use weir_shm::Table;

/// A table of a section.
#[derive(Clone)]
pub struct Member {
    /// As this process calls it.
    pub name: Arc<str>,
    /// As peers call it.
    pub wire_name: Box<str>,
    /// Its number on the wire.
    pub id: u32,
    pub table: Table,
    /// Filled by peers alone.
    pub recv_only: bool,
    /// Where what peers tell goes as well.
    pub write_to: Option<Table>,
}

impl Member {
    /// The name on the wire of a table that is called `name` here: those of `peers` sections without their section's.
    pub fn wire_name(name: &str, of_section: bool) -> Box<str> {
        match name.split_once('/').filter(|_| of_section) {
            Some((_, name)) => format!("/{name}").into(),
            None => name.into(),
        }
    }
}

/// How far a peer knows a table, and this process the peer's.
pub struct TableLink {
    pub table: Table,
    pub wire_name: Box<str>,
    /// The last change that was sent, and the last one that the peer says it has.
    pub pushed: u32,
    pub acked: u32,
    /// The last change of the peer that was taken, and the last that it was told so.
    pub got: u32,
    pub got_acked: u32,
    /// The last change before everything was told.
    pub taught_from: u32,
    /// The peer's number of the table, and what it stores, once it told.
    pub remote_id: u64,
    pub remote_data: u64,
    /// Everything that was changed here has to be told: the table took another's place.
    pub whole: bool,
}

/// What is known about a peer, over its sessions.
#[derive(Default)]
pub struct Link {
    pub tables: Vec<TableLink>,
    /// Heartbeats sent and received, and those that did not come.
    pub sent_heartbeats: u32,
    pub heartbeats: u32,
    pub missed_heartbeats: u32,
    pub protocol_errors: u32,
}

impl Link {
    /// Keeps what is known of tables that stayed.
    pub fn follow(&mut self, members: &[Member]) {
        let mut known = std::mem::take(&mut self.tables);
        // Before there was anything to know nothing can be missing.
        let is_first = known.is_empty();
        self.tables.extend(members.iter().map(|member| {
            let named = known.iter().position(|link| link.wire_name == member.wire_name);
            match named.map(|at| known.swap_remove(at)) {
                Some(link) if link.table.is(&member.table) => link,
                before => TableLink {
                    table: member.table,
                    wire_name: member.wire_name.clone(),
                    pushed: 0,
                    acked: 0,
                    got: 0,
                    got_acked: 0,
                    taught_from: 0,
                    remote_id: 0,
                    remote_data: 0,
                    whole: !is_first && before.is_some(),
                },
            }
        }));
    }
}
