//! Times such as `10s` (manual 2.5).

use crate::number::{Unexpected, leading_digits};
use std::fmt;

/// What a number without a suffix counts, and what the result is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
}

/// The largest time in any unit.
pub const MAXIMUM: u32 = i32::MAX as u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeError {
    /// Above [`MAXIMUM`] of the default unit. Each keyword words this in its own way around [`Unit::maximum`].
    Overflow,
    Unexpected(Unexpected),
}

impl std::error::Error for TimeError {}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overflow => f.write_str("timer overflow"),
            Self::Unexpected(unexpected) => unexpected.fmt(f),
        }
    }
}

impl TimeError {
    /// As the `timeout` keywords say it: `timer overflow in argument '25d' to 'NAME' (maximum value is ...)` or
    /// `unexpected character 'x' in PLACE`.
    pub fn quoted(self, value: &str, name: &str, unit: Unit, place: impl fmt::Display) -> String {
        match self {
            Self::Overflow => {
                let (maximum, roughly) = unit.maximum();
                format!(
                    "timer overflow in argument '{value}' to '{name}' (maximum value is {maximum} or {roughly})"
                )
            }
            Self::Unexpected(unexpected) => unexpected.within(place),
        }
    }

    /// As older keywords say it: `timer overflow in argument <25d> to <NAME>, maximum value is ... .` or
    /// `unexpected character 'x' in PLACE`.
    pub fn bracketed(self, value: &str, name: &str, unit: Unit, place: impl fmt::Display) -> String {
        match self {
            Self::Overflow => {
                let (maximum, roughly) = unit.maximum();
                format!(
                    "timer overflow in argument <{value}> to <{name}>, maximum value is {maximum} ({roughly})."
                )
            }
            Self::Unexpected(unexpected) => unexpected.within(place),
        }
    }
}

impl Unit {
    const fn microseconds(self) -> u128 {
        match self {
            Self::Microsecond => 1,
            Self::Millisecond => 1_000,
            Self::Second => 1_000_000,
            Self::Minute => 60_000_000,
            Self::Hour => 3_600_000_000,
            Self::Day => 86_400_000_000,
        }
    }

    /// [`MAXIMUM`] in this unit, exactly and roughly, for messages.
    pub const fn maximum(self) -> (&'static str, &'static str) {
        match self {
            Self::Microsecond => ("2147483647 us", "~35.8 minutes"),
            Self::Millisecond => ("2147483647 ms", "~24.8 days"),
            Self::Second => ("2147483647 s", "~68 years"),
            Self::Minute => ("2147483647 m", "~4083 years"),
            Self::Hour => ("2147483647 h", "~244983 years"),
            Self::Day => ("2147483647 d", "~5879610 years"),
        }
    }
}

/// Digits and a unit, counted in `default` and rounded up to it, so that only a zero becomes zero. As in HAProxy,
/// what follows a unit is not looked at: `10sec` is ten seconds.
pub fn parse(text: &str, default: Unit) -> Result<u32, TimeError> {
    let (digits, suffix) = leading_digits(text);
    let unit = match suffix.as_bytes() {
        [] if digits.is_empty() => return Err(TimeError::Unexpected(Unexpected(None))),
        _ if digits.is_empty() => return Err(TimeError::Unexpected(Unexpected::at(suffix))),
        [] => default,
        [b'u', b's', ..] => Unit::Microsecond,
        [b'm', b's', ..] => Unit::Millisecond,
        [b's', ..] => Unit::Second,
        [b'm', ..] => Unit::Minute,
        [b'h', ..] => Unit::Hour,
        [b'd', ..] => Unit::Day,
        _ => return Err(TimeError::Unexpected(Unexpected::at(suffix))),
    };
    // Any number of digits may be written; no more than 20 matter.
    let value = digits
        .bytes()
        .fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    let rounded = (u128::from(value) * unit.microseconds()).div_ceil(default.microseconds());
    u32::try_from(rounded).ok().filter(|time| *time <= MAXIMUM).ok_or(TimeError::Overflow)
}

/// The usual case: a time in milliseconds.
pub fn milliseconds(text: &str) -> Result<u32, TimeError> {
    parse(text, Unit::Millisecond)
}

#[cfg(test)]
mod tests {
    use super::{TimeError, Unit, milliseconds, parse};
    use crate::number::Unexpected;

    /// `timeout tunnel TIME` and the fetch `be_tunnel_timeout` of HAProxy 2.8.25.
    #[test]
    fn units_and_rounding() {
        for (text, expected) in [
            ("0", 0),
            ("0us", 0),
            ("1", 1),
            ("1us", 1),
            ("999us", 1),
            ("1001us", 2),
            ("1999us", 2),
            ("1000000us", 1000),
            ("10s", 10_000),
            ("10sx", 10_000),
            ("1m", 60_000),
            ("1h", 3_600_000),
            ("24d", 2_073_600_000),
            ("01", 1),
            ("2147483647", 2_147_483_647),
        ] {
            assert_eq!(milliseconds(text), Ok(expected), "{text}");
        }
        assert_eq!(parse("25d", Unit::Second), Ok(2_160_000));
        assert_eq!(parse("1ms", Unit::Second), Ok(1));
    }

    #[test]
    fn errors_are_told_apart() {
        for text in ["2147483648", "2147484s", "25d", "597h", "9999999999999us", "99999999999999999999999999"]
        {
            assert_eq!(milliseconds(text), Err(TimeError::Overflow), "{text}");
        }
        for (text, character) in [
            ("x", 'x'),
            ("1x", 'x'),
            ("1.5s", '.'),
            ("-1", '-'),
            ("+1", '+'),
            ("1S", 'S'),
            ("1u", 'u'),
            ("0x10", 'x'),
        ] {
            assert_eq!(milliseconds(text), Err(TimeError::Unexpected(Unexpected(Some(character)))), "{text}");
        }
        assert_eq!(milliseconds(""), Err(TimeError::Unexpected(Unexpected(None))));
    }

    #[test]
    fn messages_are_haproxys() {
        assert_eq!(
            TimeError::Overflow.quoted("25d", "timeout connect", Unit::Millisecond, ""),
            "timer overflow in argument '25d' to 'timeout connect' (maximum value is 2147483647 ms or ~24.8 days)"
        );
        assert_eq!(
            TimeError::Overflow.bracketed("99999999999", "maxidle", Unit::Second, ""),
            "timer overflow in argument <99999999999> to <maxidle>, maximum value is 2147483647 s (~68 years)."
        );
        assert_eq!(
            milliseconds("x").unwrap_err().quoted("x", "grace", Unit::Millisecond, "argument to <grace>."),
            "unexpected character 'x' in argument to <grace>."
        );
        let end = milliseconds("").unwrap_err();
        assert_eq!(end.bracketed("", "x", Unit::Millisecond, "argument to <x>."), "unexpected character '");
    }
}
