//! A controller in memory: a plan made by hand, private shared memory, a clock that stands still.

use std::cell::{Cell, RefCell};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use weir_check::report::Line;
use weir_check::{CheckResult, CheckStatus};
use weir_engine::{Edited, Editor};
use weir_plan::settings::*;
use weir_plan::*;
use weir_shm::{Kind, OperationalState, ServerState, ServerText, Shm};
use weir_types::*;

use crate::cli::{Answers, Control, Level, Question, Session};
use crate::{Process, View};

pub struct Lab {
    pub plan: Plan,
    pub shm: Shm,
    pub process: Process,
    pub now_ms: Cell<u64>,
    pub lines: RefCell<Vec<String>>,
    pub cleared: Cell<u32>,
    pub woken: Cell<u32>,
    pub board: weir_engine::ocsp::Board,
}

/// The proxies that the oracle's replies were recorded on (`oracle/runtime/haproxy.cfg`): `fe`, `be`, `be2`, `static`.
fn plan(shm: Shm) -> Plan {
    let mut builder = Builder { shm, plan: Plan::default() };
    builder.plan.global.description = Some("a test".into());
    builder.frontend("fe", 2, &[ProxyId(1), ProxyId(2)]);
    builder.backend("be", 3, Algorithm::RoundRobin, Some("SRV"));
    let checked = |fall| ServerCheck { enabled: true, inter: 1000, fall, ..ServerCheck::default() };
    builder.server("s1", 8000, Some("a"), |it| (it.weight, it.check) = (10, checked(3)));
    builder.server("s2", 9, Some("b"), |it| it.check = checked(1));
    builder.server("s3", 8000, None, |it| (it.disabled, it.backup) = (true, true));
    builder.server("s4", 8000, None, |_| {});
    Arc::make_mut(&mut builder.plan.servers[3]).track = Some(ServerId(0));
    builder.backend("be2", 4, Algorithm::LeastConn, Some("DC"));
    builder.server("t1", 8000, None, |it| it.weight = 5);
    builder.server("t2", 8000, None, |it| it.maxconn = 3);
    builder.backend("static", 5, Algorithm::StaticRoundRobin, None);
    builder.server("u1", 8000, None, |_| {});
    builder.plan
}

struct Builder {
    shm: Shm,
    plan: Plan,
}

impl Builder {
    fn slot(&self, kind: Kind, name: &str) -> Slot {
        self.shm.find_or_add(kind, name).expect("room for a name")
    }

    fn proxy(&mut self, name: &str, id: u32, kind: ProxyKind) -> &mut Proxy {
        let proxy = Proxy {
            compresses: Default::default(),
            bandwidth: Arc::default(),
            index: ProxyId(self.plan.proxies.len() as u32),
            name: name.into(),
            id,
            kind,
            mode: Mode::Http,
            span: Span::default(),
            disabled: false,
            settings: Arc::default(),
            rules: None,
            frontend: None,
            backend: None,
            forced_id: false,
            frontend_slot: self.slot(Kind::Frontend, name),
            backend_slot: self.slot(Kind::Backend, name),
        };
        self.plan.proxies.push(Arc::new(proxy));
        Arc::make_mut(self.plan.proxies.last_mut().expect("just pushed"))
    }

    fn frontend(&mut self, name: &str, id: u32, backends: &[ProxyId]) {
        let (first, rest) = backends.split_first().expect("a backend");
        let use_backend = rest
            .iter()
            .map(|to| UseBackend { to: BackendChoice::Proxy(*to), condition: None, span: Span::default() })
            .collect();
        let listener = ListenerId(self.plan.listeners.len() as u32);
        let slot = self.slot(Kind::Listener, &format!("{name}/l1"));
        self.plan.listeners.push(Listener {
            tls: None,
            index: listener,
            owner: ListenerOwner::Proxy(ProxyId(self.plan.proxies.len() as u32)),
            name: "l1".into(),
            id: 1,
            address: Address::ip(Ipv4Addr::LOCALHOST.into(), PortSpec::Fixed(9850)),
            settings: Arc::new(BindSettings { maxconn: Some(50), ..BindSettings::default() }),
            span: Span::default(),
            slot,
        });
        let half = Frontend {
            use_backend,
            default_backend: Some(*first),
            listeners: vec![listener],
            ..Frontend::default()
        };
        self.proxy(name, id, ProxyKind::Frontend).frontend = Some(Arc::new(half));
    }

    fn backend(&mut self, name: &str, id: u32, algorithm: Algorithm, cookie: Option<&str>) {
        let first = self.plan.servers.len() as u32;
        let half = Backend {
            balance: Arc::new(Balance { algorithm, ..Balance::default() }),
            balance_key: None,
            cookie: cookie.map(|name| Arc::new(Cookie { name: name.into(), ..Cookie::default() })),
            servers: ServerList::row(first..first),
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
        };
        self.proxy(name, id, ProxyKind::Backend).backend = Some(Arc::new(half));
    }

