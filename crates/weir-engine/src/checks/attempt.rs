//! One check over one connection: does what [`weir_check::Attempt`] asks for.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, timeout_at};
use weir_check::{Attempt, Event, Outcome, Step, Timeouts, Transport};
use weir_plan::Server;
use weir_plan::settings::{ProxyProtocolVersion, ServerSettings, Tune};
use weir_shm::AdminFlags;

use super::now_ms;
use super::queue::Checked;
use super::transition::Servers;
use crate::server::{Target, open, target};

/// Everything a check needs, so that it runs without the plan.
pub struct Prepared {
    machine: Attempt,
    target: Option<Target>,
    settings: Arc<ServerSettings>,
    /// `check-send-proxy`, and `send-proxy` where the check goes to the server's own address.
    preamble: &'static [u8],
}

/// Bits of `srv_check_state`; `disable health` clears the second.
const CONFIGURED: u32 = 2;
const ENABLED: u32 = 4;

/// `None` when the server is not to be checked now: it is in maintenance, or its checks are disabled.
pub fn prepare(servers: &Servers<'_>, checked: Checked, now_ms: u64) -> Option<Prepared> {
    let plan = servers.plan;
    let server = plan.server(checked.server);
    let state = servers.shm.server(server.slot).state;
    let disabled = state.check.flags.value() & (CONFIGURED | ENABLED) == CONFIGURED;
    if disabled || state.admin().intersects(AdminFlags::MAINT) {
        return None;
    }
    let proxy = plan.proxy(checked.backend);
    let backend = proxy.backend.as_deref()?;
    let timeouts = &proxy.settings.timeouts;
    let limits = Timeouts::new(
        timeouts.connect.unwrap_or(0).into(),
        timeouts.check.unwrap_or(0).into(),
        server.settings.check.inter.into(),
    );
    let state = backend.check.send_state.then(|| servers.state_header(checked));
    let probe = super::probe::of(&backend.check);
    let machine = Attempt::start(probe, Transport::Plain, limits, state.as_deref(), now_ms);
    let (target, redirected) = check_target(server, servers);
    let sends_proxy =
        server.settings.check.send_proxy || (!redirected && server.settings.send_proxy.is_some());
    let preamble = match server.settings.send_proxy {
        _ if !sends_proxy => &b""[..],
        Some(ProxyProtocolVersion::V2) => LOCAL_V2,
        _ => b"PROXY UNKNOWN\r\n",
    };
    Some(Prepared { machine, target, settings: server.settings.clone(), preamble })
}

/// A PROXY v2 header of the LOCAL command: the connection is the proxy's own.
const LOCAL_V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// The server's own address, or what `addr` and `port` of its check say; and whether they say anything.
fn check_target(server: &Server, servers: &Servers<'_>) -> (Option<Target>, bool) {
    let check = &server.settings.check;
    let run_time_port = match servers.shm.server(server.slot).state.check.port.value() {
        0 => None,
        port => Some(port as u16),
    };
    let port = run_time_port.or(check.port);
    let own = target(server, servers.shm, || None);
    if port.is_none() && check.address.is_none() {
        return (own, false);
    }
    let (own_ip, own_port) = match &own {
        Some(Target::Ip(address)) => (Some(address.ip()), Some(address.port())),
        _ => (None, None),
    };
    let address = check.address.or(own_ip).zip(port.or(own_port));
    (address.map(|(ip, port)| Target::Ip(SocketAddr::new(ip, port))), true)
}

impl Prepared {
    pub async fn run(mut self) -> Outcome {
        let socket = match self.connect() {
            Ok(socket) => socket,
            Err(error) => return self.fail(&error),
        };
        let connected = match self.within(socket.writable()).await {
            None => self.machine.handle(Event::TimedOut, now_ms()),
            Some(ready) => match ready.and_then(|()| socket.take_error()) {
                Ok(None) => self.machine.handle(Event::Connected, now_ms()),
                Ok(Some(error)) | Err(error) => {
                    self.machine.handle(Event::ConnectFailed(number(&error)), now_ms())
                }
            },
        };
        self.converse(&socket, connected).await
    }

    /// A connection being opened. Unix sockets too are driven as a `TcpStream`, which asks for nothing but readiness.
    fn connect(&self) -> io::Result<TcpStream> {
        let target = self.target.as_ref().ok_or(io::Error::from_raw_os_error(nix::libc::EADDRNOTAVAIL))?;
        TcpStream::from_std(open(target, &self.settings, &Tune::default(), None)?.into())
    }

    fn fail(&mut self, error: &io::Error) -> Outcome {
        match self.machine.handle(Event::ConnectFailed(number(error)), now_ms()) {
            Step::Done(outcome) => outcome,
            _ => unreachable!("a connection that failed ends the check"),
        }
    }

    /// Sends and reads until the machine has its outcome.
    async fn converse(&mut self, socket: &TcpStream, mut step: Step) -> Outcome {
        let mut buffer = vec![0; 16384];
        loop {
            step = match step {
                Step::Done(outcome) => return outcome,
                Step::Send(bytes) => {
                    let bytes = [self.preamble, &bytes].concat();
                    match self.within(send(socket, &bytes)).await {
                        None => self.machine.handle(Event::TimedOut, now_ms()),
                        Some(Ok(())) => self.machine.handle(Event::Sent, now_ms()),
                        Some(Err(error)) => self.machine.handle(Event::Failed(number(&error)), now_ms()),
                    }
                }
                Step::Wait => match self.within(receive(socket, &mut buffer)).await {
                    None => self.machine.handle(Event::TimedOut, now_ms()),
                    Some(Ok(0)) => self.machine.handle(Event::Closed, now_ms()),
                    Some(Ok(length)) => self.machine.handle(Event::Received(&buffer[..length]), now_ms()),
                    Some(Err(error)) => self.machine.handle(Event::Failed(number(&error)), now_ms()),
                },
            };
        }
    }

    /// `None` when the machine's deadline came first.
    async fn within<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let rest = Duration::from_millis(self.machine.deadline_ms().saturating_sub(now_ms()));
        timeout_at(Instant::now() + rest, future).await.ok()
    }
}

fn number(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}

async fn send(socket: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        socket.writable().await?;
        match socket.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn receive(socket: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        socket.readable().await?;
        match socket.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}
