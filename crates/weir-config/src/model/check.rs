//! `option httpchk` and its kin with their `http-check` and `tcp-check` steps (manual 4.2).

use weir_sample::{Expr, Format, Named, Regex, Variable};
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
        /// What followed the version inside the third word: header lines, as older configurations write them.
        rest: Option<Box<str>>,
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
        port: Option<u16>,
        address: Option<Box<str>>,
        send_proxy: bool,
        via_socks4: bool,
        ssl: bool,
        linger: bool,
        sni: Option<Box<str>>,
        alpn: Option<Box<str>>,
        protocol: Option<Box<str>>,
        default: bool,
        span: Span,
    },
    HttpSend {
        method: Option<Box<str>>,
        uri: Option<Format<Named>>,
        version: Option<Box<str>>,
        headers: Vec<(Box<str>, Format<Named>)>,
        body: Option<Format<Named>>,
        span: Span,
    },
    TcpSend {
        data: Format<Named>,
        span: Span,
    },
    TcpSendBinary {
        data: Box<[u8]>,
        span: Span,
    },
    Expect {
        negated: bool,
        matching: ExpectMatch,
        /// Bytes to wait for.
        min_recv: Option<u32>,
        comment: Option<Box<str>>,
        span: Span,
    },
    SetVar {
        variable: Variable,
        value: Expr<Named>,
        span: Span,
    },
    SetVarFormat {
        variable: Variable,
        value: Format<Named>,
        span: Span,
    },
    UnsetVar {
        variable: Variable,
        span: Span,
    },
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
    /// `hdr` and `fhdr` with their words: name and value matches.
    Header {
        full: bool,
        words: Vec<Box<str>>,
    },
}
