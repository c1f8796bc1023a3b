//! One check over its connections: does what [`weir_check::Attempt`] asks for.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::sync::Arc;

use openssl::ssl::Ssl;
use tokio::time::{Duration, Instant, timeout_at};
use weir_check::{Action, Attempt, Event, Language, Opening, Outcome, Timeouts, packaged};
use weir_plan::Plan;
use weir_plan::settings::{ProxyProtocolVersion, SendProxy, Tune};
use weir_shm::AdminFlags;

use super::about::About;
use super::external;
use super::queue::{CheckOf, Checked};
use super::{Desk, now_ms};
use crate::encrypted::Fault;
use crate::server::{Target, open};
use crate::session::local_address;
use crate::socket::Socket;

/// Everything a check needs, so that it runs beside changes of the plan.
pub enum Prepared {
    Connections(Box<Conversation>),
    Program(Box<external::Run>),
}

pub struct Conversation {
    machine: Attempt,
    about: About,
    /// The connection of now, and whether it is closed in order.
    socket: Option<Socket>,
    linger: bool,
}

/// `None` when the server is not to be checked now: it is in maintenance, or its checks are disabled.
pub fn prepare(desk: &Desk<'_>, plan: &Arc<Plan>, checked: Checked) -> Option<Prepared> {
    let servers = &desk.servers;
    let server = plan.server(checked.server);
    let shared = servers.state(checked.server);
    let check = checked.state(servers.shm);
    // An agent may bring a server back that it sent into maintenance.
    let rests = checked.of == CheckOf::Health && shared.admin().intersects(AdminFlags::MAINT);
    if rests || !check.is_enabled() {
        return None;
    }
    let proxy = plan.proxy(checked.backend);
    let backend = proxy.backend.as_deref()?;
    let timeouts = &proxy.settings.timeouts;
    let inter = match checked.of {
        CheckOf::Health => server.settings.check.inter,
        CheckOf::Agent => server.settings.agent.inter.unwrap_or(server.settings.check.inter),
    };
    let limits =
        Timeouts::new(timeouts.connect.unwrap_or(0).into(), timeouts.check.unwrap_or(0).into(), inter.into());
    let rules = match checked.of {
        CheckOf::Health => server.settings.check.rules.0.as_ref().unwrap_or(&backend.check).clone(),
        CheckOf::Agent => {
            let set = servers.shm.server(checked.slot).text().agent_send.value();
            let text = if set.is_empty() { server.settings.agent.send.to_string() } else { set };
            Arc::new(packaged::agent(&text))
        }
    };
    let about = About {
        plan: plan.clone(),
        shm: servers.shm,
        checked,
        host: desk.messenger.host().into(),
        destination: None,
    };
    if rules.language == Language::External {
        let command = rules.command.clone()?;
        let limit = limits.read_ms.unwrap_or(limits.connect_ms);
        return Some(Prepared::Program(Box::new(external::Run::of(about, command, limit))));
    }
    let state = rules.send_state.then(|| super::outcome::state_header(desk, checked));
    let machine = Attempt::new(rules, limits, state, now_ms());
    Some(Prepared::Connections(Box::new(Conversation { machine, about, socket: None, linger: false })))
}

impl Prepared {
    pub async fn run(self) -> Outcome {
        match self {
            Prepared::Connections(conversation) => conversation.run().await,
            Prepared::Program(program) => program.run().await,
        }
    }
}

impl Conversation {
    async fn run(mut self) -> Outcome {
        let mut buffer = Vec::new();
        let mut action = self.machine.begin(&self.about, now_ms());
        loop {
            action = match action {
                Action::Done(outcome) => {
                    self.close();
                    return outcome;
                }
                Action::Open(opening) => match self.open(opening).await {
                    None => self.tell(Event::TimedOut),
                    Some(Ok(ssl)) => self.encrypt(ssl).await,
                    Some(Err(error)) => self.tell(Event::ConnectFailed(number(&error))),
                },
                Action::Send(bytes) => match self.sent(&bytes).await {
                    None => self.tell(Event::TimedOut),
                    Some(Ok(())) => self.tell(Event::Sent),
                    Some(Err(error)) => self.tell(Event::Failed(number(&error))),
                },
                Action::Wait => {
                    buffer.resize(16384, 0);
                    match self.received(&mut buffer).await {
                        None => self.tell(Event::TimedOut),
                        Some(Ok(0)) => self.tell(Event::Closed),
                        Some(Ok(length)) => self.tell(Event::Received(&buffer[..length])),
                        Some(Err(error)) => self.tell(Event::Failed(number(&error))),
                    }
                }
            };
        }
    }

