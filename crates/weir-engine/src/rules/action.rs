//! What each action does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;

use weir_http::{Reply, Version};
use weir_plan::Plan;
use weir_rules::action::{TimeoutKind, TimeoutValue};
use weir_rules::{Action, CaptureSlot, IntValue, Reply as Described};
use weir_sample::{Expr, Format, Got, Resolved, Stream as _, Type, Value};
use weir_types::ProxyId;

use super::list::Flow;
use super::variable::store;
use super::{List, RequestStage, headers, uri};
use crate::record::{Cause, Stage};
use crate::stream::{Ending, Phase, Step, after};
use crate::timers::NEVER;
use crate::turn::Turn;

/// Which message a list edits.
pub fn is_response(list: List) -> bool {
    matches!(list, List::ResponseContent | List::Response | List::AfterResponse)
}

impl Turn<'_, '_> {
    pub fn apply(
        &mut self,
        plan: &Arc<Plan>,
        proxy: ProxyId,
        list: List,
        action: &Action<Resolved>,
        finished: bool,
    ) -> Flow {
        // What it changed is not in force everywhere yet.
        if self.stream.edited.as_ref().is_some_and(|(at, _)| *at == self.stream.rule_at) {
            return self.wait_for_edit();
        }
        let flow = self.act(plan, proxy, list, action, finished);
        match self.stream.just_edited.get_mut().take() {
            // A response that is on its way out does not wait.
            Some(edited) if flow == Flow::Next && list != List::AfterResponse => {
                self.stream.edited = Some((self.stream.rule_at, edited));
                self.wait_for_edit()
            }
            _ => flow,
        }
    }

    fn act(
        &mut self,
        plan: &Arc<Plan>,
        proxy: ProxyId,
        list: List,
        action: &Action<Resolved>,
        finished: bool,
    ) -> Flow {
        match action {
            Action::Allow => Flow::Stop,
            Action::Reject | Action::Close => Flow::Leave(self.reject(list)),
            Action::Deny(reply) => Flow::Leave(self.deny(plan, proxy, list, reply)),
            Action::Tarpit(reply) => Flow::Leave(self.tarpit(plan, reply)),
            Action::Return(reply) => Flow::Leave(self.return_now(plan, list, reply)),
            Action::UseService(_) => Flow::Leave(self.use_service(plan, list)),
            Action::Redirect(redirect) => match self.make_redirect(redirect) {
                Some(mut reply) => {
                    // A body that would follow is not waited for.
                    reply.close |= self.stream.request.body != weir_http::BodyKind::None;
                    self.count_intercepted();
                    self.stream.record.end(Cause::Local, self.stage_of(list));
                    Flow::Leave(self.answer(plan, reply))
                }
                None => Flow::Next,
            },
            Action::Auth { realm } => Flow::Leave(self.demand_auth(plan, proxy, realm.as_ref())),
            Action::SilentDrop { .. } => Flow::Leave(self.silent_drop(list)),
            Action::WaitForBody { milliseconds, at_least } => {
                self.wait_for_body(list, *milliseconds, *at_least)
            }
            Action::WaitForHandshake => self.wait_for_handshake(),
            Action::Pause(time) => self.pause(time),
            Action::CacheUse { index, .. } => {
                self.cache_use(plan, proxy, *index);
                Flow::Next
            }
            Action::CacheStore { .. } => {
                self.cache_store(plan, proxy);
                Flow::Next
            }
            Action::NormalizeUri(normalizer) => self.normalize(list, *normalizer),
            Action::SwitchModeHttp => self.switch_mode(),
            Action::SetBandwidthLimit { filter, limit, period } => {
                let number = |value: &Option<_>| value.as_ref().and_then(|value| self.milliseconds(value));
                let (limit, period) = (number(limit), number(period));
                self.limit_bandwidth(plan, proxy, filter, limit, period);
                Flow::Next
            }
            Action::TrackStickCounter { counter, key, table } => {
                self.track(*counter, key, *table, is_response(list), finished);
                Flow::Next
            }
            Action::EditPatterns { edit, file, key, value } => {
                self.edit_patterns(plan, *edit, file, key, value.as_ref())
            }
            // What the sample needs may still come.
            Action::SetVar { expr, .. } | Action::Capture { expr, .. }
                if !finished && matches!(expr.eval(&self.view(false)), Got::Wait) =>
            {
                Flow::Wait
            }
            _ => {
                if self.apply_edit(list, action).is_err() {
                    return self.rewrite_failed(list);
                }
                self.apply_setting(list, action, finished);
                Flow::Next
            }
        }
    }

