//! The events of `retry-on` (manual 4.2), as bits of [`crate::Settings::retry_on`].

pub const CONN_FAILURE: u32 = 1;
pub const EMPTY_RESPONSE: u32 = 1 << 1;
pub const JUNK_RESPONSE: u32 = 1 << 2;
pub const RESPONSE_TIMEOUT: u32 = 1 << 3;
pub const REJECTED_0RTT: u32 = 1 << 4;

/// Statuses from here on, in the order of [`STATUSES`].
const FIRST_STATUS: usize = 5;
const STATUSES: &[u16] = &[401, 403, 404, 408, 421, 425, 429, 500, 501, 502, 503, 504];

/// The bit of a status; `None` for those that are no reason to retry.
pub fn status(code: u16) -> Option<u32> {
    let place = STATUSES.iter().position(|status| *status == code)?;
    Some(1 << (FIRST_STATUS + place))
}
