//! Sizes such as `16k` (manual 2.6).

use crate::number::{Unexpected, leading_digits};

/// A size in bytes that fits 32 bits, as most keywords want it.
pub fn parse(text: &str) -> Result<u32, Unexpected> {
    let size = parse_up_to(text, u64::from(u32::MAX))?;
    Ok(u32::try_from(size).unwrap_or(u32::MAX))
}

/// Digits and at most one of `k`, `m`, `g` in either case. Where the value outgrows `limit`, the digit or suffix
/// that makes it do so is the unexpected character.
pub fn parse_up_to(text: &str, limit: u64) -> Result<u64, Unexpected> {
    let (digits, suffix) = leading_digits(text);
    if digits.is_empty() {
        return Err(Unexpected::at(suffix));
    }
    let within = |value: Option<u64>| value.filter(|value| *value <= limit);
    let mut value = 0_u64;
    for digit in digits.chars() {
        let next = value.checked_mul(10).and_then(|value| value.checked_add(u64::from(digit.to_digit(10)?)));
        value = within(next).ok_or(Unexpected(Some(digit)))?;
    }
    let shift = match suffix.chars().next() {
        None => return Ok(value),
        Some('k' | 'K') => 10,
        Some('m' | 'M') => 20,
        Some('g' | 'G') => 30,
        other => return Err(Unexpected(other)),
    };
    match suffix.chars().nth(1) {
        None => within(value.checked_mul(1 << shift)).ok_or(Unexpected::at(suffix)),
        other => Err(Unexpected(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, parse_up_to};
    use crate::number::Unexpected;

    /// `stick-table ... size SIZE` in HAProxy 2.8.25.
    #[test]
    fn sizes_and_their_errors() {
        for (text, size) in
            [("1", 1), ("1k", 1024), ("1K", 1024), ("3m", 3 << 20), ("3G", 3 << 30), ("4294967295", u32::MAX)]
        {
            assert_eq!(parse(text), Ok(size), "{text}");
        }
        for (text, character) in [
            ("x", Some('x')),
            ("1x", Some('x')),
            ("1kb", Some('b')),
            ("1kk", Some('k')),
            ("-1", Some('-')),
            ("1.5k", Some('.')),
            ("5g", Some('g')),
            ("4096m", Some('m')),
            ("99999999999g", Some('9')),
            ("4294967296", Some('6')),
            ("", None),
        ] {
            assert_eq!(parse(text), Err(Unexpected(character)), "{text}");
        }
        assert_eq!(parse_up_to("5g", u64::MAX), Ok(5 << 30));
    }
}
