//! `option httpchk` and its kin with their `http-check` and `tcp-check` steps (manual 4.2).

use std::net::IpAddr;

use weir_check::{CheckStatus, MatchMethod};
use weir_sample::{Expr, Format, Named, Regex, SetCondition, Variable};
use weir_types::Span;

/// What a server's `check` does in this proxy.
#[derive(Clone, Debug, Default)]
pub struct CheckPlan {
    pub protocol: CheckProtocol,
    /// `http-check` or `tcp-check` lines in order.
    pub steps: Vec<CheckStep>,
    /// `http-check disable-on-404`.
    pub disable_on_404: bool,
    /// `http-check send-state`.
    pub send_state: bool,
    /// The line that chose the protocol.
    pub span: Option<Span>,
    /// `external-check command` and `path`.
    pub external_command: Option<Box<str>>,
    pub external_path: Option<Box<str>>,
}

/// `option httpchk`, `option tcp-check`, ...
#[derive(Clone, Debug, Default)]
pub enum CheckProtocol {
    /// A connection that opens is a success.
    #[default]
    Connect,
    /// `option httpchk [METHOD] [URI] [VERSION]`.
    Http {
        method: Option<Box<str>>,
        uri: Option<Box<str>>,
        version: Option<Box<str>>,
        /// The value of a `Host` header.
        host: Option<Format<Named>>,
    },
    Tcp,
    /// `redis-check`, `ldap-check`, `mysql-check`, `pgsql-check`, `smtpchk`, `spop-check`, `ssl-hello-chk`.
    Other {
        name: &'static str,
        arguments: Vec<Box<str>>,
    },
    External,
}

#[derive(Clone, Debug)]
pub enum CheckStep {
    Comment(Box<str>),
    Connect {
        port: Option<ConnectPort>,
        address: Option<IpAddr>,
        send_proxy: bool,
        via_socks4: bool,
        ssl: bool,
        linger: bool,
        sni: Option<Box<str>>,
        alpn: Option<Box<str>>,
        protocol: Option<Box<str>>,
        default: bool,
        comment: Option<Box<str>>,
        span: Span,
    },
    HttpSend {
        method: Option<Box<str>>,
        uri: Option<Format<Named>>,
        version: Option<Box<str>>,
        headers: Vec<(Box<str>, Format<Named>)>,
        body: Option<Format<Named>>,
        comment: Option<Box<str>>,
        span: Span,
    },
    TcpSend {
        data: SendData,
        comment: Option<Box<str>>,
        span: Span,
    },
    Expect {
        negated: bool,
        matching: ExpectMatch,
        /// Bytes to wait for.
        min_recv: Option<u32>,
        report: Box<ExpectReport>,
        comment: Option<Box<str>>,
        span: Span,
    },
    SetVar {
        variable: Variable,
        conditions: Vec<SetCondition>,
        value: Expr<Named>,
        span: Span,
    },
    SetVarFormat {
        variable: Variable,
        conditions: Vec<SetCondition>,
        value: Format<Named>,
        span: Span,
    },
    UnsetVar {
        variable: Variable,
        span: Span,
    },
}

/// `port` of a `connect`.
#[derive(Clone, Debug)]
pub enum ConnectPort {
    Number(u16),
    Expr(Expr<Named>),
}

/// What a `tcp-check send` sends.
#[derive(Clone, Debug)]
pub enum SendData {
    Bytes(Box<[u8]>),
    Format(Format<Named>),
    /// Hexadecimal digits once it is written.
    BinaryFormat(Format<Named>),
}

/// What an `expect` reports: its statuses, texts and code.
#[derive(Clone, Debug, Default)]
pub struct ExpectReport {
    pub ok_status: Option<CheckStatus>,
    pub error_status: Option<CheckStatus>,
    pub timeout_status: Option<CheckStatus>,
    pub on_success: Option<Format<Named>>,
    pub on_error: Option<Format<Named>>,
    pub status_code: Option<Expr<Named>>,
}

#[derive(Clone, Debug)]
pub enum ExpectMatch {
    /// Inclusive ranges.
    Status(Vec<(u16, u16)>),
    StatusRegex(Regex),
    Body(Box<[u8]>),
    BodyRegex(Regex),
    /// `binary`: bytes.
    Binary(Box<[u8]>),
    BinaryRegex(Regex),
    /// `string-lf`, `binary-lf`.
    BodyFormat(Format<Named>),
    BinaryFormat(Format<Named>),
    /// `hdr` and `fhdr`.
    Header {
        full: bool,
        name: HeaderPart,
        value: Option<HeaderPart>,
    },
}

/// The name or the value of a `hdr`.
#[derive(Clone, Debug)]
pub enum HeaderPart {
    Text(MatchMethod, Box<str>),
    Format(MatchMethod, Format<Named>),
    Regex(Regex),
}
