//! Two programs in one group of peers: what one counts the other knows, whoever they are. The same is asked of two real
//! HAProxy as of weir with HAProxy and of weir with weir.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use conformance_tests::cli;
use conformance_tests::ports::{Ports, listen};
use conformance_tests::program::{Program, Running};
use conformance_tests::verdict::{home, program};

/// Peers wait up to five seconds for one another here and there; nothing below takes a minute but by mistake.
const PATIENCE: Duration = Duration::from_secs(60);

const TABLES: [&str; 6] = ["everything", "arrays", "blocks", "sixes", "sticky", "group/own"];

/// One program and where it lives.
struct Node {
    name: &'static str,
    program: Program,
    dir: PathBuf,
    config: String,
    ports: Vec<u16>,
    frontend: SocketAddr,
    running: Option<Running>,
}

/// What both share.
struct Lab {
    ports: Ports,
    root: PathBuf,
}

impl Lab {
    fn new(test: &str) -> Self {
        let root = std::env::temp_dir().join(format!("weir-peers-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        let mut lab = Self { ports: Ports::default(), root };
        for name in ["one", "two"] {
            let listener = listen(lab.ports.address(name).unwrap()).unwrap();
            std::thread::spawn(move || serve(&listener));
        }
        lab
    }

    /// Starts a node. `section` stands in its `peers` section, `more` behind everything.
    fn node(&mut self, name: &'static str, program: &Program, section: &str, more: &str) -> Node {
        let frontend = self.ports.address(&format!("fe{name}")).unwrap();
        let address = |lab: &mut Self, name: &str| lab.ports.address(name).unwrap();
        let (left, right) = (address(self, "left"), address(self, "right"));
        let (one, two) = (address(self, "one"), address(self, "two"));
        let dir = self.root.join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let counted: Vec<String> = [
            "gpt0",
            "gpc0",
            "gpc0_rate(1h)",
            "conn_cnt",
            "conn_rate(1h)",
            "sess_cnt",
            "sess_rate(1h)",
            "http_req_cnt",
            "http_req_rate(1h)",
            "http_err_cnt",
            "http_err_rate(1h)",
            "bytes_in_cnt",
            "bytes_in_rate(1h)",
            "bytes_out_cnt",
            "bytes_out_rate(1h)",
            "gpc1",
            "gpc1_rate(1h)",
            "http_fail_cnt",
            "http_fail_rate(1h)",
        ]
        .map(String::from)
        .to_vec();
        let store = counted.join(",");
        let section = match section {
            "" => format!("peer left {left}\n    peer right {right}"),
            section => section.replace("<left>", &left.to_string()).replace("<right>", &right.to_string()),
        };
        let config = format!(
            "global
    localpeer {name}
    stats socket {dir}/cli.sock level admin
defaults
    mode http
    timeout client 20s
    timeout server 20s
    timeout connect 20s
peers group
    {section}
    table own type string len 16 size 1k expire 1h store gpc0,gpt0
backend everything
    stick-table type ip size 1k expire 1h store {store} peers group
backend arrays
    stick-table type string len 20 size 1k expire 1h store gpt(3),gpc(2),gpc_rate(3,1h) peers group
backend blocks
    stick-table type binary len 8 size 1k expire 1h store http_req_cnt peers group
backend sixes
    stick-table type ipv6 size 1k store gpc0 peers group
backend sticky
    stick-table type string len 30 size 1k expire 1h peers group
    stick on hdr(x-key)
    server one {one}
    server two {two}
frontend fe
    bind {frontend}
    http-request track-sc0 src table everything
    http-request track-sc1 hdr(x-key) table arrays
    http-request track-sc2 hdr(x-key) table blocks
    http-request sc-set-gpt0(0) 5
    http-request sc-inc-gpc0(0)
    http-request sc-inc-gpc1(0)
    http-request sc-inc-gpc(1,1)
    http-request sc-set-gpt(2,1) 7
    default_backend sticky
{more}
",
            dir = dir.display()
        );
        let ports = vec![frontend.port(), if name == "left" { left.port() } else { right.port() }];
        let mut node = Node { name, program: program.clone(), dir, config, ports, frontend, running: None };
        node.start();
        node
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// Answers every request and closes.
fn serve(listener: &TcpListener) {
    for mut stream in listener.incoming().flatten() {
        let mut request = [0; 4096];
        if stream.read(&mut request).is_ok_and(|count| count > 0) {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
        }
    }
}

impl Node {
    fn start(&mut self) {
        let arguments = ["-W".to_string()];
        let started = self.program.start(&self.dir, &self.config, &arguments, &self.ports);
        self.running = Some(started.unwrap_or_else(|error| panic!("{}: {error}", self.name)));
    }

    fn restart(&mut self) {
        self.running = None;
        self.start();
    }

    fn ask(&self, command: &str) -> String {
        cli::ask(&self.dir, command).unwrap_or_default()
    }

    fn request(&self, key: &str) {
        let mut stream = TcpStream::connect(self.frontend).unwrap();
        let request = format!("GET / HTTP/1.1\r\nhost: h\r\nx-key: {key}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{}: {answer}", self.name);
    }

    /// What a request is answered with.
    fn status(&self) -> u16 {
        let mut stream = TcpStream::connect(self.frontend).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// Entries of a table by their keys: what is stored, without what belongs to this process and moment.
    fn entries(&self, table: &str) -> BTreeMap<String, String> {
        let text = self.ask(&format!("show table {table}"));
        let mut entries = BTreeMap::new();
        for line in text.lines().filter(|line| line.contains(": key=")) {
            let mut words = line.split_whitespace().skip(1);
            let key = words.next().unwrap_or_default().to_string();
            let data = words.filter(|word| !word.starts_with("use=") && !word.starts_with("exp="));
            entries.insert(key, data.collect::<Vec<_>>().join(" "));
        }
        entries
    }

    fn tables(&self) -> Vec<BTreeMap<String, String>> {
        TABLES.iter().map(|table| self.entries(table)).collect()
    }

    /// A number behind a word of what `show peers` says of the other.
    fn about_peer(&self, word: &str) -> Option<String> {
        let text = self.ask("show peers group");
        let from = text.find("(remote,")?;
        let words = text[from..].split_whitespace().map(str::to_string);
        let words: Vec<String> = words.collect();
        words.into_iter().find_map(|part| part.strip_prefix(word)?.strip_prefix('=').map(str::to_string))
    }

    fn child(&self, role: &str) -> Option<u32> {
        let id = self.running.as_ref().unwrap().id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let is = |pid: &u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.windows(role.len()).any(|part| part == role.as_bytes())
        };
        children.split_whitespace().filter_map(|pid| pid.parse().ok()).find(is)
    }
}

/// Waits for something to be so.
fn until(what: &str, mut is: impl FnMut() -> bool, tell: impl Fn() -> String) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "{what}:\n{}", tell());
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn until_equal(what: &str, left: &Node, right: &Node) {
    until(
        what,
        || left.tables() == right.tables(),
        || {
            let show = |node: &Node| {
                format!("{}: {:#?}\n{}", node.name, node.tables(), node.ask("show peers group"))
            };
            format!("{}\n{}", show(left), show(right))
        },
    );
}

fn until_talking(left: &Node, right: &Node) {
    for node in [left, right] {
        until(
            "a session",
            || node.ask("show peers group").contains("(remote,active)"),
            || node.ask("show peers group"),
        );
    }
}

/// Both programs; nothing where one is not on the machine.
fn both(left: &str, right: &str) -> Option<(Program, Program)> {
    let found = program(left).zip(program(right));
    if found.is_none() {
        println!("skipped: {left} or {right} is not on this machine");
    }
    found
}

/// What is counted on either side is known on the other.
fn changes_travel(left: &str, right: &str) {
    let Some((left, right)) = both(left, right) else { return };
    let mut lab = Lab::new(&format!("travel-{:?}-{:?}", left.kind, right.kind));
    let left = lab.node("left", &left, "", "");
    let right = lab.node("right", &right, "", "");
    until_talking(&left, &right);
    ["a", "b", "a", "c"].iter().for_each(|key| left.request(key));
    left.ask("set table sixes key ::1 data.gpc0 3");
    left.ask("set table group/own key x data.gpc0 300000 data.gpt0 2");
    until_equal("changes of the left", &left, &right);
    let seen = right.entries("arrays");
    assert!(
        seen["key=a"].contains("gpt1=0 gpt2=7 gpc0=0 gpc1=2 gpc0_rate(3600000)=0 gpc1_rate(3600000)=2"),
        "{seen:?}"
    );
    assert!(right.entries("everything")["key=127.0.0.1"].contains("gpt0=5 gpc0=4"));
    assert_eq!(right.entries("sixes")["key=::1"], "shard=0 gpc0=3");
    assert_eq!(right.entries("group/own")["key=x"], "shard=0 gpt0=2 gpc0=300000");
    assert_eq!(right.entries("blocks").len(), 3);
    // The server that a key sticks to is the same for both.
    let sticks = left.entries("sticky");
    assert!(sticks["key=a"].ends_with("server_key=one") || sticks["key=a"].ends_with("server_key=two"));
    ["a", "d", "e"].iter().for_each(|key| right.request(key));
    until_equal("changes of the right", &left, &right);
    assert!(left.entries("everything")["key=127.0.0.1"].contains("gpt0=5 gpc0=7"));
    assert_eq!(left.entries("sticky")["key=a"], sticks["key=a"]);
    assert_eq!(left.entries("arrays").len(), 5);
}

/// Whoever begins anew is told everything by the other.
fn restarts_forget_nothing(left: &str, right: &str) {
    let Some((left, right)) = both(left, right) else { return };
    let mut lab = Lab::new(&format!("restart-{:?}-{:?}", left.kind, right.kind));
    let mut left = lab.node("left", &left, "", "");
    let mut right = lab.node("right", &right, "", "");
    until_talking(&left, &right);
    (0..300).for_each(|key| {
        left.ask(&format!("set table group/own key {key} data.gpc0 {key}"));
    });
    ["a", "b"].iter().for_each(|key| left.request(key));
    until_equal("changes of the left", &left, &right);
    let before = left.tables();
    right.restart();
    until("what the right is taught", || right.tables() == before, || right.ask("show peers group"));
    right.request("c");
    until_equal("changes after that", &left, &right);
    let before = right.tables();
    left.running.take().unwrap().kill();
    right.request("d");
    left.start();
    until(
        "what the left is taught",
        || left.entries("arrays").contains_key("key=d"),
        || left.ask("show peers group"),
    );
    until_equal("everything", &left, &right);
    assert!(before[1].keys().all(|key| left.entries("arrays").contains_key(key)));
    left.request("e");
    until_equal("changes at the end", &left, &right);
}

/// A peer of a shard is told the keys of that shard.
fn shards_are_told_apart(left: &str, right: &str) {
    let Some((left, right)) = both(left, right) else { return };
    let mut lab = Lab::new(&format!("shards-{:?}-{:?}", left.kind, right.kind));
    let section = "shards 3\n    peer left <left>\n    peer right <right> shard 2";
    let left = lab.node("left", &left, section, "");
    let right = lab.node("right", &right, section, "");
    until_talking(&left, &right);
    (0..40).for_each(|key| {
        left.ask(&format!("set table group/own key {key} data.gpc0 1"));
    });
    let told: Vec<String> = left
        .entries("group/own")
        .into_iter()
        .filter(|(_, data)| data.contains("shard=2"))
        .map(|(key, _)| key)
        .collect();
    assert!(!told.is_empty() && told.len() < 40, "{told:?}");
    until(
        "the keys of the shard",
        || right.entries("group/own").into_keys().collect::<Vec<_>>() == told,
        || right.ask("show table group/own"),
    );
    // Back everything goes: the left peer has no shard.
    (100..110).for_each(|key| {
        right.ask(&format!("set table group/own key {key} data.gpc0 1"));
    });
    until(
        "what the right tells",
        || (100..110).all(|key| left.entries("group/own").contains_key(&format!("key={key}"))),
        || left.ask("show table group/own"),
    );
}

/// What is said between peers is encrypted, whoever calls.
fn encrypted(left: &str, right: &str) {
    let Some((left, right)) = both(left, right) else { return };
    let mut lab = Lab::new(&format!("encrypted-{:?}-{:?}", left.kind, right.kind));
    let certificate = home().join("../haproxy-configs/example-certificate.pem");
    let section = |own: &str, other: &str| {
        format!(
            "bind <{own}> ssl crt {}\n    default-server ssl verify none\n    server {own}\n    server {other} <{other}>",
            certificate.display()
        )
    };
    let left = lab.node("left", &left, &section("left", "right"), "");
    let right = lab.node("right", &right, &section("right", "left"), "");
    until_talking(&left, &right);
    ["a", "b"].iter().for_each(|key| left.request(key));
    until_equal("changes of the left", &left, &right);
    right.request("c");
    until_equal("changes of the right", &left, &right);
    assert_eq!(left.entries("arrays").len(), 3);
    // Who speaks in the clear is not understood.
    let mut stranger = TcpStream::connect(("127.0.0.1", left.ports[1])).unwrap();
    stranger.write_all(b"HAProxyS 2.1\nleft\nright 1 1\n").unwrap();
    let mut answer = Vec::new();
    let _ = stranger.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"200"), "{answer:?}");
}

macro_rules! pairs {
    ($($name:ident: $left:literal, $right:literal;)*) => {$(
        mod $name {
            #[test]
            fn changes_travel() {
                super::changes_travel($left, $right);
            }

            #[test]
            fn restarts_forget_nothing() {
                super::restarts_forget_nothing($left, $right);
            }

            #[test]
            fn encrypted() {
                super::encrypted($left, $right);
            }

            #[test]
            fn shards_are_told_apart() {
                super::shards_are_told_apart($left, $right);
            }
        }
    )*};
}

pairs! {
    haproxy_with_haproxy: "haproxy_2_8", "haproxy_2_8";
    weir_with_haproxy: "weir_4", "haproxy_2_8";
    haproxy_with_weir: "haproxy_2_8", "weir_4";
    weir_with_weir: "weir_4", "weir_1";
}

/// The configuration of two load balancers with one limit: who has used it up at one is refused by the other, also when
/// the one was reloaded meanwhile.
#[test]
fn a_limit_that_two_share() {
    let text = std::fs::read_to_string(home().join("../haproxy-configs/shared-rate-limit.cfg")).unwrap();
    for other in ["haproxy_2_8", "weir_1"] {
        let Some((weir, other)) = both("weir_4", other) else { return };
        let mut lab = Lab::new(&format!("limit-{:?}", other.kind));
        let mut node = |name: &'static str, program: &Program| {
            let mut address = |name: &str| lab.ports.address(name).unwrap();
            let (frontend, lb1, lb2, one) = (address(name), address("lb1"), address("lb2"), address("one"));
            let dir = lab.root.join(name);
            std::fs::create_dir_all(&dir).unwrap();
            let socket = format!("global\n    stats socket {}/cli.sock level admin\n", dir.display());
            let config = text
                .replacen("global\n", &socket, 1)
                .replace("localpeer lb1", &format!("localpeer {}", name.trim_start_matches("at")))
                .replace("bind :8080", &format!("bind {frontend}"))
                .replace("127.0.0.1:10001", &lb1.to_string())
                .replace("127.0.0.1:10002", &lb2.to_string())
                .replace("127.0.0.1:9001 check", &one.to_string())
                // The test may take longer than ten seconds.
                .replace("(10s)", "(1h)");
            let own = if name == "atlb1" { lb1 } else { lb2 };
            let ports = vec![frontend.port(), own.port()];
            let mut node =
                Node { name, program: program.clone(), dir, config, ports, frontend, running: None };
            node.start();
            node
        };
        let (first, second) = (node("atlb1", &weir), node("atlb2", &other));
        for node in [&first, &second] {
            let show = || node.ask("show peers");
            until("a session", || show().contains("(remote,active)"), show);
        }
        let statuses: Vec<u16> = (0..22).map(|_| first.status()).collect();
        assert_eq!(statuses.iter().position(|status| *status == 429), Some(20), "{statuses:?}");
        let told = || second.ask("show table loadbalancers/requests");
        until("what the other knows", || told().contains("http_req_rate(3600000)=22"), told);
        assert_eq!(second.status(), 429);
        let shown = || first.ask("show table loadbalancers/requests");
        until("what it is told back", || shown().contains("http_req_rate(3600000)=23"), shown);
        first.running.as_ref().unwrap().signal("USR2").unwrap();
        let errors = || std::fs::read_to_string(first.dir.join("stderr")).unwrap_or_default();
        until("the reload", || errors().matches("Loading success.").count() > 1, errors);
        assert_eq!(first.status(), 429);
    }
}

