//! `Connect`: a pooled connection to the assigned server or a new one, with retries and redispatches.

mod http2;

use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::task::Poll;

use weir_http::BodyKind;
use weir_plan::settings::{HttpReuse, UseSource};
use weir_plan::{Server, ServerName};
use weir_sample::ConnectionError;
use weir_tls::verify::Findings;

use self::http2::Speaks;
use crate::channel::Framing;
use crate::encrypted::Fault;
use crate::h2::End;
use crate::handshakes::HandshakeCounters;
use crate::log_line::Origin;
use crate::pool::IdleConnection;
use crate::record::{Cause, ServerFault, Stage};
use crate::server::{Target, open, target};
use crate::session::local_address;
use crate::socket::Socket;
use crate::stream::{Assigned, Ending, Link, Phase, Step, after};
use crate::timers::NEVER;
use crate::turn::Turn;

/// `X509_V_ERR_HOSTNAME_MISMATCH` and `X509_V_ERR_IP_ADDRESS_MISMATCH`: the certificate is for somebody else.
const OTHER_HOST: i32 = 62;
const OTHER_ADDRESS: i32 = 64;

impl Turn<'_, '_> {
    pub fn connect(&mut self) -> Step {
        if self.stream.turn_around {
            return self.watch_client(Stage::Connect);
        }
        if self.stream.link.is_none()
            && let Err(error) = self.link_up()
        {
            return self.connect_failed(Cause::of(&error));
        }
        match self.establish() {
            Poll::Pending => self.watch_client(Stage::Connect),
            Poll::Ready(Err(error)) => self.connect_failed(Cause::of(&error)),
            Poll::Ready(Ok(())) => self.connected(),
        }
    }

    /// Finds or begins a connection to the assigned server, and writes what goes out on it first.
    fn link_up(&mut self) -> io::Result<()> {
        self.stream.record.server_fault = None;
        self.stream.failed_tls = None;
        let plan = self.client.session.plan.clone();
        let Some(assigned) = self.stream.assigned.clone() else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let server = plan.server(assigned.server);
        let target = target(server, self.worker.shm, || self.client.destination())
            .ok_or(io::Error::from(io::ErrorKind::AddrNotAvailable))?;
        let now = self.now_ms();
        let tls = server.tls.clone().filter(|tls| tls.traffic);
        let name = tls.as_ref().and_then(|tls| self.asked_name(&tls.name));
        let speaks = self.protocol_of(server, tls.as_deref());
        let shared = if speaks == Speaks::Http1 {
            None
        } else {
            self.shared_connection(&target, name.as_deref(), &assigned)
        };
        if let Some(mux) = shared {
            assigned.counters.reuse.increment();
            self.count_backend(|counters| counters.reuse.increment());
            self.join(mux, target, name, &assigned);
        } else if speaks == Speaks::Http2 {
            self.link_http2(&plan, server, target, (name, tls.as_deref()), &assigned)?;
        } else if let Some(idle) = self.reusable(&target, name.as_deref(), &assigned) {
            assigned.counters.reuse.increment();
            self.count_backend(|counters| counters.reuse.increment());
            let IdleConnection { socket, target, name, uses } = idle;
            let in_use = assigned.pool.begin_use();
            let (established, ssl, clear) = (true, None, 0);
            self.stream.link = Some(Link { socket, target, name, uses, established, ssl, clear, in_use });
        } else {
            assigned.counters.connect.increment();
            self.count_backend(|counters| counters.connect.increment());
            let backend = &self.stream.backend(&plan).settings;
            let keepalive = backend.options.srvtcpka.then_some(&backend.server_keepalive);
            let aborts = self.stream.http || backend.options.nolinger;
            let descriptor =
                open(&target, &server.settings, &plan.global.tune, keepalive, self.foreign_source(server))?;
            self.mark(&descriptor, &target);
            let (mut socket, in_use) = (Socket::connecting(descriptor), assigned.pool.begin_use());
            socket.abort_when_closed(aborts);
            let ssl = match &tls {
                None => None,
                Some(tls) => {
                    let begun = tls.connector.begin(name.as_deref(), server.slot.0);
                    let mut ssl = begun.ok_or(io::Error::from(io::ErrorKind::OutOfMemory))?;
                    self.limit_alpn(&mut ssl, tls, server)?;
                    Some(ssl)
                }
            };
            let (established, uses, clear) = (false, 0, 0);
            self.stream.link = Some(Link { socket, target, name, uses, established, ssl, clear, in_use });
            self.stream.deadlines.phase = after(now, self.stream.timeouts.connect);
        }
        if let (Some(link), true) =
            (&self.stream.link, crate::log_line::shows_server(&plan, self.stream.frontend))
        {
            self.stream.record.server_source = local_address(&link.socket);
        }
        if let Some(Link { target: Target::Ip(address), .. }) = &self.stream.link {
            self.stream.record.server_address = Some(*address);
        }
        self.keep_for_retries(&plan);
        self.write_opening(&plan, server);
        self.release_request();
        Ok(())
    }

