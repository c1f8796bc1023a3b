//! Servers as a stream sees them: which one it gets, where that one is, and how a connection to it begins.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrLike, SockaddrStorage, UnixAddr, connect, socket,
};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use weir_balance::{Choice, Servers};
use weir_plan::settings::{Affinity, Algorithm, HashKey, HashMethod, Keepalive, ServerSettings, Tune};
use weir_plan::{Backend, Plan, Proxy, Server, ServerTarget};
use weir_shm::{Balance, OperationalState, Shm};
use weir_sys::tcp::{Md5Peers, set_md5_key};
use weir_types::{PortSpec, ServerId};

/// Where to connect, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Ip(SocketAddr),
    Unix(Box<str>),
    Abstract(Box<[u8]>),
}

/// Where `server` is now. `destination` is what the client connected to.
pub fn target(server: &Server, shm: Shm, destination: impl Fn() -> Option<SocketAddr>) -> Option<Target> {
    let state = shm.server(server.slot).state;
    let (address, port) = match state.address.version() {
        0 => (None, None),
        _ => state.address.value(),
    };
    let located = |ip: IpAddr, spec: &PortSpec| {
        let port = port.or_else(|| resolve_port(spec, || destination().map(|to| to.port())));
        port.map(|port| Target::Ip(SocketAddr::new(address.unwrap_or(ip), port)))
    };
    match &server.target {
        ServerTarget::Ip { ip, port } => located(*ip, port),
        ServerTarget::Unresolved { port, .. } => located(address?, port),
        ServerTarget::Transparent { port } => located(destination()?.ip(), port),
        ServerTarget::Other(address) => match &address.family {
            weir_types::AddressFamily::Unix(path) => Some(Target::Unix(path.clone())),
            weir_types::AddressFamily::Abstract(name) => Some(Target::Abstract(padded(name))),
            weir_types::AddressFamily::AbstractUnpadded(name) => Some(Target::Abstract(name.clone())),
            _ => None,
        },
    }
}

/// `abns@`: the name fills the whole field.
pub fn padded(name: &[u8]) -> Box<[u8]> {
    let mut full = name.to_vec();
    full.resize(107, 0);
    full.into()
}

fn resolve_port(spec: &PortSpec, came_to: impl Fn() -> Option<u16>) -> Option<u16> {
    match spec {
        PortSpec::Fixed(port) => Some(*port),
        PortSpec::None => came_to(),
        PortSpec::Offset(offset) => came_to().map(|port| (i32::from(port) + offset) as u16),
        PortSpec::Range(first, _) => Some(*first),
    }
}

/// `option clitcpka`, `option srvtcpka`: probes, at the system's pace where no other is given.
pub fn probe(socket: &SockRef<'_>, probes: &Keepalive) -> io::Result<()> {
    let mut wanted = TcpKeepalive::new();
    let seconds = |value: u32| std::time::Duration::from_secs(value.into());
    if let Some(idle) = probes.idle_s {
        wanted = wanted.with_time(seconds(idle));
    }
    if let Some(interval) = probes.interval_s {
        wanted = wanted.with_interval(seconds(interval));
    }
    if let Some(count) = probes.count {
        wanted = wanted.with_retries(count);
    }
    socket.set_tcp_keepalive(&wanted)
}

