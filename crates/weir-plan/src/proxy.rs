//! One proxy section: what both halves share, and its rules.

use std::sync::Arc;

use weir_rules::Rule;
use weir_sample::{Condition, Expr, Format, Resolved};
use weir_types::{Mode, ProxyId, ProxyKind, Slot, Span};

use crate::backend::Backend;
use crate::frontend::Frontend;
use crate::settings::{
    BandwidthLimit, Compresses, Compression, EmailAlert, ErrorPages, Forwarded, Keepalive, LogSteps,
    LogTarget, Options, StatsPage, Timeouts,
};

#[derive(Clone, Debug)]
pub struct Proxy {
    pub index: ProxyId,
    pub name: Arc<str>,
    /// The numeric id: `id` or given in order from 2... as HAProxy numbers them.
    pub id: u32,
    /// `id` gave the number.
    pub forced_id: bool,
    pub kind: ProxyKind,
    pub mode: Mode,
    pub span: Span,
    /// `disabled`.
    pub disabled: bool,
    /// Shared by all proxies that inherit the same `defaults` and change nothing of it.
    pub settings: Arc<Settings>,
    pub compresses: Compresses,
    /// Absent where the proxy has no rules at all.
    pub rules: Option<Arc<Rules>>,
    /// `filter bwlim-*` lines, in their order.
    pub bandwidth: Arc<[BandwidthLimit]>,
    pub frontend: Option<Arc<Frontend>>,
    pub backend: Option<Arc<Backend>>,
    /// Places of its counters in shared memory.
    pub frontend_slot: Slot,
    pub backend_slot: Slot,
}

impl Proxy {
    /// `option abortonclose`, which HTTP backends have unless it is taken from them.
    pub fn aborts_on_close(&self) -> bool {
        self.settings.options.abortonclose.unwrap_or(self.mode == Mode::Http)
    }
}

/// What a proxy inherits from `defaults` and may change.
#[derive(Debug, Default)]
pub struct Settings {
    pub timeouts: Timeouts,
    pub options: Options,
    pub errors: ErrorPages,
    pub client_keepalive: Keepalive,
    pub server_keepalive: Keepalive,
    pub logs: Vec<LogTarget>,
    pub log_tag: Option<Arc<str>>,
    /// The format of the line at a stream's end, HAProxy's own where none is written; `None` where nothing is logged.
    pub log_format: Option<Format<Resolved>>,
    pub log_format_sd: Option<Format<Resolved>>,
    /// `log-steps`, a bit for each of [`LogSteps`]; none is the one line that every stream writes.
    pub log_steps: LogSteps,
    pub error_log_format: Option<Format<Resolved>>,
    pub unique_id_format: Option<Format<Resolved>>,
    pub unique_id_header: Option<Box<str>>,
    pub stats: Option<StatsPage>,
    pub email_alert: Option<Arc<EmailAlert>>,
    /// `monitor-uri`.
    pub monitor_uri: Option<Box<str>>,
    pub description: Option<Box<str>>,
    /// `option forwarded`
    pub forwarded: Option<Box<Forwarded<Expr<Resolved>>>>,
    pub compression: Option<Arc<Compression>>,
    /// `retries`, 3 by default.
    pub retries: u32,
    /// `retry-on`, bits of [`crate::settings::retry`].
    pub retry_on: u32,
}

/// The rule lists of one proxy, each in the order of the file.
#[derive(Debug, Default)]
pub struct Rules {
    pub tcp_request_connection: Vec<Rule<Resolved>>,
    pub tcp_request_session: Vec<Rule<Resolved>>,
    pub tcp_request_content: Vec<Rule<Resolved>>,
    pub tcp_response_content: Vec<Rule<Resolved>>,
    pub http_request: Vec<Rule<Resolved>>,
    pub http_response: Vec<Rule<Resolved>>,
    pub http_after_response: Vec<Rule<Resolved>>,
    /// `redirect` lines, met after `http-request` rules.
    pub redirect: Vec<Rule<Resolved>>,
    /// `stats http-request` lines.
    pub stats_http_request: Vec<Rule<Resolved>>,
    /// `stats admin if ...`: any of them opens the page's forms.
    pub stats_admin: Vec<Condition<Resolved>>,
    /// `tcp-request inspect-delay`, milliseconds; 0 is none.
    pub request_inspect_delay: u32,
    pub response_inspect_delay: u32,
}

impl Rules {
    /// No rule in any list.
    pub fn is_empty(&self) -> bool {
        let lists = [
            &self.tcp_request_connection,
            &self.tcp_request_session,
            &self.tcp_request_content,
            &self.tcp_response_content,
            &self.http_request,
            &self.http_response,
            &self.http_after_response,
            &self.redirect,
            &self.stats_http_request,
        ];
        lists.iter().all(|list| list.is_empty()) && self.stats_admin.is_empty()
    }
}
