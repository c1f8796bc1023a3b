//! `balance static-rr`: a fixed round over the servers, as long as the sum of their weights. The place in the round is
//! kept; who stands there follows from the weights alone.
//!
//! A server's due count at place `t` is `(t + 1) * weight / total`; the server furthest behind its due count comes next,
//! the first of the list among equals.
//!
//! ```text
//! backend word  3 place in the round, active servers    4 backup servers
//! server word   0 how often it was taken in this round
//! ```

use crate::Servers;
use crate::choose::{Group, is_full, takes_traffic};
use crate::servers::WEIGHT_SCALE;

const PLACE: usize = 3;
const TAKEN: usize = 0;

pub(crate) fn choose(servers: &impl Servers, group: Group, avoid: Option<usize>) -> Option<usize> {
    let total = total(servers, group);
    let mut avoided = None;
    for _ in 0..total {
        let server = step(servers, group, total)?;
        if is_full(servers, server) {
            continue;
        }
        if avoid != Some(server) {
            return Some(server);
        }
        avoided = Some(server);
    }
    avoided
}

/// Takes the server at this place and moves on.
fn step(servers: &impl Servers, group: Group, total: u64) -> Option<usize> {
    let place = servers.backend_word(place_word(group));
    let server = (0..servers.count())
        .filter(|server| group.contains(servers, *server) && takes_traffic(servers, *server))
        .max_by_key(|server| {
            let due = (place + 1) * weight(servers, *server) / total;
            (due as i64 - servers.server_word(*server, TAKEN) as i64, std::cmp::Reverse(*server))
        })?;
    servers.set_server_word(server, TAKEN, servers.server_word(server, TAKEN) + 1);
    servers.set_backend_word(place_word(group), place + 1);
    if place + 1 >= total {
        begin_round(servers, group);
    }
    Some(server)
}

/// The round changed: go to the same place of the new one.
pub(crate) fn servers_changed(servers: &impl Servers) {
    for group in [Group::Active, Group::AllBackups] {
        let place = servers.backend_word(place_word(group));
        begin_round(servers, group);
        let total = total(servers, group);
        if place < total {
            for _ in 0..place {
                step(servers, group, total);
            }
        }
    }
}

fn begin_round(servers: &impl Servers, group: Group) {
    servers.set_backend_word(place_word(group), 0);
    for server in (0..servers.count()).filter(|server| group.contains(servers, *server)) {
        servers.set_server_word(server, TAKEN, 0);
    }
}

fn total(servers: &impl Servers, group: Group) -> u64 {
    (0..servers.count())
        .filter(|server| group.contains(servers, *server) && takes_traffic(servers, *server))
        .map(|server| weight(servers, server))
        .sum()
}

/// Whole units: a round counts servers, and slow start does not apply here.
fn weight(servers: &impl Servers, server: usize) -> u64 {
    u64::from(servers.weight(server).div_ceil(WEIGHT_SCALE))
}

const fn place_word(group: Group) -> usize {
    match group {
        Group::AllBackups => PLACE + 1,
        _ => PLACE,
    }
}