    /// Actions that change the message.
    fn apply_edit(&mut self, list: List, action: &Action<Resolved>) -> Result<(), weir_http::NoRoom> {
        let response = is_response(list);
        let binary = match action {
            Action::HeadersBin { expr, .. } | Action::DelHeadersBin { expr, .. } => self.bytes_of(expr),
            _ => None,
        };
        let text = match action {
            Action::SetHeader { value, .. }
            | Action::AddHeader { value, .. }
            | Action::ReplaceHeader { value, .. }
            | Action::ReplaceValue { value, .. }
            | Action::SetMethod(value)
            | Action::SetUriPart { value, .. }
            | Action::ReplaceUriPart { value, .. }
            | Action::EarlyHint { value, .. } => self.write_format(value),
            _ => Vec::new(),
        };
        let stream = &mut *self.stream;
        let headers = if response { &mut stream.response.headers } else { &mut stream.request.headers };
        let outcome = match action {
            Action::SetHeader { name, .. } => headers.set(&headers::lower(name), &text),
            Action::AddHeader { name, .. } => headers.add(&headers::lower(name), &text),
            Action::DelHeader(which) => {
                headers::delete(headers, which);
                Ok(())
            }
            Action::HeadersBin { prefix, replace, .. } => {
                headers::take_binary(headers, &binary.unwrap_or_default(), prefix.as_deref(), *replace)
            }
            Action::DelHeadersBin { matching, .. } => {
                headers::delete_binary(headers, &binary.unwrap_or_default(), *matching);
                Ok(())
            }
            Action::ReplaceHeader { name, pattern, .. } => {
                headers::replace_lines(headers, name, pattern, &text)
            }
            Action::ReplaceValue { name, pattern, .. } => {
                headers::replace_elements(headers, name, pattern, &text)
            }
            Action::SetMethod(_) => stream.request.set_method(&text),
            Action::SetUriPart { part, .. } => uri::set(&mut stream.request, *part, &text),
            Action::ReplaceUriPart { part, pattern, .. } => {
                uri::replace(&mut stream.request, *part, pattern, &text)
            }
            Action::SetStatus { status, reason } => {
                stream.response.set_status(*status, reason.as_deref().map(str::as_bytes))
            }
            Action::EarlyHint { name, .. } => {
                self.add_early_hint(name, &text);
                Ok(())
            }
            _ => Ok(()),
        };
        self.worker.buffers.reclaim_text(text);
        outcome
    }

