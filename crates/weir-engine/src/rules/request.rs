//! The stages of `RequestRules`.

use std::sync::Arc;
use std::task::Poll;

use weir_http::{BodyKind, Version};
use weir_plan::Plan;

use super::List;
use super::list::Met;
use crate::channel::Framing;
use crate::record::{Cause, Stage};
use crate::stream::{Phase, Step};
use crate::timers::NEVER;
use crate::turn::Turn;
use crate::view::payload;

/// How far a request has come; the order of the variants is that of the stages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestStage {
    /// `tcp-request content` of the frontend.
    #[default]
    FrontendContent,
    /// `option http-buffer-request` of the frontend.
    FrontendBody,
    /// `monitor-uri`.
    Monitor,
    FrontendHttp,
    FrontendStats,
    FrontendRedirect,
    /// `use_backend`, `default_backend`.
    Switching,
    BackendContent,
    BackendBody,
    BackendHttp,
    BackendStats,
    BackendRedirect,
    /// Headers of options, cookies, `use-server`.
    Last,
    /// `http-request tarpit` holds the stream.
    Tarpit,
}

impl RequestStage {
    fn next(self) -> Self {
        use RequestStage::*;
        match self {
            FrontendContent => FrontendBody,
            FrontendBody => Monitor,
            Monitor => FrontendHttp,
            FrontendHttp => FrontendStats,
            FrontendStats => FrontendRedirect,
            FrontendRedirect => Switching,
            Switching => BackendContent,
            BackendContent => BackendBody,
            BackendBody => BackendHttp,
            BackendHttp => BackendStats,
            BackendStats => BackendRedirect,
            BackendRedirect | Last | Tarpit => Last,
        }
    }

    fn of_backend(self) -> bool {
        self > RequestStage::Switching && self < RequestStage::Last
    }
}

impl Turn<'_, '_> {
    pub fn request_rules(&mut self) -> Step {
        let plan = self.client.session.plan.clone();
        loop {
            let stage = self.stream.stage;
            let met = match stage {
                RequestStage::Tarpit => return self.wait_for_client(),
                RequestStage::Last => return self.rules_met(&plan),
                _ => self.meet_stage(&plan, stage),
            };
            match met {
                Met::All => {
                    self.stream.deadlines.phase = NEVER;
                    self.stream.stage = match stage.next() {
                        // An answer that a frontend found needs no backend.
                        RequestStage::Switching if self.has_cached_answer() => RequestStage::Last,
                        next => next,
                    };
                }
                Met::Wait => match self.wait_for_client() {
                    Step::Next if self.stream.phase == Phase::RequestRules => {}
                    step => return step,
                },
                Met::Leave(step) => return step,
            }
        }
    }

    fn meet_stage(&mut self, plan: &Arc<Plan>, stage: RequestStage) -> Met {
        use RequestStage::*;
        let (frontend, backend) = (self.stream.frontend, self.stream.backend);
        // A `listen` section is met once.
        if stage.of_backend() && frontend == backend {
            return Met::All;
        }
        let http = self.stream.http;
        match stage {
            FrontendContent => self.meet_content(plan, frontend),
            BackendContent => self.meet_content(plan, backend),
            Switching => self.switch(plan),
            _ if !http => Met::All,
            FrontendBody => self.buffer_body(plan, frontend),
            BackendBody => self.buffer_body(plan, backend),
            Monitor => self.monitor(plan),
            FrontendHttp => self.meet(plan, frontend, List::Http, true),
            BackendHttp => self.meet(plan, backend, List::Http, true),
            FrontendStats => self.stats_page(plan, frontend),
            BackendStats => self.stats_page(plan, backend),
            FrontendRedirect => self.meet(plan, frontend, List::Redirect, true),
            BackendRedirect => self.meet(plan, backend, List::Redirect, true),
            Last | Tarpit => Met::All,
        }
    }