    fn tell(&mut self, event: Event<'_>) -> Action {
        self.machine.handle(event, &self.about, now_ms())
    }

    /// `None` when the machine's deadline came first.
    async fn within<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let rest = Duration::from_millis(self.machine.deadline_ms().saturating_sub(now_ms()));
        timeout_at(Instant::now() + rest, future).await.ok()
    }

    /// Opens a connection and tells how it is to be encrypted, if it is. `None` when the deadline came first.
    async fn open(&mut self, opening: Opening) -> Option<io::Result<Option<Ssl>>> {
        self.close();
        let server = self.about.plan.server(self.about.checked.server);
        let (target, proxy) = super::target::of(server, self.about.shm, self.about.checked.of, &opening);
        self.linger = opening.linger;
        let Some(target) = target else {
            return Some(Err(io::Error::from_raw_os_error(nix::libc::EADDRNOTAVAIL)));
        };
        self.about.destination = match &target {
            Target::Ip(address) => Some(*address),
            _ => None,
        };
        let ssl = super::encryption::begin(server, &opening);
        let mut socket = match open(&target, &server.settings, &Tune::default(), None, None) {
            Ok(descriptor) => Socket::connecting(descriptor),
            Err(error) => return Some(Err(error)),
        };
        let result = self
            .within(async {
                poll_fn(|cx| socket.poll_writable(cx)).await?;
                if let Some(error) = socket.take_error()? {
                    return Err(error);
                }
                match proxy {
                    Some(version) => {
                        let never_local = self.about.plan.global.never_send_local;
                        let header = header(version, &socket, &target, never_local);
                        send(&mut socket, &header).await
                    }
                    None => Ok(()),
                }
            })
            .await;
        self.socket = Some(socket);
        result.map(|result| result.and_then(|()| ssl.transpose()))
    }

    /// Shakes hands, where the connection is to be encrypted.
    async fn encrypt(&mut self, ssl: Option<Ssl>) -> Action {
        let Some(ssl) = ssl else { return self.tell(Event::Connected) };
        let Some(mut socket) = self.socket.take() else { return self.tell(Event::Connected) };
        let begun = socket.encrypt(ssl, Vec::new());
        let outcome = match begun {
            true => self.within(poll_fn(|cx| socket.poll_handshake(cx))).await,
            false => Some(Err(Fault::default())),
        };
        self.socket = Some(socket);
        match outcome {
            None => self.tell(Event::HandshakeTimedOut),
            Some(Ok(())) => self.tell(Event::Encrypted),
            Some(Err(fault)) => self.tell(Event::HandshakeFailed(match fault.closed {
                true => "Connection closed during SSL handshake",
                false => "SSL handshake failure",
            })),
        }
    }

    async fn sent(&mut self, bytes: &[u8]) -> Option<io::Result<()>> {
        let Some(mut socket) = self.socket.take() else {
            return Some(Err(io::ErrorKind::NotConnected.into()));
        };
        let outcome = self.within(send(&mut socket, bytes)).await;
        self.socket = Some(socket);
        outcome
    }

    async fn received(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        let Some(mut socket) = self.socket.take() else {
            return Some(Err(io::ErrorKind::NotConnected.into()));
        };
        let outcome = self.within(poll_fn(|cx| socket.poll_recv(cx, buffer))).await;
        self.socket = Some(socket);
        outcome
    }

    /// A connection ends with a reset unless it is to linger: thousands of checks would leave thousands of source
    /// ports in TIME_WAIT.
    fn close(&mut self) {
        if let Some(mut socket) = self.socket.take() {
            socket.abort_when_closed(!self.linger);
        }
    }
}

/// A version 1 header names the check's own connection; a version 2 one says that it is the proxy's own (LOCAL).
/// With `never_local` it names the connection all the same.
pub(crate) fn header(told: SendProxy, socket: &Socket, target: &Target, never_local: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let version = told.version().unwrap_or(ProxyProtocolVersion::V1);
    let addresses = match (version, target) {
        (version, Target::Ip(address)) if never_local || version == ProxyProtocolVersion::V1 => {
            // What is no IP connection has no address of its own.
            (local_address(socket), Some(*address))
        }
        _ => (None, None),
    };
    crate::proxy_protocol::write(version, addresses, &crate::proxy_header::of_check(told), &mut bytes);
    bytes
}

fn number(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}

pub(crate) async fn send(socket: &mut Socket, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = poll_fn(|cx| socket.poll_send(cx, &[IoSlice::new(bytes)], false)).await?;
        bytes = &bytes[count..];
    }
    Ok(())
}
