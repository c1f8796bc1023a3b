//! The controller's event loop: accepts on `stats socket` and the sockets of `peers`, hands listening sockets over, and runs whatever works on
//! shared state beside traffic.

mod commands;

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::socket::{MsgFlags, recv};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;
use weir_admin::Level as CommandLevel;
use weir_admin::Session;
use weir_engine::checks::{self, CheckInput, Messenger};
use weir_engine::ocsp::{Board, Updates};
use weir_engine::parts::Parts;
use weir_engine::peers::Peers;
use weir_engine::rings;
use weir_engine::worker::{Exit, ListenerSocket, LogSockets};
use weir_plan::settings::{BindSettings, SeverityOutput};
use weir_plan::{ListenerOwner, Plan};
use weir_types::Slot;

pub(crate) use commands::process;

use commands::Reach;

use crate::program::{ControllerInput, ControllerOrder, ControllerRequest};

/// Serves until told to stop. Builds its own runtime on the calling thread.
/// `version` and `release_date` are HAProxy's, as runtime commands tell them.
pub fn run(input: ControllerInput, version: &str, release_date: &str) -> io::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    let exit = local.block_on(&runtime, serve(input, version, release_date));
    runtime.shutdown_timeout(Duration::from_millis(100));
    exit
}

async fn serve(input: ControllerInput, version: &str, release_date: &str) -> io::Result<Exit> {
    let ControllerInput { shm, wakers, plan, listeners, mut orders, requests, editor, beside } = input;
    let parts = Parts::default();
    let talk = parts.spawn(beside);
    let plan_changed = Rc::new(Notify::new());
    let rings = rings::Calls { lines: Rc::default(), plan: Rc::default() };
    let rings_changed = rings.plan.clone();
    let messenger =
        Rc::new(Messenger::new(LogSockets::open(&plan.load()), &plan.load(), shm, wakers.clone()));
    let checks = parts.spawn(checks::run(CheckInput {
        shm,
        wakers: wakers.clone(),
        plan: plan.clone(),
        plan_changed: plan_changed.clone(),
        called: rings.lines.clone(),
        messenger: messenger.clone(),
    }));
    let board = Rc::new(Board::default());
    let updates = Updates {
        board: board.clone(),
        plan: plan.clone(),
        editor: editor.clone(),
        messenger: messenger.clone(),
    };
    let updates = parts.spawn(updates.run());
    let sweep = parts.spawn(sweep_tables(shm, plan.clone()));
    let rings = parts.spawn(rings::run(shm, plan.clone(), rings));
    let peers = Peers::new(shm, false);
    peers.follow(&plan.load_full());
    let exchange = parts.spawn(peers.clone().run());
    let process = process(&plan.load(), shm, version, release_date);
    let reach = Rc::new(Reach {
        plan: plan.clone(),
        shm,
        wakers,
        process,
        messenger,
        editor,
        peers,
        board: board.clone(),
    });
    let mut commands = Commands { reach, requests, parts: parts.clone(), listening: HashMap::new() };
    commands.listen(listeners)?;
    let mut farewell = None;
    let exit = loop {
        let order = tokio::select! {
            order = orders.recv() => order,
            error = parts.broken() => return Err(error),
        };
        match order {
            None => break Exit::Orphaned,
            Some(ControllerOrder::HardStop) => break Exit::HardStop,
            Some(ControllerOrder::SoftStop) => {
                // A process that takes this one's place listens for peers by now, and is told what they know.
                commands.leave_peers(&plan.load());
                farewell = Some(tokio::task::spawn_local(commands.reach.peers.clone().hand_over()));
            }
            Some(ControllerOrder::Log { level, lines }) => {
                let plan = plan.load();
                for (proxy, line) in &lines {
                    commands.reach.messenger.log(&plan, proxy, level, line);
                }
            }
            Some(ControllerOrder::Serve { connection, level }) => {
                let stream = std::os::unix::net::UnixStream::from(connection);
                stream.set_nonblocking(true)?;
                commands.session(UnixStream::from_std(stream)?, level);
            }
            Some(ControllerOrder::Swap { plan: next, added, done }) => {
                let before = plan.swap(next);
                commands.listen(added)?;
                commands.forget(&plan.load());
                commands.reach.peers.follow(&plan.load_full());
                plan_changed.notify_one();
                rings_changed.notify_one();
                board.follow();
                tokio::task::spawn_blocking(move || {
                    drop(before);
                    weir_sys::memory::trim();
                });
                // The supervisor waits for this; when it is gone there is nobody to tell.
                let _ = done.send(());
            }
        }
    };
    if let (Exit::HardStop, Some(farewell)) = (&exit, farewell) {
        // Over in any case after a while; the supervisor has the last word.
        let _ = farewell.await;
    }
    talk.abort();
    checks.abort();
    updates.abort();
    sweep.abort();
    rings.abort();
    exchange.abort();
    Ok(exit)
}

/// Takes expired entries out of the stick tables, so many a second: nobody sees them any more, but they take room.
async fn sweep_tables(shm: weir_shm::Shm, plan: Arc<arc_swap::ArcSwap<Plan>>) {
    const PAUSE: Duration = Duration::from_secs(1);
    const ENTRIES_AT_ONCE: u32 = 50_000;
    loop {
        tokio::time::sleep(PAUSE).await;
        for table in &plan.load().tables {
            let table = shm.table(table.slot, shm.controller());
            table.sweep_some(weir_sys::clock::monotonic_ms(), ENTRIES_AT_ONCE);
        }
    }
}

