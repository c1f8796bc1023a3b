//! A non-blocking socket that is tried before it is waited for: it joins the runtime's poller only when a call would
//! block. Not for listening sockets.

use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll, Waker};

use nix::sys::socket::{MsgFlags, Shutdown, recv, sendmsg, shutdown};
use openssl::ssl::Ssl;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::encrypted::{Done, Fault, Tls};
use crate::h2;

#[derive(Debug)]
enum Io {
    /// Not polled yet. `drained`: the last read took all there was.
    Bare {
        descriptor: OwnedFd,
        drained: bool,
    },
    /// `writing`: the poller also tells when writing is possible.
    Polled {
        poller: AsyncFd<OwnedFd>,
        writing: bool,
    },
    /// One stream of an HTTP/2 connection.
    Stream(h2::End),
    Closed,
}

impl Io {
    /// The poller, which tells at least when there is something to read.
    fn reading(&mut self) -> io::Result<&AsyncFd<OwnedFd>> {
        if let Io::Bare { .. } = self {
            self.register(Interest::READABLE)?;
        }
        self.poller()
    }

    /// The poller, which tells of both. Most sockets never block a write: they are spared the events.
    fn writing(&mut self, cx: &mut Context<'_>) -> io::Result<&AsyncFd<OwnedFd>> {
        if !matches!(self, Io::Polled { writing: true, .. }) {
            self.register(Interest::READABLE | Interest::WRITABLE)?;
            // Who waited to read was known to the old registration only.
            let _ = self.poller()?.poll_read_ready(cx);
        }
        self.poller()
    }

    fn poller(&self) -> io::Result<&AsyncFd<OwnedFd>> {
        match self {
            Io::Polled { poller, .. } => Ok(poller),
            _ => Err(ErrorKind::NotConnected.into()),
        }
    }

    fn register(&mut self, interest: Interest) -> io::Result<()> {
        let descriptor = match std::mem::replace(self, Io::Closed) {
            Io::Bare { descriptor, .. } => descriptor,
            Io::Polled { poller, .. } => poller.into_inner(),
            Io::Stream(_) | Io::Closed => return Err(ErrorKind::NotConnected.into()),
        };
        // The safe constructor: an OwnedFd is never replaced or closed while the poller knows it.
        #[allow(deprecated)]
        let poller = AsyncFd::with_interest(descriptor, interest)?;
        *self = Io::Polled { poller, writing: interest.is_writable() };
        Ok(())
    }
}

/// One end of a connection.
#[derive(Debug)]
pub struct Socket {
    io: Io,
    /// The last write would have blocked.
    write_blocked: bool,
    /// See [`Socket::abort_when_closed`].
    aborts: bool,
    /// What passes is encrypted.
    tls: Option<Box<Tls>>,
}

impl Socket {
    /// `descriptor` must be non-blocking.
    pub fn new(descriptor: OwnedFd) -> Self {
        Self { io: Io::Bare { descriptor, drained: false }, write_blocked: false, aborts: false, tls: None }
    }

    /// A connection whose `connect` is under way: there is nothing to read yet; writing is tried once all the same.
    pub fn connecting(descriptor: OwnedFd) -> Self {
        Self { io: Io::Bare { descriptor, drained: true }, write_blocked: false, aborts: false, tls: None }
    }

    pub fn closed() -> Self {
        Self { io: Io::Closed, write_blocked: false, aborts: false, tls: None }
    }

    pub fn of_stream(end: h2::End) -> Self {
        Self { io: Io::Stream(end), write_blocked: false, aborts: false, tls: None }
    }

    /// The end of a stream, where this is one.
    pub fn stream(&self) -> Option<&h2::End> {
        match &self.io {
            Io::Stream(end) => Some(end),
            _ => None,
        }
    }

    /// Whether closing resets the connection unless the peer closed it first. HAProxy ends HTTP connections to servers
    /// that way: else each would keep its source port from use for a minute (TIME_WAIT).
    pub fn abort_when_closed(&mut self, aborts: bool) {
        self.aborts = aborts;
    }

    pub fn is_closed(&self) -> bool {
        matches!(self.io, Io::Closed)
    }

