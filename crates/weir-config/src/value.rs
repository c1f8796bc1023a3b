//! Numbers as HAProxy reads them, where it is laxer or stricter than the formats of `weir-syntax`: some keywords take
//! what C's `atol` makes of a word, some refuse the first character that is no digit.

/// What C's `atol` gives: leading blanks and a sign, digits up to the first other character, 0 without any.
pub fn atol(text: &str) -> i64 {
    prefix(text).0
}

/// The number at the beginning of `text` and what follows it.
pub fn prefix(text: &str) -> (i64, &str) {
    let trimmed = text.trim_start_matches([' ', '\t']);
    let (negative, digits) = match trimmed.as_bytes().first() {
        Some(b'-') => (true, &trimmed[1..]),
        Some(b'+') => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    if end == 0 {
        return (0, text);
    }
    let value = digits[..end]
        .bytes()
        .fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    (if negative { -value } else { value }, &digits[end..])
}

/// A whole number, or the first character that does not belong to one.
pub fn integer(text: &str) -> Result<i64, char> {
    let (value, rest) = prefix(text);
    match rest.chars().next() {
        Some(wrong) => Err(wrong),
        None => Ok(value),
    }
}

/// `value` within the bounds of an unsigned 32 bit setting.
pub fn clamp_u32(value: i64) -> u32 {
    u32::try_from(value.max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{atol, integer, prefix};

    #[test]
    fn reads_as_c_does() {
        assert_eq!(atol("x"), 0);
        assert_eq!(atol("12x"), 12);
        assert_eq!(atol("-3"), -3);
        assert_eq!(prefix("5s"), (5, "s"));
        assert_eq!(integer("x"), Err('x'));
        assert_eq!(integer("10"), Ok(10));
    }
}
