//! A client's connection: owns the socket, begins a task for each stream, and knows when the connection ends.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll};

use weir_http::h2::{Connection, ErrorCode, Role};
use weir_types::Slot;

use super::end::End;
use super::mux::Mux;
use super::ping::IdlePing;
use super::task::StreamTask;
use crate::http::request_limits;
use crate::pool::IdleConnection;
use crate::record::{Cause, Stage};
use crate::session::Client;
use crate::socket::Socket;
use crate::stream::{Ending, Step, after};
use crate::timers::NEVER;
use crate::turn::Turn;
use crate::worker::Worker;

/// Reads in a row before other connections get their turn.
const ROUNDS: u32 = 16;
/// How long the client's own end is awaited once all was said, milliseconds: closing earlier could destroy on its way
/// what was sent last.
const LINGER: u64 = 1000;

/// What the streams of a client have in common beside the connection.
#[derive(Debug, Default)]
pub struct Shared {
    /// Connections to servers that are for this client alone and serve no stream now.
    // Moved in and out by their box, as sessions hold them.
    #[allow(clippy::vec_box)]
    private: RefCell<Vec<Box<(Slot, IdleConnection)>>>,
}

/// As many as HAProxy keeps per session (`max-session-srv-conns`).
const PRIVATE: usize = 5;

impl Shared {
    pub fn keep_private(&self, connection: Box<(Slot, IdleConnection)>) {
        let private = &mut *self.private.borrow_mut();
        if private.len() < PRIVATE {
            private.push(connection);
        }
    }
}

#[derive(Debug)]
pub struct Frontend {
    mux: Rc<Mux>,
    shared: Rc<Shared>,
    /// When the last stream ended; what `http-keep-alive` counts from.
    idle_since_ms: u64,
    /// When something was last sent.
    sent_ms: u64,
    served: bool,
    /// Glitches that were counted where the session is tracked.
    glitches: u32,
    ping: IdlePing,
    /// When the connection ends for want of streams.
    ends_ms: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// The client has ended its half; streams that it completed are still answered.
    HalfClosed,
    /// All was sent; until this moment the client may end its half.
    Lingering(u64),
}

impl Frontend {
    /// `received`: what came already, the preface first.
    pub fn new(worker: &Worker, client: &mut Client, received: &[u8]) -> Self {
        // Asked of the socket while it is still the client's.
        client.destination();
        let socket = std::mem::replace(&mut client.socket, Socket::closed());
        let plan = &client.session.plan;
        let config = super::config::of_clients(plan, request_limits(plan, client.session.proxy()));
        let mut core = Connection::new(Role::Server, config);
        core.receive(received);
        let mux = Mux::new(core, socket, true);
        let now_ms = worker.clock.now_ms();
        Self {
            mux: Rc::new(mux),
            shared: Rc::default(),
            idle_since_ms: now_ms,
            sent_ms: now_ms,
            served: false,
            glitches: 0,
            ping: IdlePing::new(client.session.listener().settings.idle_ping),
            ends_ms: NEVER,
            state: State::Running,
        }
    }

