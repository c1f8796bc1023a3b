//! Host names of addresses that have to be known when the configuration is read: listeners, log servers, checks. Names
//! of servers are looked up later, each as its `init-addr` says.

use weir_syntax::address::{self, AddressError, AddressErrorKind, AddressUse};
use weir_types::{Address, AddressFamily};

use crate::files::Files;

/// Reads an address whose host, if it is a name, is looked up now. The error is HAProxy's text.
pub fn parse(files: &dyn Files, text: &str, usage: AddressUse) -> Result<Address, String> {
    let mut address = address::parse(text, usage).map_err(|error| error.to_string())?;
    // A `bind` line over QUIC is refused for the proxy as a whole.
    if !(address.quic && usage == AddressUse::Bind) {
        served(&address, text)?;
    }
    // Of what is connected to, only servers have the protocol.
    if address.mptcp && usage != AddressUse::Bind {
        return Err(format!("MPTCP is not supported by weir yet in '{text}'"));
    }
    if let AddressFamily::Name(name) = &address.family {
        let unknown = || AddressError::unknown_host(name, text).to_string();
        address.family = AddressFamily::Ip(files.address(name, address.only).ok_or_else(unknown)?);
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
    Ok(())
}
