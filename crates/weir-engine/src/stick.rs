//! `stick` rules (manual 4.2): a stream goes to the server that an entry of a stick table names, and entries are given
//! the server that a stream went to.

use std::sync::Arc;

use weir_plan::{Backend, Plan, Server, StickTable, StoredFrom};
use weir_sample::{OwnedValue, Verdict};
use weir_shm::{DataType, ServerKey, Shm};
use weir_types::{ServerId, TableId};

use crate::server::{Target, target};
use crate::tracking::with_key;
use crate::turn::Turn;

/// Entries that a request or a response may be stored under at once (manual 4.2 `stick store-request`).
const STORES: usize = 8;

/// What is stored under once the server is known.
pub type Stores = Vec<(TableId, OwnedValue)>;

impl Turn<'_, '_> {
    /// `stick match`, `stick on`, and the keys of `stick store-request`. A server that a cookie or `use-server` asks
    /// for stays.
    pub fn meet_stick_rules(&mut self, plan: &Arc<Plan>) {
        let proxy = plan.proxy(self.stream.backend);
        let Some(backend) = proxy.backend.as_deref().filter(|backend| !backend.stick.is_empty()) else {
            return;
        };
        let now_ms = self.now_ms();
        let applies = |turn: &Self, conditions: &[weir_sample::Condition<weir_sample::Resolved>]| {
            conditions.iter().any(|condition| condition.eval(&turn.view(true)) == Verdict::Pass)
        };
        let ignored = applies(self, &backend.ignore_persist);
        for rule in backend.stick.iter() {
            let finds = rule.finds && self.stream.designated.is_none() && !ignored;
            let stores = rule.stores == Some(StoredFrom::Request) && self.may_store(rule.table);
            if !finds && !stores {
                continue;
            }
            let view = self.view(true);
            if rule.condition.as_ref().is_some_and(|condition| condition.eval(&view) != Verdict::Pass) {
                continue;
            }
            let Some(key) = rule.key.eval(&view).value().map(weir_sample::Value::into_owned) else {
                continue;
            };
            let (planned, table) = (plan.table(rule.table), view.table(rule.table));
            if finds {
                let stuck = with_key(&table, &key, |key| {
                    table.refresh(key, now_ms, |row| {
                        (row.value(DataType::ServerId, 0, now_ms).unwrap_or(0) as u32, row.server_key())
                    })
                });
                let server = stuck
                    .flatten()
                    .and_then(|(id, name)| find(plan, backend, planned, self.worker.shm, id, name));
                let persist = || proxy.settings.options.persist || applies(self, &backend.force_persist);
                let reached = |id: &ServerId| {
                    self.worker.shm.server(plan.server(*id).slot).state.usable_for_persistence() || persist()
                };
                self.stream.designated = server.filter(reached);
            }
            if stores {
                self.stream.stick_stores.push((rule.table, key));
            }
        }
    }

    /// The server has answered, or in TCP mode taken the connection: entries learn it.
    pub fn store_stick_entries(&mut self, plan: &Arc<Plan>) {
        let Some(backend) = plan.proxy(self.stream.backend).backend.as_deref() else { return };
        if backend.stick.is_empty() {
            return;
        }
        let requested = self.stream.stick_stores.len();
        for rule in backend.stick.iter().filter(|rule| rule.stores == Some(StoredFrom::Response)) {
            let stores = &self.stream.stick_stores[requested..];
            if stores.len() >= STORES || stores.iter().any(|(table, _)| *table == rule.table) {
                continue;
            }
            let view = self.view(true);
            if rule.condition.as_ref().is_some_and(|condition| condition.eval(&view) != Verdict::Pass) {
                continue;
            }
            if let Some(key) = rule.key.eval(&view).value().map(weir_sample::Value::into_owned) {
                self.stream.stick_stores.push((rule.table, key));
            }
        }
        let stores = std::mem::take(&mut self.stream.stick_stores);
        let Some(assigned) = &self.stream.assigned else { return };
        let server = plan.server(assigned.server);
        if server.settings.non_stick || !server.is_named() {
            return;
        }
        let now_ms = self.now_ms();
        for (id, key) in &stores {
            let (planned, table) = (plan.table(*id), self.view(true).table(*id));
            let name = known_as(planned, server, self.worker.shm);
            with_key(&table, key, |key| {
                table.update(key, now_ms, |row| {
                    row.set(DataType::ServerId, 0, server.id.into(), now_ms);
                    row.set_server_key(&name);
                })
            });
        }
    }

    /// Each table learns one key of a request.
    fn may_store(&self, table: TableId) -> bool {
        let stores = &self.stream.stick_stores;
        stores.len() < STORES && !stores.iter().any(|(other, _)| *other == table)
    }
}

/// What a table knows a server by: its name, or with `srvkey addr` its address.
fn known_as(table: &StickTable, server: &Server, shm: Shm) -> String {
    match target(server, shm, || None) {
        Some(Target::Ip(address)) if table.by_address => address.to_string(),
        _ => server.name.to_string(),
    }
}

/// The server of a backend that an entry names, else the one with its number.
fn find(
    plan: &Plan,
    backend: &Backend,
    table: &StickTable,
    shm: Shm,
    id: u32,
    name: Option<ServerKey>,
) -> Option<ServerId> {
    let mut servers = backend.servers.iter();
    let numbered = || backend.servers.iter().find(|server| plan.server(*server).id == id);
    let Some(name) = name else { return numbered() };
    let is = |server: &ServerId| known_as(table, plan.server(*server), shm).as_bytes() == name;
    // The number is right unless the text has changed since.
    numbered().filter(is).or_else(|| servers.find(is)).or_else(numbered)
}
