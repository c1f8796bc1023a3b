//! Ethernet frames, IP packets and TCP headers, as `fc_saved_syn` yields them. What is cut short yields nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    Some(bytes.get(at..at + width)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// Length of an Ethernet header with its VLAN tags, and the last VLAN.
pub(super) fn ethernet(frame: &[u8]) -> Option<(usize, Option<u64>)> {
    let (mut at, mut vlan) = (12, None);
    while matches!(number(frame, at, 2)?, 0x8100 | 0x88a8) {
        vlan = Some(number(frame, at + 2, 2)? & 0xfff);
        at += 4;
    }
    // A header with nothing behind it is no frame.
    (frame.len() > at + 2).then_some((at + 2, vlan))
}

/// The fields of an IP header that converters show.
pub(super) struct Ip<'a> {
    bytes: &'a [u8],
}

impl<'a> Ip<'a> {
    pub fn new(bytes: &'a [u8]) -> Ip<'a> {
        Ip { bytes }
    }

    pub fn version(&self) -> Option<u8> {
        Some(self.bytes.first()? >> 4)
    }

    /// The fixed part of an IPv6 header.
    fn whole_six(&self) -> Option<&'a [u8]> {
        self.bytes.get(..40)
    }

    pub fn tos(&self) -> Option<u8> {
        let second = *self.bytes.get(1)?;
        match self.version()? {
            4 => Some(second),
            6 => Some(self.bytes[0] << 4 | second >> 4),
            _ => None,
        }
    }

    pub fn ttl(&self) -> Option<u8> {
        match self.version()? {
            4 => self.bytes.get(..20).map(|header| header[8]),
            6 => self.whole_six().map(|header| header[7]),
            _ => None,
        }
    }

    /// IPv6 never fragments on the way.
    pub fn dont_fragment(&self) -> Option<bool> {
        match self.version()? {
            4 => Some(self.bytes.get(6)? & 0x40 != 0),
            6 => Some(true),
            _ => None,
        }
    }

    fn address(&self, four: usize, six: usize) -> Option<IpAddr> {
        Some(match self.version()? {
            4 => Ipv4Addr::from(<[u8; 4]>::try_from(self.bytes.get(four..four + 4)?).ok()?).into(),
            6 => Ipv6Addr::from(<[u8; 16]>::try_from(&self.whole_six()?[six..six + 16]).ok()?).into(),
            _ => return None,
        })
    }

    pub fn source(&self) -> Option<IpAddr> {
        self.address(12, 8)
    }

    pub fn destination(&self) -> Option<IpAddr> {
        self.address(16, 24)
    }

    /// Transport protocol and length of the header with its options or extensions.
    fn transport(&self) -> Option<(u8, usize)> {
        match self.version()? {
            4 => Some((*self.bytes.get(9)?, usize::from(self.bytes[0] & 15) * 4)),
            6 => {
                let (mut next, mut at) = (self.whole_six()?[6], 40);
                // Hop-by-hop, routing, fragment and destination options come before the transport header.
                while matches!(next, 0 | 43 | 44 | 60) {
                    let length = if next == 44 { 8 } else { (usize::from(*self.bytes.get(at + 1)?) + 1) * 8 };
                    next = *self.bytes.get(at)?;
                    at += length;
                }
                // TCP, UDP, ICMP or SCTP; anything else may be one more extension.
                (matches!(next, 6 | 17 | 58 | 132) && at <= self.bytes.len()).then_some((next, at))
            }
            _ => None,
        }
    }

    pub fn protocol(&self) -> Option<u8> {
        self.transport().map(|(protocol, _)| protocol)
    }

