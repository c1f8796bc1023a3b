//! `server`, `default-server` and `server-template` lines (manual 4.2 and 5.2).

use std::sync::Arc;

use weir_plan::settings::ServerSettings;
use weir_sample::{Expr, Format, Named};
use weir_tls::{Certificate, ContextSettings};
use weir_types::{Address, Span};

use super::name::Name;

#[derive(Clone, Debug)]
pub struct Server {
    pub name: Arc<str>,
    pub address: Address,
    /// Shared by the lines that say the same.
    pub options: Arc<ServerOptions>,
    /// `cookie`.
    pub cookie: Option<Arc<str>>,
    /// `id`; servers without one are numbered by the compiler.
    pub id: Option<u32>,
    pub guid: Option<Arc<str>>,
    /// `track [backend/]server`.
    pub track: Option<Name>,
    pub span: Span,
}

/// `server-template PREFIX NUMBER|RANGE ADDRESS`: the servers `PREFIX<first>` to `PREFIX<last>`.
#[derive(Clone, Debug)]
pub struct ServerTemplate {
    pub prefix: Arc<str>,
    pub first: u32,
    pub last: u32,
    /// Its place among the servers of the section: they stand before the server of this index.
    pub before: u32,
    pub model: Server,
}

/// What `default-server` can set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerOptions {
    pub settings: ServerSettings,
    pub cookie: Option<Arc<str>>,
    pub track: Option<Name>,
    /// `resolvers`.
    pub resolvers: Option<Name>,
    pub init_address: Option<Box<[InitAddress]>>,
    pub tls: Option<Box<TlsServer>>,
    /// `sni`, `pool-conn-name`, `check-pool-conn-name`: as written, checked as expressions.
    pub sni: Option<Sni>,
    /// `set-proxy-v2-tlv-fmt`
    pub proxy_fields: Vec<ProxyField>,
    pub namespace: Option<Box<str>>,
    /// `healthcheck NAME`.
    pub healthcheck: Option<Name>,
}

/// `set-proxy-v2-tlv-fmt`: a field of a PROXY header of version 2.
#[derive(Clone, Debug)]
pub struct ProxyField {
    pub kind: u8,
    pub text: Box<str>,
    pub format: Arc<Format<Named>>,
}

/// As it was written.
impl PartialEq for ProxyField {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.text == other.text
    }
}

/// The expression of `sni`.
#[derive(Clone, Debug)]
pub struct Sni {
    pub expr: Arc<Expr<Named>>,
}

/// As it was written.
impl PartialEq for Sni {
    fn eq(&self, other: &Self) -> bool {
        self.expr.text == other.expr.text
    }
}

/// One method of `init-addr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitAddress {
    Libc,
    Last,
    None,
    Ip(std::net::IpAddr),
}

/// `ssl` and what goes with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TlsServer {
    /// `ssl` itself was written.
    pub enabled: bool,
    /// `check-ssl`.
    pub check: bool,
    /// A `connect ssl` of the checks asks for it.
    pub connect: bool,
    pub settings: ContextSettings,
    /// `crt` as written, and the certificate once the line was found to use it.
    pub crt: Option<Box<str>>,
    pub certificate: Option<Arc<Certificate>>,
    pub verify_host: Option<Arc<str>>,
    /// `no-ssl-reuse`
    pub no_reuse: bool,
    /// `no-sni-auto`, `no-check-sni-auto`
    pub no_sni_auto: bool,
    pub no_check_sni_auto: bool,
    pub check_sni: Option<Arc<str>>,
    pub check_alpn: Option<Arc<str>>,
}
