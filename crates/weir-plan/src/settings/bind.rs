//! Options of a `bind` line (manual 5.1).

/// `level` of a `stats socket`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CliLevel {
    User,
    #[default]
    Operator,
    Admin,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BindSettings {
    pub maxconn: Option<u32>,
    pub backlog: Option<u32>,
    pub nice: i16,
    pub accept_proxy: bool,
    /// `proto`.
    pub protocol: Option<super::MuxProtocol>,
    pub accept_netscaler_cip: Option<u32>,
    pub defer_accept: bool,
    pub transparent: bool,
    pub tfo: bool,
    pub v4v6: bool,
    pub v6only: bool,
    pub interface: Option<Box<str>>,
    pub mss: Option<i32>,
    /// `tcp-ut`, milliseconds.
    pub tcp_user_timeout: Option<u32>,
    /// `idle-ping`, milliseconds.
    pub idle_ping: Option<u32>,
    /// `cc`
    pub congestion_control: Option<Box<str>>,
    /// `tcp-md5sig`
    pub md5_password: Option<Box<str>>,
    /// `tcp-ss`
    pub save_syn: u8,
    /// Unix sockets: permission bits, owner ids.
    pub mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    /// `stats socket` only.
    pub level: CliLevel,
    pub expose_fd_listeners: bool,
    pub severity_output: SeverityOutput,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SeverityOutput {
    #[default]
    None,
    Number,
    String,
}
