//! A worker on a thread of its own, plans made by hand, and scripted peers on loopback.

#![allow(dead_code)]

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use weir_engine::worker::{self, Control, Exit};
use weir_engine::{ListenerSocket, LogSockets, WorkerInput};
use weir_plan::settings::{Balance, BindSettings, ServerSettings, Timeouts, retry};
use weir_plan::{
    Backend, Frontend, Listener, ListenerOwner, Plan, Proxy, Rules, Server, ServerList, ServerTarget,
    Settings,
};
use weir_shm::{Kind, OperationalState, Shm, Wakers};
use weir_types::{Address, ListenerId, Mode, PortSpec, ProxyId, ProxyKind, Span, WorkerId};

/// No test waits longer than this for anything.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Makes plans of one `listen` section with servers.
pub struct Plans {
    pub shm: Shm,
    pub plan: Plan,
}

pub fn settings() -> Settings {
    let timeouts =
        Timeouts { client: Some(10_000), server: Some(10_000), connect: Some(5_000), ..Timeouts::default() };
    Settings { timeouts, retries: 3, retry_on: retry::CONN_FAILURE, ..Settings::default() }
}

impl Plans {
    pub fn new() -> Self {
        Self { shm: Shm::private(1), plan: Plan { global: Default::default(), ..Plan::default() } }
    }

    /// For a plan that replaces one over the same shared memory.
    pub fn again(shm: Shm) -> Self {
        Self { shm, plan: Plan::default() }
    }

    /// A `listen` section with one listener and these servers; returns its index.
    pub fn listen(&mut self, name: &str, mode: Mode, settings: Settings, servers: &[SocketAddr]) -> ProxyId {
        let first = self.plan.servers.len() as u32;
        for (at, address) in servers.iter().enumerate() {
            self.server(name, &format!("s{}", at + 1), *address, ServerSettings::default());
        }
        let last = self.plan.servers.len() as u32;
        let index = ProxyId(self.plan.proxies.len() as u32);
        let listener = ListenerId(self.plan.listeners.len() as u32);
        let slot = |kind, name: &str| self.shm.find_or_add(kind, name).unwrap();
        self.plan.listeners.push(Listener {
            tls: None,
            index: listener,
            owner: ListenerOwner::Proxy(index),
            name: "".into(),
            id: 1,
            address: Address::ip(Ipv4Addr::LOCALHOST.into(), PortSpec::None),
            settings: Arc::new(BindSettings::default()),
            span: Span::default(),
            slot: slot(Kind::Listener, &format!("{name}/1")),
        });
        self.plan.proxies.push(Arc::new(Proxy {
            compresses: Default::default(),
            index,
            name: name.into(),
            id: index.0 + 2,
            kind: ProxyKind::Listen,
            mode,
            span: Span::default(),
            disabled: false,
            settings: Arc::new(settings),
            rules: None,
            bandwidth: Arc::default(),
            frontend: Some(Arc::new(Frontend { listeners: vec![listener], ..Frontend::default() })),
            backend: (!servers.is_empty()).then(|| {
                Arc::new(Backend {
                    balance: Arc::new(Balance::default()),
                    balance_key: None,
                    cookie: None,
                    servers: ServerList::row(first..last),
                    dispatch: None,
                    use_server: Arc::default(),
                    check: Arc::new(weir_check::Ruleset::connect()),
                    fullconn: None,
                    limited: false,
                    full_load: 0,
                    keep_alive_queue: None,
                    rdp_cookie: None,
                    send_name_header: None,
                    force_persist: Arc::default(),
                    ignore_persist: Arc::default(),
                    stick: Arc::default(),
                    source: None,
                    edits: 0,
                })
            }),
            forced_id: false,
            frontend_slot: slot(Kind::Frontend, name),
            backend_slot: slot(Kind::Backend, name),
        }));
        Arc::make_mut(&mut self.plan.backends_by_name).insert(name.into(), index);
        index
    }

