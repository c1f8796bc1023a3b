//! A request in progress, or a whole TCP connection: everything the phases need, in one box that is used again.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use openssl::ssl::Ssl;
use weir_http::{Request, Response};
use weir_plan::{Backend, Plan, Proxy};
use weir_sample::Variables;
use weir_shm::{BackendCounters, ServerCounters, ServerState};
use weir_types::{ProxyId, ServerId, Slot};

use crate::bandwidth::Enabled;
use crate::buffers::Buffers;
use crate::cache::CacheUse;
use crate::channel::Channel;
use crate::effort::Effort;
use crate::encrypted::Tls;
use crate::http::Coding;
use crate::log_line::Origin;
use crate::pool::{InUse, ServerPool};
use crate::queue::Waiting;
use crate::record::{Record, Stage};
use crate::rules::{RequestStage, ResponseStage};
use crate::server::Target;
use crate::session::Addresses;
use crate::shelf::Shelf;
use crate::socket::Socket;
use crate::stick::Stores;
use crate::timers::NEVER;
use crate::tracking::Trackers;
use crate::worker::Worker;

/// See the table in the crate's documentation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    #[default]
    RequestHead,
    RequestRules,
    Queue,
    Connect,
    Exchange,
    Reply,
    Finish,
}

/// What a phase did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Went on to another phase (which is set).
    Next,
    /// Waits for a socket, a timer or a grant; wakers are in place.
    Wait,
    /// The stream is over.
    End(Ending),
}

/// What becomes of the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The next request is awaited.
    KeepAlive,
    Close,
    Reset,
    /// Without letting the client know (`silent-drop`).
    Silent,
    /// It speaks HTTP/2: what it sent is in the stream's buffer.
    Http2,
}

/// The connection to the server that serves this stream.
#[derive(Debug)]
pub struct Link {
    pub socket: Socket,
    pub target: Target,
    /// The name that it is encrypted for (SNI), where it is.
    pub name: Option<Box<str>>,
    /// Requests it carried before this one.
    pub uses: u32,
    pub established: bool,
    /// The connection is to be encrypted once the first `clear` bytes have gone out as they are (a PROXY header).
    pub ssl: Option<Ssl>,
    pub clear: usize,
    /// Counts in the server's pool while it serves this stream.
    pub in_use: InUse,
}

/// The server that was chosen, with its places in shared memory.
#[derive(Debug, Clone)]
pub struct Assigned {
    pub server: ServerId,
    pub slot: Slot,
    /// The backend's place, whose lock guards the server's places.
    pub backend: Slot,
    pub counters: &'static ServerCounters,
    pub state: &'static ServerState,
    pub pool: Rc<ServerPool>,
    /// [`ServerState::shut_sessions`] when the server was assigned: another value means that the stream is to end.
    pub shut_sessions: u32,
    /// Occupies one of the server's places (`Balance::release` is owed).
    pub holds_place: bool,
    /// The plan that `server` is an index of.
    pub plan: Arc<Plan>,
}

/// Moments at which something is given up, milliseconds; [`NEVER`] where nothing is.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    pub client: u64,
    pub server: u64,
    /// Of the phase as a whole: `http-request`, `queue`, `connect`, `tarpit`, inspect delay.
    pub phase: u64,
    /// When a body that a filter holds back goes on.
    pub body: u64,
}

impl Deadlines {
    pub const NONE: Self = Self { client: NEVER, server: NEVER, phase: NEVER, body: NEVER };

    pub fn next(&self) -> u64 {
        self.client.min(self.server).min(self.phase).min(self.body)
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self::NONE
    }
}

