//! A stream as expressions see it.

use std::net::{IpAddr, SocketAddr};

use weir_http::{BodyKind, Request, Response};
use weir_plan::settings::userlist::Password;
use weir_plan::{Edit, EditKind};
use weir_sample::stream::{
    BackendFigure, Body, Effort, EntryOf, FrontendFigure, Multiplexer, NameOf, NamePart, RequestLine,
    ServerFigure, Side, TableAsk, TcpFigures, TimeoutName, Timers, TlsFact, Whose,
};
use weir_sample::{
    ConnectionError, NoCertificate, OwnedValue, Scope, Stream as Sample, TokenAlgorithms, TokenCertificate,
    Value, Variable, VariableEdit, Variables,
};
use weir_types::{ProxyId, ServerId, TableId};

use crate::channel::Channel;
use crate::encrypted::Tls;
use crate::h2::End;
use crate::record::{Cause, Stage};
use crate::session::{Client, local_address};
use crate::socket::Socket;
use crate::stream::Stream;
use crate::worker::Worker;

/// One moment of a stream. Variables and captures change through it, nothing else.
pub struct View<'a> {
    pub worker: &'a Worker,
    pub client: &'a Client,
    pub stream: &'a Stream,
    /// No more data will come before the rules must decide.
    pub finished: bool,
    /// The log line is written before the end (`logasap`).
    pub early: bool,
}

impl View<'_> {
    fn plan(&self) -> &weir_plan::Plan {
        &self.client.session.plan
    }

    fn frontend(&self) -> &weir_plan::Proxy {
        self.plan().proxy(self.stream.frontend)
    }

    fn backend(&self) -> &weir_plan::Proxy {
        self.plan().proxy(self.stream.backend)
    }

    /// What the encryption of a side says, that of a stream being its connection's.
    pub(crate) fn with_tls<T>(&self, side: Side, look: impl FnOnce(&Tls) -> Option<T>) -> Option<T> {
        let socket = match side {
            Side::Client => &self.client.socket,
            Side::Server => match &self.stream.link {
                Some(link) => &link.socket,
                None => return look(self.stream.failed_tls.as_ref()?),
            },
        };
        match socket.stream() {
            Some(end) => look(end.mux().socket.borrow().tls()?),
            None => look(socket.tls()?),
        }
    }

    fn socket(&self, side: Side) -> Option<&Socket> {
        match side {
            Side::Client => Some(&self.client.socket),
            Side::Server => Some(&self.stream.link.as_ref()?.socket),
        }
    }

    fn server(&self) -> Option<&weir_plan::Server> {
        let assigned = self.stream.assigned.as_ref()?;
        Some(assigned.plan.server(assigned.server)).filter(|server| server.is_named())
    }

    /// The store of a variable's scope, if it exists now.
    fn with_scope<T>(&self, scope: Scope, work: impl FnOnce(&mut Variables) -> T) -> Option<T> {
        Some(match scope {
            Scope::Session => work(&mut self.client.session.extra().variables.borrow_mut()),
            Scope::Transaction => work(&mut self.stream.variables.borrow_mut()),
            Scope::Request if !self.stream.response_begun => {
                work(&mut self.stream.message_variables.borrow_mut())
            }
            Scope::Response if self.stream.response_begun => {
                work(&mut self.stream.message_variables.borrow_mut())
            }
            Scope::Process | Scope::Request | Scope::Response | Scope::Check => return None,
        })
    }

    /// Changes a variable of the process scope: here at once, and by an edit in all workers.
    fn edit_variable(&self, variable: &Variable, value: Option<OwnedValue>) -> bool {
        let edit = VariableEdit { name: variable.name.clone(), value };
        let variables = &self.plan().variables;
        if !variables.has_room(&edit) {
            return false;
        }
        if variables.would_change(&edit) {
            variables.apply(&edit);
            let edited =
                self.worker.editor.submit(self.plan(), Edit::new(EditKind::Variables, edit.encode()));
            self.stream.just_edited.replace(Some(edited));
        }
        true
    }

    /// Whether the limits of `tune.vars` let the variable be set: each limit holds for its scope and those within it.
    fn has_room(&self, variable: &Variable, value: &OwnedValue) -> bool {
        let tune = &self.plan().global.tune;
        let limits = [tune.vars_reqres_max_size, tune.vars_transaction_max_size, tune.vars_session_max_size];
        if limits == [0; 3] {
            return true;
        }
        let with = |scopes: &[Scope], variables: &Variables| match scopes.contains(&variable.scope) {
            true => variables.bytes_with(&variable.name, value),
            false => variables.bytes(),
        };
        let message = with(&[Scope::Request, Scope::Response], &self.stream.message_variables.borrow());
        let transaction = with(&[Scope::Transaction], &self.stream.variables.borrow());
        let session = with(&[Scope::Session], &self.client.session.extra().variables.borrow());
        let sums = [message, message + transaction, message + transaction + session];
        let first = match variable.scope {
            Scope::Transaction => 1,
            Scope::Session => 2,
            _ => 0,
        };
        (first..3).all(|place| limits[place] == 0 || sums[place] <= limits[place])
    }

    fn connections_of(&self, sum: u64, own: bool) -> i64 {
        // A line written at the end no longer counts its own stream on backend and server.
        (sum - u64::from(own && !self.early && sum > 0)) as i64
    }
}

