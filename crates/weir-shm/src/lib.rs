//! State shared by the processes of one weir: counters, server and proxy state, balancing positions, queues, wake-ups.
//!
//! Start with [`Shm`]: `Shm::create` in the supervisor, `Shm::attach` in a child, `Shm::private` in a test. Memory that
//! was mapped stays mapped until the process ends, so the references handed out are `'static` and may be kept in a plan.

mod admission;
mod balance;
mod cache;
mod cell;
mod counters;
mod directory;
mod error;
mod layout;
mod lock;
mod queue;
mod rate;
mod ring;
mod segment;
mod sessions;
mod shm;
mod state;
mod table;
mod view;
mod wake;

pub use admission::{Claim, Door, Limits, Parked};
pub use balance::{BACKEND_WORDS, Balance, SERVER_WORDS};
pub use cache::{BLOCK, Cache, CacheKey, CacheSpec, Facts, Held, Listed, Writer};
pub use cell::{Average, Counter, Gauge, Latest, Maximum, Word, Word32};
pub use counters::{BackendCounters, FrontendCounters, ListenerCounters, ProcessCounters, ServerCounters};
pub use directory::Kind;
pub use error::ShmError;
pub use layout::Capacity;
pub use lock::{Guard, RobustLock};
pub use queue::{Grant, Queue, WaiterId};
pub use rate::Rate;
pub use ring::{READERS, Ring, RingSpec};
pub use sessions::{SESSIONS, SessionKey, Sessions};
pub use shm::Shm;
pub use state::{
    AddressOverride, AdminFlags, CheckState, ListenerState, OperationalState, ProcessState, ProxyState,
    ServerState, ServerText, WorkerInfo, WorkerPhase,
};
pub use table::{
    DataKind, DataType, Key, KeyType, Position, Reached, Row, ServerKey, Stored, Table, TableSpec, Tracked,
};
pub use view::{BackendView, FrontendView, ListenerView, ProcessView, ServerView, View};
pub use wake::Wakers;
