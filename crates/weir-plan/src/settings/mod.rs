//! Value types of single keywords, filled by `weir-config` and read by the engine.

mod balance;
mod bandwidth;
mod bind;
mod check;
mod compression;
mod cookie;
mod email;
mod errors;
mod forwarded;
mod global;
mod http2;
mod logs;
mod options;
pub mod retry;
mod saved;
mod server;
mod stats;
mod timeouts;
mod tls;
pub mod userlist;

pub use balance::{Affinity, Algorithm, Balance, HashFunction, HashKey, HashMethod};
pub use bandwidth::{BandwidthLimit, BandwidthScope};
pub use bind::{BindSettings, CliLevel, SeverityOutput};
pub use check::{InitState, Observe, OnError, OnMarked, OwnRules, ServerAgent, ServerCheck};
pub use compression::{Algorithm as CompressionAlgorithm, Compresses, Compression};
pub use cookie::{Cookie, CookieMode};
pub use email::EmailAlert;
pub use errors::{ErrorPage, ErrorPages};
pub use forwarded::{Forwarded, Part as ForwardedPart};
pub use global::{CpuMap, Global, StatusClasses, StatusSet, Tune};
pub use http2::{Http2Errors, Http2Side, Http2Tune, MuxProtocol, WebSockets};
pub use logs::{LogFormatName, LogSteps, LogTarget, LogTransport};
pub use options::{
    AddressHeader, HttpConnectionMode, HttpRestrict, HttpReuse, Keepalive, Options, Redispatch,
};
pub use saved::SavedServer;
pub use server::{ProxyProtocolVersion, SendProxy, ServerSettings, SourceAddress, UseSource};
pub use stats::{StatsPage, StatsScope};
pub use timeouts::Timeouts;
pub use tls::{ExtraFiles, GlobalTls};
