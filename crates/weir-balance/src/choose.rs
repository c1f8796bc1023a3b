//! The one door: picks the algorithm, keeps the state's version, decides between active and backup servers.

use crate::servers::{GENERATION_WORD, LAYOUT_VERSION, LAYOUT_WORD, STAMP_WORD};
use crate::{BACKEND_WORDS, SERVER_WORDS, Servers, first, leastconn, random, roundrobin, static_rr};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    #[default]
    RoundRobin,
    StaticRoundRobin,
    LeastConn,
    First,
    /// `random(draws)`; the manual's default is 2.
    Random {
        draws: u32,
    },
    /// Hashed keys, `hash-type map-based`; requests without a key take turns as with `static-rr`.
    MapBased,
    /// Hashed keys, `hash-type consistent`.
    Consistent {
        /// `hash-balance-factor`, percent; 0: none.
        factor: u32,
        affinity: Affinity,
    },
}

/// `hash-preserve-affinity`: when a key goes to another server than its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Affinity {
    #[default]
    Always,
    /// Full servers are passed over.
    Maxconn,
    /// Servers whose queue is full are passed over.
    Maxqueue,
}

/// What does not change between two requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    pub algorithm: Algorithm,
    /// `option allbackups`.
    pub all_backups: bool,
}

/// What one request brings along.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request {
    /// The server that just failed this request; chosen again only if there is no other.
    pub avoid: Option<usize>,
    /// Random bits, used by `random` alone.
    pub random: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Server(usize),
    /// Usable servers exist, and all are at their limit: wait in the backend's queue.
    Full,
    /// No usable server: 503, `<NOSRV>`.
    None,
}

/// Which servers take traffic now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Active,
    /// The first usable backup alone.
    OneBackup(usize),
    AllBackups,
    Empty,
}

/// Chooses a server. Under the backend's lock; the caller counts the session on the choice before giving it back.
pub fn choose(settings: &Settings, servers: &impl Servers, request: &Request) -> Choice {
    refresh(settings, servers);
    let group = group(settings, servers);
    match group {
        Group::Empty => return Choice::None,
        Group::OneBackup(backup) if is_full(servers, backup) => return Choice::Full,
        Group::OneBackup(backup) => return Choice::Server(backup),
        Group::Active | Group::AllBackups => {}
    }
    let chosen = match settings.algorithm {
        Algorithm::RoundRobin => roundrobin::choose(servers, group, request.avoid),
        // The ring is not at hand here: who hashes consistently asks it ([`crate::Table`]).
        Algorithm::StaticRoundRobin | Algorithm::MapBased | Algorithm::Consistent { .. } => {
            static_rr::choose(servers, group, request.avoid)
        }
        Algorithm::LeastConn => leastconn::choose(servers, group, request.avoid),
        Algorithm::First => first::choose(servers, group, request.avoid),
        Algorithm::Random { draws } => random::choose(servers, group, draws, request),
    };
    chosen.map_or(Choice::Full, Choice::Server)
}

/// Tells the algorithm that a session on `server` has ended (and is no longer counted in [`Servers::served`]). Under
/// the backend's lock. Only `leastconn` keeps anything; for the others this is free and the lock need not be taken
/// (see [`Settings::needs_release`]).
pub fn released(settings: &Settings, servers: &impl Servers, server: usize) {
    if settings.needs_release() {
        leastconn::released(servers, server);
    }
}

/// Starts afresh. For a lock whose last owner died while it held it, and after the list of servers changed.
pub fn restart(servers: &impl Servers) {
    (0..BACKEND_WORDS).for_each(|word| servers.set_backend_word(word, 0));
    for server in 0..servers.count() {
        (0..SERVER_WORDS).for_each(|word| servers.set_server_word(server, word, 0));
    }
}

impl Settings {
    /// Whether [`released`] does anything.
    pub const fn needs_release(&self) -> bool {
        matches!(self.algorithm, Algorithm::LeastConn)
    }

    pub(crate) const fn affinity(&self) -> Affinity {
        match self.algorithm {
            Algorithm::Consistent { affinity, .. } => affinity,
            _ => Affinity::Always,
        }
    }

    fn layout(&self) -> u64 {
        let algorithm = match self.algorithm {
            Algorithm::RoundRobin => 1,
            Algorithm::StaticRoundRobin | Algorithm::MapBased => 2,
            Algorithm::LeastConn => 3,
            Algorithm::First => 4,
            Algorithm::Random { .. } => 5,
            Algorithm::Consistent { .. } => 6,
        };
        LAYOUT_VERSION << 32 | algorithm
    }
}

/// Starts afresh after a change of algorithm or layout, and tells the algorithm about servers that changed.
pub(crate) fn refresh(settings: &Settings, servers: &impl Servers) {
    next_layout(settings, servers);
    let generation = servers.generation();
    if servers.backend_word(GENERATION_WORD) != generation {
        match settings.algorithm {
            Algorithm::RoundRobin => roundrobin::servers_changed(servers),
            Algorithm::StaticRoundRobin | Algorithm::MapBased => static_rr::servers_changed(servers),
            Algorithm::LeastConn => leastconn::servers_changed(servers),
            Algorithm::First | Algorithm::Random { .. } | Algorithm::Consistent { .. } => {}
        }
        servers.set_backend_word(GENERATION_WORD, generation);
    }
}

/// Starts afresh after a change of algorithm or layout.
pub(crate) fn next_layout(settings: &Settings, servers: &impl Servers) {
    let layout = settings.layout();
    if servers.backend_word(LAYOUT_WORD) != layout {
        restart(servers);
        servers.set_backend_word(LAYOUT_WORD, layout);
    }
}

pub(crate) fn group(settings: &Settings, servers: &impl Servers) -> Group {
    let mut backup = None;
    for server in 0..servers.count() {
        if !takes_traffic(servers, server) {
            continue;
        }
        if !servers.is_backup(server) {
            return Group::Active;
        }
        if settings.all_backups {
            backup = Some(Group::AllBackups);
        } else if backup.is_none() {
            backup = Some(Group::OneBackup(server));
        }
    }
    backup.unwrap_or(Group::Empty)
}

impl Group {
    pub(crate) fn contains(self, servers: &impl Servers, server: usize) -> bool {
        match self {
            Group::Active => !servers.is_backup(server),
            Group::AllBackups => servers.is_backup(server),
            Group::OneBackup(backup) => server == backup,
            Group::Empty => false,
        }
    }
}

pub(crate) fn takes_traffic(servers: &impl Servers, server: usize) -> bool {
    servers.is_usable(server) && servers.weight(server) > 0
}

/// At its limit, or others wait for it already.
pub(crate) fn is_full(servers: &impl Servers, server: usize) -> bool {
    let limit = servers.limit(server);
    limit > 0 && (servers.served(server) >= limit || servers.queued(server) > 0)
}

/// The next stamp: rises with every placing in a queue.
pub(crate) fn next_stamp(servers: &impl Servers) -> u64 {
    let stamp = servers.backend_word(STAMP_WORD) + 1;
    servers.set_backend_word(STAMP_WORD, stamp);
    stamp
}
