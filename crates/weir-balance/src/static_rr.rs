//! `balance static-rr`: a fixed round over the servers, as long as the sum of their weights (divided by what all weights
//! have in common). The place in the round is kept; who stands there follows from the weights alone.
//!
//! A server's due count at place `t` is `(t + 1) * weight / total`; the server furthest behind its due count comes next,
//! the first of the list among equals.
//!
//! ```text
//! backend word  3 place in the round, up to and with its length    4 length of the round    5 whose round: 1 active, 2 backup servers
//! server word   0 how often it was taken in this round    1 its weight in this round
//! ```

use crate::Servers;
use crate::choose::{Group, is_full, takes_traffic};
use crate::map_hash::greatest_common_divisor;
use crate::servers::WEIGHT_SCALE;

const PLACE: usize = 3;
const LENGTH: usize = 4;
const GROUP: usize = 5;
const TAKEN: usize = 0;
const WEIGHT: usize = 1;

pub(crate) fn choose(servers: &impl Servers, group: Group, avoid: Option<usize>) -> Option<usize> {
    if servers.backend_word(GROUP) != group_number(group) {
        build(servers, group);
    }
    let mut avoided = None;
    for _ in 0..servers.backend_word(LENGTH) {
        if servers.backend_word(PLACE) >= servers.backend_word(LENGTH) {
            begin_round(servers);
        }
        let server = step(servers)?;
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
fn step(servers: &impl Servers) -> Option<usize> {
    let (place, length) = (servers.backend_word(PLACE), servers.backend_word(LENGTH));
    let mut best: Option<(i64, usize)> = None;
    for server in 0..servers.count() {
        let weight = servers.server_word(server, WEIGHT);
        if weight == 0 {
            continue;
        }
        let behind = ((place + 1) * weight / length) as i64 - servers.server_word(server, TAKEN) as i64;
        if best.is_none_or(|(most, _)| behind > most) {
            best = Some((behind, server));
        }
    }
    let (_, server) = best?;
    servers.set_server_word(server, TAKEN, servers.server_word(server, TAKEN) + 1);
    servers.set_backend_word(PLACE, place + 1);
    Some(server)
}

/// The round is built anew at the next choice.
pub(crate) fn servers_changed(servers: &impl Servers) {
    servers.set_backend_word(GROUP, 0);
}

/// Lays out the round of this group and goes to the place where the old one stood.
fn build(servers: &impl Servers, group: Group) {
    let divisor =
        (0..servers.count()).map(|server| units(servers, server)).fold(0, greatest_common_divisor).max(1);
    let mut length = 0;
    for server in 0..servers.count() {
        let member = group.contains(servers, server) && takes_traffic(servers, server);
        let weight = if member { units(servers, server) / divisor } else { 0 };
        servers.set_server_word(server, WEIGHT, weight);
        length += weight;
    }
    servers.set_backend_word(LENGTH, length);
    servers.set_backend_word(GROUP, group_number(group));
    let place = servers.backend_word(PLACE);
    begin_round(servers);
    if place >= length {
        servers.set_backend_word(PLACE, length);
        return;
    }
    for _ in 0..place {
        step(servers);
    }
}

fn begin_round(servers: &impl Servers) {
    servers.set_backend_word(PLACE, 0);
    (0..servers.count()).for_each(|server| servers.set_server_word(server, TAKEN, 0));
}

/// Whole units: a round counts servers, and slow start does not apply here.
fn units(servers: &impl Servers, server: usize) -> u64 {
    u64::from(servers.weight(server).div_ceil(WEIGHT_SCALE))
}

const fn group_number(group: Group) -> u64 {
    match group {
        Group::AllBackups => 2,
        _ => 1,
    }
}
