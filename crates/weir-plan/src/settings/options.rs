//! `option ...` and its neighbours (manual 4.2): switches by name, and the few with values.

use std::net::IpAddr;

/// `option http-keep-alive`, `http-server-close`, `httpclose`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpConnectionMode {
    #[default]
    KeepAlive,
    ServerClose,
    Close,
}

/// `http-reuse`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpReuse {
    Never,
    #[default]
    Safe,
    Aggressive,
    Always,
}

/// `option redispatch [interval]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redispatch {
    #[default]
    Off,
    /// Positive: on every n-th retry; negative: n retries before the last.
    Every(i32),
}

impl Redispatch {
    pub const fn is_on(self) -> bool {
        !matches!(self, Self::Off | Self::Every(0))
    }
}

/// `option forwardfor` and `option originalto`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressHeader {
    pub header: Box<str>,
    /// `except NETWORK`: address and prefix length.
    pub except: Option<(IpAddr, u8)>,
    pub if_none: bool,
}

/// `option http-restrict-req-hdr-names`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpRestrict {
    Preserve,
    Reject,
    Delete,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub connection_mode: HttpConnectionMode,
    pub reuse: HttpReuse,
    pub redispatch: Redispatch,
    pub forwardfor: Option<AddressHeader>,
    pub originalto: Option<AddressHeader>,
    pub restrict_header_names: Option<HttpRestrict>,
    pub http_buffer_request: bool,
    pub http_ignore_probes: bool,
    pub http_no_delay: bool,
    pub http_pretend_keepalive: bool,
    pub http_use_proxy_header: bool,
    pub http_drop_request_trailers: bool,
    pub http_drop_response_trailers: bool,
    pub accept_unsafe_request: bool,
    pub accept_unsafe_response: bool,
    /// Unset: as the mode has it by default.
    pub abortonclose: Option<bool>,
    pub allbackups: bool,
    pub checkcache: bool,
    pub clitcpka: bool,
    pub srvtcpka: bool,
    pub contstats: bool,
    pub dontlog_normal: bool,
    pub dontlognull: bool,
    pub log_health_checks: bool,
    pub log_separate_errors: bool,
    pub logasap: bool,
    pub nolinger: bool,
    pub persist: bool,
    pub prefer_last_server: bool,
    pub socket_stats: bool,
    pub splice_auto: bool,
    pub splice_request: bool,
    pub splice_response: bool,
    pub tcp_smart_accept: bool,
    pub tcp_smart_connect: bool,
    pub transparent: bool,
    pub independent_streams: bool,
    pub idle_close_on_response: bool,
    pub h1_case_adjust_bogus_client: bool,
    pub h1_case_adjust_bogus_server: bool,
    pub disable_h2_upgrade: bool,
}

/// `clitcpka-*`, `srvtcpka-*`: the probes of `option clitcpka` and `option srvtcpka`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keepalive {
    pub count: Option<u32>,
    pub idle_s: Option<u32>,
    pub interval_s: Option<u32>,
}
