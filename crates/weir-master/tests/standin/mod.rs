//! A program small enough to see the processes through: each worker answers a connection with its plan's generation,
//! its place and its process number, then echoes. A configuration has one word and its values on a line.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use weir_engine::edit::Editor;
use weir_engine::worker::{Control, Exit, ListenerSocket, WorkerInput};
use weir_master::blueprint::{Blueprint, ListenerSpec, Loaded, ProcessSettings, Taker};
use weir_master::bundle::Bundle;
use weir_master::{ControllerInput, ControllerOrder, Options, Program, Spent};
use weir_plan::{Change, Edit, EditKind, Plan};
use weir_shm::{Kind, Shm};
use weir_types::{Address, Diagnostic, Form, Level, PortSpec, Slot};

const SUPERVISOR: &str = "STANDIN_SUPERVISOR";

pub struct StandIn {
    path: String,
}

impl Program for StandIn {
    fn read(&self, bundle: &mut Bundle) -> Result<(), String> {
        let text = std::fs::read(&self.path).map_err(|error| error.to_string())?;
        bundle.sources.add(self.path.as_str(), text);
        Ok(())
    }

    fn load(&self, bundle: &mut Bundle) -> (Loaded, Spent) {
        let text = String::from_utf8_lossy(&bundle.sources.files[0].text).into_owned();
        let mut loaded = Loaded::default();
        let settings = ProcessSettings { nbthread: 2, ..ProcessSettings::default() };
        let mut blueprint = Blueprint { settings, ..Default::default() };
        for words in text.lines().map(|line| line.split(' ').collect::<Vec<_>>()) {
            match words.as_slice() {
                ["workers", count] => blueprint.settings.nbthread = count.parse().unwrap(),
                ["hard-stop-after", limit] => blueprint.settings.hard_stop_after_ms = limit.parse().ok(),
                ["listen", name, port] => {
                    blueprint.names.push((Kind::Listener, name.to_string()));
                    blueprint.names.push((Kind::Frontend, name.to_string()));
                    blueprint.listeners.push(listener(name, port.parse().unwrap()));
                }
                ["refuse-in-child"] | ["die-in-child"] | [""] => {}
                other => {
                    let text = format!("unknown keyword '{}'", other[0]);
                    loaded.diagnostics.push(Diagnostic::new(Level::Alert, Form::Config, None, text));
                    return (loaded, Spent::nothing());
                }
            }
        }
        loaded.blueprint = Some(blueprint);
        (loaded, Spent::nothing())
    }

    fn plan(&self, bundle: &Bundle, _shm: Shm) -> Result<(Arc<Plan>, Spent), String> {
        let text = String::from_utf8_lossy(&bundle.sources.files[0].text).into_owned();
        if text.contains("refuse-in-child") {
            return Err("refused in a child".into());
        }
        if text.contains("die-in-child") {
            std::process::abort();
        }
        Ok((Arc::new(Plan { generation: bundle.generation, ..Plan::default() }), Spent::nothing()))
    }

    /// `WORD` is added to the plan's words, or, for patterns, to those of the process; `refuse` and `refuse-in PID` are
    /// refused, `panic` panics.
    fn edit(&self, plan: &Arc<Plan>, edit: &Edit, _shm: Shm) -> Result<Change, String> {
        let text = String::from_utf8_lossy(&edit.bytes).into_owned();
        let me = std::process::id().to_string();
        match text.split(' ').collect::<Vec<_>>().as_slice() {
            ["refuse"] => Err("as asked".into()),
            ["refuse-in", pid] if *pid == me => Err("just here".into()),
            ["panic"] => panic!("as asked"),
            [word, ..] if edit.kind == EditKind::Patterns => {
                // The word alone may be long.
                let word = word[..word.len().min(8)].to_string();
                Ok(Change::Inside(Box::new(move || WORDS.lock().unwrap().push(word))))
            }
            [word, ..] => {
                let mut next = Plan { generation: plan.generation, ..Plan::default() };
                let before = plan.global.description.as_deref().unwrap_or("");
                next.global.description = Some(format!("{before}{word},").into());
                Ok(Change::Plan(Arc::new(next)))
            }
            [] => unreachable!("split gives a word"),
        }
    }

