//! Health checks and agents, run once for all workers by the controller: what the pure machines of `weir-check` ask for
//! is done here with sockets and timers, and what they find goes into shared memory.
//!
//! A server between two checks costs one entry in a queue; only a check in progress has a task.

mod about;
mod agent;
mod attempt;
mod encryption;
mod external;
mod mail;
mod messenger;
mod observed;
mod outcome;
mod queue;
mod target;

use std::rc::Rc;
use std::sync::Arc;

use arc_swap::ArcSwap;
use nix::errno::Errno;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::spawn_local;
use tokio::time::{Duration, Instant, sleep_until};
use weir_check::{CheckStatus, Outcome};
use weir_plan::Plan;
use weir_shm::{Shm, Wakers};

use crate::servers::{Servers, Told, advance_ramps};
use queue::{Checked, Queue};

pub(crate) use attempt::{header as proxy_header, send};
pub use messenger::Messenger;
pub(crate) use observed::{failure, success};

/// What the checks work on.
pub struct CheckInput {
    pub shm: Shm,
    pub wakers: Arc<Wakers>,
    /// The root, shared with whoever commits plans.
    pub plan: Arc<ArcSwap<Plan>>,
    /// Notified after each commit.
    pub plan_changed: Rc<Notify>,
    /// Notified when a worker calls: all that wait for what workers do look again.
    pub called: Rc<Notify>,
    pub messenger: Rc<Messenger>,
}

/// A check that has ended.
struct Finished {
    checked: Checked,
    outcome: Outcome,
}

/// The servers of now, and whom their changes are told to.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub servers: Servers<'a>,
    pub wakers: &'a Wakers,
    pub messenger: &'a Messenger,
}

impl Desk<'_> {
    pub fn tell(&self, lines: Vec<Told>) {
        if lines.is_empty() {
            return;
        }
        for (backend, line) in &lines {
            self.messenger.tell(self.servers.plan, *backend, line);
        }
        self.wakers.wake_all(self.servers.shm);
    }
}

/// Runs until it is dropped. Must be called inside a `LocalSet`.
pub async fn run(input: CheckInput) {
    let CheckInput { shm, wakers, plan: root, plan_changed, called, messenger } = input;
    let mut plan = root.load_full();
    let (sender, mut finished): (UnboundedSender<Finished>, UnboundedReceiver<Finished>) =
        unbounded_channel();
    let mut queue = Queue::default();
    queue.follow(&plan, shm, now_ms());
    let mut errors = observed::Watch::new(&plan, shm);
    let awake = wakeups(&wakers, shm);
    let mut ramp_due: Option<u64> = Some(now_ms());
    loop {
        let desk = |now_ms| Desk {
            servers: Servers { plan: &plan, shm, now_ms },
            wakers: &wakers,
            messenger: &messenger,
        };
        tokio::select! {
            () = wait_until(queue.next_ms()) => {
                while let Some(checked) = queue.take_due(now_ms()) {
                    if !begin(&desk(now_ms()), &plan, checked, &sender) {
                        queue.skip(&plan, checked, now_ms());
                    }
                }
            }
            Some(Finished { checked, outcome }) = finished.recv() => {
                if let Some(checked) = queue.find(checked.slot, checked.of) {
                    let desk = desk(now_ms());
                    outcome::apply(&desk, checked, &outcome);
                    let health = desk.servers.health(checked.server);
                    queue.reschedule(&plan, checked, &health, now_ms());
                }
                ramp_due = ramp_due.or(Some(now_ms()));
            }
            () = plan_changed.notified() => {
                plan = root.load_full();
                messenger.follow(&plan);
                queue.follow(&plan, shm, now_ms());
                errors.follow(&plan, shm);
            }
            () = awakened(&awake, shm) => {
                called.notify_waiters();
                errors.look(&desk(now_ms()), &mut queue);
                ramp_due = ramp_due.or(Some(now_ms()));
            }
            () = wait_until(ramp_due) => {
                let now_ms = now_ms();
                let desk = desk(now_ms);
                let ramps = advance_ramps(&desk.servers);
                ramp_due = ramps.next.map(|step| now_ms + step);
                desk.tell(ramps.told);
                if ramp_due.is_some() {
                    wakers.wake_all(shm);
                }
            }
        }
    }
}

/// Whether the check began.
fn begin(desk: &Desk<'_>, plan: &Arc<Plan>, checked: Checked, sender: &UnboundedSender<Finished>) -> bool {
    let Some(attempt) = attempt::prepare(desk, plan, checked) else { return false };
    outcome::begins(&desk.servers, checked);
    let report = Report { checked, outcome: None, sender: sender.clone() };
    spawn_local(async move {
        // All of it: a closure would take the one field along.
        let mut report = report;
        report.outcome = Some(attempt.run().await);
    });
    true
}

/// Tells how a check ended when it is dropped: also one that panicked, which says nothing about its server, is followed
/// by the next.
struct Report {
    checked: Checked,
    outcome: Option<Outcome>,
    sender: UnboundedSender<Finished>,
}

impl Drop for Report {
    fn drop(&mut self) {
        let outcome = self.outcome.take().unwrap_or_else(|| Outcome {
            status: CheckStatus::Checked,
            code: None,
            info: "the check ended in an internal error".into(),
            duration_ms: 0,
        });
        // Nobody listens any more when the checks themselves have ended.
        let _ = self.sender.send(Finished { checked: self.checked, outcome });
    }
}

/// Where others call the controller.
fn wakeups(wakers: &Wakers, shm: Shm) -> Option<AsyncFd<std::os::fd::OwnedFd>> {
    if wakers.is_empty() {
        return None;
    }
    let descriptor = wakers.descriptor(shm.controller()).try_clone_to_owned().ok()?;
    // The safe constructor: an OwnedFd is never replaced or closed while the poller knows it.
    #[allow(deprecated)]
    AsyncFd::new(descriptor).ok()
}

async fn awakened(event: &Option<AsyncFd<std::os::fd::OwnedFd>>, shm: Shm) {
    let Some(event) = event else { return std::future::pending().await };
    match event.readable().await {
        Ok(mut ready) => {
            let mut count = [0; 8];
            if nix::unistd::read(event.get_ref(), &mut count) == Err(Errno::EAGAIN) {
                ready.clear_ready();
            }
            // The controller waits for no server: this only tells others that it saw the call.
            shm.take_grants(shm.controller());
        }
        Err(_) => std::future::pending().await,
    }
}

/// `CLOCK_MONOTONIC` milliseconds.
pub(crate) fn now_ms() -> u64 {
    weir_sys::clock::monotonic_ms()
}

async fn wait_until(due_ms: Option<u64>) {
    match due_ms {
        Some(due_ms) => {
            let rest = Duration::from_millis(due_ms.saturating_sub(now_ms()));
            sleep_until(Instant::now() + rest).await;
        }
        None => std::future::pending().await,
    }
}
