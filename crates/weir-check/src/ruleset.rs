//! What a check does, step by step: `option httpchk`, `tcp-check` and the packaged checks all come down to this list.

use std::net::IpAddr;
use std::sync::Arc;

use weir_sample::{Expr, Format, Resolved, SetCondition, Variable};

use crate::expect::Expect;
use crate::http::HttpSend;

/// The language of a ruleset: it decides what is read from the server and how failures are worded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Bytes, and nothing but the connection itself is reported.
    #[default]
    Plain,
    /// `option tcp-check` with steps: failures name the step.
    TcpCheck,
    Http,
    /// A program decides (`option external-check`).
    External,
}

/// The steps of a check, shared by all servers that are checked alike.
#[derive(Clone, Debug, Default)]
pub struct Ruleset {
    pub language: Language,
    pub steps: Vec<Step>,
    /// The first step is a connection that no line asked for: steps are counted from 0 then.
    pub connects_by_itself: bool,
    /// Steps that no line asked for behind the first one, which the count leaves out.
    pub uncounted: usize,
    /// `http-check disable-on-404`
    pub disable_on_404: bool,
    /// `http-check send-state`
    pub send_state: bool,
    /// `external-check command` and `path`.
    pub command: Option<Arc<Command>>,
}

/// What `option external-check` runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    pub program: Box<str>,
    /// `PATH` of its environment.
    pub path: Option<Box<str>>,
}

#[derive(Clone, Debug)]
pub struct Step {
    pub kind: StepKind,
    /// `comment`, on the line or on one of its own before it.
    pub comment: Option<Box<str>>,
}

impl From<StepKind> for Step {
    fn from(kind: StepKind) -> Self {
        Self { kind, comment: None }
    }
}

#[derive(Clone, Debug)]
pub enum StepKind {
    Connect(Connect),
    Send(Send),
    Expect(Box<Expect>),
    Set {
        variable: Variable,
        conditions: Vec<SetCondition>,
        value: Expr<Resolved>,
    },
    SetFormat {
        variable: Variable,
        conditions: Vec<SetCondition>,
        value: Format<Resolved>,
    },
    Unset(Variable),
    /// A `comment` line: it only counts as a step.
    Comment,
}

#[derive(Clone, Debug)]
pub enum Send {
    Bytes(Arc<[u8]>),
    Format(Format<Resolved>),
    /// Hexadecimal digits to be sent as bytes.
    BinaryFormat(Format<Resolved>),
    Http(Box<HttpSend>),
    /// Bytes with the time, seconds since 1970, written over those at `at`.
    Timed {
        bytes: Arc<[u8]>,
        at: usize,
    },
}

/// `connect`
#[derive(Clone, Debug, Default)]
pub struct Connect {
    /// `default`, and every connection that no line asked for: as the server line says.
    pub as_server: bool,
    pub port: Option<ConnectPort>,
    pub address: Option<IpAddr>,
    pub send_proxy: bool,
    pub via_socks4: bool,
    pub tls: Option<Box<ConnectTls>>,
    /// Closed in order rather than reset.
    pub linger: bool,
}

#[derive(Clone, Debug)]
pub enum ConnectPort {
    Number(u16),
    Expr(Expr<Resolved>),
}

/// `ssl`, `sni` and `alpn` of a `connect`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectTls {
    pub sni: Option<Box<str>>,
    pub alpn: Option<Box<str>>,
}

impl Ruleset {
    /// A connection that opens is enough.
    pub fn connect() -> Self {
        Self::plain([])
    }

    /// The steps behind a connection made as the server line says.
    pub fn plain(steps: impl IntoIterator<Item = StepKind>) -> Self {
        let connect = StepKind::Connect(Connect { as_server: true, ..Connect::default() });
        Self {
            steps: std::iter::once(connect).chain(steps).map(Step::from).collect(),
            connects_by_itself: true,
            ..Self::default()
        }
    }

    /// The same with a connection that is closed in order.
    pub fn lingering(steps: impl IntoIterator<Item = StepKind>) -> Self {
        let mut rules = Self::plain(steps);
        rules.steps[0].kind =
            StepKind::Connect(Connect { as_server: true, linger: true, ..Connect::default() });
        rules.connects_by_itself = false;
        rules
    }

    /// The number of a step in messages.
    pub(crate) fn number(&self, index: usize) -> usize {
        let uncounted = self.uncounted.min(index.saturating_sub(1));
        index - uncounted + usize::from(!self.connects_by_itself)
    }
}