/// Begins to connect; the socket is writable when it is done. `foreign`: the address that `usesrc` says.
pub fn open(
    target: &Target,
    settings: &ServerSettings,
    tune: &Tune,
    keepalive: Option<&Keepalive>,
    foreign: Option<SocketAddr>,
) -> io::Result<OwnedFd> {
    let family = match target {
        Target::Ip(SocketAddr::V4(_)) => AddressFamily::Inet,
        Target::Ip(SocketAddr::V6(_)) => AddressFamily::Inet6,
        Target::Unix(_) | Target::Abstract(_) => AddressFamily::Unix,
    };
    let descriptor = stream_socket(family, settings.mptcp && matches!(target, Target::Ip(_)))?;
    let options = SockRef::from(&descriptor);
    if let Target::Ip(address) = target {
        options.set_tcp_nodelay(true)?;
        if let Some(probes) = keepalive {
            probe(&options, probes)?;
        }
        if let Some(timeout) = settings.tcp_user_timeout {
            options.set_tcp_user_timeout(Some(std::time::Duration::from_millis(timeout.into())))?;
        }
        if let Some(algorithm) = &settings.congestion_control {
            // One that the kernel does not have leaves the system's, as under HAProxy.
            let _ = options.set_tcp_congestion(algorithm.as_bytes());
        }
        if let Some(password) = &settings.md5_password {
            set_md5_key(&descriptor, Md5Peers::One(*address), password.as_bytes())?;
        }
        bind_source(&options, settings, foreign)?;
    }
    size_buffers(&options, tune)?;
    match target {
        Target::Ip(address) => begin(&descriptor, &SockaddrStorage::from(*address))?,
        Target::Unix(path) => begin(&descriptor, &UnixAddr::new(&**path)?)?,
        Target::Abstract(name) => begin(&descriptor, &UnixAddr::new_abstract(name)?)?,
    }
    Ok(descriptor)
}

fn stream_socket(family: AddressFamily, mptcp: bool) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    if mptcp {
        let domain = if family == AddressFamily::Inet { Domain::IPV4 } else { Domain::IPV6 };
        match Socket::new(domain, Type::STREAM.nonblocking().cloexec(), Some(Protocol::MPTCP)) {
            Err(error) if weir_sys::listen::lacks_mptcp(&error) => {}
            made => return made.map(OwnedFd::from),
        }
    }
    Ok(socket(family, SockType::Stream, flags, None)?)
}

/// `tune.rcvbuf.server`, `tune.sndbuf.server`: before the connection, whose window follows from them.
fn size_buffers(options: &SockRef<'_>, tune: &Tune) -> io::Result<()> {
    if tune.rcvbuf_backend != 0 {
        options.set_recv_buffer_size(tune.rcvbuf_backend as usize)?;
    }
    if tune.sndbuf_backend != 0 {
        options.set_send_buffer_size(tune.sndbuf_backend as usize)?;
    }
    Ok(())
}

fn bind_source(
    options: &SockRef<'_>,
    settings: &ServerSettings,
    foreign: Option<SocketAddr>,
) -> io::Result<()> {
    let Some(source) = &settings.source else { return Ok(()) };
    if let Some(interface) = &source.interface {
        options.bind_device(Some(interface.as_bytes()))?;
    }
    if let Some(foreign) = foreign {
        return bind_foreign(options, foreign);
    }
    let Some(address) = source.address else { return Ok(()) };
    match source.ports {
        None => options.bind(&address.into()),
        Some((first, last)) => (first..=last)
            .find_map(|port| options.bind(&SocketAddr::new(address.ip(), port).into()).ok())
            .ok_or_else(|| io::ErrorKind::AddrInUse.into()),
    }
}

/// Binds to an address that need not be the machine's; not at all where none is given.
fn bind_foreign(options: &SockRef<'_>, address: SocketAddr) -> io::Result<()> {
    if address.ip().is_unspecified() {
        return Ok(());
    }
    options.set_reuse_address(true)?;
    // Without the privilege, addresses of the machine still can be bound: that decides.
    let _ = match address {
        SocketAddr::V4(_) => options.set_ip_transparent_v4(true),
        SocketAddr::V6(_) => options.set_ip_transparent_v6(true),
    };
    options.bind(&address.into())
}

