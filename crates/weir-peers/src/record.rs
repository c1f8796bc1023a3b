//! One entry of a table on the wire: its key and its data in the order of their types.

use weir_shm::{DataKind, DataType, Key, KeyType, Row, TableSpec};

use crate::definition::Definition;
use crate::dictionary::Dictionary;
use crate::number::{Malformed, Reader, put};

/// The shard of a key out of so many, counted from 1: by the key's bytes and the name of the table.
pub fn shard(table: &str, key: &[u8], shards: u32) -> u32 {
    use xxhash_rust::xxh64::xxh64;
    if shards == 0 {
        return 0;
    }
    (xxh64(key, xxh64(table.as_bytes(), 0)) % u64::from(shards)) as u32 + 1
}

/// Writes key and data.
pub fn write(row: &Row, now_ms: u64, names: &mut Dictionary, out: &mut Vec<u8>) {
    let (spec, key) = (row.spec(), row.key());
    match spec.key {
        KeyType::String => {
            put(key.len() as u64, out);
            out.extend_from_slice(&key);
        }
        KeyType::Integer => out.extend_from_slice(&row.integer().unwrap_or(0).to_be_bytes()),
        KeyType::Ip4 | KeyType::Ip6 | KeyType::Binary => out.extend_from_slice(&key),
    }
    for stored in &spec.stored {
        for index in 0..stored.elements {
            match stored.data.kind() {
                DataKind::Tag | DataKind::Count | DataKind::Bytes => {
                    put(row.value(stored.data, index, now_ms).unwrap_or(0), out);
                }
                DataKind::Rate => {
                    let (elapsed, events, past) =
                        row.rate_parts(stored.data, index, now_ms).unwrap_or_default();
                    [elapsed, events, past].into_iter().for_each(|part| put(part.into(), out));
                }
                DataKind::Name => names.write(row.server_key().as_deref(), out),
            }
        }
    }
}

/// What was read of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub key: RecordKey<'a>,
    pub values: Vec<(DataType, u8, Value)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordKey<'a> {
    Bytes(&'a [u8]),
    Integer(u32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Number(u64),
    /// Milliseconds since the running period began, events in it, events in the one before.
    Rate(u32, u32, u32),
    Name(Option<Box<[u8]>>),
}

impl<'a> Record<'a> {
    /// Reads key and data of an entry of this table.
    pub fn read(bytes: &'a [u8], definition: &Definition, names: &mut Dictionary) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let key = match definition.key_type().ok_or(Malformed)? {
            KeyType::String => RecordKey::Bytes(reader.counted()?),
            KeyType::Integer => RecordKey::Integer(reader.word()?),
            KeyType::Ip4 | KeyType::Ip6 | KeyType::Binary => {
                let length = usize::try_from(definition.key_length).map_err(|_| Malformed)?;
                RecordKey::Bytes(reader.bytes(length)?)
            }
        };
        let mut values = Vec::new();
        for column in &definition.columns {
            for index in 0..column.elements {
                let value = match column.data.kind() {
                    DataKind::Tag | DataKind::Count | DataKind::Bytes => Value::Number(reader.number()?),
                    DataKind::Rate => Value::Rate(reader.short()?, reader.short()?, reader.short()?),
                    DataKind::Name => Value::Name(names.read(&mut reader)?.map(Box::from)),
                };
                values.push((column.data, index, value));
            }
        }
        Ok(Self { key, values })
    }

    pub fn key(&self, spec: &TableSpec) -> Option<Key<'a>> {
        match self.key {
            RecordKey::Integer(number) => Some(Key::Integer(number)),
            RecordKey::Bytes(bytes) => match spec.key {
                KeyType::Ip4 => bytes.try_into().ok().map(Key::Ip4),
                KeyType::Ip6 => bytes.try_into().ok().map(Key::Ip6),
                _ => Some(Key::Bytes(bytes)),
            },
        }
    }

    /// Writes what was read into an entry; who is connected here only where the table is filled by peers alone.
    pub fn apply(&self, row: &Row, recv_only: bool, now_ms: u64) {
        for (data, index, value) in &self.values {
            if *data == DataType::ConnCur && !recv_only {
                continue;
            }
            set(row, *data, *index, value, now_ms);
        }
    }

    /// What goes into the table that a table writes to: nothing that is counted.
    pub fn apply_uncounted(&self, row: &Row, now_ms: u64) {
        for (data, index, value) in &self.values {
            if matches!(data.kind(), DataKind::Tag | DataKind::Name) {
                set(row, *data, *index, value, now_ms);
            }
        }
    }
}

fn set(row: &Row, data: DataType, index: u8, value: &Value, now_ms: u64) {
    match value {
        Value::Number(number) => {
            row.set(data, index, *number, now_ms);
        }
        // Longer ago than times of 32 bits tell apart: all of it is over.
        Value::Rate(elapsed, ..) if *elapsed > u32::MAX / 2 => {
            row.set_rate_parts(data, index, (0, 0, 0), now_ms);
        }
        Value::Rate(elapsed, events, past) => {
            row.set_rate_parts(data, index, (*elapsed, *events, *past), now_ms);
        }
        Value::Name(name) => {
            let name = name.as_deref().and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default();
            row.set_server_key(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Column;
    use proptest::prelude::*;

    /// `show table` of HAProxy 2.8 with `shards 7`.
    #[test]
    fn shards_of_haproxy() {
        assert_eq!(shard("t_s", b"k1", 7), 6);
        assert_eq!(shard("t_s", b"k10", 7), 7);
        assert_eq!(shard("t_s", b"k11", 7), 7);
        assert_eq!(shard("t_s", b"k11", 0), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_entry_or_none(
            bytes in proptest::collection::vec(any::<u8>(), 0..120),
            kinds in proptest::collection::vec((0..DataType::COUNT, 1..=100u8), 0..6),
            key in 0..9u64,
        ) {
            let columns = kinds.iter().map(|(data, elements)| Column { data: DataType::ALL[*data], elements: *elements });
            let definition =
                Definition { id: 1, name: [].into(), key, key_length: 16, bits: 0, columns: columns.collect() };
            if let Ok(record) = Record::read(&bytes, &definition, &mut Dictionary::default()) {
                prop_assert!(record.values.len() <= bytes.len());
            }
        }
    }
}
