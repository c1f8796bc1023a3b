//! What the streams of a connection and its socket's owner share.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, Waker};

use weir_http::h2::Connection;

use crate::buffers::{Buffer, Buffers};
use crate::session::local_address;
use crate::socket::Socket;

#[derive(Debug)]
pub struct Mux {
    pub core: RefCell<Connection>,
    /// Used by the task that owns the connection; streams look at what its encryption says.
    pub socket: RefCell<Socket>,
    /// Our end of the connection, once it is known.
    pub local: Cell<Option<SocketAddr>>,
    /// A stream asked for the connection to vanish (`silent-drop`).
    pub vanish: Cell<bool>,
    /// Of connections to servers: whether it stands.
    state: Cell<State>,
    /// Why it could not be established.
    failure: Cell<Option<(io::ErrorKind, Option<i32>)>>,
    /// Streams that wait for it to be, or for the end of a client's handshake.
    waiting: RefCell<Vec<Waker>>,
    /// Purges of the pool that found it without streams.
    pub purges: Cell<u32>,
    /// It carried a request whose answer came: others may rely on it.
    pub proven: Cell<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connecting,
    Established,
    Failed,
}

impl Mux {
    pub fn new(core: Connection, socket: Socket, established: bool) -> Self {
        Self {
            core: RefCell::new(core),
            local: Cell::new(local_address(&socket)),
            socket: RefCell::new(socket),
            vanish: Cell::new(false),
            state: Cell::new(if established { State::Established } else { State::Connecting }),
            failure: Cell::new(None),
            waiting: RefCell::default(),
            purges: Cell::new(0),
            proven: Cell::new(false),
        }
    }

    pub fn is_established(&self) -> bool {
        self.state.get() == State::Established
    }

    pub fn established(&self) {
        self.state.set(State::Established);
        self.waiting.take().into_iter().for_each(Waker::wake);
    }

    pub fn failed(&self, error: &io::Error) {
        self.state.set(State::Failed);
        self.failure.set(Some((error.kind(), error.raw_os_error())));
        self.waiting.take().into_iter().for_each(Waker::wake);
    }

    /// Waits until the connection stands; with `settled`, until its peer's settings are known too.
    pub fn poll_established(&self, cx: &mut Context<'_>, settled: bool) -> Poll<io::Result<()>> {
        match self.state.get() {
            State::Established if !settled || self.core.borrow().is_settled() => Poll::Ready(Ok(())),
            State::Failed => Poll::Ready(Err(match self.failure.get() {
                Some((_, Some(code))) => io::Error::from_raw_os_error(code),
                Some((kind, None)) => kind.into(),
                None => io::ErrorKind::ConnectionReset.into(),
            })),
            _ => {
                self.waiting.borrow_mut().push(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Waits for the end of the handshake where streams came before it.
    pub fn poll_handshake_over(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.socket.borrow().is_early() {
            return Poll::Ready(());
        }
        self.waiting.borrow_mut().push(cx.waker().clone());
        Poll::Pending
    }

    /// Wakes streams that wait for the end of the handshake.
    pub fn note_handshake(&self) {
        if !self.waiting.borrow().is_empty() && !self.socket.borrow().is_early() {
            self.waiting.take().into_iter().for_each(Waker::wake);
        }
    }

    /// Wakes streams that wait for settings.
    pub fn note_settled(&self) {
        if !self.waiting.borrow().is_empty() && self.core.borrow().is_settled() {
            self.waiting.take().into_iter().for_each(Waker::wake);
        }
    }

    /// Sends what waits. True: something went out.
    pub fn flush(&self, cx: &mut Context<'_>) -> io::Result<bool> {
        let mut moved = false;
        let socket = &mut *self.socket.borrow_mut();
        loop {
            let core = &mut *self.core.borrow_mut();
            if core.output().is_empty() {
                return Ok(moved);
            }
            match socket.poll_send(cx, &[io::IoSlice::new(core.output())], false) {
                Poll::Ready(Ok(count)) => {
                    core.sent(count);
                    moved = true;
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(moved),
            }
        }
    }

    /// Reads once and takes what came apart. `Some(0)` is the end; `None`: nothing now.
    pub fn receive(&self, cx: &mut Context<'_>, buffers: &Buffers) -> io::Result<Option<usize>> {
        let mut buffer = Buffer::default();
        buffers.fill(&mut buffer);
        let outcome = self.socket.borrow_mut().poll_recv(cx, buffer.room());
        if let Poll::Ready(Ok(count)) = outcome {
            buffer.filled(count);
            self.core.borrow_mut().receive(buffer.bytes());
            buffer.consume(count);
        }
        buffers.reclaim(&mut buffer);
        match outcome {
            Poll::Ready(Ok(count)) => Ok(Some(count)),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Ok(None),
        }
    }
}
