//! The bounds and options under which messages are parsed.

/// Bounds and options of one side's parser; built once per frontend or backend when the plan is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `tune.http.maxhdr`: most header lines, the start line included (default 101).
    pub max_headers: u16,
    /// `tune.bufsize` in bytes (default 16384).
    pub bufsize: u32,
    /// `tune.maxrewrite` in bytes (default 1024); a received head may fill `bufsize - maxrewrite`.
    pub maxrewrite: u32,
    /// `option accept-unsafe-violations-in-http-request` or `-response`.
    pub accept_unsafe: bool,
    /// `h1-accept-payload-with-any-method`.
    pub accept_payload_with_any_method: bool,
    /// `h1-do-not-close-on-insecure-transfer-encoding`.
    pub keep_open_on_insecure_transfer_encoding: bool,
}

impl Limits {
    /// Most bytes a received head may take.
    pub fn max_head(&self) -> usize {
        self.bufsize.saturating_sub(self.maxrewrite) as usize
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_headers: 101,
            bufsize: 16384,
            maxrewrite: 1024,
            accept_unsafe: false,
            accept_payload_with_any_method: false,
            keep_open_on_insecure_transfer_encoding: false,
        }
    }
}
