//! One client connection: the task that lives as long as it does. Between requests it is small; a request in progress
//! is a [`Stream`] in a box.

mod handshake;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use weir_plan::settings::MuxProtocol;
use weir_sample::ConnectionError;
use weir_types::Mode;

use crate::census::Presence;
use crate::h2;
use crate::listener;
use crate::netscaler;
use crate::proxy_protocol;
use crate::rules::{self, Admission};
use crate::session::Client;
use crate::stream::{Ending, Step, Stream, after};
use crate::timers::Timer;
use crate::turn::Turn;
use crate::worker::Worker;

pub struct Connection {
    worker: Rc<Worker>,
    client: Client,
    timer: Option<Timer>,
    stream: Option<Box<Stream>>,
    /// Set once the client turned out to speak HTTP/2.
    h2: Option<Box<h2::Frontend>>,
    /// When the last request ended; what `http-keep-alive` and `Ti` count from.
    idle_since_us: u64,
    greeting: Greeting,
    presence: Presence,
}

/// What has to happen before the first stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeting {
    New,
    Header(Announced),
    Handshake,
    Session,
    Done,
    /// The connection is over and no longer counted.
    Ended,
}

/// The header that comes before everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Announced {
    Proxy,
    Netscaler,
}

impl Announced {
    /// What is logged where the header does not come: nothing at all, or not all of it.
    fn missing(self, why: Missing) -> ConnectionError {
        match (self, why) {
            (Self::Proxy, Missing::Closed) => ConnectionError::PROXY_EMPTY,
            (Self::Proxy, Missing::Broken) => ConnectionError::PROXY_ABORT,
            (Self::Proxy, Missing::Late) => ConnectionError::PROXY_TIMEOUT,
            (Self::Proxy, Missing::Rest) => ConnectionError::PROXY_TRUNCATED,
            (Self::Netscaler, Missing::Closed) => ConnectionError::NETSCALER_EMPTY,
            (Self::Netscaler, Missing::Broken) => ConnectionError::NETSCALER_ABORT,
            (Self::Netscaler, Missing::Late) => ConnectionError::NETSCALER_TIMEOUT,
            (Self::Netscaler, Missing::Rest) => ConnectionError::NETSCALER_TRUNCATED,
        }
    }

    fn parse(self, input: &[u8], magic: u32) -> Result<Option<proxy_protocol::Header>, ConnectionError> {
        match self {
            Self::Proxy => proxy_protocol::parse(input)
                .map_err(|proxy_protocol::Invalid| ConnectionError::PROXY_NOT_HEADER),
            Self::Netscaler => netscaler::parse(input, magic).map_err(|refused| match refused {
                netscaler::Refused::Magic => ConnectionError::NETSCALER_MAGIC,
                netscaler::Refused::Protocol => ConnectionError::NETSCALER_PROTOCOL,
            }),
        }
    }
}

/// Why an announced header is not there.
#[derive(Clone, Copy)]
enum Missing {
    Closed,
    Broken,
    Late,
    /// Some of it came.
    Rest,
}

/// What an idle connection found.
enum Idle {
    Wait,
    Begin,
    Close,
}

