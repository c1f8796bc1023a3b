//! One check of one server, from the call for a connection to the outcome. Times are milliseconds of any one clock.

use std::net::IpAddr;
use std::sync::Arc;

use weir_sample::{Stream, Type, Value};

use crate::error_text::system_error;
use crate::expect::Expect;
use crate::http::{Reading, read};
use crate::judge::{Verdict, judge};
use crate::ruleset::{Connect, ConnectPort, ConnectTls, Language, Ruleset, Send, Step, StepKind};
use crate::scene::{CheckVariables, Scene};
use crate::status::{CheckStatus, Outcome};

/// The limits of one attempt (manual `timeout check`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    pub connect_ms: u64,
    /// After the connection stands; `None`: `connect_ms` is for the whole check.
    pub read_ms: Option<u64>,
}

impl Timeouts {
    /// With `timeout check`: connecting has the smaller of `timeout connect` and `inter`, the rest `timeout check`.
    /// Without: all of it has `inter`. 0 is an absent timeout.
    pub fn new(connect: u64, check: u64, inter: u64) -> Self {
        match check {
            0 => Self { connect_ms: inter, read_ms: None },
            check if connect == 0 => Self { connect_ms: inter, read_ms: Some(check) },
            check => Self { connect_ms: connect.min(inter), read_ms: Some(check) },
        }
    }
}

/// What happened to the connection.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    Connected,
    /// The same, and the TLS handshake is done.
    Encrypted,
    /// The system's error number.
    ConnectFailed(i32),
    /// The TLS handshake failed; the library's words.
    HandshakeFailed(&'a str),
    /// The connection stands; its handshake took too long.
    HandshakeTimedOut,
    /// All of what [`Action::Send`] asked for is on its way.
    Sent,
    Received(&'a [u8]),
    Closed,
    /// Reading or writing failed with this error number.
    Failed(i32),
    TimedOut,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Close the connection, if there is one, and open this one.
    Open(Opening),
    /// Send these bytes, then tell that they are sent.
    Send(Vec<u8>),
    /// Read.
    Wait,
    /// Close the connection; the check is over.
    Done(Outcome),
}

/// A connection that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// What is not said here is as the server line says.
    pub as_server: bool,
    pub port: Option<u16>,
    pub address: Option<IpAddr>,
    pub send_proxy: bool,
    pub via_socks4: bool,
    pub tls: Option<Box<ConnectTls>>,
    /// Closed in order rather than reset.
    pub linger: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connecting,
    /// The connection stands, its handshake does not.
    Sending,
    Expecting,
}

/// Responses are read up to this many bytes; what has come by then is judged.
const RESPONSE_LIMIT: usize = 16384;

#[derive(Debug)]
pub struct Attempt {
    rules: Arc<Ruleset>,
    timeouts: Timeouts,
    /// The value of `http-check send-state`.
    state: Option<String>,
    /// The step in progress.
    at: usize,
    phase: Phase,
    encrypted: bool,
    variables: CheckVariables,
    received: Vec<u8>,
    closed: bool,
    /// Of the latest request.
    method: Box<str>,
    /// What the latest expectation reported, for the case that nothing follows it.
    success: Option<Success>,
    spoke: bool,
    started_ms: u64,
    deadline_ms: u64,
}

#[derive(Debug)]
struct Success {
    status: CheckStatus,
    code: u16,
    info: Option<String>,
}

impl Attempt {
    /// A check that begins at `now_ms` with [`Attempt::begin`].
    pub fn new(rules: Arc<Ruleset>, timeouts: Timeouts, state: Option<String>, now_ms: u64) -> Self {
        Self {
            rules,
            timeouts,
            state,
            at: 0,
            phase: Phase::Connecting,
            encrypted: false,
            variables: CheckVariables::default(),
            received: Vec::new(),
            closed: false,
            method: "".into(),
            success: None,
            spoke: false,
            started_ms: now_ms,
            deadline_ms: now_ms + timeouts.connect_ms,
        }
    }

    /// When [`Event::TimedOut`] is due.
    pub fn deadline_ms(&self) -> u64 {
        self.deadline_ms
    }

    /// The first thing to do. `about` shows the server to the expressions of the steps.
    pub fn begin(&mut self, about: &dyn Stream, now_ms: u64) -> Action {
        self.proceed(about, now_ms)
    }

