//! The `global` section (manual 3).

use std::sync::Arc;

use weir_types::Span;

use super::logs::LogTarget;

/// `cpu-map`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuMap {
    /// Threads (here: workers) counted from 1, inclusive.
    pub threads: (u32, u32),
    /// CPU numbers; with `auto:` thread n takes the n-th.
    pub cpus: Vec<u32>,
    pub auto: bool,
}

/// `tune.*` with an effect in weir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tune {
    /// 16384 by default.
    pub bufsize: u32,
    /// 1024 by default.
    pub maxrewrite: u32,
    /// 101 by default.
    pub maxhdr: u32,
    pub maxaccept: i32,
    pub http_cookielen: u32,
    /// 1024 by default.
    pub http_logurilen: u32,
    pub idletimer: u32,
    pub rcvbuf_frontend: u32,
    pub rcvbuf_backend: u32,
    pub sndbuf_frontend: u32,
    pub sndbuf_backend: u32,
    /// Percent of `ulimit-n`; 25 and 20 by default.
    pub pool_high_fd_ratio: u32,
    pub pool_low_fd_ratio: u32,
    pub vars_global_max_size: u64,
    pub vars_process_max_size: u64,
    pub vars_session_max_size: u64,
    pub vars_transaction_max_size: u64,
    pub vars_reqres_max_size: u64,
    pub stick_counters: u32,
    /// `tune.peers.max-updates-at-once`, 200 by default.
    pub peers_max_updates: u32,
    /// `tune.comp.maxlevel`, 1 by default.
    pub compression_level: u32,
    /// `tune.zlib.windowsize`, 15 by default.
    pub zlib_window: u8,
    /// 131072 by default.
    pub cli_max_payload_size: u32,
    pub http2: super::http2::Http2Tune,
}

impl Default for Tune {
    fn default() -> Self {
        Self {
            bufsize: 16384,
            maxrewrite: 1024,
            maxhdr: 101,
            maxaccept: 64,
            http_cookielen: 63,
            http_logurilen: 1024,
            idletimer: 1000,
            rcvbuf_frontend: 0,
            rcvbuf_backend: 0,
            sndbuf_frontend: 0,
            sndbuf_backend: 0,
            pool_high_fd_ratio: 25,
            pool_low_fd_ratio: 20,
            vars_global_max_size: 0,
            vars_process_max_size: 0,
            vars_session_max_size: 0,
            vars_transaction_max_size: 0,
            vars_reqres_max_size: 0,
            stick_counters: 3,
            peers_max_updates: 200,
            compression_level: 1,
            zlib_window: 15,
            cli_max_payload_size: 128 << 10,
            http2: Default::default(),
        }
    }
}

/// What counts as an error of the client and as a failure of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusClasses {
    pub errors: StatusSet,
    pub failures: StatusSet,
}

impl Default for StatusClasses {
    fn default() -> Self {
        Self { errors: StatusSet::errors(), failures: StatusSet::failures() }
    }
}

/// A set of statuses from 100 to 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusSet([u64; 8]);

impl StatusSet {
    pub const NONE: Self = Self([0; 8]);

    pub fn insert(&mut self, first: u16, last: u16) {
        self.each(first, last, |word, bit| *word |= bit);
    }

    pub fn remove(&mut self, first: u16, last: u16) {
        self.each(first, last, |word, bit| *word &= !bit);
    }

    pub fn contains(&self, status: u16) -> bool {
        let at = usize::from(status).wrapping_sub(100);
        self.0.get(at / 64).is_some_and(|word| word & 1 << (at % 64) != 0)
    }

    fn each(&mut self, first: u16, last: u16, change: impl Fn(&mut u64, u64)) {
        for status in first.max(100)..=last.min(599) {
            let at = usize::from(status) - 100;
            change(&mut self.0[at / 64], 1 << (at % 64));
        }
    }

    /// `http-err-codes` where nothing else is written.
    pub fn errors() -> Self {
        let mut set = Self::NONE;
        set.insert(400, 499);
        set
    }

    /// `http-fail-codes` where nothing else is written: 501 and 505 are the client's doing.
    pub fn failures() -> Self {
        let mut set = Self::NONE;
        set.insert(500, 599);
        set.remove(501, 501);
        set.remove(505, 505);
        set
    }
}

#[derive(Clone, Debug, Default)]
pub struct Global {
    pub daemon: bool,
    pub master_worker: bool,
    pub quiet: bool,
    pub zero_warning: bool,
    /// 0: as many as there are usable CPUs.
    pub nbthread: u16,
    pub cpu_map: Vec<CpuMap>,
    /// 0: computed from the descriptor limit.
    pub maxconn: u32,
    pub maxconn_rate: u32,
    pub maxsess_rate: u32,
    /// Kilobytes per second that are compressed at most; 0: no limit.
    pub maxcomprate: u32,
    /// Percent of CPU use beyond which nothing more is compressed; 0 and 100: no limit.
    pub maxcompcpuusage: u32,
    /// Megabytes for compression; 0: no limit.
    pub maxzlibmem: u32,
    pub maxpipes: u32,
    pub ulimit_n: Option<u64>,
    pub fd_hard_limit: Option<u64>,
    pub chroot: Option<Box<str>>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub user: Option<Box<str>>,
    pub group: Option<Box<str>>,
    pub pidfile: Option<Box<str>>,
    pub node: Option<Box<str>>,
    pub description: Option<Box<str>>,
    pub localpeer: Option<Box<str>>,
    /// Milliseconds.
    pub hard_stop_after: Option<u32>,
    pub grace: u32,
    pub close_spread_time: Option<u32>,
    pub stats_timeout: Option<u32>,
    pub stats_maxconn: u32,
    pub spread_checks: u32,
    pub max_spread_checks: Option<u32>,
    pub external_check: bool,
    /// `external-check preserve-env`
    pub external_check_keeps_environment: bool,
    /// `insecure-fork-wanted`
    pub fork_wanted: bool,
    pub mworker_max_reloads: Option<u32>,
    pub logs: Vec<LogTarget>,
    pub log_tag: Option<Arc<str>>,
    /// `log-send-hostname`: the name to send, or the system's when written without one.
    pub log_send_hostname: Option<Option<Box<str>>>,
    pub server_state_base: Option<Box<str>>,
    pub server_state_file: Option<Box<str>>,
    pub h1_case_adjust: Vec<(Box<str>, Box<str>)>,
    /// `h1-accept-payload-with-any-method`
    pub accept_payload_with_any_method: bool,
    /// `h1-do-not-close-on-insecure-transfer-encoding`
    pub keep_open_on_insecure_transfer_encoding: bool,
    /// `harden.reject-privileged-ports.tcp`
    pub reject_privileged_ports: bool,
    /// `pp2-never-send-local`
    pub never_send_local: bool,
    /// `http-err-codes`, `http-fail-codes`.
    pub status_classes: StatusClasses,
    pub tune: Tune,
    pub tls: super::GlobalTls,
    /// `jwt.decrypt_alg_list`, `jwt.decrypt_enc_list`.
    pub token_algorithms: weir_sample::TokenAlgorithms,
    /// `set-var` and `set-var-fmt` lines with the value they had at load time.
    pub variables: Vec<(weir_sample::Variable, weir_sample::OwnedValue, Span)>,
    /// `strict-limits`.
    pub strict_limits: bool,
    /// `profiling.tasks on`.
    pub profile_tasks: bool,
    pub set_dumpable: bool,
    /// `setcap`: what children keep of root's rights.
    pub capabilities: Vec<Box<str>>,
}
