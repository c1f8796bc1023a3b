//! The response in `Exchange`: its head, what follows from it, and the end of the exchange.

use std::sync::Arc;

use weir_check::Observed;
use weir_http::{
    BodyKind, Status, Version, WriteOptions, begins_well, parse_response, persistence, write_response,
};
use weir_plan::Plan;
use weir_plan::settings::retry;

use super::limits::{connection_mode, of_responses};
use super::size;
use crate::channel::Framing;
use crate::h2::End;
use crate::log_line::Origin;
use crate::pool::IdleConnection;
use crate::record::{Cause, Stage};
use crate::stream::{Ending, Link, Phase, Step};
use crate::turn::Turn;

impl Turn<'_, '_> {
    /// Parses what came of the response. `Wait`: more is needed. Interim responses are passed on as they come.
    pub fn response_head(&mut self) -> Step {
        let plan = self.client.session.plan.clone();
        let limits = of_responses(&plan, plan.proxy(self.stream.backend));
        loop {
            let stream = &mut *self.stream;
            match parse_response(stream.down.buffer.bytes(), &limits, &stream.request, &mut stream.response) {
                Ok(Status::Complete { consumed }) => {
                    stream.down.buffer.consume(consumed);
                    stream.down.limits = limits;
                    let body = stream.down.buffer.bytes();
                    if stream.response.body == BodyKind::Chunked && !begins_well(body, &limits) {
                        return self.bad_response();
                    }
                }
                Ok(_) if stream.down.eof => return self.no_response(),
                Ok(_) => return Step::Wait,
                Err(error) => {
                    let backend = plan.proxy(stream.backend);
                    let server = stream.assigned.as_ref().map_or("-", |it| &*plan.server(it.server).name);
                    crate::trace::server("h1", &backend.name, server, error);
                    return self.bad_response();
                }
            }
            if stream.response.is_interim() {
                self.pass_interim();
                continue;
            }
            return self.response_head_complete(&plan);
        }
    }

    /// 100, 102, 103...: goes to the client at once; the final response follows.
    fn pass_interim(&mut self) {
        let stream = &mut *self.stream;
        // HTTP/1.0 knows no interim responses.
        if stream.request.version() >= Version::HTTP_11 {
            stream.record.bytes_out += size::of_response(&stream.response);
            write_response(&stream.response, &WriteOptions::default(), &mut stream.down.head);
        }
        stream.response.clear();
    }

    fn response_head_complete(&mut self, plan: &Arc<Plan>) -> Step {
        if !self.websocket_accepted() {
            return self.bad_response();
        }
        let event = retry::status(self.stream.response.status());
        if let Some(step) = event.and_then(|event| self.send_again(event)) {
            return step;
        }
        let now = self.now_us();
        let stream = &mut *self.stream;
        stream.response.headers.set_limit(plan.global.tune.bufsize);
        stream.record.response_us = now;
        stream.record.status = stream.response.status();
        stream.record.server_status = stream.record.status;
        stream.record.bytes_out += size::of_response(&stream.response);
        self.show_response();
        self.count_server_response();
        self.observe_status();
        self.count_server_status_tracked();
        self.store_stick_entries(plan);
        self.capture_response(plan);
        self.judge_response(plan);
        self.response_ready(plan)
    }

    /// Whether a server that switched to WebSocket for a client of HTTP/2 answered the key that was made for it.
    fn websocket_accepted(&self) -> bool {
        let (request, response) = (&self.stream.request, &self.stream.response);
        if response.status() != 101 || request.version().major < 2 {
            return true;
        }
        let key = request.headers.find(b"sec-websocket-key").unwrap_or_default();
        let accept = response.headers.find(b"sec-websocket-accept");
        accept.is_some_and(|accept| accept == crate::h2::accept_of(key).as_bytes())
    }

    /// Meets the rules, from where they stood before, and sends the head.
    pub fn response_ready(&mut self, plan: &Arc<Plan>) -> Step {
        let step = self.response_rules(plan);
        if step != Step::Next || self.stream.phase != Phase::Exchange {
            return step;
        }
        self.send_response_head(plan)
    }

    /// `capture response header`, `capture cookie`.
    fn capture_response(&mut self, plan: &Plan) {
        let Some(frontend) = plan.proxy(self.stream.frontend).frontend.as_deref() else { return };
        let stream = &mut *self.stream;
        super::capture::lines(&frontend.capture_response, &stream.response.headers, &mut stream.record, true);
        self.capture_cookie(plan, true);
    }