    fn run_worker(&self, input: WorkerInput) -> io::Result<Exit> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(tokio::task::LocalSet::new().block_on(&runtime, work(input)))
    }

    fn run_controller(&self, input: ControllerInput) -> io::Result<Exit> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(tokio::task::LocalSet::new().block_on(&runtime, control(input)))
    }
}

static WORDS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Accepting {
    task: tokio::task::JoinHandle<()>,
    waiting: std::net::TcpListener,
}

async fn work(mut input: WorkerInput) -> Exit {
    tokio::task::spawn_local(input.beside.take().expect("a conversation"));
    let (shared, worker) = (input.plan.clone(), input.worker.0);
    let mut accepting = HashMap::new();
    let accept = |sockets: Vec<ListenerSocket>, accepting: &mut HashMap<Slot, Accepting>| {
        for ListenerSocket { slot, socket } in sockets {
            let waiting = std::net::TcpListener::from(socket.try_clone().unwrap());
            let listener = TcpListener::from_std(socket.into()).unwrap();
            let plan = shared.clone();
            let task = tokio::task::spawn_local(async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    tokio::task::spawn_local(echo(stream, plan.load_full(), worker));
                }
            });
            if let Some(before) = accepting.insert(slot, Accepting { task, waiting }) {
                before.task.abort();
            }
        }
    };
    accept(input.listeners, &mut accepting);
    loop {
        match input.control.recv().await {
            Some(Control::Swap { plan, added, done }) => {
                input.plan.store(plan);
                accept(added, &mut accepting);
                let _ = done.map(|done| done.send(()));
            }
            Some(Control::SoftStop) => {
                for (_, Accepting { task, waiting }) in accepting.drain() {
                    task.abort();
                    while let Ok((stream, _)) = waiting.accept() {
                        stream.set_nonblocking(true).unwrap();
                        let stream = TcpStream::from_std(stream).unwrap();
                        tokio::task::spawn_local(echo(stream, shared.load_full(), worker));
                    }
                }
                tokio::task::yield_now().await;
                while COUNT.load(std::sync::atomic::Ordering::SeqCst) > 0 {
                    tokio::task::yield_now().await;
                }
                return Exit::Drained;
            }
            Some(Control::HardStop) => return Exit::HardStop,
            Some(_) => {}
            None => return Exit::Orphaned,
        }
    }
}

static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

async fn echo(mut stream: TcpStream, plan: Arc<Plan>, worker: u16) {
    COUNT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    let (generation, words) = (plan.generation, plan.global.description.as_deref().unwrap_or(""));
    let process = WORDS.lock().unwrap().join(",");
    let text = format!("{generation} {worker} {} {words}|{process}\n", std::process::id());
    let _ = stream.write_all(text.as_bytes()).await;
    let mut byte = [0];
    while let Ok(1) = stream.read(&mut byte).await {
        let _ = stream.write_all(&byte).await;
    }
    COUNT.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
}

async fn control(mut input: ControllerInput) -> Exit {
    tokio::task::spawn_local(input.beside);
    loop {
        match input.orders.recv().await {
            Some(ControllerOrder::Swap { plan, done, .. }) => {
                input.plan.store(plan);
                let _ = done.send(());
            }
            Some(ControllerOrder::Serve { connection, level }) => {
                let (plan, editor) = (input.plan.load_full(), input.editor.clone());
                tokio::task::spawn_local(serve(connection, level, plan, editor));
            }
            Some(ControllerOrder::HardStop) => return Exit::HardStop,
            Some(_) => {}
            None => return Exit::Orphaned,
        }
    }
}

/// `edit WORD`, `patterns WORD` and `large WORD` hand an edit in; any other command is answered with itself.
async fn serve(connection: OwnedFd, level: u8, plan: Arc<Plan>, editor: Editor) {
    use std::io::{Read, Write};
    let mut stream = std::os::unix::net::UnixStream::from(connection);
    let mut line = String::new();
    stream.read_to_string(&mut line).unwrap();
    let edit = match line.trim_end().split_once(' ') {
        Some(("edit", word)) => Edit::new(EditKind::Servers, word.as_bytes()),
        Some(("patterns", word)) => Edit::new(EditKind::Patterns, word.as_bytes()),
        Some(("large", word)) => Edit::new(EditKind::Patterns, word.repeat(1 << 20).as_bytes()),
        _ => return stream.write_all(format!("level {level}: {line}").as_bytes()).unwrap(),
    };
    let answer = match editor.submit(&plan, edit).await {
        Ok(()) => "done".to_string(),
        Err(reason) => format!("refused: {reason}"),
    };
    stream.write_all(answer.as_bytes()).unwrap();
}

