//! One worker: its runtime, what all its tasks share, and its orders from the supervisor.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Notify, oneshot};
use weir_plan::Plan;
use weir_shm::{ProcessCounters, Shm, Wakers, WorkerPhase};
use weir_types::{ListenerId, ProxyId, Slot, WorkerId};

use crate::buffers::Buffers;
use crate::census::Census;
use crate::clock::{self, Clock};
use crate::compression::Compressors;
use crate::edit::Editor;
use crate::listener::{self, Listeners};
use crate::logs::Logs;
use crate::parts::Parts;
use crate::pool::Pools;
use crate::queue::{self, Queues};
use crate::stats::StatsService;
use crate::stream::StreamBoxes;
use crate::timers::Timers;

pub use crate::logs::LogSockets;

/// A bound and listening, non-blocking socket of the listener with this slot.
#[derive(Debug)]
pub struct ListenerSocket {
    /// [`weir_plan::Listener::slot`]: stays the same over reloads, so a socket finds its listener in the next plan.
    pub slot: Slot,
    pub socket: OwnedFd,
}

/// Everything a worker is given.
pub struct WorkerInput {
    pub worker: WorkerId,
    pub shm: Shm,
    pub wakers: Arc<Wakers>,
    /// The root: stored by whoever commits a plan, read at every new connection and request.
    pub plan: Arc<ArcSwap<Plan>>,
    pub listeners: Vec<ListenerSocket>,
    pub control: UnboundedReceiver<Control>,
    pub log_sockets: LogSockets,
    /// Answers for the statistics page; without it, `stats uri` is not recognised.
    pub stats: Option<Rc<dyn StatsService>>,
    pub editor: Editor,
    /// Runs beside the traffic on the worker's runtime: the conversation with the supervisor that feeds `control`.
    pub beside: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

/// Orders to a running worker, obeyed in their order.
#[derive(Debug)]
pub enum Control {
    /// Makes `plan` the one in force. `added` are the sockets of listeners that are new or were bound anew; sockets
    /// whose slot the plan no longer has are emptied of waiting connections and closed. `done` is answered when new
    /// connections are served by the new plan.
    Swap {
        plan: Arc<Plan>,
        added: Vec<ListenerSocket>,
        done: Option<oneshot::Sender<()>>,
    },
    /// Stops accepting on the listener with this slot, or on all, without closing (`disable frontend`, SIGTTOU).
    Pause(Option<Slot>),
    /// Close a listening socket; what waits in its queue is served.
    Release(Slot),
    Resume(Option<Slot>),
    /// Closes the listeners, finishes what is running, then [`run`] returns.
    SoftStop,
    /// Ends everything now.
    HardStop,
}

/// Why [`run`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// After a soft stop the last connection ended.
    Drained,
    HardStop,
    /// The sender of `control` is gone: there is no supervisor any more.
    Orphaned,
}

/// How often and how far apart the first worker looks whether the others were told to stop.
const STOP_LOOKS: u32 = 200;
const STOP_PAUSE: Duration = Duration::from_millis(5);

/// What the tasks of one worker share.
pub struct Worker {
    pub id: WorkerId,
    pub shm: Shm,
    pub wakers: Arc<Wakers>,
    pub clock: Rc<Clock>,
    pub timers: Rc<Timers>,
    pub buffers: Rc<Buffers>,
    pub counters: &'static ProcessCounters,
    pub pools: Pools,
    pub compressors: Rc<Compressors>,
    pub streams: StreamBoxes,
    pub queues: Queues,
    pub census: Census,
    pub logs: Logs,
    pub stats: Option<Rc<dyn StatsService>>,
    /// Takes what rules change of the plan.
    pub editor: Editor,
    /// Log lines written per frontend (`%lc`).
    log_lines: RefCell<HashMap<ProxyId, i64>>,
    plan: RefCell<Arc<Plan>>,
    root: Arc<ArcSwap<Plan>>,
    /// Plans that are no longer in force and may still be held by streams.
    retired: RefCell<Vec<Arc<Plan>>>,
    stopping: Cell<bool>,
    /// As last seen by [`Worker::notice_servers`].
    servers_epoch: Cell<u64>,
    connections: Cell<usize>,
    /// A soft stop began.
    stop: Notify,
    /// A connection ended, here or elsewhere: places under a `maxconn` may be free again.
    pub freed: Notify,
    pub parts: Parts,
    random: Cell<u64>,
}

/// Serves until told to stop. Builds its own runtime on the calling thread.
pub fn run(input: WorkerInput) -> io::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .on_thread_unpark(|| {
            clock::mark_stale();
            crate::effort::notice();
        })
        .build_local(Default::default())?;
    let exit = runtime.block_on(serve(input));
    // Connections that still run (hard stop) are dropped here, on their own runtime.
    drop(runtime);
    exit
}

