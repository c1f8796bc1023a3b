//! What belongs to a client connection for its whole life.

use std::cell::{Cell, OnceCell, RefCell};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::sync::Arc;

use nix::sys::socket::{SockaddrStorage, getsockname};
use weir_plan::{Listener, Plan, Proxy};
use weir_sample::{ConnectionError, Variables};
use weir_shm::{FrontendCounters, ListenerCounters};
use weir_types::{ListenerId, ProxyId, Slot};

use crate::pool::IdleConnection;
use crate::socket::Socket;
use crate::tracking::Trackers;

/// A client connection without its request in progress.
#[derive(Debug)]
pub struct Client {
    pub socket: Socket,
    pub session: Session,
}

#[derive(Debug)]
pub struct Session {
    /// The plan under which the current request runs.
    pub plan: Arc<Plan>,
    pub listener: ListenerId,
    pub frontend: ProxyId,
    pub listener_slot: Slot,
    /// As accepted, or as the PROXY header or `set-src` says. `None` for unix sockets.
    pub source: Option<SocketAddr>,
    /// What few connections need, apart, so that an idle one stays small.
    extra: OnceCell<Box<Extra>>,
    /// Microseconds of the worker's clock.
    pub accepted_us: u64,
    /// Requests begun on this connection.
    pub requests: u32,
    /// A server connection that no other client may use (`http-reuse never`, `send-proxy`).
    pub private: Option<Box<(Slot, IdleConnection)>>,
    /// A TCP frontend's connection that speaks HTTP (`switch-mode http`, an HTTP backend).
    pub upgraded: bool,
    /// The listener was removed: the request in progress is the last one.
    pub last: bool,
    pub listener_counters: &'static ListenerCounters,
    pub frontend_counters: &'static FrontendCounters,
}

impl Session {
    pub fn new(
        plan: Arc<Plan>,
        listener: ListenerId,
        frontend: ProxyId,
        source: Option<SocketAddr>,
        accepted_us: u64,
        counters: (&'static ListenerCounters, &'static FrontendCounters),
    ) -> Self {
        let listener_slot = plan.listener(listener).slot;
        Self {
            plan,
            listener,
            frontend,
            listener_slot,
            source,
            extra: OnceCell::new(),
            accepted_us,
            requests: 0,
            private: None,
            upgraded: false,
            last: false,
            listener_counters: counters.0,
            frontend_counters: counters.1,
        }
    }

    /// The session as one stream of an HTTP/2 connection has it: what rules change about the client concerns this
    /// stream, variables are those of all.
    pub fn for_stream(&self) -> Self {
        Self {
            plan: self.plan.clone(),
            extra: OnceCell::from(Box::new(self.extra().clone())),
            private: None,
            ..*self
        }
    }

    pub fn proxy(&self) -> &Proxy {
        self.plan.proxy(self.frontend)
    }

    /// As accepted, where [`Session::source`] says otherwise.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.extra.get().and_then(|extra| extra.peer.get())
    }

    pub fn extra_if_made(&self) -> Option<&Extra> {
        self.extra.get().map(|extra| &**extra)
    }

    /// Made when first wanted.
    pub fn extra(&self) -> &Extra {
        self.extra.get_or_init(Box::default)
    }

    pub fn listener(&self) -> &Listener {
        self.plan.listener(self.listener)
    }

    /// Another source address; what was accepted is remembered.
    pub fn set_source(&mut self, address: Option<SocketAddr>) {
        if address.is_some() {
            let peer = self.peer().or(self.source);
            self.extra().peer.set(peer);
            self.source = address;
        }
    }

    /// The addresses as they are before a rule changes them for one stream.
    pub fn addresses(&self) -> Addresses {
        let extra = self.extra();
        Addresses { source: self.source, peer: extra.peer.get(), destination: extra.destination.clone() }
    }

    /// The stream for which rules changed the addresses is over.
    pub fn restore(&mut self, addresses: Addresses) {
        self.source = addresses.source;
        self.extra().peer.set(addresses.peer);
        if let Some(extra) = self.extra.get_mut() {
            extra.destination = addresses.destination;
        }
    }

    pub fn set_destination(&mut self, address: Option<SocketAddr>) {
        self.extra();
        if let Some(extra) = self.extra.get_mut() {
            extra.destination = OnceCell::from(address);
        }
    }
}

/// See [`Session::addresses`].
#[derive(Clone, Debug)]
pub struct Addresses {
    source: Option<SocketAddr>,
    peer: Option<SocketAddr>,
    destination: OnceCell<Option<SocketAddr>>,
}

/// See [`Session::extra`].
#[derive(Clone, Debug, Default)]
pub struct Extra {
    /// As accepted, where a PROXY header or a rule said otherwise.
    peer: Cell<Option<SocketAddr>>,
    /// As the PROXY header or `set-dst` says; else asked of the socket when first wanted.
    destination: OnceCell<Option<SocketAddr>>,
    /// Streams of one connection share them.
    pub variables: Rc<RefCell<Variables>>,
    /// What the PROXY header said beside addresses: types, lengths and values as they came.
    pub proxy_tlvs: OnceCell<Box<[u8]>>,
    /// Stick counters taken before the first stream; of all streams too.
    pub trackers: Rc<RefCell<Trackers>>,
    /// Why the connection came to nothing.
    pub error: Cell<ConnectionError>,
}

impl Client {
    /// The address that the client connected to.
    pub fn destination(&self) -> Option<SocketAddr> {
        *self.session.extra().destination.get_or_init(|| local_address(&self.socket))
    }
}

/// The local end of a connection; `None` for families other than IP.
pub fn local_address(socket: &Socket) -> Option<SocketAddr> {
    if let Some(end) = socket.stream() {
        return end.mux().local.get();
    }
    let descriptor = socket.descriptor().ok()?;
    let address: SockaddrStorage = getsockname(descriptor.as_raw_fd()).ok()?;
    match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
        (Some(v4), _) => Some(SocketAddr::V4((*v4).into())),
        (_, Some(v6)) => Some(SocketAddr::V6((*v6).into())),
        _ => None,
    }
}