    /// A server of the backend made last.
    fn server(
        &mut self,
        name: &str,
        port: u16,
        cookie: Option<&str>,
        settings: impl FnOnce(&mut ServerSettings),
    ) {
        let mut set = ServerSettings::default();
        settings(&mut set);
        let proxy = Arc::make_mut(self.plan.proxies.last_mut().expect("a backend"));
        let owner = proxy.index;
        let half = Arc::make_mut(proxy.backend.as_mut().expect("a backend"));
        half.servers = half.servers.with(ServerId(self.plan.servers.len() as u32));
        let (id, path) = (half.servers.len() as u32, format!("{}/{name}", proxy.name));
        let slot = self.slot(Kind::Server, &path);
        self.plan.servers.push(Arc::new(Server {
            owner,
            dynamic: false,
            gone: false,
            referenced: false,
            tls: None,
            proxy_fields: None,
            name: name.into(),
            id,
            target: ServerTarget::Ip { ip: Ipv4Addr::LOCALHOST.into(), port: PortSpec::Fixed(port) },
            settings: Arc::new(set),
            cookie: cookie.map(Into::into),
            host: None,
            track: None,
            forced_id: false,
            span: Span::default(),
            slot,
        }));
    }
}

impl Lab {
    /// 53 seconds after the start.
    pub fn new() -> Self {
        let shm = Shm::private(2);
        let process = Process {
            version: "3.4.0".into(),
            release_date: "2026/06/03".into(),
            node: "n1".into(),
            workers: 2,
            ulimit_n: 2042,
            maxsock: 2042,
            maxconn: 1000,
            hard_maxconn: 1000,
            environment: vec![("HOME".into(), "/var/lib/haproxy".into()), ("PATH".into(), "/bin".into())],
            ..Process::default()
        };
        let lab = Self {
            plan: plan(shm),
            shm,
            process,
            now_ms: Cell::new(1000),
            lines: RefCell::default(),
            cleared: Cell::new(0),
            board: weir_engine::ocsp::Board::default(),
            woken: Cell::new(0),
        };
        weir_engine::settle::settle(&lab.plan, shm, 1000);
        lab.now_ms.set(54_500);
        lab
    }

    pub fn server(&self, name: &str) -> ServerId {
        let (backend, server) = name.split_once('/').expect("backend/server");
        let view = self.view();
        view.find_server(view.find_backend(backend).expect("a backend"), server).expect("a server")
    }

    pub fn state(&self, name: &str) -> &'static ServerState {
        self.shm.server(self.plan.server(self.server(name)).slot).state
    }

    pub fn text(&self, name: &str) -> &'static ServerText {
        self.shm.server(self.plan.server(self.server(name)).slot).text()
    }

    /// The reply without the empty line at its end, as a session of this level gets it.
    pub fn reply_at(&self, level: Level, command: &str) -> String {
        let mut session = Session::new(level, SeverityOutput::None);
        session.receive(format!("{command}\n").as_bytes(), self);
        let text = String::from_utf8(session.take_output()).expect("text");
        assert!(session.is_closing(), "one line ends the session");
        text.strip_suffix('\n').unwrap_or(&text).trim_end_matches('\n').to_owned()
    }

    pub fn reply(&self, command: &str) -> String {
        self.reply_at(Level::Admin, command)
    }
}

impl Control for Lab {
    fn ocsp(&self) -> &weir_engine::ocsp::Board {
        &self.board
    }

    fn view(&self) -> View<'_> {
        View {
            plan: &self.plan,
            shm: self.shm,
            process: &self.process,
            now_ms: self.now_ms.get(),
            date_us: 1_795_347_472_357_567,
        }
    }
    fn log(&self, _: ProxyId, line: Line) {
        self.lines.borrow_mut().push(line.text);
    }
    fn servers_changed(&self) {
        self.woken.set(self.woken.get() + 1);
    }
    fn clear_totals(&self) {
        self.cleared.set(self.cleared.get() + 1);
    }
    fn shutdown_sessions(&self, server: ServerId) {
        weir_engine::servers::shut_sessions(&self.view().servers(), server);
    }
    fn ask(&self, _: Question) -> Answers {
        Box::pin(std::future::ready(Vec::new()))
    }
    fn peers(&self) -> Vec<weir_engine::peers::SectionView> {
        Vec::new()
    }
    fn submit(&self, edit: Edit) -> Edited {
        Editor::default().submit(&self.plan, edit)
    }
}

/// A file beside the repository.
pub fn shared(path: &str) -> Option<String> {
    let root = std::env::var_os("WEIR_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    std::fs::read_to_string(root.join(path)).ok()
}

/// The state that the recording began with: one check of each checked server has ended.
pub fn checked_lab() -> Lab {
    let lab = Lab::new();
    let s1 = lab.state("be/s1");
    s1.check.status.set(CheckStatus::L7Ok as u32);
    s1.check.result.set(CheckResult::Passed as u32);
    s1.check.code.set(200);
    s1.check.health.set(4);
    let s2 = lab.state("be/s2");
    s2.check.status.set(CheckStatus::L4Connection as u32);
    s2.check.result.set(CheckResult::Failed as u32);
    s2.check.health.set(0);
    s2.set_operational(OperationalState::Stopped);
    s2.down_transitions.set(1);
    lab.text("be/s2").check.set("ECONNREFUSED returned by OS (Connection refused)");
    lab
}
