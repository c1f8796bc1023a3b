//! What a server's checks and its agent are told (manual 5.2): what stands on its line, beside the ruleset that its
//! backend has for all of its servers.

use std::net::IpAddr;
use std::sync::Arc;

use weir_check::Ruleset;

/// `check` and its neighbours. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCheck {
    pub enabled: bool,
    pub inter: u32,
    pub fastinter: Option<u32>,
    pub downinter: Option<u32>,
    pub rise: u32,
    pub fall: u32,
    pub port: Option<u16>,
    /// `addr`.
    pub address: Option<IpAddr>,
    pub send_proxy: bool,
    /// `check-via-socks4`
    pub via_socks4: bool,
    /// `healthcheck`: other rules than the backend's.
    pub rules: OwnRules,
}

impl Default for ServerCheck {
    /// Manual 5.2: inter 2s, rise 2, fall 3.
    fn default() -> Self {
        Self {
            enabled: false,
            inter: 2000,
            fastinter: None,
            downinter: None,
            rise: 2,
            fall: 3,
            port: None,
            address: None,
            send_proxy: false,
            via_socks4: false,
            rules: OwnRules(None),
        }
    }
}

/// Rules that one server has for itself; equal if they are the same.
#[derive(Clone, Debug, Default)]
pub struct OwnRules(pub Option<Arc<Ruleset>>);

impl PartialEq for OwnRules {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for OwnRules {}

/// `agent-check` and its neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAgent {
    pub enabled: bool,
    pub port: Option<u16>,
    pub address: Option<IpAddr>,
    /// Milliseconds; `inter` where it is not set.
    pub inter: Option<u32>,
    /// `agent-send`
    pub send: Box<str>,
}

impl Default for ServerAgent {
    fn default() -> Self {
        Self { enabled: false, port: None, address: None, inter: None, send: "".into() }
    }
}

/// `observe`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observe {
    Layer4,
    Layer7,
}

/// `on-error`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    FastInter,
    #[default]
    FailCheck,
    SuddenDeath,
    MarkDown,
}

/// `on-marked-down shutdown-sessions`, `on-marked-up shutdown-backup-sessions`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnMarked {
    pub down_shutdown_sessions: bool,
    pub up_shutdown_backup_sessions: bool,
}

/// `init-state`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitState {
    FullyUp,
    /// One failed check from down.
    #[default]
    Up,
    /// One passed check from up.
    Down,
    FullyDown,
}