    /// Actions that change how the stream is treated.
    fn apply_setting(&mut self, list: List, action: &Action<Resolved>, finished: bool) {
        match action {
            Action::SetVar { variable, expr, conditions } => {
                let view = self.view(finished);
                if let Some(value) = expr.eval(&view).value() {
                    store(&view, variable, value.into_owned(), conditions);
                }
            }
            Action::SetVarFormat { variable, value, conditions } => {
                let text = self.write_format(value);
                store(&self.view(true), variable, Value::Str(text.into()), conditions);
            }
            Action::UnsetVar { variable } => self.view(true).unset_variable(variable),
            Action::Capture { expr, slot, response } => self.capture(expr, *slot, *response),
            Action::SetSource(expr) => self.set_address(expr, true),
            Action::SetDestination(expr) => self.set_address(expr, false),
            Action::SetSourcePort(expr) => self.set_port(expr, true),
            Action::SetDestinationPort(expr) => self.set_port(expr, false),
            Action::SetLogLevel(level) => self.stream.record.level = Some(*level),
            Action::SetMark { value, to_server } => {
                let Some(mark) = self.number(value) else { return };
                match to_server {
                    true => self.stream.server_mark = Some(mark as u32),
                    // Without the privilege the mark stays as it is.
                    false => drop(
                        self.client.socket.descriptor().map(|fd| weir_sys::tcp::set_mark(fd, mark as u32)),
                    ),
                }
            }
            Action::SetTos { value, to_server } => {
                let Some(tos) = self.number(value) else { return };
                let ipv6 = self.client.session.source.is_some_and(|source| source.is_ipv6());
                match to_server {
                    true => self.stream.server_tos = Some(tos as u32),
                    false => drop(
                        self.client
                            .socket
                            .descriptor()
                            .map(|fd| weir_sys::tcp::set_tos(fd, tos as u32, ipv6)),
                    ),
                }
            }
            Action::SetTimeout { kind, milliseconds } => self.set_timeout(*kind, milliseconds),
            Action::SetPriorityClass(expr) => {
                self.stream.priority_class = self.integer(expr).unwrap_or(0).clamp(-2047, 2047);
            }
            Action::SetPriorityOffset(expr) => {
                self.stream.priority_offset = self.integer(expr).unwrap_or(0).clamp(-524_287, 524_287);
            }
            Action::DoLog { profile } => self.log_now(list, profile.as_deref()),
            Action::StrictMode(on) => self.stream.lenient = !on,
            Action::DisableL7Retry => self.stream.sent_once = true,
            Action::SetRetries(value) => {
                if let Some(retries) = self.number(value).and_then(|count| u32::try_from(count).ok()) {
                    self.stream.retries = Some(retries.min(100));
                    self.stream.attempts_left = retries.min(100);
                }
            }
            Action::CountStickCounter { amount: value, .. } | Action::TagStickCounter { value, .. } => {
                crate::tracking::apply(&self.view(true), action, self.number(value));
            }
            // No effect here, or met elsewhere; the compiler refuses what weir does not do.
            _ => {}
        }
    }

    fn bytes_of(&self, expr: &Expr<Resolved>) -> Option<Vec<u8>> {
        match expr.eval_as(&self.view(true), Type::Bin)? {
            Value::Str(bytes) | Value::Bin(bytes) => Some(bytes.into_owned()),
            _ => None,
        }
    }

    pub(super) fn write_format(&mut self, format: &Format<Resolved>) -> Vec<u8> {
        let mut text = self.worker.buffers.text();
        format.write(&self.view(true), &mut text);
        text
    }

    fn number(&self, value: &IntValue<Resolved>) -> Option<i64> {
        match value {
            IntValue::Fixed(number) => Some(i64::from(*number)),
            IntValue::Expr(expr) => self.integer(expr),
        }
    }

    fn integer(&self, expr: &Expr<Resolved>) -> Option<i64> {
        match expr.eval_as(&self.view(true), Type::Sint)? {
            Value::Int(value) => Some(value),
            _ => None,
        }
    }

    fn capture(&mut self, expr: &Expr<Resolved>, slot: CaptureSlot, response: bool) {
        let view = self.view(true);
        let Some(Value::Str(text)) = expr.eval_as(&view, Type::Str) else { return };
        match slot {
            CaptureSlot::Id(slot) => drop(view.store_capture(response, slot as usize, &text)),
            CaptureSlot::Own { length } => {
                // Behind the declared slots, in the order in which rules are met.
                let (declared, taken) = match response {
                    true => (view.response_capture_slots(), self.stream.record.response_captures.len()),
                    false => (view.request_capture_slots(), self.stream.record.request_captures.len()),
                };
                let text = text[..text.len().min(length as usize)].to_vec();
                self.stream.record.capture(response, declared.max(taken), text);
            }
        }
    }

