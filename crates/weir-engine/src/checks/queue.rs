//! Which server is checked next, and which agent is asked. Survives a change of plan: a server that is still there keeps
//! its time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use weir_check::{Health, Schedule, first_delay};
use weir_plan::Plan;
use weir_shm::{CheckState, Shm};
use weir_types::{ProxyId, ServerId, Slot};

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckOf {
    Health,
    Agent,
}

/// A server with `check` or `agent-check` in the plan in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    pub server: ServerId,
    pub backend: ProxyId,
    pub slot: Slot,
    pub of: CheckOf,
}

type Key = (Slot, CheckOf);

impl Checked {
    fn key(&self) -> Key {
        (self.slot, self.of)
    }

    pub fn state(&self, shm: Shm) -> &'static CheckState {
        let state = shm.server(self.slot).state;
        match self.of {
            CheckOf::Health => &state.check,
            CheckOf::Agent => &state.agent,
        }
    }
}

#[derive(Debug, Default)]
pub struct Queue {
    servers: Vec<Checked>,
    /// Index into `servers`.
    by_key: HashMap<Key, usize>,
    /// When a check begins; absent while it is in progress. What is early here and late in `times` was moved.
    due: BinaryHeap<Reverse<(u64, Key)>>,
    times: HashMap<Key, Times>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Times {
    /// When the latest check began.
    began_ms: u64,
    /// When the next one is due; 0 while one is in progress.
    due_ms: u64,
}

impl Queue {
    /// Takes up the checked servers of `plan`. New ones are spread over the shortest interval of all.
    pub fn follow(&mut self, plan: &Plan, shm: Shm, now_ms: u64) {
        let before = std::mem::take(&mut self.by_key);
        self.servers = checked_servers(plan);
        self.by_key =
            self.servers.iter().enumerate().map(|(index, checked)| (checked.key(), index)).collect();
        let kept = std::mem::take(&mut self.due).into_vec();
        self.due = kept.into_iter().filter(|Reverse((_, key))| self.by_key.contains_key(key)).collect();
        self.times.retain(|key, _| self.by_key.contains_key(key));
        let new: Vec<Checked> =
            self.servers.iter().copied().filter(|checked| !before.contains_key(&checked.key())).collect();
        let inter = self.servers.iter().map(|checked| interval(plan, *checked)).min();
        let inter = inter.map(|inter| inter.min(plan.global.max_spread_checks.unwrap_or(u32::MAX)));
        for (place, checked) in new.iter().enumerate() {
            // Whoever checked it before is gone.
            checked.state(shm).flags.remove(CheckState::IN_PROGRESS);
            let delay = first_delay(u64::from(inter.unwrap_or(0)), place, new.len());
            self.put(checked.key(), now_ms + delay);
        }
    }

    fn put(&mut self, key: Key, due_ms: u64) {
        self.times.entry(key).or_default().due_ms = due_ms;
        self.due.push(Reverse((due_ms, key)));
    }

    pub fn next_ms(&self) -> Option<u64> {
        self.due.peek().map(|Reverse((due_ms, _))| *due_ms)
    }

    /// The next server whose check is to begin at or before `now_ms`.
    pub fn take_due(&mut self, now_ms: u64) -> Option<Checked> {
        loop {
            let Reverse((due_ms, key)) = *self.due.peek()?;
            if due_ms > now_ms {
                return None;
            }
            self.due.pop();
            let times = self.times.entry(key).or_default();
            // Moved, or in progress.
            if times.due_ms != due_ms {
                continue;
            }
            *times = Times { began_ms: now_ms, due_ms: 0 };
            if let Some(checked) = self.find(key.0, key.1) {
                return Some(checked);
            }
        }
    }

    pub fn find(&self, slot: Slot, of: CheckOf) -> Option<Checked> {
        self.by_key.get(&(slot, of)).map(|index| self.servers[*index])
    }

    /// Puts a server back after its check has ended.
    pub fn reschedule(&mut self, plan: &Plan, checked: Checked, health: &Health, now_ms: u64) {
        let began = self.times.get(&checked.key()).map_or(now_ms, |times| times.began_ms);
        let schedule = schedule(plan, checked);
        let delay = match checked.of {
            CheckOf::Health => schedule.delay_ms(health, random()),
            CheckOf::Agent => schedule.delay_ms(&Health { rise: 1, fall: 1, value: 1 }, random()),
        };
        self.put(checked.key(), (began + delay).max(now_ms));
    }

    /// Puts a server back whose check did not begin.
    pub fn skip(&mut self, plan: &Plan, checked: Checked, now_ms: u64) {
        self.put(checked.key(), now_ms + u64::from(interval(plan, checked)));
    }

