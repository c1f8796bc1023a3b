//! `Queue`: which server a stream gets, and the wait for a place on it.

use weir_plan::{Backend, Plan, Proxy};
use weir_types::{ServerId, Slot};

use crate::record::{Cause, Stage};
use crate::server::{Assignment, LockedServers, balance_settings, choose, counts_places};
use crate::stream::{Assigned, Phase, Step, Stream, after};
use crate::turn::Turn;
use crate::worker::Worker;

impl Turn<'_, '_> {
    /// Chooses a server, or waits for one.
    pub fn queue(&mut self) -> Step {
        if self.stream.waiting.is_some() {
            return self.queue_wait();
        }
        if let Some(step) = self.reset_with_request() {
            return step;
        }
        match self.choose_server() {
            (Assignment::Server(server), counted) => {
                self.assign(server, counted);
                self.count_choice(server);
                self.stream.record.assigned_us = self.now_us();
                match self.redirect_to_server() {
                    Some(step) => step,
                    None => self.go(Phase::Connect),
                }
            }
            (Assignment::Queue(_), _) => self.queue_wait(),
            (Assignment::Refused, _) => {
                self.stream.record.end(Cause::Server, Stage::Queue);
                self.answer_error(503)
            }
            (Assignment::None, _) => {
                self.stream.record.end(Cause::Server, Stage::Connect);
                self.answer_error(503)
            }
        }
    }

    /// The choice, made under the backend's lock, and whether it occupies a place; a full one leaves the stream in a
    /// queue.
    fn choose_server(&mut self) -> (Assignment, bool) {
        let plan = self.client.session.plan.clone();
        let proxy = plan.proxy(self.stream.backend);
        let Some(backend) = proxy.backend.as_deref() else { return (Assignment::None, false) };
        let algorithm = &backend.balance.algorithm;
        let hash = if algorithm.is_hashed() { self.balance_hash(backend) } else { None };
        let last = self.last_server(&plan, proxy, backend);
        let stream = &mut *self.stream;
        let worker = self.worker;
        let settings = balance_settings(proxy, backend);
        let counted = counts_places(proxy, backend, &settings, worker.shm);
        let view = worker.shm.backend(proxy.backend_slot);
        let balance = view.balance(worker.id);
        let servers = LockedServers::of(&plan, proxy, backend, worker.shm, &balance);
        stream.persistent = stream.designated.is_some();
        stream.asked = stream.designated;
        let asked = stream.designated.take().map(|server| designated(&servers, server));
        let unbound = |stream: &Stream| match backend.dispatch {
            Some(server) => Assignment::Server(server),
            None => balanced(&servers, &settings, stream, worker, hash),
        };
        let mut elsewhere = false;
        let mut assignment = match asked {
            // A cookie does not keep a client from servers that have room.
            Some(Assignment::Refused) if proxy.settings.options.redispatch.is_on() => {
                stream.persistent = false;
                elsewhere = true;
                stream.asked = None;
                unbound(stream)
            }
            Some(asked) => asked,
            None => match last.filter(|last| servers.may_keep(*last, backend.keep_alive_queue)) {
                Some(last) => designated(&servers, last),
                None => unbound(stream),
            },
        };
        match assignment {
            Assignment::Server(server) if counted && backend.dispatch != Some(server) => {
                balance.acquire(worker.id, plan.server(server).slot, 0);
            }
            Assignment::Queue(server) => {
                stream.asked = server;
                let slot = server.map(|server| plan.server(server).slot);
                let token = worker.queues.token();
                // As HAProxy shows them: the place in the queue, counted from 1.
                stream.record.backend_queue = if slot.is_none() { balance.queued(None) + 1 } else { 0 };
                stream.record.server_queue = slot.map_or(0, |slot| balance.queued(Some(slot)) + 1);
                match balance.enqueue(worker.id, slot, priority(stream), token) {
                    Some(waiter) => {
                        let waker = self.cx.waker();
                        stream.waiting =
                            Some(worker.queues.enter(token, waiter, proxy.backend_slot, slot, waker));
                        stream.deadlines.phase = after(worker.clock.now_ms(), stream.timeouts.queue);
                        crate::queue::count_entry(worker, slot, proxy.backend_slot);
                    }
                    None => assignment = Assignment::None,
                }
            }
            _ => {}
        }
        drop(balance);
        if elsewhere {
            self.leave_cookie();
            self.stream.record.redispatched = true;
        }
        let holds =
            counted && !matches!(assignment, Assignment::Server(server) if backend.dispatch == Some(server));
        (assignment, holds)
    }

