//! The state of one connection, and what its owner asks of it. Receiving is in `receive`, sending in `send`.

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;

use super::frame::{DEFAULT_FRAME, DEFAULT_WINDOW, ErrorCode, PREFACE, kind, write_frame, write_goaway};
use super::hpack::{Decoder, Fields};
use super::receive::Reading;
use super::settings::{self, Peer};
use super::stream::Stream;
use crate::{Limits, Request};

/// Which end of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The peer is a client.
    Server,
    /// The peer is a server.
    Client,
}

/// `tune.h2.*` of one side.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// `max-concurrent-streams`; 0: no limit.
    pub max_streams: u32,
    /// `initial-window-size`, which every stream is given at least.
    pub initial_window: u32,
    pub max_frame: u32,
    pub header_table: u32,
    /// `rxbuf`: what all streams together may have received and not read.
    pub receive_budget: u32,
    /// RFC 8441 is offered to clients.
    pub extended_connect: bool,
    /// `fe.max-total-streams`; 0: no limit.
    pub max_total: u32,
    /// `glitches-threshold`; 0: no limit.
    pub glitches: u32,
    /// Which faults are worth a log line (`log-errors`).
    pub log_connections: bool,
    pub log_streams: bool,
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_streams: 100,
            initial_window: 16384,
            max_frame: DEFAULT_FRAME,
            header_table: 4096,
            receive_budget: 100 * 16384,
            extended_connect: true,
            max_total: 0,
            glitches: 0,
            log_connections: true,
            log_streams: true,
            limits: Limits::default(),
        }
    }
}

/// Bytes that wait to be sent beyond which streams are not taken up on theirs, and the peer is not read.
pub(super) const BACKLOG: usize = 65536;
/// A stream identifier that no peer may use any more: "no stream was refused yet".
const LAST_STREAM: u32 = (1 << 31) - 1;

/// Beyond all numbers: streams that have none yet.
pub(super) const HANDLE: u32 = 1 << 31;

#[derive(Debug)]
pub struct Connection {
    pub(super) role: Role,
    pub(super) config: Config,
    pub(super) peer: Peer,
    pub(super) streams: BTreeMap<u32, Stream>,
    /// The highest stream that the client opened (we, as a client).
    pub(super) highest: u32,
    pub(super) opened_total: u32,
    next_handle: u32,
    /// Streams to be taken up by the owner.
    pub(super) fresh: VecDeque<u32>,
    /// Streams that we reset lately: what comes for them meanwhile is no fault.
    pub(super) reset_lately: VecDeque<u32>,
    pub(super) reading: Reading,
    pub(super) decoder: Decoder,
    pub(super) fields: Fields,
    pub(super) out: Vec<u8>,
    pub(super) out_at: usize,
    /// Where in `out` the last frame of a message begins, and its stream.
    pub(super) last_frame: Option<(u32, usize)>,
    pub(super) send_window: i64,
    pub(super) receive_window: i64,
    /// Credit of the connection that was not given back to the peer yet.
    pub(super) owed: u32,
    /// Streams whose writer waits for room or for the connection's window, the longest first.
    pub(super) blocked: VecDeque<u32>,
    pub(super) glitches: u32,
    /// Faults that a log line is owed for.
    pub(super) faults: u32,
    pub(super) goaway_sent: Option<u32>,
    pub(super) goaway_received: Option<u32>,
    /// What the last PING of ours carries, and whether it was not answered yet.
    pub(super) ping: u64,
    pub(super) ping_waits: bool,
    /// Nothing more is received: after a fault of the connection.
    pub(super) ended: bool,
    /// Wakes whoever owns the socket.
    pub(super) owner: Option<Waker>,
}

