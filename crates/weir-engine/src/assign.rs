//! `Queue`: which server a stream gets, and the wait for a place on it.

use weir_plan::Plan;
use weir_types::{ServerId, Slot};

use crate::record::{Cause, Stage};
use crate::server::{Assignment, LockedServers, balance_settings, choose, counts_places, effective_limit};
use crate::stream::{Assigned, Phase, Step, Stream, after};
use crate::turn::Turn;
use crate::worker::Worker;

impl Turn<'_, '_> {
    /// Chooses a server, or waits for one.
    pub fn queue(&mut self) -> Step {
        if self.stream.waiting.is_some() {
            return self.queue_wait();
        }
        match self.choose_server() {
            Assignment::Server(server) => {
                self.assign(server);
                self.count_choice(server);
                self.stream.record.assigned_us = self.now_us();
                match self.redirect_to_server() {
                    Some(step) => step,
                    None => self.go(Phase::Connect),
                }
            }
            Assignment::Queue(_) => self.queue_wait(),
            Assignment::None => {
                self.stream.record.end(Cause::Server, Stage::Connect);
                self.answer_error(503)
            }
        }
    }

    /// The choice, made under the backend's lock; a full one leaves the stream in a queue.
    fn choose_server(&mut self) -> Assignment {
        let plan = self.client.session.plan.clone();
        let proxy = plan.proxy(self.stream.backend);
        let Some(backend) = proxy.backend.as_deref() else { return Assignment::None };
        let keyed = backend.balance.algorithm.is_hashed();
        let hash = if keyed { self.balance_hash(backend) } else { None };
        let stream = &mut *self.stream;
        let worker = self.worker;
        let settings = balance_settings(proxy, backend);
        let counted = counts_places(&plan, backend, &settings);
        let view = worker.shm.backend(proxy.backend_slot);
        let balance = view.balance(worker.id);
        let servers = LockedServers {
            plan: &plan,
            backend,
            shm: worker.shm,
            balance: &balance,
            epoch: view.state.servers_epoch.value(),
            load: if backend.fullconn.is_some() {
                view.sum(|counters| counters.scur.value()) as u32
            } else {
                0
            },
        };
        let mut assignment = match stream.designated.take() {
            Some(server) => {
                stream.persistent = true;
                designated(&servers, server)
            }
            None => {
                stream.persistent = false;
                let chosen = if keyed {
                    let request = servers.request(stream.avoid, 0);
                    worker.queues.hashed(proxy.backend_slot, &settings, &servers, hash, &request)
                } else {
                    choose(&servers, &settings, stream.avoid, worker.random())
                };
                let chosen = match chosen {
                    Assignment::Server(server) => designated(&servers, server),
                    other => other,
                };
                if let (Assignment::Server(server), Some(counters)) = (chosen, stream.backend_counters) {
                    counters.lbtot.increment();
                    worker.shm.server(plan.server(server).slot).counters(worker.id).lbtot.increment();
                }
                chosen
            }
        };
        match assignment {
            Assignment::Server(server) if counted => {
                balance.acquire(worker.id, plan.server(server).slot, 0);
            }
            Assignment::Queue(server) => {
                let slot = server.map(|server| plan.server(server).slot);
                let token = worker.queues.token();
                // As HAProxy shows them: the place in the queue, counted from 1.
                stream.record.backend_queue = if slot.is_none() { balance.queued(None) + 1 } else { 0 };
                stream.record.server_queue = slot.map_or(0, |slot| balance.queued(Some(slot)) + 1);
                match balance.enqueue(worker.id, slot, priority(stream, worker.clock.now_ms()), token) {
                    Some(waiter) => {
                        let waker = self.cx.waker();
                        stream.waiting = Some(worker.queues.enter(token, waiter, proxy.backend_slot, waker));
                        stream.deadlines.phase = after(worker.clock.now_ms(), stream.timeouts.queue);
                        if let Some(counters) = stream.backend_counters {
                            counters.qcur.increment();
                        }
                        view.state.qmax.raise(view.sum(|counters| counters.qcur.value()));
                    }
                    None => assignment = Assignment::None,
                }
            }
            _ => {}
        }
        assignment
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
            return self.watch_client(Stage::Queue);
        };
        self.stream.waiting = None;
        self.stream.deadlines.phase = crate::timers::NEVER;
        if let Some(counters) = self.stream.backend_counters {
            counters.qcur.decrement();
        }
        let plan = self.client.session.plan.clone();
        let Some(server) = server_with(&plan, self.stream, slot) else {
            give_back(self.worker, waiting.backend, slot);
            return Step::Next;
        };
        self.assign(server);
        self.count_choice(server);
        self.stream.record.assigned_us = self.now_us();
        self.go(Phase::Connect)
    }

    pub fn queue_late(&mut self) -> Step {
        crate::queue::leave(self.worker, self.stream);
        self.stream.record.assigned_us = self.now_us();
        self.stream.record.end(Cause::ServerTimeout, Stage::Queue);
        self.answer_error(503)
    }

    /// Notes the chosen server, on which a place was taken under the lock if places are counted.
    fn assign(&mut self, id: ServerId) {
        let plan = &self.client.session.plan;
        let server = plan.server(id);
        let view = self.worker.shm.server(server.slot);
        let counters = view.counters(self.worker.id);
        counters.scur.increment();
        counters.stot.increment();
        counters.rate.add(self.worker.clock.now_ms(), 1);
        counters.last_session.set(self.worker.clock.now_ms());
        view.state.smax.raise(view.sum(|counters| counters.scur.value()));
        let proxy = plan.proxy(self.stream.backend);
        let holds_place = proxy
            .backend
            .as_deref()
            .is_some_and(|backend| counts_places(plan, backend, &balance_settings(proxy, backend)));
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

/// Orders the queue: classes first, then time of arrival moved by the offset (manual 4.4 `set-priority-class`).
fn priority(stream: &Stream, now_ms: u64) -> u64 {
    let class = (stream.priority_class + 2048) as u64;
    let moment = now_ms.saturating_add_signed(stream.priority_offset);
    class << 48 | moment & ((1 << 48) - 1)
}

/// A server that something other than the algorithm asks for.
fn designated(servers: &LockedServers<'_>, id: ServerId) -> Assignment {
    let server = servers.plan.server(id);
    let limit = servers.limit_of(id);
    if limit > 0 && servers.balance.served(server.slot) >= limit {
        return Assignment::Queue(Some(id));
    }
    Assignment::Server(id)
}

fn server_with(plan: &Plan, stream: &Stream, slot: Slot) -> Option<ServerId> {
    let backend = stream.servers(plan)?;
    backend.servers.clone().map(ServerId).find(|id| plan.server(*id).slot == slot)
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
    let view = worker.shm.backend(assigned.backend);
    let balance = view.balance(worker.id);
    balance.release(worker.id, assigned.slot);
    let servers = LockedServers {
        plan,
        backend,
        shm: worker.shm,
        balance: &balance,
        epoch: view.state.servers_epoch.value(),
        load: if backend.fullconn.is_some() { view.sum(|counters| counters.scur.value()) as u32 } else { 0 },
    };
    let index = (assigned.server.0 - backend.servers.start) as usize;
    weir_balance::released(&balance_settings(proxy, backend), &servers, index);
    let limit = servers.limit_of(assigned.server);
    let next = balance.grant(assigned.slot, limit, assigned.state.usable());
    drop(balance);
    wake(worker, next);
}

/// Gives a granted place to the next waiter.
pub fn give_back(worker: &Worker, backend: Slot, server: Slot) {
    let balance = worker.shm.backend(backend).balance(worker.id);
    balance.release(worker.id, server);
    let plan = worker.plan();
    let limit = plan
        .servers
        .iter()
        .find(|candidate| candidate.slot == server)
        .map_or(0, |candidate| effective_limit(candidate, worker.shm, 0, None));
    let next = balance.grant(server, limit, true);
    drop(balance);
    wake(worker, next);
}

fn wake(worker: &Worker, granted: Option<weir_types::WorkerId>) {
    match granted {
        Some(id) if id == worker.id => worker.queues.take_grants(worker),
        Some(id) => worker.wakers.wake(worker.shm, id),
        None => {}
    }
}
