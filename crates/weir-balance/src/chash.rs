//! `hash-type consistent`: a ring of 32-bit keys on which every server stands once for each unit of its scaled weight; a
//! hash belongs to the server whose node is closest.
//!
//! The construction was found by asking HAProxy 2.8 where single keys go, down to the last bit of every boundary between
//! two servers; `tests/data/consistent.tsv` and its neighbours hold recordings. The ring follows from the servers'
//! states alone, so each worker keeps a copy of its own and all copies are alike.

use crate::choose::{Choice, Group, Request, Settings, group, is_full, next_layout, takes_traffic};
use crate::hash::avalanche;
use crate::servers::Servers;
use crate::{Affinity, Algorithm};

/// Backend word: the node that the last request without a key went to, plus one.
const PLACE: usize = 3;

/// One worker's copy of a backend's ring.
#[derive(Debug, Default)]
pub struct Ring {
    /// 0: not laid out yet.
    generation: u64,
    /// What each server had when the ring was last laid out.
    stands: Vec<Stand>,
    /// In the order of their keys.
    nodes: Vec<Node>,
    /// Of each server, during one choice.
    verdicts: Vec<Verdict>,
}

/// A server's presence on the ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stand {
    key: u32,
    nodes: u32,
}

/// Key, server and number in one word, so that sorting compares words: a large backend has a million of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Node(u64);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Verdict {
    #[default]
    Open,
    Eligible,
    Passed,
}

impl Node {
    /// 256 units of weight in 16 steps.
    const NUMBER_BITS: u32 = 12;

    fn new(key: u32, server: usize, number: u32) -> Self {
        let low = (server as u32) << Self::NUMBER_BITS | number & ((1 << Self::NUMBER_BITS) - 1);
        Self(u64::from(key) << 32 | u64::from(low))
    }

    const fn key(self) -> u32 {
        (self.0 >> 32) as u32
    }

    const fn server(self) -> usize {
        (self.0 as u32 >> Self::NUMBER_BITS) as usize
    }

    const fn number(self) -> u32 {
        self.0 as u32 & ((1 << Self::NUMBER_BITS) - 1)
    }
}

impl Ring {
    /// The server of `hash`, or the next one on the ring where that one is passed over: it failed this request already,
    /// it has more than its share (`hash-balance-factor`), or it is full (`hash-preserve-affinity`).
    pub fn choose(
        &mut self,
        settings: &Settings,
        servers: &impl Servers,
        hash: u32,
        request: &Request,
    ) -> Choice {
        self.follow(settings, servers);
        if self.nodes.is_empty() {
            return Choice::None;
        }
        let first = self.nearest(hash);
        match self.eligible_from(first, settings, servers, request.avoid) {
            Some(at) => Choice::Server(self.nodes[at].server()),
            // Everybody is passed over: who failed before is better than nobody, and a queue must be some server's.
            None if settings.affinity() == Affinity::Always => Choice::Server(self.nodes[first].server()),
            None => Choice::Server(self.nodes[self.before(first)].server()),
        }
    }

    /// A request without a key: the node behind that of the last such request. Under the backend's lock.
    pub fn next(&mut self, settings: &Settings, servers: &impl Servers, request: &Request) -> Choice {
        next_layout(settings, servers);
        self.follow(settings, servers);
        if self.nodes.is_empty() {
            return Choice::None;
        }
        let last = servers.backend_word(PLACE);
        let start = self.nodes.partition_point(|node| node.0 < last) % self.nodes.len();
        for pass in [request.avoid, None] {
            for step in 0..self.nodes.len() {
                let node = self.nodes[(start + step) % self.nodes.len()];
                if !is_full(servers, node.server()) && pass != Some(node.server()) {
                    servers.set_backend_word(PLACE, node.0 + 1);
                    return Choice::Server(node.server());
                }
            }
        }
        Choice::Full
    }

    /// The node whose key is closest, around the ring's end too; of two as close the one behind.
    fn nearest(&self, hash: u32) -> usize {
        let length = self.nodes.len();
        let behind = self.nodes.partition_point(|node| node.key() < hash) % length;
        let before = (behind + length - 1) % length;
        let ahead = self.nodes[behind].key().wrapping_sub(hash);
        let back = hash.wrapping_sub(self.nodes[before].key());
        if ahead <= back { behind } else { before }
    }

