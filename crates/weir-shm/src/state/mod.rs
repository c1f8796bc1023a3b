//! State with several writers: what the CLI, checks and the supervisor decide and every worker obeys.

mod process;
mod proxy;
mod server;
mod text;

pub use process::{ProcessState, WorkerInfo, WorkerPhase};
pub use proxy::{ListenerState, ProxyState};
pub use server::{AddressOverride, AdminFlags, CheckState, OperationalState, ServerState};
pub use text::{ServerText, Text};
