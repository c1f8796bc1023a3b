//! What a proxy inherits from `defaults` and may change line by line.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_plan::settings::{
    Balance, Compression, Cookie, ErrorPage, Forwarded, Keepalive, LogFormatName, LogSteps, Options,
    SourceAddress, StatsPage, Timeouts,
};
use weir_rules::Reply;
use weir_sample::{Condition, Expr, Format, Named};
use weir_types::{Address, Mode, Span};

use super::check::CheckPlan;
use super::name::Name;
use super::server::ServerOptions;

/// Cheap to copy: what is large or rare stands behind its own `Arc`.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub mode: Mode,
    /// `disabled` / `enabled`.
    pub disabled: bool,
    pub timeouts: Timeouts,
    pub options: Arc<Options>,
    pub balance: Arc<Balance>,
    /// The key of `balance hash EXPR`.
    pub balance_key: Option<Arc<BalanceKey>>,
    pub cookie: Option<Arc<Cookie>>,
    pub check: Arc<CheckPlan>,
    pub log: Arc<LogSetup>,
    pub errors: Arc<Errors>,
    pub stats: Option<Arc<StatsSetup>>,
    pub compression: Option<Arc<Compression>>,
    pub email_alert: Option<Arc<EmailAlert>>,
    pub default_server: Arc<ServerOptions>,
    pub source: Option<Arc<SourceAddress>>,
    pub default_backend: Option<Name>,
    pub maxconn: Option<u32>,
    pub backlog: Option<u32>,
    pub fullconn: Option<u32>,
    /// `rate-limit sessions`, per second.
    pub rate_limit_sessions: u32,
    /// 3 where nothing is written.
    pub retries: Option<u32>,
    /// Bits of `retry-on` ([`weir_plan::settings::retry`]); `None`: `conn-failure` alone.
    pub retry_on: Option<u32>,
    pub max_keep_alive_queue: Option<i32>,
    pub monitor_uri: Option<Arc<str>>,
    pub unique_id_format: Option<Arc<Format<Named>>>,
    pub unique_id_header: Option<Arc<str>>,
    /// `http-send-name-header`.
    pub send_name_header: Option<Arc<str>>,
    /// `dynamic-cookie-key`.
    pub dynamic_cookie_key: Option<Arc<str>>,
    /// `load-server-state-from-file`: `global`, `local` or `none`.
    pub server_state_from: Option<ServerStateFrom>,
    pub server_state_file: Option<Arc<str>>,
    /// `persist rdp-cookie(NAME)`.
    pub persist_rdp_cookie: Option<Arc<str>>,
    /// `clitcpka-*`, `srvtcpka-*`.
    /// `option forwarded`, with the place of its line.
    pub forwarded: Option<Arc<(Forwarded<Expr<Named>>, Span)>>,
    pub client_keepalive: Keepalive,
    pub server_keepalive: Keepalive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerStateFrom {
    Global,
    Local,
    None,
}

#[derive(Debug)]
pub struct BalanceKey {
    pub expr: Expr<Named>,
    pub span: Span,
}

/// Where a `log` line sends.
#[derive(Clone, Debug)]
pub enum LogWhere {
    /// `log global`: the targets of the global section.
    Global,
    /// The address still names its ring or backend.
    Address(Address),
}

/// One `log` line.
#[derive(Clone, Debug)]
pub struct LogLine {
    pub to: LogWhere,
    pub len: u32,
    pub format: Option<LogFormatName>,
    /// Ranges and size of `sample`.
    pub sample: Option<(Vec<(u32, u32)>, u32)>,
    pub profile: Option<Name>,
    /// 0 (kern) to 23 (local7).
    pub facility: u8,
    /// The least severe level sent, 0 (emerg) to 7 (debug).
    pub level: u8,
    pub min_level: u8,
    /// Of `log global`: how many targets the global section had at this line. Later ones are not meant.
    pub global_targets: u32,
    pub span: Span,
}

/// Which line a stream's end writes.
#[derive(Clone, Debug, Default)]
pub enum LogFormat {
    /// Neither `log-format` nor `option *log`.
    #[default]
    Default,
    /// `option tcplog`, `httplog`, `httpslog`, `httplog clf`: their place, for the warnings.
    Tcp(Span),
    TcpClf(Span),
    Http(Span),
    Https(Span),
    Clf(Span),
    Custom(Arc<Format<Named>>),
}

#[derive(Clone, Debug, Default)]
pub struct LogSetup {
    /// Empty: nothing is logged.
    pub targets: Vec<LogLine>,
    pub tag: Option<Arc<str>>,
    pub format: LogFormat,
    pub format_sd: Option<Arc<Format<Named>>>,
    pub error_format: Option<Arc<Format<Named>>>,
    pub steps: LogSteps,
}

/// `errorfile`, `errorloc*`, `http-error`, `errorfiles`, the later line winning for its status.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    pub pages: BTreeMap<u16, ErrorPage>,
    /// `http-error status N ...`: an answer made of formats.
    pub replies: BTreeMap<u16, Arc<Reply<Named>>>,
    pub sections: Vec<ErrorRef>,
}

/// `errorfiles NAME [code...]`; no code is all of them.
#[derive(Clone, Debug)]
pub struct ErrorRef {
    pub section: Name,
    pub codes: Vec<u16>,
}

#[derive(Clone, Debug)]
pub struct StatsSetup {
    pub page: StatsPage,
    pub admin: Vec<Arc<StatsAdmin>>,
}

/// `stats admin if|unless ...`
#[derive(Debug)]
pub struct StatsAdmin {
    pub condition: Condition<Named>,
    pub span: Span,
}

#[derive(Clone, Debug, Default)]
pub struct EmailAlert {
    pub mailers: Option<Name>,
    pub from: Option<Box<str>>,
    pub to: Option<Box<str>>,
    pub myhostname: Option<Box<str>>,
    pub level: Option<u8>,
    pub span: Span,
}
