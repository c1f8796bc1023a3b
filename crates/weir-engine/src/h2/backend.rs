//! A connection to a server: the task that owns its socket. Streams of all clients of this worker share it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use openssl::ssl::Ssl;
use weir_http::h2::{Connection, ErrorCode, Role};

use super::mux::Mux;
use super::ping::IdlePing;
use crate::handshakes::HandshakeCounters;
use crate::socket::Socket;
use crate::timers::{NEVER, Timer};
use crate::worker::Worker;

/// Reads in a row before others get their turn.
const ROUNDS: u32 = 16;

/// How a connection begins.
#[derive(Debug, Default)]
pub struct Opening {
    /// Goes out before anything else.
    pub proxy_header: Vec<u8>,
    /// A handshake that comes next.
    pub ssl: Option<Ssl>,
    /// All that was done already.
    pub established: bool,
    /// `idle-ping`.
    pub idle_ping: Option<u32>,
    /// Where the handshake counts.
    pub counters: Option<HandshakeCounters>,
}

/// Starts the task of a connection whose `connect` is under way.
pub fn open(
    worker: &Rc<Worker>,
    socket: Socket,
    plan: &weir_plan::Plan,
    proxy: &weir_plan::Proxy,
    opening: Opening,
) -> Rc<Mux> {
    let config = super::config::of_servers(plan, crate::http::response_limits(plan, proxy));
    let core = Connection::new(Role::Client, config);
    let mux = Rc::new(Mux::new(core, socket, opening.established));
    let ping = IdlePing::new(opening.idle_ping);
    let task = Task {
        worker: worker.clone(),
        mux: mux.clone(),
        opening,
        opened: 0,
        closed: false,
        ping,
        timer: None,
    };
    tokio::task::spawn_local(task);
    mux
}

enum Wait {
    Rests,
    /// A question is to be sent.
    Asked,
    /// The server did not answer.
    Gone,
}

struct Task {
    worker: Rc<Worker>,
    mux: Rc<Mux>,
    opening: Opening,
    opened: usize,
    /// The server has ended its half.
    closed: bool,
    ping: IdlePing,
    /// Of connections that are asked for signs of life.
    timer: Option<Timer>,
}

impl Task {
    fn connect(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = &mut *self.mux.socket.borrow_mut();
        if socket.tls().is_none() {
            std::task::ready!(socket.poll_writable(cx))?;
            if let Some(error) = socket.take_error()? {
                return Poll::Ready(Err(error));
            }
            while self.opened < self.opening.proxy_header.len() {
                let rest = io::IoSlice::new(&self.opening.proxy_header[self.opened..]);
                self.opened += std::task::ready!(socket.poll_send(cx, &[rest], true))?;
            }
            let Some(ssl) = self.opening.ssl.take() else { return Poll::Ready(Ok(())) };
            if !socket.encrypt(ssl, Vec::new()) {
                return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
            }
            if let Some(tls) = socket.tls_mut() {
                tls.count(self.worker.counters);
            }
        }
        let outcome = std::task::ready!(socket.poll_handshake(cx));
        if let Some(counters) = self.opening.counters.take() {
            counters.count(&self.worker, outcome.is_ok(), socket);
        }
        Poll::Ready(outcome.map_err(|_| io::ErrorKind::ConnectionAborted.into()))
    }

    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.mux.core.borrow_mut().set_owner(cx.waker());
        if !self.mux.is_established() {
            if self.mux.core.borrow().is_over() || Rc::strong_count(&self.mux) == 1 {
                return Poll::Ready(());
            }
            match self.connect(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => {
                    let local = crate::session::local_address(&self.mux.socket.borrow());
                    self.mux.local.set(local);
                    self.mux.established();
                }
                Poll::Ready(Err(error)) => {
                    self.mux.failed(&error);
                    self.mux.core.borrow_mut().end(ErrorCode::Refused);
                    return Poll::Ready(());
                }
            }
        }
        for _ in 0..ROUNDS {
            let received = self.receive(cx);
            let sent = match self.mux.flush(cx) {
                Ok(sent) => sent,
                Err(_) => {
                    self.mux.core.borrow_mut().end(ErrorCode::Cancel);
                    return Poll::Ready(());
                }
            };
            let core = self.mux.core.borrow();
            let idle = core.active() == 0;
            if core.output().is_empty() && (core.is_over() || core.has_ended() || self.closed && idle) {
                return Poll::Ready(());
            }
            // Nobody can open a stream on it any more.
            if idle && Rc::strong_count(&self.mux) == 1 {
                drop(core);
                self.mux.core.borrow_mut().leave();
                continue;
            }
            if !received && !sent {
                drop(core);
                match self.wait(cx, idle) {
                    Wait::Asked => continue,
                    Wait::Gone => return Poll::Ready(()),
                    Wait::Rests => return Poll::Pending,
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Nothing is to be done now. An idle connection gives memory back, and is asked for signs of life.
    fn wait(&mut self, cx: &mut Context<'_>, idle: bool) -> Wait {
        if !idle {
            self.ping.rest();
            return Wait::Rests;
        }
        let core = &mut *self.mux.core.borrow_mut();
        core.rest();
        let now_ms = self.worker.clock.now_ms();
        let due_ms = self.ping.due(now_ms);
        if due_ms == NEVER {
            return Wait::Rests;
        }
        if now_ms >= due_ms {
            return if self.ping.ask(core, now_ms) { Wait::Asked } else { Wait::Gone };
        }
        self.timer.get_or_insert_with(|| self.worker.timers.register(cx.waker())).set(due_ms);
        Wait::Rests
    }

    fn receive(&mut self, cx: &mut Context<'_>) -> bool {
        if self.closed || !self.mux.core.borrow().wants_input() {
            return false;
        }
        match self.mux.receive(cx, &self.worker.buffers) {
            Ok(None) => false,
            Ok(Some(1..)) => {
                self.mux.note_settled();
                true
            }
            Ok(Some(0)) | Err(_) => {
                self.closed = true;
                self.mux.core.borrow_mut().end(ErrorCode::Cancel);
                true
            }
        }
    }
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.advance(cx)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        // Whatever ended the task, no stream waits for it any longer.
        if !self.mux.is_established() {
            self.mux.failed(&io::ErrorKind::ConnectionReset.into());
        }
        self.mux.core.borrow_mut().end(ErrorCode::Cancel);
    }
}
