//! The process that starts all others and touches no traffic: it reads files, binds and keeps every listening socket,
//! replaces children that die, swaps plans, and answers on the master socket.
//!
//! One loop takes events in order ([`event`]); everything else sends events to it. What a reload waits for is state
//! ([`reload::Reload`]), so signals and deaths are handled while it is under way.

mod boot;
mod children;
mod edits;
mod event;
mod finish;
mod limits;
mod pidfile;
mod proxies;
mod reload;
mod signals;
mod status;

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use weir_shm::{Shm, Wakers};

use crate::blueprint::Blueprint;
use crate::listeners::Listeners;
use crate::options::Options;
use crate::program::Program;
use crate::report::Report;
use children::Children;
use edits::Edits;
use finish::Stopping;
use reload::Reload;

pub use boot::{check, run};
pub use event::{Event, ReloadAnswer, Request};
pub use status::ProcessTable;

pub struct Supervisor {
    program: Arc<dyn Program>,
    options: Arc<Options>,
    report: Report,
    shm: Shm,
    wakers: Arc<Wakers>,
    /// Descriptors of the wakers, to be passed to children.
    waker_descriptors: Vec<Arc<OwnedFd>>,
    /// Descriptors of the segments, likewise.
    segments: Vec<Arc<OwnedFd>>,
    /// What is in force.
    current: Running,
    children: Children,
    reload: Reload,
    edits: Edits,
    stopping: Stopping,
    master_worker: bool,
    daemon: bool,
    /// Told to let go of its addresses (SIGTTOU).
    paused: bool,
    events: UnboundedReceiver<Event>,
    sender: UnboundedSender<Event>,
}

/// A plan that children run or are to run, as far as the supervisor knows it.
#[derive(Clone)]
pub struct Running {
    pub generation: u64,
    pub bundle: Arc<OwnedFd>,
    pub blueprint: Arc<Blueprint>,
    pub listeners: Listeners,
    pub workers: usize,
}

impl Supervisor {
    /// Until every child has ended; the exit is what the process is to do then.
    async fn supervise(&mut self) -> finish::Exit {
        loop {
            let pause = self.next_check();
            let event = tokio::select! {
                event = self.events.recv() => event.expect("the supervisor itself holds a sender"),
                () = tokio::time::sleep(pause) => Event::Tick,
            };
            match event {
                Event::Signal(number) => self.obey_signal(number),
                Event::Replied { child, reply, descriptors } => self.hear(child, reply, descriptors),
                Event::Silent { child } => self.lost_channel(child),
                Event::Ended => self.bury(),
                Event::Loaded(loaded) => self.continue_reload(*loaded),
                Event::Asked(request) => self.answer(request),
                Event::Tick => {}
            }
            self.check_deadlines();
            if let Some(exit) = self.exit() {
                return exit;
            }
        }
    }

    /// How long until something has to be looked at without an event.
    fn next_check(&self) -> Duration {
        let busy = self.stopping.is_timed() || self.children.wants_attention() || self.reload.is_timed();
        if busy || self.edits.is_timed() { Duration::from_millis(50) } else { Duration::from_secs(3600) }
    }
}
