//! The NetScaler Client IP insertion header, in its older form (magic, length, IP and TCP headers) and the newer one
//! (a type and a length of the headers in between): what `accept-netscaler-cip` reads.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::proxy_protocol::Header;

/// Why the connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Magic,
    Protocol,
}

const TCP: u8 = 6;

/// Reads a header from the front of `input`. `None`: more is needed.
pub fn parse(input: &[u8], magic: u32) -> Result<Option<Header>, Refused> {
    let Some(start) = word(input, 0) else { return Ok(None) };
    if start != magic {
        return Err(Refused::Magic);
    }
    let (Some(length), Some(&first)) = (word(input, 4), input.get(8)) else { return Ok(None) };
    // Where the older form has the version of an IP header, the newer one has its type, which begins with zeros.
    let (at, length) = match first >> 4 {
        0 => {
            let Some(length) = input.get(10..12) else { return Ok(None) };
            (12, usize::from(u16::from_be_bytes([length[0], length[1]])))
        }
        _ => (8, length as usize),
    };
    if length > MAX_HEADERS {
        return Err(Refused::Protocol);
    }
    let Some(headers) = input.get(at..at + length) else { return Ok(None) };
    let addresses = addresses(headers).ok_or(Refused::Protocol)?;
    Ok(Some(Header { consumed: at + length, addresses: Some(addresses) }))
}

/// An IP and a TCP header with all their options.
const MAX_HEADERS: usize = 512;

fn word(input: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(input.get(at..at + 4)?.try_into().ok()?))
}

/// Source and destination of the TCP segment that begins in `headers`.
fn addresses(headers: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let (source, destination, behind) = match headers.first()? >> 4 {
        4 => {
            let size = usize::from(headers[0] & 15) * 4;
            if size < 20 || *headers.get(9)? != TCP {
                return None;
            }
            let ip = |at: usize| -> Option<IpAddr> {
                let bytes: [u8; 4] = headers.get(at..at + 4)?.try_into().ok()?;
                Some(Ipv4Addr::from(bytes).into())
            };
            (ip(12)?, ip(16)?, size)
        }
        6 if *headers.get(6)? == TCP => {
            let ip = |at: usize| -> Option<IpAddr> {
                let bytes: [u8; 16] = headers.get(at..at + 16)?.try_into().ok()?;
                Some(Ipv6Addr::from(bytes).into())
            };
            (ip(8)?, ip(24)?, 40)
        }
        _ => return None,
    };
    let port = |at: usize| Some(u16::from_be_bytes(headers.get(at..at + 2)?.try_into().ok()?));
    Some((SocketAddr::new(source, port(behind)?), SocketAddr::new(destination, port(behind + 2)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: u32 = 0x1234_5678;

    /// 1.2.3.4:1111 to 5.6.7.8:2222.
    fn headers() -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, TCP, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        bytes.extend([4, 87, 8, 174]);
        bytes.resize(40, 0);
        bytes
    }

    fn expected(consumed: usize) -> Result<Option<Header>, Refused> {
        let address = |text: &str| text.parse().expect("an address");
        let addresses = Some((address("1.2.3.4:1111"), address("5.6.7.8:2222")));
        Ok(Some(Header { consumed, addresses }))
    }

    // Both forms were sent to HAProxy 2.8, which told the addresses.

    #[test]
    fn both_forms() {
        let older = [&MAGIC.to_be_bytes()[..], &40u32.to_be_bytes(), &headers(), b"GET"].concat();
        let newer =
            [&MAGIC.to_be_bytes()[..], &52u32.to_be_bytes(), &[0, 1, 0, 40], &headers(), b"GET"].concat();
        assert_eq!(parse(&older, MAGIC), expected(48));
        assert_eq!(parse(&newer, MAGIC), expected(52));
        for length in 0..48 {
            assert_eq!(parse(&older[..length], MAGIC), Ok(None), "{length} bytes");
        }
    }

    #[test]
    fn refusals() {
        assert_eq!(parse(b"GET / HTTP/1.1\r\n", MAGIC), Err(Refused::Magic));
        let mut udp = [&MAGIC.to_be_bytes()[..], &40u32.to_be_bytes(), &headers()].concat();
        udp[17] = 17;
        assert_eq!(parse(&udp, MAGIC), Err(Refused::Protocol));
    }
}
