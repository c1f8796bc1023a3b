//! A key as a table keeps it: cut or filled up to the table's length.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::spec::{KeyType, TableSpec};

/// The bytes of one key. Borrowed where the key is a text, so that a look-up allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    Ip4([u8; 4]),
    Ip6([u8; 16]),
    Integer(u32),
    /// A string or a block of bytes.
    Bytes(&'a [u8]),
}

impl From<Ipv4Addr> for Key<'_> {
    fn from(address: Ipv4Addr) -> Self {
        Key::Ip4(address.octets())
    }
}

impl From<Ipv6Addr> for Key<'_> {
    fn from(address: Ipv6Addr) -> Self {
        Key::Ip6(address.octets())
    }
}

impl Key<'_> {
    /// The bytes that are compared, before they are filled up with zeros.
    pub(super) fn bytes<'k>(&'k self, spec: &TableSpec, number: &'k mut [u8; 4]) -> &'k [u8] {
        let bytes: &[u8] = match self {
            Key::Ip4(bytes) => bytes,
            Key::Ip6(bytes) => bytes,
            Key::Integer(value) => {
                *number = value.to_ne_bytes();
                number
            }
            Key::Bytes(bytes) => bytes,
        };
        &bytes[..bytes.len().min(spec.key_len as usize)]
    }

    pub fn fits(&self, key: KeyType) -> bool {
        match self {
            Key::Ip4(_) => key == KeyType::Ip4,
            Key::Ip6(_) => key == KeyType::Ip6,
            Key::Integer(_) => key == KeyType::Integer,
            Key::Bytes(_) => matches!(key, KeyType::String | KeyType::Binary),
        }
    }
}

/// Word `index` of a key that is `bytes` and then zeros.
pub(super) fn word(bytes: &[u8], index: usize) -> u32 {
    let start = (index * 4).min(bytes.len());
    let end = (start + 4).min(bytes.len());
    let mut word = [0; 4];
    word[..end - start].copy_from_slice(&bytes[start..end]);
    u32::from_le_bytes(word)
}

/// Spreads keys over shards and chains. Seeded, so that clients who choose their keys cannot choose their chain.
pub(super) fn hash(seed: u64, bytes: &[u8], words: usize) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = seed;
    for index in (0..words).step_by(2) {
        let low = u64::from(word(bytes, index));
        let high = if index + 1 < words { u64::from(word(bytes, index + 1)) } else { 0 };
        hash = mix(hash ^ (low | high << 32), FACTOR ^ seed.rotate_left(32));
    }
    mix(hash, FACTOR)
}

/// The halves of a product of 128 bits, folded.
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x2545_f491_4f6c_dd1d) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}
