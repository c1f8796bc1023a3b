//! `hash-type map-based`: the hash modulo the round's length is a place in the round of `static-rr`.
//!
//! The round is laid out once for a generation and kept by the worker itself: it follows from the servers' states alone,
//! so all workers hold the same one.

use crate::choose::{Choice, Group, Settings, group, takes_traffic};
use crate::servers::{Servers, WEIGHT_SCALE};

/// One worker's copy of a backend's round.
#[derive(Debug, Default)]
pub struct Round {
    /// 0: not laid out yet.
    generation: u64,
    places: Vec<u32>,
}

impl Round {
    /// The server of `hash`. A full server is chosen too: who hashes to it waits for it. Needs no lock.
    pub fn choose(&mut self, settings: &Settings, servers: &impl Servers, hash: u32) -> Choice {
        if self.generation != servers.generation() {
            self.lay_out(servers, group(settings, servers));
            self.generation = servers.generation();
        }
        match self.places.len() {
            0 => Choice::None,
            length => Choice::Server(self.places[hash as usize % length] as usize),
        }
    }

    fn lay_out(&mut self, servers: &impl Servers, group: Group) {
        let units = |server: usize| u64::from(servers.weight(server).div_ceil(WEIGHT_SCALE));
        let divisor = (0..servers.count()).map(units).fold(0, greatest_common_divisor).max(1);
        let mut members: Vec<Member> = (0..servers.count())
            .filter(|server| group.contains(servers, *server) && takes_traffic(servers, *server))
            .map(|server| Member { server: server as u32, weight: units(server) / divisor, taken: 0 })
            .collect();
        let length: u64 = members.iter().map(|member| member.weight).sum();
        self.places.clear();
        for place in 0..length {
            let mut best: Option<(i64, usize)> = None;
            for (index, member) in members.iter().enumerate() {
                let behind = ((place + 1) * member.weight / length) as i64 - member.taken;
                if best.is_none_or(|(most, _)| behind > most) {
                    best = Some((behind, index));
                }
            }
            if let Some((_, index)) = best {
                members[index].taken += 1;
                self.places.push(members[index].server);
            }
        }
    }
}

struct Member {
    server: u32,
    weight: u64,
    taken: i64,
}

pub(crate) fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
