//! What stands before the `@`, and `stream+`, `dgram+`, `quic+` before that (manual 2.9.1 to 2.9.3).

use weir_types::{IpVersion, SocketKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Host and port, in either family or in one.
    Ip(Option<IpVersion>),
    Unix,
    Abstract,
    AbstractUnpadded,
    Fd,
    SocketPair,
    Reverse,
    Ring,
    Backend,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    /// None: the address itself tells.
    pub family: Option<Family>,
    /// None: the statement tells.
    pub kind: Option<SocketKind>,
    pub quic: bool,
    pub mptcp: bool,
}

const PLAIN: Prefix = Prefix { family: None, kind: None, quic: false, mptcp: false };

const fn of(family: Family) -> Prefix {
    Prefix { family: Some(family), ..PLAIN }
}

const fn stream(family: Family) -> Prefix {
    Prefix { kind: Some(SocketKind::Stream), ..of(family) }
}

const fn datagram(family: Family) -> Prefix {
    Prefix { kind: Some(SocketKind::Datagram), ..of(family) }
}

const fn quic(family: Family) -> Prefix {
    Prefix { quic: true, ..datagram(family) }
}

const fn mptcp(family: Family) -> Prefix {
    Prefix { mptcp: true, ..stream(family) }
}

const ANY: Family = Family::Ip(None);
const V4: Family = Family::Ip(Some(IpVersion::V4));
const V6: Family = Family::Ip(Some(IpVersion::V6));

const TRANSPORTS: &[(&str, Prefix)] = &[
    ("stream+", Prefix { kind: Some(SocketKind::Stream), ..PLAIN }),
    ("dgram+", Prefix { kind: Some(SocketKind::Datagram), ..PLAIN }),
    ("quic+", Prefix { kind: Some(SocketKind::Datagram), quic: true, ..PLAIN }),
];

const PREFIXES: &[(&str, Prefix)] = &[
    ("ip@", of(ANY)),
    ("ipv4@", of(V4)),
    ("ipv6@", of(V6)),
    ("tcp@", stream(ANY)),
    ("tcp4@", stream(V4)),
    ("tcp6@", stream(V6)),
    ("mptcp@", mptcp(ANY)),
    ("mptcp4@", mptcp(V4)),
    ("mptcp6@", mptcp(V6)),
    ("udp@", datagram(ANY)),
    ("udp4@", datagram(V4)),
    ("udp6@", datagram(V6)),
    ("quic4@", quic(V4)),
    ("quic6@", quic(V6)),
    ("unix@", of(Family::Unix)),
    ("uxst@", stream(Family::Unix)),
    ("uxdg@", datagram(Family::Unix)),
    ("abns@", of(Family::Abstract)),
    ("abnsz@", of(Family::AbstractUnpadded)),
    ("fd@", of(Family::Fd)),
    ("sockpair@", of(Family::SocketPair)),
    ("rhttp@", stream(Family::Reverse)),
    ("ring@", of(Family::Ring)),
    ("backend@", of(Family::Backend)),
];

/// The rest of the address and what its prefixes say. A protocol's own kind goes before `stream+` and `dgram+`. A
/// prefix that `accepts` refuses is taken for a part of the host, as an unknown one is.
pub(super) fn prefix(text: &str, accepts: impl Fn(Family) -> bool) -> (&str, Prefix) {
    let (rest, transport) = one_of(TRANSPORTS, text).unwrap_or((text, PLAIN));
    match one_of(PREFIXES, rest) {
        Some((rest, prefix)) if prefix.family.is_none_or(accepts) => {
            let kind = prefix.kind.or(transport.kind);
            (rest, Prefix { kind, quic: prefix.quic || (transport.quic && prefix.kind.is_none()), ..prefix })
        }
        _ => (rest, transport),
    }
}

fn one_of<'t>(table: &[(&str, Prefix)], text: &'t str) -> Option<(&'t str, Prefix)> {
    table.iter().find_map(|(name, prefix)| Some((text.strip_prefix(name)?, *prefix)))
}
