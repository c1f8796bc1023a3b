//! The PROXY protocol, both versions: the header that `accept-proxy` reads and `send-proxy` writes
//! (`proxy-protocol.txt`).

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use weir_plan::settings::ProxyProtocolVersion;

/// A version 1 line is at most this long, CR LF included.
const MAX_LINE: usize = 108;
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// A header that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes it took.
    pub consumed: usize,
    /// Source and destination; `None` for `LOCAL`, `UNKNOWN` and other families: the connection's own stand.
    pub addresses: Option<(SocketAddr, SocketAddr)>,
}

/// Something else than a PROXY header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

/// Reads a header of either version from the front of `input`. `None`: more is needed.
pub fn parse(input: &[u8]) -> Result<Option<Header>, Invalid> {
    let is_prefix = |of: &[u8]| input.len() < of.len() && of.starts_with(input);
    if input.starts_with(SIGNATURE) {
        parse_binary(input)
    } else if input.starts_with(b"PROXY ") {
        parse_line(input)
    } else if is_prefix(SIGNATURE) || is_prefix(b"PROXY ") {
        Ok(None)
    } else {
        Err(Invalid)
    }
}

fn parse_line(input: &[u8]) -> Result<Option<Header>, Invalid> {
    let window = &input[..input.len().min(MAX_LINE)];
    let Some(end) = window.windows(2).position(|pair| pair == b"\r\n") else {
        return if input.len() >= MAX_LINE { Err(Invalid) } else { Ok(None) };
    };
    let line = std::str::from_utf8(&window[..end]).map_err(|_| Invalid)?;
    let mut words = line.split(' ').skip(1);
    let family = words.next().ok_or(Invalid)?;
    let consumed = end + 2;
    if family == "UNKNOWN" {
        return Ok(Some(Header { consumed, addresses: None }));
    }
    let mut ip = || -> Result<IpAddr, Invalid> {
        let text = words.next().ok_or(Invalid)?;
        match family {
            "TCP4" => text.parse::<Ipv4Addr>().map(IpAddr::V4).map_err(|_| Invalid),
            "TCP6" => text.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| Invalid),
            _ => Err(Invalid),
        }
    };
    let (source, destination) = (ip()?, ip()?);
    let mut port = || words.next().and_then(|text| text.parse::<u16>().ok()).ok_or(Invalid);
    let (source, destination) = (SocketAddr::new(source, port()?), SocketAddr::new(destination, port()?));
    if words.next().is_some() {
        return Err(Invalid);
    }
    Ok(Some(Header { consumed, addresses: Some((source, destination)) }))
}

fn parse_binary(input: &[u8]) -> Result<Option<Header>, Invalid> {
    let Some(fixed) = input.get(..16) else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    let Some(rest) = input.get(16..16 + length) else { return Ok(None) };
    let consumed = 16 + length;
    let addresses = match (fixed[12], fixed[13]) {
        (0x20, _) => None,
        (0x21, 0x11) => Some(binary_v4(rest).ok_or(Invalid)?),
        (0x21, 0x21) => Some(binary_v6(rest).ok_or(Invalid)?),
        (0x21, _) => None,
        _ => return Err(Invalid),
    };
    Ok(Some(Header { consumed, addresses }))
}

/// What stands behind the addresses of a whole header of version 2: types, lengths and values.
pub fn tlvs(header: &[u8]) -> &[u8] {
    let addresses = match header.get(13) {
        Some(0x11 | 0x12) if header.starts_with(SIGNATURE) => 12,
        Some(0x21 | 0x22) if header.starts_with(SIGNATURE) => 36,
        Some(0x31 | 0x32) if header.starts_with(SIGNATURE) => 216,
        Some(0x00) if header.starts_with(SIGNATURE) => 0,
        _ => return &[],
    };
    header.get(16 + addresses..).unwrap_or(&[])
}

/// A longer value is not kept (manual `fc_pp_tlv`).
const LONGEST_VALUE: usize = 1024;

