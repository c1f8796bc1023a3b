//! `Reply`: answers of weir's own.

use std::sync::Arc;
use std::task::Poll;

use weir_http::{
    Known, Limits, Method, Reply, Request, Response, Status, Version, WriteOptions, error_page,
    parse_response, persistence, write_response,
};
use weir_plan::Plan;
use weir_plan::settings::ErrorPage;

use super::limits::connection_mode;
use super::size;
use crate::channel::Framing;
use crate::record::{Cause, Stage};
use crate::stream::{Deadlines, Ending, Phase, Step, after};
use crate::turn::Turn;

impl Turn<'_, '_> {
    /// Answers with the proxy's page for `status`; over TCP the connection just ends.
    pub fn answer_error(&mut self, status: u16) -> Step {
        if !self.stream.http {
            return self.close_with(Ending::Close);
        }
        let plan = self.client.session.plan.clone();
        match self.error_reply(&plan, status) {
            Some(reply) => {
                let step = self.answer(&plan, reply);
                // The log shows what went wrong, whatever the page makes of it.
                self.stream.record.status = status;
                step
            }
            None => {
                self.stream.record.status = status;
                self.count_client_status(status);
                self.close_with(Ending::Close)
            }
        }
    }

    /// The page for a status: the backend's, else the frontend's, else the built-in one. `None`: no answer at all.
    pub fn error_reply(&self, plan: &Plan, status: u16) -> Option<Reply> {
        let own = [self.stream.backend, self.stream.frontend].into_iter();
        let page = own.filter_map(|proxy| plan.proxy(proxy).settings.errors.by_status.get(&status)).next();
        match page {
            Some(ErrorPage::Nothing) => None,
            Some(ErrorPage::Raw(message)) => raw_reply(message),
            Some(ErrorPage::Location(code, url)) => location_reply(*code, url.as_bytes()),
            Some(ErrorPage::Reply(reply)) => self.make_reply(plan, reply, status),
            None => Reply::from_page(error_page::find(status).or_else(|| error_page::find(500))?).ok(),
        }
    }

    /// Sends an answer in place of the server's; `http-after-response` rules are met first.
    pub fn answer(&mut self, plan: &Arc<Plan>, reply: Reply) -> Step {
        self.answer_counted(plan, reply, None)
    }

    /// The same; `size` is what counts of its head where that is not how it is sent.
    pub fn answer_counted(&mut self, plan: &Arc<Plan>, reply: Reply, size: Option<u64>) -> Step {
        let Reply { head, body, close } = reply;
        self.drop_link();
        self.stream.response = head;
        self.stream.response.headers.set_limit(plan.global.tune.bufsize);
        if !self.after_response_rules(plan) {
            return self.answer_after_failure(plan);
        }
        let (length, body) = (body.len() as u64, self.frame_own_body(plan, body));
        let closing =
            close || self.worker.is_stopping() || self.client.session.last || !self.request_drained();
        let stream = &mut *self.stream;
        let mode = connection_mode(plan.proxy(stream.frontend));
        let persistence = persistence::towards_client(&stream.request, &stream.response, mode, closing);
        stream.record.status = stream.response.status();
        if stream.record.server_status > 0 {
            // What had come of the server's body counts though it goes nowhere.
            stream.record.bytes_out += stream.down.buffer.len() as u64;
        }
        stream.record.bytes_out += size.unwrap_or_else(|| size::of_response(&stream.response));
        if close {
            // HAProxy's pages bring this line along.
            stream.record.bytes_out += "connectionclose".len() as u64;
        }
        if matches!(stream.response.status(), 204 | 304) {
            stream.response.headers.remove_known(Known::ContentLength);
        }
        stream.down.clear();
        stream.response_begun = true;
        let adjust = |name: &[u8]| super::case::spelling(plan, name);
        let bogus = plan.proxy(stream.frontend).settings.options.h1_case_adjust_bogus_client;
        let case_adjust: Option<&weir_http::CaseAdjust<'_>> = if bogus { Some(&adjust) } else { None };
        let options = WriteOptions { announce: persistence.announce, case_adjust, ..Default::default() };
        write_response(&stream.response, &options, &mut stream.down.head);
        if stream.request.method() != Method::Head {
            stream.record.bytes_out += length;
            stream.down.head.extend_from_slice(&body);
        }
        stream.ending = Some(if persistence.persistent { Ending::KeepAlive } else { Ending::Close });
        self.count_client_status(self.stream.record.status);
        self.begin_reply()
    }

