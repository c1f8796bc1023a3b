//! The TLS handshake with a client, between the PROXY header and the session's rules.

use std::sync::Arc;
use std::task::{Context, Poll};

use weir_sample::ConnectionError;
use weir_tls::verify::Findings;
use weir_tls::{HelloReader, Listener};

use super::Connection;
use crate::encrypted::Fault;
use crate::stream::after;
use crate::turn::Turn;
use crate::worker::Worker;

impl Worker {
    fn count_handshake(&self) {
        let now = self.clock.now_ms();
        self.counters.ssl_rate.add(now, 1);
        let process = self.shm.process();
        process.state.max_ssl_rate.raise(process.sum(|counters| counters.ssl_rate.value(now)));
    }
}

impl Connection {
    /// Runs the handshake. False: it failed, which was logged.
    pub(super) fn handshake(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(listener) = self.client.session.listener().tls.clone() else { return Poll::Ready(true) };
        if self.client.socket.tls().is_none() {
            match self.read_hello(cx, &listener) {
                Poll::Ready(true) => {}
                other => return other,
            }
        }
        match self.client.socket.poll_handshake(cx) {
            Poll::Ready(Ok(())) => {
                self.handshaken();
                Poll::Ready(true)
            }
            Poll::Ready(Err(fault)) => Poll::Ready(self.handshake_failed(&fault)),
            Poll::Pending => self.await_handshake(),
        }
    }

    /// Receives the client's first message and begins to speak TLS with the certificate that it is for.
    fn read_hello(&mut self, cx: &mut Context<'_>, listener: &Arc<Listener>) -> Poll<bool> {
        let worker = self.worker.clone();
        let stream = self.stream.get_or_insert_with(|| {
            let mut stream = worker.streams.take();
            stream.up.clear();
            stream
        });
        let hello = loop {
            let buffer = &mut stream.up.buffer;
            match HelloReader::read(buffer.bytes()) {
                HelloReader::Hello(hello) => break Some(hello),
                HelloReader::Other => break None,
                // OpenSSL reads the rest by itself.
                HelloReader::Incomplete if buffer.capacity() > 0 && buffer.is_full() => break None,
                HelloReader::Incomplete => {}
            }
            match stream.up.receive(cx, &mut self.client.socket, &self.worker.buffers) {
                Poll::Ready(Ok(count)) if count > 0 => {}
                Poll::Ready(outcome) => {
                    let empty = stream.up.buffer.is_empty();
                    let fault = Fault { closed: true, reset: outcome.is_err(), empty, ..Fault::default() };
                    return Poll::Ready(self.handshake_failed(&fault));
                }
                Poll::Pending => return self.await_handshake(),
            }
        };
        let ahead = stream.up.buffer.bytes().to_vec();
        let limit = u64::from(self.client.session.plan.global.tls.maxsslconn);
        if limit > 0 && self.worker.shm.process().sum(|counters| counters.curr_ssl_conns.value()) >= limit {
            let error = ConnectionError::TLS_TOO_MANY;
            crate::log_line::embryonic(&self.worker, &self.client, error, "");
            return Poll::Ready(false);
        }
        if let Some(stream) = self.stream.take() {
            Turn::release(&self.worker, stream);
        }
        let entry = listener.choose(hello.as_ref());
        let begun = match &entry {
            Some(entry) => listener.begin(entry),
            // OpenSSL says so to the client.
            None => listener.refuse(),
        };
        if !begun.is_some_and(|ssl| self.client.socket.encrypt(ssl, ahead)) {
            return Poll::Ready(self.handshake_failed(&Fault::default()));
        }
        self.worker.count_handshake();
        let limits = &self.client.session.plan.global.tls;
        let limits = [limits.maxrecord, limits.hard_maxrecord];
        if let Some(tls) = self.client.socket.tls_mut() {
            tls.limit_records(limits);
            tls.count(self.worker.counters);
            tls.served = entry.map(|entry| entry.certificate());
            tls.hello = hello.map(Box::new);
        }
        Poll::Ready(true)
    }

    /// `timeout client-hs`, else `client`, counted from the moment the connection was accepted.
    fn await_handshake(&mut self) -> Poll<bool> {
        let timeouts = &self.client.session.proxy().settings.timeouts;
        let timeout = timeouts.client_hs.or(timeouts.client);
        let deadline = after(self.client.session.accepted_us / 1000, timeout);
        if self.worker.clock.now_ms() >= deadline {
            self.pretend();
            let error = ConnectionError::TLS_TIMEOUT;
            crate::log_line::embryonic(&self.worker, &self.client, error, "");
            return Poll::Ready(false);
        }
        if let Some(timer) = &self.timer {
            timer.set(deadline);
        }
        Poll::Pending
    }

    /// A line about a handshake that did not come to its first message speaks of TLS all the same.
    fn pretend(&mut self) {
        let session = &self.client.session;
        if self.client.socket.tls().is_none()
            && session.proxy().settings.error_log_format.is_some()
            && let Some(ssl) = session.listener().tls.as_ref().and_then(|listener| listener.refuse())
        {
            // Without it the line says less.
            let _ = self.client.socket.encrypt(ssl, Vec::new());
        }
    }

    fn handshaken(&mut self) {
        let Some(tls) = self.client.socket.tls_mut() else { return };
        let session = &self.client.session;
        if tls.ssl().session_reused() {
            session.listener_counters.ssl_reused_sess.increment();
            session.frontend_counters.ssl_reused_sess.increment();
        } else {
            session.listener_counters.ssl_sess.increment();
            session.frontend_counters.ssl_sess.increment();
            let (state, now) = (self.worker.shm.process().state, self.worker.clock.now_ms());
            self.worker.counters.ssl_frontend_key_rate.add(now, 1);
            let rate = self.worker.shm.process().sum(|counters| counters.ssl_frontend_key_rate.value(now));
            state.max_ssl_frontend_key_rate.raise(rate);
        }
        if self.client.session.plan.global.tls.capture_buffer_size == 0 {
            tls.hello = None;
        }
    }

    fn handshake_failed(&mut self, fault: &Fault) -> bool {
        self.client.session.listener_counters.ssl_failed_handshake.increment();
        self.client.session.frontend_counters.ssl_failed_handshake.increment();
        let silent = self.client.session.proxy().settings.options.dontlognull;
        if !(fault.empty && silent) {
            self.pretend();
            let findings = self.client.socket.tls().and_then(|tls| Findings::of(tls.ssl()));
            let found = |code: fn(&Findings) -> i32| findings.is_some_and(|findings| code(findings) != 0);
            let error = match fault {
                _ if found(Findings::authority) => ConnectionError::TLS_AUTHORITY,
                _ if found(Findings::certificate) => ConnectionError::TLS_CERTIFICATE,
                Fault { closed: true, reset: false, .. } => ConnectionError::TLS_EMPTY,
                _ => ConnectionError::TLS_HANDSHAKE,
            };
            let detail = match error == ConnectionError::TLS_HANDSHAKE && !fault.text.is_empty() {
                true => format!(" ({})", fault.text),
                false => String::new(),
            };
            let session = &self.client.session;
            let reason = format!("{}{detail}", error.text());
            crate::trace::client("ssl", &session.proxy().name, session.source, &reason);
            crate::log_line::embryonic(&self.worker, &self.client, error, &detail);
        }
        false
    }
}
