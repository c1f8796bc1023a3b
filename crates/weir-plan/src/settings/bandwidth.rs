//! `filter bwlim-in` and `filter bwlim-out` (manual 9.7).

use std::sync::Arc;

use weir_sample::{Expr, Resolved};
use weir_types::TableId;

/// A limit that `set-bandwidth-limit` may put on a stream.
#[derive(Debug)]
pub struct BandwidthLimit {
    pub name: Arc<str>,
    /// `bwlim-in`: what comes from the client.
    pub upload: bool,
    /// Bytes in a period.
    pub limit: u64,
    /// No fewer bytes are forwarded at a time, but for the last.
    pub min_size: u64,
    pub scope: BandwidthScope,
}

/// Who has the limit to itself.
#[derive(Debug)]
pub enum BandwidthScope {
    Stream {
        period_ms: u32,
    },
    /// All streams with one key: they count in an entry of a table, whose byte rate has the period.
    Shared {
        key: Expr<Resolved>,
        table: TableId,
    },
}
