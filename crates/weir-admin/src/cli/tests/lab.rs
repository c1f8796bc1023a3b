//! A controller in memory: a compiled configuration, private shared memory, a clock that stands still.

use std::cell::{Cell, RefCell};

use weir_check::report::Line;
use weir_compile::{Slots, compile};
use weir_config::files::SystemFiles;
use weir_config::{ParseOptions, parse};
use weir_plan::Plan;
use weir_plan::settings::SeverityOutput;
use weir_shm::{Kind, Shm};
use weir_syntax::{Capabilities, Environment, Reader};
use weir_types::{ServerId, Slot, Sources};

use crate::cli::{Control, Level, Session};
use crate::{Process, View, servers};

pub struct Lab {
    pub plan: Plan,
    pub shm: Shm,
    pub process: Process,
    pub now_ms: Cell<u64>,
    pub lines: RefCell<Vec<String>>,
    pub cleared: Cell<u32>,
}

struct Given(Shm);

impl Given {
    fn slot(&self, kind: Kind, name: &str) -> Slot {
        self.0.find_or_add(kind, name).expect("room for a name")
    }
}

impl Slots for Given {
    fn frontend(&mut self, name: &str) -> Slot {
        self.slot(Kind::Frontend, name)
    }
    fn backend(&mut self, name: &str) -> Slot {
        self.slot(Kind::Backend, name)
    }
    fn listener(&mut self, name: &str) -> Slot {
        self.slot(Kind::Listener, name)
    }
    fn server(&mut self, name: &str) -> Slot {
        self.slot(Kind::Server, name)
    }
}

/// The configuration that the oracle's replies were recorded on, without the sections that the plan does not hold.
pub const CONFIGURATION: &str = "
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
    balance roundrobin
frontend unused
    bind 127.0.0.1:9849
    default_backend static
frontend fe
    bind 127.0.0.1:9850 name l1 maxconn 50
    acl named path_beg /named
    use_backend be2 if named
    default_backend be
backend be
    id 3
    option httpchk GET /
    cookie SRV insert indirect nocache
    server s1 127.0.0.1:8000 check inter 1s cookie a weight 10
    server s2 127.0.0.1:9 check inter 1s fall 1 cookie b
    server s3 127.0.0.1:8000 disabled backup
    server s4 127.0.0.1:8000 track be/s1
backend be2
    id 4
    balance leastconn
    server t1 127.0.0.1:8000 weight 5
    server t2 127.0.0.1:8000 maxconn 3
backend static
    id 5
    balance static-rr
    server u1 127.0.0.1:8000
";

impl Lab {
    pub fn new(text: &str) -> Self {
        let mut sources = Sources::default();
        sources.add("c.cfg", text.as_bytes().to_vec());
        let capabilities = Capabilities::default();
        let mut environment = Environment::from_process(std::env::vars_os());
        let mut reader = Reader::new(&sources, &capabilities);
        let options = ParseOptions { sources: &sources, files: &SystemFiles, hostname: "vm".into() };
        let (config, diagnostics) = parse(&mut reader, &mut environment, &options);
        let shm = Shm::private(2);
        let compiled = compile(&config, &sources, &mut Given(shm));
        for one in diagnostics.list.iter().chain(&compiled.diagnostics.list) {
            assert_ne!(one.level, weir_types::Level::Alert, "{}", one.message(&sources));
        }
        let mut plan = compiled.plan;
        plan.global.description = Some("a test".into());
        let process = Process {
            version: "3.4.0".into(),
            release_date: "2026/06/03".into(),
            pid: 4106,
            node: "n1".into(),
            workers: 2,
            ulimit_n: 2042,
            maxsock: 2042,
            maxconn: 1000,
            hard_maxconn: 1000,
            environment: vec![("HOME".into(), "/var/lib/haproxy".into()), ("PATH".into(), "/bin".into())],
            cli_sockets: vec![("unix@cli.sock".into(), "admin".into())],
            ..Process::default()
        };
        let lab = Self {
            plan,
            shm,
            process,
            now_ms: Cell::new(1000),
            lines: RefCell::default(),
            cleared: Cell::new(0),
        };
        (0..lab.plan.servers.len()).for_each(|index| servers::begin(&lab.view(), ServerId(index as u32)));
        lab.now_ms.set(54_000);
        lab
    }

    pub fn server(&self, name: &str) -> ServerId {
        let (backend, server) = name.split_once('/').expect("backend/server");
        let view = self.view();
        view.find_server(view.find_backend(backend).expect("a backend"), server).expect("a server")
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
    fn view(&self) -> View<'_> {
        View {
            plan: &self.plan,
            shm: self.shm,
            process: &self.process,
            now_ms: self.now_ms.get(),
            date_us: 1_795_347_472_357_567,
        }
    }
    fn log(&self, line: Line) {
        self.lines.borrow_mut().push(line.text);
    }
    fn clear_totals(&self) {
        self.cleared.set(self.cleared.get() + 1);
    }
    fn shutdown_sessions(&self, _: ServerId) -> bool {
        true
    }
}
