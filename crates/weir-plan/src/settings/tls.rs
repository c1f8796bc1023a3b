//! What `global` says of TLS (manual 3.1, 3.2).

use std::sync::Arc;

use weir_tls::ContextSettings;

/// Which files beside a certificate's are looked for (`ssl-load-extra-files`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtraFiles {
    pub bundle: bool,
    pub sctl: bool,
    pub ocsp: bool,
    pub issuer: bool,
    pub key: bool,
}

impl ExtraFiles {
    pub const ALL: Self = Self { bundle: true, sctl: true, ocsp: true, issuer: true, key: true };
    pub const NONE: Self = Self { bundle: false, sctl: false, ocsp: false, issuer: false, key: false };
}

/// `ocsp-update.*`, and what they are for.
#[derive(Clone, Debug)]
pub struct OcspUpdates {
    /// `ocsp-update.mode`: whether certificates that say nothing are kept fresh.
    pub mode: bool,
    pub disabled: bool,
    /// Shortest and longest time between two updates.
    pub minimum_s: u32,
    pub maximum_s: u32,
    /// Through whom responders are asked.
    pub proxy: Option<std::net::SocketAddr>,
    /// Names of the certificates whose responses are kept fresh.
    pub certificates: Vec<Arc<str>>,
}

impl Default for OcspUpdates {
    fn default() -> Self {
        Self {
            mode: false,
            disabled: false,
            minimum_s: 300,
            maximum_s: 3600,
            proxy: None,
            certificates: Vec::new(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct GlobalTls {
    pub ca_base: Option<Box<str>>,
    pub crt_base: Option<Box<str>>,
    pub key_base: Option<Box<str>>,
    /// `ssl-default-bind-*` and `ssl-default-server-*`.
    pub bind: ContextSettings,
    pub server: ContextSettings,
    /// `strict-sni` among the options of listeners.
    pub strict_sni: bool,
    pub extra_files: ExtraFiles,
    /// `ssl-load-extra-del-ext`
    pub del_ext: bool,
    /// `ssl-server-verify none`, or `-dV`.
    pub verify_none: bool,
    /// TLS connections at once, and handshakes per second; 0 is no limit.
    pub maxsslconn: u32,
    pub maxsslrate: u32,
    /// `tune.ssl.cachesize`: sessions of clients that are kept.
    pub cachesize: u32,
    /// `tune.ssl.lifetime`
    pub lifetime_s: u32,
    /// Bytes of the client's first message that are kept for expressions.
    pub capture_buffer_size: u32,
    /// `tune.ssl.maxrecord`, `tune.ssl.hard-maxrecord`; 0 is OpenSSL's own.
    pub maxrecord: u32,
    pub hard_maxrecord: u32,
    /// `tune.ssl.keylog`
    pub keylog: bool,
    /// `tune.ssl.ssl-ctx-cache-size`
    pub generated: u32,
    pub ocsp: OcspUpdates,
}

impl Default for GlobalTls {
    fn default() -> Self {
        Self {
            ca_base: None,
            crt_base: None,
            key_base: None,
            bind: ContextSettings::default(),
            server: ContextSettings::default(),
            strict_sni: false,
            extra_files: ExtraFiles::ALL,
            del_ext: false,
            verify_none: false,
            maxsslconn: 0,
            maxsslrate: 0,
            cachesize: 20000,
            lifetime_s: 300,
            capture_buffer_size: 0,
            maxrecord: 0,
            hard_maxrecord: 0,
            keylog: false,
            generated: 1000,
            ocsp: OcspUpdates::default(),
        }
    }
}
