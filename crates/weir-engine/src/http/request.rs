//! `RequestHead`, and what is added to a request on its way to the server.

use std::net::SocketAddr;
use std::task::Poll;

use weir_http::{BodyKind, Status, WriteOptions, begins_well, parse_request, persistence, write_request};
use weir_plan::settings::{AddressHeader, HttpRestrict};
use weir_plan::{Plan, Server};
use weir_sample::Stream as _;

use super::limits::{connection_mode, of_requests};
use super::size;
use crate::log_line::Origin;
use crate::record::{Cause, Stage};
use crate::rules::lower;
use crate::stream::{Ending, Phase, Step, after};
use crate::timers::NEVER;
use crate::turn::Turn;

impl Turn<'_, '_> {
    pub fn request_head(&mut self) -> Step {
        let plan = self.client.session.plan.clone();
        let proxy = plan.proxy(self.stream.frontend);
        let limits = of_requests(&plan, proxy);
        if let Some(end) = self.client.socket.stream() {
            self.stream.up.limits = limits;
            return match end.take_request(&mut self.stream.request) {
                Ok(()) => self.request_head_complete(&plan),
                Err(status) => {
                    self.stream.record.end(Cause::Proxy, Stage::Request);
                    self.count_bad_request();
                    self.answer_error(status)
                }
            };
        }
        loop {
            let stream = &mut *self.stream;
            if !stream.up.buffer.is_empty() {
                match parse_request(stream.up.buffer.bytes(), &limits, &mut stream.request) {
                    Ok(Status::Complete { consumed }) => {
                        stream.up.buffer.consume(consumed);
                        stream.up.limits = limits;
                        let body = stream.up.buffer.bytes();
                        if stream.request.body == BodyKind::Chunked && !begins_well(body, &limits) {
                            return self.bad_request(400);
                        }
                        return self.request_head_complete(&plan);
                    }
                    Ok(Status::Partial) => {}
                    Ok(Status::Http2Preface) if self.may_speak_http2(proxy) => {
                        Turn::abandon(self.worker, self.stream);
                        return Step::End(Ending::Http2);
                    }
                    Ok(Status::Http2Preface) => return self.bad_request(400),
                    Err(error) => {
                        let session = &self.client.session;
                        crate::trace::client("h1", &session.proxy().name, session.source, error);
                        return self.bad_request(error.request_status());
                    }
                }
            }
            if stream.up.eof {
                return self.no_request();
            }
            match stream.up.receive(self.cx, &mut self.client.socket, &self.worker.buffers) {
                Poll::Ready(Ok(_)) => {
                    if self.stream.record.first_byte_us == 0 && !self.stream.up.buffer.is_empty() {
                        self.stream.record.first_byte_us = self.now_us();
                    }
                }
                Poll::Ready(Err(_)) => return self.no_request(),
                Poll::Pending => return self.await_head(&plan),
            }
        }
    }

    /// A request of this client, whether it can be understood or not.
    pub fn count_request(&self) {
        let counters = self.client.session.frontend_counters;
        counters.req_tot.increment();
        match self.client.socket.stream() {
            Some(_) => counters.h2req.increment(),
            None => counters.h1req.increment(),
        }
        let now = self.now_ms();
        counters.req_rate.add(now, 1);
        let view = self.worker.shm.frontend(self.client.session.proxy().frontend_slot);
        view.state.req_rate_max.raise(view.sum(|counters| counters.req_rate.this_second(now)));
        self.worker.counters.cum_req.increment();
    }

    /// A client that begins with HTTP/2's preface is served in HTTP/2 unless an option or its `bind` line forbids it.
    fn may_speak_http2(&self, proxy: &weir_plan::Proxy) -> bool {
        let session = &self.client.session;
        session.requests == 1
            && !proxy.settings.options.disable_h2_upgrade
            && session.listener().settings.protocol != Some(weir_plan::settings::MuxProtocol::H1)
    }

    fn await_head(&mut self, plan: &Plan) -> Step {
        let timeouts = &plan.proxy(self.stream.frontend).settings.timeouts;
        let record = &self.stream.record;
        // Without bytes yet, the time counts from the acceptance.
        let since = if record.first_byte_us == 0 { record.start_us } else { record.first_byte_us };
        self.stream.deadlines.phase = after(since / 1000, timeouts.http_request.or(timeouts.client));
        if self.now_ms() >= self.stream.deadlines.phase {
            return self.request_head_late();
        }
        Step::Wait
    }

