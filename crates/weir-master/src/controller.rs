//! The controller's event loop: accepts on `stats socket`, hands listening sockets over, and runs whatever works on
//! shared state beside traffic.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use nix::sys::socket::{MsgFlags, recv};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use weir_engine::checks::{self, CheckInput};
use weir_engine::worker::{Exit, ListenerSocket, LogSockets};
use weir_plan::settings::BindSettings;
use weir_plan::{ListenerOwner, Plan};
use weir_types::Slot;

use crate::program::{ControllerInput, ControllerOrder, ControllerRequest};

/// Serves until told to stop. Builds its own runtime on the calling thread.
pub fn run(input: ControllerInput) -> io::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    let exit = local.block_on(&runtime, serve(input));
    runtime.shutdown_timeout(Duration::from_millis(100));
    exit
}

async fn serve(input: ControllerInput) -> io::Result<Exit> {
    let ControllerInput { shm, wakers, plan, listeners, mut orders, requests, beside } = input;
    let talk = tokio::task::spawn_local(beside);
    let plan_changed = Rc::new(Notify::new());
    let checks = tokio::task::spawn_local(checks::run(CheckInput {
        shm,
        wakers,
        plan: plan.clone(),
        plan_changed: plan_changed.clone(),
        log_sockets: LogSockets::open(&plan.load()),
    }));
    let mut commands = Commands { plan: plan.clone(), requests, listening: HashMap::new() };
    commands.listen(listeners)?;
    let exit = loop {
        match orders.recv().await {
            None => break Exit::Orphaned,
            Some(ControllerOrder::HardStop) => break Exit::HardStop,
            Some(ControllerOrder::SoftStop) => {}
            Some(ControllerOrder::DumpServers) => {}
            Some(ControllerOrder::Serve { connection, level: _ }) => {
                let stream = std::os::unix::net::UnixStream::from(connection);
                stream.set_nonblocking(true)?;
                commands.session(UnixStream::from_std(stream)?);
            }
            Some(ControllerOrder::Swap { plan: next, added, done }) => {
                let before = plan.swap(next);
                commands.listen(added)?;
                commands.forget(&plan.load());
                plan_changed.notify_one();
                tokio::task::spawn_blocking(move || drop(before));
                // The supervisor waits for this; when it is gone there is nobody to tell.
                let _ = done.send(());
            }
        }
    };
    talk.abort();
    checks.abort();
    Ok(exit)
}

/// The sockets of `stats socket` lines and who is connected to them.
struct Commands {
    plan: Arc<ArcSwap<Plan>>,
    requests: UnboundedSender<ControllerRequest>,
    listening: HashMap<Slot, JoinHandle<()>>,
}

impl Commands {
    fn listen(&mut self, sockets: Vec<ListenerSocket>) -> io::Result<()> {
        for ListenerSocket { slot, socket } in sockets {
            weir_sys::descriptor::set_nonblocking(socket.as_fd(), true)?;
            let unix = socket2::SockRef::from(&socket).domain()? == socket2::Domain::UNIX;
            let (plan, requests) = (self.plan.clone(), self.requests.clone());
            let task = if unix {
                let listener = UnixListener::from_std(socket.into())?;
                tokio::task::spawn_local(async move {
                    loop {
                        match listener.accept().await {
                            Ok((stream, _)) => begin_unix(stream, slot, &plan, &requests),
                            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                        }
                    }
                })
            } else {
                let listener = TcpListener::from_std(socket.into())?;
                tokio::task::spawn_local(async move {
                    loop {
                        match listener.accept().await {
                            Ok((stream, _)) => begin_tcp(stream),
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

    fn session(&self, stream: UnixStream) {
        tokio::task::spawn_local(answer(stream));
    }
}

fn begin_unix(
    stream: UnixStream,
    slot: Slot,
    plan: &ArcSwap<Plan>,
    requests: &UnboundedSender<ControllerRequest>,
) {
    let exposes = settings_of(&plan.load(), slot).is_some_and(|settings| settings.expose_fd_listeners);
    let requests = requests.clone();
    tokio::task::spawn_local(async move {
        if exposes && asks_for_sockets(&stream).await.unwrap_or(false) {
            if let Ok(stream) = stream.into_std() {
                // Without a supervisor the connection closes.
                let _ = requests.send(ControllerRequest::HandOver(OwnedFd::from(stream)));
            }
            return;
        }
        answer(stream).await;
    });
}

fn begin_tcp(stream: TcpStream) {
    tokio::task::spawn_local(answer(stream));
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

async fn answer(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + 'static) {
    // A client that left needs no answer.
    let _ = stream.write_all(b"Runtime commands are not available yet.\n\n").await;
    let _ = stream.shutdown().await;
}
