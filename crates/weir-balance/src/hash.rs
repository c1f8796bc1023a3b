//! Hash functions of `hash-type` and the keys that are no byte strings. `wt6` is not here: its definition stands in
//! HAProxy's source alone.

use std::net::IpAddr;

/// `hash-type ... sdbm`, the default.
pub fn sdbm(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0u32, |hash, byte| {
        u32::from(*byte).wrapping_add(hash << 6).wrapping_add(hash << 16).wrapping_sub(hash)
    })
}

/// `hash-type ... djb2`.
pub fn djb2(bytes: &[u8]) -> u32 {
    bytes.iter().fold(5381u32, |hash, byte| hash.wrapping_mul(33).wrapping_add(u32::from(*byte)))
}

/// `hash-type ... crc32`: the checksum of Ethernet and gzip.
pub fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    let add = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc));
    !bytes.iter().fold(u32::MAX, add)
}

/// `hash-type ... none`: the key is a number already, written in decimal; what is no number is 0.
pub fn number(bytes: &[u8]) -> u32 {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let value =
        digits.fold(0u32, |value, digit| value.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')));
    if negative { value.wrapping_neg() } else { value }
}

/// `avalanche`: Bob Jenkins's 32-bit integer hash with full avalanche
/// (<https://burtleburtle.net/bob/hash/integer.html>), times a constant found from the converters' recorded answers.
pub fn avalanche(mut a: u32) -> u32 {
    a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    a = a ^ 0xc761_c23c ^ (a >> 19);
    a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    a = a.wrapping_add(0xd3a2_646c) ^ (a << 9);
    a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    a = a ^ 0xb55a_4f09 ^ (a >> 16);
    a.wrapping_sub(a << 30)
}

/// The key of `balance source`: an IPv4 address as a number, an IPv6 address as its four words combined. Only an
/// avalanche is applied to it, no hash function.
pub fn source(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            (0..4).fold(0, |hash, word| hash ^ (bits >> (32 * word)) as u32)
        }
    }
}

/// `hash-key addr` and `addr-port`: what a server's nodes on the ring are derived from. HAProxy's derivation is not
/// published; this one depends on nothing but the address, so that all weirs agree.
pub fn address_key(address: IpAddr, port: Option<u16>) -> u32 {
    let mut key = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    key.extend(port.into_iter().flat_map(u16::to_be_bytes));
    avalanche(crc32(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Check values of the functions' own publications ("123456789" for CRC-32).
    #[test]
    fn known_values() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(djb2(b""), 5381);
        assert_eq!(djb2(b"a"), 177_670);
        assert_eq!(sdbm(b"a"), 97);
    }
}