    fn request_head_complete(&mut self, plan: &Plan) -> Step {
        let now = self.now_us();
        let proxy = plan.proxy(self.stream.frontend);
        let stream = &mut *self.stream;
        stream.request.headers.set_limit(plan.global.tune.bufsize);
        stream.deadlines.phase = NEVER;
        stream.client_moved_ms = now / 1000;
        stream.server_moved_ms = now / 1000;
        stream.record.request_us = now;
        stream.record.bytes_in = size::of_request(&stream.request);
        if !proxy.settings.logs.is_empty() {
            self.remember_request_line(plan);
        }
        self.show_request();
        self.capture_request(plan);
        self.count_request();
        self.count_request_tracked();
        self.stream.phase = Phase::RequestRules;
        self.log_step(Origin::Request);
        self.restrict_names(plan)
    }

    /// `option http-restrict-req-hdr-names`: names of other characters than letters, digits and dashes.
    fn restrict_names(&mut self, plan: &Plan) -> Step {
        let restrict = plan.proxy(self.stream.frontend).settings.options.restrict_header_names;
        let plain = |name: &[u8]| name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        let headers = &mut self.stream.request.headers;
        match restrict {
            Some(HttpRestrict::Delete) => headers.retain(|name, _| plain(name)),
            Some(HttpRestrict::Reject) if !headers.iter().all(|line| plain(line.name)) => {
                self.stream.record.end(Cause::Proxy, Stage::Request);
                self.client.session.frontend_counters.dreq.increment();
                return self.answer_error(403);
            }
            _ => {}
        }
        Step::Next
    }

    /// `capture request header`, `capture cookie`.
    fn capture_request(&mut self, plan: &Plan) {
        let Some(frontend) = plan.proxy(self.stream.frontend).frontend.as_deref() else { return };
        let stream = &mut *self.stream;
        super::capture::lines(&frontend.capture_request, &stream.request.headers, &mut stream.record, false);
        self.capture_cookie(plan, false);
    }

    fn remember_request_line(&mut self, plan: &Plan) {
        let limit = plan.global.tune.http_logurilen as usize;
        let (request, record) = (&self.stream.request, &mut self.stream.record);
        record.request_line.extend_from_slice(request.method_bytes());
        record.method_len = record.request_line.len() as u32;
        record.request_line.push(b' ');
        record.request_line.extend_from_slice(request.target());
        record.target_len = request.target().len() as u32;
        let version = request.version();
        record.request_line.extend_from_slice(b" HTTP/");
        record.request_line.extend_from_slice(&[b'0' + version.major, b'.', b'0' + version.minor]);
        record.request_line.truncate(limit.saturating_sub(1));
    }

    /// A head that cannot be parsed.
    fn bad_request(&mut self, status: u16) -> Step {
        self.stream.record.end(Cause::Proxy, Stage::Request);
        self.count_bad_request();
        self.count_request_tracked();
        self.count_http_error();
        self.answer_early(status)
    }

    pub fn count_bad_request(&self) {
        self.client.session.frontend_counters.ereq.increment();
        self.client.session.listener_counters.ereq.increment();
    }

    /// The client closed before a whole head came.
    fn no_request(&mut self) -> Step {
        let began = !self.stream.up.buffer.is_empty();
        let options = &self.client.session.proxy().settings.options;
        if !began && (options.dontlognull || options.http_ignore_probes || self.client.session.requests > 1) {
            self.stream.record.logged = true;
        }
        self.stream.record.end(Cause::Client, Stage::Request);
        self.stream.record.status = 400;
        // A client that leaves between requests has nothing to be blamed for.
        if began || self.client.session.requests <= 1 {
            self.count_request_tracked();
            self.count_http_error();
        }
        if !began && (options.http_ignore_probes || self.client.session.requests > 1) {
            return self.close_with(Ending::Close);
        }
        self.count_bad_request();
        self.answer_early(400)
    }

    /// `timeout http-request`.
    pub fn request_head_late(&mut self) -> Step {
        let began = !self.stream.up.buffer.is_empty();
        let options = &self.client.session.proxy().settings.options;
        let silent = !began && (options.http_ignore_probes || self.client.session.requests > 1);
        self.stream.record.logged = silent || !began && options.dontlognull;
        self.stream.record.end(Cause::ClientTimeout, Stage::Request);
        if began || self.client.session.requests <= 1 {
            self.count_request_tracked();
        }
        if silent {
            return self.close_with(Ending::Close);
        }
        self.count_bad_request();
        self.answer_early(408)
    }