    /// Reads what is there; `Ok(0)` is the end of the stream (`room` must not be empty).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.tls.is_some() {
            return self.poll_decrypt(cx, room);
        }
        if let Io::Stream(end) = &self.io {
            return end.poll_recv(cx, room);
        }
        if let Io::Bare { descriptor, drained: drained @ false } = &mut self.io {
            match receive(descriptor, room) {
                Ok(count) => {
                    *drained = count > 0 && count < room.len();
                    self.aborts &= count > 0;
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        let polled = match self.io.reading() {
            Ok(polled) => polled,
            Err(error) => return Poll::Ready(Err(error)),
        };
        loop {
            let mut guard = std::task::ready!(polled.poll_read_ready(cx))?;
            match receive(polled.get_ref(), room) {
                Ok(count) => {
                    if count > 0 && count < room.len() {
                        guard.clear_ready();
                    }
                    drop(guard);
                    self.aborts &= count > 0;
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => guard.clear_ready(),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Writes as much as goes.
    pub fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
        more: bool,
    ) -> Poll<io::Result<usize>> {
        if self.tls.is_some() {
            return self.poll_encrypt(cx, pieces);
        }
        if let Io::Stream(end) = &self.io {
            return end.poll_send(cx, pieces);
        }
        if !self.write_blocked {
            match self.descriptor().and_then(|descriptor| transmit(descriptor, pieces, more)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.write_blocked = true,
                done => return Poll::Ready(done),
            }
        }
        let polled = match self.io.writing(cx) {
            Ok(polled) => polled,
            Err(error) => return Poll::Ready(Err(error)),
        };
        loop {
            let mut guard = std::task::ready!(polled.poll_write_ready(cx))?;
            match transmit(polled.as_fd(), pieces, more) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => guard.clear_ready(),
                done => {
                    drop(guard);
                    self.write_blocked = false;
                    return Poll::Ready(done);
                }
            }
        }
    }

    /// Waits until reading will not block, reading nothing: data, end of stream or error.
    pub fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Io::Stream(end) = &self.io {
            return end.poll_readable(cx);
        }
        let polled = self.io.reading()?;
        polled.poll_read_ready(cx).map_ok(|_| ())
    }

    /// Waits until writing is possible: how the end of a `connect` shows.
    pub fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.io.writing(cx)?;
        polled.poll_write_ready(cx).map_ok(|_| ())
    }

    /// Whether the peer has sent or closed anything since the last read, as far as the poller knows already.
    pub fn seems_readable(&mut self) -> bool {
        if let Some(tls) = &mut self.tls {
            tls.set_may_read(true);
            return !matches!(tls.peek(), Done::WantRead);
        }
        match &self.io {
            Io::Polled { poller, .. } => {
                poller.poll_read_ready(&mut Context::from_waker(Waker::noop())).is_ready()
            }
            Io::Bare { .. } => self.peek().is_some(),
            Io::Stream(end) => end.is_readable(),
            Io::Closed => true,
        }
    }

    /// Looks without taking: `Some(0)` is the end of the stream or an error, `None` nothing there.
    pub fn peek(&self) -> Option<usize> {
        let mut byte = [0];
        let descriptor = self.descriptor().ok()?;
        match recv(descriptor.as_raw_fd(), &mut byte, MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT) {
            Ok(count) => Some(count),
            Err(nix::errno::Errno::EAGAIN) => None,
            Err(_) => Some(0),
        }
    }

    /// Closes the sending half.
    pub fn shutdown_write(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.notify_close();
        }
        if let Io::Stream(end) = &self.io {
            end.shutdown_write();
        }
        if let Ok(descriptor) = self.descriptor() {
            // A peer that is gone already needs no notice.
            let _ = shutdown(descriptor.as_raw_fd(), Shutdown::Write);
        }
    }

    /// Closes; what the encryption knows is handed out.
    pub fn close_and_take_tls(&mut self) -> Option<Box<Tls>> {
        self.abort();
        self.io = Io::Closed;
        self.tls.take()
    }

    /// Closes the connection; further calls answer `NotConnected`.
    pub fn close(&mut self) {
        self.abort();
        self.tls = None;
        self.io = Io::Closed;
    }

    /// Closes with a reset instead of an orderly end (`option nolinger`, `silent-drop` and the like).
    pub fn reset(&mut self) {
        if let Ok(descriptor) = self.descriptor() {
            let _ = socket2::SockRef::from(&descriptor).set_linger(Some(std::time::Duration::ZERO));
        }
        self.close();
    }

    /// Closes without the peer learning of it (`silent-drop`): the reset dies at the first router. Where the peer is
    /// on the same network it arrives all the same, as under HAProxy without privileges.
    pub fn drop_silently(&mut self) {
        if let Ok(descriptor) = self.descriptor() {
            let options = socket2::SockRef::from(&descriptor);
            // The one that does not fit the family is refused.
            let _ = options.set_ttl_v4(1);
            let _ = options.set_unicast_hops_v6(1);
        }
        self.reset();
    }

    /// The outcome of a `connect`.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        let descriptor = self.descriptor()?;
        socket2::SockRef::from(&descriptor).take_error()
    }

    pub fn descriptor(&self) -> io::Result<BorrowedFd<'_>> {
        match &self.io {
            Io::Bare { descriptor, .. } => Ok(descriptor.as_fd()),
            Io::Polled { poller, .. } => Ok(poller.as_fd()),
            Io::Stream(_) | Io::Closed => Err(ErrorKind::NotConnected.into()),
        }
    }

    fn abort(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.notify_close();
        }
        if self.aborts
            && let Ok(descriptor) = self.descriptor()
        {
            let _ = socket2::SockRef::from(&descriptor).set_linger(Some(std::time::Duration::ZERO));
        }
    }
}

