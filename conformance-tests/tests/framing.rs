//! Every recorded case of message framing, played on the program itself: `oracle/framing.jsonl` holds what a client
//! sent, what HAProxy 3.4 let the server have, what the client was told, and whether its connection stayed.

#[path = "../../crates/weir-http/tests/framing/chunks.rs"]
mod chunks;

use conformance_tests::connection::{Connection, DEADLINE};
use conformance_tests::message;
use conformance_tests::ports::Ports;
use conformance_tests::program::Program;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

/// Cases decided otherwise on purpose, and not played: line number, reason. Listed in docs/differences.md too; the codec's
/// own test plays them.
const DIFFERENCES: &[(usize, &str)] =
    &[(70, "a CONNECT that announces a body is refused in the same way, and its connection closed")];

struct Case {
    /// Of the request that is answered; none where the request itself is the case.
    method: Option<String>,
    sent: Vec<u8>,
    /// What came out at the other end, chunks joined.
    through: Vec<u8>,
    statuses: Vec<String>,
    closed: bool,
}

impl Case {
    fn read(line: &str) -> Case {
        let value: serde_json::Value = serde_json::from_str(line).expect("a JSON object a line");
        let text = |field: &str| value[field].as_str().unwrap_or_default().to_string();
        let bytes = |field: &str| -> Vec<u8> {
            text(field).chars().map(|c| u8::try_from(u32::from(c)).expect("latin-1")).collect()
        };
        let method = text("case").strip_prefix("response to ").map(str::to_string);
        Case {
            sent: bytes("sent"),
            through: chunks::joined(&bytes(if method.is_some() { "client_got" } else { "server_got" })),
            statuses: text("client_statuses").split_whitespace().map(str::to_string).collect(),
            closed: text("client_connection") == "closed",
            method,
        }
    }
}

/// What the server got in the case that is played, and how many of its connections are open.
#[derive(Default)]
struct Seen {
    bytes: Vec<u8>,
    open: usize,
}

#[derive(Default)]
struct Origin {
    seen: Mutex<Seen>,
    changed: Condvar,
    /// What it answers before it closes; 200 to every request, on a connection that stays, without.
    answer: Mutex<Option<Vec<u8>>>,
}

impl Origin {
    fn start(listener: TcpListener) -> Arc<Origin> {
        let origin = Arc::new(Origin::default());
        let serving = origin.clone();
        std::thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                serving.update(|seen| seen.open += 1);
                let origin = serving.clone();
                std::thread::spawn(move || {
                    origin.serve(socket.into());
                    origin.update(|seen| seen.open -= 1);
                });
            }
        });
        origin
    }

    fn serve(&self, mut connection: Connection) {
        let answer = self.answer.lock().unwrap().clone();
        let (mut noted, mut answered) = (0, false);
        loop {
            let fresh = connection.received[noted..].to_vec();
            noted += fresh.len();
            self.update(|seen| seen.bytes.extend_from_slice(&fresh));
            if !answered && message::head_length(&connection.received).is_some() {
                answered = true;
                let usual = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                // Whether the proxy still takes it is seen at the client.
                let _ = connection.send(answer.as_deref().unwrap_or(usual));
                if answer.is_some() {
                    connection.shut();
                }
            }
            if let Some(length) = message::message_length(&connection.received, false) {
                connection.received.drain(..length);
                noted -= length;
                answered = false;
                continue;
            }
            if connection.receive(Instant::now() + DEADLINE).is_err() {
                return;
            }
        }
    }

    fn update(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap());
        self.changed.notify_all();
    }

    /// Waits until that holds; whether it came to hold.
    fn until(&self, holds: impl Fn(&Seen) -> bool) -> bool {
        let seen = self.seen.lock().unwrap();
        !self.changed.wait_timeout_while(seen, DEADLINE, |seen| !holds(seen)).unwrap().1.timed_out()
    }
}

