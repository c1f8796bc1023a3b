//! Reads the three date forms of HTTP (RFC 9110 section 5.6.7).

use crate::calendar::{Date, MONTHS, WEEKDAYS};

const LONG_WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Seconds since 1970.
pub(super) fn http_date(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    imf(text).or_else(|| rfc850(text)).or_else(|| asctime(text))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn imf(text: &str) -> Option<i64> {
    let (weekday, rest) = text.split_once(", ")?;
    WEEKDAYS.contains(&weekday).then_some(())?;
    let words: Vec<&str> = rest.split(' ').collect();
    let [day, month, year, time, "GMT"] = words[..] else { return None };
    assemble(number(year, 4)?.into(), month, number(day, 2)?, time)
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`: years below 70 are of this century.
fn rfc850(text: &str) -> Option<i64> {
    let (weekday, rest) = text.split_once(", ")?;
    LONG_WEEKDAYS.contains(&weekday).then_some(())?;
    let words: Vec<&str> = rest.split(' ').collect();
    let [date, time, "GMT"] = words[..] else { return None };
    let parts: Vec<&str> = date.split('-').collect();
    let [day, month, year] = parts[..] else { return None };
    let year = i64::from(number(year, 2)?);
    assemble(year + if year < 70 { 2_000 } else { 1_900 }, month, number(day, 2)?, time)
}

/// `Sun Nov  6 08:49:37 1994`.
fn asctime(text: &str) -> Option<i64> {
    let (weekday, rest) = text.split_once(' ')?;
    WEEKDAYS.contains(&weekday).then_some(())?;
    let (month, rest) = rest.split_at_checked(3)?;
    let (day, rest) = rest.strip_prefix(' ')?.split_at_checked(2)?;
    let (time, year) = rest.strip_prefix(' ')?.split_once(' ')?;
    let day = day.strip_prefix(' ').unwrap_or(day);
    assemble(number(year, 4)?.into(), month, number(day, day.len())?, time)
}

fn assemble(year: i64, month: &str, day: u32, time: &str) -> Option<i64> {
    let month = MONTHS.iter().position(|name| *name == month)? as u32 + 1;
    let parts: Vec<&str> = time.split(':').collect();
    let [hour, minute, second] = parts[..] else { return None };
    let (hour, minute, second) = (number(hour, 2)?, number(minute, 2)?, number(second, 2)?);
    let in_range = (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    in_range.then(|| Date::seconds(year, month, day, hour, minute, second))
}

fn number(text: &str, digits: usize) -> Option<u32> {
    let well_formed = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if well_formed { text.parse().ok() } else { None }
}
