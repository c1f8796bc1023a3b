//! Dates and times (manual 7.3.1).

use super::row::*;
use crate::arg::Arg;
use crate::calendar::Date;
use crate::expr::ParseContext;
use crate::fetch::internal::check_unit;
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::Value;

mod read;
mod strftime;

use strftime::strftime;

/// Reads the three date forms of HTTP: seconds since 1970.
pub fn parse_date(text: &[u8]) -> Option<i64> {
    read::http_date(text)
}

pub(super) const ROWS: &[Converter] = &[
    Converter::new("date", NONE, Str, Sint, "seconds of an HTTP date (7.3.1)").computes(date),
    Converter::new("http_date", sig(0, &[Int, Text]), Sint, Str, "HTTP date of a time (7.3.1)")
        .computes(http_date)
        .checked(check_http_date),
    Converter::new("ltime", sig(1, &[Text, Int]), Sint, Str, "local time in a format (7.3.1)").runs(ltime),
    Converter::new(
        "ms_ltime",
        sig(1, &[Text, Int]),
        Sint,
        Str,
        "local time of milliseconds in a format (7.3.1)",
    )
    .runs(ms_ltime),
    Converter::new("ms_utime", sig(1, &[Text, Int]), Sint, Str, "UTC of milliseconds in a format (7.3.1)")
        .runs(ms_utime),
    Converter::new(
        "us_ltime",
        sig(1, &[Text, Int]),
        Sint,
        Str,
        "local time of microseconds in a format (7.3.1)",
    )
    .runs(us_ltime),
    Converter::new("us_utime", sig(1, &[Text, Int]), Sint, Str, "UTC of microseconds in a format (7.3.1)")
        .runs(us_utime),
    Converter::new("utime", sig(1, &[Text, Int]), Sint, Str, "UTC in a format (7.3.1)").runs(utime),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// `Sun, 06 Nov 1994 08:49:37 GMT` to seconds.
fn date<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    read::http_date(&text).map(Value::Int)
}

fn check_http_date(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    check_unit(&args[1])
}

/// Times in seconds are kept within 55 bits.
const MOST_SECONDS: i64 = (1 << 55) - 1;

fn http_date<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Int(time) = value else { return None };
    let time = time.wrapping_add(args[0].int().unwrap_or(0));
    // With a unit, the rest stands behind the seconds as it is, without leading zeros.
    let (seconds, rest) = match args[1].str() {
        "ms" => (time / 1_000, format!(".{}", time % 1_000)),
        "us" => (time / 1_000_000, format!(".{}", time % 1_000_000)),
        _ => (time, String::new()),
    };
    let date = Date::of(seconds & MOST_SECONDS);
    let text = format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02}{rest} GMT",
        date.weekday_name(),
        date.day,
        date.month_name(),
        date.year,
        date.hour,
        date.minute,
        date.second
    );
    Some(Value::Str(text.into_bytes().into()))
}

/// A time in units of `1/per_second` seconds, in the format of the first argument.
fn formatted(
    args: ArgsOf<'_>,
    value: &Value<'_>,
    per_second: i64,
    offset_of: impl Fn(i64) -> i64,
) -> Option<Value<'static>> {
    let Value::Int(time) = value else { return None };
    let offset = args[1].int().unwrap_or(0);
    let time =
        if per_second == 1 { (time & MOST_SECONDS).wrapping_add(offset) } else { time.wrapping_add(offset) };
    let seconds = time / per_second;
    let nanoseconds = (time % per_second) * (1_000_000_000 / per_second);
    let fraction = (per_second > 1).then_some(nanoseconds as u64);
    let text = strftime(args[0].str(), seconds, offset_of(seconds), fraction);
    Some(Value::Str(text.into_bytes().into()))
}

macro_rules! times {
    ($($name:ident $per_second:literal $zone:ident;)*) => {$(
        fn $name<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
            formatted(args, &value, $per_second, |seconds| $zone(stream, seconds))
        }
    )*};
}

fn utc(_: &dyn Stream, _: i64) -> i64 {
    0
}

fn local(stream: &dyn Stream, seconds: i64) -> i64 {
    stream.utc_offset(seconds)
}

times! {
    utime 1 utc;
    ltime 1 local;
    ms_utime 1_000 utc;
    ms_ltime 1_000 local;
    us_utime 1_000_000 utc;
    us_ltime 1_000_000 local;
}
