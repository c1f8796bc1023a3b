//! Connections to servers that speak HTTP/2, each shared by many streams of this worker.

use std::io;
use std::rc::Rc;

use openssl::ssl::Ssl;
use weir_plan::settings::{HttpReuse, MuxProtocol, WebSockets};
use weir_plan::{Plan, Server, ServerTls};

use crate::h2::{End, Mux, Opening};
use crate::handshakes::HandshakeCounters;
use crate::server::{Target, open};
use crate::socket::Socket;
use crate::stream::{Assigned, Link, after};
use crate::turn::Turn;

/// What a request is sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    Http1,
    Http2,
    /// What the handshake says (ALPN).
    Agreed,
}

/// The protocols that TLS can agree on, in their wire form.
const ALPN_HTTP1: &[u8] = b"\x08http/1.1";
const ALPN_HTTP2: &[u8] = b"\x02h2";

impl Turn<'_, '_> {
    /// `proto` and `alpn` of the server; for a WebSocket `ws` may say otherwise.
    pub fn protocol_of(&self, server: &Server, tls: Option<&ServerTls>) -> Speaks {
        let settings = &server.settings;
        let agreed = || tls.is_some_and(|tls| offers(tls, "h2"));
        let usual = match settings.protocol {
            _ if !self.stream.http => return Speaks::Http1,
            Some(MuxProtocol::H2) => Speaks::Http2,
            None if agreed() => Speaks::Agreed,
            _ => Speaks::Http1,
        };
        if !self.is_websocket() {
            return usual;
        }
        match (settings.ws, usual) {
            (WebSockets::H2, _) => Speaks::Http2,
            (WebSockets::H1, _) => Speaks::Http1,
            // HTTP/1 where the server may choose: every server upgrades there.
            (WebSockets::Auto, Speaks::Agreed) if tls.is_some_and(|tls| offers(tls, "http/1.1")) => {
                Speaks::Http1
            }
            (WebSockets::Auto, usual) => usual,
        }
    }

    pub fn is_websocket(&self) -> bool {
        let request = &self.stream.request;
        let upgrade = || request.headers.find(b"upgrade");
        request.connection.upgrade && upgrade().is_some_and(|name| name.eq_ignore_ascii_case(b"websocket"))
    }

    /// What must not be agreed upon is not offered.
    pub fn limit_alpn(&self, ssl: &mut Ssl, tls: &ServerTls, server: &Server) -> io::Result<()> {
        let offered = match self.protocol_of(server, Some(tls)) {
            _ if !offers(tls, "h2") => return Ok(()),
            Speaks::Agreed => return Ok(()),
            Speaks::Http1 => ALPN_HTTP1,
            Speaks::Http2 => ALPN_HTTP2,
        };
        ssl.set_alpn_protos(offered).map_err(|_| io::ErrorKind::OutOfMemory.into())
    }

    /// A stream on a new connection of HTTP/2.
    pub fn link_http2(
        &mut self,
        plan: &Plan,
        server: &Server,
        target: Target,
        (name, tls): (Option<Box<str>>, Option<&ServerTls>),
        assigned: &Assigned,
    ) -> io::Result<()> {
        assigned.counters.connect.increment();
        self.count_backend(|counters| counters.connect.increment());
        let proxy = self.stream.backend(plan);
        let keepalive = proxy.settings.options.srvtcpka.then_some(&proxy.settings.server_keepalive);
        let descriptor =
            open(&target, &server.settings, &plan.global.tune, keepalive, self.foreign_source(server))?;
        self.mark(&descriptor, &target);
        let proxy_header = self.proxy_header(server).unwrap_or_default();
        let idle_ping = server.settings.idle_ping;
        let mut opening = Opening { proxy_header, idle_ping, ..Opening::default() };
        if let Some(tls) = tls {
            let begun = tls.connector.begin(name.as_deref(), server.slot.0);
            let mut ssl = begun.ok_or(io::Error::from(io::ErrorKind::OutOfMemory))?;
            self.limit_alpn(&mut ssl, tls, server)?;
            opening.ssl = Some(ssl);
            let (server, backend) = (assigned.counters, self.stream.backend_counters);
            opening.counters = Some(HandshakeCounters { server, backend });
        }
        let socket = Socket::connecting(descriptor);
        let mux = crate::h2::open(self.worker, socket, plan, proxy, opening);
        self.share(&mux, &target, name.as_deref(), assigned);
        self.join(mux, target, name, assigned);
        Ok(())
    }