    /// Runs until it has to wait. `Ready`: the connection is to be closed. The deadline is that of the wait.
    pub fn advance(&mut self, cx: &mut Context<'_>, worker: &Rc<Worker>, client: &mut Client) -> Poll<()> {
        self.mux.core.borrow_mut().set_owner(cx.waker());
        if self.mux.vanish.get() {
            self.mux.socket.borrow_mut().drop_silently();
            return Poll::Ready(());
        }
        for _ in 0..ROUNDS {
            if let State::Lingering(until) = self.state {
                return self.linger(cx, worker, until);
            }
            let received = self.receive(cx, worker);
            self.mux.note_handshake();
            self.count_glitches(worker, client);
            self.log_faults(cx, worker, client);
            self.begin_streams(worker, client);
            let sent = match self.mux.flush(cx) {
                Ok(sent) => sent,
                Err(_) => {
                    self.mux.core.borrow_mut().end(ErrorCode::Cancel);
                    return Poll::Ready(());
                }
            };
            if sent {
                self.sent_ms = worker.clock.now_ms();
            }
            if self.is_over(worker) {
                return Poll::Ready(());
            }
            if !received && !sent && !matches!(self.state, State::Lingering(_)) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn receive(&mut self, cx: &mut Context<'_>, worker: &Worker) -> bool {
        if self.state != State::Running || !self.mux.core.borrow().wants_input() {
            return false;
        }
        match self.mux.receive(cx, &worker.buffers) {
            Ok(None) => false,
            Ok(Some(1..)) => true,
            Ok(Some(0)) => {
                self.state = State::HalfClosed;
                self.mux.core.borrow_mut().peer_left();
                true
            }
            Err(_) => {
                self.state = State::HalfClosed;
                self.mux.core.borrow_mut().end(ErrorCode::Cancel);
                true
            }
        }
    }

    /// What the client did that was odd counts in the entries that its session tracks.
    fn count_glitches(&mut self, worker: &Worker, client: &Client) {
        let glitches = self.mux.core.borrow().glitches();
        if glitches != self.glitches {
            let new = glitches.wrapping_sub(std::mem::replace(&mut self.glitches, glitches));
            client.session.count_glitches(new, worker.clock.now_ms());
        }
    }

    fn begin_streams(&mut self, worker: &Rc<Worker>, client: &mut Client) {
        while let Some(id) = self.next_stream() {
            self.served = true;
            client.session.requests += 1;
            let mut session = client.session.for_stream();
            session.private = self.shared.private.borrow_mut().pop();
            let socket = Socket::of_stream(End::new(self.mux.clone(), id));
            let task = StreamTask::new(worker.clone(), Client { socket, session }, self.shared.clone());
            tokio::task::spawn_local(task);
        }
    }

    fn next_stream(&self) -> Option<u32> {
        self.mux.core.borrow_mut().accept()
    }

    /// Whether the connection is to be closed now.
    fn is_over(&mut self, worker: &Worker) -> bool {
        let core = &mut *self.mux.core.borrow_mut();
        let (ended, over) = (core.has_ended(), core.is_over());
        if over {
            core.settle_leave();
        }
        let left = self.state == State::HalfClosed && core.active() == 0;
        if !(core.output().is_empty() || left && ended) {
            return false;
        }
        if self.state == State::HalfClosed {
            return left || ended;
        }
        if ended || over {
            self.state = State::Lingering(worker.clock.now_ms() + LINGER);
        }
        false
    }

    fn linger(&mut self, cx: &mut Context<'_>, worker: &Worker, until: u64) -> Poll<()> {
        self.mux.socket.borrow_mut().shutdown_write();
        for _ in 0..ROUNDS {
            match self.mux.receive(cx, &worker.buffers) {
                Ok(Some(1..)) => {}
                Ok(None) if worker.clock.now_ms() < until => return Poll::Pending,
                _ => return Poll::Ready(()),
            }
        }
        // Who still sends this much does not listen.
        Poll::Ready(())
    }

    /// When to look again, and what to do then: without streams after `timeout http-keep-alive` and the like, with
    /// output that the client does not take after `timeout client`.
    pub fn deadline(&mut self, worker: &Worker, client: &Client) -> u64 {
        if let State::Lingering(until) = self.state {
            return until;
        }
        let timeouts = &client.session.proxy().settings.timeouts;
        let core = &mut *self.mux.core.borrow_mut();
        if !core.output().is_empty() {
            return after(self.sent_ms, timeouts.client);
        }
        if core.active() > 0 {
            self.idle_since_ms = NEVER;
            self.ping.rest();
            return NEVER;
        }
        core.rest();
        let now_ms = worker.clock.now_ms();
        if self.idle_since_ms == NEVER {
            self.idle_since_ms = now_ms;
        }
        let keep_alive = if self.served { timeouts.http_keep_alive } else { None };
        let of_http = keep_alive.or(timeouts.http_request);
        // A sign of life renews the client's own timeout alone.
        if self.ping.was_answered(core) && of_http.is_none() {
            self.idle_since_ms = now_ms;
        }
        self.ends_ms = after(self.idle_since_ms, of_http.or(timeouts.client));
        self.ends_ms.min(self.ping.due(now_ms))
    }

    /// The deadline has come. False: the connection is to be closed at once.
    pub fn late(&mut self, now_ms: u64) -> bool {
        if matches!(self.state, State::Lingering(_)) {
            return false;
        }
        let core = &mut *self.mux.core.borrow_mut();
        if !core.output().is_empty() {
            core.end(ErrorCode::Cancel);
            return false;
        }
        if now_ms < self.ends_ms {
            return self.ping.ask(core, now_ms);
        }
        core.leave();
        true
    }

    /// The client is to go elsewhere: at a soft stop, or when the listener is gone. What it has sent is served.
    pub fn leave(&self) {
        self.mux.core.borrow_mut().announce_leave();
    }

    /// A line for each fault, as HAProxy writes it.
    fn log_faults(&mut self, cx: &mut Context<'_>, worker: &Rc<Worker>, client: &mut Client) {
        let faults = self.mux.core.borrow_mut().take_faults();
        for _ in 0..faults {
            let session = &client.session;
            crate::trace::client("h2", &session.proxy().name, session.source, "what RFC 9113 forbids");
            let mut stream = worker.streams.take();
            stream.up.clear();
            Turn::begin(worker, client, &mut stream, worker.clock.now_us());
            let mut turn = Turn { cx: &mut *cx, worker, client: &mut *client, stream: &mut stream };
            turn.stream.record.end(Cause::Proxy, Stage::Request);
            turn.stream.record.malformed = true;
            // Neither the connection nor its other streams end with it.
            turn.stream.ending = Some(Ending::KeepAlive);
            turn.count_bad_request();
            let step = turn.finish();
            debug_assert!(matches!(step, Step::End(_)));
            stream.up.clear();
            worker.streams.put(stream);
        }
    }
}
