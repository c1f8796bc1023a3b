//! One poll of a stream: runs its phases until one has to wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{Context, Poll};

use weir_plan::settings::LogSteps;
use weir_types::{Mode, ProxyId};

use crate::log_line::Origin;
use crate::record::{Cause, Stage};
use crate::session::Client;
use crate::stream::{Ending, Phase, Step, Stream, StreamTimeouts};
use crate::worker::Worker;

/// What the phases work on. The phases themselves stand in the modules named after them.
pub struct Turn<'t, 'c> {
    pub cx: &'t mut Context<'c>,
    pub worker: &'t Rc<Worker>,
    pub client: &'t mut Client,
    pub stream: &'t mut Stream,
}

impl Turn<'_, '_> {
    /// Sets a stream up for the next request of this client.
    pub fn begin(worker: &Worker, client: &Client, stream: &mut Stream, start_us: u64) {
        let session = &client.session;
        let proxy = session.proxy();
        stream.begin(session.frontend, start_us);
        stream.http = proxy.mode == Mode::Http || session.upgraded;
        let timeouts = &proxy.settings.timeouts;
        stream.timeouts = StreamTimeouts {
            client: timeouts.client,
            client_fin: timeouts.client_fin,
            tarpit: timeouts.tarpit.or(timeouts.connect),
            ..StreamTimeouts::default()
        };
        if !stream.http {
            stream.phase = Phase::RequestRules;
            stream.tunnel = true;
        }
        worker.counters.curr_streams.increment();
        worker.counters.cum_streams.increment();
        stream.running = true;
        if !stream.http {
            crate::debug::accepted(worker, client, stream);
        }
        // Once for each connection.
        let steps = proxy.settings.log_steps;
        if !steps.is_default() && steps.contains(LogSteps::ACCEPT) && session.requests <= 1 {
            stream.log_origin = Origin::Accept;
            crate::log_line::write(worker, client, stream, true, None);
        }
    }

    pub fn run(&mut self) -> Step {
        self.stream.effort.enter();
        let step = self.steps();
        self.stream.effort.leave();
        step
    }

    fn steps(&mut self) -> Step {
        let now_ms = self.now_ms();
        if now_ms >= self.stream.deadlines.next() {
            match self.timed_out(now_ms) {
                Step::Next => {}
                step => return step,
            }
        }
        if self.stream.phase == Phase::Exchange
            && let Some(cause) = self.server_changed()
        {
            self.break_off(cause);
        }
        loop {
            let step = match self.stream.phase {
                Phase::RequestHead => self.request_head(),
                Phase::RequestRules => self.request_rules(),
                Phase::Queue => self.queue(),
                Phase::Connect => self.connect(),
                Phase::Exchange => self.exchange(),
                Phase::Reply => self.reply(),
                Phase::Finish => self.finish(),
            };
            if step != Step::Next {
                return step;
            }
        }
    }

    /// Somebody else ends the stream. A client that has no answer yet is told so.
    pub fn break_off(&mut self, cause: Cause) -> Step {
        let stage = self.stream.stage_of_end();
        self.stream.record.end(cause, stage);
        let owed = self.stream.http && !self.stream.response_begun && !self.stream.tunnel;
        if owed && matches!(self.stream.phase, Phase::Queue | Phase::Connect | Phase::Exchange) {
            self.drop_link();
            crate::queue::leave(self.worker, self.stream);
            return self.answer_error(502);
        }
        self.close_with(Ending::Close)
    }

    /// `shutdown sessions server`, `on-marked-down shutdown-sessions` and `on-marked-up shutdown-backup-sessions`.
    fn server_changed(&self) -> Option<Cause> {
        let assigned = self.stream.assigned.as_ref()?;
        if assigned.shut_sessions != assigned.state.shut_sessions.value() {
            return Some(Cause::Killed);
        }
        let settings = &assigned.plan.server(assigned.server).settings;
        if settings.on_marked.down_shutdown_sessions && !assigned.state.usable_for_persistence() {
            return Some(Cause::Down);
        }
        if !settings.backup {
            return None;
        }
        // A backup server's streams end when an active server that asks for it is back.
        let mut servers = self.stream.servers(&assigned.plan)?.servers.iter();
        let back = servers.by_ref().map(|id| assigned.plan.server(id)).any(|server| {
            !server.settings.backup
                && server.settings.on_marked.up_shutdown_backup_sessions
                && self.worker.shm.server(server.slot).state.usable()
        });
        back.then_some(Cause::Up)
    }

    pub fn now_ms(&self) -> u64 {
        self.worker.clock.now_ms()
    }

    pub fn now_us(&self) -> u64 {
        self.worker.clock.now_us()
    }