/// Who takes the place of another program (`-sf`) is told by it what it knows.
fn replaced(old: &str, new: &str) {
    let Some((old, new)) = both(old, new) else { return };
    let mut lab = Lab::new(&format!("replaced-{:?}-{:?}", old.kind, new.kind));
    let mut node = lab.node("left", &old, "peer left <left>", "");
    // A process that does not know everything itself does not pass for one that does.
    until(
        "that it knows everything",
        || node.ask("show peers").contains("resync_timeout=<PAST>"),
        || node.ask("show peers"),
    );
    ["a", "b"].iter().for_each(|key| node.request(key));
    (0..100).for_each(|key| {
        node.ask(&format!("set table group/own key {key} data.gpc0 {key}"));
    });
    let before = node.tables();
    let mut first = node.running.take().unwrap();
    let arguments = ["-W".to_string(), "-sf".to_string(), first.id().to_string()];
    let started = new.start(&node.dir, &node.config, &arguments, &node.ports);
    node.running = Some(started.unwrap());
    assert!(first.wait().is_some(), "the old program ends");
    until("what it was told", || node.tables() == before, || format!("{:#?}", node.tables()));
}

#[test]
fn weir_takes_the_place_of_haproxy() {
    replaced("haproxy_2_8", "weir_4");
}

