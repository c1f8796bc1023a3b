//! `transfer-encoding` and `content-length`: checked over all their lines, then reduced to one canonical line.

use crate::headers::Headers;
use crate::list::Elements;
use crate::{Known, ParseError, Reason};

/// True if the body is chunked. `chunked` must come once, last and alone; any other coding is refused, before
/// `chunked` as unsupported, elsewhere as malformed. `lenient` lets empty elements and repetitions of `chunked` pass
/// (responses under `accept_unsafe`).
pub fn check_transfer_encoding(headers: &mut Headers, lenient: bool) -> Result<bool, ParseError> {
    let Some(first) = headers.position_known(Known::TransferEncoding, 0) else { return Ok(false) };
    let at = headers.fields[first].value.start as usize;
    let malformed = ParseError::new(at, Reason::TransferEncoding);
    let (mut chunked, mut others) = (0, 0);
    let lines = headers.fields.iter().filter(|field| field.known == Known::TransferEncoding);
    for coding in lines.flat_map(|field| Elements::new(headers.bytes(field.value))) {
        match coding {
            b"" if lenient => {}
            _ if coding.eq_ignore_ascii_case(b"chunked") => chunked += 1,
            _ if chunked > 0 || coding.is_empty() => return Err(malformed),
            _ => others += 1,
        }
    }
    if chunked == 0 || (chunked > 1 && !lenient) {
        return Err(malformed);
    }
    if others > 0 {
        return Err(ParseError::new(at, Reason::CodingNotSupported));
    }
    reduce(headers, Known::TransferEncoding, first, b"chunked")?;
    Ok(true)
}

/// The one length that every line and list element names.
pub fn check_content_length(headers: &mut Headers) -> Result<Option<u64>, ParseError> {
    let Some(first) = headers.position_known(Known::ContentLength, 0) else { return Ok(None) };
    if let Some(length) = plain_length(headers, first) {
        return Ok(Some(length));
    }
    let mut length = None;
    for field in headers.fields.iter().filter(|field| field.known == Known::ContentLength) {
        let error = ParseError::new(field.value.start as usize, Reason::ContentLength);
        for element in headers.bytes(field.value).split(|&byte| byte == b',') {
            let number = decimal(crate::list::trim(element)).ok_or(error)?;
            if length.is_some_and(|length| length != number) {
                return Err(error);
            }
            length = Some(number);
        }
    }
    let Some(length) = length else { return Ok(None) };
    let mut digits = [0; 20];
    let digits = format_decimal(length, &mut digits);
    reduce(headers, Known::ContentLength, first, digits)?;
    Ok(Some(length))
}

/// The usual case: one line, up to 18 digits, as the writer would put them.
fn plain_length(headers: &Headers, first: usize) -> Option<u64> {
    let digits = headers.at(first).value;
    let usual = matches!(digits, [b'0'] | [b'1'..=b'9', ..]) && digits.len() <= 18;
    if !usual || headers.position_known(Known::ContentLength, first + 1).is_some() {
        return None;
    }
    digits
        .iter()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0')))
}

/// A number of at least one digit and nothing else, within 64 bits.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Writes `number` in decimal at the end of `buffer`.
pub fn format_decimal(mut number: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &buffer[at..];
        }
    }
}

/// Leaves one line of this name, with this value.
fn reduce(headers: &mut Headers, known: Known, first: usize, value: &[u8]) -> Result<(), ParseError> {
    while let Some(more) = headers.position_known(known, first + 1) {
        headers.remove_at(more);
    }
    if headers.at(first).value == value {
        return Ok(());
    }
    headers.overwrite_value(first, value).map_err(|_| ParseError::new(0, Reason::TooLarge))
}
