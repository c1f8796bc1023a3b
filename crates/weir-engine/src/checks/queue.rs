//! Which server is checked next. Survives a change of plan: a server that is still there keeps its time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use weir_check::{Health, Schedule, first_delay};
use weir_plan::Plan;
use weir_types::{ProxyId, ServerId, Slot};

/// A server with `check` in the plan in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    pub server: ServerId,
    pub backend: ProxyId,
    pub slot: Slot,
}

#[derive(Debug, Default)]
pub struct Queue {
    servers: Vec<Checked>,
    /// Index into `servers`.
    by_slot: HashMap<Slot, usize>,
    /// When the check of a slot begins; absent while one is in progress.
    due: BinaryHeap<Reverse<(u64, Slot)>>,
    /// When the latest check of a server began.
    began: HashMap<Slot, u64>,
}

impl Queue {
    /// Takes up the checked servers of `plan`. New ones are spread over the shortest interval of all.
    pub fn follow(&mut self, plan: &Plan, now_ms: u64) {
        let before = std::mem::take(&mut self.by_slot);
        self.servers = checked_servers(plan);
        self.by_slot =
            self.servers.iter().enumerate().map(|(index, checked)| (checked.slot, index)).collect();
        let kept = std::mem::take(&mut self.due).into_vec();
        self.due = kept.into_iter().filter(|Reverse((_, slot))| self.by_slot.contains_key(slot)).collect();
        self.began.retain(|slot, _| self.by_slot.contains_key(slot));
        let new: Vec<Slot> = self
            .servers
            .iter()
            .map(|checked| checked.slot)
            .filter(|slot| !before.contains_key(slot))
            .collect();
        let inter = self.servers.iter().map(|checked| plan.server(checked.server).settings.check.inter).min();
        let inter = inter.map(|inter| inter.min(plan.global.max_spread_checks.unwrap_or(u32::MAX)));
        for (place, slot) in new.iter().enumerate() {
            let delay = first_delay(u64::from(inter.unwrap_or(0)), place, new.len());
            self.due.push(Reverse((now_ms + delay, *slot)));
        }
    }

    pub fn next_ms(&self) -> Option<u64> {
        self.due.peek().map(|Reverse((due_ms, _))| *due_ms)
    }

    /// The next server whose check is to begin at or before `now_ms`.
    pub fn take_due(&mut self, now_ms: u64) -> Option<Checked> {
        let Reverse((due_ms, slot)) = *self.due.peek()?;
        if due_ms > now_ms {
            return None;
        }
        self.due.pop();
        self.began.insert(slot, now_ms);
        self.find(slot)
    }

    pub fn find(&self, slot: Slot) -> Option<Checked> {
        self.by_slot.get(&slot).map(|index| self.servers[*index])
    }

    /// Puts a server back after its check has ended.
    pub fn reschedule(&mut self, plan: &Plan, checked: Checked, health: &Health, now_ms: u64) {
        let schedule = schedule(plan, checked.server);
        let began = self.began.get(&checked.slot).copied().unwrap_or(now_ms);
        let due_ms = (began + schedule.delay_ms(health, random())).max(now_ms);
        self.due.push(Reverse((due_ms, checked.slot)));
    }

    /// Puts a server back whose check did not begin.
    pub fn skip(&mut self, plan: &Plan, checked: Checked, now_ms: u64) {
        let inter = u64::from(plan.server(checked.server).settings.check.inter);
        self.due.push(Reverse((now_ms + inter, checked.slot)));
    }
}

fn checked_servers(plan: &Plan) -> Vec<Checked> {
    let mut all = Vec::new();
    for proxy in plan.proxies.iter().filter(|proxy| !proxy.disabled) {
        let Some(backend) = &proxy.backend else { continue };
        for index in backend.servers.clone() {
            let server = ServerId(index);
            let line = plan.server(server);
            if line.settings.check.enabled {
                all.push(Checked { server, backend: proxy.index, slot: line.slot });
            }
        }
    }
    all
}