/// Encryption.
impl Socket {
    /// From here on the connection is encrypted; `ahead` was received already. False: it cannot be.
    pub fn encrypt(&mut self, ssl: Ssl, ahead: Vec<u8>) -> bool {
        let descriptor = self.descriptor().map(|descriptor| descriptor.as_raw_fd());
        self.tls = descriptor.ok().and_then(|descriptor| Tls::new(ssl, descriptor, ahead)).map(Box::new);
        self.tls.is_some()
    }

    /// What is known of the encryption, once there is one.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_deref()
    }

    pub fn tls_mut(&mut self) -> Option<&mut Tls> {
        self.tls.as_deref_mut()
    }

    /// The protocol that both ends agreed on (ALPN).
    pub fn alpn_selected(&self) -> Option<&[u8]> {
        self.tls.as_ref()?.ssl().selected_alpn_protocol()
    }

    /// Goes on with the handshake.
    pub fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        self.poll_tls(cx, Tls::handshake).map(|done| match done {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(fault)) => Err(fault),
            Err(error) => Err(Fault { closed: true, text: error.to_string(), ..Fault::default() }),
        })
    }

    /// Waits for the end of a handshake that early data came before. A handshake that fails is found by whoever reads.
    pub fn poll_handshake_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Io::Stream(end) = &self.io {
            return end.mux().poll_handshake_over(cx);
        }
        if !self.is_early() {
            return Poll::Ready(());
        }
        self.poll_tls(cx, Tls::complete_handshake).map(drop)
    }

    /// Whether what is read now may be early data that somebody sends again.
    pub fn is_early(&self) -> bool {
        match &self.io {
            Io::Stream(end) => end.mux().socket.borrow().is_early(),
            _ => self.tls.as_ref().is_some_and(|tls| tls.is_early()),
        }
    }

    fn poll_decrypt(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        let outcome = self.poll_tls(cx, |tls| Ok::<_, io::Error>(tls.read(room)));
        outcome.map(|outcome| {
            let count = transferred(outcome);
            self.aborts &= !matches!(count, Ok(0));
            count
        })
    }

    fn poll_encrypt(&mut self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.poll_tls(cx, |tls| Ok::<_, io::Error>(tls.write(pieces))).map(transferred)
    }

    /// Tries a call of OpenSSL until it is done or has to wait for the descriptor.
    fn poll_tls<E>(
        &mut self,
        cx: &mut Context<'_>,
        mut call: impl FnMut(&mut Tls) -> Result<Done, E>,
    ) -> Poll<io::Result<Result<Done, E>>> {
        let Some(tls) = &mut self.tls else { return Poll::Ready(Err(ErrorKind::NotConnected.into())) };
        loop {
            let bare = matches!(self.io, Io::Bare { .. });
            // Known before the call: what arrives during it must not be forgotten behind it.
            let ready = match &mut self.io {
                Io::Polled { poller, .. } => match poller.poll_read_ready(cx) {
                    Poll::Ready(guard) => Some(guard?),
                    Poll::Pending => None,
                },
                _ => None,
            };
            tls.set_may_read(bare || ready.is_some());
            match call(tls) {
                Ok(Done::WantRead) => match ready {
                    Some(mut guard) => {
                        if tls.is_drained() {
                            guard.clear_ready();
                        }
                    }
                    None if bare => {
                        self.io.reading()?;
                    }
                    None => return Poll::Pending,
                },
                Ok(Done::WantWrite) => {
                    let mut guard = std::task::ready!(self.io.writing(cx)?.poll_write_ready(cx))?;
                    tls.set_may_read(true);
                    match call(tls) {
                        Ok(Done::WantWrite) => guard.clear_ready(),
                        Ok(Done::WantRead) => {}
                        done => return Poll::Ready(Ok(done)),
                    }
                }
                done => return Poll::Ready(Ok(done)),
            }
        }
    }
}

/// The outcome of a read or write that has not to wait.
fn transferred(outcome: io::Result<Result<Done, io::Error>>) -> io::Result<usize> {
    match outcome?? {
        Done::Bytes(count) => Ok(count),
        Done::End => Ok(0),
        Done::Failed(error) => Err(error),
        Done::WantRead | Done::WantWrite => Err(ErrorKind::WouldBlock.into()),
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.abort();
    }
}

fn receive(descriptor: &OwnedFd, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match recv(descriptor.as_raw_fd(), room, MsgFlags::empty()) {
            Err(nix::errno::Errno::EINTR) => {}
            outcome => return outcome.map_err(io::Error::from),
        }
    }
}

fn transmit(descriptor: BorrowedFd<'_>, pieces: &[IoSlice<'_>], more: bool) -> io::Result<usize> {
    let mut flags = MsgFlags::MSG_NOSIGNAL;
    if more {
        flags |= MsgFlags::from_bits_retain(nix::libc::MSG_MORE);
    }
    loop {
        let outcome = match pieces {
            [piece] => nix::sys::socket::send(descriptor.as_raw_fd(), piece, flags),
            _ => sendmsg::<()>(descriptor.as_raw_fd(), pieces, &[], flags, None),
        };
        match outcome {
            Err(nix::errno::Errno::EINTR) => {}
            outcome => return outcome.map_err(io::Error::from),
        }
    }
}
