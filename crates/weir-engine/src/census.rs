//! Who is here: the streams of one worker, counted when somebody asks (`show sess`), and ended when somebody says so
//! (`shutdown session`). Nothing is kept for it while nobody asks: a count is a round in which every connection that is
//! woken steps forward.
//!
//! The controller asks each worker over an abstract unix socket of its own. A worker that does not answer in time is
//! left out, so that one that hangs holds up nobody.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener as StdListener, UnixStream as StdStream};
use std::rc::Rc;
use std::task::Context;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use weir_shm::Shm;
use weir_types::WorkerId;

use crate::record::Cause;
use crate::session::Client;
use crate::stream::Stream;
use crate::timers::NEVER;
use crate::turn::Turn;
use crate::worker::Worker;

/// How long a worker may take.
const PATIENCE: Duration = Duration::from_millis(500);
/// A question is a word and a number.
const LONGEST_QUESTION: u64 = 64;

/// A worker's side of the counting.
#[derive(Debug, Default)]
pub struct Census {
    /// Raised with each count.
    round: Cell<u64>,
    entries: RefCell<Vec<Person>>,
    /// The stream that is to end.
    unwanted: Cell<u64>,
    found: Cell<bool>,
    next: Cell<u64>,
}

/// What the task of a connection of HTTP/1 or TCP, or of one stream of HTTP/2, needs to be counted.
#[derive(Debug)]
pub struct Presence {
    /// What it is called by those who ask.
    number: u64,
    /// The last count it took part in.
    counted: u64,
}

impl Presence {
    pub fn new(worker: &Worker) -> Self {
        Self { number: worker.census.number(worker.id), counted: worker.census.round() }
    }

    /// Whether a count goes round that it took no part in yet.
    pub fn is_asked(&mut self, worker: &Worker) -> bool {
        let round = worker.census.round();
        std::mem::replace(&mut self.counted, round) != round
    }

    /// Tells of the stream in progress, or ends it.
    #[cold]
    pub fn step_forward(
        &self,
        cx: &mut Context<'_>,
        worker: &Rc<Worker>,
        client: &mut Client,
        stream: &mut Stream,
    ) {
        if !stream.running {
            return;
        }
        if worker.census.is_unwanted(self.number) {
            Turn { cx, worker, client, stream }.break_off(Cause::Killed);
            return;
        }
        let now_ms = worker.clock.now_ms();
        let session = &client.session;
        let plan = &session.plan;
        let record = &stream.record;
        let target = record.method_len as usize + 1..(record.method_len + 1 + record.target_len) as usize;
        let next = stream.deadlines.next();
        let (protocol, source) = match session.source {
            Some(source) if source.is_ipv4() => ("tcpv4", source.to_string()),
            Some(source) => ("tcpv6", source.to_string()),
            None => ("unix_stream", "unix:1".into()),
        };
        let backend = plan.proxy(stream.backend);
        let server = stream.assigned.as_ref().map(|it| it.plan.server(it.server));
        worker.census.step_forward(Person {
            id: self.number,
            protocol: protocol.into(),
            source,
            frontend: plan.proxy(session.frontend).name.to_string(),
            backend: if backend.backend.is_some() { &*backend.name } else { "<NONE>" }.into(),
            server: server.filter(|it| it.is_named()).map_or("<none>", |it| &*it.name).into(),
            age_ms: now_ms.saturating_sub(record.start_us / 1000),
            expires_ms: (next != NEVER).then(|| next.saturating_sub(now_ms)),
            retries: record.retries,
            requests: session.requests,
            bytes: [record.server_bytes_in, record.server_bytes_out],
            uri: String::from_utf8_lossy(record.request_line.get(target).unwrap_or_default()).into_owned(),
        });
    }
}

/// One stream as it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    pub id: u64,
    /// `tcpv4`, `tcpv6`, `unix_stream`.
    pub protocol: String,
    pub source: String,
    pub frontend: String,
    pub backend: String,
    pub server: String,
    /// Milliseconds since it began.
    pub age_ms: u64,
    /// Milliseconds until its next deadline; absent where there is none.
    pub expires_ms: Option<u64>,
    pub retries: u32,
    pub requests: u32,
    /// Bytes to the server and from it.
    pub bytes: [u64; 2],
    pub uri: String,
}

impl Census {
    /// A number for a connection, unique over all workers.
    fn number(&self, worker: WorkerId) -> u64 {
        self.next.set(self.next.get() + 1);
        u64::from(worker.0 + 1) << 40 | self.next.get()
    }

    fn round(&self) -> u64 {
        self.round.get()
    }

    /// Whether this one is to end.
    fn is_unwanted(&self, id: u64) -> bool {
        let unwanted = self.unwanted.get() == id;
        if unwanted {
            self.found.set(true);
        }
        unwanted
    }

    fn step_forward(&self, person: Person) {
        self.entries.borrow_mut().push(person);
    }
}