    pub fn go(&mut self, phase: Phase) -> Step {
        self.stream.phase = phase;
        Step::Next
    }

    /// A deadline has come: what that means depends on the phase.
    fn timed_out(&mut self, now_ms: u64) -> Step {
        let deadlines = self.stream.deadlines;
        match self.stream.phase {
            Phase::RequestHead => self.request_head_late(),
            Phase::RequestRules => self.rules_late(now_ms),
            Phase::Queue => self.queue_late(),
            Phase::Connect => self.connect_late(),
            Phase::Exchange => self.exchange_late(deadlines.client <= now_ms),
            Phase::Reply => {
                self.stream.record.end(Cause::ClientTimeout, Stage::Last);
                self.close_with(Ending::Close)
            }
            Phase::Finish => Step::Next,
        }
    }

    /// Goes to `Finish` after which the client's connection is treated as `ending` says.
    pub fn close_with(&mut self, ending: Ending) -> Step {
        self.stream.ending = Some(ending);
        self.go(Phase::Finish)
    }

    /// The server's connection is closed with an end, not with a reset: nothing happened on it.
    pub fn part_in_order(&mut self) {
        if let Some(link) = &mut self.stream.link {
            link.socket.abort_when_closed(false);
        }
    }

    /// Closes the connection to the server, with which the stream comes to its end.
    pub fn drop_link(&mut self) {
        if self.stream.link.is_some() {
            self.count_for_log();
            self.stream.link = None;
        }
    }

    /// Makes `backend` the one that serves the stream.
    pub fn set_backend(&mut self, backend: ProxyId) {
        let plan = &self.client.session.plan;
        let proxy = plan.proxy(backend);
        let stream = &mut *self.stream;
        stream.backend = backend;
        let timeouts = &proxy.settings.timeouts;
        let frontend = &plan.proxy(stream.frontend).settings.timeouts;
        let old = stream.timeouts;
        let keep = |set: Option<u32>, configured: Option<u32>| {
            if stream.timeouts_set { set.or(configured) } else { configured }
        };
        stream.timeouts.server = keep(old.server, timeouts.server);
        stream.timeouts.server_fin = timeouts.server_fin;
        stream.timeouts.connect = keep(old.connect, timeouts.connect);
        stream.timeouts.queue = keep(old.queue, timeouts.queue.or(timeouts.connect));
        stream.timeouts.tunnel = keep(old.tunnel, timeouts.tunnel.or(frontend.tunnel));
        stream.timeouts.tarpit = timeouts.tarpit.or(timeouts.connect);
        stream.attempts_left = stream.retries.unwrap_or(proxy.settings.retries);
        let view = self.worker.shm.backend(proxy.backend_slot);
        let counters = view.counters(self.worker.id);
        counters.scur.increment();
        counters.stot.increment();
        let now = self.worker.clock.now_ms();
        counters.rate.add(now, 1);
        view.state.smax.raise(view.sum(|counters| counters.scur.value()));
        view.state.rate_max.raise(view.sum(|counters| counters.rate.this_second(now)));
        stream.backend_counters = Some(counters);
    }

    /// Takes a stream out of everything it is counted in, whatever became of it.
    pub fn abandon(worker: &Worker, stream: &mut Stream) {
        if !stream.running {
            return;
        }
        stream.running = false;
        if !stream.trackers.is_empty() {
            stream.trackers.release(worker.clock.now_ms());
        }
        stream.bandwidth.clear();
        stream.cache = None;
        worker.counters.curr_streams.decrement();
        crate::queue::leave(worker, stream);
        crate::assign::release_server(worker, stream);
        if let Some(counters) = stream.backend_counters.take() {
            counters.scur.decrement();
        }
        stream.link = None;
    }

    /// Gives the buffers and the box of a stream that is over back.
    pub fn release(worker: &Worker, mut stream: Box<Stream>) {
        stream.up.clear();
        stream.down.clear();
        worker.buffers.reclaim(&mut stream.up.buffer);
        worker.buffers.reclaim(&mut stream.down.buffer);
        worker.streams.put(stream);
    }

    /// Polls the task of a connection or a stream. A panic ends that task alone: the worker counts it and goes on.
    pub fn guard<T>(
        task: &mut T,
        poll: impl FnOnce(&mut T) -> Poll<()>,
        whose: fn(&T) -> (&Worker, &Client),
    ) -> Poll<()> {
        if let Ok(poll) = catch_unwind(AssertUnwindSafe(|| poll(task))) {
            return poll;
        }
        let (worker, client) = whose(task);
        worker.counters.stream_panics.increment();
        log::error!("a stream of proxy {} panicked and was ended", client.session.proxy().name);
        Poll::Ready(())
    }
}
