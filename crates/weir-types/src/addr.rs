//! Addresses as manual 2.9 writes them, parsed but not bound. The text form is read by `weir-syntax`.

use std::net::IpAddr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketKind {
    Stream,
    Datagram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AddressFamily {
    /// A literal IPv4 or IPv6 address; `*` and an empty address are the unspecified IPv4 one, `::` the IPv6 one.
    Ip(IpAddr),
    /// A host name to be looked up (`server` addresses).
    Name(Box<str>),
    /// `unix@path` or a path that begins with `/`.
    Unix(Box<str>),
    /// `abns@name`: an abstract name padded with NUL to the full length.
    Abstract(Box<[u8]>),
    /// `abnsz@name`: an abstract name without padding.
    AbstractUnpadded(Box<[u8]>),
    /// `fd@n`: an inherited descriptor that is already bound.
    Fd(i32),
    /// `sockpair@n`: one end of a socket pair over which connections are handed.
    SocketPair(i32),
    /// `rhttp@backend/server`: reverse HTTP.
    Reverse(Box<str>),
    /// `ring@name` in a `log` line.
    Ring(Box<str>),
    /// `backend@name` in a `log` line.
    Backend(Box<str>),
}

/// The port part of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PortSpec {
    /// No port was written.
    #[default]
    None,
    Fixed(u16),
    /// `first-last` on a `bind` or `source` line.
    Range(u16, u16),
    /// `+n` or `-n` on a `server` line: added to the port the client came to.
    Offset(i32),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    pub family: AddressFamily,
    pub port: PortSpec,
    pub kind: SocketKind,
    /// `quic4@`, `quic6@`.
    pub quic: bool,
    /// `mptcp4@`, `mptcp6@`, `mptcp@`.
    pub mptcp: bool,
    /// `ipv4@`, `tcp6@` and their like: a host name is looked up in this family alone.
    pub only: Option<IpVersion>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IpVersion {
    V4,
    V6,
}

impl Address {
    pub const fn ip(ip: IpAddr, port: PortSpec) -> Self {
        Self {
            family: AddressFamily::Ip(ip),
            port,
            kind: SocketKind::Stream,
            quic: false,
            mptcp: false,
            only: None,
        }
    }
}
