//! One worker: its runtime, what all its tasks share, and its orders from the supervisor.

use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use weir_plan::Plan;
use weir_shm::{Shm, Wakers};
use weir_types::{Slot, WorkerId};

use crate::stats::StatsService;

/// A bound and listening, non-blocking socket of the listener with this slot.
#[derive(Debug)]
pub struct ListenerSocket {
    /// [`weir_plan::Listener::slot`]: stays the same over reloads, so a socket finds its listener in the next plan.
    pub slot: Slot,
    pub socket: OwnedFd,
}

/// Sockets for log targets that cannot be opened later (`chroot`, privileges).
#[derive(Debug, Default)]
pub struct LogSockets {}

/// Everything a worker is given.
pub struct WorkerInput {
    pub worker: WorkerId,
    pub shm: Shm,
    pub wakers: Arc<Wakers>,
    /// The root: stored by whoever commits a plan, read at every new connection and request.
    pub plan: Arc<ArcSwap<Plan>>,
    pub listeners: Vec<ListenerSocket>,
    pub control: UnboundedReceiver<Control>,
    pub log_sockets: LogSockets,
    /// Answers for the statistics page; without it, `stats uri` is not recognised.
    pub stats: Option<Rc<dyn StatsService>>,
    /// Runs beside the traffic on the worker's runtime: the conversation with the supervisor that feeds `control`.
    pub beside: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

/// Orders to a running worker, obeyed in their order.
#[derive(Debug)]
pub enum Control {
    /// Makes `plan` the one in force. `added` are the sockets of listeners that are new or were bound anew; sockets
    /// whose slot the plan no longer has are emptied of waiting connections and closed. `done` is answered when new
    /// connections are served by the new plan.
    Swap {
        plan: Arc<Plan>,
        added: Vec<ListenerSocket>,
        done: Option<oneshot::Sender<()>>,
    },
    /// Stops accepting (`Pause`) on every listener of the proxy, without closing (`disable frontend`, SIGTTOU).
    Pause(Option<Slot>),
    Resume(Option<Slot>),
    /// Closes the listeners, finishes what is running, then [`run`] returns.
    SoftStop,
    /// Ends everything now.
    HardStop,
}

/// Why [`run`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// After a soft stop the last connection ended.
    Drained,
    HardStop,
    /// The sender of `control` is gone: there is no supervisor any more.
    Orphaned,
}

/// Serves until told to stop. Builds its own runtime on the calling thread.
pub fn run(input: WorkerInput) -> io::Result<Exit> {
    let _ = input;
    Err(io::ErrorKind::Unsupported.into())
}
