//! `capture request header` and `capture response header`: the last line of each name, cut to its length.

use weir_http::Headers;
use weir_plan::Capture;

use crate::record::Record;

pub fn lines(captures: &[Capture], headers: &Headers, record: &mut Record, response: bool) {
    for (slot, capture) in captures.iter().enumerate() {
        // A slot without a name is filled by rules.
        if capture.name.is_empty() {
            continue;
        }
        if let Some(value) = headers.nth_value(capture.name.as_bytes(), -1) {
            record.capture(response, slot, value[..value.len().min(capture.len as usize)].to_vec());
        }
    }
}