impl Connection {
    pub fn new(role: Role, config: Config) -> Self {
        let mut out = Vec::new();
        if role == Role::Client {
            out.extend_from_slice(PREFACE);
            settings::announce(&config, role, &mut out);
        }
        Self {
            role,
            config,
            peer: Peer::default(),
            streams: BTreeMap::new(),
            highest: 0,
            opened_total: 0,
            next_handle: HANDLE,
            fresh: VecDeque::new(),
            reset_lately: VecDeque::new(),
            reading: Reading::new(role),
            decoder: Decoder::new(config.header_table as usize),
            fields: Fields::default(),
            out,
            out_at: 0,
            last_frame: None,
            send_window: i64::from(DEFAULT_WINDOW),
            receive_window: i64::from(config.receive_budget.max(DEFAULT_WINDOW)),
            owed: 0,
            blocked: VecDeque::new(),
            glitches: 0,
            faults: 0,
            goaway_sent: None,
            goaway_received: None,
            ping: 0,
            ping_waits: false,
            ended: false,
            owner: None,
        }
    }

    /// Who is woken when there is something to send or a stream has ended.
    pub fn set_owner(&mut self, waker: &Waker) {
        if !self.owner.as_ref().is_some_and(|owner| owner.will_wake(waker)) {
            self.owner = Some(waker.clone());
        }
    }

    pub(super) fn wake_owner(&self) {
        if let Some(owner) = &self.owner {
            owner.wake_by_ref();
        }
    }

    /// Whether the peer should be read: not while it does not take what it is sent, nor beyond the streams it may
    /// have, which keeps those that it opens and resets at once in bounds too.
    pub fn wants_input(&self) -> bool {
        let limit = self.config.max_streams as usize;
        !self.ended
            && self.output().len() < BACKLOG
            && (self.role == Role::Client || limit == 0 || self.streams.len() <= limit)
    }

    /// A stream that the client opened and nobody has taken up yet.
    pub fn accept(&mut self) -> Option<u32> {
        self.fresh.pop_front()
    }

    /// Moves a client's request out. `Err`: the status to answer with instead.
    pub fn take_request(&mut self, id: u32, request: &mut Request) -> Result<(), u16> {
        let Some(stream) = self.streams.get_mut(&id) else { return Err(400) };
        if let Some(taken) = stream.request.take() {
            *request = *taken;
        }
        match stream.refused {
            Some(status) => Err(status),
            None => Ok(()),
        }
    }

    /// Whether a stream is gone.
    pub fn was_reset(&self, id: u32) -> bool {
        self.streams.get(&id).is_none_or(|stream| stream.reset.is_some())
    }

    /// As a client: whether another stream may be opened now.
    pub fn has_room(&self) -> bool {
        let ours = if self.config.max_streams == 0 { u32::MAX } else { self.config.max_streams };
        let most = ours.min(self.peer.max_streams) as usize;
        self.is_usable() && self.streams.len() < most
    }

    /// As a client: whether `most` streams have followed the first one.
    pub fn is_spent(&self, most: Option<u32>) -> bool {
        most.is_some_and(|most| self.opened_total > most)
    }

    /// Whether streams may still be opened, were there room.
    pub fn is_usable(&self) -> bool {
        !self.ended
            && self.goaway_received.is_none()
            && self.goaway_sent.is_none()
            && self.highest < LAST_STREAM - 2
    }

    /// As a client: opens a stream. What is answered stands for it until its head is written: numbers must go out in
    /// order (RFC 9113 section 5.1.1).
    pub fn open(&mut self) -> u32 {
        self.next_handle = self.next_handle.wrapping_add(1) | HANDLE;
        self.opened_total += 1;
        let stream = Stream {
            receive_window: i64::from(self.config.initial_window),
            send_window: i64::from(self.peer.initial_window),
            ..Stream::default()
        };
        self.streams.insert(self.next_handle, stream);
        self.next_handle
    }

    /// Gives a stream the number under which it is sent.
    pub(super) fn number(&mut self, handle: u32) -> u32 {
        let Some(stream) = self.streams.remove(&handle) else { return handle };
        self.highest = if self.highest == 0 { 1 } else { self.highest + 2 };
        self.streams.insert(self.highest, stream);
        self.highest
    }

    pub fn active(&self) -> usize {
        self.streams.len()
    }

    /// Streams opened so far.
    pub fn total(&self) -> u32 {
        self.opened_total
    }

    pub fn glitches(&self) -> u32 {
        self.glitches
    }

