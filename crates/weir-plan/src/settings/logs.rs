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
    /// No format was written: `log-forward` sections keep the form in which a message came.
    pub as_received: bool,
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

/// `log-steps`: when a stream writes lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSteps(pub u8);

impl LogSteps {
    pub const ACCEPT: Self = Self(1);
    pub const REQUEST: Self = Self(2);
    pub const CONNECT: Self = Self(4);
    pub const RESPONSE: Self = Self(8);
    pub const CLOSE: Self = Self(16);
    pub const ALL: Self = Self(31);

    /// The step of this name. Those at which `do-log` rules stand set nothing: such rules always write.
    pub fn named(name: &str) -> Self {
        match name {
            "accept" => Self::ACCEPT,
            "request" => Self::REQUEST,
            "connect" => Self::CONNECT,
            "response" => Self::RESPONSE,
            "close" => Self::CLOSE,
            "" | "all" => Self::ALL,
            _ => Self(0),
        }
    }

    pub fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// No `log-steps` line: the default.
    pub fn is_default(self) -> bool {
        self.0 == 0
    }
}