fn schedule(plan: &Plan, server: ServerId) -> Schedule {
    let check = &plan.server(server).settings.check;
    Schedule {
        inter_ms: u64::from(check.inter),
        fastinter_ms: check.fastinter.map(u64::from),
        downinter_ms: check.downinter.map(u64::from),
        spread_percent: u64::from(plan.global.spread_checks),
    }
}

/// Enough to spread checks by.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_plan::settings::{ServerCheck, ServerSettings};
    use weir_plan::{Backend, Proxy, Server, ServerTarget};
    use weir_types::{Mode, PortSpec, ProxyKind};

    use super::*;

    fn plan(slots: &[u32]) -> Plan {
        let check = ServerCheck { enabled: true, inter: 1000, ..ServerCheck::default() };
        let settings = Arc::new(ServerSettings { check, ..ServerSettings::default() });
        let server = |slot: &u32| Server {
            tls: None,
            name: format!("s{slot}").into(),
            id: 1,
            target: ServerTarget::Ip { ip: [127, 0, 0, 1].into(), port: PortSpec::Fixed(80) },
            settings: settings.clone(),
            cookie: None,
            track: None,
            span: Default::default(),
            slot: Slot(*slot),
        };
        let servers: Vec<Server> = slots.iter().map(server).collect();
        let backend = Backend {
            balance: Default::default(),
            balance_key: None,
            cookie: None,
            servers: 0..slots.len() as u32,
            use_server: Vec::new(),
            check: Default::default(),
            fullconn: None,
            send_name_header: None,
            force_persist: Vec::new(),
            ignore_persist: Vec::new(),
        };
        let proxy = Proxy {
            compresses: Default::default(),
            index: ProxyId(0),
            name: "b".into(),
            id: 1,
            kind: ProxyKind::Backend,
            mode: Mode::Http,
            span: Default::default(),
            disabled: false,
            settings: Default::default(),
            rules: None,
            bandwidth: Vec::new(),
            frontend: None,
            backend: Some(Box::new(backend)),
            frontend_slot: Slot(0),
            backend_slot: Slot(0),
        };
        Plan { proxies: vec![proxy], servers, ..Plan::default() }
    }

    fn due(queue: &mut Queue, now_ms: u64) -> Vec<u32> {
        std::iter::from_fn(|| queue.take_due(now_ms)).map(|checked| checked.slot.0).collect()
    }

    #[test]
    fn first_checks_are_spread_over_the_interval() {
        let mut queue = Queue::default();
        queue.follow(&plan(&[1, 2]), 100);
        assert_eq!(due(&mut queue, 100), [1]);
        assert_eq!(due(&mut queue, 599), [] as [u32; 0]);
        assert_eq!(due(&mut queue, 600), [2]);
    }

    /// `max-spread-checks` (manual 3.2).
    #[test]
    fn first_checks_are_spread_over_less_where_that_is_asked_for() {
        let mut queue = Queue::default();
        let mut plan = plan(&[1, 2]);
        plan.global.max_spread_checks = Some(200);
        queue.follow(&plan, 100);
        assert_eq!(due(&mut queue, 199), [1]);
        assert_eq!(due(&mut queue, 200), [2]);
    }

    #[test]
    fn the_interval_counts_from_the_begin_of_a_check() {
        let mut queue = Queue::default();
        let plan = plan(&[1]);
        queue.follow(&plan, 100);
        assert_eq!(due(&mut queue, 100), [1]);
        queue.reschedule(&plan, queue.servers[0], &Health { rise: 2, fall: 3, value: 4 }, 400);
        assert_eq!(queue.next_ms(), Some(1100));
    }

    #[test]
    fn a_new_plan_keeps_the_times_of_servers_that_stay() {
        let mut queue = Queue::default();
        queue.follow(&plan(&[1, 2]), 100);
        queue.follow(&plan(&[2, 3]), 200);
        assert_eq!(due(&mut queue, 200), [3]);
        assert_eq!(due(&mut queue, 600), [2]);
        assert_eq!(queue.next_ms(), None);
    }
}