    pub fn header(&self) -> Option<&'a [u8]> {
        self.bytes.get(..self.transport()?.1)
    }

    pub fn data(&self) -> Option<&'a [u8]> {
        self.bytes.get(self.transport()?.1..)
    }

    fn has_options(&self) -> Option<bool> {
        let plain = if self.version()? == 4 { 20 } else { 40 };
        Some(self.transport()?.1 > plain)
    }

    /// The eight bytes of manual 7.3.1, `ip.fp`, and what `mode` appends.
    pub fn fingerprint(&self, mode: i64) -> Option<Vec<u8>> {
        let segment = self.data()?;
        let tcp = Tcp::new(segment)?;
        let flags = tcp.flags();
        let ttl = self.ttl()?;
        let second = u8::from(self.version()? == 6) << 7
            | u8::from(self.dont_fragment()?) << 6
            | match ttl {
                0..=32 => 0,
                33..=64 => 1 << 4,
                65..=128 => 2 << 4,
                _ => 3 << 4,
            }
            | u8::from(self.has_options()?) << 3
            | u8::from(segment.len() > tcp.header_length()) << 2
            | (flags >> 7 & 1) << 1
            | (flags >> 6 & 1);
        let scale =
            tcp.option(3).and_then(|option| option.first().copied()).map_or(0, |scale| scale.min(14) + 1);
        let kinds = tcp.kinds()?;
        let present = kinds.iter().fold(0u8, |bits, kind| {
            bits | match kind {
                2..=8 => 1 << (kind - 2),
                9.. => 1 << 7,
                _ => 0,
            }
        });
        let mut bytes = vec![self.tos()?, second, (tcp.header_length() as u8 / 4) << 4 | scale];
        bytes.extend_from_slice(&(tcp.window() as u16).to_be_bytes());
        bytes.extend_from_slice(&(tcp.number_option(2, 2) as u16).to_be_bytes());
        bytes.push(present);
        if mode & 1 != 0 {
            bytes.push(ttl);
        }
        if mode & 2 != 0 {
            bytes.extend_from_slice(&kinds);
        }
        if mode & 4 != 0 {
            match self.source()? {
                IpAddr::V4(address) => bytes.extend_from_slice(&address.octets()),
                IpAddr::V6(address) => bytes.extend_from_slice(&address.octets()),
            }
        }
        Some(bytes)
    }
}

/// A TCP header that is there as far as its fixed part goes.
pub(super) struct Tcp<'a> {
    bytes: &'a [u8],
}

impl<'a> Tcp<'a> {
    pub fn new(bytes: &'a [u8]) -> Option<Tcp<'a>> {
        (bytes.len() >= 20).then_some(Tcp { bytes })
    }

    pub fn field(&self, at: usize, width: usize) -> i64 {
        number(self.bytes, at, width).unwrap_or(0) as i64
    }

    pub fn flags(&self) -> u8 {
        self.bytes[13]
    }

    pub fn window(&self) -> i64 {
        self.field(14, 2)
    }

    pub fn header_length(&self) -> usize {
        usize::from(self.bytes[12] >> 4) * 4
    }

    /// Whether the options are all there.
    pub fn is_whole(&self) -> bool {
        (20..=self.bytes.len()).contains(&self.header_length())
    }

    /// Kinds and contents of the options; malformed ones end the list.
    fn options(&self) -> impl Iterator<Item = (u8, &'a [u8])> {
        let mut rest = self.bytes.get(20..self.header_length()).unwrap_or(&[]);
        std::iter::from_fn(move || match rest {
            [] | [0, ..] => None,
            [1, tail @ ..] => {
                rest = tail;
                Some((1, &[][..]))
            }
            [kind, length, tail @ ..] => {
                let contents = tail.get(..usize::from(*length).checked_sub(2)?)?;
                rest = &tail[contents.len()..];
                Some((*kind, contents))
            }
            [_] => None,
        })
    }

    fn option(&self, wanted: u8) -> Option<&'a [u8]> {
        self.options().find(|(kind, _)| *kind == wanted).map(|(_, contents)| contents)
    }

    pub fn has_option(&self, wanted: u8) -> bool {
        self.option(wanted).is_some()
    }

    /// The number at the head of an option, 0 without the option.
    pub fn number_option(&self, wanted: u8, width: usize) -> i64 {
        self.option(wanted).and_then(|contents| number(contents, 0, width)).unwrap_or(0) as i64
    }

    /// Kinds of the options, that of one whose length leads behind the header included.
    pub fn kinds(&self) -> Option<Vec<u8>> {
        if !self.is_whole() {
            return None;
        }
        let mut rest = &self.bytes[20..self.header_length()];
        let mut kinds = Vec::new();
        while let [kind, tail @ ..] = rest {
            if *kind == 0 {
                break;
            }
            kinds.push(*kind);
            rest = match (kind, tail) {
                (1, tail) => tail,
                (_, [length, ..]) => rest.get(usize::from(*length).max(2)..).unwrap_or(&[]),
                _ => &[],
            };
        }
        Some(kinds)
    }
}
