//! `cache` sections (manual 6.2.1).

use std::sync::Arc;

use weir_types::Slot;

#[derive(Clone, Debug)]
pub struct Cache {
    pub name: Arc<str>,
    pub megabytes: u32,
    /// Bytes of head and body together.
    pub max_object_size: u64,
    /// Seconds.
    pub max_age: u32,
    pub process_vary: bool,
    pub max_secondary_entries: u32,
    pub slot: Slot,
}