/// Answers questions; to be spawned once per worker.
pub async fn serve(worker: Rc<Worker>) -> io::Result<()> {
    let listener = StdListener::bind_addr(&address(worker.shm, worker.id)?)?;
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    let own = nix::unistd::geteuid().as_raw();
    loop {
        let (stream, _) = listener.accept().await?;
        // The name is open to everybody on the machine, the answer is not.
        if stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0) {
            // A controller that left needs no answer.
            let _ = tokio::time::timeout(PATIENCE, answer(&worker, stream)).await;
        }
    }
}

async fn answer(worker: &Rc<Worker>, mut stream: UnixStream) -> io::Result<()> {
    let mut question = String::new();
    BufReader::new((&mut stream).take(LONGEST_QUESTION)).read_line(&mut question).await?;
    let census = &worker.census;
    let mut words = question.split_whitespace();
    let unwanted = match words.next() {
        // `debug dev panic`: how the rest takes the end of a worker can be seen.
        Some("panic") => panic!("a panic was asked for"),
        Some("kill") => words.next().and_then(|id| id.parse().ok()).unwrap_or(0),
        _ => 0,
    };
    census.entries.borrow_mut().clear();
    census.unwanted.set(unwanted);
    census.found.set(false);
    census.round.set(census.round.get() + 1);
    worker.timers.wake_all();
    // Everybody who was woken has his turn before this task has its own again.
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    census.unwanted.set(0);
    let people = std::mem::take(&mut *census.entries.borrow_mut());
    let text = match unwanted {
        0 => people.iter().map(Person::line).collect(),
        _ => if census.found.get() { "found\n" } else { "" }.to_owned(),
    };
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

fn address(shm: Shm, worker: WorkerId) -> io::Result<SocketAddr> {
    let state = shm.process().state;
    let name = format!("weir-{}-{}-{}", state.supervisor_pid.value(), state.start_date_us.value(), worker.0);
    SocketAddr::from_abstract_name(name)
}

/// The streams of all workers, in the order of workers.
pub async fn streams(shm: Shm) -> Vec<Person> {
    ask(shm, "sess\n").await.lines().filter_map(Person::read).collect()
}

/// Ends one stream, whichever worker has it. False: none has.
pub async fn shut(shm: Shm, id: u64) -> bool {
    !ask(shm, &format!("kill {id}\n")).await.is_empty()
}

/// Ends one worker by a panic.
pub async fn panic(shm: Shm) {
    let mut workers = shm.used_places().filter(|worker| *worker != shm.controller());
    if let Some(worker) = workers.next() {
        // It cannot answer.
        let _ = tokio::time::timeout(PATIENCE, ask_one(shm, worker, "panic\n")).await;
    }
}

async fn ask(shm: Shm, question: &str) -> String {
    let mut answers = String::new();
    for worker in shm.used_places().filter(|worker| *worker != shm.controller()) {
        let exchange = tokio::time::timeout(PATIENCE, ask_one(shm, worker, question));
        if let Ok(Ok(answer)) = exchange.await {
            answers.push_str(&answer);
        }
    }
    answers
}

async fn ask_one(shm: Shm, worker: WorkerId, question: &str) -> io::Result<String> {
    let stream = StdStream::connect_addr(&address(shm, worker)?)?;
    stream.set_nonblocking(true)?;
    let mut stream = UnixStream::from_std(stream)?;
    stream.write_all(question.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

impl Person {
    fn line(&self) -> String {
        let text = |text: &str| text.replace(['\t', '\n'], " ");
        format!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
            self.id,
            self.protocol,
            self.source,
            self.frontend,
            self.backend,
            self.server,
            self.age_ms,
            self.expires_ms.map_or(String::new(), |ms| ms.to_string()),
            self.retries,
            self.requests,
            self.bytes[0],
            self.bytes[1],
            text(&self.uri),
        )
    }

    fn read(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        let number = |at: usize| field(at).parse().ok();
        Some(Self {
            id: number(0)?,
            protocol: field(1).into(),
            source: field(2).into(),
            frontend: field(3).into(),
            backend: field(4).into(),
            server: field(5).into(),
            age_ms: number(6)?,
            expires_ms: number(7),
            retries: field(8).parse().ok()?,
            requests: field(9).parse().ok()?,
            bytes: [number(10)?, number(11)?],
            uri: field(12).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_understood() {
        let person = Person {
            id: 7 << 40 | 3,
            protocol: "tcpv4".into(),
            source: "127.0.0.1:1000".into(),
            frontend: "fe".into(),
            server: "s1".into(),
            expires_ms: Some(20),
            uri: "GET /a b".into(),
            ..Person::default()
        };
        assert_eq!(Person::read(person.line().trim_end_matches('\n')), Some(person));
        assert_eq!(Person::read("nothing"), None);
    }
}
