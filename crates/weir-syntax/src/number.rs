//! Integers as HAProxy reads them, and the error that numbers, times and sizes share.

use std::fmt;

/// The character at which a number, time or size stops making sense; None is the end of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unexpected(pub Option<char>);

impl Unexpected {
    /// `unexpected character 'x' in PLACE`. HAProxy's message breaks off after the first quote at the end of the
    /// text, and so does this one.
    pub fn within(self, place: impl fmt::Display) -> String {
        match self.0 {
            Some(_) => format!("{self} in {place}"),
            None => self.to_string(),
        }
    }

    pub(crate) fn at(text: &str) -> Self {
        Self(text.chars().next())
    }
}

impl std::error::Error for Unexpected {}

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(character) => write!(f, "unexpected character '{character}'"),
            None => f.write_str("unexpected character '"),
        }
    }
}

/// A whole number with nothing around it but a sign. Beyond 64 bits the last digit is the unexpected one.
pub fn parse(text: &str) -> Result<i64, Unexpected> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (_, rest) = leading_digits(digits);
    if !rest.is_empty() || digits.is_empty() {
        return Err(Unexpected::at(rest));
    }
    text.parse().map_err(|_| Unexpected(text.chars().last()))
}

/// The number a text begins with, zero if with none: what many keywords of HAProxy make of their argument. Blanks
/// and a sign may come first, anything may follow; too large a number is the largest.
pub fn leading(text: &str) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, _) = leading_digits(digits);
    let sign = if negative { -1 } else { 1 };
    digits
        .bytes()
        .fold(0_i64, |sum, digit| sum.saturating_mul(10).saturating_add(sign * i64::from(digit - b'0')))
}

/// The digits a text begins with, and what follows.
pub(crate) fn leading_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::{Unexpected, leading, parse};

    #[test]
    fn a_number_stands_alone() {
        assert_eq!((parse("10"), parse("-3"), parse("+3")), (Ok(10), Ok(-3), Ok(3)));
        assert_eq!(
            parse("x").unwrap_err().within("integer value 'x'"),
            "unexpected character 'x' in integer value 'x'"
        );
        assert_eq!(parse("1k"), Err(Unexpected(Some('k'))));
        assert_eq!(parse(""), Err(Unexpected(None)));
        assert_eq!(parse("99999999999999999998"), Err(Unexpected(Some('8'))));
    }

    #[test]
    fn leading_digits_count() {
        for (text, value) in
            [("10x", 10), ("x", 0), (" -7,", -7), ("+5", 5), ("", 0), ("99999999999999999999", i64::MAX)]
        {
            assert_eq!(leading(text), value, "{text}");
        }
    }
}
