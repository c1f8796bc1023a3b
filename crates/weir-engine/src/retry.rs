//! What failed attempts lead to: another one on the same server or on another (`retries`, `option redispatch`,
//! `retry-on`; manual 4.2), or the end.

use weir_plan::Plan;
use weir_plan::settings::{Redispatch, retry};
use weir_types::ServerId;

use crate::record::{Cause, Stage};
use crate::replay::Replay;
use crate::rules::ResponseStage;
use crate::stream::{Phase, Step};
use crate::timers::NEVER;
use crate::turn::Turn;

/// How long a retry on the same server waits at most, milliseconds.
const TURN_AROUND: u32 = 1000;

impl Turn<'_, '_> {
    /// The connection could not be made: tries again, or gives up with 503.
    pub fn connect_failed(&mut self, cause: Cause) -> Step {
        self.observe_error(weir_check::Observed::Connection);
        let plan = self.client.session.plan.clone();
        let settings = &self.stream.backend(&plan).settings;
        let retries = !self.stream.http || settings.retry_on & retry::CONN_FAILURE != 0;
        self.stream.failed_tls =
            self.stream.link.take().and_then(|mut link| link.socket.close_and_take_tls());
        self.stream.deadlines.phase = NEVER;
        if self.stream.attempts_left == 0 || !retries {
            if let Some(assigned) = &self.stream.assigned {
                assigned.counters.econ.increment();
            }
            self.count_backend(|counters| counters.econ.increment());
            self.stream.record.end(cause, Stage::Connect);
            return self.answer_error(503);
        }
        self.stream.attempts_left -= 1;
        self.stream.record.retries += 1;
        self.stream.reassign = self.redispatches(&plan);
        if self.stream.reassign && self.usable_servers(&plan) > 1 {
            self.stream.reassign = false;
            return self.choose_again();
        }
        if !self.stream.reassign {
            self.retry_same();
        }
        self.stream.turn_around = true;
        let pause = self.stream.timeouts.connect.map_or(TURN_AROUND, |connect| connect.min(TURN_AROUND));
        self.stream.deadlines.phase = self.now_ms() + u64::from(pause);
        Step::Next
    }

    /// The request reached the server and `event` came of it (a bit of [`retry`]): sends it again if `retry-on` says so
    /// and nothing of an answer has gone to the client.
    pub fn send_again(&mut self, event: u32) -> Option<Step> {
        let plan = self.client.session.plan.clone();
        let settings = &self.stream.backend(&plan).settings;
        let stream = &mut *self.stream;
        if settings.retry_on & event == 0 || stream.attempts_left == 0 || stream.sent_once {
            return None;
        }
        if !stream.http || stream.tunnel || stream.response_begun || !stream.up.replay.as_ref()?.is_whole() {
            return None;
        }
        stream.attempts_left -= 1;
        stream.record.retries += 1;
        stream.record.response_us = 0;
        stream.record.connected_us = 0;
        stream.record.status = 0;
        stream.record.server_status = 0;
        stream.link = None;
        if stream.down.sent == 0 {
            stream.record.bytes_out = 0;
        }
        stream.down.clear();
        stream.response.clear();
        stream.response_stage = ResponseStage::default();
        stream.up.shut = false;
        stream.deadlines = crate::stream::Deadlines::NONE;
        if self.redispatches(&plan) {
            return Some(self.choose_again());
        }
        self.retry_same();
        Some(self.go(Phase::Connect))
    }

    /// Keeps what goes out from here on where `retry-on` may want it again.
    pub fn keep_for_retries(&mut self, plan: &Plan) {
        let stream = &mut *self.stream;
        let retry_on = plan.proxy(stream.backend).settings.retry_on;
        let wanted = retry_on & !retry::CONN_FAILURE != 0 && stream.http && !stream.sent_once;
        if wanted && stream.attempts_left > 0 && stream.up.replay.is_none() {
            stream.up.replay = Some(Box::new(Replay::new(plan.global.tune.bufsize as usize)));
        }
    }

    /// Leaves the server for whichever is chosen next; a cookie no longer counts.
    pub fn choose_again(&mut self) -> Step {
        let stream = &mut *self.stream;
        stream.avoid = stream.assigned.as_ref().map(|assigned| assigned.server);
        stream.retry_uncounted = true;
        self.leave_cookie();
        crate::assign::release_server(self.worker, self.stream);
        self.go(Phase::Queue)
    }

    /// The server of the client's cookie does not serve it.
    pub fn leave_cookie(&mut self) {
        let stream = &mut *self.stream;
        if stream.by_cookie {
            stream.by_cookie = false;
            stream.cookie_state = b'D';
            if stream.record.cookies[0] != b'-' {
                stream.record.cookies[0] = b'D';
            }
        }
    }

    /// A server was chosen for a retry: on another one it is a redispatch.
    pub fn count_choice(&mut self, chosen: ServerId) {
        if !std::mem::take(&mut self.stream.retry_uncounted) {
            return;
        }
        match self.stream.avoid {
            Some(failed) if failed != chosen => {
                let plan = &self.client.session.plan;
                let slot = plan.server(failed).slot;
                self.worker.shm.server(slot).counters(self.worker.id).wredis.increment();
                self.count_backend(|counters| counters.wredis.increment());
                self.stream.record.redispatched = true;
            }
            _ => self.count_retry(),
        }
    }

    /// On the same server, which has one more session to count.
    fn retry_same(&mut self) {
        if let Some(assigned) = &self.stream.assigned {
            assigned.counters.stot.increment();
        }
        self.count_retry();
    }

    fn count_retry(&mut self) {
        if let Some(assigned) = &self.stream.assigned {
            assigned.counters.wretr.increment();
        }
        self.count_backend(|counters| counters.wretr.increment());
    }

    /// Whether this retry may go to another server: in the intervals of `option redispatch`, and at once where nothing
    /// bound the request to the one that failed and there are others.
    fn redispatches(&self, plan: &Plan) -> bool {
        let stream = &*self.stream;
        let proxy = stream.backend(plan);
        let Some(backend) = proxy.backend.as_deref() else { return false };
        let done = stream.record.retries;
        let most = done + stream.attempts_left;
        let due = match proxy.settings.options.redispatch {
            Redispatch::Off | Redispatch::Every(0) => return false,
            Redispatch::Every(interval) if interval > 0 => done.is_multiple_of(interval as u32),
            Redispatch::Every(before_last) => done == most.saturating_sub(before_last.unsigned_abs() - 1),
        };
        let free = !stream.persistent && !backend.balance.algorithm.is_hashed();
        due || free && self.usable_servers(plan) > 1
    }

    fn usable_servers(&self, plan: &Plan) -> usize {
        let Some(backend) = self.stream.servers(plan) else { return 0 };
        let servers = backend.servers.iter();
        servers.filter(|id| self.worker.shm.server(plan.server(*id).slot).state.usable()).count()
    }
}
