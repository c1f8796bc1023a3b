//! One check of one server, from the call for a connection to the outcome. Times are milliseconds of any one clock.

use std::sync::Arc;

use crate::http::{HttpProbe, Reading};
use crate::status::{CheckStatus, Outcome};

/// What is checked.
#[derive(Clone, Debug)]
pub enum Probe {
    /// A connection that opens is enough.
    Connect,
    Http(Arc<HttpProbe>),
}

/// What the check speaks through; it decides between layer 4 and layer 6 in the result of [`Probe::Connect`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    #[default]
    Plain,
    Tls,
}

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
    /// The system's error number.
    ConnectFailed(i32),
    /// All of what [`Step::Send`] asked for is on its way.
    Sent,
    Received(&'a [u8]),
    Closed,
    /// Reading or writing failed with this error number.
    Failed(i32),
    TimedOut,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send these bytes, then wait.
    Send(Vec<u8>),
    Wait,
    /// Close the connection; the check is over.
    Done(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connecting,
    Reading,
}

/// Responses are read up to this many bytes; what has come by then is judged.
const RESPONSE_LIMIT: usize = 16384;

#[derive(Debug)]
pub struct Attempt {
    probe: Probe,
    transport: Transport,
    timeouts: Timeouts,
    /// The bytes to send once connected.
    request: Vec<u8>,
    received: Vec<u8>,
    phase: Phase,
    started_ms: u64,
    deadline_ms: u64,
}

impl Attempt {
    /// Begins a check at `now_ms`: open a connection. `state` is the value of `http-check send-state`.
    pub fn start(
        probe: Probe,
        transport: Transport,
        timeouts: Timeouts,
        state: Option<&str>,
        now_ms: u64,
    ) -> Self {
        let request = match &probe {
            Probe::Connect => Vec::new(),
            Probe::Http(http) => http.request.bytes(state),
        };
        Self {
            probe,
            transport,
            timeouts,
            request,
            received: Vec::new(),
            phase: Phase::Connecting,
            started_ms: now_ms,
            deadline_ms: now_ms + timeouts.connect_ms,
        }
    }

    /// When [`Event::TimedOut`] is due.
    pub fn deadline_ms(&self) -> u64 {
        self.deadline_ms
    }

    pub fn handle(&mut self, event: Event<'_>, now_ms: u64) -> Step {
        match (event, self.phase) {
            (Event::Connected, Phase::Connecting) => self.connected(now_ms),
            (Event::ConnectFailed(error) | Event::Failed(error), Phase::Connecting) => {
                self.done(CheckStatus::L4Connection, None, system_error(error), now_ms)
            }
            (Event::Closed, Phase::Connecting) => {
                self.done(CheckStatus::L4Connection, None, String::new(), now_ms)
            }
            (Event::TimedOut, Phase::Connecting) => {
                self.done(CheckStatus::L4Timeout, None, String::new(), now_ms)
            }
            (Event::TimedOut, Phase::Reading) => {
                self.done(CheckStatus::L7Timeout, None, String::new(), now_ms)
            }
            (Event::Received(bytes), Phase::Reading) => {
                let room = RESPONSE_LIMIT.saturating_sub(self.received.len());
                self.received.extend_from_slice(&bytes[..bytes.len().min(room)]);
                self.read(self.received.len() == RESPONSE_LIMIT, String::new(), now_ms)
            }
            (Event::Closed, Phase::Reading) => self.read(true, String::new(), now_ms),
            (Event::Failed(error) | Event::ConnectFailed(error), Phase::Reading) => {
                self.read(true, system_error(error), now_ms)
            }
            (Event::Sent, _)
            | (Event::Connected, Phase::Reading)
            | (Event::Received(_), Phase::Connecting) => Step::Wait,
        }
    }

    fn connected(&mut self, now_ms: u64) -> Step {
        match (&self.probe, self.transport) {
            (Probe::Connect, Transport::Plain) => self.done(CheckStatus::L4Ok, None, String::new(), now_ms),
            (Probe::Connect, Transport::Tls) => self.done(CheckStatus::L6Ok, None, String::new(), now_ms),
            (Probe::Http(_), _) => {
                self.phase = Phase::Reading;
                if let Some(read_ms) = self.timeouts.read_ms {
                    self.deadline_ms = now_ms + read_ms;
                }
                Step::Send(std::mem::take(&mut self.request))
            }
        }
    }

    fn read(&mut self, closed: bool, error: String, now_ms: u64) -> Step {
        let Probe::Http(http) = &self.probe else { return Step::Wait };
        match http.read(&self.received, closed) {
            Reading::More => Step::Wait,
            Reading::Broken => self.done(CheckStatus::SocketError, None, error, now_ms),
            Reading::Done { status, code, info } => self.done(status, code, info, now_ms),
        }
    }

    fn done(&self, status: CheckStatus, code: Option<u16>, info: String, now_ms: u64) -> Step {
        Step::Done(Outcome { status, code, info, duration_ms: now_ms.saturating_sub(self.started_ms) })
    }
}

/// `ECONNREFUSED returned by OS (Connection refused)`, as HAProxy 3.4 words it.
fn system_error(error: i32) -> String {
    let text = std::io::Error::from_raw_os_error(error).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    match ERROR_NAMES.iter().find(|(number, _)| *number == error) {
        Some((_, name)) => format!("{name} returned by OS ({text})"),
        None => text.to_owned(),
    }
}

/// Error numbers of Linux that a connection can meet.
const ERROR_NAMES: &[(i32, &str)] = &[
    (1, "EPERM"),
    (2, "ENOENT"),
    (11, "EAGAIN"),
    (13, "EACCES"),
    (22, "EINVAL"),
    (24, "EMFILE"),
    (32, "EPIPE"),
    (97, "EAFNOSUPPORT"),
    (98, "EADDRINUSE"),
    (99, "EADDRNOTAVAIL"),
    (100, "ENETDOWN"),
    (101, "ENETUNREACH"),
    (103, "ECONNABORTED"),
    (104, "ECONNRESET"),
    (105, "ENOBUFS"),
    (110, "ETIMEDOUT"),
    (111, "ECONNREFUSED"),
    (112, "EHOSTDOWN"),
    (113, "EHOSTUNREACH"),
];

#[cfg(test)]
mod tests;