    /// What a connection to `server` begins with: the PROXY header on a new one, then the head of the request.
    pub fn write_opening(&mut self, plan: &Plan, server: &Server) {
        let body = self.stream.up.begin_opening();
        self.write_head(plan, server);
        self.stream.up.end_opening(body);
    }

    fn write_head(&mut self, plan: &Plan, server: &Server) {
        let fresh =
            self.stream.link.as_ref().is_some_and(|link| !link.established && link.socket.stream().is_none());
        if fresh && let Some(header) = self.proxy_header(server) {
            self.stream.up.head.extend_from_slice(&header);
            if let Some(link) = &mut self.stream.link {
                link.clear = self.stream.up.head.len();
            }
        }
        if !self.stream.http {
            return;
        }
        let stream = &mut *self.stream;
        let (frontend, backend) = (plan.proxy(stream.frontend), plan.proxy(stream.backend));
        if let Some(name) = backend.backend.as_deref().and_then(|backend| backend.send_name_header.as_deref())
            && server.is_named()
        {
            // A head without room goes on as it is.
            let _ = stream.request.headers.set(&lower(name), server.name.as_bytes());
        }
        let persistence = persistence::towards_server(
            &stream.request,
            connection_mode(frontend),
            connection_mode(backend),
            backend.settings.options.http_pretend_keepalive,
        );
        stream.server_persists = persistence.persistent;
        let whole_target = stream.link.as_ref().is_some_and(|link| link.socket.stream().is_some());
        if stream.request.version().major >= 2 {
            // What HTTP/2 tells by its frames is told by headers. A head without room goes on as it is.
            let _ = stream.request.settle_body();
            if !whole_target && stream.request.lacks_websocket_key() {
                let _ = stream
                    .request
                    .headers
                    .add(b"sec-websocket-key", crate::h2::new_key(self.worker).as_bytes());
            }
        }
        let adjust = |name: &[u8]| super::case::spelling(plan, name);
        let case_adjust: Option<&weir_http::CaseAdjust<'_>> =
            if backend.settings.options.h1_case_adjust_bogus_server { Some(&adjust) } else { None };
        let options = WriteOptions { announce: persistence.announce, case_adjust, whole_target };
        write_request(&stream.request, &options, &mut stream.up.head);
    }

    /// Headers that options add once all rules were met: `forwardfor`, `originalto`.
    pub fn add_option_headers(&mut self, plan: &Plan) {
        let (frontend, backend) = (plan.proxy(self.stream.frontend), plan.proxy(self.stream.backend));
        let (frontend, backend) = (&frontend.settings.options, &backend.settings.options);
        self.add_forwarded(plan);
        if self.client.socket.is_early() {
            // A head without room goes on as it is.
            let _ = self.stream.request.headers.add(b"early-data", b"1");
        }
        if let Some(option) = backend.forwardfor.as_ref().or(frontend.forwardfor.as_ref()) {
            self.add_address(option, self.client.session.source);
        }
        if let Some(option) = backend.originalto.as_ref().or(frontend.originalto.as_ref()) {
            self.add_address(option, self.client.destination());
        }
    }

    /// `unique-id-header`.
    pub fn add_unique_id(&mut self, plan: &Plan) {
        let settings = &plan.proxy(self.stream.frontend).settings;
        let Some(name) = &settings.unique_id_header else { return };
        if let Some(id) = self.view(true).unique_id() {
            // A head without room goes on as it is.
            let _ = self.stream.request.headers.add(&lower(name), id.as_bytes());
        }
    }

    fn add_address(&mut self, option: &AddressHeader, address: Option<SocketAddr>) {
        let Some(ip) = address.map(|address| address.ip().to_canonical()) else { return };
        if option.except.is_some_and(|(network, bits)| crate::address::is_within(ip, network, bits)) {
            return;
        }
        let headers = &mut self.stream.request.headers;
        let name = lower(&option.header);
        if option.if_none && headers.contains(&name) {
            return;
        }
        let text = crate::address::Text::of(ip);
        // A head without room goes on as it is.
        let _ = headers.add(&name, text.bytes());
    }
}
