//! What the command line asks for (management manual 3), typed. Reading the words is the `weir` program's.

use std::path::PathBuf;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `-f` and what follows `--`, in order.
    pub configurations: Vec<PathBuf>,
    /// `-C`
    pub directory: Option<PathBuf>,
    /// `-D`
    pub daemon: bool,
    /// `-W`, `-Ws`
    pub master_worker: bool,
    /// `-Ws`
    pub notify_systemd: bool,
    /// `-db`
    pub foreground: bool,
    /// `-d`
    pub debug: bool,
    /// `-q`
    pub quiet: bool,
    /// `-V`
    pub verbose: bool,
    /// `-c`
    pub check: bool,
    /// `-dW`
    pub zero_warning: bool,
    /// `-dD`
    pub diagnose: bool,
    /// `-dR`
    pub no_reuse_port: bool,
    /// `-dV`
    pub no_server_verify: bool,
    /// `-dr`
    pub ignore_unresolved: bool,
    /// `-p`
    pub pidfile: Option<PathBuf>,
    /// `-n`
    pub maxconn: Option<u32>,
    /// `-N`
    pub proxy_maxconn: Option<u32>,
    /// `-m`, megabytes
    pub memory_mb: Option<u64>,
    /// `-L`
    pub local_peer: Option<String>,
    /// `-S`, as written: address and options with commas between.
    pub master_socket: Option<String>,
    /// `-sf`
    pub finish: Vec<u32>,
    /// `-st`
    pub terminate: Vec<u32>,
    /// `-x`
    pub inherit_from: Option<PathBuf>,
    /// Classes of `-dK`.
    pub list_keywords: Vec<String>,
    /// The name that this program was called by, without directories.
    pub name: String,
    /// `3.4.0-...`, as `show version` and `show proc` tell it.
    pub version: String,
}
