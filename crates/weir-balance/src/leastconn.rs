//! `balance leastconn`: the lowest load, and among equals the one that has waited longest since its load last changed.
//!
//! ```text
//! server word   0 stamp of the last change of its load    1 the weight it was placed with
//! ```

use crate::Servers;
use crate::choose::{Group, is_full, next_stamp, takes_traffic};
use crate::servers::WEIGHT_SCALE;

const STAMP: usize = 0;
const WEIGHT: usize = 1;

/// Loads are whole numbers in this fraction of a session per weight unit: equal ones take turns.
const PRECISION: u64 = 256 * WEIGHT_SCALE as u64;

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

/// A server that joins, or that has a new weight, stands behind the others; at first all join in their order.
pub(crate) fn servers_changed(servers: &impl Servers) {
    for server in 0..servers.count() {
        let weight = if takes_traffic(servers, server) { u64::from(servers.weight(server)) } else { 0 };
        if servers.server_word(server, WEIGHT) != weight {
            servers.set_server_word(server, WEIGHT, weight);
            servers.set_server_word(server, STAMP, next_stamp(servers));
        }
    }
}

/// Idle servers are equal whatever their weight; others compare by the load they would have with one session more.
fn load(servers: &impl Servers, server: usize) -> u64 {
    match servers.served(server) {
        0 => 0,
        served => (u64::from(served) + 1) * PRECISION / u64::from(servers.weight(server)),
    }
}
