//! `balance first`: the first server (by id) that has room.

use crate::Servers;
use crate::choose::{Group, is_full, takes_traffic};

pub(crate) fn choose(servers: &impl Servers, group: Group, avoid: Option<usize>) -> Option<usize> {
    (0..servers.count())
        .filter(|server| group.contains(servers, *server) && takes_traffic(servers, *server))
        .filter(|server| !is_full(servers, *server))
        .min_by_key(|server| (avoid == Some(*server), servers.id(*server)))
}
