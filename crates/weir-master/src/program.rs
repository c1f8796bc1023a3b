//! What the processes run, seen from the supervision that starts and reloads them. `weir` runs configurations
//! (see `haproxy`); tests run a tiny stand-in.

use std::any::Any;
use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use weir_engine::edit::Editor;
use weir_engine::worker::{Exit, ListenerSocket, WorkerInput};
use weir_plan::{Change, Edit, Plan};
use weir_shm::{Kind, Shm, Wakers};

use crate::blueprint::Loaded;
use crate::bundle::Bundle;
use std::os::fd::OwnedFd;

/// What reading a configuration leaves behind. Freeing it takes a good part of the time that reading it took: it is
/// dropped when nothing waits for that.
#[must_use = "dropped at once it keeps the start waiting"]
pub struct Spent(Vec<Box<dyn Any>>);

impl Spent {
    pub fn nothing() -> Self {
        Self(Vec::new())
    }

    pub fn add(&mut self, rest: impl Any) {
        self.0.push(Box::new(rest));
    }

    /// For a process that is about to end, whose memory goes back in one piece.
    pub fn leave(self) {
        std::mem::forget(self);
    }

    pub fn free(self) {
        drop(self);
        weir_sys::memory::trim();
    }
}

pub trait Program: Send + Sync + 'static {
    /// Reads the configuration files of the command line into an empty bundle. The error is a text for the user.
    fn read(&self, bundle: &mut Bundle) -> Result<(), String>;

    /// Reads and checks everything, files included. In the supervisor, off its event loop.
    fn load(&self, bundle: &mut Bundle) -> (Loaded, Spent);

    /// Makes the plan from a bundle that [`Program::load`] accepted. In a child; names have their slots already.
    fn plan(&self, bundle: &Bundle, shm: Shm) -> Result<(Arc<Plan>, Spent), String>;

    /// Names that an edit needs places for in shared memory before children read it. In the supervisor.
    fn names(&self, _edit: &Edit) -> Vec<(Kind, String)> {
        Vec::new()
    }

    /// Reads and checks an edit of `plan` and prepares it, without putting it in force. In a child; large edits off its
    /// event loop. All children must come to the same answer; the error is a text for whoever asked for it.
    fn edit(&self, plan: &Arc<Plan>, edit: &Edit, shm: Shm) -> Result<Change, String>;

    /// Whether an edit, small as it may be, takes a while to prepare, and is better prepared off the event loop.
    fn is_heavy(&self, _plan: &Plan, _edit: &Edit) -> bool {
        false
    }

    /// The edits since the plan came into force, in fewer of the same effect: children that start later take these.
    /// In the supervisor.
    fn condense(&self, journal: Vec<Edit>) -> Vec<Edit> {
        journal
    }

    /// Serves until told to stop. Builds its own runtime.
    fn run_worker(&self, input: WorkerInput) -> io::Result<Exit>;

    /// Checks, runtime commands, timers on shared state, until told to stop. Builds its own runtime.
    fn run_controller(&self, input: ControllerInput) -> io::Result<Exit>;
}

/// Everything the controller is given.
pub struct ControllerInput {
    pub shm: Shm,
    pub wakers: Arc<Wakers>,
    pub plan: Arc<ArcSwap<Plan>>,
    /// Sockets of `stats socket` and `peers`.
    pub listeners: Vec<ListenerSocket>,
    pub orders: UnboundedReceiver<ControllerOrder>,
    pub requests: UnboundedSender<ControllerRequest>,
    /// Takes what runtime commands change of the plan.
    pub editor: Editor,
    /// To be run beside the rest: the conversation with the supervisor that feeds `orders`.
    pub beside: std::pin::Pin<Box<dyn Future<Output = ()>>>,
}

/// Orders to a running controller.
#[derive(Debug)]
pub enum ControllerOrder {
    /// Makes `plan` the one in force; `added` as in [`weir_engine::worker::Control::Swap`].
    Swap {
        plan: Arc<Plan>,
        added: Vec<ListenerSocket>,
        done: tokio::sync::oneshot::Sender<()>,
    },
    /// Serves runtime commands on a connection of the master socket. Level 1 user, 2 operator, 3 admin.
    Serve {
        connection: OwnedFd,
        level: u8,
    },
    /// Sends lines to the log targets of proxies, each with the proxy's name.
    Log {
        level: u8,
        lines: Vec<(String, String)>,
    },
    /// Takes no new commands from `stats socket`, goes on otherwise until `HardStop`.
    SoftStop,
    HardStop,
}

/// What the controller asks of the supervisor.
#[derive(Debug)]
pub enum ControllerRequest {
    /// Hand the listening sockets over on this connection (`_getsocks`).
    HandOver(OwnedFd),
    Reload,
}