/// The first value of this type. Those of `SSL` stand within its value, behind a flag and a result.
pub fn find_tlv(mut rest: &[u8], kind: u8) -> Option<&[u8]> {
    const SSL: u8 = 0x20;
    while let [found, high, low, after @ ..] = rest {
        let (value, next) = after.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
        if *found == kind && value.len() <= LONGEST_VALUE {
            return Some(value);
        }
        if *found == SSL && (0x21..0x30).contains(&kind) {
            return find_tlv(value.get(5..)?, kind);
        }
        rest = next;
    }
    None
}

fn binary_v4(rest: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let bytes: &[u8; 12] = rest.get(..12)?.try_into().ok()?;
    let ip = |at: usize| IpAddr::V4(Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]));
    let port = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    Some((SocketAddr::new(ip(0), port(8)), SocketAddr::new(ip(4), port(10))))
}

fn binary_v6(rest: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let bytes: &[u8; 36] = rest.get(..36)?.try_into().ok()?;
    let ip = |at: usize| -> Option<IpAddr> {
        let octets: [u8; 16] = bytes[at..at + 16].try_into().ok()?;
        Some(IpAddr::V6(Ipv6Addr::from(octets)))
    };
    let port = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    Some((SocketAddr::new(ip(0)?, port(32)), SocketAddr::new(ip(16)?, port(34))))
}

/// Appends the header for a connection made on behalf of `source`. `fields` follow the addresses of version 2.
pub fn write(
    version: ProxyProtocolVersion,
    (source, destination): (Option<SocketAddr>, Option<SocketAddr>),
    fields: &Fields,
    out: &mut Vec<u8>,
) {
    let pair = source.zip(destination).map(|(source, destination)| same_family(source, destination));
    match version {
        // Writing to a vector cannot fail.
        ProxyProtocolVersion::V1 => drop(write_line(pair, out)),
        ProxyProtocolVersion::V2 => write_binary(pair, fields, out),
    }
}

/// Fields of a header of version 2 (2.2): types, lengths, values.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    bytes: Vec<u8>,
    /// Where the checksum stands in `bytes`.
    checksum: Option<usize>,
}

impl Fields {
    pub const ALPN: u8 = 0x01;
    pub const AUTHORITY: u8 = 0x02;
    const CRC32C: u8 = 0x03;
    pub const UNIQUE_ID: u8 = 0x05;
    pub const SSL: u8 = 0x20;
    pub const SSL_VERSION: u8 = 0x21;
    pub const SSL_CN: u8 = 0x22;
    pub const SSL_CIPHER: u8 = 0x23;
    pub const SSL_SIG_ALG: u8 = 0x24;
    pub const SSL_KEY_ALG: u8 = 0x25;
    /// Their length, behind at most 36 bytes of addresses, has to fit 16 bits.
    const MOST: usize = u16::MAX as usize - 36;

    /// Adds a field; one that the header has no room for is left out.
    pub fn push(&mut self, kind: u8, value: &[u8]) {
        if self.bytes.len() + 3 + value.len() > Self::MOST {
            return;
        }
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&(value.len() as u16).to_be_bytes());
        self.bytes.extend_from_slice(value);
    }

    /// Adds the checksum of the header, computed when that is written.
    pub fn push_checksum(&mut self) {
        self.push(Self::CRC32C, &[0; 4]);
        self.checksum = self.bytes.len().checked_sub(4);
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Both as IPv4 if both are, else both as IPv6.
fn same_family(source: SocketAddr, destination: SocketAddr) -> (SocketAddr, SocketAddr) {
    let canonical = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let (source, destination) = (canonical(source), canonical(destination));
    if source.is_ipv4() == destination.is_ipv4() {
        return (source, destination);
    }
    let wide = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => SocketAddr::new(IpAddr::V6(ip.to_ipv6_mapped()), address.port()),
        IpAddr::V6(_) => address,
    };
    (wide(source), wide(destination))
}

fn write_line(pair: Option<(SocketAddr, SocketAddr)>, out: &mut Vec<u8>) -> std::io::Result<()> {
    let Some((source, destination)) = pair else {
        return out.write_all(b"PROXY UNKNOWN\r\n");
    };
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    let (from, to) = (source.ip(), destination.ip());
    write!(out, "PROXY {family} {from} {to} {} {}\r\n", source.port(), destination.port())
}

