//! Health checks, run once for all workers by the controller: what the pure machines of `weir-check` ask for is done
//! here with sockets and timers, and what they find goes into shared memory.
//!
//! A server between two checks costs one entry in a queue; only a check in progress has a task.

mod attempt;
mod messenger;
mod outcome;
mod probe;
mod queue;
mod transition;

use std::rc::Rc;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::spawn_local;
use tokio::time::{Duration, Instant, sleep_until};
use weir_check::Outcome;
use weir_plan::Plan;
use weir_shm::{Shm, Wakers};
use weir_types::Slot;

use queue::Queue;

pub use messenger::Messenger;
pub use transition::Servers;

/// What the checks work on.
pub struct CheckInput {
    pub shm: Shm,
    pub wakers: Arc<Wakers>,
    /// The root, shared with whoever commits plans.
    pub plan: Arc<ArcSwap<Plan>>,
    /// Notified after each commit.
    pub plan_changed: Rc<Notify>,
    pub messenger: Rc<Messenger>,
}

/// A check that has ended.
struct Finished {
    server: Slot,
    outcome: Outcome,
}

/// Runs until it is dropped. Must be called inside a `LocalSet`.
pub async fn run(input: CheckInput) {
    let CheckInput { shm, wakers, plan: root, plan_changed, messenger } = input;
    let mut plan = root.load_full();
    let (sender, mut finished): (UnboundedSender<Finished>, UnboundedReceiver<Finished>) =
        unbounded_channel();
    let mut queue = Queue::default();
    queue.follow(&plan, now_ms());
    loop {
        let servers = Servers { plan: &plan, shm, wakers: &wakers, messenger: &messenger };
        tokio::select! {
            () = wait_until(queue.next_ms()) => {
                while let Some(checked) = queue.take_due(now_ms()) {
                    if !begin(&servers, checked, &sender) {
                        queue.skip(&plan, checked, now_ms());
                    }
                }
            }
            Some(Finished { server, outcome }) = finished.recv() => {
                if let Some(checked) = queue.find(server) {
                    outcome::apply(&servers, checked, &outcome, now_ms());
                    let health = outcome::health(&servers, checked);
                    queue.reschedule(&plan, checked, &health, now_ms());
                }
            }
            () = plan_changed.notified() => {
                plan = root.load_full();
                messenger.follow(&plan);
                queue.follow(&plan, now_ms());
            }
        }
    }
}

/// Whether the check began.
fn begin(servers: &Servers<'_>, checked: queue::Checked, sender: &UnboundedSender<Finished>) -> bool {
    let Some(attempt) = attempt::prepare(servers, checked, now_ms()) else { return false };
    let sender = sender.clone();
    spawn_local(async move {
        let outcome = attempt.run().await;
        // Nobody listens any more when the checks themselves have ended.
        let _ = sender.send(Finished { server: checked.slot, outcome });
    });
    true
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
