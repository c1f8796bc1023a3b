//! `frontend`, `backend`, `listen` and `defaults` sections (manual 4).

use std::sync::Arc;

use weir_rules::Rule;
use weir_sample::{Acl, Condition, Format, Named};
use weir_types::{Mode, ProxyKind, Span};

use super::backend::{BackendParts, Filter, StickTable};
use super::bind::Bind;
use super::name::Name;
use super::settings::Settings;

#[derive(Debug)]
pub struct Proxy {
    pub name: Arc<str>,
    pub kind: ProxyKind,
    /// The line of the section's header.
    pub span: Span,
    pub mode: Mode,
    pub disabled: bool,
    /// `id`: positive, unique among proxies.
    pub id: Option<(u32, Span)>,
    pub guid: Option<Name>,
    /// The section it inherits from: its rules are met first, with its own ACLs.
    pub defaults: Option<Arc<Defaults>>,
    /// Inherited and changed: one allocation for all proxies that change nothing.
    pub settings: Arc<Settings>,
    /// This section's own `acl` lines in order; lines of one name are separate here.
    pub acls: Vec<Acl<Named>>,
    pub rules: Option<Box<Rules>>,
    pub frontend: Option<Box<FrontendParts>>,
    pub backend: Option<Box<BackendParts>>,
    pub stick_table: Option<Box<StickTable>>,
    pub filters: Vec<Filter>,
    pub description: Option<Box<str>>,
}

/// A `defaults` section as it stood when it ended.
#[derive(Debug)]
pub struct Defaults {
    /// Empty for an anonymous one.
    pub name: Arc<str>,
    pub span: Span,
    pub settings: Arc<Settings>,
    pub acls: Vec<Acl<Named>>,
    pub rules: Rules,
}

/// The rule lists of one section, each in the order of the text.
#[derive(Debug, Default)]
pub struct Rules {
    pub quic_initial: Vec<Rule<Named>>,
    pub tcp_request_connection: Vec<Rule<Named>>,
    pub tcp_request_session: Vec<Rule<Named>>,
    pub tcp_request_content: Vec<Rule<Named>>,
    pub tcp_response_content: Vec<Rule<Named>>,
    pub http_request: Vec<Rule<Named>>,
    pub http_response: Vec<Rule<Named>>,
    pub http_after_response: Vec<Rule<Named>>,
    /// `redirect` lines: met after `http-request` rules.
    pub redirect: Vec<Rule<Named>>,
    /// `stats http-request` lines.
    pub stats_http_request: Vec<Rule<Named>>,
    /// `tcp-request inspect-delay`, `tcp-response inspect-delay`: milliseconds.
    pub request_inspect_delay: Option<u32>,
    pub response_inspect_delay: Option<u32>,
}

impl Rules {
    /// Whether there is any rule at all; inspection delays are none.
    pub fn any(&self) -> bool {
        let lists = [
            &self.quic_initial,
            &self.tcp_request_connection,
            &self.tcp_request_session,
            &self.tcp_request_content,
            &self.tcp_response_content,
            &self.http_request,
            &self.http_response,
            &self.http_after_response,
            &self.redirect,
        ];
        lists.iter().any(|list| !list.is_empty())
    }
}

/// What only a section with a frontend can hold.
#[derive(Debug, Default)]
pub struct FrontendParts {
    pub binds: Vec<Bind>,
    pub use_backend: Vec<UseBackend>,
    pub capture_request: Vec<Capture>,
    pub capture_response: Vec<Capture>,
    pub capture_cookie: Option<Capture>,
    /// `force-be-switch`
    pub force_be_switch: Vec<Condition<Named>>,
    /// `monitor fail`.
    pub monitor_fail: Vec<Condition<Named>>,
}

/// `capture request header`, `capture cookie`, `declare capture`: the slots in the order of the text.
#[derive(Clone, Debug)]
pub struct Capture {
    /// As written; empty for a slot that was declared without a header.
    pub name: Box<str>,
    pub len: u32,
}

#[derive(Debug)]
pub enum SwitchTarget {
    Name(Name),
    /// Holds a `%[...]`: looked up for each stream.
    Dynamic(Format<Named>),
}

#[derive(Debug)]
pub struct UseBackend {
    pub to: SwitchTarget,
    pub condition: Option<Condition<Named>>,
    pub span: Span,
}

/// `force-persist` and `ignore-persist` conditions.
#[derive(Debug)]
pub struct Persist {
    pub condition: Condition<Named>,
    pub span: Span,
}
