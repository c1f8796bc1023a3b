//! Dates and times (manual 7.3.1).

use super::row::*;

pub(super) const ROWS: &[Converter] = &[
    Converter::new("date", NONE, Str, Sint, "seconds of an HTTP date (7.3.1)"),
    Converter::new("http_date", sig(0, &[Int, Text]), Sint, Str, "HTTP date of a time (7.3.1)"),
    Converter::new("ltime", sig(1, &[Text, Int]), Sint, Str, "local time in a format (7.3.1)"),
    Converter::new(
        "ms_ltime",
        sig(1, &[Text, Int]),
        Sint,
        Str,
        "local time of milliseconds in a format (7.3.1)",
    ),
    Converter::new("ms_utime", sig(1, &[Text, Int]), Sint, Str, "UTC of milliseconds in a format (7.3.1)"),
    Converter::new(
        "us_ltime",
        sig(1, &[Text, Int]),
        Sint,
        Str,
        "local time of microseconds in a format (7.3.1)",
    ),
    Converter::new("us_utime", sig(1, &[Text, Int]), Sint, Str, "UTC of microseconds in a format (7.3.1)"),
    Converter::new("utime", sig(1, &[Text, Int]), Sint, Str, "UTC in a format (7.3.1)"),
];
