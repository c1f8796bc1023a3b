//! `Finish`: counters, the log line, and the end of the stream.

use crate::stream::{Ending, Step};
use crate::turn::Turn;

/// Counts a response by the class of its status.
macro_rules! count_status {
    ($counters:expr, $status:expr) => {
        match $status / 100 {
            1 => $counters.hrsp_1xx.increment(),
            2 => $counters.hrsp_2xx.increment(),
            3 => $counters.hrsp_3xx.increment(),
            4 => $counters.hrsp_4xx.increment(),
            5 => $counters.hrsp_5xx.increment(),
            _ => $counters.hrsp_other.increment(),
        }
    };
}

impl Turn<'_, '_> {
    pub fn finish(&mut self) -> Step {
        let now = self.now_us();
        let stream = &mut *self.stream;
        stream.record.end_us = now;
        stream.record.bytes_in += stream.up.payload;
        stream.record.bytes_out += stream.down.payload;
        self.end_from_cache();
        self.count_traffic();
        self.count_bytes_tracked();
        self.count_times();
        let options = &self.client.session.proxy().settings.options;
        let null = !self.stream.http && options.dontlognull && self.stream.record.bytes_in == 0;
        if !self.stream.record.logged && !null {
            self.worker.logs.hold(self.worker.counters);
            self.log();
        }
        if self.stream.server_stays {
            self.keep_server_connection();
        }
        if self.stream.record.request_us > 0 || !self.stream.http {
            self.show_closed();
        }
        let ending = self.stream.ending.unwrap_or(Ending::Close);
        Turn::abandon(self.worker, self.stream);
        if ending == Ending::KeepAlive || self.client.socket.stream().is_some() {
            // Where the connection ends with its stream, it releases the line itself.
            self.worker.logs.release(self.worker.counters);
        }
        if let Some(addresses) = self.stream.addresses.take() {
            self.client.session.restore(*addresses);
        }
        let resets = ending == Ending::Close && self.resets_client();
        Step::End(if resets { Ending::Reset } else { ending })
    }

    /// Bytes of this stream, for everything it went through.
    fn count_traffic(&mut self) {
        let (bytes_in, bytes_out) = (self.stream.record.bytes_in, self.stream.record.bytes_out);
        let session = &self.client.session;
        session.frontend_counters.bin.add(bytes_in);
        session.frontend_counters.bout.add(bytes_out);
        session.listener_counters.bin.add(bytes_in);
        session.listener_counters.bout.add(bytes_out);
        if let Some(counters) = self.stream.backend_counters {
            counters.bin.add(bytes_in);
            counters.bout.add(bytes_out);
        }
        if let Some(assigned) = &self.stream.assigned {
            assigned.counters.bin.add(bytes_in);
            assigned.counters.bout.add(bytes_out);
        }
        self.worker.counters.bytes_out.add(bytes_out);
        self.worker.counters.bytes_out_32_rate.add(self.now_ms(), (bytes_out / 32) as u32);
    }

    /// `qtime`, `ctime`, `rtime`, `ttime` of backend and server.
    fn count_times(&mut self) {
        let record = &self.stream.record;
        if record.connected_us == 0 {
            return;
        }
        let between = |from: u64, to: u64| to.saturating_sub(from) / 1000;
        let begun = if record.request_us > 0 { record.request_us } else { record.start_us };
        let first = if record.first_byte_us > 0 { record.first_byte_us } else { record.start_us };
        let queue = between(begun, record.assigned_us);
        let connect = between(record.assigned_us, record.connected_us);
        let response =
            if record.response_us > 0 { between(record.connected_us, record.response_us) } else { 0 };
        let total = between(first, record.end_us);
        if let Some(counters) = self.stream.backend_counters {
            counters.qtime.add(queue);
            counters.ctime.add(connect);
            counters.rtime.add(response);
            counters.ttime.add(total);
        }
        if let Some(assigned) = &self.stream.assigned {
            assigned.counters.qtime.add(queue);
            assigned.counters.ctime.add(connect);
            assigned.counters.rtime.add(response);
            assigned.counters.ttime.add(total);
        }
    }

    /// A server's own response.
    pub fn count_server_response(&mut self) {
        if let Some(assigned) = &self.stream.assigned {
            count_status!(assigned.counters, self.stream.response.status());
            assigned.counters.req_tot.increment();
        }
    }

    /// The response that goes to the client, whoever made it.
    pub fn count_client_status(&mut self, status: u16) {
        count_status!(self.client.session.frontend_counters, status);
        if let Some(counters) = self.stream.backend_counters {
            count_status!(counters, status);
            counters.req_tot.increment();
        }
    }

    /// A response that was missing or could not be understood.
    pub fn count_response_error(&mut self) {
        self.count_http_failure();
        self.count_backend(|counters| counters.eresp.increment());
        if let Some(assigned) = &self.stream.assigned {
            assigned.counters.eresp.increment();
        }
    }
}
