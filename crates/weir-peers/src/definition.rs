//! What a table is, told before its entries.

use weir_shm::{DataKind, DataType, KeyType, TableSpec};

use crate::number::{Malformed, Reader, put};

/// HAProxy's largest array.
pub const ELEMENTS: u64 = 100;

/// The type of a key on the wire.
const fn code(key: KeyType) -> u64 {
    match key {
        KeyType::Integer => 2,
        KeyType::Ip4 => 4,
        KeyType::Ip6 => 5,
        KeyType::String => 6,
        KeyType::Binary => 7,
    }
}

/// The length of a key on the wire: a string's with the byte that ends it in HAProxy's memory.
fn key_length(spec: &TableSpec) -> u64 {
    u64::from(spec.key_len) + u64::from(spec.key == KeyType::String)
}

/// Data of one type in each entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub data: DataType,
    pub elements: u8,
}

/// A table of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// What the other side calls it from here on.
    pub id: u64,
    pub name: Box<[u8]>,
    pub key: u64,
    pub key_length: u64,
    /// The bits of the data types, also of those that are not known here.
    pub bits: u64,
    /// In the order in which entries have them. Behind the first unknown one nothing more can be read.
    pub columns: Vec<Column>,
}

/// Writes the definition of a table that is called `name` and `id`.
pub fn write(spec: &TableSpec, id: u32, name: &str, expire_ms: u32, out: &mut Vec<u8>) {
    put(id.into(), out);
    put(name.len() as u64, out);
    out.extend_from_slice(name.as_bytes());
    put(code(spec.key), out);
    put(key_length(spec), out);
    put(spec.stored.iter().fold(0, |bits, stored| bits | 1 << stored.data.index()), out);
    put(expire_ms.into(), out);
    for stored in &spec.stored {
        let is_rate = stored.data.kind() == DataKind::Rate;
        if stored.data.is_array() || is_rate {
            put(stored.data.index() as u64, out);
        }
        if stored.data.is_array() {
            put(stored.elements.into(), out);
        }
        if is_rate {
            put(stored.period_ms.into(), out);
        }
    }
}

impl Definition {
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let id = reader.number()?;
        let name = reader.counted()?.into();
        let (key, key_length, bits) = (reader.number()?, reader.number()?, reader.number()?);
        // Older versions end here, later ones tell more.
        if !reader.is_empty() {
            reader.number()?;
        }
        let mut elements = [0; DataType::COUNT];
        while !reader.is_empty() {
            let number = reader.number()?;
            let Some(data) = DataType::ALL.get(usize::try_from(number).unwrap_or(usize::MAX)) else { break };
            if data.is_array() {
                let count = reader.number()?;
                if count > ELEMENTS {
                    return Err(Malformed);
                }
                elements[data.index()] = count as u8;
            }
            if data.kind() == DataKind::Rate {
                reader.number()?;
            }
        }
        let there = DataType::ALL.into_iter().filter(|data| bits >> data.index() & 1 == 1);
        let column = |data: DataType| Column {
            data,
            elements: if data.is_array() { elements[data.index()] } else { 1 },
        };
        Ok(Self { id, name, key, key_length, bits, columns: there.map(column).collect() })
    }

    /// Nothing for a type of later versions.
    pub fn key_type(&self) -> Option<KeyType> {
        [KeyType::Integer, KeyType::Ip4, KeyType::Ip6, KeyType::String, KeyType::Binary]
            .into_iter()
            .find(|key| code(*key) == self.key)
    }

    /// Whether its entries are entries of a table here.
    pub fn fits(&self, spec: &TableSpec) -> bool {
        self.key == code(spec.key) && self.key_length == key_length(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use weir_shm::Stored;

    pub fn spec(key: KeyType, key_len: u32, stored: &[Stored]) -> TableSpec {
        TableSpec { name: "t".into(), key, key_len, size: 100, stored: stored.to_vec(), brates_factor: 1 }
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// What HAProxy 2.8 sends of these tables.
    #[test]
    fn definitions_of_haproxy() {
        let arrays = [
            Stored::array(DataType::Gpt, 3, 0),
            Stored::array(DataType::Gpc, 2, 0),
            Stored::array(DataType::GpcRate, 3, 10_000),
        ];
        let all = [
            Stored::new(DataType::Gpt0),
            Stored::new(DataType::Gpc0),
            Stored::rate(DataType::Gpc0Rate, 10_000),
            Stored::new(DataType::ConnCnt),
            Stored::rate(DataType::ConnRate, 11_000),
            Stored::new(DataType::ConnCur),
            Stored::new(DataType::SessCnt),
            Stored::rate(DataType::SessRate, 12_000),
            Stored::new(DataType::HttpReqCnt),
            Stored::rate(DataType::HttpReqRate, 13_000),
            Stored::new(DataType::HttpErrCnt),
            Stored::rate(DataType::HttpErrRate, 14_000),
            Stored::new(DataType::BytesInCnt),
            Stored::rate(DataType::BytesInRate, 15_000),
            Stored::new(DataType::BytesOutCnt),
            Stored::rate(DataType::BytesOutRate, 16_000),
            Stored::new(DataType::Gpc1),
            Stored::rate(DataType::Gpc1Rate, 17_000),
            Stored::new(DataType::HttpFailCnt),
            Stored::rate(DataType::HttpFailRate, 18_000),
        ];
        let sticky = [Stored::new(DataType::ServerId), Stored::new(DataType::ServerKey)];
        let gpc0 = [Stored::new(DataType::Gpc0)];
        let seen = [
            (spec(KeyType::Ip6, 16, &gpc0), 6, "t_v6", 0, "0604745f763605100400"),
            (spec(KeyType::Binary, 8, &gpc0), 5, "t_bin", 0, "0505745f62696e07080400"),
            (spec(KeyType::Integer, 4, &gpc0), 4, "t_int", 0, "0405745f696e7402040400"),
            (
                spec(KeyType::String, 20, &arrays),
                3,
                "t_arr",
                60_000,
                "0305745f6172720615f0f1fe6ef0971c160317021803f0e203",
            ),
            (
                spec(KeyType::Ip4, 4, &all),
                2,
                "t_all",
                300_000,
                "0205745f616c6c0404fef0fe0cf0af910003f0e20305f8a00408f0df040af89d050cf0dc050ef89a0610f0d90612f8970715f0d607",
            ),
            (spec(KeyType::String, 30, &sticky), 7, "b", 10_000, "070162061ff1f1fe00f0e203"),
        ];
        for (spec, id, name, expire, text) in seen {
            let mut out = Vec::new();
            write(&spec, id, name, expire, &mut out);
            assert_eq!(out, hex(text), "{name}");
            let read = Definition::read(&out).unwrap();
            assert!(read.fits(&spec) && &*read.name == name.as_bytes() && read.id == u64::from(id));
            let columns: Vec<_> = read.columns.iter().map(|column| (column.data, column.elements)).collect();
            let stored: Vec<_> = spec.stored.iter().map(|stored| (stored.data, stored.elements)).collect();
            assert_eq!(columns, stored);
        }
    }

    #[test]
    fn other_keys_do_not_fit() {
        let mut out = Vec::new();
        write(&spec(KeyType::String, 20, &[]), 1, "t", 0, &mut out);
        let read = Definition::read(&out).unwrap();
        assert!(!read.fits(&spec(KeyType::String, 10, &[])));
        assert!(!read.fits(&spec(KeyType::Binary, 21, &[])));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_definition_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(definition) = Definition::read(&bytes) {
                prop_assert!(definition.columns.len() <= DataType::COUNT);
            }
        }
    }
}
