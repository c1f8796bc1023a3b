//! The server's half of a proxy.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use weir_check::Ruleset;
use weir_sample::{Condition, Expr, Format, Resolved};
use weir_tls::Connector;
use weir_types::{Address, PortSpec, ProxyId, ServerId, Slot, Span};

use crate::settings::{Balance, Cookie, ServerSettings, SourceAddress};
use crate::table::StickRule;

#[derive(Clone, Debug)]
pub struct Backend {
    pub balance: Arc<Balance>,
    /// The key of `balance hash EXPR` and of `hdr`, `url_param`... when written as an expression.
    pub balance_key: Option<Expr<Resolved>>,
    pub cookie: Option<Arc<Cookie>>,
    pub servers: ServerList,
    /// `dispatch`, `option transparent`: where streams go that nothing binds to one of the servers. It stands behind the
    /// servers of all backends and has no name.
    pub dispatch: Option<ServerId>,
    pub use_server: Arc<[UseServer]>,
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
    pub force_persist: Arc<[Condition<Resolved>]>,
    pub ignore_persist: Arc<[Condition<Resolved>]>,
    /// `stick` lines in order.
    pub stick: Arc<[StickRule]>,
    /// `source` of the section, for servers that come at run time.
    pub source: Option<Arc<SourceAddress>>,
    /// How many servers came or went at run time.
    pub edits: u32,
}

/// The servers of a backend, as places in `Plan::servers`: in a row as the text has them, in any order once servers came
/// or went at run time.
#[derive(Clone, Debug, Default)]
pub struct ServerList {
    row: Range<u32>,
    edited: Option<Arc<[ServerId]>>,
}

impl ServerList {
    pub fn row(row: Range<u32>) -> Self {
        Self { row, edited: None }
    }

    pub fn len(&self) -> usize {
        self.edited.as_ref().map_or(self.row.len(), |list| list.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The server at a place below [`ServerList::len`].
    pub fn at(&self, index: usize) -> ServerId {
        match &self.edited {
            Some(list) => list[index],
            None => ServerId(self.row.start + index as u32),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = ServerId> + Clone + '_ {
        (0..self.len()).map(|index| self.at(index))
    }

    pub fn position(&self, id: ServerId) -> Option<usize> {
        match &self.edited {
            Some(list) => list.iter().position(|one| *one == id),
            None => self.row.contains(&id.0).then(|| (id.0 - self.row.start) as usize),
        }
    }

    pub fn with(&self, id: ServerId) -> Self {
        Self { row: self.row.clone(), edited: Some(self.iter().chain([id]).collect()) }
    }

    pub fn without(&self, id: ServerId) -> Self {
        Self { row: self.row.clone(), edited: Some(self.iter().filter(|one| *one != id).collect()) }
    }
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
#[derive(Clone, Debug)]
pub struct Server {
    /// The backend that it belongs to.
    pub owner: ProxyId,
    /// It came at run time.
    pub dynamic: bool,
    /// It was deleted: its place is free for another.
    pub gone: bool,
    /// An expression or a `use-server` line names it.
    pub referenced: bool,
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
