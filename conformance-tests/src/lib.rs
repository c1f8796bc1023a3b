//! One scenario played against real HAProxy and against weir, compared after normalising only what must differ.
//!
//! `scenario` is what a `.scn` file says, `player` acts it out on a `program` under test, with `origin` servers,
//! client `connection`s, a `syslog` receiver and the runtime `cli`; the result is a transcript in which `normalise`
//! has replaced ports, dates and timers. `verdict` compares transcripts. The format is described in `README.md`.

pub mod cli;
pub mod connection;
pub mod http2;
pub mod known;
pub mod message;
pub mod normalise;
pub mod origin;
pub mod player;
pub mod ports;
pub mod program;
pub mod scenario;
pub mod step;
pub mod syslog;
pub mod tls;
pub mod varnishtest;
pub mod verdict;
