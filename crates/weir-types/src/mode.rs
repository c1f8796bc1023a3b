//! What a proxy speaks and which halves it has.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    #[default]
    Tcp,
    Http,
    /// `mode log` backends and `log-forward` sections.
    Syslog,
    /// `mode spop` backends.
    Spop,
}

impl Mode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Tcp => "tcp",
            Mode::Http => "http",
            Mode::Syslog => "log",
            Mode::Spop => "spop",
        }
    }
}

/// Which section made the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyKind {
    Frontend,
    Backend,
    Listen,
    Defaults,
}

impl ProxyKind {
    pub const fn has_frontend(self) -> bool {
        matches!(self, ProxyKind::Frontend | ProxyKind::Listen)
    }

    pub const fn has_backend(self) -> bool {
        matches!(self, ProxyKind::Backend | ProxyKind::Listen)
    }

    /// The word HAProxy uses in messages: `frontend 'f'`, `backend 'b'`, `proxy 'l'`, `defaults 'd'`.
    pub const fn noun(self) -> &'static str {
        match self {
            ProxyKind::Frontend => "frontend",
            ProxyKind::Backend => "backend",
            ProxyKind::Listen => "proxy",
            ProxyKind::Defaults => "defaults",
        }
    }
}
