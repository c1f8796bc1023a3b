//! Hashes that are not cryptographic (manual 7.3.1).

use super::row::*;
use crate::arg::Arg;
use crate::stage::Resolved;
use crate::value::Value;

pub(super) const ROWS: &[Converter] = &[
    Converter::new("crc32", sig(0, &[Int]), Bin, Sint, "CRC-32 (7.3.1)").computes(hash_crc32),
    Converter::new("crc32c", sig(0, &[Int]), Bin, Sint, "CRC-32C (7.3.1)").computes(hash_crc32c),
    Converter::new("djb2", sig(0, &[Int]), Bin, Sint, "DJB2 hash (7.3.1)").computes(hash_djb2),
    Converter::new("sdbm", sig(0, &[Int]), Bin, Sint, "SDBM hash (7.3.1)").computes(hash_sdbm),
    Converter::new("wt6", sig(0, &[Int]), Bin, Sint, "WT6 hash (7.3.1)"),
    Converter::new("xxh3", sig(0, &[Int]), Bin, Sint, "64-bit XXH3 hash (7.3.1)").computes(xxh3),
    Converter::new("xxh32", sig(0, &[Int]), Bin, Sint, "32-bit XXHash (7.3.1)").computes(xxh32),
    Converter::new("xxh64", sig(0, &[Int]), Bin, Sint, "64-bit XXHash (7.3.1)").computes(xxh64),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// Spreads every input bit over the whole word.
pub(crate) fn avalanche(mut a: u32) -> u32 {
    a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    a = a ^ 0xc761_c23c ^ (a >> 19);
    a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    a = a.wrapping_add(0xd3a2_646c) ^ (a << 9);
    a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    a = a ^ 0xb55a_4f09 ^ (a >> 16);
    a.wrapping_sub(a << 30)
}

pub(crate) fn sdbm(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |hash: u32, byte| {
        u32::from(*byte).wrapping_add(hash << 6).wrapping_add(hash << 16).wrapping_sub(hash)
    })
}

pub(crate) fn djb2(bytes: &[u8]) -> u32 {
    bytes.iter().fold(5381, |hash: u32, byte| (hash << 5).wrapping_add(hash).wrapping_add(u32::from(*byte)))
}

const fn crc_table(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { polynomial ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

static CRC32: [u32; 256] = crc_table(0xedb8_8320);
static CRC32C: [u32; 256] = crc_table(0x82f6_3b78);

fn crc(table: &[u32; 256], bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| table[((crc ^ u32::from(*byte)) & 255) as usize] ^ (crc >> 8))
}

/// RFC 4960, appendix B.
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc(&CRC32C, bytes)
}

pub(crate) fn crc32_of(bytes: &[u8]) -> u32 {
    crc(&CRC32, bytes)
}

/// 32-bit hashes with an optional argument 1 that asks for [`avalanche`].
macro_rules! hashes {
    ($($name:ident = $function:expr;)*) => {$(
        fn $name<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
            let Value::Bin(bytes) = value else { return None };
            let function: fn(&[u8]) -> u32 = $function;
            let hash = function(&bytes);
            let spread = args[0].int().is_some_and(|wanted| wanted != 0);
            Some(Value::Int(i64::from(if spread { avalanche(hash) } else { hash })))
        }
    )*};
}

hashes! {
    hash_sdbm = sdbm;
    hash_djb2 = djb2;
    hash_crc32 = crc32_of;
    hash_crc32c = crc32c;
}

/// Hashes with an optional seed.
macro_rules! seeded {
    ($($name:ident = $function:expr;)*) => {$(
        fn $name<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
            let Value::Bin(bytes) = value else { return None };
            let function: fn(&[u8], u64) -> i64 = $function;
            Some(Value::Int(function(&bytes, args[0].int().unwrap_or(0) as u64)))
        }
    )*};
}

seeded! {
    xxh32 = |bytes, seed| i64::from(xxhash_rust::xxh32::xxh32(bytes, seed as u32));
    xxh64 = |bytes, seed| xxhash_rust::xxh64::xxh64(bytes, seed) as i64;
    xxh3 = |bytes, seed| xxhash_rust::xxh3::xxh3_64_with_seed(bytes, seed) as i64;
}
