//! Tables and entries as text.

use std::cmp::Reverse;
use std::fmt::Write;

use weir_plan::StickTable;
use weir_shm::{DataKind, KeyType, Position, Row, Table};

use super::Found;
use super::filter::Filter;
use crate::View;

/// Every table, the last of the text first.
pub fn list(view: &View<'_>) -> String {
    let mut tables: Vec<_> = view.plan.tables.iter().collect();
    tables.sort_by_key(|table| Reverse((table.span.file, table.span.line)));
    tables.into_iter().map(|plan| head(plan, &Found::of(view, plan).table)).collect()
}

pub fn head(plan: &StickTable, table: &Table) -> String {
    let spec = &plan.spec;
    format!("# table: {}, type: {}, size:{}, used:{}\n", spec.name, spec.key.name(), spec.size, table.used())
}

/// A table and its entries, in the order of their keys.
pub fn all(found: &Found<'_>, filter: &Filter) -> String {
    let mut rows: Vec<(Vec<u8>, String)> = Vec::new();
    let mut next = Some(Position::default());
    while let Some(position) = next {
        next = found.table.visit(position, found.now_ms, |entry| {
            if filter.fits(entry, found.now_ms) {
                rows.push((entry.key(), row(entry, found.shards, found.now_ms)));
            }
        });
    }
    rows.sort_unstable();
    let mut text = head(found.plan, &found.table);
    rows.iter().for_each(|(_, row)| text.push_str(row));
    text
}

pub fn row(row: &Row, shards: u32, now_ms: u64) -> String {
    let mut out = format!("{:#x}: key=", row.pointer());
    match row.spec().key {
        KeyType::String => escape(&row.key(), &mut out),
        KeyType::Binary => row.key().iter().for_each(|byte| {
            // A String takes everything.
            let _ = write!(out, "{byte:02X}");
        }),
        _ => out.push_str(&row.key_text()),
    }
    let shard = match shards {
        0 => 0,
        shards => weir_peers::record::shard(&row.spec().name, &row.key(), shards),
    };
    let _ = write!(out, " use={} exp={} shard={shard}", row.uses(), row.expires_in_ms(now_ms));
    for stored in &row.spec().stored {
        for index in 0..stored.elements {
            let name = stored.data.name();
            out.push(' ');
            let _ = match stored.data.is_array() {
                // `gpc_rate` of three is `gpc0_rate`, `gpc1_rate`, `gpc2_rate`.
                true => write!(out, "{}{index}{}", &name[..3], &name[3..]),
                false => write!(out, "{name}"),
            };
            let value = row.value(stored.data, index, now_ms).unwrap_or(0);
            let _ = match stored.data.kind() {
                DataKind::Rate => write!(out, "({})={value}", stored.period_ms),
                DataKind::Name => match row.server_key() {
                    Some(name) => write!(out, "={}", String::from_utf8_lossy(&name)),
                    None => write!(out, "=-"),
                },
                DataKind::Tag | DataKind::Count | DataKind::Bytes => write!(out, "={value}"),
            };
        }
    }
    out.push('\n');
    out
}

/// A key that is one word whatever it holds.
fn escape(key: &[u8], out: &mut String) {
    for byte in key {
        let _ = match byte {
            b'\t' => write!(out, "\\t"),
            b'\n' => write!(out, "\\n"),
            b'\r' => write!(out, "\\r"),
            0x1b => write!(out, "\\e"),
            b' ' | b'\\' | b'=' => write!(out, "\\{}", char::from(*byte)),
            b'!'..=b'~' => write!(out, "{}", char::from(*byte)),
            other => write!(out, "\\x{other:02X}"),
        };
    }
}
