//! What runtime commands can reach: the plan in force, shared memory, the log.

use std::rc::Rc;
use std::sync::Arc;

use arc_swap::ArcSwap;
use weir_admin::{Answers, Control, Process, Question, View};
use weir_check::report::Line;
use weir_engine::census;
use weir_engine::checks::Messenger;
use weir_engine::ocsp::Board;
use weir_engine::peers::{Peers, SectionView};
use weir_engine::{Edited, Editor};
use weir_plan::settings::BindSettings;
use weir_plan::{Edit, Plan};
use weir_shm::{Shm, Wakers};
use weir_types::ServerId;

/// Shared by all connections to the runtime commands.
pub struct Reach {
    pub plan: Arc<ArcSwap<Plan>>,
    pub shm: Shm,
    pub wakers: Arc<Wakers>,
    pub process: Process,
    pub messenger: Rc<Messenger>,
    pub editor: Editor,
    pub peers: Rc<Peers>,
    pub board: Rc<Board>,
}

/// The same at one moment: what one input of a connection is answered from.
pub struct Moment {
    reach: Rc<Reach>,
    plan: Arc<Plan>,
}

impl Reach {
    pub fn now(self: &Rc<Self>) -> Moment {
        Moment { reach: self.clone(), plan: self.plan.load_full() }
    }

    /// `stats timeout`, milliseconds.
    pub fn timeout_ms(&self) -> Option<u64> {
        self.plan.load().global.stats_timeout.map(u64::from)
    }

    pub fn session(&self, settings: &BindSettings) -> weir_admin::Session {
        weir_admin::Session::new(weir_admin::serve::level_of(settings), settings.severity_output)
    }
}

impl Control for Moment {
    fn view(&self) -> View<'_> {
        View {
            plan: &self.plan,
            shm: self.reach.shm,
            process: &self.reach.process,
            now_ms: weir_sys::clock::monotonic_ms(),
            date_us: weir_sys::clock::realtime_us(),
        }
    }

    fn log(&self, backend: weir_types::ProxyId, line: Line) {
        self.reach.messenger.tell(&self.plan, backend, &line);
    }

    fn servers_changed(&self) {
        self.reach.wakers.wake_all(self.reach.shm);
    }

    fn clear_totals(&self) {
        for place in 0..self.reach.shm.places() {
            self.reach.shm.clear_totals(weir_types::WorkerId(place as u16));
        }
    }

    fn shutdown_sessions(&self, server: ServerId) {
        weir_engine::servers::shut_sessions(&self.view().servers(), server);
        self.servers_changed();
    }

    fn ocsp(&self) -> &Board {
        &self.reach.board
    }

    fn ask(&self, question: Question) -> Answers {
        let shm = self.reach.shm;
        Box::pin(async move {
            match question {
                Question::Streams => census::streams(shm).await,
                Question::Panic => {
                    census::panic(shm).await;
                    Vec::new()
                }
                Question::Shut(id) => match census::shut(shm, id).await {
                    true => vec![census::Person { id, ..Default::default() }],
                    false => Vec::new(),
                },
            }
        })
    }

    fn peers(&self) -> Vec<SectionView> {
        self.reach.peers.view()
    }

    fn submit(&self, edit: Edit) -> Edited {
        self.reach.editor.submit(&self.plan, edit)
    }
}

/// What `show info` and its kin tell of this weir.
pub fn process(plan: &Plan, shm: Shm, version: &str, release_date: &str) -> Process {
    let state = shm.process().state;
    let (descriptors, _) = weir_sys::limit::descriptors().unwrap_or_default();
    // Manual `maxconn`: two descriptors a connection when nothing is configured.
    let maxconn = match plan.global.maxconn {
        0 => u32::try_from(descriptors.saturating_sub(plan.listeners.len() as u64 + 32) / 2)
            .unwrap_or(u32::MAX),
        maxconn => maxconn,
    };
    Process {
        version: version.to_owned(),
        release_date: release_date.to_owned(),
        node: plan.global.node.as_deref().map_or_else(host_name, str::to_owned),
        workers: state.workers.value(),
        ulimit_n: descriptors,
        maxsock: descriptors,
        maxconn,
        hard_maxconn: maxconn,
        // `-m` is a limit of each child.
        memmax_mb: u32::try_from(weir_sys::limit::memory().ok().flatten().unwrap_or(0) >> 20).unwrap_or(0),
        environment: plan
            .environment
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value).into_owned()))
            .collect(),
        ..Process::default()
    }
}

fn host_name() -> String {
    weir_sys::privilege::host_name().unwrap_or_default()
}
