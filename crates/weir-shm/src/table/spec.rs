//! What a table is: name, key, size, and what is stored with each key.

use super::data::{DataKind, DataType};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum KeyType {
    Ip4,
    Ip6,
    Integer,
    String,
    Binary,
}

impl KeyType {
    const ALL: [KeyType; 5] =
        [KeyType::Ip4, KeyType::Ip6, KeyType::Integer, KeyType::String, KeyType::Binary];

    /// As runtime commands show it.
    pub const fn name(self) -> &'static str {
        match self {
            KeyType::Ip4 => "ip",
            KeyType::Ip6 => "ipv6",
            KeyType::Integer => "integer",
            KeyType::String => "string",
            KeyType::Binary => "binary",
        }
    }
}

/// One data type of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    pub data: DataType,
    /// 1 but for arrays.
    pub elements: u8,
    /// Milliseconds; 0 but for rates.
    pub period_ms: u32,
}

/// Everything that decides where a table's bytes lie and what they mean. Two tables with equal specifications are one
/// table; a table whose specification changed is another, which takes over what it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSpec {
    /// A proxy's, or `peers/table`.
    pub name: String,
    pub key: KeyType,
    /// Bytes of a key: the most of a string.
    pub key_len: u32,
    /// Entries at most.
    pub size: u32,
    /// In the order of their types, each once.
    pub stored: Vec<Stored>,
    /// Bytes in each unit of the byte rates.
    pub brates_factor: u32,
}

impl TableSpec {
    pub fn stored(&self, data: DataType) -> Option<&Stored> {
        self.stored.iter().find(|stored| stored.data == data)
    }

    /// Where an element is kept: the array's, where the table has one, for the older single types.
    pub fn element(&self, data: DataType, index: u8) -> (DataType, u8) {
        let (array, element) = match data {
            DataType::Gpt0 => (DataType::Gpt, 0),
            DataType::Gpc0 => (DataType::Gpc, 0),
            DataType::Gpc1 => (DataType::Gpc, 1),
            DataType::Gpc0Rate => (DataType::GpcRate, 0),
            DataType::Gpc1Rate => (DataType::GpcRate, 1),
            _ => return (data, index),
        };
        if self.stored(array).is_some() { (array, element) } else { (data, index) }
    }

    /// Whether entries of `other` are entries of this one.
    pub fn has_keys_of(&self, other: &TableSpec) -> bool {
        self.key == other.key && (self.key_len == other.key_len || self.key == KeyType::String)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut number = |value: u32| out.extend_from_slice(&value.to_le_bytes());
        number(self.key as u32);
        number(self.key_len);
        number(self.size);
        number(self.brates_factor);
        number(self.stored.len() as u32);
        for stored in &self.stored {
            number(stored.data as u32);
            number(u32::from(stored.elements));
            number(stored.period_ms);
        }
        number(self.name.len() as u32);
        out.extend_from_slice(self.name.as_bytes());
        out
    }

    /// Reads what [`TableSpec::encode`] wrote; nothing from other bytes.
    pub(super) fn decode(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut at = 0;
        let mut number = || {
            let value = u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
            at += 4;
            Some(value)
        };
        let key = *KeyType::ALL.get(number()? as usize)?;
        let (key_len, size, brates_factor) = (number()?, number()?, number()?);
        let count = number()?;
        let mut stored = Vec::new();
        for _ in 0..count.min(DataType::COUNT as u32) {
            let data = *DataType::ALL.get(number()? as usize)?;
            stored.push(Stored { data, elements: number()? as u8, period_ms: number()? });
        }
        let length = number()? as usize;
        let name = String::from_utf8(bytes.get(at..at + length)?.to_vec()).ok()?;
        at += length;
        Some((Self { name, key, key_len, size, stored, brates_factor }, at))
    }
}

impl Stored {
    pub const fn new(data: DataType) -> Self {
        Self { data, elements: 1, period_ms: 0 }
    }

    pub const fn rate(data: DataType, period_ms: u32) -> Self {
        Self { data, elements: 1, period_ms }
    }

    pub const fn array(data: DataType, elements: u8, period_ms: u32) -> Self {
        Self { data, elements, period_ms }
    }

    /// Numbers of 64 bits of each element.
    pub(super) const fn longs(&self) -> usize {
        match self.data.kind() {
            DataKind::Bytes | DataKind::Rate => 1,
            DataKind::Tag | DataKind::Count | DataKind::Name => 0,
        }
    }

    /// Numbers of 32 bits of each element.
    pub(super) const fn shorts(&self) -> usize {
        match self.data.kind() {
            DataKind::Bytes => 0,
            DataKind::Tag | DataKind::Count | DataKind::Rate | DataKind::Name => 1,
        }
    }
}
