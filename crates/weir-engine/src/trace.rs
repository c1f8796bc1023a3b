//! Traces (`-dt`, management manual 3): what peers did that the protocol forbids, told on standard error beside the logs
//! that the configuration asks for. Each source is a target of the `log` crate, silent unless its level is asked for.

use std::net::SocketAddr;

use log::LevelFilter;

/// What can be traced, as `-dt` names it.
pub const SOURCES: &[&str] = &["h1", "h2", "ssl", "check"];

/// HAProxy's levels, and what shows them. Errors of peers are no errors of weir: they begin below its own.
pub const LEVELS: &[(&str, LevelFilter)] = &[
    ("error", LevelFilter::Info),
    ("user", LevelFilter::Info),
    ("proto", LevelFilter::Debug),
    ("state", LevelFilter::Debug),
    ("data", LevelFilter::Trace),
    ("developer", LevelFilter::Trace),
];

/// How much of a line HAProxy shows. Lines here have one form.
pub const VERBOSITIES: &[&str] = &["quiet", "clean", "minimal", "simple", "advanced", "complete"];

/// A fault of a client.
pub fn client(source: &str, proxy: &str, client: Option<SocketAddr>, what: impl std::fmt::Display) {
    match client {
        Some(client) => log::info!(target: source, "frontend {proxy}: client {client}: {what}"),
        None => log::info!(target: source, "frontend {proxy}: client: {what}"),
    }
}

/// A fault of a server.
pub fn server(source: &str, proxy: &str, server: &str, what: impl std::fmt::Display) {
    log::info!(target: source, "backend {proxy}: server {server}: {what}");
}
