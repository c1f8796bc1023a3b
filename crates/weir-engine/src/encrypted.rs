//! The encrypted half of a [`Socket`](crate::socket::Socket): OpenSSL over a non-blocking descriptor. Not for choosing
//! certificates (`weir-tls`).
//!
//! The socket tries first and waits only when a call would block; OpenSSL's own calls have that shape, so `SslStream`
//! works on the descriptor itself. An adapter to tokio's traits would add a poll and a buffer per call and hide when
//! the poller is known to have nothing.

use std::cell::RefCell;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::os::fd::RawFd;
use std::sync::Arc;

use nix::sys::socket::{MsgFlags, recv, send};
use openssl::ssl::{ErrorCode, Ssl, SslRef, SslStream};
use weir_shm::ProcessCounters;
use weir_tls::{Certificate, ClientHello};

/// A record holds no more (RFC 8446 5.1).
const RECORD: usize = 16384;

thread_local! {
    /// Where pieces are joined into one record.
    static JOINED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What OpenSSL reads from and writes to. The descriptor belongs to the socket around it, which outlives it.
#[derive(Debug)]
struct Wire {
    descriptor: RawFd,
    /// Received before OpenSSL was there: the client's first message.
    ahead: Vec<u8>,
    ahead_at: usize,
    /// The poller may have something to read; without it no call is made.
    may_read: bool,
    /// The kernel had nothing.
    drained: bool,
    eof: bool,
    /// The last error of the kernel.
    error: Option<i32>,
}

impl Read for Wire {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.ahead_at < self.ahead.len() {
            let count = room.len().min(self.ahead.len() - self.ahead_at);
            room[..count].copy_from_slice(&self.ahead[self.ahead_at..self.ahead_at + count]);
            self.ahead_at += count;
            if self.ahead_at == self.ahead.len() {
                self.ahead = Vec::new();
                self.ahead_at = 0;
            }
            return Ok(count);
        }
        if !self.may_read {
            return Err(ErrorKind::WouldBlock.into());
        }
        loop {
            match recv(self.descriptor, room, MsgFlags::empty()) {
                Err(nix::errno::Errno::EINTR) => {}
                Err(nix::errno::Errno::EAGAIN) => {
                    self.drained = true;
                    return Err(ErrorKind::WouldBlock.into());
                }
                Err(error) => {
                    self.error = Some(error as i32);
                    return Err(error.into());
                }
                Ok(count) => {
                    self.eof |= count == 0;
                    return Ok(count);
                }
            }
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match send(self.descriptor, bytes, MsgFlags::MSG_NOSIGNAL) {
                Err(nix::errno::Errno::EINTR) => {}
                Err(error) => {
                    if error != nix::errno::Errno::EAGAIN {
                        self.error = Some(error as i32);
                    }
                    return Err(error.into());
                }
                outcome => return outcome.map_err(io::Error::from),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a call came to.
#[derive(Debug)]
pub enum Done {
    Bytes(usize),
    /// The peer closed, with notice or without.
    End,
    WantRead,
    WantWrite,
    Failed(io::Error),
}

/// See [`Tls::count`].
struct Counted(&'static ProcessCounters);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.curr_ssl_conns.decrement();
    }
}

/// Why a handshake did not succeed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// OpenSSL's code, 0 where there is none.
    pub code: u64,
    /// OpenSSL's text for it: `error:0A000...`.
    pub text: String,
    /// The peer closed or reset the connection in the middle.
    pub closed: bool,
    /// It did so with an error.
    pub reset: bool,
    /// The peer had sent nothing at all.
    pub empty: bool,
}

/// Data that a client sent before the end of its handshake (RFC 8446 section 2.3).
#[derive(Debug, Default)]
struct EarlyData {
    /// More may come.
    open: bool,
    /// Some came.
    seen: bool,
    /// What came and was not read yet.
    bytes: Vec<u8>,
}

pub struct Tls {
    stream: SslStream<Wire>,
    established: bool,
    /// Of connections that may begin with it.
    early: Option<Box<EarlyData>>,
    /// `tune.ssl.maxrecord`: a record holds no more.
    record: usize,
    /// Counts while it lives.
    counted: Option<Counted>,
    /// Of a client, as long as expressions may ask for its parts.
    pub hello: Option<Box<ClientHello>>,
    /// The certificate served to a client.
    pub served: Option<Arc<Certificate>>,
    /// The last error of a call, OpenSSL's code.
    pub last_error: u64,
    pub last_error_text: String,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("state", &self.stream.ssl().state_string()).finish_non_exhaustive()
    }
}

impl Tls {
    /// `ahead` was received already.
    pub fn new(ssl: Ssl, descriptor: RawFd, ahead: Vec<u8>) -> Option<Self> {
        let wire =
            Wire { descriptor, ahead, ahead_at: 0, may_read: true, drained: false, eof: false, error: None };
        let takes_early_data = ssl.is_server() && ssl.max_early_data() > 0;
        let stream = SslStream::new(ssl, wire).ok()?;
        Some(Self {
            stream,
            established: false,
            early: takes_early_data.then(|| Box::new(EarlyData { open: true, ..EarlyData::default() })),
            record: RECORD,
            counted: None,
            hello: None,
            served: None,
            last_error: 0,
            last_error_text: String::new(),
        })
    }

    /// Counts as one of the encrypted connections of this process.
    pub fn count(&mut self, counters: &'static ProcessCounters) {
        counters.cum_ssl_conns.increment();
        counters.curr_ssl_conns.increment();
        self.counted = Some(Counted(counters));
    }

    /// Records of at most these many bytes; 0 is TLS's own limit.
    pub fn limit_records(&mut self, limits: [u32; 2]) {
        let smallest = limits.into_iter().filter(|limit| *limit > 0).min();
        self.record = smallest.map_or(RECORD, |limit| (limit as usize).min(RECORD));
    }

    pub fn ssl(&self) -> &SslRef {
        self.stream.ssl()
    }

    pub fn is_established(&self) -> bool {
        self.established
    }

    /// Whether the poller may have something; clears what [`Tls::is_drained`] tells.
    pub fn set_may_read(&mut self, may_read: bool) {
        let wire = self.stream.get_mut();
        wire.may_read = may_read;
        wire.drained = false;
    }

    /// Whether the kernel was asked and had nothing.
    pub fn is_drained(&self) -> bool {
        self.stream.get_ref().drained
    }

    /// Early data came, and the handshake that makes it safe from being sent again by others is not over.
    pub fn is_early(&self) -> bool {
        !self.established && self.had_early_data()
    }

    /// Early data came, whatever became of the handshake.
    pub fn had_early_data(&self) -> bool {
        self.early.as_ref().is_some_and(|early| early.seen)
    }

    /// Goes on until the handshake is over, or until a request may have begun in early data: then [`Tls::read`] and
    /// [`Tls::write`] go on with it. As HAProxy does, only with a protocol that was agreed upon (ALPN).
    pub fn handshake(&mut self) -> Result<Done, Fault> {
        let outcome = self.complete_handshake()?;
        let begun = self.early.as_ref().is_some_and(|early| !early.bytes.is_empty());
        if begun && self.ssl().selected_alpn_protocol().is_some() {
            return Ok(Done::Bytes(0));
        }
        Ok(outcome)
    }

    /// Goes on until the handshake is over; early data is kept for [`Tls::read`].
    pub fn complete_handshake(&mut self) -> Result<Done, Fault> {
        while let Some(early) = self.early.as_mut().filter(|early| early.open) {
            let mut room = [0; 4096];
            match self.stream.read_early_data(&mut room) {
                Ok(0) => early.open = false,
                Ok(count) => {
                    early.seen = true;
                    early.bytes.extend_from_slice(&room[..count]);
                }
                Err(error) => match error.code() {
                    ErrorCode::WANT_READ => return Ok(Done::WantRead),
                    ErrorCode::WANT_WRITE => return Ok(Done::WantWrite),
                    _ => return Err(self.fault(&error)),
                },
            }
        }
        match self.stream.do_handshake() {
            Ok(()) => {
                self.established = true;
                Ok(Done::Bytes(0))
            }
            Err(error) => match error.code() {
                ErrorCode::WANT_READ => Ok(Done::WantRead),
                ErrorCode::WANT_WRITE => Ok(Done::WantWrite),
                _ => Err(self.fault(&error)),
            },
        }
    }

    fn fault(&mut self, error: &openssl::ssl::Error) -> Fault {
        let wire = self.stream.get_ref();
        let closed = wire.eof || wire.error.is_some();
        let first = error.ssl_error().and_then(|stack| stack.errors().first());
        let code = first.map_or(0, |error| error.code());
        let text = first.map(|_| format!("error:{code:08X}:{}", reason_text(error))).unwrap_or_default();
        let reset = wire.error.is_some();
        self.last_error = code;
        self.last_error_text.clone_from(&text);
        Fault { code, text, closed, reset, empty: false }
    }

    /// What keeps a call from being made: the handshake of a connection that began with early data. `None`: nothing.
    fn unfinished(&mut self) -> Option<Done> {
        if self.established || self.early.is_none() {
            return None;
        }
        match self.complete_handshake() {
            Ok(Done::Bytes(_)) => None,
            Ok(done) => Some(done),
            Err(fault) if fault.closed && !fault.reset => Some(Done::End),
            Err(_) => Some(Done::Failed(ErrorKind::ConnectionAborted.into())),
        }
    }

    /// Hands out early data.
    fn take_early(&mut self, room: &mut [u8]) -> Option<usize> {
        let bytes = &mut self.early.as_mut()?.bytes;
        let count = bytes.len().min(room.len());
        if count == 0 {
            return None;
        }
        room[..count].copy_from_slice(&bytes[..count]);
        bytes.drain(..count);
        if bytes.is_empty() {
            *bytes = Vec::new();
        }
        Some(count)
    }

    pub fn read(&mut self, room: &mut [u8]) -> Done {
        if let Some(count) = self.take_early(room) {
            return Done::Bytes(count);
        }
        if let Some(done) = self.unfinished() {
            return self.take_early(room).map_or(done, Done::Bytes);
        }
        if let Some(count) = self.take_early(room) {
            return Done::Bytes(count);
        }
        match self.stream.ssl_read(room) {
            Ok(count) => Done::Bytes(count),
            Err(error) => self.outcome(&error),
        }
    }

    /// Whether there is anything to read, as far as OpenSSL and `may_read` tell. Session tickets and their like are
    /// taken in on the way.
    pub fn peek(&mut self) -> Done {
        let unfinished = self.unfinished();
        if let Some(early) = self.early.as_ref().filter(|early| !early.bytes.is_empty()) {
            return Done::Bytes(early.bytes.len());
        }
        if let Some(done) = unfinished {
            return done;
        }
        match self.stream.ssl_peek(&mut [0]) {
            Ok(count) => Done::Bytes(count),
            Err(error) => self.outcome(&error),
        }
    }

    /// Writes at most one record.
    pub fn write(&mut self, pieces: &[IoSlice<'_>]) -> Done {
        if let Some(done) = self.unfinished() {
            return done;
        }
        let written = match pieces {
            [piece] => self.stream.ssl_write(&piece[..piece.len().min(self.record)]),
            _ => JOINED.with_borrow_mut(|joined| {
                joined.clear();
                for piece in pieces {
                    let room = self.record - joined.len();
                    joined.extend_from_slice(&piece[..piece.len().min(room)]);
                }
                self.stream.ssl_write(joined)
            }),
        };
        match written {
            Ok(count) => Done::Bytes(count),
            Err(error) => self.outcome(&error),
        }
    }

    fn outcome(&mut self, error: &openssl::ssl::Error) -> Done {
        match error.code() {
            ErrorCode::WANT_READ => Done::WantRead,
            ErrorCode::WANT_WRITE => Done::WantWrite,
            ErrorCode::ZERO_RETURN => Done::End,
            _ => {
                let wire = self.stream.get_ref();
                if let Some(number) = wire.error {
                    return Done::Failed(io::Error::from_raw_os_error(number));
                }
                // A connection that ends without notice ends all the same, as under HAProxy.
                if wire.eof {
                    return Done::End;
                }
                self.fault(error);
                Done::Failed(ErrorKind::ConnectionAborted.into())
            }
        }
    }

    /// Tells the peer that nothing more will come.
    pub fn notify_close(&mut self) {
        if self.established {
            // A peer that is gone already needs no notice.
            let _ = self.stream.shutdown();
        }
    }
}

/// What follows the code in OpenSSL's text: library, function (none since OpenSSL 3) and reason.
fn reason_text(error: &openssl::ssl::Error) -> String {
    let Some(first) = error.ssl_error().and_then(|stack| stack.errors().first()) else {
        return String::new();
    };
    format!("{}::{}", first.library().unwrap_or_default(), first.reason().unwrap_or_default())
}
