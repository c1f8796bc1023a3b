//! The program itself, in a directory of its own, and clients for it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_weir");

/// A directory for one test, removed at its end.
pub struct Place(pub PathBuf);

impl Place {
    pub fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-program-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_string()
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.join(name), text).unwrap();
        self.path(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs to the end.
pub fn run(words: &[&str]) -> Output {
    Command::new(PROGRAM).args(words).stdin(Stdio::null()).output().unwrap()
}

/// A running program; killed at the end of the test.
pub struct Running(pub Child);

impl Running {
    pub fn start(place: &Place, words: &[&str]) -> Self {
        let errors = std::fs::File::create(place.0.join("errors")).unwrap();
        let mut command = Command::new(PROGRAM);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
        Self(command.spawn().unwrap())
    }

    pub fn signal(&self, number: i32) {
        weir_sys::process::kill(self.0.id(), number).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A daemon, by the number in its file; killed at the end of the test.
pub struct Daemon(pub u32);

impl Daemon {
    pub fn of(place: &Place, file: &str) -> Self {
        Self(place.read(file).trim().parse().unwrap())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = weir_sys::process::kill(self.0, 9);
    }
}

/// One frontend that answers with `text`.
pub fn configuration(port: u16, text: &str, global: &str) -> String {
    format!(
        "global\n{global}\ndefaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
         frontend f\n bind 127.0.0.1:{port}\n http-request return status 200 content-type text/plain string {text}\n"
    )
}

/// The body of one answer; `None` when there is none.
pub fn get(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_string())
        .filter(|_| answer.starts_with("HTTP/1.1 200"))
}

/// Clients that open a connection for each request until they are stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    pub fn start(port: u16) -> Self {
        let load = Self {
            stop: Arc::default(),
            answered: Arc::default(),
            failed: Arc::default(),
            threads: Vec::new(),
        };
        let one = || {
            let (stop, answered, failed) = (load.stop.clone(), load.answered.clone(), load.failed.clone());
            std::thread::spawn(move || {
                while !stop.load(SeqCst) {
                    let counter = if get(port).is_some() { &answered } else { &failed };
                    counter.fetch_add(1, SeqCst);
                }
            })
        };
        let threads = (0..3).map(|_| one()).collect();
        Self { threads, ..load }
    }

    /// Waits for so many more answers.
    pub fn continue_for(&self, answers: usize) {
        let goal = self.answered.load(SeqCst) + answers;
        until("answers", || (self.answered.load(SeqCst) >= goal).then_some(()));
    }

    /// How many requests failed.
    pub fn end(self) -> usize {
        self.stop.store(true, SeqCst);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        self.failed.load(SeqCst)
    }
}

/// The processes that the supervisor has, in the order of their numbers.
pub fn children(running: &Running) -> Vec<u32> {
    // Each thread has its own.
    let threads = std::fs::read_dir(format!("/proc/{}/task", running.0.id())).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let text: String = lists.collect();
    let mut children: Vec<u32> = text.split_whitespace().filter_map(|child| child.parse().ok()).collect();
    children.sort_unstable();
    children
}

/// Waits for what must come; the limit only keeps a broken test from waiting for ever.
pub fn until<T>(what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(value) = check() {
            return value;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
