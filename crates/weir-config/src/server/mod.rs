//! `server`, `default-server`, `server-template` lines (manual 4.2, 5.2), and `dispatch`, `source` of a proxy.

mod checks;
mod line;
mod option;
mod place;
mod pool;
mod proxy_protocol;
mod resolve;
mod same;
mod source;
pub(crate) mod tls;
mod traffic;

pub use line::KEYWORDS;
pub(crate) use line::{defaults, is_option, peer_options};
pub use option::{OPTIONS, ServerOption, dynamic_options};
pub(crate) use same::SameOptions;