fn listener(name: &str, port: u16) -> ListenerSpec {
    ListenerSpec {
        name: name.into(),
        taker: Taker::Workers,
        address: Address::ip("127.0.0.1".parse().unwrap(), PortSpec::Fixed(port)),
        settings: Default::default(),
        backlog: 0,
        owner: format!("frontend {name}"),
        place: "standin:1".into(),
    }
}

/// A running stand-in, and what it says on standard error.
pub struct Run {
    pub process: Child,
    pub path: std::path::PathBuf,
    pub directory: std::path::PathBuf,
}

impl Run {
    /// To be called first in a test: lives the life of a supervisor or child if this process is one, else starts a
    /// supervisor of the same test with this configuration and these `words` of options.
    pub fn start(test: &str, configuration: &str, words: &[&str]) -> Self {
        let directory = std::env::temp_dir().join(format!("weir-standin-{test}"));
        let path = directory.join("standin.cfg");
        let program = Arc::new(StandIn { path: path.to_str().unwrap().into() });
        if let Some(status) = weir_master::run_if_child(program.clone(), "standin") {
            std::process::exit(status);
        }
        if let Ok(words) = std::env::var(SUPERVISOR) {
            std::process::exit(weir_master::run(program, options(&words, &directory)));
        }
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(&path, configuration).unwrap();
        let errors = std::fs::File::create(directory.join("errors")).unwrap();
        let process = Command::new(std::env::current_exe().unwrap())
            .args(std::env::args_os().skip(1))
            .env(SUPERVISOR, words.join(" "))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .unwrap();
        Self { process, path, directory }
    }

    pub fn signal(&self, number: i32) {
        weir_sys::process::kill(self.process.id(), number).unwrap();
    }

    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.directory.join("errors")).unwrap()
    }

    pub fn configure(&self, text: &str) {
        std::fs::write(&self.path, text).unwrap();
    }

    pub fn until_said(&self, text: &str, times: usize) {
        until(&format!("{text:?} {times} times in {}", self.errors()), || {
            (self.errors().matches(text).count() >= times).then_some(())
        });
    }

    /// One command to the master socket and its whole answer.
    pub fn ask(&self, command: &str) -> String {
        use std::io::{Read, Write};
        let path = self.directory.join("master.sock");
        let mut stream = until("master socket", || std::os::unix::net::UnixStream::connect(&path).ok());
        stream.write_all(format!("{command}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Exit status as a shell shows it.
    pub fn end(&mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        let status = self.process.wait().unwrap();
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn options(words: &str, directory: &std::path::Path) -> Options {
    let mut options = Options { name: "standin".into(), version: "3.4.0".into(), ..Options::default() };
    for word in words.split(' ') {
        match word {
            "-W" => options.master_worker = true,
            "-S" => options.master_socket = Some(directory.join("master.sock").to_str().unwrap().into()),
            _ => {}
        }
    }
    options
}

/// A connection, and who answered it: generation, worker, process.
pub fn connect(port: u16) -> Option<(std::net::TcpStream, u64, u16, u32)> {
    use std::io::{BufRead, BufReader};
    let stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut line = String::new();
    BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let generation = words.next()?.parse().ok()?;
    let (worker, pid) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((stream, generation, worker, pid))
}

/// What a new connection shows of edits: worker, process, the plan's words and those of the process.
pub fn edited(port: u16) -> Option<(u16, u32, String)> {
    use std::io::{BufRead, BufReader};
    let stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    let words: Vec<&str> = line.trim_end().split(' ').collect();
    Some((words.get(1)?.parse().ok()?, words.get(2)?.parse().ok()?, words.get(3)?.to_string()))
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