    /// `option prefer-last-server`: the server of this client's last request, where its connection still stands and no
    /// other client may use it.
    fn last_server(&self, plan: &Plan, proxy: &Proxy, backend: &Backend) -> Option<ServerId> {
        if !proxy.settings.options.prefer_last_server || backend.balance.algorithm.is_hashed() {
            return None;
        }
        let (slot, _) = self.client.session.private.as_deref()?;
        let mut servers = backend.servers.iter();
        let found = servers.find(|id| plan.server(*id).slot == *slot)?;
        let usable = self.worker.shm.server(*slot).state.usable();
        (usable && self.stream.avoid != Some(found)).then_some(found)
    }

    /// `redir` of a server: clients that only read are sent there themselves.
    fn redirect_to_server(&mut self) -> Option<Step> {
        use weir_http::Method::{Get, Head};
        let plan = self.client.session.plan.clone();
        let assigned = self.stream.assigned.as_ref()?;
        let prefix = plan.server(assigned.server).settings.redirect_prefix.as_deref()?;
        if !self.stream.http || !matches!(self.stream.request.method(), Get | Head) {
            return None;
        }
        let request = &self.stream.request;
        let path = &request.target()[request.uri().path_start()..];
        let location = [prefix.as_bytes(), path].concat();
        self.stream.record.end(Cause::Local, Stage::Connect);
        let mut reply = crate::http::location_reply(302, &location)?;
        reply.close = true;
        Some(self.answer(&plan, reply))
    }

    fn queue_wait(&mut self) -> Step {
        let Some(waiting) = self.stream.waiting.clone() else { return Step::Wait };
        let Some(slot) = waiting.granted.get() else {
            if self.queue_is_lost(waiting.server) {
                crate::queue::leave(self.worker, self.stream);
                self.leave_cookie();
                self.stream.deadlines.phase = crate::timers::NEVER;
                return Step::Next;
            }
            return self.watch_client(Stage::Queue);
        };
        self.stream.waiting = None;
        self.stream.deadlines.phase = crate::timers::NEVER;
        crate::queue::count_exit(self.worker, &waiting);
        let plan = self.client.session.plan.clone();
        let Some(server) = server_with(&plan, self.stream, slot) else {
            give_back(self.worker, waiting.backend, slot);
            return Step::Next;
        };
        self.assign(server, true);
        self.count_choice(server);
        self.stream.record.assigned_us = self.now_us();
        self.go(Phase::Connect)
    }

    /// The server that this stream waits for went away, and another may serve it (`option redispatch`).
    fn queue_is_lost(&self, server: Option<Slot>) -> bool {
        let options = &self.stream.backend(&self.client.session.plan).settings.options;
        let gone = |slot| !self.worker.shm.server(slot).state.usable_for_persistence();
        options.redispatch.is_on() && !options.persist && server.is_some_and(gone)
    }

    pub fn queue_late(&mut self) -> Step {
        crate::queue::leave(self.worker, self.stream);
        self.stream.record.assigned_us = self.now_us();
        self.stream.record.end(Cause::ServerTimeout, Stage::Queue);
        self.answer_error(503)
    }

    /// Notes the chosen server, on which a place was taken under the lock if places are counted.
    fn assign(&mut self, id: ServerId, holds_place: bool) {
        let plan = &self.client.session.plan;
        let server = plan.server(id);
        let view = self.worker.shm.server(server.slot);
        let counters = view.counters(self.worker.id);
        counters.scur.increment();
        counters.stot.increment();
        let now = self.worker.clock.now_ms();
        counters.rate.add(now, 1);
        counters.last_session.set(now);
        view.state.smax.raise(view.sum(|counters| counters.scur.value()));
        view.state.rate_max.raise(view.sum(|counters| counters.rate.this_second(now)));
        let proxy = plan.proxy(self.stream.backend);
        self.stream.assigned = Some(Assigned {
            server: id,
            slot: server.slot,
            backend: proxy.backend_slot,
            counters,
            state: view.state,
            shut_sessions: view.state.shut_sessions.value(),
            pool: self.worker.pools.of(server.slot, counters),
            holds_place,
            plan: plan.clone(),
        });
    }
}

/// Orders the queue: classes first, then time of arrival moved by the offset (manual 4.4 `set-priority-class`). Asked
/// under the lock, the clock of all processes rises with the order of arrival.
fn priority(stream: &Stream) -> u64 {
    let class = (stream.priority_class + 2048) as u64;
    let moment = weir_sys::clock::monotonic_ms().saturating_add_signed(stream.priority_offset);
    class << 48 | moment & ((1 << 48) - 1)
}