/// Plays one case; what was otherwise than recorded.
fn play(case: &Case, origin: &Origin, frontend: SocketAddr) -> Result<(), String> {
    origin.update(|seen| seen.bytes.clear());
    *origin.answer.lock().unwrap() = case.method.is_some().then(|| case.sent.clone());
    let mut client = Connection::from(TcpStream::connect(frontend).map_err(|e| e.to_string())?);
    let outcome = match &case.method {
        None => send_request(case, origin, &mut client),
        Some(method) => await_response(case, method, &mut client),
    };
    let outcome = outcome.and_then(|()| match (case.closed, client.end) {
        (true, None) if client.take_until(|_, ended| ended.then_some(0)).is_err() => {
            Err("the client's connection stays".to_string())
        }
        (false, Some(_)) => Err("the client's connection was closed".to_string()),
        (false, None)
            if case.statuses != ["?"]
                && client.receive_ready() != Err(conformance_tests::connection::Stop::TimedOut) =>
        {
            Err("more came to the client".to_string())
        }
        _ => Ok(()),
    });
    drop(client);
    if !origin.until(|seen| seen.open == 0) {
        return outcome.and(Err("the server's connection stays when the client is gone".to_string()));
    }
    let got = chunks::joined(&origin.seen.lock().unwrap().bytes);
    if case.method.is_none() && got != case.through {
        return Err(format!("{outcome:?}; the server got {}", got.escape_ascii()));
    }
    outcome
}

fn send_request(case: &Case, origin: &Origin, client: &mut Connection) -> Result<(), String> {
    client.send(&case.sent).map_err(|e| e.to_string())?;
    // `?` stands for what is no answer of HTTP/1: the preface of HTTP/2 was met.
    for status in case.statuses.iter().filter(|status| *status != "?") {
        let answer = client
            .take_until(message::message_length)
            .map_err(|(stop, bytes)| format!("{status} awaited, {stop:?} after {}", bytes.escape_ascii()))?;
        let told = String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or_default().to_string();
        if told != *status {
            return Err(format!("the client was told {told}"));
        }
    }
    // The recording client read once, the server behind it answered all that came: more answers to pipelined requests
    // may stand behind the first, one for each request that went through.
    if case.statuses.last().is_some_and(|status| status == "200") {
        for _ in case.statuses.len()..messages(&case.through) {
            let answer = client.take_until(message::message_length).map_err(|(stop, bytes)| {
                format!("one more 200 awaited, {stop:?} after {}", bytes.escape_ascii())
            })?;
            if !answer.starts_with(b"HTTP/1.1 200") {
                return Err(format!("more came to the client: {}", answer.escape_ascii()));
            }
        }
    }
    match origin.until(|seen| chunks::joined(&seen.bytes) == case.through) {
        true => Ok(()),
        false => Err("the server did not get all".to_string()),
    }
}

/// How many whole requests those are.
fn messages(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some(length) = message::message_length(bytes, false) {
        bytes = &bytes[length..];
        count += 1;
    }
    count
}

fn await_response(case: &Case, method: &str, client: &mut Connection) -> Result<(), String> {
    let (target, host) = if method == "CONNECT" { ("h:1", "h:1") } else { ("/", "h") };
    client
        .send(format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
        .map_err(|e| e.to_string())?;
    let whole = |bytes: &[u8], _| (chunks::joined(bytes) == case.through).then_some(bytes.len());
    client
        .take_until(whole)
        .map(drop)
        .map_err(|(stop, bytes)| format!("{stop:?}, the client got {}", bytes.escape_ascii()))
}

#[test]
fn every_recorded_case_has_the_recorded_outcome() {
    let shared = std::env::var_os("WEIR_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"));
    let Ok(text) = std::fs::read_to_string(shared.join("oracle/framing.jsonl")) else {
        println!("skipped: no recorded cases beside the repository");
        return;
    };
    let weir = Program::weir(2).expect("the program is built");
    let dir = std::env::temp_dir().join(format!("weir-framing-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let mut ports = Ports::default();
    let (frontend, server) = (ports.address("fe").unwrap(), ports.address("s1").unwrap());
    let origin = Origin::start(conformance_tests::ports::listen(server).unwrap());
    let config = format!(
        "defaults\n mode http\n http-reuse never\n timeout http-request 600ms\n timeout connect 3s\n timeout client 3s\n \
         timeout server 3s\nlisten l\n bind {frontend}\n server s1 {server}\n"
    );
    let running = weir.start(&dir, &config, &[], &[frontend.port()]).unwrap();
    let mut wrong = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if DIFFERENCES.iter().any(|(line, _)| *line == index + 1) {
            continue;
        }
        let case = Case::read(line);
        let outcome = play(&case, &origin, frontend);
        if outcome.is_err() {
            wrong.push(format!(
                "line {}: {outcome:?}\n  sent     {}\n  expected {:?} closed={} {}",
                index + 1,
                case.sent.escape_ascii(),
                case.statuses,
                case.closed,
                case.through.escape_ascii()
            ));
        }
    }
    drop(running);
    let _ = std::fs::remove_dir_all(&dir);
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}