    /// `tcp-request content`: waits for data until `inspect-delay` is over.
    fn meet_content(&mut self, plan: &Arc<Plan>, proxy: weir_types::ProxyId) -> Met {
        let Some(rules) = plan.proxy(proxy).rules.as_deref() else { return Met::All };
        if rules.tcp_request_content.is_empty() {
            return Met::All;
        }
        let delay = u64::from(rules.request_inspect_delay);
        if self.stream.deadlines.phase == NEVER {
            self.stream.deadlines.phase = self.now_ms() + delay;
        }
        let buffer = &self.stream.up.buffer;
        let full = buffer.capacity() > 0 && buffer.is_full();
        let finished =
            delay == 0 || full || self.stream.up.eof || self.now_ms() >= self.stream.deadlines.phase;
        self.meet(plan, proxy, List::Content, finished)
    }

    /// `option http-buffer-request`, `balance url_param ... check_post`: waits for the whole body, or a full buffer, or
    /// `timeout http-request`.
    fn buffer_body(&mut self, plan: &Arc<Plan>, proxy: weir_types::ProxyId) -> Met {
        let settings = &plan.proxy(proxy).settings;
        let wanted = settings.options.http_buffer_request || self.balance_wants_body(plan.proxy(proxy));
        if !wanted {
            return Met::All;
        }
        if self.body_is_here(false, 0) {
            self.request_is_whole();
            return Met::All;
        }
        if self.stream.deadlines.phase == NEVER {
            let timeouts = &settings.timeouts;
            self.stream.deadlines.phase =
                crate::stream::after(self.now_ms(), timeouts.http_request.or(timeouts.client));
        }
        self.say_continue();
        Met::Wait
    }

    /// Whether the body of the request or the response is in the buffer: all of it, or `at_least` bytes (0: all).
    pub fn body_is_here(&self, of_response: bool, at_least: u64) -> bool {
        let stream = &*self.stream;
        let (kind, channel) = match of_response {
            true => (stream.response.body, &stream.down),
            false => (stream.request.body, &stream.up),
        };
        let buffered = channel.buffer.len();
        let full = buffered > 0 && channel.buffer.is_full();
        if full || channel.eof || at_least > 0 && payload(kind, channel).data.len() as u64 >= at_least {
            return true;
        }
        match kind {
            BodyKind::None => true,
            BodyKind::Length(length) => buffered as u64 >= length,
            BodyKind::Chunked => crate::http::is_complete(channel.buffer.bytes()),
            // The end of the connection is that of the response; a request has none of these.
            BodyKind::UntilClose => !of_response,
            BodyKind::Tunnel => true,
        }
    }

    /// The request counts as received once the body is there that was waited for (manual 8.4, `TR`).
    pub fn request_is_whole(&mut self) {
        self.stream.record.request_us = self.now_us();
    }

    /// The body that rules or options wait for did not come in time.
    pub fn request_body_late(&mut self) -> Step {
        self.stream.record.end(Cause::ClientTimeout, Stage::Request);
        self.stream.record.untimed = true;
        self.count_bad_request();
        self.answer_error(408)
    }

    /// Whether the client left before it had sent the body that it announced.
    pub fn body_was_cut_off(&self) -> bool {
        let stream = &*self.stream;
        let buffer = &stream.up.buffer;
        stream.http
            && stream.up.eof
            && match (&stream.up.framing, stream.request.body) {
                (Framing::Hold, BodyKind::Length(length)) => {
                    (buffer.len() as u64) < length && !buffer.is_full()
                }
                (Framing::Hold, BodyKind::Chunked) => !crate::http::is_complete(buffer.bytes()),
                (Framing::Length(_) | Framing::Chunked(_), _) => true,
                _ => false,
            }
    }

