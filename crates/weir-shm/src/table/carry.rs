//! A table that takes another's place takes over its entries: every key that fits, and of its data what both store in
//! the same way.

use weir_types::WorkerId;

use super::area::Placed;
use super::data::{DataKind, DataType};
use super::handle::{Position, Table};
use super::key::Key;
use super::row::Row;
use super::spec::KeyType;

/// One entry on its way.
struct Carried {
    key: Vec<u8>,
    touched_ms: u64,
    values: Vec<(DataType, u8, Value)>,
}

enum Value {
    Number(u64),
    Rate((u32, u32, u32)),
    Name(Vec<u8>),
}

/// Copies entries from `old` to `new`; the least recently used first, so that what does not fit is the oldest.
pub(super) fn carry(old: &'static Placed, new: &'static Placed, place: WorkerId, now_ms: u64) {
    if !new.spec.has_keys_of(&old.spec) {
        return;
    }
    let (from, to) = (Table::new(old, place), Table::new(new, place));
    let mut all = Vec::with_capacity(old.used() as usize);
    let mut next = Some(Position::default());
    while let Some(position) = next {
        next = from.visit(position, now_ms, |row| all.push(read(row, &to, now_ms)));
    }
    all.sort_by_key(|entry| entry.touched_ms);
    for entry in &all {
        let key = match new.spec.key {
            KeyType::Ip4 => entry.key[..].try_into().map(Key::Ip4),
            KeyType::Ip6 => entry.key[..].try_into().map(Key::Ip6),
            KeyType::Integer => entry.key[..].try_into().map(|key| Key::Integer(u32::from_ne_bytes(key))),
            KeyType::String | KeyType::Binary => Ok(Key::Bytes(&entry.key)),
        };
        if let Ok(key) = key {
            to.update(&key, entry.touched_ms, |row| write(row, entry, now_ms));
        }
    }
}

fn read(row: &Row, to: &Table, now_ms: u64) -> Carried {
    let mut values = Vec::new();
    for stored in &row.spec().stored {
        let data = stored.data;
        let Some(wanted) = to.spec().stored(data) else { continue };
        // Who is connected now goes on being counted where he is.
        if data == DataType::ConnCur || wanted.period_ms != stored.period_ms {
            continue;
        }
        if data.is_byte_rate() && to.spec().brates_factor != row.spec().brates_factor {
            continue;
        }
        for index in 0..stored.elements.min(wanted.elements) {
            let value = match data.kind() {
                DataKind::Rate => row.rate_parts(data, index, now_ms).map(Value::Rate),
                DataKind::Name => row.server_key().map(Value::Name),
                _ => row.value(data, index, now_ms).map(Value::Number),
            };
            values.extend(value.map(|value| (data, index, value)));
        }
    }
    Carried { key: row.key(), touched_ms: now_ms.saturating_sub(row.idle_ms(now_ms)), values }
}

fn write(row: &Row, entry: &Carried, now_ms: u64) {
    for (data, index, value) in &entry.values {
        match value {
            Value::Number(number) => row.set(*data, *index, *number, now_ms),
            Value::Rate(parts) => row.set_rate_parts(*data, *index, *parts, now_ms),
            Value::Name(name) => std::str::from_utf8(name).is_ok_and(|name| row.set_server_key(name)),
        };
    }
}
