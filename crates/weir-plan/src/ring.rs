//! `ring` sections (manual 12.5) as processes need them. What a ring holds lies in shared memory under its name.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::settings::LogFormatName;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    pub name: Arc<str>,
    /// Shown by `show events`.
    pub description: Box<str>,
    pub bytes: u64,
    /// What stands in front of each line, and how long a line can be.
    pub format: LogFormatName,
    pub longest_line: u32,
    pub servers: Vec<RingServer>,
    pub timeout_connect: Option<u32>,
    pub timeout_server: Option<u32>,
}

/// Where the lines of a ring are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingServer {
    pub name: Arc<str>,
    pub address: SocketAddr,
    /// `log-proto octet-count`: each line behind its length; else a line feed behind each.
    pub octet_count: bool,
}
