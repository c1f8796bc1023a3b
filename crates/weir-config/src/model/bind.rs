//! `bind` lines (manual 4.2 and 5.1) and, with the same options, `stats socket` and `peers` binds.

use std::sync::Arc;

use weir_plan::settings::BindSettings;
use weir_tls::names::Filters;
use weir_tls::{Certificate, ContextSettings, List, Origin, TicketKeys};
use weir_types::{Address, Span};

/// One line: one or more addresses (separated by commas, or a port range) with one set of options.
#[derive(Clone, Debug)]
pub struct Bind {
    /// In the order of the text; a port range is still one address.
    pub addresses: Vec<Address>,
    /// The address word as written: messages repeat it.
    pub text: Arc<str>,
    pub options: Arc<BindOptions>,
    pub span: Span,
}

#[derive(Clone, Debug, Default)]
pub struct BindOptions {
    pub settings: BindSettings,
    /// `name`.
    pub name: Option<Arc<str>>,
    /// `id`: of the first address; the others follow.
    pub id: Option<u32>,
    pub guid_prefix: Option<Box<str>>,
    /// `proto`.
    pub protocol: Option<Box<str>>,
    /// `thread` as written.
    pub thread: Option<Box<str>>,
    pub tls: Option<Box<TlsBind>>,
}

/// `ssl` and what goes with it.
#[derive(Clone, Debug, Default)]
pub struct TlsBind {
    /// `ssl` itself was written.
    pub enabled: bool,
    pub settings: ContextSettings,
    /// `strict-sni` or `no-strict-sni` was written.
    pub strict_sni: Option<bool>,
    /// `tls-ticket-keys`
    pub ticket_keys: Option<Arc<TicketKeys>>,
    /// `generate-certificates`
    pub generate: bool,
    /// `ca-sign-file` and `ca-sign-pass`, which count only then.
    pub ca_sign_file: Option<Box<str>>,
    pub ca_sign_pass: Option<Box<str>>,
    /// Files of `crt-list` and directories of `crt`, each once.
    pub lists: Vec<List>,
    /// In the order of `crt`, `default-crt` and `crt-list`.
    pub entries: Vec<TlsEntry>,
}

/// One certificate of a line.
#[derive(Clone, Debug)]
pub struct TlsEntry {
    pub certificate: Arc<Certificate>,
    pub filters: Filters,
    /// Of its line in a `crt-list`.
    pub settings: Option<Arc<ContextSettings>>,
    /// Where it stands in a list.
    pub origin: Option<Origin>,
}
