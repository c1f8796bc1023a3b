//! The client's half of a proxy, and the listening sockets.

use std::sync::Arc;

use weir_sample::{Condition, Format, Resolved};
use weir_types::{Address, ListenerId, ProxyId, Slot, Span};

use crate::settings::BindSettings;

#[derive(Debug, Default)]
pub struct Frontend {
    /// `None`: `maxconn` is not set here, the global figure applies.
    pub maxconn: Option<u32>,
    pub backlog: Option<u32>,
    /// `rate-limit sessions`, per second; 0 is none.
    pub rate_limit_sessions: u32,
    pub use_backend: Vec<UseBackend>,
    pub default_backend: Option<ProxyId>,
    /// `force-be-switch`: any of them opens backends that are out of service.
    pub force_be_switch: Vec<Condition<Resolved>>,
    pub listeners: Vec<ListenerId>,
    /// `monitor fail if ...`
    pub monitor_fail: Vec<Condition<Resolved>>,
    /// `capture request header NAME len N`.
    pub capture_request: Vec<Capture>,
    pub capture_response: Vec<Capture>,
    /// `capture cookie NAME len N`.
    pub capture_cookie: Option<Capture>,
}

/// One capture slot.
#[derive(Clone, Debug)]
pub struct Capture {
    /// Lower case; empty for a slot that only `http-request capture` fills.
    pub name: Box<str>,
    pub len: u32,
}

#[derive(Debug)]
pub struct UseBackend {
    pub to: BackendChoice,
    pub condition: Option<Condition<Resolved>>,
    pub span: Span,
}

#[derive(Debug)]
pub enum BackendChoice {
    Proxy(ProxyId),
    /// `use_backend %[...]`: looked up by name for each stream; an unknown name falls through to the next rule.
    Dynamic(Format<Resolved>),
}

/// One address of one `bind` line (a line with a port range or several addresses makes several).
#[derive(Clone, Debug)]
pub struct Listener {
    pub index: ListenerId,
    pub owner: ListenerOwner,
    /// `name`, or empty; statistics show it with `option socket-stats`.
    pub name: Arc<str>,
    /// `id`, or the place in the proxy counted from 1.
    pub id: u32,
    pub address: Address,
    /// Lines are shared by the addresses they make.
    pub settings: Arc<BindSettings>,
    /// `ssl`: certificates and what else its handshakes need.
    pub tls: Option<Arc<weir_tls::Listener>>,
    pub span: Span,
    pub slot: Slot,
}

/// Who takes the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerOwner {
    Proxy(ProxyId),
    /// `stats socket`: the runtime commands; handled by the controller.
    Cli,
    /// A `log-forward` section, by its number.
    LogForward(u32),
    /// `peers` sections; handled by the controller.
    Peers,
}
