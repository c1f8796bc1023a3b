//! From text to [`Address`].

use super::error::{AddressError, AddressErrorKind as Kind};
use super::port::port;
use super::prefix::{Family, Prefix, prefix};
use super::usage::AddressUse;
use crate::raw;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use weir_types::{Address, AddressFamily, IpVersion, PortSpec, SocketKind};

/// Bytes of a path: room is left in the socket address for the suffix of a temporary name.
const PATH_MAXIMUM: usize = 97;
/// Bytes of a name in the abstract namespace.
const NAME_MAXIMUM: usize = 107;

/// Reads one address as `usage` takes it. A host that is no literal address comes back as a name; on a `server` line
/// it may be anything, elsewhere it has at least a name's letters.
pub fn parse(text: &str, usage: AddressUse) -> Result<Address, AddressError> {
    address(text, usage).map_err(|kind| AddressError { kind, text: text.into() })
}

fn address(text: &str, usage: AddressUse) -> Result<Address, Kind> {
    let accepts = |family| match family {
        Family::Ring | Family::Backend => usage == AddressUse::Log,
        Family::Reverse => usage.reverse_allowed(),
        _ => true,
    };
    let (rest, prefix) = prefix(text, accepts);
    let only = match prefix.family {
        Some(Family::Ip(only)) => only,
        _ => None,
    };
    let (family, port) = family(rest, &prefix, usage)?;
    let kind = prefix.kind.unwrap_or(match family {
        AddressFamily::SocketPair(_) => SocketKind::Stream,
        _ => usage.default_kind(),
    });
    if prefix.quic && !usage.quic_allowed() {
        return Err(Kind::Quic { family: family_number(&family) });
    }
    match kind {
        SocketKind::Datagram if !prefix.quic && !usage.datagram_allowed() => return Err(Kind::Datagram),
        SocketKind::Stream if !usage.stream_allowed() => return Err(Kind::Stream),
        _ => {}
    }
    Ok(Address { family, port, kind, quic: prefix.quic, mptcp: prefix.mptcp, only })
}

fn family(rest: &str, prefix: &Prefix, usage: AddressUse) -> Result<(AddressFamily, PortSpec), Kind> {
    let family = match prefix.family {
        None if rest.starts_with('/') => Family::Unix,
        None if usage == AddressUse::Log && rest == "stdout" => {
            return Ok((AddressFamily::Fd(1), PortSpec::None));
        }
        None if usage == AddressUse::Log && rest == "stderr" => {
            return Ok((AddressFamily::Fd(2), PortSpec::None));
        }
        None => Family::Ip(None),
        Some(family) => family,
    };
    let family = match family {
        Family::Ip(only) => return host_and_port(rest, only, usage),
        Family::Unix => AddressFamily::Unix(bounded(rest, PATH_MAXIMUM)?.into()),
        Family::Abstract => AddressFamily::Abstract(raw::bytes(bounded(rest, NAME_MAXIMUM)?).into()),
        Family::AbstractUnpadded => {
            AddressFamily::AbstractUnpadded(raw::bytes(bounded(rest, NAME_MAXIMUM)?).into())
        }
        Family::Fd => match descriptor(rest)? {
            _ if !usage.descriptor_allowed() => return Err(Kind::DescriptorNotAllowed),
            number => AddressFamily::Fd(number),
        },
        Family::SocketPair => AddressFamily::SocketPair(descriptor(rest)?),
        Family::Reverse => AddressFamily::Reverse(rest.into()),
        Family::Ring => AddressFamily::Ring(rest.into()),
        Family::Backend => AddressFamily::Backend(rest.into()),
    };
    Ok((family, PortSpec::None))
}

/// The port is what follows the last colon, also behind an IPv6 address without brackets. A colon inside brackets
/// begins no port.
fn host_and_port(
    text: &str,
    only: Option<IpVersion>,
    usage: AddressUse,
) -> Result<(AddressFamily, PortSpec), Kind> {
    let (host, port_text) = match text.rsplit_once(':') {
        Some(parts) if !text.ends_with(']') => parts,
        _ => (text, ""),
    };
    let port = port(port_text, usage)?;
    Ok((self::host(host, only, usage)?, port))
}

fn host(host: &str, only: Option<IpVersion>, usage: AddressUse) -> Result<AddressFamily, Kind> {
    if host.is_empty() || host == "*" {
        return Ok(AddressFamily::Ip(match only {
            Some(IpVersion::V6) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            _ => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        }));
    }
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let fits = |address: &IpAddr| match only {
        Some(IpVersion::V4) => address.is_ipv4(),
        Some(IpVersion::V6) => address.is_ipv6(),
        None => true,
    };
    let address: Option<IpAddr> = bare.parse().ok();
    match address.filter(fits) {
        Some(address) => Ok(AddressFamily::Ip(address)),
        // An address of the other version is no name either.
        None if address.is_some() && usage != AddressUse::Server => Err(Kind::Host { host: host.into() }),
        // A server's name may be looked up later, or never.
        None if usage == AddressUse::Server || could_be_name(host) => Ok(AddressFamily::Name(host.into())),
        None => Err(Kind::Host { host: host.into() }),
    }
}

fn could_be_name(host: &str) -> bool {
    host.chars().all(|character| character.is_alphanumeric() || matches!(character, '.' | '-' | '_'))
}

/// `text` is what follows the prefix, but HAProxy's message shows all of it.
fn bounded(text: &str, maximum: usize) -> Result<&str, Kind> {
    if raw::bytes(text).len() > maximum { Err(Kind::PathTooLong { maximum }) } else { Ok(text) }
}

fn descriptor(text: &str) -> Result<i32, Kind> {
    let invalid = || Kind::DescriptorNotInteger { value: text.into() };
    text.parse().ok().filter(|number: &i32| *number >= 0).ok_or_else(invalid)
}

/// As Linux numbers them.
fn family_number(family: &AddressFamily) -> u8 {
    match family {
        AddressFamily::Ip(IpAddr::V6(_)) => 10,
        AddressFamily::Ip(_) | AddressFamily::Name(_) => 2,
        _ => 1,
    }
}