/// By the backend's algorithm; a server that a key leads to may be full.
fn balanced(
    servers: &LockedServers<'_>,
    settings: &weir_balance::Settings,
    stream: &Stream,
    worker: &Worker,
    hash: Option<u32>,
) -> Assignment {
    let slot = servers.plan.proxy(stream.backend).backend_slot;
    let chosen = match settings.algorithm {
        weir_balance::Algorithm::MapBased | weir_balance::Algorithm::Consistent { .. } => {
            let request = servers.request(stream.avoid, 0);
            worker.queues.hashed(slot, settings, servers, hash, &request)
        }
        _ => choose(servers, settings, stream.avoid, worker.random()),
    };
    let chosen = match chosen {
        Assignment::Server(server) => designated(servers, server),
        other => other,
    };
    if let (Assignment::Server(server), Some(counters)) = (chosen, stream.backend_counters) {
        counters.lbtot.increment();
        worker.shm.server(servers.plan.server(server).slot).counters(worker.id).lbtot.increment();
    }
    chosen
}

/// A server that something other than the algorithm's turn asks for.
fn designated(servers: &LockedServers<'_>, id: ServerId) -> Assignment {
    let server = servers.plan.server(id);
    let limit = servers.limit_of(id);
    let queued = servers.balance.queued(Some(server.slot));
    if limit == 0 || queued == 0 && servers.balance.served(server.slot) < limit {
        return Assignment::Server(id);
    }
    match server.settings.maxqueue {
        most if most > 0 && queued >= most => Assignment::Refused,
        _ => Assignment::Queue(Some(id)),
    }
}

fn server_with(plan: &Plan, stream: &Stream, slot: Slot) -> Option<ServerId> {
    let backend = stream.servers(plan)?;
    backend.servers.iter().find(|id| plan.server(*id).slot == slot)
}

/// Ends the stream's hold on its server: the gauges, and the place for the next waiter.
pub fn release_server(worker: &Worker, stream: &mut Stream) {
    let Some(assigned) = stream.assigned.take() else { return };
    assigned.counters.scur.decrement();
    if !assigned.holds_place {
        return;
    }
    let plan = &assigned.plan;
    let proxy = plan.proxy(stream.backend);
    let Some(backend) = proxy.backend.as_deref() else { return };
    let balance = worker.shm.backend(assigned.backend).balance(worker.id);
    balance.release(worker.id, assigned.slot);
    let servers = LockedServers::of(plan, proxy, backend, worker.shm, &balance);
    if let Some(index) = backend.servers.position(assigned.server) {
        weir_balance::released(&balance_settings(proxy, backend), &servers, index);
    }
    let limit = servers.limit_of(assigned.server);
    let next = balance.grant(assigned.slot, limit, assigned.state.usable());
    drop(balance);
    wake(worker, next);
}

/// Gives a granted place to the next waiter.
pub fn give_back(worker: &Worker, backend: Slot, server: Slot) {
    worker.shm.backend(backend).balance(worker.id).release(worker.id, server);
    grant_free(worker, backend);
}

/// Hands out every place of a backend that is free while somebody waits: after a death, after a server came up or was
/// given a higher limit, and where a place was granted to somebody who is gone.
pub fn grant_free(worker: &Worker, slot: Slot) {
    let plan = worker.plan();
    let found = plan.proxies.iter().find(|proxy| proxy.backend.is_some() && proxy.backend_slot == slot);
    let Some(proxy) = found else { return };
    let Some(backend) = proxy.backend.as_deref() else { return };
    let balance = worker.shm.backend(slot).balance(worker.id);
    let servers = LockedServers::of(&plan, proxy, backend, worker.shm, &balance);
    let mut woken = Vec::new();
    for id in backend.servers.iter() {
        let server = plan.server(id);
        let state = worker.shm.server(server.slot).state;
        let limit = servers.limit_of(id);
        if !state.usable_for_persistence() {
            continue;
        }
        while let Some(waiter) = balance.grant(server.slot, limit, state.usable()) {
            woken.push(Some(waiter));
        }
    }
    drop(balance);
    woken.into_iter().for_each(|waiter| wake(worker, waiter));
}

fn wake(worker: &Worker, granted: Option<weir_types::WorkerId>) {
    match granted {
        Some(id) if id == worker.id => worker.queues.take_grants(worker),
        Some(id) => worker.wakers.wake(worker.shm, id),
        None => {}
    }
}