    /// Serialises the head as the rules left it and lets the body pass.
    pub fn send_response_head(&mut self, plan: &Plan) -> Step {
        let closing = self.worker.is_stopping() || self.client.session.last;
        let mut pipeline = None;
        self.tap_response(&mut pipeline);
        self.compress_response(plan, &mut pipeline);
        let stream = &mut *self.stream;
        let frontend = plan.proxy(stream.frontend);
        let options = &frontend.settings.options;
        let mode = connection_mode(frontend);
        let persistence = persistence::towards_client(&stream.request, &stream.response, mode, closing);
        stream.client_persists = persistence.persistent;
        stream.server_persists &= persistence::server_connection_reusable(&stream.response);
        stream.response_begun = true;
        let adjust = |name: &[u8]| super::case::spelling(plan, name);
        let case_adjust: Option<&weir_http::CaseAdjust<'_>> =
            if options.h1_case_adjust_bogus_client { Some(&adjust) } else { None };
        let write = WriteOptions { announce: persistence.announce, case_adjust, ..Default::default() };
        write_response(&stream.response, &write, &mut stream.down.head);
        stream.down.drop_trailers = options.http_drop_response_trailers;
        stream.record.status = stream.response.status();
        if stream.response.body == BodyKind::Tunnel {
            self.begin_tunnel();
        }
        self.count_client_status(self.stream.record.status);
        let mut body = self.stream.response.body;
        let chunked = body == BodyKind::Chunked;
        if chunked && self.stream.cache.as_ref().is_some_and(|cache| cache.is_serving()) {
            // A cache keeps bodies without their chunks.
            pipeline.get_or_insert_default();
            body = BodyKind::UntilClose;
        }
        if let Some(mut pipeline) = pipeline {
            if chunked {
                pipeline.set_chunked();
            }
            self.stream.down.set_pipeline(pipeline);
        }
        self.put_limits(plan, false, chunked);
        let stream = &mut *self.stream;
        let begun = stream.down.begin_body(body);
        self.log_step(Origin::Response);
        if options.logasap && !self.stream.record.logged {
            let payload = self.stream.down.payload;
            self.stream.record.bytes_out += payload;
            self.log_early();
            self.stream.record.bytes_out -= payload;
        }
        match begun {
            Ok(()) => Step::Next,
            Err(_) => self.response_body_broken(),
        }
    }

    /// From here on both ways are raw: 101, or CONNECT accepted.
    fn begin_tunnel(&mut self) {
        let nolinger = self.stream.backend(&self.client.session.plan).settings.options.nolinger;
        let stream = &mut *self.stream;
        stream.tunnel = true;
        if let Some(link) = &mut stream.link {
            link.socket.abort_when_closed(nolinger);
        }
        stream.client_persists = false;
        stream.server_persists = false;
        stream.up.drop_pipeline();
        stream.up.framing = Framing::Raw;
        // Raw framing cannot be broken.
        let _ = stream.up.pass();
    }

    /// The server closed or failed before it answered.
    pub fn no_response(&mut self) -> Step {
        // A stream that was reset says nothing about its connection.
        let died = |link: &crate::stream::Link| {
            link.socket.stream().is_none_or(|end| end.mux().core.borrow().has_ended())
        };
        let reused = self.stream.link.as_ref().is_some_and(|link| link.uses > 0 && died(link));
        let untouched = self.stream.down.buffer.is_empty() && self.stream.record.bytes_out == 0;
        let event = match self.stream.down.buffer.is_empty() {
            true => retry::EMPTY_RESPONSE,
            false => retry::JUNK_RESPONSE,
        };
        if let Some(step) = self.send_again(event) {
            return step;
        }
        if self.stream.link.as_ref().is_some_and(|link| link.socket.stream().is_some_and(End::never_began)) {
            // The server does not speak HTTP/2. The request has left, and is not sent again.
            self.stream.attempts_left = 0;
            return self.connect_failed(Cause::Server);
        }
        self.stream.link = None;
        if reused && untouched {
            if self.may_send_again() {
                self.stream.down.clear();
                self.stream.up.shut = false;
                return self.go(Phase::Connect);
            }
            // The client sends it again, as it must for a connection that was closed under its request.
            self.stream.record.end(Cause::Server, Stage::Headers);
            return self.close_with(Ending::Close);
        }
        self.observe_error(Observed::ReadError);
        self.stream.record.end(Cause::Server, Stage::Headers);
        self.count_response_error();
        self.answer_error(502)
    }