    pub fn handle(&mut self, event: Event<'_>, about: &dyn Stream, now_ms: u64) -> Action {
        match (event, self.phase) {
            (Event::Connected | Event::Encrypted, Phase::Connecting) => {
                self.encrypted |= matches!(event, Event::Encrypted);
                if let Some(read_ms) = self.timeouts.read_ms {
                    self.deadline_ms = now_ms + read_ms;
                }
                self.at += 1;
                self.proceed(about, now_ms)
            }
            (Event::ConnectFailed(error) | Event::Failed(error), Phase::Connecting) => {
                self.failed(CheckStatus::L4Connection, &system_error(error), now_ms)
            }
            (Event::HandshakeFailed(text), _) => self.failed(CheckStatus::L6Response, text, now_ms),
            (Event::HandshakeTimedOut, _) => self.failed(CheckStatus::L6Timeout, "", now_ms),
            (Event::Closed, Phase::Connecting) => self.failed(CheckStatus::L4Connection, "", now_ms),
            (Event::TimedOut, phase) => self.failed(self.timeout_status(phase), "", now_ms),
            (Event::Sent, Phase::Sending) => {
                self.at += 1;
                self.proceed(about, now_ms)
            }
            (Event::Received(bytes), _) => {
                let room = RESPONSE_LIMIT.saturating_sub(self.received.len());
                self.received.extend_from_slice(&bytes[..bytes.len().min(room)]);
                self.proceed(about, now_ms)
            }
            (Event::Closed, _) => {
                self.closed = true;
                self.proceed(about, now_ms)
            }
            (Event::Failed(error) | Event::ConnectFailed(error), _) => {
                self.failed(CheckStatus::SocketError, &system_error(error), now_ms)
            }
            (Event::Sent | Event::Connected | Event::Encrypted, _) => Action::Wait,
        }
    }

    fn timeout_status(&self, phase: Phase) -> CheckStatus {
        match (phase, &self.rules.steps[self.at].kind) {
            (Phase::Connecting, _) => CheckStatus::L4Timeout,
            (_, StepKind::Expect(expect)) => expect.timeout_status,
            _ => CheckStatus::L7Timeout,
        }
    }

    /// Goes on until something is to be done outside.
    fn proceed(&mut self, about: &dyn Stream, now_ms: u64) -> Action {
        let rules = self.rules.clone();
        while let Some(step) = rules.steps.get(self.at) {
            match &step.kind {
                StepKind::Connect(connect) => return self.open(connect, about, now_ms),
                StepKind::Send(send) => {
                    self.spoke = true;
                    self.success = None;
                    let bytes = self.bytes(send, about);
                    // The answer to what was sent before is of no use any more.
                    self.received.clear();
                    if !bytes.is_empty() {
                        self.phase = Phase::Sending;
                        return Action::Send(bytes);
                    }
                }
                StepKind::Expect(expect) => {
                    self.spoke = true;
                    self.phase = Phase::Expecting;
                    if let Some(action) = self.expect(step, expect, about, now_ms) {
                        return action;
                    }
                }
                StepKind::Set { variable, conditions, value } => {
                    let scene = self.scene(about, None);
                    if let Some(value) = value.eval(&scene).value() {
                        set(&scene, variable, conditions, value);
                    }
                }
                StepKind::SetFormat { variable, conditions, value } => {
                    let scene = self.scene(about, None);
                    let text = scene.write(value);
                    set(&scene, variable, conditions, Value::Str(text.into()));
                }
                StepKind::Unset(variable) => self.scene(about, None).unset_variable(variable),
                StepKind::Comment => {}
            }
            self.at += 1;
        }
        self.succeeded(now_ms)
    }

    fn open(&mut self, connect: &Connect, about: &dyn Stream, now_ms: u64) -> Action {
        self.phase = Phase::Connecting;
        self.received.clear();
        self.closed = false;
        self.success = None;
        self.encrypted = connect.tls.is_some();
        self.deadline_ms = now_ms + self.timeouts.connect_ms;
        let port = match &connect.port {
            None => None,
            Some(ConnectPort::Number(port)) => Some(*port),
            Some(ConnectPort::Expr(expr)) => {
                let scene = self.scene(about, None);
                let port = number(expr.eval(&scene).value());
                port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
            }
        };
        Action::Open(Opening {
            as_server: connect.as_server,
            port,
            address: connect.address,
            send_proxy: connect.send_proxy,
            via_socks4: connect.via_socks4,
            tls: connect.tls.clone(),
            linger: connect.linger,
        })
    }

    fn bytes(&mut self, send: &Send, about: &dyn Stream) -> Vec<u8> {
        if let Send::Http(http) = send {
            self.method = http.method.clone();
        }
        let scene = self.scene(about, None);
        match send {
            Send::Bytes(bytes) => bytes.to_vec(),
            Send::Timed { bytes, at } => {
                let mut bytes = bytes.to_vec();
                let seconds = (about.clock() / 1_000_000) as u32;
                if let Some(place) = bytes.get_mut(*at..at + 4) {
                    place.copy_from_slice(&seconds.to_be_bytes());
                }
                bytes
            }
            Send::Format(format) => scene.write(format),
            Send::BinaryFormat(format) => {
                crate::expect::from_hexadecimal(&scene.write(format)).unwrap_or_default()
            }
            Send::Http(http) => http.bytes(self.state.as_deref(), &|format| scene.write(format)),
        }
    }