    /// The name that the server is asked for.
    fn asked_name(&self, name: &ServerName) -> Option<Box<str>> {
        match name {
            ServerName::None => None,
            // Without its port.
            ServerName::Host => {
                let host = self.stream.http.then(|| self.stream.request.headers.find(b"host")).flatten()?;
                let host = host.split(|byte| *byte == b':').next().unwrap_or_default();
                std::str::from_utf8(host).ok().filter(|host| !host.is_empty()).map(Into::into)
            }
            ServerName::Expression(expr) => {
                let view = self.view(true);
                let text = expr.eval(&view).value()?.into_bytes();
                std::str::from_utf8(&text).ok().filter(|name| !name.is_empty()).map(Into::into)
            }
        }
    }

    /// `set-bc-mark`, `set-bc-tos`.
    fn mark(&self, descriptor: &OwnedFd, target: &Target) {
        // Without the privilege the connection goes unmarked, as under HAProxy.
        if let Some(mark) = self.stream.server_mark {
            let _ = weir_sys::tcp::set_mark(descriptor, mark);
        }
        if let Some(tos) = self.stream.server_tos {
            let _ = weir_sys::tcp::set_tos(
                descriptor,
                tos,
                matches!(target, Target::Ip(address) if address.is_ipv6()),
            );
        }
    }

    /// Lets pass what was received behind the head, or at all.
    fn release_request(&mut self) {
        if matches!(self.stream.up.framing, Framing::Hold) {
            let body = if self.stream.http { self.stream.request.body } else { BodyKind::Tunnel };
            let plan = self.client.session.plan.clone();
            self.put_limits(&plan, true, body == BodyKind::Chunked);
            let stream = &mut *self.stream;
            let options = &plan.proxy(stream.backend).settings.options;
            stream.up.drop_trailers = options.http_drop_request_trailers;
            // A body that is broken from its first byte is met again in the exchange.
            let _ = stream.up.begin_body(body);
            let rules = plan.proxy(stream.backend).rules.as_deref();
            // With rules about what the server says, nothing of it passes before they are met.
            if !stream.http && rules.is_none_or(|rules| rules.tcp_response_content.is_empty()) {
                self.put_limits(&plan, false, false);
                self.stream.down.framing = Framing::Raw;
            }
        }
    }

    /// An idle connection that `http-reuse` allows this request to take.
    fn reusable(
        &mut self,
        target: &Target,
        name: Option<&str>,
        assigned: &Assigned,
    ) -> Option<IdleConnection> {
        if !self.stream.http {
            return None;
        }
        if self.changes_source(assigned) {
            return None;
        }
        if let Some(private) = self.client.session.private.take_if(|private| private.0 == assigned.slot) {
            let (_, mut idle) = *private;
            let same = idle.target == *target && idle.name.as_deref() == name && idle.mux().is_none();
            if same && !idle.socket.seems_readable() {
                return Some(idle);
            }
        }
        let plan = &self.client.session.plan;
        let first = self.client.session.requests <= 1;
        match self.stream.backend(plan).settings.options.reuse {
            _ if self.is_private(assigned) => None,
            HttpReuse::Never => None,
            // The first request of a client must not fail because an old connection was just closed.
            HttpReuse::Safe if first => None,
            HttpReuse::Safe => assigned.pool.take(target, name, false),
            HttpReuse::Aggressive => assigned.pool.take(target, name, first),
            HttpReuse::Always => assigned.pool.take(target, name, false),
        }
    }

    /// Whether a connection to this server is for this client alone: it says who the client is, or must not be shared.
    pub fn is_private(&self, assigned: &Assigned) -> bool {
        let server = assigned.plan.server(assigned.server);
        let settings = &server.settings;
        let of_client = || match use_source(server) {
            None | Some(UseSource::Address(_)) => false,
            Some(UseSource::Client | UseSource::ClientIp | UseSource::Header { .. }) => true,
        };
        let never =
            || self.stream.backend(&self.client.session.plan).settings.options.reuse == HttpReuse::Never;
        settings.send_proxy.version().is_some() || of_client() || !server.is_named() || never()
    }

    /// Whether the next request of this client may need a connection that bears another address.
    fn changes_source(&self, assigned: &Assigned) -> bool {
        let server = assigned.plan.server(assigned.server);
        matches!(use_source(server), Some(UseSource::Header { .. }))
    }

