//! Addresses as text and as members of networks, without allocation.

use std::io::Write;
use std::net::IpAddr;

/// Whether `ip` lies in `network/bits`; an address of the other family does not.
pub fn is_within(ip: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            u32::from(ip) & mask == u32::from(network) & mask
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            u128::from(ip) & mask == u128::from(network) & mask
        }
        _ => false,
    }
}

/// Room for the text of any address.
pub struct Text {
    bytes: [u8; 46],
    length: usize,
}

impl Text {
    pub fn of(ip: IpAddr) -> Self {
        let mut bytes = [0; 46];
        let mut rest = &mut bytes[..];
        // 46 bytes hold any address.
        let _ = write!(rest, "{ip}");
        let length = 46 - rest.len();
        Self { bytes, length }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(is_within(ip("10.1.2.3"), ip("10.0.0.0"), 8));
        assert!(!is_within(ip("11.1.2.3"), ip("10.0.0.0"), 8));
        assert!(is_within(ip("192.0.2.1"), ip("0.0.0.0"), 0));
        assert!(is_within(ip("fd00::1"), ip("fd00::"), 8));
        assert!(!is_within(ip("::1"), ip("127.0.0.1"), 8));
    }
}
