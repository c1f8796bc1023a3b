//! What each statement takes for an address.

use weir_types::SocketKind;

/// The statement an address stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressUse {
    /// `bind`, `stats socket`: one address of a comma list.
    Bind,
    /// `dgram-bind` of a `log-forward` section.
    DgramBind,
    /// The address of a `server` line.
    Server,
    /// `source` among a server's options: a port range may be given.
    ServerSource,
    /// `source` in a proxy, and every `usesrc`.
    Source,
    /// `addr` of a server's checks, `tcp-check connect addr`, `http-check connect addr`.
    Check,
    /// `log`; takes `stdout`, `ring@` and `backend@` too.
    Log,
    Nameserver,
    Peer,
    Mailer,
    Socks4,
}

impl AddressUse {
    pub(super) const fn port_needed(self) -> bool {
        matches!(
            self,
            Self::Bind | Self::DgramBind | Self::Nameserver | Self::Peer | Self::Mailer | Self::Socks4
        )
    }

    pub(super) const fn range_allowed(self) -> bool {
        matches!(self, Self::Bind | Self::DgramBind | Self::ServerSource)
    }

    pub(super) const fn offset_allowed(self) -> bool {
        matches!(self, Self::Server)
    }

    pub(super) const fn descriptor_allowed(self) -> bool {
        matches!(self, Self::Bind | Self::DgramBind | Self::Log)
    }

    pub(super) const fn reverse_allowed(self) -> bool {
        matches!(self, Self::Bind | Self::Server)
    }

    pub(super) const fn quic_allowed(self) -> bool {
        matches!(self, Self::Bind | Self::Server)
    }

    pub(super) const fn datagram_allowed(self) -> bool {
        matches!(self, Self::DgramBind | Self::Log | Self::Nameserver)
    }

    pub(super) const fn stream_allowed(self) -> bool {
        !matches!(self, Self::DgramBind)
    }

    /// What an address is where no prefix says it.
    pub(super) const fn default_kind(self) -> SocketKind {
        match self {
            Self::DgramBind | Self::Log | Self::Nameserver => SocketKind::Datagram,
            _ => SocketKind::Stream,
        }
    }
}