fn write_binary(pair: Option<(SocketAddr, SocketAddr)>, fields: &Fields, out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend_from_slice(SIGNATURE);
    write_addresses(pair, fields.bytes.len() as u16, out);
    let behind = out.len();
    out.extend_from_slice(&fields.bytes);
    if let Some(at) = fields.checksum {
        let sum = weir_sample::crc32c(&out[begin..]);
        out[behind + at..behind + at + 4].copy_from_slice(&sum.to_be_bytes());
    }
}

/// Command, family, length of all that follows, addresses.
fn write_addresses(pair: Option<(SocketAddr, SocketAddr)>, fields: u16, out: &mut Vec<u8>) {
    let Some((source, destination)) = pair else {
        out.extend_from_slice(&[0x20, 0]);
        out.extend_from_slice(&fields.to_be_bytes());
        return;
    };
    match (source.ip(), destination.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            out.extend_from_slice(&[0x21, 0x11]);
            out.extend_from_slice(&(12 + fields).to_be_bytes());
            out.extend_from_slice(&from.octets());
            out.extend_from_slice(&to.octets());
        }
        (from, to) => {
            let octets = |ip: IpAddr| match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
                IpAddr::V6(ip) => ip.octets(),
            };
            out.extend_from_slice(&[0x21, 0x21]);
            out.extend_from_slice(&(36 + fields).to_be_bytes());
            out.extend_from_slice(&octets(from));
            out.extend_from_slice(&octets(to));
        }
    }
    out.extend_from_slice(&source.port().to_be_bytes());
    out.extend_from_slice(&destination.port().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn both_versions_come_back() {
        let v4 = (address("192.0.2.1:1000"), address("198.51.100.2:80"));
        let v6 = (address("[2001:db8::1]:1000"), address("[2001:db8::2]:80"));
        for version in [ProxyProtocolVersion::V1, ProxyProtocolVersion::V2] {
            for (source, destination) in [v4, v6] {
                let mut bytes = Vec::new();
                write(version, (Some(source), Some(destination)), &Fields::default(), &mut bytes);
                let header = Header { consumed: bytes.len(), addresses: Some((source, destination)) };
                for end in 0..bytes.len() {
                    assert_eq!(parse(&bytes[..end]), Ok(None));
                }
                bytes.extend_from_slice(b"GET / HTTP/1.1");
                assert_eq!(parse(&bytes), Ok(Some(header)));
            }
        }
    }

    #[test]
    fn example_of_the_specification() {
        let line = b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n";
        let both = address("255.255.255.255:65535");
        assert_eq!(parse(line), Ok(Some(Header { consumed: 56, addresses: Some((both, both)) })));
    }

    #[test]
    fn values_behind_the_addresses() {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend_from_slice(&[0x21, 0x11, 0, 12 + 6 + 3 + 5 + 5]);
        bytes.extend_from_slice(&[127, 0, 0, 1, 127, 0, 0, 1, 1, 2, 3, 4]);
        bytes.extend_from_slice(b"\x02\0\x03abc");
        bytes.extend_from_slice(b"\x20\0\x0a\x01\0\0\0\0\x22\0\x02cn");
        let header = parse(&bytes).unwrap().unwrap();
        let tlvs = tlvs(&bytes[..header.consumed]);
        assert_eq!(find_tlv(tlvs, 0x02), Some(&b"abc"[..]));
        assert_eq!(find_tlv(tlvs, 0x22), Some(&b"cn"[..]));
        assert_eq!(find_tlv(tlvs, 0x05), None);
        assert_eq!(find_tlv(&tlvs[..4], 0x02), None);
    }

    #[test]
    fn others_are_refused() {
        for bytes in
            [&b"GET / HTTP/1.1\r\n"[..], b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", b"PROXY TCP5 a b 1 2\r\n"]
        {
            assert_eq!(parse(bytes), Err(Invalid));
        }
    }
}
