//! One object with its shared state and every worker's counters. Small and `Copy`: keep them in a plan's side table.

use weir_types::{Slot, WorkerId};

use crate::balance::Balance;
use crate::counters::*;
use crate::queue::Queue;
use crate::shm::Shm;
use crate::state::*;

/// What views of every kind can do with counters.
macro_rules! view {
    ($(#[$doc:meta])* $name:ident, $state:ty, $counters:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name {
            pub(crate) shm: Shm,
            pub(crate) slot: Slot,
            /// Shared by all workers.
            pub state: &'static $state,
        }

        impl $name {
            pub fn slot(&self) -> Slot {
                self.slot
            }

            /// The counters of every place that was ever used, the controller's last.
            pub fn all(&self) -> impl Iterator<Item = &'static $counters> {
                let view = *self;
                self.shm.used_places().map(move |place| view.counters(place))
            }

            /// A counter or gauge summed over workers: `view.sum(|counters| counters.stot.value())`.
            pub fn sum(&self, read: impl Fn(&$counters) -> u64) -> u64 {
                self.all().map(|counters| read(counters)).sum()
            }

            /// The latest or largest over workers.
            pub fn latest(&self, read: impl Fn(&$counters) -> u64) -> u64 {
                self.all().map(|counters| read(counters)).max().unwrap_or(0)
            }

            /// A mean over workers: `view.mean(|counters| counters.rtime.parts())`, in the values' unit.
            pub fn mean(&self, read: impl Fn(&$counters) -> (u64, u64)) -> u64 {
                let (sum, samples) =
                    self.all().map(|counters| read(counters)).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
                sum.checked_div(samples).unwrap_or(0)
            }
        }
    };
}

/// The general form of a view, for code over several kinds.
pub trait View: Copy {
    type Counters: 'static;

    /// Where `worker` counts. Keep the reference: it stays valid for the life of the process.
    fn counters(&self, worker: WorkerId) -> &'static Self::Counters;
}

macro_rules! place {
    ($name:ident, $counters:ty, $field:ident) => {
        impl $name {
            /// Where `worker` counts. Keep the reference: it stays valid for the life of the process.
            pub fn counters(&self, worker: WorkerId) -> &'static $counters {
                let (segment, index) = self.shm.locate(self.slot);
                let array = segment.layout.counters[usize::from(worker.0)].$field;
                &segment.slice(array)[index]
            }
        }

        impl View for $name {
            type Counters = $counters;

            fn counters(&self, worker: WorkerId) -> &'static $counters {
                $name::counters(self, worker)
            }
        }
    };
}

view!(
    /// The process as a whole.
    ProcessView, ProcessState, ProcessCounters
);
view!(
    /// One `bind` line.
    ListenerView, ListenerState, ListenerCounters
);
view!(
    /// A proxy's frontend half.
    FrontendView, ProxyState, FrontendCounters
);
view!(
    /// A proxy's backend half.
    BackendView, ProxyState, BackendCounters
);
view!(
    /// One server of one backend.
    ServerView, ServerState, ServerCounters
);
place!(ProcessView, ProcessCounters, process);
place!(ListenerView, ListenerCounters, listeners);
place!(FrontendView, FrontendCounters, frontends);
place!(BackendView, BackendCounters, backends);
place!(ServerView, ServerCounters, servers);

impl BackendView {
    /// Locks the backend's balancing state on behalf of `worker`.
    pub fn balance(&self, worker: WorkerId) -> Balance<'static> {
        let area = self.shm.balance_area(self.slot);
        let guard = area.lock.lock(worker);
        if guard.recovered() {
            Queue { shm: self.shm, backend: self.slot }.rebuild();
        }
        Balance { shm: self.shm, backend: self.slot, area, guard }
    }

    /// [`BackendView::balance`] for the length of a closure.
    pub fn with_balance<T>(&self, worker: WorkerId, work: impl FnOnce(&Balance<'_>) -> T) -> T {
        work(&self.balance(worker))
    }
}

impl ServerView {
    /// Texts of the last check and the last agent check.
    pub fn text(&self) -> &'static ServerText {
        let (segment, index) = self.shm.locate(self.slot);
        &segment.slice(segment.layout.server_texts)[index]
    }
}
