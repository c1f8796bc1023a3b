//! Runs a [`weir_plan::Plan`]: listeners, streams, pools, logs, checks. Never names syntax, config or compile.
//!
//! # Task model
//! One worker is one thread: a tokio current-thread runtime with a `LocalSet` ([`worker`]). There is one task per
//! listening socket and one task per client connection; that task drives both its sockets, so nothing is sent between
//! tasks on the way of a request. A connection task is a hand-written state machine ([`connection`]): between requests
//! it is small, and everything that a request in progress needs (heads, timers, log fields) is one box taken from the
//! worker's pool ([`stream`]). Sockets are tried first and waited for only when a call would block ([`socket`]). Each
//! task has one timer that costs a store when its deadline is pushed back ([`timers`]). A panic ends its stream alone.
//!
//! # Phases of a request
//! The same words stand in code, documentation and debug logs.
//!
//! | phase | what happens | times out with |
//! | --- | --- | --- |
//! | `Idle` | a kept-alive connection waits for its next request and holds no buffer | `http-keep-alive`, silently |
//! | `RequestHead` | the head is read and parsed | `http-request`: 408, `cR` |
//! | `RequestRules` | frontend rules, choice of backend, backend rules; may wait for a body, tarpit, pause | `tarpit`, inspect delay |
//! | `Queue` | waits for a place on a server | `queue`: 503, `sQ` |
//! | `Connect` | takes a pooled connection or opens one; retries and redispatches | `connect`: 503, `sC` |
//! | `Exchange` | request and response are forwarded, `http-response` rules are met in between | `server`: 504 `sH`, `client`: `cD`, `sD` |
//! | `Reply` | weir's own answer is sent | `client` |
//! | `Finish` | counters and the log line; the server connection goes to its pool | |
//!
//! A `mode tcp` stream has the same phases without heads; after an upgrade an HTTP stream goes on as one.

mod address;
mod assign;
mod bandwidth;
mod buffers;
mod cache;
pub mod census;
mod channel;
pub mod checks;
mod clock;
mod compression;
mod connect;
mod connection;
pub mod debug;
pub mod edit;
mod effort;
mod encrypted;
mod exchange;
mod figures;
mod h2;
mod handshakes;
mod hash_key;
mod http;
mod listener;
mod log_forward;
mod log_line;
mod logs;
mod netscaler;
mod observe;
pub mod ocsp;
pub mod parts;
pub mod peers;
mod pool;
mod proxy_header;
mod proxy_protocol;
mod queue;
mod record;
mod replay;
mod retry;
pub mod rings;
mod rules;
mod server;
pub mod servers;
mod session;
pub mod session_store;
pub mod settle;
mod shelf;
mod socket;
mod stats;
mod stick;
mod stream;
mod table_view;
mod timers;
mod tls_facts;
pub mod trace;
mod tracking;
mod turn;
mod view;
pub mod worker;

pub use edit::{Edited, Editor};
pub use stats::{StatsAnswer, StatsRequest, StatsService};
pub use worker::{Control, Exit, ListenerSocket, LogSockets, WorkerInput};
