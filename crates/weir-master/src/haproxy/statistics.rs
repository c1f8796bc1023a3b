//! The statistics page in a worker: figures of all processes, and orders from its forms.

use std::sync::Arc;

use arc_swap::ArcSwap;
use weir_admin::{Process, View, page, prometheus};
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
        let messenger = Messenger::new(LogSockets::open(&plan), &plan, input.shm, input.wakers.clone());
        Self { shm: input.shm, wakers: input.wakers.clone(), plan: input.plan.clone(), process, messenger }
    }
}

impl Statistics {
    fn view<'a>(&'a self, plan: &'a Plan) -> View<'a> {
        View {
            plan,
            shm: self.shm,
            process: &self.process,
            now_ms: weir_sys::clock::monotonic_ms(),
            date_us: weir_sys::clock::realtime_us(),
        }
    }
}

impl StatsService for Statistics {
    fn answer(&self, request: &StatsRequest<'_>) -> StatsAnswer {
        if request.method == b"POST" {
            self.messenger.follow(&self.plan.load_full());
        }
        let tell = |backend, line| self.messenger.tell(request.plan, backend, &line);
        let answer = page::respond(&self.view(request.plan), request, &tell);
        if request.method == b"POST" {
            self.wakers.wake_all(self.shm);
        }
        answer
    }

    fn metrics(&self, plan: &Plan, query: &[u8]) -> StatsAnswer {
        let text = |status, kind: &str, body: String| StatsAnswer {
            status,
            headers: vec![("cache-control", "no-cache".into()), ("content-type", kind.to_owned())],
            body: body.into_bytes(),
        };
        match prometheus::Query::parse(&String::from_utf8_lossy(query)) {
            Some(query) => text(200, prometheus::CONTENT_TYPE, prometheus::page(&self.view(plan), &query)),
            None => text(400, "text/plain", String::new()),
        }
    }
}