    fn eligible_from(
        &mut self,
        first: usize,
        settings: &Settings,
        servers: &impl Servers,
        avoid: Option<usize>,
    ) -> Option<usize> {
        let Algorithm::Consistent { factor, affinity } = settings.algorithm else { return Some(first) };
        if factor == 0 && affinity == Affinity::Always {
            let length = self.nodes.len();
            let around = (0..length).map(|step| (first + step) % length);
            return around.into_iter().find(|at| avoid != Some(self.nodes[*at].server()));
        }
        self.verdicts.clear();
        self.verdicts.resize(self.stands.len(), Verdict::Open);
        let shares = Shares::of(factor, &self.stands, servers);
        let length = self.nodes.len();
        for at in (0..length).map(|step| (first + step) % length) {
            let server = self.nodes[at].server();
            if self.verdicts[server] == Verdict::Open {
                let passed = avoid == Some(server)
                    || shares.as_ref().is_some_and(|shares| !shares.has_room(server, &self.stands, servers))
                    || match affinity {
                        Affinity::Always => false,
                        Affinity::Maxconn => is_full(servers, server),
                        Affinity::Maxqueue => queue_is_full(servers, server),
                    };
                self.verdicts[server] = if passed { Verdict::Passed } else { Verdict::Eligible };
            }
            if self.verdicts[server] == Verdict::Eligible {
                return Some(at);
            }
        }
        None
    }

    /// The last node before `first` that belongs to another server.
    fn before(&self, first: usize) -> usize {
        let length = self.nodes.len();
        let server = self.nodes[first].server();
        let back = (1..length).map(|step| (first + length - step) % length);
        back.into_iter().find(|at| self.nodes[*at].server() != server).unwrap_or(first)
    }

    /// Brings the ring up to date: nodes of servers that lost weight go, those of servers that gained some are merged in.
    fn follow(&mut self, settings: &Settings, servers: &impl Servers) {
        if self.generation == servers.generation() {
            return;
        }
        let group = group(settings, servers);
        let old = std::mem::take(&mut self.stands);
        self.stands = (0..servers.count()).map(|server| stand(servers, group, server)).collect();
        let kept = |stands: &[Stand], node: &Node| {
            let (before, now) = (old.get(node.server()), stands.get(node.server()));
            matches!((before, now), (Some(before), Some(now)) if before.key == now.key && node.number() < now.nodes)
        };
        self.nodes.retain(|node| kept(&self.stands, node));
        let mut fresh = Vec::new();
        for (server, now) in self.stands.iter().enumerate() {
            let before =
                old.get(server).filter(|before| before.key == now.key).map_or(0, |before| before.nodes);
            let node = |number| Node::new(avalanche(now.key.wrapping_add(number)), server, number);
            fresh.extend((before..now.nodes).map(node));
        }
        if !fresh.is_empty() {
            // Merges the two runs: the sort finds the first one in order already.
            fresh.sort_unstable();
            self.nodes.append(&mut fresh);
            self.nodes.sort();
        }
        self.generation = servers.generation();
    }
}

fn stand(servers: &impl Servers, group: Group, server: usize) -> Stand {
    let member = group.contains(servers, server) && takes_traffic(servers, server);
    let nodes = if member { servers.weight(server).min(1 << Node::NUMBER_BITS) } else { 0 };
    Stand { key: servers.ring_key(server), nodes }
}

fn queue_is_full(servers: &impl Servers, server: usize) -> bool {
    let (limit, most) = (servers.limit(server), servers.queue_limit(server));
    limit > 0 && most > 0 && servers.served(server) >= limit && servers.queued(server) >= most
}

/// `hash-balance-factor`: all requests in progress and this one, times the factor, are places that the servers divide
/// among them by weight, to whole places and none left over; each has one at least.
struct Shares {
    places: u64,
    weight: u64,
}

impl Shares {
    fn of(factor: u32, stands: &[Stand], servers: &impl Servers) -> Option<Self> {
        let served: u64 = (0..servers.count()).map(|server| u64::from(servers.served(server))).sum();
        let weight = stands.iter().map(|stand| u64::from(stand.nodes)).sum();
        let places = ((served + 1) * u64::from(factor)).div_ceil(100);
        (factor > 0).then_some(Self { places, weight })
    }

    fn has_room(&self, server: usize, stands: &[Stand], servers: &impl Servers) -> bool {
        let before: u64 = stands[..server].iter().map(|stand| u64::from(stand.nodes)).sum();
        let through = before + u64::from(stands[server].nodes);
        let share = through * self.places / self.weight - before * self.places / self.weight;
        u64::from(servers.served(server)) < share.max(1)
    }
}
