//! `filter bwlim-in` and `filter bwlim-out` (manual 9.7).

use std::sync::Arc;

/// A limit that `set-bandwidth-limit` may put on a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BandwidthLimit {
    pub name: Arc<str>,
    /// `bwlim-in`: what comes from the client.
    pub upload: bool,
    /// Bytes in a period.
    pub limit: u64,
    pub period_ms: u32,
    /// No fewer bytes are forwarded at a time, but for the last.
    pub min_size: u64,
}