#[test]
fn haproxy_takes_the_place_of_weir() {
    replaced("weir_4", "haproxy_2_8");
}

#[test]
fn weir_takes_the_place_of_weir() {
    replaced("weir_4", "weir_1");
}

/// Tables lie in shared memory: a controller that dies is replaced, and neither side misses what happened meanwhile.
#[test]
fn a_killed_controller_misses_nothing() {
    for other in ["haproxy_2_8", "weir_1"] {
        let Some((weir, other)) = both("weir_4", other) else { return };
        let mut lab = Lab::new(&format!("controller-{:?}", other.kind));
        let left = lab.node("left", &weir, "", "");
        let right = lab.node("right", &other, "", "");
        until_talking(&left, &right);
        ["a", "b"].iter().for_each(|key| left.request(key));
        until_equal("changes before", &left, &right);
        let controller = left.child("=controller").expect("a controller");
        weir_sys::process::kill(controller, nix::libc::SIGKILL).unwrap();
        ["c", "a"].iter().for_each(|key| left.request(key));
        // Other entries than the left counts in: the last to tell is the one who is believed.
        right.ask("set table group/own key z data.gpc0 8");
        until(
            "another controller",
            || left.child("=controller").is_some_and(|other| other != controller),
            String::new,
        );
        until_equal("changes meanwhile", &left, &right);
        assert!(left.entries("group/own").contains_key("key=z"));
        right.request("d");
        until_equal("changes after", &left, &right);
    }
}