async fn serve(input: WorkerInput) -> io::Result<Exit> {
    let WorkerInput {
        worker: id,
        shm,
        wakers,
        plan,
        listeners,
        mut control,
        log_sockets,
        stats,
        editor,
        beside,
    } = input;
    crate::session_store::share(&plan.load(), shm, id);
    crate::effort::measure(plan.load().global.profile_tasks);
    let worker = Rc::new(Worker::new(id, shm, wakers, plan, log_sockets, stats, editor));
    let parts = &worker.parts;
    parts.spawn(worker.timers.clone().drive(worker.clock.clone()));
    parts.spawn(queue::listen(worker.clone()));
    parts.spawn(crate::census::serve(worker.clone()));
    parts.spawn(housekeeping(worker.clone()));
    if let Some(beside) = beside {
        parts.spawn(beside);
    }
    let mut open = Listeners::default();
    open.add(&worker, listeners)?;
    loop {
        let order = tokio::select! {
            order = control.recv() => order,
            error = parts.broken() => return Err(error),
        };
        match order {
            None => return Ok(Exit::Orphaned),
            Some(Control::HardStop) => return Ok(Exit::HardStop),
            Some(Control::SoftStop) => break,
            Some(Control::Pause(slot)) => open.pause(slot, true),
            Some(Control::Release(slot)) => open.release(&worker, slot),
            Some(Control::Resume(slot)) => open.pause(slot, false),
            Some(Control::Swap { plan, added, done }) => {
                worker.swap(plan);
                open.add(&worker, added)?;
                open.follow(&worker);
                worker.timers.wake_all();
                if let Some(done) = done {
                    // Who asked may have gone since.
                    let _ = done.send(());
                }
            }
        }
    }
    open.close(&worker);
    worker.stopping.set(true);
    worker.stop.notify_waiters();
    worker.shm.worker(worker.id).set_phase(WorkerPhase::Stopping);
    worker.log_stop().await;
    worker.pools.clear();
    worker.timers.wake_all();
    drain(&worker, &mut control).await
}

/// Waits for the last connection after a soft stop; a hard stop ends it.
async fn drain(worker: &Worker, control: &mut UnboundedReceiver<Control>) -> io::Result<Exit> {
    loop {
        if worker.connections.get() == 0 {
            return Ok(Exit::Drained);
        }
        tokio::select! {
            () = worker.freed.notified() => {}
            error = worker.parts.broken() => return Err(error),
            order = control.recv() => match order {
                None | Some(Control::HardStop) => return Ok(Exit::HardStop),
                Some(_) => {}
            },
        }
    }
}

/// Freed bytes from which giving them back to the system is worth the walk over the heap.
const WORTH_TRIMMING: usize = 128 * 1024;

/// The share of time in which the worker had nothing to do (`Idle_pct`, `maxcompcpuusage`).
struct Idle {
    counters: &'static ProcessCounters,
    wall_us: u64,
    cpu_us: u64,
}

impl Idle {
    fn new(worker: &Worker) -> Self {
        worker.counters.idle_pct.set(100);
        Self {
            counters: worker.counters,
            wall_us: weir_sys::clock::monotonic_us(),
            cpu_us: weir_sys::clock::process_us(),
        }
    }

    /// Since the last call.
    fn note(&mut self) {
        let (wall_us, cpu_us) = (weir_sys::clock::monotonic_us(), weir_sys::clock::process_us());
        let busy = 100 * (cpu_us - self.cpu_us) / (wall_us - self.wall_us).max(1);
        self.counters.idle_pct.set(100 - busy.min(100) as u32);
        (self.wall_us, self.cpu_us) = (wall_us, cpu_us);
    }
}

/// Once a second: what need not be done at the moment it becomes possible.
async fn housekeeping(worker: Rc<Worker>) {
    let mut seconds: u64 = 0;
    let mut idle = Idle::new(&worker);
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        seconds += 1;
        idle.note();
        worker.drop_retired();
        worker.notice_servers();
        if worker.buffers.shrink() + worker.streams.shrink() >= WORTH_TRIMMING {
            weir_sys::memory::trim();
        }
        if seconds.is_multiple_of(5) {
            worker.pools.purge();
        }
        worker.freed.notify_waiters();
    }
}

impl Worker {
    fn new(
        id: WorkerId,
        shm: Shm,
        wakers: Arc<Wakers>,
        root: Arc<ArcSwap<Plan>>,
        log_sockets: LogSockets,
        stats: Option<Rc<dyn StatsService>>,
        editor: Editor,
    ) -> Self {
        let plan = root.load_full();
        let clock = Rc::new(Clock::default());
        let seed = clock.now_us() ^ u64::from(id.0) << 48;
        Self {
            id,
            shm,
            wakers: wakers.clone(),
            timers: Rc::default(),
            buffers: Buffers::new(plan.global.tune.bufsize.max(4096) as usize),
            counters: shm.process().counters(id),
            pools: Pools::default(),
            compressors: Compressors::new(shm, shm.process().counters(id), clock.clone()),
            streams: StreamBoxes::default(),
            queues: Queues::default(),
            census: Census::default(),
            logs: Logs::new(log_sockets, &plan, shm, wakers, id),
            stats,
            editor,
            log_lines: RefCell::default(),
            plan: RefCell::new(plan),
            root,
            retired: RefCell::default(),
            stopping: Cell::new(false),
            servers_epoch: Cell::new(shm.process().state.servers_epoch.value()),
            connections: Cell::new(0),
            stop: Notify::new(),
            freed: Notify::new(),
            parts: Parts::default(),
            random: Cell::new(seed | 1),
            clock,
        }
    }