    pub fn max_streams(&self) -> u32 {
        self.config.max_streams
    }

    /// Streams that the peer takes at once.
    pub fn peer_streams(&self) -> u32 {
        self.peer.max_streams
    }

    /// Whether the peer takes WebSockets (RFC 8441). Known once its settings came.
    pub fn peer_connects(&self) -> bool {
        self.peer.extended_connect
    }

    /// The peer's first SETTINGS have come.
    pub fn is_settled(&self) -> bool {
        self.peer.settled
    }

    /// Faults since the last call; each is worth a log line.
    pub fn take_faults(&mut self) -> u32 {
        std::mem::take(&mut self.faults)
    }

    /// A fault of the connection ended it: what is left of the output goes out, nothing more is read.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The peer will open no further stream, or was told not to, and none runs.
    pub fn is_over(&self) -> bool {
        let leaving = self.goaway_sent.is_some() || self.goaway_received.is_some();
        self.streams.is_empty() && (self.ended || leaving)
    }

    /// Tells the peer that streams opened from now on will not be served; those that run go on.
    pub fn leave(&mut self) {
        if self.goaway_sent.is_none() && !self.ended {
            self.write_leave(self.highest);
        }
    }

    fn write_leave(&mut self, last: u32) {
        self.goaway_sent = Some(last);
        self.wake_owner();
        // Servers are told nothing, as by HAProxy: they open no streams. Nor is a client that did not say that it speaks
        // HTTP/2.
        if self.role == Role::Server && self.reading.has_preface() {
            write_goaway(last, ErrorCode::NoError, &mut self.out);
        }
    }

    /// Tells the peer to go elsewhere for what comes next; what it has sent already is served.
    pub fn announce_leave(&mut self) {
        if self.goaway_sent.is_none() && !self.ended {
            self.write_leave(LAST_STREAM);
        }
    }

    /// Nothing more is received: tells what was, where that was left open.
    pub fn settle_leave(&mut self) {
        if self.goaway_sent == Some(LAST_STREAM) && self.role == Role::Server {
            self.write_leave(self.highest);
        }
    }

    /// Ends the connection for a fault of the peer.
    pub(super) fn fail(&mut self, code: ErrorCode) {
        if self.ended {
            return;
        }
        let last = if self.role == Role::Server { self.highest } else { 0 };
        self.goaway_sent = Some(last);
        write_goaway(last, code, &mut self.out);
        self.end(code);
    }

    /// The connection is gone: every stream ends.
    pub fn end(&mut self, code: ErrorCode) {
        self.ended = true;
        for stream in self.streams.values_mut() {
            stream.reset.get_or_insert(code);
            stream.wake();
        }
    }

    /// Asks the peer for a sign of life.
    pub fn send_ping(&mut self) {
        self.ping += 1;
        self.ping_waits = true;
        write_frame(kind::PING, 0, 0, &self.ping.to_be_bytes(), &mut self.out);
    }

    /// Whether the peer owes an answer to [`Connection::send_ping`].
    pub fn ping_waits(&self) -> bool {
        self.ping_waits
    }

    /// Counts something that a well-behaved peer does not do.
    pub(super) fn glitch(&mut self) {
        self.glitches += 1;
        let threshold = self.config.glitches;
        if threshold == 0 {
            return;
        }
        if self.glitches >= threshold {
            self.fail(ErrorCode::EnhanceYourCalm);
        } else if self.glitches >= threshold - threshold / 4 {
            self.announce_leave();
        }
    }

    /// The peer has closed its half of the connection: messages that it did not complete never will be.
    pub fn peer_left(&mut self) {
        for stream in self.streams.values_mut().filter(|stream| !stream.remote_end || stream.tunnel) {
            stream.reset.get_or_insert(ErrorCode::Cancel);
            stream.wake();
        }
    }

    /// Gives memory back that only busy connections need.
    pub fn rest(&mut self) {
        self.fields.release();
        if self.output().is_empty() && self.out.capacity() > 4096 {
            self.out = Vec::new();
            self.out_at = 0;
            self.last_frame = None;
        }
    }
}
