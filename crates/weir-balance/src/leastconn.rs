//! `balance leastconn`: the lowest load, and among equals the one that has waited longest since its load last changed.
//!
//! ```text
//! server word   0 stamp of the last change of its load; 0 = not in the running
//! ```

use crate::Servers;
use crate::choose::{Group, is_full, next_stamp, takes_traffic};

const STAMP: usize = 0;

pub(crate) fn choose(servers: &impl Servers, group: Group, avoid: Option<usize>) -> Option<usize> {
    let mut best: Option<(bool, u64, u64, usize)> = None;
    for server in 0..servers.count() {
        if !group.contains(servers, server) || !takes_traffic(servers, server) || is_full(servers, server) {
            continue;
        }
        let rank = (avoid == Some(server), load(servers, server), servers.server_word(server, STAMP), server);
        if best.is_none_or(|found| rank < found) {
            best = Some(rank);
        }
    }
    let (_, _, _, server) = best?;
    servers.set_server_word(server, STAMP, next_stamp(servers));
    Some(server)
}

pub(crate) fn released(servers: &impl Servers, server: usize) {
    servers.set_server_word(server, STAMP, next_stamp(servers));
}

/// A server that joins stands behind those already there; the first time all join in their order.
pub(crate) fn servers_changed(servers: &impl Servers) {
    for server in 0..servers.count() {
        let joined = servers.server_word(server, STAMP) != 0;
        match (takes_traffic(servers, server), joined) {
            (true, false) => servers.set_server_word(server, STAMP, next_stamp(servers)),
            (false, true) => servers.set_server_word(server, STAMP, 0),
            _ => {}
        }
    }
}

/// Idle servers are equal whatever their weight; others compare by the load they would have with one session more.
fn load(servers: &impl Servers, server: usize) -> u64 {
    match servers.served(server) {
        0 => 0,
        served => (u64::from(served) + 1) * (1 << 32) / u64::from(servers.weight(server)),
    }
}
