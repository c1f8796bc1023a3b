//! Address patterns (manual 7.1.6): networks of both families, looked up by their longest prefix.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::cast::mapped;

/// A network or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Net {
    V4 { base: u32, mask: u32 },
    V6 { base: u128, bits: u8 },
}

impl Net {
    /// Reads an address with an optional mask; IPv4 also in the short forms `10.1` and with a dotted mask.
    pub fn parse(text: &str) -> Option<Net> {
        let (address, mask) = match text.split_once('/') {
            Some((address, mask)) => (address, Some(mask)),
            None => (text, None),
        };
        if let Some(base) = short_ipv4(address) {
            let mask = match mask {
                None => u32::MAX,
                Some(mask) => mask4(mask)?,
            };
            return Some(Net::V4 { base: base & mask, mask });
        }
        let base = u128::from(address.parse::<Ipv6Addr>().ok()?);
        let bits = match mask {
            None => 128,
            Some(mask) => mask.parse::<u8>().ok().filter(|bits| *bits <= 128)?,
        };
        Some(Net::V6 { base: base & mask6(bits), bits })
    }

    /// Whether both families' rules of manual 7.1.6 let this address match.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self, address) {
            (Net::V4 { base, mask }, IpAddr::V4(address)) => u32::from(address) & mask == base,
            (Net::V4 { base, mask }, IpAddr::V6(address)) => {
                mapped(address).is_some_and(|address| u32::from(address) & mask == base)
            }
            (Net::V6 { base, bits }, IpAddr::V6(address)) => u128::from(address) & mask6(bits) == base,
            (Net::V6 { base, bits }, IpAddr::V4(address)) => {
                u128::from(address.to_ipv6_mapped()) & mask6(bits) == base
            }
        }
    }
}

fn mask6(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)
}

fn mask4(text: &str) -> Option<u32> {
    if let Ok(bits) = text.parse::<u32>() {
        return (bits <= 32).then(|| u32::MAX.checked_shl(32 - bits).unwrap_or(0));
    }
    text.parse::<Ipv4Addr>().ok().map(u32::from)
}

/// `192.168.1` is 192.168.0.1: the last number fills what is left, in its lowest byte.
fn short_ipv4(text: &str) -> Option<u32> {
    let mut parts = [0u8; 4];
    let mut count = 0;
    for word in text.split('.') {
        if count == 4 || word.is_empty() || word.len() > 3 || !word.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        parts[count] = word.parse().ok()?;
        count += 1;
    }
    if count < 4 {
        parts[3] = parts[count - 1];
        parts[count - 1] = 0;
    }
    Some(u32::from_be_bytes(parts))
}

/// Networks with the index of the entry each came from. Looked up from the longest prefix to the shortest.
#[derive(Clone, Debug, Default)]
pub struct NetSet {
    /// Prefix lengths in use, longest first.
    lengths4: Vec<u8>,
    exact4: HashMap<(u8, u32), u32>,
    lengths6: Vec<u8>,
    exact6: HashMap<(u8, u128), u32>,
    /// Masks with holes: compared one by one, after the others.
    odd: Vec<(Net, u32)>,
}

impl NetSet {
    pub fn add(&mut self, net: Net, entry: u32) {
        match net {
            Net::V4 { base, mask } if mask.leading_ones() + mask.trailing_zeros() >= 32 => {
                let bits = mask.leading_ones() as u8;
                insert_length(&mut self.lengths4, bits);
                self.exact4.entry((bits, base)).or_insert(entry);
            }
            Net::V4 { .. } => self.odd.push((net, entry)),
            Net::V6 { base, bits } => {
                insert_length(&mut self.lengths6, bits);
                self.exact6.entry((bits, base)).or_insert(entry);
            }
        }
    }

    /// The entry of the longest matching prefix.
    pub fn find(&self, address: IpAddr) -> Option<u32> {
        let found = match address {
            IpAddr::V4(v4) => self.find4(v4).or_else(|| self.find6(v4.to_ipv6_mapped())),
            IpAddr::V6(v6) => self.find6(v6).or_else(|| mapped(v6).and_then(|v4| self.find4(v4))),
        };
        found.or_else(|| self.odd.iter().find(|(net, _)| net.contains(address)).map(|(_, entry)| *entry))
    }

    fn find4(&self, address: Ipv4Addr) -> Option<u32> {
        let address = u32::from(address);
        self.lengths4.iter().find_map(|bits| {
            let mask = u32::MAX.checked_shl(32 - u32::from(*bits)).unwrap_or(0);
            self.exact4.get(&(*bits, address & mask)).copied()
        })
    }

    fn find6(&self, address: Ipv6Addr) -> Option<u32> {
        let address = u128::from(address);
        self.lengths6.iter().find_map(|bits| self.exact6.get(&(*bits, address & mask6(*bits))).copied())
    }
}

fn insert_length(lengths: &mut Vec<u8>, bits: u8) {
    if let Err(place) = lengths.binary_search_by(|known| bits.cmp(known)) {
        lengths.insert(place, bits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(nets: &[&str], address: &str) -> Option<u32> {
        let mut set = NetSet::default();
        for (entry, net) in nets.iter().enumerate() {
            set.add(Net::parse(net).expect("a network"), entry as u32);
        }
        set.find(address.parse().expect("an address"))
    }

    #[test]
    fn the_longest_prefix_wins() {
        let nets = ["192.168.0.0/16", "192.168.1.0/24", "::1", "2001:db8::/32"];
        assert_eq!(find(&nets, "192.168.1.77"), Some(1));
        assert_eq!(find(&nets, "192.168.5.5"), Some(0));
        assert_eq!(find(&nets, "2001:db8::1"), Some(3));
        assert_eq!(find(&nets, "10.0.0.1"), None);
    }

    // The table of manual 7.1.6.
    #[test]
    fn short_forms_and_mixed_families() {
        assert_eq!(Net::parse("192.168.1"), Net::parse("192.168.0.1"));
        assert_eq!(Net::parse("10.12/8"), Net::parse("10.0.0.12/8"));
        assert_eq!(Net::parse("127.1"), Net::parse("127.0.0.1"));
        assert_eq!(find(&["10.0.0.0/8"], "::ffff:10.1.2.3"), Some(0));
        assert_eq!(find(&["10.0.0.0/8"], "2002:a01:203::"), Some(0));
        assert_eq!(find(&["::ffff:0:0/96"], "10.1.2.3"), Some(0));
        assert_eq!(Net::parse("10.0.0.0/33"), None);
        assert_eq!(Net::parse("::1/129"), None);
    }
}
