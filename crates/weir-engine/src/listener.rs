//! The accept loop of each listening socket.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use weir_plan::{ListenerOwner, Plan, Proxy};
use weir_shm::{Claim, Door, Limits, Parked};
use weir_types::{ListenerId, ProxyId, Slot};

use crate::connection::Connection;
use crate::session::{Client, Session};
use crate::socket::Socket;
use crate::worker::{ListenerSocket, Worker};

/// How long a listener that is disabled, or has met a limit of rates, waits before it looks again.
const PAUSE: Duration = Duration::from_millis(20);

/// The listening sockets of one worker.
#[derive(Default)]
pub struct Listeners {
    by_slot: HashMap<Slot, Open>,
}

struct Open {
    listening: Rc<Listening>,
    task: AbortHandle,
}

/// One socket, shared with its accept loop.
struct Listening {
    socket: AsyncFd<OwnedFd>,
    slot: Slot,
    paused: Cell<bool>,
    changed: Notify,
}

impl Listeners {
    /// Starts to accept on these sockets under the plan in force.
    pub fn add(&mut self, worker: &Rc<Worker>, sockets: Vec<ListenerSocket>) -> io::Result<()> {
        let plan = worker.plan();
        for ListenerSocket { slot, socket } in sockets {
            prepare(&plan, slot, &socket);
            // The safe constructor: an OwnedFd is never replaced or closed while the poller knows it.
            #[allow(deprecated)]
            let socket = AsyncFd::new(socket)?;
            let listening =
                Rc::new(Listening { socket, slot, paused: Cell::new(false), changed: Notify::new() });
            let task = match weir_sys::listen::is_datagram(listening.socket.get_ref()) {
                true => worker.parts.spawn(receive_loop(worker.clone(), listening.clone())),
                false => worker.parts.spawn(accept_loop(worker.clone(), listening.clone())),
            };
            if let Some(old) = self.by_slot.insert(slot, Open { listening, task }) {
                retire(worker, old);
            }
        }
        Ok(())
    }

    /// After a swap: empties and closes sockets that the new plan does not have.
    pub fn follow(&mut self, worker: &Rc<Worker>) {
        let plan = worker.plan();
        let known = |slot: Slot| plan.listeners.iter().any(|listener| listener.slot == slot);
        let gone: Vec<Slot> = self.by_slot.keys().filter(|slot| !known(**slot)).copied().collect();
        for slot in gone {
            if let Some(open) = self.by_slot.remove(&slot) {
                retire(worker, open);
            }
        }
        for open in self.by_slot.values() {
            prepare(&plan, open.listening.slot, open.listening.socket.get_ref());
        }
    }

    pub fn pause(&self, slot: Option<Slot>, paused: bool) {
        for open in self.by_slot.values().filter(|open| slot.is_none_or(|slot| open.listening.slot == slot)) {
            open.listening.paused.set(paused);
            open.listening.changed.notify_one();
        }
    }

    pub fn release(&mut self, worker: &Rc<Worker>, slot: Slot) {
        if let Some(open) = self.by_slot.remove(&slot) {
            retire(worker, open);
        }
    }

    /// Empties and closes all sockets.
    pub fn close(&mut self, worker: &Rc<Worker>) {
        self.by_slot.drain().for_each(|(_, open)| retire(worker, open));
    }
}

/// The listener with this slot and its proxy.
pub fn find(plan: &Plan, slot: Slot) -> Option<(ListenerId, ProxyId)> {
    plan.listeners.iter().find_map(|listener| match listener.owner {
        ListenerOwner::Proxy(proxy) if listener.slot == slot => Some((listener.index, proxy)),
        _ => None,
    })
}

/// Options that accepted connections inherit, so that they cost nothing per connection.
fn prepare(plan: &Plan, slot: Slot, socket: &OwnedFd) {
    let Some((listener, proxy)) = find(plan, slot) else { return };
    let options = SockRef::from(socket);
    // Sockets of other families refuse these; there they have no meaning.
    let _ = options.set_tcp_nodelay(true);
    let settings = &plan.proxy(proxy).settings;
    let _ = match settings.options.clitcpka {
        true => crate::server::probe(&options, &settings.client_keepalive),
        false => options.set_keepalive(false),
    };
    if let Some(timeout) = plan.listener(listener).settings.tcp_user_timeout {
        let _ = options.set_tcp_user_timeout(Some(Duration::from_millis(timeout.into())));
    }
    let tune = &plan.global.tune;
    if tune.rcvbuf_frontend > 0 {
        let _ = options.set_recv_buffer_size(tune.rcvbuf_frontend as usize);
    }
    if tune.sndbuf_frontend > 0 {
        let _ = options.set_send_buffer_size(tune.sndbuf_frontend as usize);
    }
}