impl Connection {
    pub fn new(worker: Rc<Worker>, client: Client) -> Self {
        let idle_since_us = client.session.accepted_us;
        let presence = Presence::new(&worker);
        Self {
            worker,
            client,
            timer: None,
            stream: None,
            h2: None,
            idle_since_us,
            greeting: Greeting::New,
            presence,
        }
    }

    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.timer.is_none() {
            self.timer = Some(self.worker.timers.register(cx.waker()));
        }
        if self.presence.is_asked(&self.worker)
            && let Some(stream) = &mut self.stream
        {
            self.presence.step_forward(cx, &self.worker, &mut self.client, stream);
        }
        if self.greeting != Greeting::Done {
            match self.greet(cx) {
                Poll::Ready(true) => {}
                Poll::Ready(false) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        if self.h2.is_some() {
            return self.serve_http2(cx);
        }
        loop {
            let Some(stream) = &mut self.stream else {
                match self.idle(cx) {
                    Idle::Begin => continue,
                    Idle::Wait => return Poll::Pending,
                    Idle::Close => return Poll::Ready(()),
                }
            };
            let mut turn = Turn { cx, worker: &self.worker, client: &mut self.client, stream };
            let step = turn.run();
            if let Step::End(Ending::Close | Ending::Reset | Ending::Silent) = step {
                self.end_session();
                self.worker.logs.release(self.worker.counters);
            }
            match step {
                Step::Next => {}
                Step::Wait => {
                    self.set_timer();
                    return Poll::Pending;
                }
                Step::End(Ending::KeepAlive) => self.recycle(),
                Step::End(Ending::Http2) => {
                    self.begin_http2();
                    return self.serve_http2(cx);
                }
                Step::End(Ending::Close) => {
                    self.put_back();
                    return Poll::Ready(());
                }
                Step::End(Ending::Reset) => {
                    self.put_back();
                    self.client.socket.reset();
                    return Poll::Ready(());
                }
                Step::End(Ending::Silent) => {
                    self.put_back();
                    self.client.socket.drop_silently();
                    return Poll::Ready(());
                }
            }
        }
    }

    /// Takes the connection out of everything it is counted in, once.
    fn end_session(&mut self) {
        if self.greeting == Greeting::Ended {
            return;
        }
        self.greeting = Greeting::Ended;
        self.client.session.release_trackers(self.worker.clock.now_ms());
        self.client.session.frontend_counters.scur.decrement();
        self.client.session.listener_counters.scur.decrement();
        self.worker.connection_ended();
    }

    /// What comes before the first stream: connection rules, the PROXY header, the handshake, session
    /// rules. False: no session.
    fn greet(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.greeting == Greeting::New {
            let settings = &self.client.session.listener().settings;
            let of_listener = match settings.accept_netscaler_cip {
                Some(_) => Greeting::Header(Announced::Netscaler),
                None if settings.accept_proxy => Greeting::Header(Announced::Proxy),
                None => Greeting::Handshake,
            };
            self.greeting = match rules::of_connection(&self.worker, &mut self.client) {
                Admission::Accept => of_listener,
                Admission::AcceptBehindProxy => Greeting::Header(Announced::Proxy),
                Admission::AcceptBehindNetscaler => Greeting::Header(Announced::Netscaler),
                refused => return Poll::Ready(self.refuse(refused)),
            };
        }
        if let Greeting::Header(announced) = self.greeting {
            match self.read_header(cx, announced) {
                Poll::Ready(true) => self.greeting = Greeting::Handshake,
                other => return other,
            }
        }
        if self.greeting == Greeting::Handshake {
            match self.handshake(cx) {
                Poll::Ready(true) => self.greeting = Greeting::Session,
                other => return other,
            }
        }
        self.greeting = Greeting::Done;
        match rules::of_session(&self.worker, &mut self.client) {
            Admission::Accept | Admission::AcceptBehindProxy | Admission::AcceptBehindNetscaler => {}
            refused => return Poll::Ready(self.refuse(refused)),
        }
        self.idle_since_us = self.worker.clock.now_us();
        let session = &self.client.session;
        session.count_session(self.idle_since_us / 1000);
        let http = session.proxy().mode == Mode::Http;
        let http2 = http && self.begins_with_http2();
        self.count_session(http, http2);
        if http2 {
            self.begin_http2();
            return Poll::Ready(true);
        }
        // Bytes that came behind the PROXY header stand in a stream already.
        match &mut self.stream {
            Some(stream) if stream.up.buffer.is_empty() => {
                if let Some(stream) = self.stream.take() {
                    Turn::release(&self.worker, stream);
                }
                if !http {
                    self.begin_stream();
                }
            }
            Some(_) => self.begin_request(self.idle_since_us),
            None if !http => self.begin_stream(),
            None => {}
        }
        Poll::Ready(true)
    }

    fn count_session(&self, http: bool, http2: bool) {
        let session = &self.client.session;
        let (counters, now) = (session.frontend_counters, self.idle_since_us / 1000);
        session.listener_counters.stot.increment();
        counters.stot.increment();
        counters.rate.add(now, 1);
        match (http, http2) {
            (true, true) => counters.h2_sess.increment(),
            (true, false) => counters.h1_sess.increment(),
            (false, _) => counters.sess_other.increment(),
        }
        let view = self.worker.shm.frontend(session.proxy().frontend_slot);
        view.state.rate_max.raise(view.sum(|counters| counters.rate.this_second(now)));
    }

    /// `proto h2`, or what the handshake agreed on.
    fn begins_with_http2(&self) -> bool {
        match self.client.session.listener().settings.protocol {
            Some(MuxProtocol::H2) => true,
            Some(MuxProtocol::H1) => false,
            None => self.client.socket.alpn_selected() == Some(b"h2"),
        }
    }

    /// The client speaks HTTP/2, whether it was to or began to.
    fn begin_http2(&mut self) {
        // Only streams count.
        self.client.session.requests = 0;
        let received = self.stream.as_ref().map_or(Vec::new(), |stream| stream.up.buffer.bytes().to_vec());
        self.h2 = Some(Box::new(h2::Frontend::new(&self.worker, &mut self.client, &received)));
        self.put_back();
    }

    fn serve_http2(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.follow_plan();
        loop {
            let Some(h2) = &mut self.h2 else { return Poll::Ready(()) };
            if self.worker.is_stopping() || self.client.session.last {
                h2.leave();
            }
            if h2.advance(cx, &self.worker, &mut self.client).is_ready() {
                return Poll::Ready(());
            }
            let deadline = h2.deadline(&self.worker, &self.client);
            if self.worker.clock.now_ms() < deadline {
                if let Some(timer) = &self.timer {
                    timer.set(deadline);
                }
                return Poll::Pending;
            }
            if !h2.late(self.worker.clock.now_ms()) {
                return Poll::Ready(());
            }
        }
    }

    fn refuse(&mut self, admission: Admission) -> bool {
        let session = &self.client.session;
        session.frontend_counters.dcon.increment();
        session.listener_counters.dcon.increment();
        match admission {
            Admission::SilentDrop => self.client.socket.drop_silently(),
            _ => self.client.socket.close(),
        }
        false
    }

    /// `accept-proxy`, `accept-netscaler-cip`: the header must come first and whole within `timeout client-hs`, else
    /// `client`.
    fn read_header(&mut self, cx: &mut Context<'_>, announced: Announced) -> Poll<bool> {
        let timeouts = &self.client.session.proxy().settings.timeouts;
        let timeout = timeouts.client_hs.or(timeouts.client);
        let deadline = after(self.client.session.accepted_us / 1000, timeout);
        let magic = self.client.session.listener().settings.accept_netscaler_cip.unwrap_or(0);
        let worker = self.worker.clone();
        let stream = self.stream.get_or_insert_with(|| {
            let mut stream = worker.streams.take();
            stream.up.clear();
            stream
        });
        loop {
            match announced.parse(stream.up.buffer.bytes(), magic) {
                Ok(Some(header)) => {
                    let tlvs = proxy_protocol::tlvs(&stream.up.buffer.bytes()[..header.consumed]);
                    if !tlvs.is_empty() {
                        // There is one header at most.
                        let _ = self.client.session.extra().proxy_tlvs.set(tlvs.into());
                    }
                    stream.up.buffer.consume(header.consumed);
                    if let Some((source, destination)) = header.addresses {
                        self.client.session.set_source(Some(source));
                        self.client.session.set_destination(Some(destination));
                    }
                    return Poll::Ready(true);
                }
                Ok(None) => {}
                Err(error) => {
                    crate::log_line::embryonic(&self.worker, &self.client, error, "");
                    return Poll::Ready(false);
                }
            }
            let what = match stream.up.receive(cx, &mut self.client.socket, &self.worker.buffers) {
                Poll::Ready(Ok(count)) if count > 0 => continue,
                Poll::Ready(Ok(_)) => Missing::Closed,
                Poll::Ready(Err(_)) => Missing::Broken,
                Poll::Pending if self.worker.clock.now_ms() < deadline => {
                    if let Some(timer) = &self.timer {
                        timer.set(deadline);
                    }
                    return Poll::Pending;
                }
                Poll::Pending => Missing::Late,
            };
            // A connection that never sent anything is none to speak of under `option dontlognull`.
            let null = stream.up.buffer.is_empty();
            if !(null && self.client.session.proxy().settings.options.dontlognull) {
                let error = announced.missing(if null { what } else { Missing::Rest });
                crate::log_line::embryonic(&self.worker, &self.client, error, "");
            }
            return Poll::Ready(false);
        }
    }

    fn set_timer(&self) {
        if let (Some(timer), Some(stream)) = (&self.timer, &self.stream) {
            timer.set(stream.deadlines.next());
        }
    }

    /// `Idle`: waits for the first byte of a request and holds no buffer meanwhile.
    fn idle(&mut self, cx: &mut Context<'_>) -> Idle {
        let first = self.client.session.requests == 0;
        if !first
            && (self.worker.is_stopping() || self.client.session.last)
            && !self.client.socket.seems_readable()
        {
            return Idle::Close;
        }
        self.follow_plan();
        let mut stream = self.worker.streams.take();
        let received = stream.up.receive(cx, &mut self.client.socket, &self.worker.buffers);
        let now_us = self.worker.clock.now_us();
        match received {
            Poll::Ready(Ok(count)) if count > 0 || first => {
                self.stream = Some(stream);
                self.begin_request(now_us);
                Idle::Begin
            }
            // An error on a connection that never sent anything is reported as an aborted request.
            Poll::Ready(Err(_)) if first => {
                stream.up.eof = true;
                self.stream = Some(stream);
                self.begin_request(now_us);
                Idle::Begin
            }
            Poll::Ready(_) => {
                Turn::release(&self.worker, stream);
                Idle::Close
            }
            Poll::Pending => {
                let deadline = self.idle_deadline(first);
                if now_us / 1000 >= deadline {
                    if first {
                        // The missing first request is answered and logged as any late one.
                        self.stream = Some(stream);
                        self.begin_request(now_us);
                        return Idle::Begin;
                    }
                    Turn::release(&self.worker, stream);
                    return Idle::Close;
                }
                Turn::release(&self.worker, stream);
                if let Some(timer) = &self.timer {
                    timer.set(deadline);
                }
                Idle::Wait
            }
        }
    }

    /// `timeout http-keep-alive`, else `http-request`, else `client`; for the first request without the first.
    fn idle_deadline(&self, first: bool) -> u64 {
        let timeouts = &self.client.session.proxy().settings.timeouts;
        let keep_alive = if first { None } else { timeouts.http_keep_alive };
        let timeout = keep_alive.or(timeouts.http_request).or(timeouts.client);
        after(self.idle_since_us / 1000, timeout)
    }

    fn begin_stream(&mut self) {
        let mut stream = self.worker.streams.take();
        stream.up.clear();
        self.client.session.requests += 1;
        Turn::begin(&self.worker, &self.client, &mut stream, self.idle_since_us);
        self.stream = Some(stream);
    }

    fn begin_request(&mut self, now_us: u64) {
        self.client.session.requests += 1;
        let Some(stream) = &mut self.stream else { return };
        Turn::begin(&self.worker, &self.client, stream, self.idle_since_us);
        if !stream.up.buffer.is_empty() {
            stream.record.first_byte_us = now_us;
        }
    }

    /// After a request: the next one may be in the buffer already.
    fn recycle(&mut self) {
        self.idle_since_us = self.worker.clock.now_us();
        self.follow_plan();
        let Some(stream) = &mut self.stream else { return };
        if !stream.up.buffer.is_empty() {
            self.begin_request(self.idle_since_us);
        } else if let Some(stream) = self.stream.take() {
            Turn::release(&self.worker, stream);
        }
    }

    fn put_back(&mut self) {
        if let Some(stream) = self.stream.take() {
            Turn::release(&self.worker, stream);
        }
    }

    /// Takes over the plan in force, between requests only.
    fn follow_plan(&mut self) {
        if self.worker.is_plan(&self.client.session.plan) {
            return;
        }
        let plan = self.worker.plan();
        let session = &mut self.client.session;
        match listener::find(&plan, session.listener_slot) {
            Some((listener, proxy)) if plan.proxy(proxy).mode == session.proxy().mode => {
                let counters =
                    self.worker.shm.frontend(plan.proxy(proxy).frontend_slot).counters(self.worker.id);
                if !std::ptr::eq(counters, session.frontend_counters) {
                    session.frontend_counters.scur.decrement();
                    counters.scur.increment();
                    session.frontend_counters = counters;
                }
                if let Some(extra) = session.extra_if_made() {
                    let now_ms = self.worker.clock.now_ms();
                    extra.trackers.borrow_mut().follow(&self.worker, &plan, now_ms);
                }
                (session.plan, session.listener, session.frontend) = (plan, listener, proxy);
            }
            _ => session.last = true,
        }
    }
}

impl Future for Connection {
    type Output = ();

    /// A panic ends this connection alone: the worker counts it and goes on.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        Turn::guard(this, |this| this.advance(cx), |this| (&this.worker, &this.client))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(mut stream) = self.stream.take() {
            Turn::abandon(&self.worker, &mut stream);
        }
        self.end_session();
    }
}

impl Worker {
    fn is_plan(&self, plan: &Arc<weir_plan::Plan>) -> bool {
        Arc::ptr_eq(&self.plan_ref(), plan)
    }
}

/// An idle connection costs this much beside its socket; kept here so that growth is noticed.
const _: () = assert!(size_of::<Connection>() <= 240, "an idle connection grew");
