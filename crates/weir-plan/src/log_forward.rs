//! `log-forward` sections (manual 12.6): log messages of others, received and sent on.

use std::sync::Arc;

use crate::settings::LogTarget;

#[derive(Clone, Debug)]
pub struct LogForward {
    pub name: Arc<str>,
    pub logs: Vec<LogTarget>,
    /// Connections at a time, 10 by default.
    pub maxconn: u32,
    pub backlog: Option<u32>,
    /// Milliseconds.
    pub timeout_client: Option<u32>,
    pub options: LogForwardOptions,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogForwardOptions {
    /// `option dont-parse-log`: messages go on as they came.
    pub unparsed: bool,
    /// `option assume-rfc6587-ntf`: streams are lines, whatever they begin with.
    pub lines_only: bool,
    pub host: SenderHost,
}

/// `option host`: how a message's host and its sender's address make the host that is sent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SenderHost {
    Replace,
    #[default]
    Fill,
    Keep,
    Append,
}
