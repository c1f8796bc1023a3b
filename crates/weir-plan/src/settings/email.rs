//! `email-alert`: who is told by mail, and of what (manual 4.2).

use std::net::SocketAddr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAlert {
    /// Each of them gets every mail.
    pub mailers: Vec<SocketAddr>,
    pub from: Box<str>,
    pub to: Box<str>,
    /// Said in `HELO`; the system's name where it is not written.
    pub host: Option<Box<str>>,
    /// Syslog's number: lines of this level and more urgent ones are mailed.
    pub level: u8,
    /// `timeout mail` of the `mailers` section, milliseconds.
    pub timeout_ms: u32,
}
