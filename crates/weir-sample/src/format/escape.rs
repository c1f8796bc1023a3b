//! How text enters a log line or a header: escapes of manual 8.6, quotes, and what a header may not contain.

use super::{Flags, FormatMode};

/// Appends `text` with unprintable bytes, `"` and `#` as `#XX`; `extra` names more bytes to treat so.
pub fn escape_log(text: &[u8], extra: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        if is_plain(byte) && !extra.contains(&byte) {
            out.push(byte);
        } else {
            push_hex(b'#', byte, out);
        }
    }
}

const fn is_plain(byte: u8) -> bool {
    matches!(byte, 32..127) && byte != b'"' && byte != b'#'
}

fn push_hex(mark: u8, byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend_from_slice(&[mark, DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

/// What stands for a value that is not there: logs have a field for every value.
fn write_absent(mode: FormatMode, flags: Flags, out: &mut Vec<u8>) {
    match (mode, flags.quote) {
        (FormatMode::Log | FormatMode::StructuredData, false) => out.push(b'-'),
        (FormatMode::Log | FormatMode::StructuredData | FormatMode::Tcp, true) => {
            out.extend_from_slice(b"\"\"")
        }
        (FormatMode::Http | FormatMode::UniqueId, _) | (FormatMode::Tcp, false) => {}
    }
}

/// Appends a piece of the request as an alias shows it: escaped for logs in every mode.
pub(super) fn write_request_text(
    text: &[u8],
    extra: &[u8],
    mode: FormatMode,
    flags: Flags,
    out: &mut Vec<u8>,
) {
    if text.is_empty() {
        return write_absent(mode, flags, out);
    }
    quoted(flags.quote, out, |out| {
        if !flags.escape {
            return escape_log(text, extra, out);
        }
        for &byte in text {
            match byte {
                b'\\' | b']' => out.extend_from_slice(&[b'\\', byte]),
                _ => escape_log(&[byte], extra, out),
            }
        }
    });
}

/// Appends the value of an expression. Log lines take printable text as it is (`E` puts `"`, `\` and `]` behind a
/// backslash); control characters would break lines and become `#XX`. In header values they become `%XX`, and there
/// `Q` has no effect.
pub(super) fn write_sample(text: &[u8], mode: FormatMode, flags: Flags, out: &mut Vec<u8>) {
    if text.is_empty() {
        return write_absent(mode, flags, out);
    }
    let mark = match mode {
        FormatMode::Log | FormatMode::StructuredData => Some(b'#'),
        FormatMode::Http | FormatMode::UniqueId => Some(b'%'),
        FormatMode::Tcp => None,
    };
    quoted(flags.quote && mark != Some(b'%'), out, |out| {
        for &byte in text {
            match (byte, mark) {
                (b'"' | b'\\' | b']', _) if flags.escape => out.extend_from_slice(&[b'\\', byte]),
                (b'\t', _) => out.push(byte),
                (0..=31 | 127, Some(mark)) => push_hex(mark, byte, out),
                _ => out.push(byte),
            }
        }
    });
}

/// Appends a word of our own: nothing to escape.
pub(super) fn write_word(text: &[u8], mode: FormatMode, flags: Flags, out: &mut Vec<u8>) {
    if text.is_empty() {
        return write_absent(mode, flags, out);
    }
    quoted(flags.quote, out, |out| out.extend_from_slice(text));
}

fn quoted(quote: bool, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    if quote {
        out.push(b'"');
    }
    write(out);
    if quote {
        out.push(b'"');
    }
}