/// Ports below are the privileged ones (RFC 6335 section 6).
const FIRST_FREE_PORT: u16 = 1024;

/// Takes what waits in the accept queue, then closes the socket.
fn retire(worker: &Rc<Worker>, open: Open) {
    open.task.abort();
    while let Ok(accepted) = weir_sys::accept(open.listening.socket.get_ref().as_fd()) {
        worker.begin_retired(open.listening.slot, accepted);
    }
}

async fn accept_loop(worker: Rc<Worker>, listening: Rc<Listening>) {
    loop {
        while listening.paused.get() {
            listening.changed.notified().await;
        }
        if worker.is_disabled(listening.slot) || !worker.is_below_rates(listening.slot) {
            // `disable frontend`, `rate-limit sessions`: what comes waits in the accept queue.
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let ready = tokio::select! {
            ready = listening.socket.readable() => ready,
            () = listening.changed.notified() => continue,
        };
        let Ok(mut ready) = ready else { return };
        if worker.is_disabled(listening.slot) {
            continue;
        }
        let mut budget = worker.plan().global.tune.maxaccept;
        while budget != 0 && worker.is_below_rates(listening.slot) {
            budget -= 1;
            let Some(place) = worker.claim(listening.slot) else {
                worker.counters.maxconn_reached.increment();
                wait_for_place(&worker, listening.slot).await;
                break;
            };
            match weir_sys::accept(listening.socket.get_ref().as_fd()) {
                // Counted before its claim goes.
                Ok(accepted) => worker.begin(listening.slot, accepted),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready.clear_ready();
                    break;
                }
                Err(error) => {
                    drop(place);
                    if !is_of_one_connection(&error) {
                        // Out of descriptors or memory: others must end first.
                        log::warn!("accept: {error}");
                        wait_for_end(&worker).await;
                    }
                    break;
                }
            }
        }
        // Leave the turn to the connections that were accepted.
        if budget == 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// The datagrams of a `log-forward` section.
async fn receive_loop(worker: Rc<Worker>, listening: Rc<Listening>) {
    loop {
        while listening.paused.get() {
            listening.changed.notified().await;
        }
        tokio::select! {
            () = crate::log_forward::receive(&worker, listening.slot, &listening.socket) => return,
            () = listening.changed.notified() => {}
        }
    }
}

/// Waits until a connection ended in any worker, unless there is a place by now.
async fn wait_for_place(worker: &Worker, slot: Slot) {
    // From here on nothing is missed.
    let freed = worker.freed.notified();
    let parked = Parked::new(worker.shm, worker.id);
    if !worker.door(slot).is_some_and(|door| door.has_room()) {
        freed.await;
    }
    drop(parked);
}

async fn wait_for_end(worker: &Worker) {
    tokio::select! {
        () = worker.freed.notified() => {}
        () = tokio::time::sleep(PAUSE) => {}
    }
}

/// Errors that concern the connection that was to be accepted and not the listener (accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
    )
}

impl Worker {
    /// `set maxconn frontend`, else as configured.
    fn frontend_limit(&self, proxy: &weir_plan::Proxy) -> Option<u32> {
        match self.shm.frontend(proxy.frontend_slot).state.maxconn.value() {
            0 => proxy.frontend.as_ref().and_then(|frontend| frontend.maxconn),
            limit => Some(limit),
        }
    }

    /// `disable frontend`, `shutdown frontend`.
    fn is_disabled(&self, slot: Slot) -> bool {
        self.shm.listener(slot).state.paused.value() != 0
    }

    /// Under which limits this listener lets connections in; `None` if it lets none.
    fn door(&self, listener_slot: Slot) -> Option<Door> {
        let plan = self.plan();
        let process = Some(self.global_maxconn(&plan));
        let (frontend, limits) = match find(&plan, listener_slot) {
            Some((listener, proxy)) => {
                let proxy = plan.proxy(proxy);
                let listener = plan.listener(listener).settings.maxconn;
                let frontend = self.frontend_limit(proxy);
                (Some(proxy.frontend_slot), Limits { listener, frontend, process })
            }
            None if crate::log_forward::has_room(self, &plan, listener_slot) => {
                (None, Limits { process, ..Limits::default() })
            }
            None => return None,
        };
        Some(Door { shm: self.shm, worker: self.id, listener: listener_slot, frontend, limits })
    }

