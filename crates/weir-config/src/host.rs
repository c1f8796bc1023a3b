//! Host names of addresses that have to be known when the configuration is read: listeners, log servers, checks. Names
//! of servers are looked up later, each as its `init-addr` says.

use std::net::ToSocketAddrs;

use weir_syntax::address::{self, AddressError, AddressErrorKind, AddressUse};
use weir_types::{Address, AddressFamily};

/// Reads an address whose host, if it is a name, is looked up now. The error is HAProxy's text.
pub fn parse(text: &str, usage: AddressUse) -> Result<Address, String> {
    let mut address = address::parse(text, usage).map_err(|error| error.to_string())?;
    // A `bind` line over QUIC is refused for the proxy as a whole.
    if !(address.quic && usage == AddressUse::Bind) {
        served(&address, text)?;
    }
    if let AddressFamily::Name(name) = &address.family {
        // The number form of an IPv4 address is one of the resolver's own.
        let found = match name.parse::<u32>() {
            Ok(number) => Some(std::net::Ipv4Addr::from(number).into()),
            Err(_) => (&**name, 0).to_socket_addrs().ok().and_then(|mut all| all.next()).map(|one| one.ip()),
        };
        let unknown = || AddressError::unknown_host(name, text).to_string();
        address.family = AddressFamily::Ip(found.ok_or_else(unknown)?);
    }
    Ok(address)
}

/// Refuses the kinds of address that weir does not serve.
pub fn served(address: &Address, text: &str) -> Result<(), String> {
    if address.quic {
        let family = if text.starts_with("quic6") { 10 } else { 2 };
        let error = AddressError { kind: AddressErrorKind::Quic { family }, text: text.into() };
        return Err(error.to_string());
    }
    if matches!(address.family, AddressFamily::Reverse(_)) {
        return Err(format!("reverse HTTP is not supported by weir yet in '{text}'"));
    }
    if address.mptcp {
        return Err(format!("MPTCP is not supported by weir yet in '{text}'"));
    }
    Ok(())
}
