//! Sections that are neither `global` nor proxies, a file each.

pub mod acme;
pub mod cache;
pub mod crt_store;
pub mod fcgi_app;
mod header;
pub mod healthcheck;
pub mod http_errors;
pub mod log_forward;
pub mod log_profile;
pub mod mailers;
pub mod peers;
pub mod resolvers;
pub mod ring;
mod scratch;
pub mod traces;
pub mod userlist;
pub(crate) mod whole;
