//! `cookie ... dynamic`: the value of a server's cookie where its line names none (manual 4.2 `dynamic-cookie-key`).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use weir_plan::{Plan, Proxy};
use weir_shm::Shm;
use weir_types::ServerId;

use crate::server::{Target, target};

/// `ProxyState::dynamic_cookie`.
const DISABLED: u32 = 1;
const ENABLED: u32 = 2;

/// The cookie of a server: its own, else the one that follows from its address.
pub fn cookie_of(plan: &Plan, proxy: &Proxy, id: ServerId, shm: Shm) -> Option<Arc<str>> {
    let server = plan.server(id);
    if server.cookie.is_some() {
        return server.cookie.clone();
    }
    let cookie = proxy.backend.as_deref()?.cookie.as_deref()?;
    let state = shm.backend(proxy.backend_slot).state;
    let on = match state.dynamic_cookie.value() {
        DISABLED => false,
        ENABLED => true,
        _ => cookie.dynamic,
    };
    if !on {
        return None;
    }
    let set = state.dynamic_cookie_key.value();
    let key = if set.is_empty() { cookie.dynamic_key.as_deref()? } else { &set };
    match target(server, shm, || None)? {
        Target::Ip(address) => Some(value(key, address).into()),
        _ => None,
    }
}

/// XXH64 over the key, the address and the port in four bytes, as HAProxy 2.8 was found to make it.
fn value(key: &str, address: SocketAddr) -> String {
    let mut bytes = key.as_bytes().to_vec();
    match address.ip() {
        IpAddr::V4(ip) => bytes.extend(ip.octets()),
        IpAddr::V6(ip) => bytes.extend(ip.octets()),
    }
    bytes.extend(u32::from(address.port()).to_be_bytes());
    format!("{:016x}", xxhash_rust::xxh64::xxh64(&bytes, 0))
}

#[cfg(test)]
mod tests {
    use super::value;

    /// What HAProxy 2.8.25 sent for servers at these addresses under `dynamic-cookie-key secret`.
    #[test]
    fn values_are_haproxys() {
        for (address, expected) in [
            ("127.0.0.1:18001", "4b7b4cdd4712b02b"),
            ("127.0.0.1:18002", "7772c50a318bc695"),
            ("127.0.0.2:18001", "729428569d81876b"),
            ("[::1]:18001", "8f2c87271fdf3515"),
        ] {
            assert_eq!(value("secret", address.parse().expect("an address")), expected);
        }
    }
}
