//! `log` lines (manual 4.2 "log", 3.1 "log").

use std::net::SocketAddr;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTransport {
    Udp(SocketAddr),
    /// A datagram socket's path, looked up before `chroot`.
    Unix(Box<str>),
    /// `stdout`, `stderr`, `fd@n`.
    Fd(i32),
    Ring(Box<str>),
    Backend(Box<str>),
}

/// `format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormatName {
    /// With a host name.
    Rfc3164,
    Rfc5424,
    /// As [`LogFormatName::Rfc3164`]; the host name only where `log-send-hostname` gives one.
    #[default]
    Local,
    Priority,
    Short,
    Timed,
    Iso,
    Raw,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTarget {
    pub transport: LogTransport,
    /// `len`, 1024 by default.
    pub len: u32,
    pub format: LogFormatName,
    /// `sample <ranges>:<size>`.
    pub sample: Option<(Vec<(u32, u32)>, u32)>,
    /// 0 (kern) to 23 (local7).
    pub facility: u8,
    /// The least severe level that is sent, 0 (emerg) to 7 (debug).
    pub level: u8,
    /// Levels more severe than this are sent as this.
    pub min_level: u8,
    /// `profile`.
    pub profile: Option<Arc<str>>,
}
