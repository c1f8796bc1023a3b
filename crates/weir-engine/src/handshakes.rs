//! What counts of TLS handshakes with servers.

use weir_shm::{BackendCounters, ServerCounters};

use crate::socket::Socket;
use crate::worker::Worker;

#[derive(Clone, Copy, Debug)]
pub struct HandshakeCounters {
    pub server: &'static ServerCounters,
    pub backend: Option<&'static BackendCounters>,
}

impl HandshakeCounters {
    /// A handshake over `socket` has ended.
    pub fn count(self, worker: &Worker, succeeded: bool, socket: &Socket) {
        let reused = socket.tls().is_some_and(|tls| tls.ssl().session_reused());
        let (of_server, of_backend) = match (succeeded, reused) {
            (false, _) => {
                (&self.server.ssl_failed_handshake, self.backend.map(|it| &it.ssl_failed_handshake))
            }
            (true, true) => (&self.server.ssl_reused_sess, self.backend.map(|it| &it.ssl_reused_sess)),
            (true, false) => (&self.server.ssl_sess, self.backend.map(|it| &it.ssl_sess)),
        };
        of_server.increment();
        if let Some(of_backend) = of_backend {
            of_backend.increment();
        }
        if succeeded && !reused {
            let (process, now) = (worker.shm.process(), worker.clock.now_ms());
            worker.counters.ssl_backend_key_rate.add(now, 1);
            let rate = process.sum(|counters| counters.ssl_backend_key_rate.value(now));
            process.state.max_ssl_backend_key_rate.raise(rate);
        }
    }
}