/// A reload leaves sessions as they are, and takes tables over that come, go and change.
#[test]
fn a_reload_keeps_the_session() {
    for other in ["haproxy_2_8", "weir_1"] {
        let Some((weir, other)) = both("weir_4", other) else { return };
        let mut lab = Lab::new(&format!("reload-{:?}", other.kind));
        let mut left = lab.node("left", &weir, "", "");
        let more = "backend late\n    stick-table type string size 1k store gpc0 peers group\n";
        let right = lab.node("right", &other, "", more);
        until_talking(&left, &right);
        left.request("a");
        until_equal("changes before", &left, &right);
        right.ask("set table late key k data.gpc0 4");
        let connections = |node: &Node| ["new_conn", "coll"].map(|word| node.about_peer(word));
        let before = (connections(&left), connections(&right));
        let mut reload = |text: String, times: usize| {
            std::fs::write(left.dir.join("haproxy.cfg"), &text).unwrap();
            left.config = text;
            left.running.as_ref().unwrap().signal("USR2").unwrap();
            let errors = left.dir.join("stderr");
            until(
                "the reload",
                || std::fs::read_to_string(&errors).unwrap().matches("Loading success.").count() > times,
                || std::fs::read_to_string(&errors).unwrap(),
            );
        };
        let first = std::fs::read_to_string(lab.root.join("left/haproxy.cfg")).unwrap();
        // Another table, and another size of one that is exchanged.
        let second = format!("{first}{more}").replace("len 16 size 1k", "len 16 size 2k");
        reload(second, 1);
        until(
            "the new table",
            || left.entries("late") == right.entries("late"),
            || left.ask("show peers group"),
        );
        left.request("b");
        left.ask("set table group/own key y data.gpc0 9");
        left.ask("set table late key l data.gpc0 5");
        until_equal("changes after", &left, &right);
        until("the new table's changes", || left.entries("late") == right.entries("late"), String::new);
        assert_eq!((connections(&left), connections(&right)), before);
    }
}
