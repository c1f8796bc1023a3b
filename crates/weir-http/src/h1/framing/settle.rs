//! Brings `content-length` and `transfer-encoding` back in line with the body after rules edited them.

use super::length::format_decimal;
use crate::headers::Headers;
use crate::{BodyKind, Known, NoRoom};

/// Makes the headers tell the truth about a body received as `body`, and returns how it is to be written.
///
/// A body whose `content-length` was deleted is written in chunks, as HAProxy does. A length that a rule changed is
/// put right, where HAProxy would send it and let the next message begin in the wrong place. `keeps_length`: the
/// message has no body of its own but may name one (answers to HEAD, 304).
pub fn settle_body(headers: &mut Headers, body: BodyKind, keeps_length: bool) -> Result<BodyKind, NoRoom> {
    if !std::mem::take(&mut headers.framing_edited) || (body == BodyKind::None && keeps_length) {
        return Ok(body);
    }
    let settled = match body {
        BodyKind::Length(_) | BodyKind::UntilClose
            if headers.position_known(Known::ContentLength, 0).is_none() && wants_chunks(headers, body) =>
        {
            BodyKind::Chunked
        }
        other => other,
    };
    match settled {
        BodyKind::Chunked => {
            headers.remove_known(Known::ContentLength);
            set_line(headers, b"transfer-encoding", Known::TransferEncoding, b"chunked")?;
        }
        BodyKind::Length(length) => {
            headers.remove_known(Known::TransferEncoding);
            let mut digits = [0; 20];
            set_line(headers, b"content-length", Known::ContentLength, format_decimal(length, &mut digits))?;
        }
        BodyKind::None => {
            headers.remove_known(Known::TransferEncoding);
            if headers.find_known(Known::ContentLength).is_some_and(|length| length != b"0") {
                headers.remove_known(Known::ContentLength);
            }
        }
        BodyKind::UntilClose | BodyKind::Tunnel => {
            headers.remove_known(Known::TransferEncoding);
            headers.remove_known(Known::ContentLength);
        }
    }
    headers.framing_edited = false;
    Ok(settled)
}

/// A body of known length without its header goes in chunks; one that ends with the connection only if a rule asked.
fn wants_chunks(headers: &Headers, body: BodyKind) -> bool {
    body != BodyKind::UntilClose || headers.position_known(Known::TransferEncoding, 0).is_some()
}

/// Leaves exactly one line of this name, with this value.
fn set_line(headers: &mut Headers, name: &[u8], known: Known, value: &[u8]) -> Result<(), NoRoom> {
    let first = headers.position_known(known, 0);
    let single = first.is_some_and(|first| headers.position_known(known, first + 1).is_none());
    match first {
        Some(first) if single && headers.at(first).value == value => Ok(()),
        Some(first) if single => headers.replace_at(first, value),
        _ => headers.set(name, value),
    }
}