    /// A place for a connection of this listener under every `maxconn`; `None` if there is none.
    fn claim(&self, slot: Slot) -> Option<Claim<'_>> {
        self.door(slot)?.claim(&self.wakers)
    }

    /// Whether the limits of rates let another connection of this listener in.
    fn is_below_rates(&self, slot: Slot) -> bool {
        let plan = self.plan();
        find(&plan, slot).is_none_or(|(listener, proxy)| {
            (plan.listener(listener).tls.is_none() || self.is_below_ssl_rate())
                && self.is_below_rate(plan.proxy(proxy))
        })
    }

    /// `rate-limit sessions`, `maxconnrate` and `maxsessrate`.
    fn is_below_rate(&self, proxy: &Proxy) -> bool {
        let now = self.clock.now_ms();
        let state = self.shm.process().state;
        let below = |limit: u32, rate: &dyn Fn() -> u64| limit == 0 || rate() < u64::from(limit);
        let own = proxy.frontend.as_ref().map_or(0, |frontend| frontend.rate_limit_sessions);
        below(own, &|| self.shm.frontend(proxy.frontend_slot).sum(|counters| counters.conn_rate.value(now)))
            && below(state.conn_rate_limit.value(), &|| {
                self.shm.process().sum(|counters| counters.conn_rate.value(now))
            })
            && below(state.sess_rate_limit.value(), &|| {
                self.shm.process().sum(|counters| counters.sess_rate.value(now))
            })
    }

    /// `maxsslrate`, `set rate-limit ssl-sessions`.
    fn is_below_ssl_rate(&self) -> bool {
        let (process, now) = (self.shm.process(), self.clock.now_ms());
        let limit = process.state.ssl_rate_limit.value();
        limit == 0 || process.sum(|counters| counters.ssl_rate.value(now)) < u64::from(limit)
    }

    fn global_maxconn(&self, plan: &Plan) -> u32 {
        match self.shm.process().state.maxconn.value() {
            0 => plan.global.maxconn,
            set => set,
        }
    }

    fn begin(self: &Rc<Self>, slot: Slot, (socket, source): (OwnedFd, Option<SocketAddr>)) {
        let plan = self.plan();
        if plan.global.reject_privileged_ports && source.is_some_and(|source| source.port() < FIRST_FREE_PORT)
        {
            return;
        }
        match find(&plan, slot) {
            Some((listener, proxy)) => self.spawn(plan, listener, proxy, socket, source),
            None => crate::log_forward::begin(self, slot, (socket, source)),
        }
    }

    /// A connection that waited on a listener which the plan in force no longer has: the last plan that had it serves.
    fn begin_retired(self: &Rc<Self>, slot: Slot, (socket, source): (OwnedFd, Option<SocketAddr>)) {
        if let Some((plan, listener, proxy)) = self.latest_with(slot) {
            self.spawn(plan, listener, proxy, socket, source);
        }
    }

    fn spawn(
        self: &Rc<Self>,
        plan: Arc<Plan>,
        listener: ListenerId,
        proxy: ProxyId,
        socket: OwnedFd,
        source: Option<SocketAddr>,
    ) {
        let listener_slot = plan.listener(listener).slot;
        let frontend_slot = plan.proxy(proxy).frontend_slot;
        let counters = (
            self.shm.listener(listener_slot).counters(self.id),
            self.shm.frontend(frontend_slot).counters(self.id),
        );
        let now = self.clock.now_us();
        self.count_session(frontend_slot, listener_slot, counters, now / 1000);
        let session = Session::new(plan, listener, proxy, source, now, counters);
        let client = Client { socket: Socket::new(socket), session };
        tokio::task::spawn_local(Connection::new(self.clone(), client));
    }

    fn count_session(
        &self,
        frontend_slot: Slot,
        listener_slot: Slot,
        (listener, frontend): (&weir_shm::ListenerCounters, &weir_shm::FrontendCounters),
        now_ms: u64,
    ) {
        self.connection_began();
        self.counters.cum_conns.increment();
        self.counters.conn_rate.add(now_ms, 1);
        self.counters.sess_rate.add(now_ms, 1);
        listener.scur.increment();
        listener.conn_tot.increment();
        frontend.scur.increment();
        frontend.conn_tot.increment();
        frontend.conn_rate.add(now_ms, 1);
        let view = self.shm.frontend(frontend_slot);
        view.state.smax.raise(view.sum(|counters| counters.scur.value()));
        view.state.conn_rate_max.raise(view.sum(|counters| counters.conn_rate.this_second(now_ms)));
        let view = self.shm.listener(listener_slot);
        view.state.smax.raise(view.sum(|counters| counters.scur.value()));
    }
}