    /// Without a body, a request of these methods may be sent again (RFC 9110 section 9.2.2).
    fn may_send_again(&self) -> bool {
        use weir_http::Method::{Delete, Get, Head, Options, Put};
        self.stream.request.body == BodyKind::None
            && matches!(self.stream.request.method(), Get | Head | Options | Put | Delete)
    }

    /// A head that cannot be parsed.
    fn bad_response(&mut self) -> Step {
        self.observe_error(Observed::Headers);
        if let Some(step) = self.send_again(retry::JUNK_RESPONSE) {
            return step;
        }
        self.drop_link();
        self.stream.record.end(Cause::Proxy, Stage::Headers);
        self.count_response_error();
        self.answer_error(502)
    }

    pub fn response_body_broken(&mut self) -> Step {
        self.stream.record.end(Cause::Proxy, Stage::Data);
        self.count_response_error();
        self.part_in_order();
        self.close_with(Ending::Close)
    }

    /// The client broke the framing of its body.
    pub fn request_body_broken(&mut self, stage: Stage) -> Step {
        self.count_bad_request();
        self.stream.record.end(Cause::Proxy, stage);
        self.part_in_order();
        if self.stream.response_begun {
            return self.close_with(Ending::Close);
        }
        self.drop_link();
        self.answer_error(400)
    }

    /// Whether the exchange has come to its end, and what becomes of both connections.
    pub fn http_over(&mut self) -> Option<Step> {
        let stream = &mut *self.stream;
        if stream.down.has_output() {
            return None;
        }
        let ended = match stream.down.framing {
            _ if !stream.response_begun => false,
            Framing::Done => true,
            Framing::Raw => stream.down.eof,
            Framing::Ending => false,
            _ if stream.down.eof => return Some(self.server_aborted(Stage::Data)),
            _ => false,
        };
        if !ended {
            return self.request_truncated();
        }
        let sending = !stream.up.is_complete() && !stream.up.shut && !stream.up.eof;
        if sending && !stream.down.eof {
            return None;
        }
        let complete = stream.up.is_complete();
        if complete && stream.server_persists && !stream.down.eof && stream.down.buffer.is_empty() {
            // Behind the log line, which may show what the connection says of itself.
            stream.server_stays = true;
        }
        let persists = complete && self.stream.client_persists;
        Some(self.close_with(if persists { Ending::KeepAlive } else { Ending::Close }))
    }

    /// The client closed in the middle of its body.
    fn request_truncated(&mut self) -> Option<Step> {
        let stream = &mut *self.stream;
        let cut = stream.up.eof && matches!(stream.up.framing, Framing::Length(_) | Framing::Chunked(_));
        if !cut || stream.up.has_output() {
            return None;
        }
        let stage = if stream.response_begun { Stage::Data } else { Stage::Headers };
        Some(self.client_aborted(stage))
    }

    /// Puts the server's connection where the next request finds it.
    pub fn keep_server_connection(&mut self) {
        let (Some(link), Some(assigned)) = (self.stream.link.take(), self.stream.assigned.clone()) else {
            return;
        };
        let settings = &assigned.plan.server(assigned.server).settings;
        // Nothing more will be asked of a server in maintenance, which may be about to be deleted.
        let is_left =
            settings.pool_purge_delay == 0 || assigned.state.admin().intersects(weir_shm::AdminFlags::MAINT);
        if let Some(end) = link.socket.stream() {
            // The connection is in the pool as long as it stands; the stream is over.
            end.complete();
            end.mux().proven.set(true);
            if self.is_private(&assigned) {
                self.client.session.private = Some(Box::new((
                    assigned.slot,
                    IdleConnection::shared(
                        end.mux().clone(),
                        link.target.clone(),
                        link.name.clone(),
                        link.uses,
                    ),
                )));
            } else if is_left {
                end.mux().core.borrow_mut().leave();
            }
            return;
        }
        // Idle connections of other workers cannot be closed to make room, so none are kept.
        if settings.strict_maxconn && settings.maxconn > 0 {
            return;
        }
        if is_left || settings.max_reuse.is_some_and(|most| link.uses >= most) {
            return;
        }
        let Link { socket, target, name, uses, .. } = link;
        let idle = IdleConnection { socket, target, name, uses: uses + 1 };
        if self.is_private(&assigned) {
            self.client.session.private = Some(Box::new((assigned.slot, idle)));
        } else {
            assigned.pool.put(idle, settings.pool_max_conn);
        }
    }
}
