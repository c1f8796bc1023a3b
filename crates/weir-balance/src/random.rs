//! `balance random(draws)`: draws servers in proportion to their weights and keeps the least loaded of them.

use crate::Servers;
use crate::choose::{Group, Request, is_full, takes_traffic};

pub(crate) fn choose(servers: &impl Servers, group: Group, draws: u32, request: &Request) -> Option<usize> {
    let eligible = |server: &usize| {
        group.contains(servers, *server)
            && takes_traffic(servers, *server)
            && !is_full(servers, *server)
            && request.avoid != Some(*server)
    };
    let total: u64 =
        (0..servers.count()).filter(eligible).map(|server| u64::from(servers.weight(server))).sum();
    if total == 0 {
        return request.avoid.filter(|server| group.contains(servers, *server) && !is_full(servers, *server));
    }
    let mut random = request.random;
    let mut best: Option<usize> = None;
    for _ in 0..draws.max(1) {
        random = mix(random);
        let mut point = random % total;
        let drawn = (0..servers.count()).filter(eligible).find(|server| {
            let weight = u64::from(servers.weight(*server));
            let here = point < weight;
            point = point.wrapping_sub(weight);
            here
        })?;
        best = match best {
            Some(kept) if load(servers, kept) <= load(servers, drawn) => Some(kept),
            _ => Some(drawn),
        };
    }
    best
}

/// Sessions per weight; the next session is counted so that an idle light server does not win over an idle heavy one.
fn load(servers: &impl Servers, server: usize) -> u64 {
    (u64::from(servers.served(server)) + 1) * (1 << 32) / u64::from(servers.weight(server).max(1))
}

/// One step of the splitmix64 sequence.
const fn mix(seed: u64) -> u64 {
    let seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let a = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    b ^ (b >> 31)
}