    fn set_address(&mut self, expr: &Expr<Resolved>, source: bool) {
        let ip = match expr.eval_as(&self.view(true), Type::Addr) {
            Some(Value::Ip4(ip)) => ip.into(),
            Some(Value::Ip6(ip)) => ip.into(),
            _ => return,
        };
        let old = if source { self.client.session.source } else { self.client.destination() };
        self.replace_address(SocketAddr::new(ip, old.map_or(0, |old| old.port())), source);
    }

    fn set_port(&mut self, expr: &Expr<Resolved>, source: bool) {
        let Some(port) = self.integer(expr) else { return };
        let old = if source { self.client.session.source } else { self.client.destination() };
        if let Some(old) = old {
            self.replace_address(SocketAddr::new(old.ip(), port as u16), source);
        }
    }

    fn replace_address(&mut self, address: SocketAddr, source: bool) {
        let session = &mut self.client.session;
        // For this stream alone: the next one on the connection begins with its own.
        self.stream.addresses.get_or_insert_with(|| Box::new(session.addresses()));
        match source {
            true => session.set_source(Some(address)),
            false => session.set_destination(Some(address)),
        }
    }

    fn set_timeout(&mut self, kind: TimeoutKind, value: &TimeoutValue<Resolved>) {
        let Some(milliseconds) = self.milliseconds(value) else { return };
        let timeout = Some(u32::try_from(milliseconds).unwrap_or(u32::MAX));
        let timeouts = &mut self.stream.timeouts;
        match kind {
            TimeoutKind::Client => timeouts.client = timeout,
            TimeoutKind::Server => timeouts.server = timeout,
            TimeoutKind::Tunnel => timeouts.tunnel = timeout,
            TimeoutKind::Connect => timeouts.connect = timeout,
            TimeoutKind::Queue => timeouts.queue = timeout,
            TimeoutKind::Tarpit => timeouts.tarpit = timeout,
        }
        self.stream.timeouts_set = true;
    }

    fn milliseconds(&self, value: &TimeoutValue<Resolved>) -> Option<u64> {
        match value {
            TimeoutValue::Fixed(milliseconds) => Some(*milliseconds),
            TimeoutValue::Expr(expr) => self.integer(expr).and_then(|value| u64::try_from(value).ok()),
        }
    }

    /// The letter for a stream that ends in this list.
    pub fn stage_of(&self, list: List) -> Stage {
        match list {
            List::ResponseContent if !self.stream.http => Stage::Data,
            _ if is_response(list) => Stage::Headers,
            _ => Stage::Request,
        }
    }

    fn reject(&mut self, list: List) -> Step {
        let stage = self.stage_of(list);
        self.stream.record.untimed = !is_response(list);
        self.stream.record.end(Cause::Proxy, stage);
        self.count_denied(is_response(list));
        self.drop_link();
        self.close_with(Ending::Close)
    }

    fn deny(&mut self, plan: &Arc<Plan>, _proxy: ProxyId, list: List, reply: &Described<Resolved>) -> Step {
        let stage = self.stage_of(list);
        self.stream.record.end(Cause::Proxy, stage);
        self.count_denied(is_response(list));
        if !is_response(list) {
            self.count_http_error();
        }
        let default = if is_response(list) { 502 } else { 403 };
        self.answer_described(plan, reply, default)
    }

    /// `prometheus-exporter`, the one service there is.
    fn use_service(&mut self, plan: &Arc<Plan>, list: List) -> Step {
        self.stream.record.served_here = true;
        self.stream.record.end(Cause::Local, self.stage_of(list));
        self.count_intercepted();
        let target = self.stream.request.target();
        let query = target.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
        let answer = self.worker.stats.as_ref().map(|service| service.metrics(plan, query));
        match answer {
            Some(answer) => self.answer_by_service(plan, "<PROMEX>", answer),
            None => self.answer_error(500),
        }
    }

    fn return_now(&mut self, plan: &Arc<Plan>, list: List, reply: &Described<Resolved>) -> Step {
        let stage = self.stage_of(list);
        self.stream.record.end(Cause::Local, stage);
        self.count_intercepted();
        self.answer_described(plan, reply, 200)
    }

