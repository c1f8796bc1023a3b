//! Options of a `server` line (manual 5.2) that servers of one line or template share.

use std::net::SocketAddr;

use super::balance::HashKey;
use super::check::{InitState, Observe, OnError, OnMarked, ServerAgent, ServerCheck};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyProtocolVersion {
    V1,
    V2,
}

/// `send-proxy` and its kin, `proxy-v2-options`: bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendProxy(pub u16);

impl SendProxy {
    pub const V1: Self = Self(0x01);
    pub const V2: Self = Self(0x02);
    pub const SSL: Self = Self(0x04);
    pub const CERT_CN: Self = Self(0x08);
    pub const CIPHER: Self = Self(0x10);
    pub const CERT_SIG: Self = Self(0x20);
    pub const CERT_KEY: Self = Self(0x40);
    pub const AUTHORITY: Self = Self(0x80);
    pub const CRC32C: Self = Self(0x100);
    pub const UNIQUE_ID: Self = Self(0x200);
    /// Whatever stands within the field about TLS.
    pub const ABOUT_TLS: Self = Self(Self::SSL.0 | Self::CIPHER.0 | Self::CERT_SIG.0 | Self::CERT_KEY.0);

    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether a header is sent, and which: options alone send none, and version 2 wins.
    pub const fn version(self) -> Option<ProxyProtocolVersion> {
        if self.intersects(Self::V2) {
            Some(ProxyProtocolVersion::V2)
        } else if self.intersects(Self::V1) {
            Some(ProxyProtocolVersion::V1)
        } else {
            None
        }
    }
}

/// `source`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceAddress {
    pub address: Option<SocketAddr>,
    /// Inclusive port range, when a range was written.
    pub ports: Option<(u16, u16)>,
    pub interface: Option<Box<str>>,
    pub use_source: Option<UseSource>,
}

/// `usesrc`: whose address connections for a stream bear. Checks keep the address of `source`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UseSource {
    /// The client's address and port.
    Client,
    /// Its address alone.
    ClientIp,
    /// `hdr_ip(NAME,OCCURRENCE)`: an address that a header of the request holds.
    Header {
        name: Box<str>,
        occurrence: i32,
    },
    Address(SocketAddr),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// 0 to 256.
    pub weight: u16,
    pub backup: bool,
    /// Its address is reached over MPTCP where the kernel has it.
    pub mptcp: bool,
    /// Starts in maintenance.
    pub disabled: bool,
    /// 0 is unlimited.
    pub maxconn: u32,
    pub minconn: u32,
    pub maxqueue: u32,
    pub check: ServerCheck,
    pub agent: ServerAgent,
    pub observe: Option<Observe>,
    pub init_state: InitState,
    pub on_error: OnError,
    pub on_marked: OnMarked,
    pub error_limit: u32,
    pub send_proxy: SendProxy,
    /// `proto`.
    pub protocol: Option<super::MuxProtocol>,
    pub ws: super::WebSockets,
    pub source: Option<SourceAddress>,
    /// `slowstart`, milliseconds.
    pub slowstart: u32,
    pub pool_max_conn: Option<u32>,
    /// Milliseconds, 5000 by default.
    pub pool_purge_delay: u32,
    pub pool_low_conn: u32,
    pub max_reuse: Option<u32>,
    /// `idle-ping`, milliseconds.
    pub idle_ping: Option<u32>,
    pub tcp_user_timeout: Option<u32>,
    /// `cc`
    pub congestion_control: Option<Box<str>>,
    /// `tcp-md5sig`
    pub md5_password: Option<Box<str>>,
    pub tfo: bool,
    /// `redir`: the prefix of a 302.
    pub redirect_prefix: Option<Box<str>>,
    pub hash_key: HashKey,
    /// `non-stick`: stick tables do not learn it.
    pub non_stick: bool,
    /// `strict-maxconn`: idle connections count too.
    pub strict_maxconn: bool,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            weight: 1,
            backup: false,
            mptcp: false,
            disabled: false,
            maxconn: 0,
            minconn: 0,
            maxqueue: 0,
            check: ServerCheck::default(),
            agent: ServerAgent::default(),
            observe: None,
            init_state: InitState::default(),
            on_error: OnError::default(),
            on_marked: OnMarked::default(),
            error_limit: 10,
            send_proxy: SendProxy::default(),
            protocol: None,
            ws: super::WebSockets::Auto,
            source: None,
            slowstart: 0,
            pool_max_conn: None,
            pool_purge_delay: 5000,
            pool_low_conn: 0,
            max_reuse: None,
            idle_ping: None,
            tcp_user_timeout: None,
            congestion_control: None,
            md5_password: None,
            tfo: false,
            redirect_prefix: None,
            hash_key: HashKey::default(),
            non_stick: false,
            strict_maxconn: false,
        }
    }
}