    /// HTTP/1.1, and not HTTP/2 whose frames say where a body ends.
    pub fn client_reads_chunks(&self) -> bool {
        self.stream.request.version() == Version::HTTP_11 && self.client.socket.stream().is_none()
    }

    /// An answer to something that is not a request: no rule is met, and the connection ends.
    pub fn answer_early(&mut self, status: u16) -> Step {
        let plan = self.client.session.plan.clone();
        self.stream.record.status = status;
        self.count_request();
        self.count_client_status(status);
        self.stream.down.clear();
        match plan.proxy(self.stream.frontend).settings.errors.by_status.get(&status) {
            Some(ErrorPage::Nothing) => return self.close_with(Ending::Close),
            Some(ErrorPage::Raw(message)) => self.stream.down.head.extend_from_slice(message),
            _ => {
                let page = error_page::find(status).or_else(|| error_page::find(400));
                self.stream.down.head.extend(page.into_iter().flat_map(|page| page.early_answer()));
            }
        }
        self.stream.ending = Some(Ending::Close);
        self.begin_reply()
    }

    fn begin_reply(&mut self) -> Step {
        self.stream.down.framing = Framing::Done;
        self.stream.deadlines = Deadlines::NONE;
        self.stream.deadlines.client = after(self.now_ms(), self.stream.timeouts.client);
        self.go(Phase::Reply)
    }

    pub fn reply(&mut self) -> Step {
        self.count_for_log();
        while self.stream.down.has_output() {
            match self.stream.down.transmit(self.cx, &mut self.client.socket, false) {
                Poll::Pending => return Step::Wait,
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(_)) => {
                    self.stream.record.end(Cause::Client, Stage::Last);
                    self.stream.ending = Some(Ending::Close);
                    break;
                }
            }
        }
        self.go(Phase::Finish)
    }

    /// Takes the rest of the request out of the way, as far as it is here. False: the connection cannot go on.
    pub fn request_drained(&mut self) -> bool {
        let stream = &mut *self.stream;
        stream.up.drop_pipeline();
        if matches!(stream.up.framing, Framing::Hold) && stream.up.begin_body(stream.request.body).is_err() {
            return false;
        }
        loop {
            let output = stream.up.has_output();
            stream.up.discard();
            if !output || stream.up.pass().is_err() {
                return matches!(stream.up.framing, Framing::Done);
            }
        }
    }
}

/// A complete message read from a file. One that cannot be parsed was refused when the configuration was checked.
pub fn raw_reply(message: &[u8]) -> Option<Reply> {
    let limits = Limits { bufsize: u32::MAX, maxrewrite: 0, ..Limits::default() };
    let (mut request, mut head) = (Request::new(), Response::new());
    request.start(b"GET", b"/", Version::HTTP_11).ok()?;
    let Status::Complete { consumed } = parse_response(message, &limits, &request, &mut head).ok()? else {
        return None;
    };
    let close = head.connection.close;
    Some(Reply { head, body: message[consumed..].to_vec(), close })
}

/// `errorloc`, `redir`: nothing but the way to the page.
pub fn location_reply(code: u16, url: &[u8]) -> Option<Reply> {
    let mut reply = Reply::new(code).ok()?;
    reply.headers().add(b"cache-control", b"no-cache").ok()?;
    reply.headers().add(b"content-length", b"0").ok()?;
    reply.headers().add(b"location", url).ok()?;
    Some(reply)
}
