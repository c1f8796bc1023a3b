//! Keywords of `defaults`, `frontend`, `backend` and `listen` (manual 4). A family a file; the index joins them.

pub(crate) mod errors;
pub mod header;
pub(crate) mod logs;
pub(crate) mod stick;
pub mod whole;

mod balance;
mod bandwidth;
mod capture;
pub(crate) mod check;
mod check_expect;
mod check_send;
mod check_steps;
mod compression;
mod cookie;
pub(crate) mod filter;
mod inherit;
mod keepalive;
mod limits;
mod mail;
mod monitor;
mod option;
mod option_checks;
pub(crate) mod option_values;
mod removed;
mod retry;
mod rule_order;
mod rules;
mod scope;

mod state;
mod stats;
mod switching;
mod tcp_rules;
mod timeouts;
mod unique_id;

pub(crate) use header::invalid_character;
pub(crate) use option::deprecated;
pub use option::{OPTIONS, OptionRow};
pub(crate) use option_values::network;
pub(crate) use scope::Half;

use std::sync::LazyLock;

use crate::keyword::{Index, Keyword};

/// Every family's rows.
pub const FAMILIES: &[&[Keyword]] = &[
    header::KEYWORDS,
    balance::KEYWORDS,
    crate::bind::KEYWORDS,
    capture::KEYWORDS,
    check::KEYWORDS,
    compression::KEYWORDS,
    cookie::KEYWORDS,
    errors::KEYWORDS,
    filter::KEYWORDS,
    keepalive::KEYWORDS,
    limits::KEYWORDS,
    logs::KEYWORDS,
    mail::KEYWORDS,
    monitor::KEYWORDS,
    option::KEYWORDS,
    removed::KEYWORDS,
    retry::KEYWORDS,
    rules::KEYWORDS,
    crate::server::KEYWORDS,
    state::KEYWORDS,
    stats::KEYWORDS,
    stick::KEYWORDS,
    switching::KEYWORDS,
    tcp_rules::KEYWORDS,
    timeouts::KEYWORDS,
    unique_id::KEYWORDS,
];

pub fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(FAMILIES));
    &INDEX
}
