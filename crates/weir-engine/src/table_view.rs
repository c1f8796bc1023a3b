//! Entries of stick tables as expressions ask for them.

use weir_rules::StickElement;
use weir_sample::Value;
use weir_sample::stream::{EntryOf, General, TableAsk};
use weir_shm::{DataType, Row, Table};
use weir_types::TableId;

use crate::tracking::{count_general, key_of, with_key};
use crate::view::View;

impl View<'_> {
    pub fn table(&self, id: TableId) -> Table {
        self.worker.shm.table(self.client.session.plan.table(id).slot, self.worker.id)
    }

    pub fn answer_of_table(&self, entry: EntryOf<'_>, ask: TableAsk) -> Option<i64> {
        let now_ms = self.worker.clock.now_ms();
        let (counter, table) = match entry {
            EntryOf::Key { key, table } => return of_key(&self.table(table), key, ask, now_ms, true),
            EntryOf::Counter { counter, table } => (counter, table.map(|table| self.table(table))),
        };
        let other = |own: Table| table.filter(|table| !table.is(&own));
        let here = self.tracked(counter, |tracked| match other(tracked.table()) {
            Some(other) => Err((other, tracked.peek(key_of))),
            None if changes(ask) => Ok(tracked.update(now_ms, |row| answer(row, ask, now_ms))),
            None => Ok(tracked.peek(|row| answer(row, ask, now_ms))),
        })?;
        match here {
            Ok(answer) => answer,
            Err(_) if ask == TableAsk::Present => Some(1),
            Err((other, key)) => of_key(&other, &key, ask, now_ms, false),
        }
    }
}

/// `makes`: what changes an entry makes it where there is none.
fn of_key(table: &Table, key: &Value<'_>, ask: TableAsk, now_ms: u64, makes: bool) -> Option<i64> {
    with_key(table, key, |key| {
        let found = if changes(ask) && makes {
            return table.update(key, now_ms, |row| answer(row, ask, now_ms))?;
        } else if changes(ask) {
            table.refresh(key, now_ms, |row| answer(row, ask, now_ms))
        } else {
            table.peek(key, now_ms, |row| answer(row, ask, now_ms))
        };
        found.unwrap_or(match ask {
            TableAsk::Expire | TableAsk::Idle => None,
            _ => Some(0),
        })
    })?
}

fn changes(ask: TableAsk) -> bool {
    matches!(ask, TableAsk::Increment(_) | TableAsk::Clear(_) | TableAsk::CountConnection)
}

fn element(general: General) -> StickElement {
    match general {
        General::Array(index) => StickElement::Array(index),
        General::Single(index) => StickElement::Single(index),
    }
}

fn answer(row: &Row, ask: TableAsk, now_ms: u64) -> Option<i64> {
    let read = |data: DataType, index: u8| {
        let (data, index) = row.spec().element(data, index);
        row.value(data, index, now_ms).map(|value| value as i64)
    };
    match ask {
        TableAsk::Value(data, index) => read(data, index),
        TableAsk::Kilobytes(data) => read(data, 0).map(|bytes| bytes >> 10),
        TableAsk::Increment(general) => Some(count_general(row, element(general), 1, now_ms)),
        TableAsk::Clear(general) => {
            let (data, index) = match general {
                General::Array(index) => (DataType::Gpc, index),
                General::Single(0) => row.spec().element(DataType::Gpc0, 0),
                General::Single(_) => row.spec().element(DataType::Gpc1, 0),
            };
            let old = row.value(data, index, now_ms)?;
            row.set(data, index, 0, now_ms);
            Some(old as i64)
        }
        TableAsk::CountConnection => {
            row.add(DataType::ConnRate, 0, 1, now_ms);
            row.add(DataType::ConnCnt, 0, 1, now_ms).map(|count| count as i64)
        }
        TableAsk::Trackers => Some(row.uses().into()),
        TableAsk::Expire => Some(row.expires_in_ms(now_ms) as i64),
        TableAsk::Idle => Some(row.idle_ms(now_ms) as i64),
        TableAsk::Present => Some(1),
    }
}
