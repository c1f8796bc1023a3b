//! How text enters a log line or a header: escapes of manual 8.6, quotes, and what a header may not contain.

use super::{Flags, FormatMode};

/// Appends `text` with unprintable bytes, `"` and `#` as `#XX`; `extra` names more bytes to treat so.
pub fn escape_log(text: &[u8], extra: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        if (32..127).contains(&byte) && byte != b'"' && byte != b'#' && !extra.contains(&byte) {
            out.push(byte);
        } else {
            push_hex(b'#', byte, out);
        }
    }
}

/// With `E`: `"`, `\` and `]` behind a backslash, unprintable bytes as `#XX`.
fn escape_structured(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'"' | b'\\' | b']' => out.extend_from_slice(&[b'\\', byte]),
            b'#' => push_hex(b'#', byte, out),
            32..127 => out.push(byte),
            _ => push_hex(b'#', byte, out),
        }
    }
}

/// What a header's value may not contain becomes `%XX`.
fn escape_http(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            0..=31 | 127 => push_hex(b'%', byte, out),
            _ => out.push(byte),
        }
    }
}

fn push_hex(mark: u8, byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend_from_slice(&[mark, DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

/// Appends a value from outside: escaped for the mode, quoted if asked for; an empty one is `-` in logs.
pub(super) fn write_value(text: &[u8], mode: FormatMode, flags: Flags, out: &mut Vec<u8>) {
    let logs = matches!(mode, FormatMode::Log | FormatMode::StructuredData);
    if text.is_empty() && logs {
        out.extend_from_slice(if flags.quote { b"\"\"" } else { b"-" });
        return;
    }
    if flags.quote {
        out.push(b'"');
    }
    match (logs, mode) {
        _ if flags.escape => escape_structured(text, out),
        (true, _) => escape_log(text, b"", out),
        (false, FormatMode::Tcp) => out.extend_from_slice(text),
        (false, _) => escape_http(text, out),
    }
    if flags.quote {
        out.push(b'"');
    }
}

/// Appends a word of our own: no escaping.
pub(super) fn write_word(text: &[u8], mode: FormatMode, flags: Flags, out: &mut Vec<u8>) {
    if text.is_empty() {
        return write_value(text, mode, flags, out);
    }
    if flags.quote {
        out.push(b'"');
    }
    out.extend_from_slice(text);
    if flags.quote {
        out.push(b'"');
    }
}
