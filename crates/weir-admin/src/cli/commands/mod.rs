//! The commands that work, by subject.

pub mod backends;
pub mod caches;
pub mod counters;
pub mod dynamic_cookie;
pub mod dynamic_servers;
pub mod events;
pub mod frontends;
pub mod limits;
pub mod listing;
pub mod own;
pub mod patterns;
pub mod peers;
pub mod process;
pub mod servers;
pub mod sessions;
pub mod statistics;
pub mod tables;
pub mod tls;
pub mod variables;
pub mod wait;