    fn answer_described(&mut self, plan: &Arc<Plan>, reply: &Described<Resolved>, default: u16) -> Step {
        match self.make_reply(plan, reply, default) {
            Some(answer) => {
                let step = self.answer(plan, answer);
                self.stream.record.status = reply.status.unwrap_or(default);
                step
            }
            None => {
                self.stream.record.status = reply.status.unwrap_or(default);
                self.close_with(Ending::Close)
            }
        }
    }

    fn tarpit(&mut self, plan: &Arc<Plan>, reply: &Described<Resolved>) -> Step {
        self.count_denied(false);
        self.count_http_error();
        self.stream.record.untimed = true;
        self.stream.tarpit = self.make_reply(plan, reply, 500).map(Box::new);
        self.stream.stage = RequestStage::Tarpit;
        let default = plan.proxy(self.stream.frontend).settings.timeouts.connect;
        self.stream.deadlines.phase = after(self.now_ms(), self.stream.timeouts.tarpit.or(default));
        self.stream.rule_deadline = NEVER;
        self.go(Phase::RequestRules)
    }

    pub fn tarpit_over(&mut self) -> Step {
        let plan = self.client.session.plan.clone();
        self.stream.record.assigned_us = self.now_us();
        self.stream.record.end(Cause::Proxy, Stage::Tarpit);
        match self.stream.tarpit.take() {
            Some(reply) => self.answer(&plan, *reply),
            None => self.close_with(Ending::Close),
        }
    }

    fn silent_drop(&mut self, list: List) -> Step {
        let stage = self.stage_of(list);
        self.stream.record.untimed = !is_response(list);
        self.stream.record.end(Cause::Proxy, stage);
        self.count_denied(is_response(list));
        self.drop_link();
        self.close_with(Ending::Silent)
    }

    /// `wait-for-body`. What the manual says of requests holds for responses, whose server is at fault then.
    fn wait_for_body(&mut self, list: List, milliseconds: u64, at_least: u64) -> Flow {
        let of_response = is_response(list);
        self.stream.awaits_body = false;
        if self.body_is_here(of_response, at_least) {
            if !of_response {
                self.request_is_whole();
            }
            return Flow::Next;
        }
        let now = self.now_ms();
        if self.stream.rule_deadline == NEVER {
            self.stream.rule_deadline = now + milliseconds;
        }
        match (now >= self.stream.rule_deadline, of_response) {
            (true, false) => return Flow::Leave(self.request_body_late()),
            (true, true) => {
                self.stream.record.end(Cause::ServerTimeout, Stage::Headers);
                return Flow::Leave(self.answer_error(504));
            }
            (false, false) => self.say_continue(),
            (false, true) => self.stream.awaits_body = true,
        }
        Flow::Wait
    }

    /// `wait-for-handshake`: what came in early data may be somebody's repetition until then.
    fn wait_for_handshake(&mut self) -> Flow {
        match self.client.socket.poll_handshake_over(self.cx) {
            Poll::Ready(()) => Flow::Next,
            Poll::Pending => {
                let timeouts = &self.stream.timeouts;
                let timeout = self.client.session.proxy().settings.timeouts.client_hs.or(timeouts.client);
                let deadline = crate::stream::after(self.client.session.accepted_us / 1000, timeout);
                if self.now_ms() >= deadline {
                    return Flow::Leave(self.request_body_late());
                }
                self.stream.rule_deadline = deadline;
                Flow::Wait
            }
        }
    }

    fn pause(&mut self, time: &TimeoutValue<Resolved>) -> Flow {
        let now = self.now_ms();
        if self.stream.rule_deadline == NEVER {
            let Some(milliseconds) = self.milliseconds(time) else { return Flow::Next };
            self.stream.rule_deadline = now + milliseconds;
        }
        if now >= self.stream.rule_deadline { Flow::Next } else { Flow::Wait }
    }