#[derive(Debug, Default)]
pub struct Stream {
    pub phase: Phase,
    pub frontend: ProxyId,
    /// The frontend itself until a backend was chosen.
    pub backend: ProxyId,
    pub backend_counters: Option<&'static BackendCounters>,
    /// Client to server.
    pub up: Channel,
    /// Server to client.
    pub down: Channel,
    pub coding: Coding,
    pub effort: Effort,
    pub cache: Option<Box<CacheUse>>,
    pub request: Request,
    pub response: Response,
    pub assigned: Option<Assigned>,
    pub link: Option<Link>,
    /// How a connection to a server that came to nothing was encrypted: the log line may speak of it.
    pub failed_tls: Option<Box<Tls>>,
    pub waiting: Option<Rc<Waiting>>,
    pub deadlines: Deadlines,
    pub timeouts: StreamTimeouts,
    pub record: Record,
    /// Connection attempts left.
    pub attempts_left: u32,
    /// The server whose attempt failed last.
    pub avoid: Option<ServerId>,
    /// Counted in the gauges: [`crate::turn::Turn::abandon`] is owed.
    pub running: bool,
    /// What becomes of the client's connection after `Finish`.
    pub ending: Option<Ending>,
    /// The connection attempt waits before it is made on the same server again.
    pub turn_around: bool,
    /// Behind that wait a server is chosen anew.
    pub reassign: bool,
    /// Which kind of retry this is depends on the server that is chosen next.
    pub retry_uncounted: bool,
    /// The server in whose queue the stream stands, or did.
    pub asked: Option<ServerId>,
    /// The server was asked for by a cookie or a rule.
    pub persistent: bool,
    /// `disable-l7-retry`.
    pub sent_once: bool,
    /// The head of the response was received and its rules were met.
    pub response_begun: bool,
    /// When either side last moved, milliseconds; what its timeout counts from.
    pub client_moved_ms: u64,
    pub server_moved_ms: u64,
    /// When something came of either side; what its timeout counts from under `option independent-streams`.
    pub client_read_ms: u64,
    pub server_read_ms: u64,
    /// The server was designated by the persistence cookie.
    pub by_cookie: bool,
    /// The third letter of the termination state, whether it is shown or not.
    pub cookie_state: u8,
    /// The cookie's dates have to be sent anew.
    pub cookie_update: bool,
    /// When the client was first given the cookie, seconds since 1970.
    pub cookie_first: Option<u64>,
    pub stage: RequestStage,
    pub response_stage: ResponseStage,
    /// The rule at which the list being met stands, and until when it waits.
    pub rule_at: u32,
    pub rule_deadline: u64,
    /// The rule that changes the plan, and the outcome that it waits for.
    pub edited: Option<(u32, crate::edit::Edited)>,
    /// Where the last rule that ended its list stands.
    pub last_rule: Option<weir_types::Span>,
    /// The rule at which a list stands and waits.
    pub waiting_rule: Option<weir_types::Span>,
    /// The outcome of what an action or converter just changed for all workers.
    pub just_edited: RefCell<Option<crate::edit::Edited>>,
    /// The response's head is complete and its rules wait.
    pub response_waits: bool,
    /// They wait for its body, which is received meanwhile.
    pub awaits_body: bool,
    /// `100 Continue` was sent by weir.
    pub continued: bool,
    /// `set-timeout` changed a timeout: the backend's must not replace it.
    pub timeouts_set: bool,
    /// The connection's addresses, where rules changed them for this stream.
    pub addresses: Option<Box<Addresses>>,
    /// At which moment the line being written is written.
    pub log_origin: Origin,
    /// Limits that `set-bandwidth-limit` put on it.
    pub bandwidth: Vec<Enabled>,
    /// `set-retries`.
    pub retries: Option<u32>,
    /// `strict-mode off` was met in the list being met.
    pub lenient: bool,
    /// A rewrite of `http-after-response` failed: 500 goes out instead.
    pub after_failed: bool,
    /// A 103 response that `early-hint` rules are filling.
    pub early_hints: Vec<u8>,
    /// What a tarpitted request is answered with.
    pub tarpit: Option<Box<weir_http::Reply>>,
    /// `set-priority-class` and `set-priority-offset` (milliseconds).
    pub priority_class: i64,
    pub priority_offset: i64,
    /// `set-mark` and `set-tos` for the connection to the server.
    pub server_mark: Option<u32>,
    pub server_tos: Option<u32>,
    /// The server that a cookie or `use-server` asks for.
    pub designated: Option<ServerId>,
    /// The client's connection may carry another request after this one.
    pub client_persists: bool,
    /// The server's connection may be kept for other requests.
    pub server_persists: bool,
    /// The exchange left the server's connection fit for another request.
    pub server_stays: bool,
    /// What the log shows for a server where there is none: `<NOSRV>`, `<STATS>`.
    pub substitute: &'static str,
    /// Of the transaction.
    pub variables: RefCell<Variables>,
    /// Of the request, later of the response.
    pub message_variables: RefCell<Variables>,
    /// Stick counters that the session does not hold.
    pub trackers: Trackers,
    /// Keys of stick tables to be stored with the server.
    pub stick_stores: Stores,
    /// Captures by converters, taken over when the expression is done.
    pub pending_captures: RefCell<Vec<(bool, usize, Vec<u8>)>>,
    /// `%rt`.
    pub number: OnceCell<u32>,
    /// Under `-d`: the server's connection, while it is shown.
    pub shown_server: Option<i32>,
    pub unique_id: RefCell<Option<String>>,
    pub http: bool,
    /// After 101, CONNECT, or in TCP mode: both ways are raw.
    pub tunnel: bool,
}

/// Timeouts as the plan gives them for this stream, until rules change them; milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct StreamTimeouts {
    pub client: Option<u32>,
    pub client_fin: Option<u32>,
    pub server: Option<u32>,
    pub server_fin: Option<u32>,
    pub connect: Option<u32>,
    pub queue: Option<u32>,
    pub tunnel: Option<u32>,
    pub tarpit: Option<u32>,
}

