//! Hashes that are not cryptographic (manual 7.3.1).

use super::row::*;

pub(super) const ROWS: &[Converter] = &[
    Converter::new("crc32", sig(0, &[Int]), Bin, Sint, "CRC-32 (7.3.1)"),
    Converter::new("crc32c", sig(0, &[Int]), Bin, Sint, "CRC-32C (7.3.1)"),
    Converter::new("djb2", sig(0, &[Int]), Bin, Sint, "DJB2 hash (7.3.1)"),
    Converter::new("sdbm", sig(0, &[Int]), Bin, Sint, "SDBM hash (7.3.1)"),
    Converter::new("wt6", sig(0, &[Int]), Bin, Sint, "WT6 hash (7.3.1)"),
    Converter::new("xxh3", sig(0, &[Int]), Bin, Sint, "64-bit XXH3 hash (7.3.1)"),
    Converter::new("xxh32", sig(0, &[Int]), Bin, Sint, "32-bit XXHash (7.3.1)"),
    Converter::new("xxh64", sig(0, &[Int]), Bin, Sint, "64-bit XXHash (7.3.1)"),
];