    pub fn count_denied(&mut self, response: bool) {
        let session = &self.client.session;
        match response {
            true => {
                session.frontend_counters.dresp.increment();
                session.listener_counters.dresp.increment();
                self.count_backend(|counters| counters.dresp.increment());
                if let Some(assigned) = &self.stream.assigned {
                    assigned.counters.dresp.increment();
                }
            }
            false => {
                session.frontend_counters.dreq.increment();
                session.listener_counters.dreq.increment();
                self.count_backend(|counters| counters.dreq.increment());
            }
        }
    }

    fn count_intercepted(&mut self) {
        self.client.session.frontend_counters.intercepted.increment();
        self.count_backend(|counters| counters.intercepted.increment());
    }

    /// `http-request auth`: 401, or 407 to a proxy request, with the realm.
    fn demand_auth(&mut self, plan: &Arc<Plan>, proxy: ProxyId, realm: Option<&Format<Resolved>>) -> Step {
        let text = match realm {
            Some(format) => String::from_utf8_lossy(&self.write_format(format)).into_owned(),
            None => plan.proxy(proxy).name.to_string(),
        };
        self.stream.record.end(Cause::Local, Stage::Request);
        let use_proxy = plan.proxy(self.stream.frontend).settings.options.http_use_proxy_header;
        let absolute = !self.stream.request.target().starts_with(b"/");
        self.ask_password(plan, if use_proxy && absolute { 407 } else { 401 }, &text)
    }

    pub fn ask_password(&mut self, plan: &Arc<Plan>, status: u16, realm: &str) -> Step {
        let name: &[u8] = if status == 407 { b"proxy-authenticate" } else { b"www-authenticate" };
        let value = format!("Basic realm=\"{realm}\"");
        self.count_http_error();
        let reply = self.error_reply(plan, status).and_then(|mut reply: Reply| {
            reply.headers().add(name, value.as_bytes()).ok()?;
            Some(reply)
        });
        match reply {
            Some(reply) => self.answer(plan, reply),
            None => self.close_with(Ending::Close),
        }
    }

    /// Whether the request carries one of these `user:password` pairs.
    pub fn has_password(&self, pairs: &[(Box<str>, Box<str>)]) -> bool {
        let Some(value) = self.stream.request.headers.find_known(weir_http::Known::Authorization) else {
            return false;
        };
        let Some(code) = value.get(6..).filter(|_| value[..6].eq_ignore_ascii_case(b"basic ")) else {
            return false;
        };
        let Some(text) = crate::http::decode_base64(code) else { return false };
        pairs.iter().any(|(user, password)| {
            text.strip_prefix(user.as_bytes()).and_then(|rest| rest.strip_prefix(b":"))
                == Some(password.as_bytes())
        })
    }

    /// HTTP/1.0 knows no interim responses.
    fn add_early_hint(&mut self, name: &str, value: &[u8]) {
        if self.stream.request.version() < Version::HTTP_11 {
            return;
        }
        let head = &mut self.stream.early_hints;
        if head.is_empty() {
            head.extend_from_slice(b"HTTP/1.1 103 Early Hints\r\n");
        }
        head.extend_from_slice(&headers::lower(name));
        head.extend_from_slice(b": ");
        // As in any header that a rule sets: no value begins a line of its own.
        head.extend(value.iter().map(|byte| if matches!(byte, b'\r' | b'\n' | 0) { b' ' } else { *byte }));
        head.extend_from_slice(b"\r\n");
    }

    /// What the `early-hint` rules so far make goes to the client.
    pub fn send_early_hints(&mut self) {
        let stream = &mut *self.stream;
        if stream.early_hints.is_empty() {
            return;
        }
        stream.early_hints.extend_from_slice(b"\r\n");
        stream.record.bytes_out += crate::http::size_of_interim(&stream.early_hints);
        stream.down.head.append(&mut stream.early_hints);
        // What cannot be sent now goes out before the response.
        let _ = stream.down.transmit(self.cx, &mut self.client.socket, false);
    }
}
