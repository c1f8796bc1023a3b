//! The server's half of a proxy.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use weir_check::Ruleset;
use weir_sample::{Condition, Expr, Format, Resolved};
use weir_tls::Connector;
use weir_types::{Address, PortSpec, ServerId, Slot, Span};

use crate::settings::{Balance, Cookie, ServerSettings};
use crate::table::StickRule;

#[derive(Debug)]
pub struct Backend {
    pub balance: Arc<Balance>,
    /// The key of `balance hash EXPR` and of `hdr`, `url_param`... when written as an expression.
    pub balance_key: Option<Expr<Resolved>>,
    pub cookie: Option<Arc<Cookie>>,
    /// Indices into `Plan::servers`.
    pub servers: Range<u32>,
    /// `dispatch`, `option transparent`: where streams go that nothing binds to one of the servers. It stands behind the
    /// servers of all backends and has no name.
    pub dispatch: Option<ServerId>,
    pub use_server: Vec<UseServer>,
    /// `option httpchk`, `tcp-check`...: what a server's `check` does here.
    pub check: Arc<Ruleset>,
    /// `fullconn`.
    pub fullconn: Option<u32>,
    /// Some server has a `maxconn`.
    pub limited: bool,
    /// The load at which `minconn` gives way to `maxconn`, where some server has both; 0 elsewhere. `fullconn`, else a
    /// tenth of what the frontends that lead here may carry.
    pub full_load: u32,
    /// `max-keep-alive-queue`; `None`: no limit.
    pub keep_alive_queue: Option<u32>,
    /// `persist rdp-cookie`: its name.
    pub rdp_cookie: Option<Box<str>>,
    /// `http-send-name-header`.
    pub send_name_header: Option<Box<str>>,
    pub force_persist: Vec<Condition<Resolved>>,
    pub ignore_persist: Vec<Condition<Resolved>>,
    /// `stick` lines in order.
    pub stick: Vec<StickRule>,
}

#[derive(Debug)]
pub struct UseServer {
    pub to: UseServerTarget,
    pub condition: Option<Condition<Resolved>>,
    pub span: Span,
}

#[derive(Debug)]
pub enum UseServerTarget {
    Server(ServerId),
    Dynamic(Format<Resolved>),
}

/// One server. What never differs between the servers of a line (`default-server`, template) is shared.
#[derive(Debug)]
pub struct Server {
    /// Empty for the one that [`Backend::dispatch`] names.
    pub name: Arc<str>,
    /// `id`, or the place in the backend counted from 1.
    pub id: u32,
    /// `id` gave the number.
    pub forced_id: bool,
    pub target: ServerTarget,
    /// The name that the address was looked up by.
    pub host: Option<Arc<str>>,
    pub settings: Arc<ServerSettings>,
    /// `ssl` or `check-ssl`.
    pub tls: Option<Arc<ServerTls>>,
    /// The value of the `cookie` option on the line.
    pub cookie: Option<Arc<str>>,
    /// `set-proxy-v2-tlv-fmt`
    pub proxy_fields: Option<Arc<[ProxyField]>>,
    /// `track`.
    pub track: Option<ServerId>,
    pub span: Span,
    pub slot: Slot,
}

/// `set-proxy-v2-tlv-fmt`: a field of a PROXY header of version 2.
#[derive(Debug)]
pub struct ProxyField {
    pub kind: u8,
    pub value: Format<Resolved>,
}

impl Server {
    /// Whether there is a server that can be told of: not where `dispatch` leads.
    pub fn is_named(&self) -> bool {
        !self.name.is_empty()
    }
}

/// TLS to a server.
#[derive(Debug)]
pub struct ServerTls {
    pub connector: Connector,
    /// `check-alpn`
    pub check_connector: Option<Connector>,
    /// `ssl`: traffic is encrypted.
    pub traffic: bool,
    pub checks: bool,
    pub name: ServerName,
    /// `check-sni`
    pub check_name: Option<Arc<str>>,
    /// Without `check-sni`, checks ask for the host that they send.
    pub check_host: bool,
}

/// Which name a server is asked for (SNI).
#[derive(Debug)]
pub enum ServerName {
    None,
    /// `sni-auto`: the request's host.
    Host,
    /// `sni`
    Expression(Expr<Resolved>),
}

/// Where to connect.
#[derive(Clone, Debug)]
pub enum ServerTarget {
    Ip {
        ip: IpAddr,
        port: PortSpec,
    },
    /// A unix or abstract socket, `fd@`, `sockpair@`...
    Other(Box<Address>),
    /// The client's own destination (`0.0.0.0`, `*`): `port` may replace the port.
    Transparent {
        port: PortSpec,
    },
    /// A name that did not resolve when the configuration was loaded (`init-addr none` and the like).
    Unresolved {
        name: Arc<str>,
        port: PortSpec,
    },
}
