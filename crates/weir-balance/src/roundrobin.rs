//! `balance roundrobin`: every server gets its next turn `total / weight` turns after this one, so that the turns of
//! each lie evenly.
//!
//! Turns are counted. A server that was served has a due turn; at a fresh start all stand in the entrance, heaviest
//! first. At each turn the earliest due server is taken if its turn has come, else the head of the entrance, else the
//! earliest due server before its time. A due turn is a whole number and a remainder (in units of `1 / weight`); of
//! servers due at the same turn the one with the larger `weight - remainder` comes first, then the one placed first.
//! A server that comes back waits for as long as the others' weights take, one with a new weight for its new interval.
//!
//! ```text
//! backend word  3 turn of the active servers     4 turn of the backups
//!               5 sum of the active weights      6 of the backups
//! server word   0 place in the lowest two bits (0 out, 1 entrance, 2 due), above them the weight it was placed with
//!               1 due turn    2 remainder    3 stamp of its placing
//! ```

use crate::Servers;
use crate::choose::{Group, is_full, next_stamp, takes_traffic};
use crate::servers::{GENERATION_WORD, STAMP_WORD};

const TURN: usize = 3;
const TOTAL: usize = 5;
const PLACE: usize = 0;
const DUE: usize = 1;
const REMAINDER: usize = 2;
const STAMP: usize = 3;

const OUT: u64 = 0;
const ENTRANCE: u64 = 1;
const QUEUED: u64 = 2;

pub(crate) fn choose(servers: &impl Servers, group: Group, avoid: Option<usize>) -> Option<usize> {
    let before = servers.backend_word(STAMP_WORD);
    let mut avoided = None;
    while let Some(server) = best(servers, group, before) {
        pass_turn(servers, group, server);
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

/// The turn is used, also by a server that is full and passed over.
fn pass_turn(servers: &impl Servers, group: Group, server: usize) {
    let backup = group == Group::AllBackups;
    let turn = servers.backend_word(turn_word(backup));
    let (place, weight) = placed(servers, server);
    if place == ENTRANCE {
        servers.set_server_word(server, DUE, turn);
        servers.set_server_word(server, REMAINDER, 0);
    }
    let advance = servers.backend_word(total_word(backup)) + servers.server_word(server, REMAINDER);
    let due = servers.server_word(server, DUE) + advance / weight;
    put(servers, server, QUEUED, weight, due, advance % weight);
    servers.set_backend_word(turn_word(backup), turn + 1);
}

/// Whose turn it is among those that had none since the stamp `before`.
fn best(servers: &impl Servers, group: Group, before: u64) -> Option<usize> {
    let turn = servers.backend_word(turn_word(group == Group::AllBackups));
    let mut due: Option<((u64, i64, u64), usize)> = None;
    let mut entrance: Option<((i64, u64), usize)> = None;
    for server in 0..servers.count() {
        let (place, weight) = placed(servers, server);
        let stamp = servers.server_word(server, STAMP);
        if place == OUT || stamp > before || !group.contains(servers, server) {
            continue;
        }
        let weight = weight as i64;
        if place == ENTRANCE {
            let rank = (-weight, stamp);
            if entrance.is_none_or(|(found, _)| rank < found) {
                entrance = Some((rank, server));
            }
        } else {
            let remainder = servers.server_word(server, REMAINDER) as i64;
            let rank = (servers.server_word(server, DUE), remainder - weight, stamp);
            if due.is_none_or(|(found, _)| rank < found) {
                due = Some((rank, server));
            }
        }
    }
    match (due, entrance) {
        (Some(((at, ..), server)), Some(_)) if at <= turn => Some(server),
        (_, Some((_, server))) | (Some((_, server)), None) => Some(server),
        (None, None) => None,
    }
}

/// Places servers that came, went or changed their weight, one after the other in their order.
pub(crate) fn servers_changed(servers: &impl Servers) {
    let fresh = servers.backend_word(GENERATION_WORD) == 0;
    count_anew(servers);
    for server in 0..servers.count() {
        let (place, old) = placed(servers, server);
        let weight = if takes_traffic(servers, server) { u64::from(servers.weight(server)) } else { 0 };
        if old == weight {
            continue;
        }
        let backup = servers.is_backup(server);
        let others = servers.backend_word(total_word(backup)) - old;
        servers.set_backend_word(total_word(backup), others + weight);
        let turn = servers.backend_word(turn_word(backup));
        let remainder = servers.server_word(server, REMAINDER);
        match place {
            _ if weight == 0 => servers.set_server_word(server, PLACE, OUT),
            ENTRANCE => put(servers, server, ENTRANCE, weight, 0, 0),
            OUT if fresh => put(servers, server, ENTRANCE, weight, 0, 0),
            OUT => put(servers, server, QUEUED, weight, turn + others.div_ceil(weight), remainder % weight),
            _ => put(servers, server, QUEUED, weight, turn + (others + weight) / weight, 0),
        }
    }
}

/// The sums of weights, without those of servers that left the backend.
fn count_anew(servers: &impl Servers) {
    let mut totals = [0, 0];
    for server in 0..servers.count() {
        totals[usize::from(servers.is_backup(server))] += placed(servers, server).1;
    }
    for (backup, total) in [false, true].into_iter().zip(totals) {
        servers.set_backend_word(total_word(backup), total);
    }
}

fn put(servers: &impl Servers, server: usize, place: u64, weight: u64, due: u64, remainder: u64) {
    servers.set_server_word(server, PLACE, weight << 2 | place);
    servers.set_server_word(server, DUE, due);
    servers.set_server_word(server, REMAINDER, remainder);
    servers.set_server_word(server, STAMP, next_stamp(servers));
}

/// Where it stands and with which weight; weight 0 when it is out.
fn placed(servers: &impl Servers, server: usize) -> (u64, u64) {
    let word = servers.server_word(server, PLACE);
    (word & 3, word >> 2)
}

const fn turn_word(backup: bool) -> usize {
    TURN + backup as usize
}

const fn total_word(backup: bool) -> usize {
    TOTAL + backup as usize
}