    fn scene<'a>(&'a self, about: &'a dyn Stream, reading: Option<&'a Reading>) -> Scene<'a> {
        Scene { about, variables: &self.variables, received: &self.received, reading }
    }

    /// `None`: the expectation holds.
    fn expect(&mut self, step: &Step, expect: &Expect, about: &dyn Stream, now_ms: u64) -> Option<Action> {
        let last = self.closed || self.received.len() == RESPONSE_LIMIT;
        let reading =
            (self.rules.language == Language::Http).then(|| read(&self.received, last, &self.method));
        match &reading {
            Some(Reading::More) => return Some(Action::Wait),
            Some(Reading::Broken) => return Some(self.failed(CheckStatus::SocketError, "", now_ms)),
            Some(Reading::Invalid) => return Some(self.failed(CheckStatus::L7Response, "", now_ms)),
            Some(Reading::Head(answer)) if answer.status == 404 && self.rules.disable_on_404 => {
                return Some(self.done(CheckStatus::L7OkConditional, 404, String::new(), now_ms));
            }
            Some(Reading::Head(_)) | None => {}
        }
        let scene = self.scene(about, reading.as_ref());
        let verdict = judge(expect, &scene, last, self.rules.number(self.at));
        let code = |own: u16| match &expect.status_code {
            None => own,
            Some(expr) => {
                number(expr.eval(&scene).value()).and_then(|code| u16::try_from(code).ok()).unwrap_or(0)
            }
        };
        match verdict {
            Verdict::More => Some(Action::Wait),
            Verdict::Met { status, code: own, info } => {
                let info = match &expect.on_success {
                    Some(format) => Some(lossy(scene.write(format))),
                    None => info,
                };
                let success = Success { status, code: code(own), info };
                self.success = Some(success);
                None
            }
            Verdict::Failed { status, code: own, info } => {
                let mut info = match &expect.on_error {
                    Some(format) => lossy(scene.write(format)),
                    None => info,
                };
                let code = code(own);
                if let Some(comment) = &step.comment {
                    info.push_str(" comment: ");
                    info.push_str(comment);
                }
                Some(self.done(status, code, info, now_ms))
            }
        }
    }

    fn succeeded(&mut self, now_ms: u64) -> Action {
        let default = match self.rules.language {
            Language::TcpCheck => "(tcp-check)",
            _ => "",
        };
        match self.success.take() {
            Some(Success { status, code, info }) => {
                self.done(status, code, info.unwrap_or_else(|| default.into()), now_ms)
            }
            None => {
                let status = match (self.spoke, self.encrypted) {
                    (true, _) => CheckStatus::L7Ok,
                    (false, true) => CheckStatus::L6Ok,
                    (false, false) => CheckStatus::L4Ok,
                };
                self.done(status, 0, default.into(), now_ms)
            }
        }
    }

    /// The connection failed in the step in progress.
    fn failed(&self, status: CheckStatus, text: &str, now_ms: u64) -> Action {
        self.done(status, 0, format!("{text}{}", self.place()), now_ms)
    }

    /// ` at step 3 of tcp-check (connect port 80) comment: 'C'`
    fn place(&self) -> String {
        let Some(step) = self.rules.steps.get(self.at).filter(|_| self.rules.language == Language::TcpCheck)
        else {
            return String::new();
        };
        let number = self.rules.number(self.at);
        if number == 0 {
            return " at initial connection step of tcp-check".into();
        }
        let name = match &step.kind {
            StepKind::Connect(Connect { port: Some(ConnectPort::Number(port)), .. }) => {
                format!("connect port {port}")
            }
            StepKind::Connect(_) => "connect".into(),
            StepKind::Expect(expect) => expect.name(),
            _ => "send".into(),
        };
        let comment = step.comment.as_ref().map(|comment| format!(" comment: '{comment}'"));
        format!(" at step {number} of tcp-check ({name}){}", comment.unwrap_or_default())
    }

    fn done(&self, status: CheckStatus, code: u16, info: String, now_ms: u64) -> Action {
        Action::Done(Outcome {
            status,
            code: status.has_code().then_some(code),
            info,
            duration_ms: now_ms.saturating_sub(self.started_ms),
        })
    }
}

fn set(
    scene: &Scene<'_>,
    variable: &weir_sample::Variable,
    conditions: &[weir_sample::SetCondition],
    value: Value<'_>,
) {
    let old = scene.variable(variable);
    if conditions.iter().all(|condition| condition.allows(old.as_ref(), &value)) {
        scene.set_variable(variable, value.into_owned());
    }
}

/// A number, also one that stands in a block of bytes as text.
fn number(value: Option<Value<'_>>) -> Option<i64> {
    let value = match value? {
        Value::Bin(bytes) => Value::Str(bytes),
        value => value,
    };
    match value.cast(Type::Sint)? {
        Value::Int(number) => Some(number),
        _ => None,
    }
}

/// On one line.
fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).replace('\r', "").replace('\n', " ")
}

#[cfg(test)]
mod tests;