    /// The plan in force.
    pub fn plan(&self) -> Arc<Plan> {
        self.plan.borrow().clone()
    }

    pub(crate) fn plan_ref(&self) -> std::cell::Ref<'_, Arc<Plan>> {
        self.plan.borrow()
    }

    /// The newest plan, in force or not, that has a listener with this slot.
    pub(crate) fn latest_with(&self, slot: Slot) -> Option<(Arc<Plan>, ListenerId, ProxyId)> {
        let retired = self.retired.borrow();
        std::iter::once(self.plan()).chain(retired.iter().rev().cloned()).find_map(|plan| {
            let (listener, proxy) = listener::find(&plan, slot)?;
            Some((plan, listener, proxy))
        })
    }

    /// A soft stop is under way.
    pub fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Ends when a soft stop begins; one that began before is not noticed.
    pub async fn stopped(&self) {
        self.stop.notified().await;
    }

    /// 64 random bits, good enough to spread load with.
    pub fn random(&self) -> u64 {
        let mut bits = self.random.get();
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        self.random.set(bits);
        bits
    }

    pub fn count_log_line(&self, frontend: ProxyId) {
        *self.log_lines.borrow_mut().entry(frontend).or_insert(0) += 1;
    }

    pub fn log_counter(&self, frontend: ProxyId) -> i64 {
        self.log_lines.borrow().get(&frontend).copied().unwrap_or(0)
    }

    pub fn connection_began(&self) {
        self.connections.set(self.connections.get() + 1);
        self.counters.curr_conns.increment();
    }

    pub fn connection_ended(&self) {
        self.connections.set(self.connections.get() - 1);
        self.counters.curr_conns.decrement();
        self.wakers.wake_parked(self.shm, self.id);
        self.freed.notify_waiters();
        if self.stopping.get() {
            self.freed.notify_one();
        }
    }

    /// One worker speaks for all, when none of them begins anything new any more.
    async fn log_stop(&self) {
        if self.id != WorkerId(0) {
            return;
        }
        let busy = |place: WorkerId| {
            let phase = self.shm.worker(place).phase();
            place != self.shm.controller() && matches!(phase, WorkerPhase::Starting | WorkerPhase::Running)
        };
        for _ in 0..STOP_LOOKS {
            if !self.shm.used_places().any(busy) {
                break;
            }
            tokio::time::sleep(STOP_PAUSE).await;
        }
        let plan = self.plan();
        for proxy in plan.proxies.iter().filter(|proxy| !proxy.disabled) {
            let frontend = self.shm.frontend(proxy.frontend_slot).sum(|counters| counters.conn_tot.value());
            let backend = self.shm.backend(proxy.backend_slot).sum(|counters| counters.stot.value());
            let frontend = if proxy.frontend.is_some() { frontend } else { 0 };
            let backend = if proxy.backend.is_some() { backend } else { 0 };
            let name = &proxy.name;
            let text = format!("Proxy {name} stopped (cumulated conns: FE: {frontend}, BE: {backend}).");
            crate::log_line::send(self, &plan, proxy, 4, text.as_bytes(), b"");
        }
    }

    fn swap(&self, plan: Arc<Plan>) {
        crate::session_store::share(&plan, self.shm, self.id);
        self.root.store(plan.clone());
        self.logs.follow(&plan);
        crate::effort::measure(plan.global.profile_tasks);
        let old = self.plan.replace(plan);
        self.retired.borrow_mut().push(old);
    }

    /// Lets the streams look again at their servers when the state of any has changed.
    pub(crate) fn notice_servers(&self) {
        let epoch = self.shm.process().state.servers_epoch.value();
        if self.servers_epoch.replace(epoch) != epoch {
            self.queues.look_again(self);
            self.timers.wake_all();
            self.pools.leave_servers_in_maintenance(self.shm);
        }
    }

    /// Large plans take long to drop: that happens on a thread of its own, when no stream holds them any more.
    fn drop_retired(&self) {
        let retired = &mut *self.retired.borrow_mut();
        let unused: Vec<Arc<Plan>> = retired.extract_if(.., |plan| Arc::strong_count(plan) == 1).collect();
        if !unused.is_empty() {
            let thread = |name: &str| std::thread::Builder::new().name(name.into());
            // Without a thread they are dropped here.
            let Ok(dropping) = thread("drop-plan").spawn(move || drop(unused)) else { return };
            // The allocator keeps some of what a thread freed for that thread until it ends, and what is kept holds its
            // pages: only then all can be given back.
            let _ = thread("trim").spawn(move || {
                let _ = dropping.join();
                weir_sys::memory::trim();
            });
        }
    }
}