fn begin(descriptor: &OwnedFd, address: &impl SockaddrLike) -> io::Result<()> {
    match connect(descriptor.as_raw_fd(), address) {
        Ok(()) | Err(nix::errno::Errno::EINPROGRESS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The algorithm in force for a backend.
pub fn balance_settings(proxy: &Proxy, backend: &Backend) -> weir_balance::Settings {
    let balance = &backend.balance;
    let algorithm = match balance.algorithm {
        Algorithm::RoundRobin => weir_balance::Algorithm::RoundRobin,
        Algorithm::StaticRoundRobin => weir_balance::Algorithm::StaticRoundRobin,
        Algorithm::LeastConn => weir_balance::Algorithm::LeastConn,
        Algorithm::First | Algorithm::Sticky => weir_balance::Algorithm::First,
        Algorithm::Random(draws) => weir_balance::Algorithm::Random { draws },
        _ if balance.method == HashMethod::Consistent => weir_balance::Algorithm::Consistent {
            factor: balance.balance_factor,
            affinity: match balance.affinity {
                Affinity::Always => weir_balance::Affinity::Always,
                Affinity::Maxconn => weir_balance::Affinity::Maxconn,
                Affinity::Maxqueue => weir_balance::Affinity::Maxqueue,
            },
        },
        _ => weir_balance::Algorithm::MapBased,
    };
    weir_balance::Settings { algorithm, all_backups: proxy.settings.options.allbackups }
}

/// One backend's servers under its lock.
pub struct LockedServers<'a> {
    pub plan: &'a Plan,
    pub backend: &'a Backend,
    pub shm: Shm,
    pub balance: &'a Balance<'a>,
    /// `ProxyState::servers_epoch` of the backend.
    pub epoch: u32,
    /// Streams on the backend now, for `minconn`.
    pub load: u32,
}

impl<'a> LockedServers<'a> {
    /// `balance` is the backend's, locked.
    pub fn of(
        plan: &'a Plan,
        proxy: &'a Proxy,
        backend: &'a Backend,
        shm: Shm,
        balance: &'a Balance<'a>,
    ) -> Self {
        let view = shm.backend(proxy.backend_slot);
        let load = match backend.full_load {
            0 => 0,
            _ => view.sum(|counters| counters.scur.value()) as u32,
        };
        Self { plan, backend, shm, balance, epoch: view.state.servers_epoch.value(), load }
    }
}

impl LockedServers<'_> {
    pub fn id_at(&self, index: usize) -> ServerId {
        self.backend.servers.at(index)
    }

    fn server(&self, index: usize) -> &Server {
        self.plan.server(self.id_at(index))
    }

    /// What one choice takes into account.
    pub fn request(&self, avoid: Option<ServerId>, random: u64) -> weir_balance::Request {
        weir_balance::Request { avoid: avoid.and_then(|id| self.backend.servers.position(id)), random }
    }

    /// `max-keep-alive-queue`: whether a client may stay with its last server, though others would wait for it.
    pub fn may_keep(&self, id: ServerId, most: Option<u32>) -> bool {
        let slot = self.plan.server(id).slot;
        let (limit, queued) = (self.limit_of(id), self.balance.queued(Some(slot)));
        let room = limit == 0 || queued == 0 && self.balance.served(slot) < limit;
        room || most.is_none_or(|most| queued + 1 < most)
    }

    pub fn assignment(&self, choice: Choice) -> Assignment {
        match choice {
            Choice::Server(index) => Assignment::Server(self.id_at(index)),
            Choice::Full => Assignment::Queue(None),
            Choice::None => Assignment::None,
        }
    }

    pub fn limit_of(&self, id: ServerId) -> u32 {
        let server = self.plan.server(id);
        effective_limit(server, self.shm, self.load, self.backend.full_load)
    }
}

/// `maxconn` in force: as set at run time, between `minconn` and `maxconn` by the backend's load, less while the server
/// starts slowly; 0 is no limit.
pub fn effective_limit(server: &Server, shm: Shm, load: u32, full_load: u32) -> u32 {
    let state = shm.server(server.slot).state;
    let maxconn = match state.maxconn.value() {
        0 => server.settings.maxconn,
        set => set - 1,
    };
    let limit = match server.settings.minconn {
        0 => maxconn,
        _ if full_load == 0 || load >= full_load => maxconn,
        minconn => {
            let share = u64::from(maxconn) * u64::from(load) / u64::from(full_load);
            (share as u32).max(minconn).min(maxconn)
        }
    };
    let whole = u64::from(server.settings.slowstart);
    if limit == 0 || whole == 0 || state.operational() != OperationalState::Starting {
        return limit;
    }
    let elapsed = weir_sys::clock::monotonic_ms().saturating_sub(state.slowstart_ms.value()).min(whole);
    (u64::from(limit) * elapsed / whole).max(1) as u32
}

impl Servers for LockedServers<'_> {
    fn count(&self) -> usize {
        self.backend.servers.len()
    }

    fn generation(&self) -> u64 {
        let edits = u64::from(self.backend.edits as u16);
        (self.plan.generation << 48 | edits << 32 | u64::from(self.epoch)) + 1
    }

    fn weight(&self, index: usize) -> u32 {
        self.shm.server(self.server(index).slot).state.effective_weight.value()
    }

    fn is_usable(&self, index: usize) -> bool {
        self.shm.server(self.server(index).slot).state.usable()
    }

    fn is_backup(&self, index: usize) -> bool {
        self.server(index).settings.backup
    }

    fn served(&self, index: usize) -> u32 {
        self.balance.served(self.server(index).slot)
    }

    fn queued(&self, index: usize) -> u32 {
        self.balance.queued(Some(self.server(index).slot))
    }

    fn limit(&self, index: usize) -> u32 {
        self.limit_of(self.id_at(index))
    }

    fn queue_limit(&self, index: usize) -> u32 {
        self.server(index).settings.maxqueue
    }

    fn id(&self, index: usize) -> u32 {
        self.server(index).id
    }

    fn ring_key(&self, index: usize) -> u32 {
        let server = self.server(index);
        let scaled = server.id.wrapping_mul(256 * weir_balance::WEIGHT_SCALE);
        let located = || target(server, self.shm, || None);
        match server.settings.hash_key {
            HashKey::Id => scaled,
            HashKey::Id32 => server.id,
            HashKey::Addr | HashKey::AddrPort => match located() {
                Some(Target::Ip(address)) => {
                    let with_port = server.settings.hash_key == HashKey::AddrPort;
                    weir_balance::hash::address_key(address.ip(), with_port.then_some(address.port()))
                }
                _ => scaled,
            },
        }
    }

    fn backend_word(&self, word: usize) -> u64 {
        self.balance.words()[word].value()
    }

    fn set_backend_word(&self, word: usize, value: u64) {
        self.balance.words()[word].set(value);
    }

    fn server_word(&self, index: usize, word: usize) -> u64 {
        self.balance.server_words(self.server(index).slot)[word].value()
    }

    fn set_server_word(&self, index: usize, word: usize, value: u64) {
        self.balance.server_words(self.server(index).slot)[word].set(value);
    }
}

/// Whether the backend's servers count who occupies them: needed for limits and for algorithms that look at the load.
pub fn counts_places(proxy: &Proxy, backend: &Backend, settings: &weir_balance::Settings, shm: Shm) -> bool {
    use weir_balance::Algorithm::{Consistent, LeastConn, Random};
    match settings.algorithm {
        LeastConn | Random { .. } => return true,
        Consistent { factor, .. } if factor > 0 => return true,
        _ => {}
    }
    backend.limited || shm.backend(proxy.backend_slot).state.limited.value() != 0
}

/// The outcome of a choice under the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    Server(ServerId),
    /// Wait in the queue of this server, or of the backend.
    Queue(Option<ServerId>),
    /// The server asked for has as many waiting as it may (`maxqueue`).
    Refused,
    None,
}

/// Chooses by the backend's algorithm.
pub fn choose(
    servers: &LockedServers<'_>,
    settings: &weir_balance::Settings,
    avoid: Option<ServerId>,
    random: u64,
) -> Assignment {
    let request = servers.request(avoid, random);
    servers.assignment(weir_balance::choose(settings, servers, &request))
}