    /// The next check begins `delay_ms` from now at the latest.
    pub fn hurry(&mut self, checked: Checked, delay_ms: u64, now_ms: u64) {
        let due_ms = now_ms + delay_ms;
        if self.times.get(&checked.key()).is_some_and(|times| times.due_ms > due_ms) {
            self.put(checked.key(), due_ms);
        }
    }
}

fn checked_servers(plan: &Plan) -> Vec<Checked> {
    let mut all = Vec::new();
    for proxy in plan.proxies.iter().filter(|proxy| !proxy.disabled) {
        let Some(backend) = &proxy.backend else { continue };
        for server in backend.servers.iter() {
            let line = plan.server(server);
            let checked = |of| Checked { server, backend: proxy.index, slot: line.slot, of };
            if line.settings.check.enabled {
                all.push(checked(CheckOf::Health));
            }
            if line.settings.agent.enabled && line.settings.agent.port.is_some() {
                all.push(checked(CheckOf::Agent));
            }
        }
    }
    all
}

fn interval(plan: &Plan, checked: Checked) -> u32 {
    let settings = &plan.server(checked.server).settings;
    match checked.of {
        CheckOf::Health => settings.check.inter,
        CheckOf::Agent => settings.agent.inter.unwrap_or(settings.check.inter),
    }
}

fn schedule(plan: &Plan, checked: Checked) -> Schedule {
    let check = &plan.server(checked.server).settings.check;
    let own = |interval: Option<u32>| match checked.of {
        CheckOf::Health => interval.map(u64::from),
        CheckOf::Agent => None,
    };
    Schedule {
        inter_ms: u64::from(interval(plan, checked)),
        fastinter_ms: own(check.fastinter),
        downinter_ms: own(check.downinter),
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
    use weir_plan::{Backend, Proxy, Server, ServerList, ServerTarget};
    use weir_types::{Mode, PortSpec, ProxyKind};

    use super::*;

    fn plan(slots: &[u32]) -> Plan {
        let check = ServerCheck { enabled: true, inter: 1000, ..ServerCheck::default() };
        let settings = Arc::new(ServerSettings { check, ..ServerSettings::default() });
        let server = |slot: &u32| Server {
            owner: ProxyId(0),
            dynamic: false,
            gone: false,
            referenced: false,
            tls: None,
            proxy_fields: None,
            name: format!("s{slot}").into(),
            id: 1,
            target: ServerTarget::Ip { ip: [127, 0, 0, 1].into(), port: PortSpec::Fixed(80) },
            settings: settings.clone(),
            cookie: None,
            host: None,
            track: None,
            forced_id: false,
            span: Default::default(),
            slot: Slot(*slot),
        };
        let servers: Vec<Server> = slots.iter().map(server).collect();
        let backend = Backend {
            balance: Default::default(),
            balance_key: None,
            cookie: None,
            servers: ServerList::row(0..slots.len() as u32),
            dispatch: None,
            use_server: Arc::default(),
            check: Default::default(),
            fullconn: None,
            limited: false,
            full_load: 0,
            keep_alive_queue: None,
            rdp_cookie: None,
            send_name_header: None,
            force_persist: Arc::default(),
            ignore_persist: Arc::default(),
            stick: Arc::default(),
            source: None,
            edits: 0,
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
            bandwidth: Arc::default(),
            frontend: None,
            backend: Some(Arc::new(backend)),
            forced_id: false,
            frontend_slot: Slot(0),
            backend_slot: Slot(0),
        };
        Plan {
            proxies: vec![Arc::new(proxy)],
            servers: servers.into_iter().map(Arc::new).collect(),
            ..Plan::default()
        }
    }

    fn shm() -> Shm {
        let shm = Shm::private(1);
        for name in ["b/s0", "b/s1", "b/s2", "b/s3"] {
            shm.find_or_add(weir_shm::Kind::Server, name).expect("there is room");
        }
        shm
    }

    fn due(queue: &mut Queue, now_ms: u64) -> Vec<u32> {
        std::iter::from_fn(|| queue.take_due(now_ms)).map(|checked| checked.slot.0).collect()
    }

    #[test]
    fn first_checks_are_spread_over_the_interval() {
        let mut queue = Queue::default();
        queue.follow(&plan(&[1, 2]), shm(), 100);
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
        queue.follow(&plan, shm(), 100);
        assert_eq!(due(&mut queue, 199), [1]);
        assert_eq!(due(&mut queue, 200), [2]);
    }

    #[test]
    fn the_interval_counts_from_the_begin_of_a_check() {
        let mut queue = Queue::default();
        let plan = plan(&[1]);
        queue.follow(&plan, shm(), 100);
        assert_eq!(due(&mut queue, 100), [1]);
        queue.reschedule(&plan, queue.servers[0], &Health { rise: 2, fall: 3, value: 4 }, 400);
        assert_eq!(queue.next_ms(), Some(1100));
    }

    #[test]
    fn a_check_that_is_wanted_sooner_begins_once() {
        let mut queue = Queue::default();
        let plan = plan(&[1]);
        queue.follow(&plan, shm(), 100);
        assert_eq!(due(&mut queue, 100), [1]);
        queue.reschedule(&plan, queue.servers[0], &Health { rise: 2, fall: 3, value: 4 }, 100);
        queue.hurry(queue.servers[0], 50, 200);
        assert_eq!(due(&mut queue, 250), [1]);
        queue.reschedule(&plan, queue.servers[0], &Health { rise: 2, fall: 3, value: 4 }, 250);
        assert_eq!(due(&mut queue, 1249), [] as [u32; 0]);
        assert_eq!(due(&mut queue, 1250), [1]);
    }

    #[test]
    fn a_new_plan_keeps_the_times_of_servers_that_stay() {
        let mut queue = Queue::default();
        queue.follow(&plan(&[1, 2]), shm(), 100);
        queue.follow(&plan(&[2, 3]), shm(), 200);
        assert_eq!(due(&mut queue, 200), [3]);
        assert_eq!(due(&mut queue, 600), [2]);
        assert_eq!(queue.next_ms(), None);
    }
}
