//! One check over its connections: does what [`weir_check::Attempt`] asks for.

use std::io;
use std::sync::Arc;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, timeout_at};
use weir_check::{Action, Attempt, Event, Language, Opening, Outcome, Timeouts, packaged};
use weir_plan::Plan;
use weir_plan::settings::{ProxyProtocolVersion, Tune};
use weir_shm::AdminFlags;

use super::about::About;
use super::external;
use super::queue::{CheckOf, Checked};
use super::{Desk, now_ms};
use crate::server::{Target, open};

/// Everything a check needs, so that it runs beside changes of the plan.
pub enum Prepared {
    Connections(Box<Conversation>),
    Program(Box<external::Run>),
}

pub struct Conversation {
    machine: Attempt,
    about: About,
    /// The connection of now, and whether it is closed in order.
    socket: Option<TcpStream>,
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
                    Some(Ok(())) => self.tell(Event::Connected),
                    Some(Err(error)) => self.tell(Event::ConnectFailed(number(&error))),
                },
                Action::Send(bytes) => match self.within(send(self.socket.as_ref(), &bytes)).await {
                    None => self.tell(Event::TimedOut),
                    Some(Ok(())) => self.tell(Event::Sent),
                    Some(Err(error)) => self.tell(Event::Failed(number(&error))),
                },
                Action::Wait => {
                    buffer.resize(16384, 0);
                    match self.within(receive(self.socket.as_ref(), &mut buffer)).await {
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

    async fn open(&mut self, opening: Opening) -> Option<io::Result<()>> {
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
        let socket = match connect(&target, server) {
            Ok(socket) => socket,
            Err(error) => return Some(Err(error)),
        };
        let result = self
            .within(async {
                socket.writable().await?;
                if let Some(error) = socket.take_error()? {
                    return Err(error);
                }
                match proxy {
                    Some(version) => send(Some(&socket), &header(version, &socket, &target)).await,
                    None => Ok(()),
                }
            })
            .await;
        self.socket = Some(socket);
        result
    }

    /// A connection ends with a reset unless it is to linger: thousands of checks would leave thousands of source
    /// ports in TIME_WAIT.
    fn close(&mut self) {
        if let Some(socket) = self.socket.take()
            && !self.linger
        {
            // A socket that the peer has reset already refuses, which is as good.
            let _ = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
        }
    }
}

/// A connection being opened. Unix sockets too are driven as a `TcpStream`, which asks for nothing but readiness.
fn connect(target: &Target, server: &weir_plan::Server) -> io::Result<TcpStream> {
    TcpStream::from_std(open(target, &server.settings, &Tune::default(), None)?.into())
}

/// A version 1 header names the check's own connection; a version 2 one says that it is the proxy's own (LOCAL).
fn header(version: ProxyProtocolVersion, socket: &TcpStream, target: &Target) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (source, destination) = match (version, target) {
        (ProxyProtocolVersion::V1, Target::Ip(address)) => {
            // What is no IP connection has no address of its own.
            (socket.local_addr().ok(), Some(*address))
        }
        _ => (None, None),
    };
    crate::proxy_protocol::write(version, source, destination, &mut bytes);
    bytes
}

fn number(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}

async fn send(socket: Option<&TcpStream>, mut bytes: &[u8]) -> io::Result<()> {
    let socket = socket.ok_or(io::ErrorKind::NotConnected)?;
    while !bytes.is_empty() {
        match socket.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn receive(socket: Option<&TcpStream>, buffer: &mut [u8]) -> io::Result<usize> {
    let socket = socket.ok_or(io::ErrorKind::NotConnected)?;
    loop {
        socket.readable().await?;
        match socket.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}
