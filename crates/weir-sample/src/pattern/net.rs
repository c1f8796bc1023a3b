//! Address patterns (manual 7.1.6): networks of both families, looked up by their longest prefix.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::entries::Entries;
use super::slots::{Slots, hash_bytes};
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

    /// `None`: the mask has holes.
    fn place(self) -> Option<Plain> {
        match self {
            Net::V4 { base, mask } if mask.leading_ones() + mask.trailing_zeros() >= 32 => {
                Some((true, base.into(), mask.leading_ones() as u8))
            }
            Net::V4 { .. } => None,
            Net::V6 { base, bits } => Some((false, base, bits)),
        }
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

/// Where a network with a plain mask stands: IPv4 or not, its base, its prefix length.
type Plain = (bool, u128, u8);

#[derive(Clone, Copy, Debug)]
struct Place {
    base: u128,
    bits: u8,
    number: u32,
}

/// Networks, each the number of the entry it came from. Looked up from the longest prefix to the shortest; the
/// addresses are read from the entries' text again, which is rarer than it seems (once for a match).
#[derive(Clone, Debug, Default)]
pub struct NetSet {
    v4: Family,
    v6: Family,
    /// Masks with holes: compared one by one, after the others.
    odd: Vec<(Net, u32)>,
}

/// Up to so many networks of a family are compared one by one.
const FEW: usize = 16;

/// Networks of one family.
#[derive(Clone, Debug, Default)]
struct Family {
    /// While there are few: longest first.
    few: Vec<Place>,
    /// Prefix lengths in use and how many networks have each, longest first.
    lengths: Vec<(u8, u32)>,
    numbers: Slots,
    /// Entries of a network that another one before them has.
    shadowed: usize,
}

impl NetSet {
    pub(super) fn reserve(&mut self, entries: &Entries, count: usize) {
        // Most lists are of one family, and the table grows by itself where one is not.
        self.v4.numbers.reserve(count, |number| hash_entry(entries, number));
    }

    pub(super) fn add(&mut self, entries: &Entries, net: Net, number: u32) {
        match net.place() {
            Some((true, base, bits)) => self.v4.add(entries, base, bits, number),
            Some((false, base, bits)) => self.v6.add(entries, base, bits, number),
            None => self.odd.push((net, number)),
        }
    }

    pub(super) fn remove(&mut self, entries: &Entries, net: Net, number: u32) {
        match net.place() {
            Some((true, base, bits)) => self.v4.remove(entries, base, bits, number),
            Some((false, base, bits)) => self.v6.remove(entries, base, bits, number),
            None => self.odd.retain(|(_, known)| *known != number),
        }
    }

    /// The entry of the longest matching prefix.
    pub(super) fn find(&self, entries: &Entries, address: IpAddr) -> Option<u32> {
        let v4 = |address: Ipv4Addr| self.v4.find(entries, true, u32::from(address).into());
        let v6 = |address: Ipv6Addr| self.v6.find(entries, false, address.into());
        let found = match address {
            IpAddr::V4(address) => v4(address).or_else(|| v6(address.to_ipv6_mapped())),
            IpAddr::V6(address) => v6(address).or_else(|| mapped(address).and_then(v4)),
        };
        found.or_else(|| self.odd.iter().find(|(net, _)| net.contains(address)).map(|(_, number)| *number))
    }
}

impl Family {
    fn add(&mut self, entries: &Entries, base: u128, bits: u8, number: u32) {
        if self.exact(entries, base, bits).is_some() {
            self.shadowed += 1;
            return;
        }
        match self.lengths.binary_search_by(|(known, _)| bits.cmp(known)) {
            Ok(place) => self.lengths[place].1 += 1,
            Err(place) => self.lengths.insert(place, (bits, 1)),
        }
        if self.numbers.len() == 0 && self.few.len() < FEW {
            let place = self.few.partition_point(|known| known.bits >= bits);
            self.few.insert(place, Place { base, bits, number });
            return;
        }
        for Place { base, bits, number } in std::mem::take(&mut self.few) {
            self.numbers.insert(hash_net(base, bits), number, |known| hash_entry(entries, known));
        }
        self.numbers.insert(hash_net(base, bits), number, |known| hash_entry(entries, known));
    }

    fn remove(&mut self, entries: &Entries, base: u128, bits: u8, number: u32) {
        let few = self.few.iter().position(|known| known.number == number);
        let found = match few {
            Some(place) => {
                self.few.remove(place);
                true
            }
            None => self.numbers.remove(hash_net(base, bits), number),
        };
        if !found {
            self.shadowed -= 1;
            return;
        }
        if let Ok(place) = self.lengths.binary_search_by(|(known, _)| bits.cmp(known)) {
            self.lengths[place].1 -= 1;
            if self.lengths[place].1 == 0 {
                self.lengths.remove(place);
            }
        }
        if self.shadowed > 0 {
            let sought = place_of(entries, number);
            let same = |other: &u32| *other != number && place_of(entries, *other) == sought;
            if let Some(next) = entries.numbers().find(same) {
                self.shadowed -= 1;
                self.add(entries, base, bits, next);
            }
        }
    }

    fn exact(&self, entries: &Entries, base: u128, bits: u8) -> Option<u32> {
        if self.numbers.len() == 0 {
            let same = |known: &&Place| (known.base, known.bits) == (base, bits);
            return self.few.iter().find(same).map(|known| known.number);
        }
        let same = |number| {
            place_of(entries, number).is_some_and(|(_, known, length)| (known, length) == (base, bits))
        };
        self.numbers.find(hash_net(base, bits), same)
    }

    fn find(&self, entries: &Entries, v4: bool, address: u128) -> Option<u32> {
        let base = |bits: u8| address & if v4 { u128::from(prefix4(bits)) } else { mask6(bits) };
        if self.numbers.len() == 0 {
            return self.few.iter().find(|known| base(known.bits) == known.base).map(|known| known.number);
        }
        self.lengths.iter().find_map(|(bits, _)| self.exact(entries, base(*bits), *bits))
    }
}

fn place_of(entries: &Entries, number: u32) -> Option<Plain> {
    Net::parse(std::str::from_utf8(entries.key(number)).ok()?)?.place()
}

fn hash_entry(entries: &Entries, number: u32) -> u64 {
    place_of(entries, number).map_or(0, |(_, base, bits)| hash_net(base, bits))
}

fn hash_net(base: u128, bits: u8) -> u64 {
    let mut bytes = [bits; 17];
    bytes[..16].copy_from_slice(&base.to_le_bytes());
    hash_bytes(&bytes)
}

fn prefix4(bits: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(nets: &[&str], address: &str) -> Option<u32> {
        let (mut set, mut entries) = (NetSet::default(), Entries::default());
        for net in nets {
            let number = entries.push(0, net.as_bytes(), b"");
            set.add(&entries, Net::parse(net).expect("a network"), number);
        }
        set.find(&entries, address.parse().expect("an address"))
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
