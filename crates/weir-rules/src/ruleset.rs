//! The lists in which rules stand, in the order in which a stream meets them (manual 4.3, "actions keywords matrix").

use weir_sample::{Condition, Stage};
use weir_types::Span;

use crate::action::Action;

/// The list a rule belongs to; the name is the keyword that begins its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleSet {
    QuicInitial,
    TcpRequestConnection,
    TcpRequestSession,
    TcpRequestContent,
    TcpResponseContent,
    HttpRequest,
    HttpResponse,
    HttpAfterResponse,
}

impl RuleSet {
    pub const fn keyword(self) -> &'static str {
        match self {
            RuleSet::QuicInitial => "quic-initial",
            RuleSet::TcpRequestConnection => "tcp-request connection",
            RuleSet::TcpRequestSession => "tcp-request session",
            RuleSet::TcpRequestContent => "tcp-request content",
            RuleSet::TcpResponseContent => "tcp-response content",
            RuleSet::HttpRequest => "http-request",
            RuleSet::HttpResponse => "http-response",
            RuleSet::HttpAfterResponse => "http-after-response",
        }
    }
}

/// One rule: what to do, and when.
#[derive(Clone, Debug)]
pub struct Rule<S: Stage> {
    pub action: Action<S>,
    pub condition: Option<Condition<S>>,
    pub span: Span,
}
