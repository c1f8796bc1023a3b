//! `balance roundrobin`: every server gets its next turn `total / weight` turns after this one, so that the turns of
//! each lie evenly.
//!
//! Turns are counted. A server that was served has a due turn; one that has not yet been served stands in the entrance,
//! heaviest first. At each turn the earliest due server is taken if its turn has come, else the head of the entrance,
//! else the earliest due server before its time. A due turn is a whole number and a remainder (in units of
//! `1 / weight`); of servers due at the same turn the one with the larger `weight - remainder` comes first, then the
//! one that was placed first.
//!
//! ```text
//! backend word  3 turn of the active servers     4 turn of the backups
//! server word   0 place in the lowest two bits (0 out, 1 entrance, 2 due), above them the weight it was placed with
//!               1 due turn    2 remainder    3 stamp of its placing
//! ```

use crate::Servers;
use crate::choose::{Group, is_full, next_stamp, takes_traffic};

const TURN: usize = 3;
const PLACE: usize = 0;
const DUE: usize = 1;
const REMAINDER: usize = 2;
const STAMP: usize = 3;

const OUT: u64 = 0;
const ENTRANCE: u64 = 1;
const QUEUED: u64 = 2;

pub(crate) fn choose(servers: &impl Servers, group: Group, avoid: Option<usize>) -> Option<usize> {
    let turn_word = turn_word(group);
    let turn = servers.backend_word(turn_word);
    let total = total(servers, group);
    let server = best(servers, group, turn, avoid).or_else(|| best(servers, group, turn, None))?;
    if place(servers, server) == ENTRANCE {
        servers.set_server_word(server, DUE, turn);
        servers.set_server_word(server, REMAINDER, 0);
    }
    let weight = u64::from(servers.weight(server));
    let advance = total + servers.server_word(server, REMAINDER);
    servers.set_server_word(server, DUE, servers.server_word(server, DUE) + advance / weight);
    servers.set_server_word(server, REMAINDER, advance % weight);
    servers.set_server_word(server, PLACE, weight << 2 | QUEUED);
    servers.set_server_word(server, STAMP, next_stamp(servers));
    servers.set_backend_word(turn_word, turn + 1);
    Some(server)
}

fn best(servers: &impl Servers, group: Group, turn: u64, avoid: Option<usize>) -> Option<usize> {
    let mut due: Option<((u64, i64, u64), usize)> = None;
    let mut entrance: Option<((i64, u64), usize)> = None;
    for server in 0..servers.count() {
        if !group.contains(servers, server) || is_full(servers, server) || avoid == Some(server) {
            continue;
        }
        let word = servers.server_word(server, PLACE);
        let weight = (word >> 2) as i64;
        let stamp = servers.server_word(server, STAMP);
        match word & 3 {
            ENTRANCE => {
                let rank = (-weight, stamp);
                if entrance.is_none_or(|(found, _)| rank < found) {
                    entrance = Some((rank, server));
                }
            }
            QUEUED => {
                let remainder = servers.server_word(server, REMAINDER) as i64;
                let rank = (servers.server_word(server, DUE), remainder - weight, stamp);
                if due.is_none_or(|(found, _)| rank < found) {
                    due = Some((rank, server));
                }
            }
            _ => {}
        }
    }
    match (due, entrance) {
        (Some(((at, ..), server)), Some(_)) if at <= turn => Some(server),
        (_, Some((_, server))) => Some(server),
        (Some((_, server)), None) => Some(server),
        (None, None) => None,
    }
}

/// Servers that joined stand in the entrance; those that left are out.
pub(crate) fn servers_changed(servers: &impl Servers) {
    for server in 0..servers.count() {
        match (takes_traffic(servers, server), place(servers, server)) {
            (true, OUT) => {
                let weight = u64::from(servers.weight(server));
                servers.set_server_word(server, PLACE, weight << 2 | ENTRANCE);
                servers.set_server_word(server, STAMP, next_stamp(servers));
            }
            (false, ENTRANCE | QUEUED) => servers.set_server_word(server, PLACE, OUT),
            _ => {}
        }
    }
}

fn place(servers: &impl Servers, server: usize) -> u64 {
    servers.server_word(server, PLACE) & 3
}

fn total(servers: &impl Servers, group: Group) -> u64 {
    (0..servers.count())
        .filter(|server| group.contains(servers, *server) && takes_traffic(servers, *server))
        .map(|server| u64::from(servers.weight(server)))
        .sum()
}

const fn turn_word(group: Group) -> usize {
    match group {
        Group::AllBackups => TURN + 1,
        _ => TURN,
    }
}
