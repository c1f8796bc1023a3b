//! Acts a scenario out on one program, step by step in one thread, and writes the transcript: what every client and
//! every scripted server saw, log lines and CLI replies, in the order of the script.

mod http2;
mod order;
mod pump;
mod show;

use crate::cli;
use crate::connection::{Connection, DEADLINE, End, Stop};
use crate::message;
use crate::normalise::Normaliser;
use crate::origin::Origin;
use crate::ports::Ports;
use crate::program::{Program, Running};
use crate::scenario::{OriginKind, Scenario};
use crate::step::{Awaited, Step, Target};
use crate::syslog::Syslog;
use crate::tls::{ClientSpec, SessionPlace};
use regex::Regex;
use std::collections::BTreeMap;
use std::net::{TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Plays `scenario` on `program`. An error is a step that could not be done as written, with the transcript so far.
pub fn play(scenario: &Scenario, program: &Program) -> Result<String, String> {
    let dir = ScratchDirectory::create().map_err(|e| e.to_string())?;
    let mut player = Player::set_up(scenario, program, &dir.0)?;
    let steps = &scenario.steps;
    let mut at = 0;
    while at < steps.len() {
        let (line, step) = &steps[at];
        at += 1;
        let done = match step {
            // Lines sent one after the other by the same client leave in one write.
            Step::Send { name, bytes } => {
                let mut bytes = bytes.clone();
                while let Some((_, Step::Send { name: same, bytes: more })) = steps.get(at) {
                    if same != name {
                        break;
                    }
                    bytes.extend_from_slice(more);
                    at += 1;
                }
                player.send(name, &bytes)
            }
            // So do frames.
            Step::Frame { name, .. } => {
                let mut frames = vec![step];
                while let Some((_, next @ Step::Frame { name: same, .. })) = steps.get(at)
                    && same == name
                {
                    frames.push(next);
                    at += 1;
                }
                player.send_frames(name, &frames)
            }
            other => player.act(other),
        };
        if let Err(reason) = done {
            let alive = if player.program.is_alive() { "" } else { "the program is gone\n" };
            let stderr = std::fs::read_to_string(dir.0.join("stderr")).unwrap_or_default();
            return Err(format!("line {line}: {reason}\n{alive}{stderr}--- so far:\n{}", player.transcript));
        }
    }
    Ok(player.transcript)
}

/// A directory of its own for one run, removed at its end. The name is short: socket paths have 107 bytes.
pub struct ScratchDirectory(pub PathBuf);

impl ScratchDirectory {
    pub fn create() -> std::io::Result<ScratchDirectory> {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wct.{}.{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path)?;
        Ok(ScratchDirectory(path))
    }
}

impl Drop for ScratchDirectory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Player {
    // Fields drop in this order: the program ends before its origins go away.
    program: Running,
    connections: BTreeMap<String, Connection>,
    /// Latest sessions of TLS clients.
    sessions: BTreeMap<String, SessionPlace>,
    /// What readers of frames remember, by connection.
    http2: BTreeMap<String, crate::http2::Reader>,
    origins: BTreeMap<String, Origin>,
    ports: Ports,
    syslog: Syslog,
    dir: PathBuf,
    normaliser: Normaliser,
    transcript: String,
}

impl Player {
    fn set_up(scenario: &Scenario, program: &Program, dir: &Path) -> Result<Player, String> {
        let io = |e: std::io::Error| e.to_string();
        let mut ports = Ports::default();
        let syslog = Syslog::start(dir).map_err(io)?;
        let mut origins = BTreeMap::new();
        for certificate in &scenario.certificates {
            certificate.write(dir)?;
        }
        for (name, kind) in &scenario.origins {
            let address = ports.address(name).map_err(io)?;
            let tls = scenario.origin_tls.get(name).map(|tls| tls.context(dir)).transpose();
            let tls = tls.map_err(|e| e.to_string())?;
            let origin = Origin::start(name, address, kind, tls, ports.names.clone()).map_err(io)?;
            origins.insert(name.clone(), origin);
        }
        for config in scenario.configs.values() {
            ports.reserve_named(config).map_err(io)?;
        }
        for (name, text) in &scenario.files {
            let text = ports.fill(text, dir, syslog.address());
            let path = dir.join(name);
            path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(io)?;
            std::fs::write(path, text).map_err(io)?;
        }
        for (name, bytes) in &scenario.binary_files {
            std::fs::write(dir.join(name), bytes).map_err(io)?;
        }
        let config = scenario.configs.get("").ok_or("no config to start with")?;
        let filled = ports.fill(config, dir, syslog.address());
        let listening = bound_ports(config, &mut ports).map_err(io)?;
        let running = program.start(dir, &filled, &scenario.arguments, &listening)?;
        let normaliser = Normaliser::new(ports.names.clone(), dir, scenario.timer_floor_ms);
        Ok(Player {
            program: running,
            connections: BTreeMap::new(),
            sessions: BTreeMap::new(),
            http2: BTreeMap::new(),
            origins,
            ports,
            syslog,
            dir: dir.to_path_buf(),
            normaliser,
            transcript: String::new(),
        })
    }

    fn say(&mut self, line: &str) {
        self.transcript.push_str(line.trim_end());
        self.transcript.push('\n');
    }

    fn act(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Connect { name, target, from } => self.connect(name, target, from.as_deref()),
            Step::ConnectTls { name, target, spec } => self.connect_tls(name, target, spec),
            Step::Accept { origin, name } => self.accept(origin, name),
            Step::Send { name, bytes } => self.send(name, bytes),
            Step::Read { name, what, only } => self.read(name, what, only.as_deref()),
            Step::SpeakHttp2(name) => self.speak_http2(name),
            Step::ServeHttp2(name) => self.serve_http2(name),
            Step::Frame { name, .. } => self.send_frames(name, &[step]),
            Step::Frames { name, what } => self.read_frames(name, what),
            Step::Shut(name) => {
                self.connection(name)?.shut();
                self.say(&format!("{name} shut"));
                Ok(())
            }
            Step::ShakeHands(name) => {
                let resumed = self.connection(name)?.shake_hands()?;
                self.say(&format!("{name} shakes hands{}", if resumed { ": resumed" } else { "" }));
                Ok(())
            }
            Step::Close(name) => {
                self.connections.remove(name);
                self.say(&format!("{name} close"));
                Ok(())
            }
            Step::Reset(name) => {
                self.connections.remove(name).ok_or_else(|| format!("no connection {name}"))?.reset();
                self.say(&format!("{name} reset"));
                Ok(())
            }
            Step::Pump { from, to, bytes, chunked } => self.pump(from, to, *bytes, *chunked),
            Step::Becomes { origin, kind } => self.becomes(origin, kind),
            Step::Order { .. } | Step::OrderTcp { .. } => self.order(step),
            Step::Datagram { text, bytes } => self.datagram(text, bytes),
            Step::Log(count) => self.log(*count),
            Step::LogUntil(pattern) => self.log_until(pattern),
            Step::Cli(step) => {
                let reply =
                    cli::ask(&self.dir, &self.with_payload(&step.command)?).map_err(|e| e.to_string())?;
                self.say(&format!("cli {}", step.command));
                for line in cli::filter(step, &reply)? {
                    let line = self.normaliser.text(&line);
                    self.say(&format!("cli < {line}"));
                }
                Ok(())
            }
            Step::CliUntil { pattern, command } => self.cli_until(pattern, command),
            Step::Sessions { count, pattern, command } => self.sessions(*count, pattern, command.as_ref()),
            Step::Signal(name) => {
                self.program.signal(name)?;
                self.say(&format!("signal {name}"));
                Ok(())
            }
            Step::Exited => {
                let status = self.program.wait().ok_or("the program did not end")?;
                self.say(&format!("exited: {status}"));
                Ok(())
            }
            Step::OutputUntil { stream, pattern } => self.output_until(stream, pattern),
        }
    }

    /// Sends from 127.0.0.1, whatever the program listens on.
    fn datagram(&mut self, text: &str, bytes: &[u8]) -> Result<(), String> {
        let (to, deadline) = (crate::ports::datagrams(), Instant::now() + DEADLINE);
        while !crate::ports::is_bound(to) {
            if Instant::now() > deadline {
                return Err(format!("nobody receives datagrams on {to}"));
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
        let socket = UdpSocket::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
        socket.send_to(bytes, to).map_err(|e| e.to_string())?;
        self.say(&format!("datagram {text}"));
        Ok(())
    }

    /// Addresses of the run in the place of their names; `COMMAND << FILE`: the file of the run is the command's payload.
    fn with_payload(&self, command: &str) -> Result<String, String> {
        let command = self.ports.fill(command, &self.dir, self.syslog.address());
        let Some((command, file)) = command.split_once(" << ") else { return Ok(command) };
        let payload = std::fs::read_to_string(self.dir.join(file)).map_err(|e| format!("{file}: {e}"))?;
        Ok(format!("{command} <<\n{}\n", payload.trim_end()))
    }

    fn connect(&mut self, name: &str, target: &Target, from: Option<&str>) -> Result<(), String> {
        let connection = self.open(target, from, name)?;
        self.connections.insert(name.to_string(), connection);
        let shown = match target {
            Target::Port(port) => port.clone(),
            Target::Unix(file) => format!("unix {file}"),
            Target::Abstract(address) => format!("abns {address}"),
        };
        self.say(&format!("{name} connect {shown}"));
        Ok(())
    }

    fn connect_tls(&mut self, name: &str, target: &Target, spec: &ClientSpec) -> Result<(), String> {
        let stream = match target {
            Target::Port(port) => self.open_port(port, None, name)?,
            _ => return Err("TLS goes to ports".into()),
        };
        let offered = spec.resume.as_ref().and_then(|from| self.sessions.get(from)?.lock().ok()?.clone());
        let session = SessionPlace::default();
        match spec.connect(stream, &self.dir, offered.as_deref(), &session) {
            Ok(stream) => {
                self.say(&format!("{name} connect-tls: {}", crate::tls::shown(&stream, spec)));
                self.connections.insert(name.to_string(), stream.into());
            }
            Err(reason) => self.say(&format!("{name} connect-tls failed: {reason}")),
        }
        self.sessions.insert(name.to_string(), session);
        Ok(())
    }

    /// Opens a connection; its local port is shown as `name`.
    fn open(&mut self, target: &Target, from: Option<&str>, name: &str) -> Result<Connection, String> {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::{SocketAddr as UnixAddress, UnixStream};
        let io = |e: std::io::Error| format!("{name} cannot connect: {e}");
        match target {
            Target::Unix(file) => Ok(UnixStream::connect(self.dir.join(file)).map_err(io)?.into()),
            Target::Abstract(address) => {
                let address = UnixAddress::from_abstract_name(address).map_err(io)?;
                Ok(UnixStream::connect_addr(&address).map_err(io)?.into())
            }
            Target::Port(port) => Ok(self.open_port(port, from, name)?.into()),
        }
    }

    fn open_port(&mut self, port: &str, from: Option<&str>, name: &str) -> Result<TcpStream, String> {
        let io = |e: std::io::Error| format!("{name} cannot connect: {e}");
        let address = self.ports.address(port).map_err(io)?;
        let domain = socket2::Domain::for_address(address);
        let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None).map_err(io)?;
        if let Some(from) = from {
            let ip: std::net::IpAddr = from.parse().map_err(|_| format!("bad address {from}"))?;
            socket.bind(&std::net::SocketAddr::new(ip, 0).into()).map_err(io)?;
        }
        socket.connect(&address.into()).map_err(io)?;
        let stream: TcpStream = socket.into();
        self.ports.names.insert(stream.local_addr().map_err(io)?.port(), name);
        Ok(stream)
    }

    fn accept(&mut self, origin: &str, name: &str) -> Result<(), String> {
        let listener = self
            .origins
            .get(origin)
            .and_then(|o| o.listener())
            .ok_or_else(|| format!("no scripted origin {origin}"))?;
        listener.set_nonblocking(true).map_err(|e| e.to_string())?;
        let deadline = Instant::now() + DEADLINE;
        let (stream, peer) = loop {
            match listener.accept() {
                Ok(accepted) => break accepted,
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock && Instant::now() < deadline => {
                    let mut waited = [nix::poll::PollFd::new(
                        std::os::fd::AsFd::as_fd(listener),
                        nix::poll::PollFlags::POLLIN,
                    )];
                    let left = deadline.saturating_duration_since(Instant::now()).as_millis();
                    let _ = nix::poll::poll(&mut waited, left.min(12_000) as u16);
                }
                Err(e) => return Err(format!("nobody connected to {origin}: {e}")),
            }
        };
        stream.set_nonblocking(false).map_err(|e| e.to_string())?;
        self.ports.names.insert(peer.port(), &format!("to{name}"));
        self.connections.insert(name.to_string(), stream.into());
        self.say(&format!("{origin} accept {name}"));
        Ok(())
    }

    fn becomes(&mut self, name: &str, kind: &OriginKind) -> Result<(), String> {
        let origin = self.origins.get_mut(name).ok_or_else(|| format!("no origin {name}"))?;
        origin.become_kind(kind).map_err(|e| e.to_string())?;
        let shown = format!("{kind:?}").to_lowercase();
        self.say(&format!("{name} becomes {shown}"));
        Ok(())
    }

    fn connection(&mut self, name: &str) -> Result<&mut Connection, String> {
        self.connections.get_mut(name).ok_or_else(|| format!("no connection {name}"))
    }

    fn send(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let sent = self.connection(name)?.send(bytes);
        for line in show::lines(bytes) {
            let line = self.normaliser.text(&line);
            let line = if line.starts_with('<') { line.replacen('<', ">", 1) } else { line };
            self.say(&format!("{name} >{line}"));
        }
        // A peer that closed already is part of the story: what it said is read next.
        let _ = sent;
        Ok(())
    }

    fn read(&mut self, name: &str, what: &Awaited, only: Option<&str>) -> Result<(), String> {
        let connection = self.connection(name)?;
        let taken = match what {
            Awaited::Head => connection.take_until(|b, _| message::head_length(b)),
            Awaited::Message | Awaited::Pieces => connection.take_until(message::message_length),
            Awaited::Line => connection.take_until(|b, _| b.iter().position(|c| *c == b'\n').map(|n| n + 1)),
            Awaited::Bytes(count) => connection.take_until(|b, _| (b.len() >= *count).then_some(*count)),
            Awaited::Close | Awaited::End => connection.take_until(|b, ended| ended.then_some(b.len())),
            Awaited::Nothing => return self.read_nothing(name),
            Awaited::ProxyV2 => connection.take_until(|b, _| show::proxy_v2_length(b)),
        };
        let end = connection.end;
        let (bytes, stop) = match taken {
            Ok(bytes) => (bytes, None),
            Err((stop, bytes)) => (bytes, Some(stop)),
        };
        let lines = match what {
            Awaited::ProxyV2 => show::proxy_v2(&bytes),
            Awaited::Message if stop.is_none() => show::message(&bytes),
            _ => show::lines(&bytes),
        };
        let only = only.map(Regex::new).transpose().map_err(|e| e.to_string())?;
        if let (Awaited::Pieces, Some(only), None) = (what, &only, &stop) {
            let body = show::plain_body(&bytes);
            for piece in only.find_iter(&body) {
                let piece = self.normaliser.text(piece.as_str());
                self.say(&format!("{name} << {piece}"));
            }
            return Ok(());
        }
        for line in lines {
            let line = self.normaliser.text(&line);
            if only.as_ref().is_none_or(|o| o.is_match(&line)) {
                self.say(&format!("{name} <{line}"));
            }
        }
        match (what, stop, end) {
            (_, Some(Stop::TimedOut), _) => Err(format!("{name} waits in vain for {what:?}")),
            (Awaited::End, _, Some(end)) => {
                self.say(&format!("{name} {}", if end == End::Fin { "fin" } else { "rst" }));
                Ok(())
            }
            (Awaited::Close, _, _) => {
                // Whoever waits for the end closes its own side too, as programs do.
                self.connections.remove(name);
                self.say(&format!("{name} closed"));
                Ok(())
            }
            (_, Some(Stop::Ended(_)), _) => {
                self.say(&format!("{name} closed"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn read_nothing(&mut self, name: &str) -> Result<(), String> {
        let connection = self.connection(name)?;
        let state = connection.receive_ready();
        let bytes = std::mem::take(&mut connection.received);
        for line in show::lines(&bytes) {
            self.say(&format!("{name} <{line}"));
        }
        match state {
            Err(Stop::Ended(_)) => self.say(&format!("{name} closed")),
            _ if bytes.is_empty() => self.say(&format!("{name} < nothing")),
            _ => {}
        }
        Ok(())
    }

    fn log(&mut self, count: usize) -> Result<(), String> {
        for _ in 0..count {
            let line = self.syslog.next_line().ok_or("no log line came")?;
            let line = self.normaliser.log(&line);
            self.say(&format!("log < {line}"));
        }
        Ok(())
    }

    fn log_until(&mut self, pattern: &str) -> Result<(), String> {
        let wanted = Regex::new(pattern).map_err(|e| e.to_string())?;
        for _ in 0..1000 {
            let line = self.syslog.next_line().ok_or_else(|| format!("no log line matched {pattern}"))?;
            let line = self.normaliser.log(&line);
            if wanted.is_match(&line) {
                self.say(&format!("log < {line}"));
                return Ok(());
            }
        }
        Err(format!("a thousand log lines and none matched {pattern}"))
    }

    fn cli_until(&mut self, pattern: &str, step: &crate::step::CliStep) -> Result<(), String> {
        let wanted = Regex::new(pattern).map_err(|e| e.to_string())?;
        let deadline = Instant::now() + DEADLINE;
        loop {
            let reply = cli::ask(&self.dir, &self.with_payload(&step.command)?).map_err(|e| e.to_string())?;
            let lines = cli::filter(step, &reply)?;
            if let Some(line) = lines.iter().find(|l| wanted.is_match(l)) {
                let line = self.normaliser.text(line);
                self.say(&format!("cli {} < {line}", step.command));
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("{:?} never showed {pattern}; last: {lines:#?}", step.command));
            }
            // Nothing announces a change of state on this socket; asking again is how its users learn of one.
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn sessions(
        &mut self,
        count: usize,
        pattern: &str,
        command: Option<&crate::step::CliStep>,
    ) -> Result<(), String> {
        let wanted = Regex::new(pattern).map_err(|e| e.to_string())?;
        let deadline = Instant::now() + DEADLINE;
        let id = loop {
            let reply = cli::ask(&self.dir, "show sess").map_err(|e| e.to_string())?;
            let found: Vec<&str> = reply.lines().filter(|line| wanted.is_match(line)).collect();
            if found.len() == count {
                break found.first().and_then(|line| line.split(':').next()).unwrap_or_default().to_string();
            }
            if Instant::now() > deadline {
                return Err(format!("never {count} sessions {pattern}; last:\n{reply}"));
            }
            // Nothing announces a session on this socket.
            std::thread::park_timeout(Duration::from_millis(5));
        };
        self.say(&format!("sessions {count} {pattern}"));
        let Some(step) = command else { return Ok(()) };
        let reply = cli::ask(&self.dir, &step.command.replace("{id}", &id)).map_err(|e| e.to_string())?;
        for line in cli::filter(step, &reply)? {
            let line = self.normaliser.text(&line);
            self.say(&format!("cli {} < {line}", step.command));
        }
        Ok(())
    }

    fn output_until(&mut self, stream: &str, pattern: &str) -> Result<(), String> {
        let wanted = Regex::new(pattern).map_err(|e| e.to_string())?;
        let deadline = Instant::now() + DEADLINE;
        loop {
            let text = std::fs::read_to_string(self.dir.join(stream)).unwrap_or_default();
            if let Some(line) = text.lines().find(|l| wanted.is_match(l)) {
                let line = self.normaliser.log(line);
                self.say(&format!("{stream} < {line}"));
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("{stream} never showed {pattern}:\n{text}"));
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

/// The ports named on `bind` lines, which the program must listen on.
fn bound_ports(config: &str, ports: &mut Ports) -> std::io::Result<Vec<u16>> {
    let name = Regex::new(r"<([a-z0-9]+)(\.port)?>").map_err(std::io::Error::other)?;
    let mut found = Vec::new();
    for line in config.lines().filter(|l| l.trim_start().starts_with("bind ")) {
        for capture in name.captures_iter(line) {
            if !matches!(&capture[1], "dir" | "log" | "datagrams") {
                found.push(ports.address(&capture[1])?.port());
            }
        }
    }
    Ok(found)
}