    fn server(&mut self, backend: &str, name: &str, address: SocketAddr, settings: ServerSettings) {
        let slot = self.shm.find_or_add(Kind::Server, &format!("{backend}/{name}")).unwrap();
        let state = self.shm.server(slot).state;
        if state.begin() {
            state.set_operational(OperationalState::Running);
            state.effective_weight.set(weir_balance::WEIGHT_SCALE);
            state.user_weight.set(1);
            state.initial_weight.set(1);
        }
        let owner = ProxyId(self.plan.proxies.len() as u32);
        self.plan.servers.push(Arc::new(Server {
            owner,
            dynamic: false,
            gone: false,
            referenced: false,
            tls: None,
            proxy_fields: None,
            name: name.into(),
            id: 1 + self.plan.servers.len() as u32,
            target: ServerTarget::Ip { ip: address.ip(), port: PortSpec::Fixed(address.port()) },
            settings: Arc::new(settings),
            cookie: None,
            host: None,
            track: None,
            forced_id: false,
            span: Span::default(),
            slot,
        }));
    }

    pub fn rules(&mut self, proxy: ProxyId) -> &mut Rules {
        let proxy = Arc::get_mut(&mut self.plan.proxies[proxy.index()]).unwrap();
        Arc::get_mut(proxy.rules.get_or_insert_default()).unwrap()
    }

    pub fn start(self) -> Running {
        Running::start(self.shm, self.plan)
    }
}

pub struct Running {
    pub shm: Shm,
    pub control: UnboundedSender<Control>,
    thread: Option<JoinHandle<Exit>>,
    addresses: HashMap<u32, SocketAddr>,
}

impl Running {
    fn start(shm: Shm, mut plan: Plan) -> Self {
        plan.global.tune.maxaccept = 64;
        let mut plan = plan;
        plan.derive_limits();
        let plan = Arc::new(plan);
        let mut addresses = HashMap::new();
        let mut listeners = Vec::new();
        for listener in &plan.listeners {
            let (socket, address) = listening();
            addresses.insert(listener.index.0, address);
            listeners.push(ListenerSocket { slot: listener.slot, socket });
        }
        let (control, orders) = unbounded_channel();
        let wakers = Arc::new(Wakers::create(shm.places()).unwrap());
        let thread = std::thread::spawn(move || {
            let input = WorkerInput {
                worker: WorkerId(0),
                shm,
                wakers,
                log_sockets: LogSockets::open(&plan),
                plan: Arc::new(ArcSwap::new(plan)),
                listeners,
                control: orders,
                stats: None,
                editor: Default::default(),
                beside: None,
            };
            worker::run(input).unwrap()
        });
        Self { shm, control, thread: Some(thread), addresses }
    }

    pub fn address(&self, listener: u32) -> SocketAddr {
        self.addresses[&listener]
    }

    pub fn connect(&self) -> TcpStream {
        connect(self.address(0))
    }

    /// Puts another plan in force and waits until new connections are served by it.
    pub fn swap(&self, plan: Plan) {
        let (done, wait) = tokio::sync::oneshot::channel();
        self.control
            .send(Control::Swap { plan: Arc::new(plan), added: Vec::new(), done: Some(done) })
            .unwrap();
        wait.blocking_recv().unwrap();
    }

    /// Stops softly and waits for the worker's end.
    pub fn stop(mut self) -> Exit {
        self.control.send(Control::SoftStop).unwrap();
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = self.control.send(Control::HardStop);
            let outcome = thread.join();
            if !std::thread::panicking() {
                outcome.unwrap();
            }
        }
    }
}

pub fn listening() -> (OwnedFd, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (listener.into(), address)
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Reads until `end` was read.
pub fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(end.as_bytes()) {
        match stream.read(&mut byte) {
            Ok(1) => text.push(byte[0]),
            Ok(_) => panic!("closed after {:?}", String::from_utf8_lossy(&text)),
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&text)),
        }
    }
    String::from_utf8(text).unwrap()
}

/// Reads until the peer closes.
pub fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    stream
        .read_to_end(&mut text)
        .unwrap_or_else(|error| panic!("{error} after {:?}", String::from_utf8_lossy(&text)));
    String::from_utf8(text).unwrap()
}

/// Waits until something becomes true that no descriptor tells.
pub fn await_that(holds: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE);
        std::thread::yield_now();
    }
}

pub fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
}

/// A server of which every connection is played by `play` on a thread of its own, with its number from 0.
pub fn server(play: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let play = Arc::new(play);
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (play, stream) = (play.clone(), stream.unwrap());
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || play(number, stream));
        }
    });
    address
}

/// A server that answers every request head with the same response until the connection closes.
pub fn answering(response: &'static str) -> SocketAddr {
    server(move |_, mut stream| {
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(count) => seen.extend_from_slice(&buffer[..count]),
            }
            while let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
                seen.drain(..end + 4);
                say(&mut stream, response);
            }
        }
    })
}
