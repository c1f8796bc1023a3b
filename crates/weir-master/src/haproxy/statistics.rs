//! The statistics page in a worker: figures of all processes, and orders from its forms.

use std::sync::Arc;

use arc_swap::ArcSwap;
use weir_admin::{Process, View, page};
use weir_engine::checks::Messenger;
use weir_engine::worker::{LogSockets, WorkerInput};
use weir_engine::{StatsAnswer, StatsRequest, StatsService};
use weir_plan::Plan;
use weir_shm::{Shm, Wakers};

pub struct Statistics {
    shm: Shm,
    wakers: Arc<Wakers>,
    plan: Arc<ArcSwap<Plan>>,
    process: Process,
    messenger: Messenger,
}

impl Statistics {
    pub fn new(input: &WorkerInput, process: Process) -> Self {
        let plan = input.plan.load();
        let messenger = Messenger::new(LogSockets::open(&plan), &plan, input.shm);
        Self { shm: input.shm, wakers: input.wakers.clone(), plan: input.plan.clone(), process, messenger }
    }
}

impl StatsService for Statistics {
    fn answer(&self, request: &StatsRequest<'_>) -> StatsAnswer {
        let view = View {
            plan: request.plan,
            shm: self.shm,
            process: &self.process,
            now_ms: weir_sys::clock::monotonic_ms(),
            date_us: weir_sys::clock::realtime_us(),
        };
        if request.method == b"POST" {
            self.messenger.follow(&self.plan.load_full());
        }
        let answer =
            page::respond(&view, request, &|backend, line| self.messenger.tell(request.plan, backend, &line));
        if request.method == b"POST" {
            self.wakers.wake_all(self.shm);
        }
        answer
    }
}