impl Sample for View<'_> {
    fn finished(&self) -> bool {
        self.finished
    }

    fn source(&self) -> Option<SocketAddr> {
        self.client.session.source
    }

    fn destination(&self) -> Option<SocketAddr> {
        self.client.destination()
    }

    /// An address that a socket can be bound to is one of this machine's.
    fn is_local(&self, address: IpAddr) -> bool {
        std::net::UdpSocket::bind((address, 0)).is_ok()
    }

    fn connection_source(&self) -> Option<SocketAddr> {
        self.client.session.peer().or(self.client.session.source)
    }

    fn connection_destination(&self) -> Option<SocketAddr> {
        local_address(&self.client.socket)
    }

    fn server_source(&self) -> Option<SocketAddr> {
        let link = || self.stream.link.as_ref().and_then(|link| local_address(&link.socket));
        self.stream.record.server_source.or_else(link)
    }

    fn server_destination(&self) -> Option<SocketAddr> {
        match self.stream.link.as_ref().map(|link| &link.target) {
            Some(crate::server::Target::Ip(address)) => Some(*address),
            Some(_) => None,
            None => self.stream.record.server_address,
        }
    }

    fn http_major(&self, side: Side) -> Option<i64> {
        let known = match side {
            Side::Client => true,
            Side::Server => self.stream.link.is_some(),
        };
        let major = if self.multiplexer(side).is_some() { 2 } else { i64::from(self.stream.http) };
        known.then_some(major)
    }

    fn multiplexer(&self, side: Side) -> Option<Multiplexer> {
        let end = match side {
            Side::Client => self.client.socket.stream(),
            Side::Server => self.stream.link.as_ref().and_then(|link| link.socket.stream()),
        };
        let core = end?.mux().core.borrow();
        let limit = if side == Side::Client { core.max_streams() } else { core.peer_streams() };
        Some(Multiplexer { streams: core.active() as u32, limit, glitches: core.glitches() })
    }

    fn saved_syn(&self) -> Option<Vec<u8>> {
        let packet = weir_sys::tcp::saved_syn(self.client.socket.descriptor().ok()?).ok()?;
        (!packet.is_empty()).then_some(packet)
    }

    fn end_id(&self, side: Side) -> Option<u32> {
        Some(self.socket(side)?.stream().map_or(0, End::id))
    }

    fn aborted(&self, side: Side) -> bool {
        let record = &self.stream.record;
        match side {
            Side::Client => record.cause == Cause::Client,
            Side::Server => {
                record.cause == Cause::Server && matches!(record.stage, Stage::Headers | Stage::Data)
            }
        }
    }

    fn reset_code(&self, side: Side) -> Option<u32> {
        self.socket(side)?.stream()?.peer_reset()
    }

    fn describe_end(&self, side: Side, layers: i64) -> Option<String> {
        let socket = self.socket(side)?;
        let end = socket.stream();
        let mut pairs = Vec::new();
        if layers & 1 != 0 {
            pairs.push(format!("id={}", end.map_or(0, End::id)));
            if let Some(code) = self.reset_code(side) {
                pairs.push(format!("rst={code}"));
            }
        }
        if layers & 2 != 0 {
            let name = match (end, self.stream.http) {
                (Some(_), _) => "h2",
                (None, true) => "h1",
                (None, false) => "pass",
            };
            pairs.push(format!("mux={name}"));
            if let Some(figures) = self.multiplexer(side) {
                pairs.push(format!("streams={}/{}", figures.streams, figures.limit));
            }
        }
        if layers & 4 != 0 {
            pairs.push(format!(
                "xprt={}",
                if self.with_tls(side, |_| Some(())).is_some() { "SSL" } else { "RAW" }
            ));
        }
        if layers & 8 != 0 {
            let reached = self.stream.link.as_ref().is_some_and(|link| link.established);
            pairs.push(format!("conn={}", if side == Side::Client || reached { "up" } else { "connecting" }));
        }
        if layers & 16 != 0
            && let Some(figures) = self.tcp_figures(side)
        {
            pairs.push(format!("rtt_us={} unacked={}", figures.rtt_us, figures.unacked));
        }
        Some(pairs.join(" "))
    }

    fn effort(&self) -> Effort {
        self.stream.effort.figures()
    }

    fn busy_percent(&self, all: bool) -> i64 {
        let idle = match all {
            true => self.worker.shm.idle_percent(),
            false => self.worker.counters.idle_pct.value(),
        };
        100 - idle.min(100) as i64
    }

    fn tcp_figures(&self, side: Side) -> Option<TcpFigures> {
        let socket = match side {
            Side::Client => &self.client.socket,
            Side::Server => &self.stream.link.as_ref().filter(|link| link.established)?.socket,
        };
        let info = weir_sys::tcp::info(socket.descriptor().ok()?).ok()?;
        Some(TcpFigures {
            rtt_us: info.rtt_us,
            rttvar_us: info.rttvar_us,
            unacked: info.unacked,
            sacked: info.sacked,
            lost: info.lost,
            retransmits: info.retransmits,
            fackets: info.fackets,
            reordering: info.reordering,
        })
    }

    fn proxy_tlv(&self, kind: u8) -> Option<&[u8]> {
        let tlvs = self.client.session.extra_if_made()?.proxy_tlvs.get()?;
        crate::proxy_protocol::find_tlv(tlvs, kind)
    }

    fn waiting_rule(&self) -> Option<(&str, u32)> {
        let span = self.stream.waiting_rule?;
        Some((self.plan().file(span), span.line))
    }

    fn buffer_bytes(&self) -> usize {
        self.plan().global.tune.bufsize as usize
    }

    fn last_rule(&self) -> Option<(&str, u32)> {
        let span = self.stream.last_rule?;
        Some((self.plan().file(span), span.line))
    }

    fn failed(&self) -> bool {
        self.stream.record.is_error()
    }

    fn forwarded(&self) -> bool {
        self.stream.record.connected_us > 0
    }

    fn served_here(&self) -> bool {
        self.stream.record.served_here
    }

    fn received_proxy_header(&self) -> bool {
        self.client.session.peer().is_some()
    }

    fn is_tls(&self, side: Side) -> bool {
        self.with_tls(side, |_| Some(())).is_some()
    }

    fn tls_cipher(&self, side: Side) -> Option<&str> {
        let name = |tls: &Tls| tls.ssl().current_cipher().map_or("(NONE)", |cipher| cipher.name());
        self.with_tls(side, |tls| Some(name(tls)))
    }

    fn tls_protocol(&self, side: Side) -> Option<&str> {
        self.with_tls(side, |tls| Some(tls.ssl().version_str()))
    }

    fn tls_fact(&self, side: Side, fact: TlsFact) -> Option<OwnedValue> {
        if let (Side::Server, Some(fault)) = (side, &self.stream.record.server_fault) {
            match fact {
                TlsFact::Error => return Some(OwnedValue::Int(fault.code.cast_signed())),
                TlsFact::ErrorText if fault.code == 0 => return None,
                TlsFact::ErrorText => return Some(OwnedValue::Str(fault.text.as_bytes().to_vec().into())),
                _ => {}
            }
        }
        // A handshake that never came to its end says nothing of errors.
        let of_error = matches!(fact, TlsFact::Error | TlsFact::ErrorText);
        if side == Side::Server
            && of_error
            && self.with_tls(side, |tls| Some(tls.is_established())) != Some(true)
        {
            return None;
        }
        let limit = self.plan().global.tls.capture_buffer_size;
        self.with_tls(side, |tls| crate::tls_facts::fact(tls, fact, limit as usize))
    }

    fn tls_name(&self, side: Side, whose: Whose, name: NameOf, part: &NamePart<'_>) -> Option<OwnedValue> {
        self.with_tls(side, |tls| crate::tls_facts::name(tls.ssl(), whose, name, part))
    }

    fn connection_error(&self, side: Side) -> Option<ConnectionError> {
        let record = &self.stream.record;
        match side {
            Side::Client => {
                let extra = self.client.session.extra_if_made();
                Some(extra.map_or(ConnectionError::NONE, |extra| extra.error.get()))
            }
            Side::Server => match &record.server_fault {
                Some(fault) => Some(fault.error),
                None => {
                    (record.connected_us > 0 || self.stream.link.is_some()).then_some(ConnectionError::NONE)
                }
            },
        }
    }

    fn server_connection_reused(&self) -> Option<bool> {
        self.stream.link.as_ref().map(|link| link.uses > 0)
    }

    /// As in HAProxy, it is gone when there is a response: rules of responses know what was kept of it.
    fn request(&self) -> Option<&Request> {
        let there = self.stream.record.request_us > 0 && self.stream.response.status() == 0;
        (self.stream.http && there).then_some(&self.stream.request)
    }

    fn response(&self) -> Option<&Response> {
        (self.stream.http && self.stream.response.status() > 0).then_some(&self.stream.response)
    }

    fn request_body(&self) -> Option<Body<'_>> {
        let request = self.request()?;
        Some(payload(request.body, &self.stream.up))
    }

    fn response_body(&self) -> Option<Body<'_>> {
        let response = self.response()?;
        Some(payload(response.body, &self.stream.down))
    }

    fn request_bytes(&self) -> Option<&[u8]> {
        Some(self.stream.up.buffer.bytes())
    }

    fn response_bytes(&self) -> Option<&[u8]> {
        Some(self.stream.down.buffer.bytes())
    }

    fn request_line(&self) -> Option<RequestLine<'_>> {
        let record = &self.stream.record;
        if record.request_line.is_empty() {
            if !self.stream.http || record.request_us == 0 {
                return None;
            }
            let request = &self.stream.request;
            return Some(RequestLine {
                method: request.method_bytes(),
                uri: request.target(),
                version: request.version(),
            });
        }
        let line = &record.request_line;
        let method_end = (record.method_len as usize).min(line.len());
        let target = (method_end + 1).min(line.len());
        let target_end = (target + record.target_len as usize).min(line.len());
        let version = self.stream.request.version();
        Some(RequestLine { method: &line[..method_end], uri: &line[target..target_end], version })
    }

    fn is_malformed(&self) -> bool {
        self.stream.record.malformed
    }

    fn status(&self) -> u16 {
        self.stream.record.status
    }

    fn server_status(&self) -> Option<u16> {
        Some(self.stream.record.server_status).filter(|status| *status > 0)
    }

    fn cache_served(&self) -> Option<&str> {
        let cache = self.stream.cache.as_deref().filter(|cache| cache.is_serving())?;
        Some(&self.plan().caches[cache.index as usize].name)
    }

    fn compressed_with(&self) -> Option<&'static str> {
        self.stream.coding.chosen.map(|algorithm| algorithm.keyword())
    }

    fn is_first_request(&self) -> bool {
        self.client.session.requests <= 1
    }

    fn request_capture_slots(&self) -> usize {
        if self.stream.http && self.stream.record.request_us == 0 {
            return 0;
        }
        let declared = self.frontend().frontend.as_ref().map_or(0, |frontend| frontend.capture_request.len());
        declared.max(self.stream.record.request_captures.len())
    }

    fn request_capture(&self, slot: usize) -> Option<&[u8]> {
        self.stream.record.request_captures.get(slot)?.as_deref()
    }

    fn response_capture_slots(&self) -> usize {
        if self.stream.http && self.stream.record.request_us == 0 {
            return 0;
        }
        let declared =
            self.frontend().frontend.as_ref().map_or(0, |frontend| frontend.capture_response.len());
        declared.max(self.stream.record.response_captures.len())
    }

    fn response_capture(&self, slot: usize) -> Option<&[u8]> {
        self.stream.record.response_captures.get(slot)?.as_deref()
    }

    fn store_capture(&self, response: bool, slot: usize, text: &[u8]) -> bool {
        let Some(frontend) = &self.frontend().frontend else { return false };
        let slots = if response { &frontend.capture_response } else { &frontend.capture_request };
        let Some(capture) = slots.get(slot) else { return false };
        let text = text[..text.len().min(capture.len as usize)].to_vec();
        self.stream.pending_captures.borrow_mut().push((response, slot, text));
        true
    }

    fn priority_class(&self) -> i64 {
        self.stream.priority_class
    }

    fn priority_offset(&self) -> i64 {
        self.stream.priority_offset
    }

    fn request_cookie_capture(&self) -> Option<&[u8]> {
        Some(&self.stream.record.request_cookie[..]).filter(|text| !text.is_empty())
    }

    fn response_cookie_capture(&self) -> Option<&[u8]> {
        Some(&self.stream.record.response_cookie[..]).filter(|text| !text.is_empty())
    }

    fn authenticates(&self, userlist: u32, user: &[u8], password: &[u8]) -> bool {
        let Some(list) = self.plan().userlists.get(userlist as usize) else { return false };
        let known = list.users.iter().find(|known| known.name.as_bytes() == user);
        known.is_some_and(|known| match &known.password {
            Password::Plain(plain) => plain.as_bytes() == password,
            Password::Crypt(hash) => weir_sys::password_fits(password, hash),
        })
    }

    fn user_in_group(&self, userlist: u32, user: &[u8], group: &str) -> bool {
        let Some(list) = self.plan().userlists.get(userlist as usize) else { return false };
        let known = list.users.iter().find(|known| known.name.as_bytes() == user);
        known.is_some_and(|known| {
            known
                .groups
                .iter()
                .any(|index| list.groups.get(*index as usize).is_some_and(|name| &**name == group))
        })
    }

    fn variable(&self, variable: &Variable) -> Option<OwnedValue> {
        if variable.scope == Scope::Process {
            return self.plan().variables.find(&variable.name);
        }
        self.with_scope(variable.scope, |variables| variables.find(&variable.name).cloned())?
    }

    fn each_variable(&self, scope: Scope, show: &mut dyn FnMut(&str, &Value<'_>)) {
        if scope == Scope::Process {
            return self.plan().variables.each(show);
        }
        self.with_scope(scope, |variables| variables.iter().for_each(|(name, value)| show(name, &value)));
    }

    fn set_variable(&self, variable: &Variable, value: OwnedValue) -> bool {
        if variable.scope == Scope::Process {
            return self.edit_variable(variable, Some(value));
        }
        if !self.has_room(variable, &value) {
            return false;
        }
        self.with_scope(variable.scope, |variables| variables.set(&variable.name, value)).is_some()
    }

    fn unset_variable(&self, variable: &Variable) {
        if variable.scope == Scope::Process {
            self.edit_variable(variable, None);
            return;
        }
        self.with_scope(variable.scope, |variables| variables.unset(&variable.name));
    }

    fn frontend_name(&self) -> Option<&str> {
        Some(&self.frontend().name)
    }

    fn frontend_id(&self) -> Option<i64> {
        Some(self.frontend().id.into())
    }

    fn default_backend_name(&self) -> Option<&str> {
        let default = self.frontend().frontend.as_ref()?.default_backend;
        Some(default.map_or("", |backend| &self.plan().proxy(backend).name))
    }

    fn listener_name(&self) -> Option<&str> {
        Some(&self.client.session.listener().name)
    }

    fn listener_id(&self) -> Option<i64> {
        Some(self.client.session.listener().id.into())
    }

    fn listener_connections(&self) -> Option<i64> {
        let view = self.worker.shm.listener(self.client.session.listener_slot);
        Some(view.sum(|counters| counters.scur.value()) as i64)
    }

    fn backend_name(&self) -> Option<&str> {
        Some(&self.backend().name)
    }

    fn backend_id(&self) -> Option<i64> {
        Some(self.backend().id.into())
    }

    fn server_name(&self) -> Option<&str> {
        self.server().map(|server| &*server.name)
    }

    fn server_id(&self) -> Option<i64> {
        self.server().map(|server| server.id.into())
    }

    /// Without a server, the one that was asked for and not reached.
    fn server_substitute(&self) -> &str {
        match self.stream.asked {
            Some(server) => &self.plan().server(server).name,
            None => self.stream.substitute,
        }
    }

    fn ask_table(&self, entry: EntryOf<'_>, ask: TableAsk) -> Option<i64> {
        self.answer_of_table(entry, ask)
    }

    fn tracked_key(&self, counter: usize) -> Option<OwnedValue> {
        self.tracked(counter, |tracked| tracked.peek(crate::tracking::key_of))
    }

    fn table_size(&self, table: TableId) -> Option<(i64, i64)> {
        let table = self.table(table);
        Some((table.used().into(), table.spec().size.into()))
    }

    fn frontend_figure(&self, proxy: ProxyId, figure: FrontendFigure) -> i64 {
        let view = self.worker.shm.frontend(self.plan().proxy(proxy).frontend_slot);
        let now = self.worker.clock.now_ms();
        let value = match figure {
            FrontendFigure::Connections => view.sum(|counters| counters.scur.value()),
            FrontendFigure::SessionRate => view.sum(|counters| counters.rate.value(now)),
            FrontendFigure::RequestRate => view.sum(|counters| counters.req_rate.value(now)),
        };
        value as i64
    }

    fn backend_figure(&self, proxy: ProxyId, figure: BackendFigure) -> i64 {
        crate::figures::of_backend(self.worker.shm, self.worker.clock.now_ms(), self.plan(), proxy, figure)
    }

    fn server_figure(&self, server: ServerId, figure: ServerFigure) -> i64 {
        crate::figures::of_server(self.worker.shm, self.worker.clock.now_ms(), self.plan(), server, figure)
    }

    fn find_backend(&self, name: &[u8]) -> Option<ProxyId> {
        self.plan().backends_by_name.get(std::str::from_utf8(name).ok()?).copied()
    }

    fn find_frontend(&self, name: &[u8]) -> Option<ProxyId> {
        let named = |proxy: &&std::sync::Arc<weir_plan::Proxy>| {
            proxy.frontend.is_some() && proxy.name.as_bytes() == name
        };
        self.plan().proxies.iter().find(named).map(|proxy| proxy.index)
    }

    fn find_server(&self, name: &[u8]) -> Option<ServerId> {
        let name = std::str::from_utf8(name).ok()?;
        let (backend, name) = match name.split_once('/') {
            Some((backend, name)) => (self.find_backend(backend.as_bytes())?, name),
            None => (self.stream.backend, name),
        };
        let mut servers = self.plan().proxy(backend).backend.as_ref()?.servers.iter();
        servers.find(|id| &*self.plan().server(*id).name == name)
    }

    fn timeout(&self, name: TimeoutName) -> Option<i64> {
        let (frontend, backend) = (&self.frontend().settings.timeouts, &self.backend().settings.timeouts);
        let current = &self.stream.timeouts;
        let timeout = match name {
            TimeoutName::FrontendClient => frontend.client,
            TimeoutName::FrontendTarpit => frontend.tarpit,
            TimeoutName::BackendConnect => backend.connect,
            TimeoutName::BackendQueue => backend.queue,
            TimeoutName::BackendServer => backend.server,
            TimeoutName::BackendTarpit => backend.tarpit,
            TimeoutName::BackendTunnel => backend.tunnel,
            TimeoutName::CurrentClient => current.client,
            TimeoutName::CurrentConnect => current.connect,
            TimeoutName::CurrentQueue => current.queue,
            TimeoutName::CurrentServer => current.server,
            TimeoutName::CurrentTarpit => current.tarpit,
            TimeoutName::CurrentTunnel => current.tunnel,
        };
        timeout.map(i64::from)
    }

    fn timers(&self) -> Timers {
        let record = &self.stream.record;
        let between = |from: u64, to: u64| {
            if from == 0 || to == 0 { -1 } else { (to.saturating_sub(from) / 1000) as i64 }
        };
        let end = if record.end_us > 0 { record.end_us } else { self.worker.clock.now_us() };
        let begun = if self.stream.http { record.request_us } else { record.start_us };
        let first = if record.first_byte_us > 0 { record.first_byte_us } else { record.start_us };
        let last = if self.early { record.response_us.max(record.connected_us).max(begun) } else { end };
        let idle =
            if record.first_byte_us == 0 { -1 } else { between(record.start_us, record.first_byte_us) };
        // What came before the first request: the PROXY header and the handshake.
        let handshake = match self.client.session.requests {
            0 | 1 => between(self.client.session.accepted_us, record.start_us).max(0),
            _ => 0,
        };
        let total = between(record.start_us, last).max(0) + handshake;
        Timers {
            handshake,
            idle,
            request: if record.untimed { -1 } else { between(record.first_byte_us, record.request_us) },
            queue: between(begun, record.assigned_us),
            connect: between(record.assigned_us, record.connected_us),
            response: between(record.connected_us, record.response_us),
            data: between(if self.stream.http { record.response_us } else { record.connected_us }, last),
            active: between(first, last).max(0),
            total,
            user: total - idle.max(0),
        }
    }

    fn accept_time(&self) -> i64 {
        self.worker.clock.wall_us(self.client.session.accepted_us) as i64
    }

    fn request_time(&self) -> i64 {
        let record = &self.stream.record;
        let begun = if record.first_byte_us > 0 { record.first_byte_us } else { record.start_us };
        self.worker.clock.wall_us(begun) as i64
    }

    fn bytes(&self) -> [u64; 4] {
        let stream = self.stream;
        [stream.record.bytes_in, stream.up.sent, stream.record.bytes_out, stream.down.sent]
    }

    fn logged_bytes(&self) -> u64 {
        self.stream.record.bytes_out
    }

    fn logs_early(&self) -> bool {
        self.early
    }

    fn termination(&self) -> [u8; 4] {
        self.stream.record.termination()
    }

    fn retries(&self) -> (i64, bool) {
        (self.stream.record.retries.into(), self.stream.record.redispatched)
    }

    fn log_connections(&self) -> [i64; 4] {
        if let Some(taken) = self.stream.record.connections.filter(|_| !self.early) {
            return taken;
        }
        let shm = self.worker.shm;
        let process = shm.process().sum(|counters| counters.curr_conns.value());
        let frontend = shm.frontend(self.frontend().frontend_slot).sum(|counters| counters.scur.value());
        let backend = match self.stream.backend_counters {
            Some(_) => shm.backend(self.backend().backend_slot).sum(|counters| counters.scur.value()),
            None => 0,
        };
        let asked = || Some(self.plan().server(self.stream.asked?).slot);
        let server = self.stream.assigned.as_ref().map(|assigned| assigned.slot).or_else(asked);
        let server = server.map_or(0, |slot| shm.server(slot).sum(|counters| counters.scur.value()));
        [
            process as i64,
            frontend as i64,
            self.connections_of(backend, self.stream.backend_counters.is_some()),
            self.connections_of(server, self.stream.assigned.is_some()),
        ]
    }

    fn log_queues(&self) -> [i64; 2] {
        [self.stream.record.server_queue.into(), self.stream.record.backend_queue.into()]
    }

    fn log_counter(&self) -> i64 {
        self.worker.log_counter(self.stream.frontend)
    }

    fn request_counter(&self) -> u32 {
        self.stream.number_in(self.worker)
    }

    fn log_origin(&self) -> &'static str {
        self.stream.log_origin.name()
    }

    fn unique_id(&self) -> Option<String> {
        if let Some(id) = &*self.stream.unique_id.borrow() {
            return Some(id.clone());
        }
        let format = self.frontend().settings.unique_id_format.as_ref()?;
        let mut text = Vec::new();
        format.write(self, &mut text);
        let id = String::from_utf8_lossy(&text).into_owned();
        *self.stream.unique_id.borrow_mut() = Some(id.clone());
        Some(id)
    }

    fn clock(&self) -> i64 {
        self.worker.clock.wall_us(self.worker.clock.now_us()) as i64
    }

    fn uptime(&self) -> i64 {
        let started = self.worker.shm.process().state.start_ms.value();
        self.worker.clock.now_ms().saturating_sub(started) as i64 / 1000
    }

    fn hostname(&self) -> &str {
        self.worker.logs.host()
    }

    fn environment(&self, name: &str) -> Option<&[u8]> {
        self.plan().environment.get(name).map(|value| &**value)
    }

    fn process_id(&self) -> u32 {
        self.worker.logs.pid()
    }

    fn worker_number(&self) -> i64 {
        i64::from(self.worker.id.0)
    }

    fn process_connections(&self) -> i64 {
        self.worker.shm.process().sum(|counters| counters.curr_conns.value()) as i64
    }

    fn stopping(&self) -> bool {
        self.worker.is_stopping()
    }

    fn token_certificate(&self, name: &str) -> Result<TokenCertificate, NoCertificate> {
        self.plan().token_certificates.find(name)
    }

    fn token_algorithms(&self) -> TokenAlgorithms {
        self.plan().global.token_algorithms
    }

    fn tell(&self, sink: &str, line: &[u8]) {
        let clock = &self.worker.clock;
        let now = clock.wall_us(clock.now_us());
        self.worker.logs.tell(self.plan(), sink, now, line, self.worker.counters);
    }

    fn random(&self) -> u64 {
        self.worker.random()
    }

    fn utc_offset(&self, time: i64) -> i64 {
        weir_sys::local_time(time).offset_s.into()
    }
}

/// What is buffered of a body.
pub fn payload(kind: BodyKind, channel: &Channel) -> Body<'_> {
    let buffered = channel.buffer.bytes();
    match kind {
        BodyKind::None => Body { data: b"", complete: true, announced: Some(0) },
        BodyKind::Length(length) => {
            let here = buffered.len().min(usize::try_from(length).unwrap_or(usize::MAX));
            Body { data: &buffered[..here], complete: here as u64 == length, announced: Some(length) }
        }
        BodyKind::Chunked => channel.joined.payload(buffered),
        BodyKind::UntilClose | BodyKind::Tunnel => Body { data: buffered, complete: false, announced: None },
    }
}
