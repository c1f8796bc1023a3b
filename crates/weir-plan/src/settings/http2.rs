//! HTTP/2 (manual 3.2 `tune.h2.*`, 5.1 and 5.2 `proto`, `ws`).

/// `proto`, where it matters: without, what a client begins with decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MuxProtocol {
    H1,
    H2,
}

/// `ws`: how WebSockets go to a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebSockets {
    /// As other requests do.
    #[default]
    Auto,
    H1,
    H2,
}

/// `tune.h2.*` that both sides share, and each side's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http2Tune {
    /// `initial-window-size`; the size of a buffer by default.
    pub initial_window: Option<u32>,
    /// `max-concurrent-streams`; 100 by default, 0 is unlimited.
    pub max_streams: Option<u32>,
    /// The size of a buffer by default.
    pub max_frame: Option<u32>,
    pub header_table: u32,
    pub log_errors: Http2Errors,
    /// `h2-workaround-bogus-websocket-clients`.
    pub no_extended_connect: bool,
    /// `tune.streams-elasticity`, percent; 0: streams are not adjusted to the load.
    pub elasticity: u32,
    pub client: Http2Side,
    pub server: Http2Side,
}

impl Default for Http2Tune {
    fn default() -> Self {
        Self {
            initial_window: None,
            max_streams: None,
            max_frame: None,
            header_table: 4096,
            log_errors: Http2Errors::default(),
            no_extended_connect: false,
            elasticity: 0,
            client: Http2Side::default(),
            server: Http2Side::default(),
        }
    }
}

/// `tune.h2.fe.*` and `tune.h2.be.*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Http2Side {
    pub initial_window: Option<u32>,
    pub max_streams: Option<u32>,
    /// `rxbuf`, bytes.
    pub receive_budget: Option<u32>,
    /// `glitches-threshold`; 0: none.
    pub glitches: u32,
    /// `max-total-streams`; 0: unlimited.
    pub max_total: u32,
    /// `max-frames-at-once`, `max-rst-at-once`; 0: unlimited.
    pub frames_at_once: u32,
    pub resets_at_once: u32,
}

/// `tune.h2.log-errors`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Http2Errors {
    None,
    Connection,
    #[default]
    Stream,
}