    /// A client that waits for `100 Continue` gets it from weir when weir is the one that wants the body.
    pub fn say_continue(&mut self) {
        let stream = &mut *self.stream;
        let asked = stream.request.expects_continue() && stream.request.version() >= Version::HTTP_11;
        if !asked || stream.continued || !stream.up.buffer.is_empty() {
            return;
        }
        stream.continued = true;
        const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
        stream.down.head.extend_from_slice(CONTINUE);
        stream.record.bytes_out += crate::http::size_of_interim(CONTINUE);
        // What cannot be sent now goes out before the response.
        let _ = stream.down.transmit(self.cx, &mut self.client.socket, false);
        stream.request.headers.remove_known(weir_http::Known::Expect);
    }

    /// Reads more of the client for rules that wait.
    fn wait_for_client(&mut self) -> Step {
        let now = self.now_ms();
        let stream = &mut *self.stream;
        stream.deadlines.client = NEVER;
        let room = stream.up.buffer.capacity() == 0 || !stream.up.buffer.is_full();
        if stream.up.eof && stream.stage == RequestStage::Tarpit {
            return self.tarpit_left();
        }
        let early = self.client.socket.is_early();
        if !stream.up.eof && room {
            match stream.up.receive(self.cx, &mut self.client.socket, &self.worker.buffers) {
                Poll::Ready(Ok(0) | Err(_)) if stream.stage == RequestStage::Tarpit => {
                    return self.tarpit_left();
                }
                Poll::Ready(Ok(_)) => return Step::Next,
                Poll::Ready(Err(_)) if stream.http => {
                    // No more will come; what that means is found when all rules were met.
                    stream.up.eof = true;
                    return Step::Next;
                }
                Poll::Ready(Err(_)) => return self.client_aborted(Stage::Request),
                // Reading has ended the handshake that a rule waits for.
                Poll::Pending if early && !self.client.socket.is_early() => return Step::Next,
                Poll::Pending => {}
            }
        }
        // Rules that wait for a body give the client the time that it always has to send something.
        if matches!(self.stream.stage, RequestStage::FrontendHttp | RequestStage::BackendHttp)
            && !self.body_is_here(false, 0)
        {
            self.stream.deadlines.client = crate::stream::after(now, self.stream.timeouts.client);
        }
        let deadline = &mut self.stream.deadlines.phase;
        *deadline = (*deadline).min(self.stream.rule_deadline);
        if *deadline <= now { self.rules_late(now) } else { Step::Wait }
    }

    fn tarpit_left(&mut self) -> Step {
        self.stream.record.end(Cause::Client, Stage::Tarpit);
        self.count_backend(|counters| counters.cli_abrt.increment());
        self.close_with(crate::stream::Ending::Close)
    }

    /// A wait of the rules is over.
    pub fn rules_late(&mut self, now_ms: u64) -> Step {
        if self.stream.stage == RequestStage::Tarpit {
            return self.tarpit_over();
        }
        if self.stream.deadlines.client <= now_ms {
            return self.request_body_late();
        }
        let body_wait = matches!(self.stream.stage, RequestStage::FrontendBody | RequestStage::BackendBody);
        if body_wait && self.stream.deadlines.phase <= now_ms {
            return self.request_body_late();
        }
        self.stream.phase = Phase::RequestRules;
        Step::Next
    }

    /// All rules were met: what options add, persistence, and on to the server.
    fn rules_met(&mut self, plan: &Arc<Plan>) -> Step {
        if self.stream.http {
            self.add_unique_id(plan);
            self.add_option_headers(plan);
            self.persist_by_cookie(plan);
            self.prepare_compression(plan);
        } else {
            self.persist_by_rdp_cookie(plan);
        }
        if self.has_cached_answer() {
            return self.serve_from_cache(plan);
        }
        // Rules waited for the rest in vain.
        if self.body_was_cut_off() {
            return self.client_aborted(Stage::Request);
        }
        self.use_server(plan);
        self.meet_stick_rules(plan);
        self.go(Phase::Queue)
    }

    /// `cache-use` found one.
    fn has_cached_answer(&self) -> bool {
        self.stream.cache.as_ref().is_some_and(|cache| cache.is_hit())
    }
}
