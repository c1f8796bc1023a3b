//! Stick tables and stick rules. A table's description is complete once all rules are known: those that stick to a
//! server by it have it store the server.

use std::collections::HashSet;

use weir_config::model::{Config, Name, StickRule as Written, StickVerb};
use weir_plan::table::key_type;
use weir_plan::{StickRule, StickTable, StoredFrom};
use weir_sample::castable;
use weir_shm::{DataType, Stored, TableSpec};
use weir_types::{Diagnostic, Diagnostics, Form, Level, TableId};

use crate::names::Names;
use crate::resolver::Resolver;
use crate::slots::Slots;

/// The `stick` lines of a backend. Tables they name are noted in `sticky`.
pub fn stick_rules(
    lines: &[Written],
    resolver: &mut Resolver<'_, '_>,
    sticky: &mut HashSet<TableId>,
) -> Vec<StickRule> {
    lines.iter().filter_map(|line| stick_rule(line, resolver, sticky)).collect()
}

fn stick_rule(
    line: &Written,
    resolver: &mut Resolver<'_, '_>,
    sticky: &mut HashSet<TableId>,
) -> Option<StickRule> {
    let proxy = resolver.proxy.name.clone();
    let name = line.table.as_ref().map_or(&*proxy, |name| &*name.text);
    resolver.at("in stick rule");
    let key = resolver.expr(&line.key, line.span);
    let condition = resolver.optional(line.condition.as_ref());
    let Some((table, written)) = resolver.names.table_called(name) else {
        let text = format!("Proxy '{proxy}': unable to find stick-table '{name}'.");
        resolver.missing(line.span, text, name);
        return None;
    };
    let (key, condition) = (key?, condition.ok()?);
    if !castable(key.output(), key_type(written.key)) {
        let text = format!("Proxy '{proxy}': type of fetch not usable with type of stick-table '{name}'.");
        resolver.alert(line.span, text);
        return None;
    }
    sticky.insert(table);
    let (finds, stores) = match line.verb {
        StickVerb::Match => (true, None),
        StickVerb::On => (true, Some(StoredFrom::Request)),
        StickVerb::StoreRequest => (false, Some(StoredFrom::Request)),
        StickVerb::StoreResponse => (false, Some(StoredFrom::Response)),
    };
    Some(StickRule { finds, stores, key, table, condition })
}

/// All tables, in the order of their numbers.
pub fn tables(
    config: &Config,
    names: &Names<'_>,
    sticky: &HashSet<TableId>,
    slots: &mut dyn Slots,
    diagnostics: &mut Diagnostics,
) -> Vec<StickTable> {
    let mut tables: Vec<StickTable> = Vec::new();
    for (name, written) in names.tables() {
        let id = TableId(tables.len() as u32);
        let mut stored = written.store.clone();
        if sticky.contains(&id) {
            for data in [DataType::ServerId, DataType::ServerKey] {
                if !stored.iter().any(|stored| stored.data == data) {
                    stored.push(Stored::new(data));
                }
            }
            stored.sort_by_key(|stored| stored.data);
        }
        let spec = TableSpec {
            name: name.to_string(),
            key: written.key,
            key_len: written.key_len,
            size: written.size,
            stored,
            brates_factor: written.brates_factor,
        };
        let mut push = |text: String, wants: Option<&Name>| {
            let span = wants.map_or(written.span, |name| name.span);
            let mut alert = Diagnostic::new(Level::Alert, Form::Bare, Some(span), text);
            alert.wants = wants.map(|name| (*name.text).into());
            diagnostics.push(alert);
        };
        if let Some(peers) = &written.peers
            && !config.peers.iter().any(|section| *section.name == *peers.text)
        {
            push(format!("Proxy '{name}': unable to find sync peers '{}'.", peers.text), Some(peers));
        }
        let write_to = written.write_to.as_ref().and_then(|target| {
            let found = names.table_called(&target.text);
            match found {
                None => {
                    let text = format!("Table '{name}': unable to find write-to table '{}'.", target.text);
                    push(text, Some(target));
                }
                Some((other, _)) if other == id => {
                    push(format!("Table '{name}': write-to table must not be the table itself."), None);
                }
                Some((_, other)) if other.key != written.key || other.key_len != written.key_len => {
                    let text = "must have the same type and the same key length";
                    push(format!("Table '{name}': write-to table '{}' {text}.", target.text), None);
                }
                Some(_) => {}
            }
            found.map(|(id, _)| id)
        });
        let section =
            config.peers.iter().find(|section| section.tables.iter().any(|table| *table.name == *name));
        let section = section.map(|section| section.name.clone());
        let of_peers = section.is_some();
        let slot = slots.table(&spec);
        tables.push(StickTable {
            spec,
            expire_ms: written.expire.unwrap_or(0),
            nopurge: written.nopurge,
            by_address: written.srvkey_addr,
            recv_only: written.recv_only,
            write_to,
            peers: section.or_else(|| written.peers.as_ref().map(|peers| peers.text.clone())),
            of_peers,
            span: written.span,
            slot,
        });
    }
    tables
}
