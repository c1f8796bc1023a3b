//! What the supervisor reacts to.

use std::os::fd::OwnedFd;

use tokio::sync::oneshot;

use super::reload::Prepared;
use super::status::ProcessTable;
use crate::message::Reply;

/// Names one process of ours, also after it ended; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChildId(pub u64);

pub enum Event {
    Signal(i32),
    Replied {
        child: ChildId,
        reply: Reply,
        descriptors: Vec<OwnedFd>,
    },
    /// The child closed its end of the channel or broke the protocol.
    Silent {
        child: ChildId,
    },
    /// Some child ended, stopped or went on.
    Ended,
    /// Files for a reload were read and checked.
    Loaded(Box<Prepared>),
    Asked(Request),
    /// Time passed.
    Tick,
}

/// What the master socket asks for.
pub enum Request {
    Processes(oneshot::Sender<ProcessTable>),
    /// `reload`, `hard-reload`
    Reload {
        hard: bool,
        answer: oneshot::Sender<ReloadAnswer>,
    },
    StartupLogs(oneshot::Sender<String>),
    /// `show env`
    Environment(oneshot::Sender<Vec<(String, String)>>),
    /// Let the controller serve this connection.
    Serve {
        connection: OwnedFd,
        level: u8,
    },
}

/// The outcome of a reload and its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadAnswer {
    pub success: bool,
    pub log: String,
}