/// The sockets of `stats socket` lines and who is connected to them.
struct Commands {
    reach: Rc<Reach>,
    requests: UnboundedSender<ControllerRequest>,
    parts: Parts,
    listening: HashMap<Slot, AbortHandle>,
}

impl Commands {
    fn listen(&mut self, sockets: Vec<ListenerSocket>) -> io::Result<()> {
        for ListenerSocket { slot, socket } in sockets {
            weir_sys::descriptor::set_nonblocking(socket.as_fd(), true)?;
            let unix = socket2::SockRef::from(&socket).domain()? == socket2::Domain::UNIX;
            let (reach, requests) = (self.reach.clone(), self.requests.clone());
            let task = if unix {
                let listener = UnixListener::from_std(socket.into())?;
                self.parts.spawn(async move {
                    loop {
                        match listener.accept().await {
                            Ok((stream, _)) => begin_unix(stream, slot, &reach, &requests),
                            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                        }
                    }
                })
            } else {
                let listener = TcpListener::from_std(socket.into())?;
                self.parts.spawn(async move {
                    loop {
                        match listener.accept().await {
                            Ok((stream, _)) => begin_tcp(stream, slot, &reach),
                            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                        }
                    }
                })
            };
            if let Some(before) = self.listening.insert(slot, task) {
                before.abort();
            }
        }
        Ok(())
    }

    /// Closes the sockets that the plan has no longer.
    fn forget(&mut self, plan: &Plan) {
        self.listening.retain(|slot, task| {
            let kept = plan.listeners.iter().any(|listener| listener.slot == *slot);
            if !kept {
                task.abort();
            }
            kept
        });
    }

    /// Closes the sockets of `peers` sections.
    fn leave_peers(&mut self, plan: &Plan) {
        self.listening.retain(|slot, task| {
            let of_peers = is_of_peers(plan, *slot);
            if of_peers {
                task.abort();
            }
            !of_peers
        });
    }

    /// A connection that the master's socket hands over. Level 1 user, 2 operator, 3 admin.
    fn session(&self, stream: UnixStream, level: u8) {
        let level = match level {
            1 => CommandLevel::User,
            2 => CommandLevel::Operator,
            _ => CommandLevel::Admin,
        };
        let session = Session::relayed(level, SeverityOutput::None);
        tokio::task::spawn_local(answer(stream, session, self.reach.clone()));
    }
}

/// Whether a socket is that of a `peers` section.
fn is_of_peers(plan: &Plan, slot: Slot) -> bool {
    plan.listeners.iter().any(|listener| listener.owner == ListenerOwner::Peers && listener.slot == slot)
}

fn begin_unix(
    stream: UnixStream,
    slot: Slot,
    reach: &Rc<Reach>,
    requests: &UnboundedSender<ControllerRequest>,
) {
    if is_of_peers(&reach.plan.load(), slot) {
        if let Ok(stream) = stream.into_std() {
            reach.peers.accept(OwnedFd::from(stream), slot);
        }
        return;
    }
    let Some(settings) = settings_of(&reach.plan.load(), slot) else { return };
    let (reach, requests) = (reach.clone(), requests.clone());
    tokio::task::spawn_local(async move {
        if settings.expose_fd_listeners && asks_for_sockets(&stream).await.unwrap_or(false) {
            if let Ok(stream) = stream.into_std() {
                // Without a supervisor the connection closes.
                let _ = requests.send(ControllerRequest::HandOver(OwnedFd::from(stream)));
            }
            return;
        }
        let session = reach.session(&settings);
        answer(stream, session, reach).await;
    });
}

fn begin_tcp(stream: TcpStream, slot: Slot, reach: &Rc<Reach>) {
    if is_of_peers(&reach.plan.load(), slot) {
        // Small messages are not to wait for the acknowledgement of those before.
        let _ = stream.set_nodelay(true);
        if let Ok(stream) = stream.into_std() {
            reach.peers.accept(OwnedFd::from(stream), slot);
        }
        return;
    }
    let Some(settings) = settings_of(&reach.plan.load(), slot) else { return };
    tokio::task::spawn_local(answer(stream, reach.session(&settings), reach.clone()));
}

fn settings_of(plan: &Plan, slot: Slot) -> Option<Arc<BindSettings>> {
    let mut listeners = plan.listeners.iter();
    let listener =
        listeners.find(|listener| listener.owner == ListenerOwner::Cli && listener.slot == slot)?;
    Some(listener.settings.clone())
}

/// Whether the first line is `_getsocks`. It is taken then; any other line is left to be read.
async fn asks_for_sockets(stream: &UnixStream) -> io::Result<bool> {
    const LINE: &[u8] = b"_getsocks\n";
    let mut seen = [0; LINE.len()];
    loop {
        stream.readable().await?;
        let peek = || Ok(recv(stream.as_raw_fd(), &mut seen, MsgFlags::MSG_PEEK)?);
        match stream.try_io(Interest::READABLE, peek) {
            Ok(count) if count == LINE.len() => break,
            Ok(count) if count == 0 || !LINE.starts_with(&seen[..count]) => return Ok(false),
            // The rest of the word is on its way; peeking again at once would spin.
            Ok(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    if seen != LINE {
        return Ok(false);
    }
    recv(stream.as_raw_fd(), &mut seen, MsgFlags::empty())?;
    Ok(true)
}

async fn answer(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + 'static,
    session: Session,
    reach: Rc<Reach>,
) {
    reach.shm.process().counters(reach.shm.controller()).cum_req.increment();
    // A client that left needs no answer.
    let _ = weir_admin::serve::connection(stream, session, reach.timeout_ms(), || reach.now()).await;
}