impl Stream {
    /// What the stream is doing when somebody else ends it.
    pub fn stage_of_end(&self) -> Stage {
        match (self.http, self.response_begun) {
            (false, _) => Stage::None,
            (true, true) => Stage::Data,
            (true, false) => Stage::Headers,
        }
    }

    /// Begins a stream of `frontend`; bytes received behind the last request stay.
    /// Counted over all workers.
    pub fn number_in(&self, worker: &Worker) -> u32 {
        let next = || worker.shm.process().state.next_request.fetch_add(1) as u32;
        *self.number.get_or_init(next)
    }

    pub fn begin(&mut self, frontend: ProxyId, start_us: u64) {
        self.phase = Phase::RequestHead;
        self.frontend = frontend;
        self.backend = frontend;
        self.backend_counters = None;
        self.up.reset();
        self.down.clear();
        self.coding = Coding::default();
        self.effort = Effort::default();
        self.cache = None;
        self.assigned = None;
        self.link = None;
        self.failed_tls = None;
        self.shown_server = None;
        self.waiting = None;
        self.deadlines = Deadlines::NONE;
        self.record.reset(start_us);
        self.attempts_left = 0;
        self.avoid = None;
        self.tunnel = false;
        self.ending = None;
        self.turn_around = false;
        self.reassign = false;
        self.retry_uncounted = false;
        self.persistent = false;
        self.asked = None;
        self.sent_once = false;
        self.response_begun = false;
        self.client_persists = false;
        self.server_persists = false;
        self.server_stays = false;
        self.request.clear();
        self.response.clear();
        self.designated = None;
        self.by_cookie = false;
        self.cookie_state = b'N';
        self.cookie_update = false;
        self.cookie_first = None;
        self.stage = RequestStage::default();
        self.response_stage = ResponseStage::default();
        self.rule_at = 0;
        self.rule_deadline = NEVER;
        self.edited = None;
        self.last_rule = None;
        self.waiting_rule = None;
        self.just_edited.get_mut().take();
        self.response_waits = false;
        self.awaits_body = false;
        self.continued = false;
        self.tarpit = None;
        self.timeouts_set = false;
        self.log_origin = Origin::default();
        self.addresses = None;
        self.bandwidth.clear();
        self.retries = None;
        self.lenient = false;
        self.after_failed = false;
        self.early_hints.clear();
        self.priority_class = 0;
        self.priority_offset = 0;
        self.server_mark = None;
        self.server_tos = None;
        self.substitute = "<NOSRV>";
        self.variables.get_mut().clear();
        self.message_variables.get_mut().clear();
        self.pending_captures.get_mut().clear();
        self.stick_stores.clear();
        self.number = OnceCell::new();
        self.unique_id.get_mut().take();
    }

    /// Gives back what is not needed while the stream waits: a client may have many wait at once.
    pub fn rest(&mut self, buffers: &Buffers) {
        self.up.rest(buffers);
        self.down.rest(buffers);
        self.request.headers.rest();
        self.response.headers.rest();
    }

    pub fn frontend<'p>(&self, plan: &'p Plan) -> &'p Proxy {
        plan.proxy(self.frontend)
    }

    /// The proxy whose backend half serves this stream; the frontend before one was chosen.
    pub fn backend<'p>(&self, plan: &'p Plan) -> &'p Proxy {
        plan.proxy(self.backend)
    }

    pub fn servers<'p>(&self, plan: &'p Plan) -> Option<&'p Backend> {
        plan.proxy(self.backend).backend.as_deref()
    }
}

/// `now` plus a timeout; [`NEVER`] without one.
pub fn after(now_ms: u64, timeout_ms: Option<u32>) -> u64 {
    match timeout_ms {
        Some(timeout) if timeout > 0 => now_ms + u64::from(timeout),
        _ => NEVER,
    }
}

/// Boxes of ended streams, used again. Moved in and out by their box: a stream is too large to be copied.
#[derive(Debug)]
pub struct StreamBoxes(Shelf<Box<Stream>>);

/// Boxes kept at most; more are needed only while more streams run at once.
const KEPT: usize = 256;

impl Default for StreamBoxes {
    fn default() -> Self {
        Self(Shelf::new(KEPT))
    }
}

impl StreamBoxes {
    pub fn take(&self) -> Box<Stream> {
        self.0.take().unwrap_or_default()
    }

    pub fn put(&self, stream: Box<Stream>) {
        self.0.put(stream);
    }

    /// Frees what lies unused ([`Shelf::shrink`]); says how many bytes that were, what boxes point to aside.
    pub fn shrink(&self) -> usize {
        self.0.shrink() * size_of::<Stream>()
    }
}