    fn share(&self, mux: &Rc<Mux>, target: &Target, name: Option<&str>, assigned: &Assigned) {
        if !self.is_private(assigned) {
            assigned.pool.share(mux.clone(), target.clone(), name.map(Into::into));
        }
    }

    /// Opens a stream on a connection.
    pub fn join(&mut self, mux: Rc<Mux>, target: Target, name: Option<Box<str>>, assigned: &Assigned) {
        let (id, uses) = {
            let core = &mut *mux.core.borrow_mut();
            let id = core.open();
            (id, core.total() - 1)
        };
        // Whether a server takes WebSockets is known when its settings have come.
        let established = mux.is_established() && !self.is_websocket();
        if !established {
            self.stream.deadlines.phase = after(self.now_ms(), self.stream.timeouts.connect);
        }
        let socket = Socket::of_stream(End::new(mux, id));
        let in_use = assigned.pool.begin_use();
        let (ssl, clear) = (None, 0);
        self.stream.link = Some(Link { socket, target, name, uses, established, ssl, clear, in_use });
    }

    /// A connection of HTTP/2 that `http-reuse` allows this request to use.
    pub fn shared_connection(
        &mut self,
        target: &Target,
        name: Option<&str>,
        assigned: &Assigned,
    ) -> Option<Rc<Mux>> {
        let most = assigned.plan.server(assigned.server).settings.max_reuse;
        if let Some(private) = self.client.session.private.take_if(|private| private.1.mux().is_some()) {
            let (slot, idle) = *private;
            let same = slot == assigned.slot && idle.target == *target && idle.name.as_deref() == name;
            let fits = |mux: &Rc<Mux>| {
                let core = mux.core.borrow();
                core.has_room() && !core.is_spent(most)
            };
            if let Some(mux) = idle.mux().filter(|mux| same && fits(mux)) {
                return Some(mux.clone());
            }
        }
        let plan = &self.client.session.plan;
        let first = self.client.session.requests <= 1;
        match self.stream.backend(plan).settings.options.reuse {
            _ if self.is_private(assigned) => None,
            HttpReuse::Never => None,
            HttpReuse::Safe if first => None,
            HttpReuse::Aggressive if first => assigned.pool.take_shared(target, name, true, most),
            _ => assigned.pool.take_shared(target, name, false, most),
        }
    }

    pub fn has_agreed_on_http2(&self) -> bool {
        let link = self.stream.link.as_ref();
        self.stream.http && link.is_some_and(|link| link.socket.alpn_selected() == Some(b"h2"))
    }

    /// A connection that was begun for either protocol turned out to speak HTTP/2: others may share it, and the request
    /// becomes its first stream.
    pub fn go_on_with_http2(&mut self) {
        let plan = self.client.session.plan.clone();
        let (Some(link), Some(assigned)) = (self.stream.link.take(), self.stream.assigned.clone()) else {
            return;
        };
        let Link { mut socket, target, name, .. } = link;
        socket.abort_when_closed(false);
        let proxy = self.stream.backend(&plan);
        let idle_ping = plan.server(assigned.server).settings.idle_ping;
        let mux = crate::h2::open(
            self.worker,
            socket,
            &plan,
            proxy,
            Opening { established: true, idle_ping, ..Opening::default() },
        );
        self.share(&mux, &target, name.as_deref(), &assigned);
        self.join(mux, target, name, &assigned);
        self.write_opening(&plan, plan.server(assigned.server));
    }
}

fn offers(tls: &ServerTls, protocol: &str) -> bool {
    let state = tls.connector.state();
    let alpn = state.settings.context.alpn.as_deref();
    alpn.is_some_and(|list| list.split(',').any(|name| name == protocol))
}