    /// Whose address a new connection to the server bears (`usesrc`); `None`: the one of `source`.
    fn foreign_source(&self, server: &Server) -> Option<SocketAddr> {
        let client = || self.client.session.source;
        match use_source(server)? {
            UseSource::Client => client(),
            UseSource::ClientIp => client().map(|client| SocketAddr::new(client.ip(), 0)),
            UseSource::Address(address) => Some(*address),
            UseSource::Header { name, occurrence } => {
                let address = self.address_in_header(name.as_bytes(), *occurrence);
                // Without one the connection is not bound: the system chooses.
                Some(SocketAddr::new(address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()), 0))
            }
        }
    }

    /// `usesrc hdr_ip(NAME,OCCURRENCE)`; the occurrence 0 is none.
    fn address_in_header(&self, name: &[u8], occurrence: i32) -> Option<IpAddr> {
        let headers = (self.stream.http && occurrence != 0).then_some(&self.stream.request.headers)?;
        std::str::from_utf8(headers.nth_element(name, occurrence)?).ok()?.trim().parse().ok()
    }

    /// Sends the first bytes; with a new connection that tells whether it stands.
    fn establish(&mut self) -> Poll<io::Result<()>> {
        let websocket = self.is_websocket();
        let stream = &mut *self.stream;
        let Some(link) = &mut stream.link else { return Poll::Ready(Ok(())) };
        if link.established {
            return Poll::Ready(Ok(()));
        }
        if link.ssl.is_some() || link.socket.tls().is_some() {
            return self.establish_tls();
        }
        if let Some(end) = link.socket.stream() {
            std::task::ready!(end.mux().poll_established(self.cx, websocket))?;
            return Poll::Ready(match !websocket || end.mux().core.borrow().peer_connects() {
                true => Ok(()),
                false => Err(io::ErrorKind::Unsupported.into()),
            });
        }
        if stream.up.has_output() {
            return stream.up.transmit(self.cx, &mut link.socket, false).map_ok(|_| ());
        }
        match link.socket.poll_writable(self.cx) {
            Poll::Ready(Ok(())) => Poll::Ready(match link.socket.take_error()? {
                Some(error) => Err(error),
                None => Ok(()),
            }),
            other => other,
        }
    }

    /// Opens the connection, sends what goes in the clear, and shakes hands.
    fn establish_tls(&mut self) -> Poll<io::Result<()>> {
        let stream = &mut *self.stream;
        let Some(link) = &mut stream.link else { return Poll::Ready(Ok(())) };
        if link.ssl.is_some() {
            if link.clear == 0 {
                std::task::ready!(link.socket.poll_writable(self.cx))?;
                if let Some(error) = link.socket.take_error()? {
                    return Poll::Ready(Err(error));
                }
            }
            while stream.up.head_at < link.clear {
                let piece = IoSlice::new(&stream.up.head[stream.up.head_at..link.clear]);
                let count = std::task::ready!(link.socket.poll_send(self.cx, &[piece], false))?;
                stream.up.head_at += count;
                stream.up.sent += count as u64;
            }
            if link.ssl.take().is_none_or(|ssl| !link.socket.encrypt(ssl, Vec::new())) {
                return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
            }
            if let Some(tls) = link.socket.tls_mut() {
                tls.count(self.worker.counters);
            }
        }
        let outcome = std::task::ready!(link.socket.poll_handshake(self.cx));
        if let Some(assigned) = &stream.assigned {
            let counters = HandshakeCounters { server: assigned.counters, backend: stream.backend_counters };
            counters.count(self.worker, outcome.is_ok(), &link.socket);
        }
        if let Err(fault) = outcome {
            self.stream.record.server_fault = Some(self.server_fault(fault));
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if self.has_agreed_on_http2() {
            self.go_on_with_http2();
        }
        Poll::Ready(Ok(()))
    }

    /// For the log: the connection itself is given up.
    fn server_fault(&self, fault: Fault) -> Box<ServerFault> {
        let link = self.stream.link.as_ref();
        let findings = link.and_then(|link| Findings::of(link.socket.tls()?.ssl()));
        let error = match findings.map_or(0, Findings::certificate) {
            OTHER_HOST | OTHER_ADDRESS => match link.is_some_and(|link| link.name.is_some()) {
                true => ConnectionError::TLS_MISMATCH_NAME,
                false => ConnectionError::TLS_MISMATCH,
            },
            _ => ConnectionError::TLS_HANDSHAKE,
        };
        Box::new(ServerFault { error, code: fault.code, text: fault.text })
    }

    fn connected(&mut self) -> Step {
        self.observe_connection();
        let now = self.now_us();
        let stream = &mut *self.stream;
        if let Some(link) = &mut stream.link {
            link.established = true;
        }
        stream.record.connected_us = now;
        stream.client_moved_ms = now / 1000;
        stream.server_moved_ms = now / 1000;
        stream.client_read_ms = now / 1000;
        stream.server_read_ms = now / 1000;
        stream.deadlines.phase = NEVER;
        // With rules about what the server says, entries learn it when these let it pass.
        if !stream.http && matches!(stream.down.framing, Framing::Raw) {
            let plan = self.client.session.plan.clone();
            self.store_stick_entries(&plan);
        }
        self.log_step(Origin::Connect);
        self.go(Phase::Exchange)
    }

    pub fn connect_late(&mut self) -> Step {
        if self.stream.turn_around {
            self.stream.turn_around = false;
            self.stream.deadlines.phase = NEVER;
            return if std::mem::take(&mut self.stream.reassign) { self.choose_again() } else { Step::Next };
        }
        self.connect_failed(Cause::ServerTimeout)
    }

    /// While nothing is asked of the client: notices that it is gone.
    pub fn watch_client(&mut self, stage: Stage) -> Step {
        let stream = &mut *self.stream;
        if stream.up.eof || stream.up.buffer.is_full() && stream.up.buffer.capacity() > 0 {
            let gone = stream.up.eof;
            return self.client_gone_maybe(stage, gone);
        }
        match stream.up.receive(self.cx, &mut self.client.socket, &self.worker.buffers) {
            Poll::Pending => Step::Wait,
            Poll::Ready(Ok(0)) => self.client_gone_maybe(stage, true),
            Poll::Ready(Ok(_)) => {
                // What is broken here is met again in the exchange.
                let _ = stream.up.pass();
                Step::Next
            }
            Poll::Ready(Err(_)) => self.client_aborted(stage),
        }
    }

    fn client_gone_maybe(&mut self, stage: Stage, gone: bool) -> Step {
        if gone && self.client_closed() {
            return self.client_aborted(stage);
        }
        Step::Wait
    }

    /// A client whose connection has ended counts as gone under `option abortonclose`; the end of a request over HTTP/2
    /// says nothing of the kind.
    pub fn client_closed(&self) -> bool {
        self.stream.up.eof
            && self.client.socket.stream().is_none_or(End::was_reset)
            && self.stream.backend(&self.client.session.plan).aborts_on_close()
    }

    /// A client that resets its stream as soon as it asked must not keep a server busy.
    pub fn reset_with_request(&mut self) -> Option<Step> {
        let first = self.stream.record.retries == 0;
        if !first || !self.client.socket.stream().is_some_and(End::was_reset) {
            return None;
        }
        if self.stream.request.body != BodyKind::None {
            return Some(self.client_aborted(Stage::Request));
        }
        self.stream.record.end(Cause::Client, Stage::Request);
        self.count_backend(|counters| {
            counters.cli_abrt.increment();
            counters.req_tot.increment();
        });
        Some(self.close_with(Ending::Close))
    }

    /// The client went away before the server answered.
    pub fn client_aborted(&mut self, stage: Stage) -> Step {
        self.stream.record.end(Cause::Client, stage);
        self.count_backend(|counters| counters.cli_abrt.increment());
        if let Some(assigned) = &self.stream.assigned {
            assigned.counters.cli_abrt.increment();
        }
        self.drop_link();
        if matches!(stage, Stage::Queue | Stage::Connect) {
            // Nothing was begun for it.
            let record = &mut self.stream.record;
            if record.assigned_us == 0 {
                record.assigned_us = self.worker.clock.now_us();
            }
            return self.close_with(Ending::Close);
        }
        if self.stream.http && !self.stream.tunnel && !self.stream.response_begun {
            let cut_off = self.body_was_cut_off();
            let step = self.answer_error(400);
            self.stream.ending = Some(Ending::Close);
            if cut_off {
                // The log shows an answer; nobody is there for it.
                self.stream.down.clear();
            }
            return step;
        }
        self.close_with(Ending::Close)
    }
}

fn use_source(server: &Server) -> Option<&UseSource> {
    server.settings.source.as_ref()?.use_source.as_ref()
}

impl Cause {
    /// Who is to blame for a failed connection attempt.
    fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::ServerTimeout,
            _ if matches!(
                error.raw_os_error(),
                Some(nix::libc::EMFILE | nix::libc::ENFILE | nix::libc::ENOBUFS)
            ) =>
            {
                Self::Resource
            }
            io::ErrorKind::AddrInUse => Self::Resource,
            _ => Self::Server,
        }
    }
}
