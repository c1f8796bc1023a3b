//! A child's life before it has an event loop: descriptors, rights, plan; then it runs as worker or controller.

mod conversation;
mod edits;
mod held;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use nix::libc;
use tokio::sync::mpsc::unbounded_channel;
use weir_engine::edit::Editor;
use weir_engine::worker::{Exit, ListenerSocket, WorkerInput};
use weir_plan::Plan;
use weir_shm::{Shm, Wakers};
use weir_types::{Slot, WorkerId};

use crate::blueprint::ChildSettings;
use crate::bundle::Bundle;
use crate::channel::{Received, receive_blocking, send_blocking};
use crate::message::{Order, Reply};
use crate::program::{ControllerInput, Program};
use conversation::{Conversation, Receiver};
use held::Held;

/// Tells a child its role and where its control channel is.
pub const VARIABLE: &str = "WEIR_ROLE";

/// What a process of one weir is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    Worker(WorkerId),
    Controller,
}

impl Role {
    pub fn text(self) -> String {
        match self {
            Role::Worker(worker) => format!("worker-{}", worker.0),
            Role::Controller => "controller".to_string(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("worker-") {
            Some(number) => Some(Role::Worker(WorkerId(number.parse().ok()?))),
            None => (text == "controller").then_some(Role::Controller),
        }
    }
}

/// If this process was started as a child, lives its life and returns its exit status; `None` in the supervisor.
/// To be called first in `main`, before any thread is started.
pub fn run_if_child(program: Arc<dyn Program>, name: &str) -> Option<i32> {
    let status = match weir_sys::process::child_role(VARIABLE)? {
        Ok((role, control)) => match Role::parse(&role) {
            Some(role) => live(program, role, control.into(), name),
            None => Err(io::ErrorKind::InvalidInput.into()),
        },
        Err(error) => Err(error),
    };
    Some(match status {
        Ok(status) => status,
        Err(error) => {
            let level = weir_types::Level::Alert;
            let line = crate::report::line(level, std::process::id(), &error.to_string());
            weir_types::terminal::report(line);
            1
        }
    })
}

/// What arrives beside the first message.
struct Inheritance {
    bundle: OwnedFd,
    shm: Shm,
    wakers: Arc<Wakers>,
    listeners: Vec<ListenerSocket>,
    settings: ChildSettings,
}

fn live(program: Arc<dyn Program>, role: Role, control: UnixStream, name: &str) -> io::Result<i32> {
    // The supervisor decides what a signal to the process group means, and tells its children.
    let signals = [
        libc::SIGINT,
        libc::SIGTERM,
        libc::SIGHUP,
        libc::SIGUSR1,
        libc::SIGUSR2,
        libc::SIGQUIT,
        libc::SIGTTIN,
        libc::SIGTTOU,
        libc::SIGPIPE,
    ];
    weir_sys::process::ignore(&signals);
    weir_sys::process::set_name(name)?;
    let Some(start) = receive_blocking(&control)? else { return Ok(0) };
    let inheritance = inherit(start)?;
    if let Err(error) = restrict(&inheritance.settings) {
        // Generation 0 stands for whichever plan this child was to begin with.
        send_blocking(&control, Reply::Refused { generation: 0, reason: error.to_string() }.encode())?;
        return Ok(1);
    }
    let bundle = Bundle::unseal(inheritance.bundle.as_fd())?;
    let generation = bundle.generation;
    let (plan, mut spent) = match program.plan(&bundle, inheritance.shm) {
        Ok(made) => made,
        Err(reason) => {
            send_blocking(&control, Reply::Refused { generation, reason }.encode())?;
            return Ok(1);
        }
    };
    spent.add(bundle);
    send_blocking(&control, Reply::Prepared { generation }.encode())?;
    spent.free();
    match wait_for_commit(&*program, &control, inheritance.shm, plan)? {
        Some(plan) => run(program, role, control, inheritance, plan),
        None => Ok(0),
    }
}

/// The plan with what was edited since; `None`: told to end, or the supervisor is gone.
fn wait_for_commit(
    program: &dyn Program,
    control: &UnixStream,
    shm: Shm,
    mut plan: Arc<Plan>,
) -> io::Result<Option<Arc<Plan>>> {
    while let Some(received) = receive_blocking(control)? {
        match Order::decode(&received.bytes).map_err(io::Error::other)? {
            Order::Commit { generation } if generation == plan.generation => return Ok(Some(plan)),
            Order::Abort { .. } | Order::SoftStop | Order::HardStop => return Ok(None),
            Order::Replay { segments, edits, .. } => {
                let replayed = edits::attach(shm, received.descriptors, segments)
                    .and_then(|beside| edits::replay(program, shm, &mut plan, &edits, beside));
                if let Err(error) = replayed {
                    let reason = error.to_string();
                    send_blocking(control, Reply::Refused { generation: plan.generation, reason }.encode())?;
                    return Err(error);
                }
            }
            _ => {}
        }
    }
    Ok(None)
}

fn run(
    program: Arc<dyn Program>,
    role: Role,
    control: UnixStream,
    inheritance: Inheritance,
    plan: Arc<Plan>,
) -> io::Result<i32> {
    let Inheritance { shm, wakers, listeners, .. } = inheritance;
    let (first, plan) = (plan.clone(), Arc::new(ArcSwap::new(plan)));
    let (requests, asked) = unbounded_channel();
    let (editor, submitted) = Editor::new();
    let place = match role {
        Role::Worker(worker) => worker,
        Role::Controller => shm.controller(),
    };
    let held = Held::new(shm.worker(place), &first);
    let conversation = |receiver| Conversation {
        program: program.clone(),
        shm,
        control,
        plan: first,
        held,
        receiver,
        asked,
        submitted,
    };
    let exit = match role {
        Role::Worker(worker) => {
            let (orders, control) = unbounded_channel();
            let beside = conversation(Receiver::Worker(orders)).hold();
            program.run_worker(WorkerInput {
                worker,
                shm,
                wakers,
                plan,
                listeners,
                control,
                log_sockets: Default::default(),
                stats: None,
                editor,
                beside: Some(Box::pin(beside)),
            })?
        }
        Role::Controller => {
            let (sender, orders) = unbounded_channel();
            let beside = Box::pin(conversation(Receiver::Controller(sender)).hold());
            program.run_controller(ControllerInput {
                shm,
                wakers,
                plan,
                listeners,
                orders,
                requests,
                editor,
                beside,
            })?
        }
    };
    Ok(match exit {
        Exit::Drained | Exit::HardStop | Exit::Orphaned => 0,
    })
}

fn inherit(start: Received) -> io::Result<Inheritance> {
    let order = Order::decode(&start.bytes).map_err(io::Error::other)?;
    let Order::Start { segments, wakers, listeners, settings } = order else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let mut descriptors = start.descriptors.into_iter();
    let bundle = descriptors.next().ok_or(io::ErrorKind::InvalidData)?;
    let shm =
        Shm::attach(descriptors.by_ref().take(segments as usize).collect()).map_err(io::Error::other)?;
    let wakers = Arc::new(Wakers::from_descriptors(descriptors.by_ref().take(wakers as usize).collect()));
    Ok(Inheritance { bundle, shm, wakers, listeners: pair(listeners, descriptors), settings })
}

fn pair(slots: Vec<Slot>, descriptors: impl Iterator<Item = OwnedFd>) -> Vec<ListenerSocket> {
    slots.into_iter().zip(descriptors).map(|(slot, socket)| ListenerSocket { slot, socket }).collect()
}

/// Gives up what the child does not need. Files are read from the bundle, so the root may be empty.
fn restrict(settings: &ChildSettings) -> io::Result<()> {
    let named = |text: &str| {
        let text = text.to_string();
        move |_| io::Error::other(format!("[haproxy.main()] Cannot {text}."))
    };
    if settings.silent {
        weir_sys::process::silence_standard_streams()?;
    }
    if !settings.cpus.is_empty() {
        let cpus: Vec<usize> = settings.cpus.iter().map(|cpu| *cpu as usize).collect();
        weir_sys::limit::set_cpus(&cpus).map_err(named("set CPU affinity"))?;
    }
    if settings.memory_bytes != 0 {
        weir_sys::limit::set_memory(settings.memory_bytes).map_err(named("limit memory"))?;
    }
    if let Some(path) = &settings.chroot {
        weir_sys::privilege::change_root(Path::new(path)).map_err(named(&format!("chroot({path})")))?;
    }
    if let Some(gid) = settings.gid {
        weir_sys::privilege::set_group(gid, &[]).map_err(named(&format!("set gid {gid}")))?;
    }
    if let Some(uid) = settings.uid {
        weir_sys::privilege::set_user(uid, &settings.capabilities)
            .map_err(named(&format!("set uid {uid}")))?;
    }
    if settings.set_dumpable {
        weir_sys::limit::allow_core().map_err(named("allow core files"))?;
    }
    weir_sys::process::set_parent_death_signal(libc::SIGKILL)
}
