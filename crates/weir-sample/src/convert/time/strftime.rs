//! Dates in the formats of strftime(3) in the C locale, with `%N` for the fraction of a second.

use std::fmt::Write;

use crate::calendar::Date;

const LONG_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const LONG_WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// `offset` is local time's distance from UTC in seconds; `fraction` is in nanoseconds, absent where `%N` means
/// nothing.
pub(super) fn strftime(format: &str, seconds: i64, offset: i64, fraction: Option<u64>) -> String {
    let date = Date::of(seconds.saturating_add(offset));
    let mut writer = Writer { date, seconds, offset, out: String::new() };
    let mut letters = format.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            writer.out.push(letter);
            continue;
        }
        let mut width = String::new();
        while let Some(digit) = letters.next_if(char::is_ascii_digit) {
            width.push(digit);
        }
        match (letters.next(), fraction) {
            (Some('N'), Some(fraction)) => {
                let width = width.parse().unwrap_or(9).clamp(1, 9);
                let digits = format!("{fraction:09}");
                writer.out.push_str(&digits[..width]);
            }
            (Some(letter), _) => writer.conversion(letter, &width),
            (None, _) => writer.out.push('%'),
        }
    }
    writer.out
}

struct Writer {
    date: Date,
    seconds: i64,
    offset: i64,
    out: String,
}

impl Writer {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.out.write_fmt(text);
    }

    fn all(&mut self, letters: &str) {
        for letter in letters.chars() {
            if letter.is_ascii_alphabetic() { self.conversion(letter, "") } else { self.out.push(letter) }
        }
    }

    fn conversion(&mut self, letter: char, width: &str) {
        let date = self.date;
        let twelve = (date.hour + 11) % 12 + 1;
        match letter {
            'a' => self.out.push_str(date.weekday_name()),
            'A' => self.out.push_str(LONG_WEEKDAYS[date.weekday as usize]),
            'b' | 'h' => self.out.push_str(date.month_name()),
            'B' => self.out.push_str(LONG_MONTHS[date.month as usize - 1]),
            'c' => {
                self.all("a b ");
                self.put(format_args!("{:2} ", date.day));
                self.all("H:M:S Y");
            }
            'C' => self.put(format_args!("{:02}", date.year / 100)),
            'd' => self.put(format_args!("{:02}", date.day)),
            'D' | 'x' => self.all("m/d/y"),
            'e' => self.put(format_args!("{:2}", date.day)),
            'F' => self.all("Y-m-d"),
            'H' => self.put(format_args!("{:02}", date.hour)),
            'I' => self.put(format_args!("{twelve:02}")),
            'j' => self.put(format_args!("{:03}", date.year_day + 1)),
            'k' => self.put(format_args!("{:2}", date.hour)),
            'l' => self.put(format_args!("{twelve:2}")),
            'm' => self.put(format_args!("{:02}", date.month)),
            'M' => self.put(format_args!("{:02}", date.minute)),
            'n' => self.out.push('\n'),
            'p' => self.out.push_str(if date.hour < 12 { "AM" } else { "PM" }),
            'P' => self.out.push_str(if date.hour < 12 { "am" } else { "pm" }),
            'r' => self.all("I:M:S p"),
            'R' => self.all("H:M"),
            // The C library reads the broken-down time as local time.
            's' => self.out.push_str(&self.seconds.to_string()),
            'S' => self.put(format_args!("{:02}", date.second)),
            't' => self.out.push('\t'),
            'T' | 'X' => self.all("H:M:S"),
            'u' => self.put(format_args!("{}", (date.weekday + 6) % 7 + 1)),
            'U' => self.put(format_args!("{:02}", (date.year_day + 7 - date.weekday) / 7)),
            'w' => self.put(format_args!("{}", date.weekday)),
            'W' => self.put(format_args!("{:02}", (date.year_day + 7 - (date.weekday + 6) % 7) / 7)),
            'y' => self.put(format_args!("{:02}", date.year.rem_euclid(100))),
            'Y' => self.put(format_args!("{}", date.year)),
            'z' => {
                let minutes = self.offset.abs() / 60;
                let sign = if self.offset < 0 { '-' } else { '+' };
                self.put(format_args!("{sign}{:02}{:02}", minutes / 60, minutes % 60));
            }
            'Z' => self.out.push_str(if self.offset == 0 { "GMT" } else { "" }),
            '%' => self.out.push('%'),
            other => self.put(format_args!("%{width}{other}")),
        }
    }
}
