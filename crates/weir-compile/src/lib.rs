//! Config to Plan: every cross-reference is checked here, in one place, and all findings are reported together.
//! Reads no text and opens nothing; the same bytes give the same plan in every process.
//!
//! | file | resolves |
//! | --- | --- |
//! | [`names`] | proxies, servers, tables and userlists by name |
//! | [`resolver`] | names inside one proxy's expressions, conditions and actions |
//! | [`settings`] | inherited settings, shared again where proxies share them |
//! | [`frontend`], [`backend`], [`server`], [`rules`], [`check`], [`table`], [`tls`] | the halves of a proxy |
//! | [`review`] | HAProxy's warnings about what will not work as written |

mod backend;
mod check;
mod check_expect;
mod filters;
mod frontend;
mod log_forward;
mod log_profile;
mod names;
mod peers;
mod plan;
mod resolver;
mod review;
mod ring;
mod rules;
mod server;
mod settings;
mod slots;
mod standard;
mod table;
mod tls;

pub use plan::{Compiled, compile};
pub use slots::{InOrder, Slots};
