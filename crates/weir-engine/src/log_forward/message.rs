//! Syslog messages of others: taken apart after RFC 3164 and RFC 5424, as far as they keep to them.

use std::borrow::Cow;
use std::net::IpAddr;

use weir_plan::settings::LogFormatName;
use weir_plan::{LogForwardOptions, SenderHost};

use crate::logs::MONTHS;

/// A message in its parts. What it does not have, or has as `-`, is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received<'a> {
    /// Facility times eight and level.
    pub priority: Option<u32>,
    pub date: Date<'a>,
    pub host: Option<Cow<'a, [u8]>>,
    pub program: Option<&'a [u8]>,
    pub process: Option<&'a [u8]>,
    pub message_id: Option<&'a [u8]>,
    pub structured: Option<&'a [u8]>,
    pub text: &'a [u8],
}

/// A date as it was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Date<'a> {
    #[default]
    None,
    /// `Mmm dd hh:mm:ss`
    Old(&'a [u8]),
    /// `2003-10-11T22:14:15.003Z`
    New(&'a [u8]),
}

impl<'a> Received<'a> {
    /// Takes a message apart. One line feed at its end is none of it.
    pub fn parse(message: &'a [u8], options: &LogForwardOptions) -> Self {
        let message = message.strip_suffix(b"\n").unwrap_or(message);
        let message = message.strip_suffix(b"\r").unwrap_or(message);
        let unparsed = Self { text: message, ..Self::default() };
        if options.unparsed {
            return unparsed;
        }
        let Some((priority, rest)) = priority(message) else { return unparsed };
        let received = modern(rest).or_else(|| old(rest)).unwrap_or(Self { text: rest, ..Self::default() });
        Self { priority: Some(priority), ..received }
    }

    /// The form that is nearest to the one it came in.
    pub fn form(&self) -> LogFormatName {
        let named = self.host.is_some()
            || self.program.is_some()
            || self.process.is_some()
            || self.message_id.is_some()
            || self.structured.is_some();
        match (self.date, self.priority) {
            (Date::New(_), _) if named => LogFormatName::Rfc5424,
            (Date::Old(_), _) => LogFormatName::Rfc3164,
            (_, Some(_)) => LogFormatName::Priority,
            (_, None) => LogFormatName::Raw,
        }
    }

    /// The host that `option host` makes of the message's and of its sender's address.
    pub fn name_host(&mut self, rule: SenderHost, sender: Option<IpAddr>) {
        let Some(sender) = sender else { return };
        let sender = || sender.to_canonical().to_string().into_bytes();
        let host = match (rule, self.host.take()) {
            (SenderHost::Keep, host) => host,
            (SenderHost::Fill, Some(host)) => Some(host),
            (SenderHost::Append, Some(host)) => Some([&host, &b","[..], &sender()].concat().into()),
            (SenderHost::Replace | SenderHost::Fill | SenderHost::Append, _) => Some(sender().into()),
        };
        self.host = host;
    }
}

impl Date<'_> {
    /// In the form of RFC 3164; `now` where there is none.
    pub fn write_old(self, now: &[u8], out: &mut Vec<u8>) {
        match self {
            Date::Old(date) => out.extend_from_slice(date),
            Date::New(date) => {
                let month = usize::from((date[5] - b'0') * 10 + date[6] - b'0').clamp(1, 12);
                out.extend_from_slice(MONTHS[month - 1].as_bytes());
                out.push(b' ');
                out.push(if date[8] == b'0' { b' ' } else { date[8] });
                out.push(date[9]);
                out.push(b' ');
                out.extend_from_slice(&date[11..19]);
            }
            Date::None => out.extend_from_slice(now),
        }
    }

    /// In the form of RFC 5424. An old date has neither a year, which is taken to be `year`, nor a zone.
    pub fn write_new(self, year: i32, now: &[u8], out: &mut Vec<u8>) {
        match self {
            Date::New(date) => out.extend_from_slice(date),
            Date::Old(date) => {
                let month = MONTHS.iter().position(|month| month.as_bytes() == &date[..3]).unwrap_or(0) + 1;
                out.extend_from_slice(format!("{year:04}-{month:02}-").as_bytes());
                out.push(if date[4] == b' ' { b'0' } else { date[4] });
                out.push(date[5]);
                out.push(b'T');
                out.extend_from_slice(&date[7..15]);
                out.extend_from_slice(b"-00:00");
            }
            Date::None => out.extend_from_slice(now),
        }
    }
}

/// `<165>`, at most three digits; none are zero.
fn priority(message: &[u8]) -> Option<(u32, &[u8])> {
    let inside = message.strip_prefix(b"<")?;
    let end = inside.iter().take(4).position(|byte| *byte == b'>')?;
    let digits = &inside[..end];
    let number = digits
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))?;
    Some((number, &inside[end + 1..]))
}

/// RFC 5424 section 6.
fn modern(rest: &[u8]) -> Option<Received<'_>> {
    let rest = rest.strip_prefix(b"1 ")?;
    let (date, rest) = word(rest)?;
    let date = match date {
        b"-" => Date::None,
        date => Date::New(date).checked()?,
    };
    let (host, rest) = word(rest)?;
    let (program, rest) = word(rest)?;
    let (process, rest) = word(rest)?;
    let (message_id, rest) = word(rest)?;
    let (structured, text) = structured(rest)?;
    let known = |word: &'_ [u8]| word != b"-";
    Some(Received {
        priority: None,
        date,
        host: Some(host).filter(|word| known(word)).map(Cow::Borrowed),
        program: Some(program).filter(|word| known(word)),
        process: Some(process).filter(|word| known(word)),
        message_id: Some(message_id).filter(|word| known(word)),
        structured: Some(structured).filter(|word| known(word)),
        text,
    })
}

impl<'a> Date<'a> {
    /// A date of RFC 5424 as far as it is needed: everything up to the seconds is in its place.
    fn checked(self) -> Option<Date<'a>> {
        let Date::New(date) = self else { return Some(self) };
        let fits = |(byte, shape): (&u8, &u8)| match shape {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        };
        let shape = b"0000-00-00T00:00:00";
        (date.len() > shape.len() && date.iter().zip(shape).all(fits)).then_some(self)
    }
}

/// `-` or elements in brackets, and the text behind them.
fn structured(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = usize::from(rest.first() == Some(&b'-'));
    while rest.get(at) == Some(&b'[') {
        let (mut quoted, mut escaped) = (false, false);
        let end = rest[at..].iter().position(|byte| {
            let ends = *byte == b']' && !quoted;
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = !quoted,
                _ => {}
            }
            ends
        })?;
        at += end + 1;
    }
    match rest.get(at) {
        _ if at == 0 => None,
        None => Some((rest, b"")),
        Some(b' ') => Some((&rest[..at], &rest[at + 1..])),
        Some(_) => None,
    }
}

/// RFC 3164 section 4.1, as it is written in practice: a date, a host, and mostly a program with its process.
fn old(rest: &[u8]) -> Option<Received<'_>> {
    let (date, rest) = rest.split_at_checked(16)?;
    let shape = b"Aaa 00 00:00:00 ";
    let fits = |(at, (byte, shape)): (usize, (&u8, &u8))| match shape {
        b'0' => byte.is_ascii_digit() || at == 4 && *byte == b' ',
        b' ' | b':' => byte == shape,
        _ => true,
    };
    let named = MONTHS.iter().any(|month| date.starts_with(month.as_bytes()));
    if !named || !date.iter().zip(shape).enumerate().all(fits) {
        return None;
    }
    let (host, text) = word(rest)?;
    let received = Received {
        date: Date::Old(&date[..15]),
        host: Some(host).filter(|host| *host != b"-").map(Cow::Borrowed),
        text,
        ..Received::default()
    };
    let Some((tag, text)) = word(text).and_then(|(tag, text)| Some((tag.strip_suffix(b":")?, text))) else {
        return Some(received);
    };
    let (program, process) = match tag.iter().position(|byte| *byte == b'[') {
        Some(at) if tag.ends_with(b"]") => (&tag[..at], Some(&tag[at + 1..tag.len() - 1])),
        _ => (tag, None),
    };
    Some(Received { program: Some(program), process, text, ..received })
}

/// The bytes up to the next space, which is there, and those behind it.
fn word(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = rest.iter().position(|byte| *byte == b' ').filter(|end| *end > 0)?;
    Some((&rest[..end], &rest[end + 1..]))
}

/// What stands at the front of a stream of messages (RFC 6587).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framed {
    /// A message of `length` bytes begins at `start`; the next one behind `consumed`.
    Message {
        start: usize,
        length: usize,
        consumed: usize,
    },
    Partial,
    /// Neither a length nor the beginning of a message, or one larger than the buffer.
    Broken,
}

/// The first message of a stream. `most`: bytes of the buffer.
pub fn next(bytes: &[u8], lines_only: bool, most: usize) -> Framed {
    let (start, length, consumed) = match bytes.first() {
        None => return Framed::Partial,
        Some(b'1'..=b'9') if !lines_only => {
            let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let length = std::str::from_utf8(&bytes[..digits]).ok().and_then(|text| text.parse().ok());
            match (bytes.get(digits), length) {
                (None, Some(length)) if length < most => return Framed::Partial,
                (Some(b' '), Some(length)) if digits + 1 + length <= most => {
                    (digits + 1, length, digits + 1 + length)
                }
                _ => return Framed::Broken,
            }
        }
        Some(b'<') => line(bytes, most),
        Some(_) if lines_only => line(bytes, most),
        Some(_) => return Framed::Broken,
    };
    match consumed <= bytes.len() {
        true => Framed::Message { start, length, consumed },
        false if bytes.len() < most => Framed::Partial,
        false => Framed::Broken,
    }
}

fn line(bytes: &[u8], most: usize) -> (usize, usize, usize) {
    // Without its end it is longer than what there is.
    let length = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(most);
    (0, length, length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(message: &str) -> Received<'_> {
        Received::parse(message.as_bytes(), &LogForwardOptions::default())
    }

    /// The examples of RFC 5424 section 6.5 and RFC 3164 section 5.4.
    #[test]
    fn examples_of_the_rfcs() {
        let one = parsed(
            "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed for \
             lonvick on /dev/pts/8",
        );
        assert_eq!(one.priority, Some(34));
        assert_eq!(one.date, Date::New(b"2003-10-11T22:14:15.003Z"));
        assert_eq!(one.host.as_deref(), Some(&b"mymachine.example.com"[..]));
        assert_eq!((one.program, one.process), (Some(&b"su"[..]), None));
        assert_eq!((one.message_id, one.structured), (Some(&b"ID47"[..]), None));
        let three = parsed(
            "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut=\"3\" \
             eventSource=\"Application\" eventID=\"1011\"] An application event log entry...",
        );
        assert!(three.structured.is_some_and(|data| data.ends_with(b"eventID=\"1011\"]")));
        assert_eq!(three.text, b"An application event log entry...");
        let four = parsed(
            "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 \
             [exampleSDID@32473 iut=\"3\"][examplePriority@32473 class=\"high\"]",
        );
        assert!(four.structured.is_some_and(|data| data.ends_with(b"class=\"high\"]")));
        assert_eq!(four.text, b"");
        let old = parsed("<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8");
        assert_eq!(old.date, Date::Old(b"Oct 11 22:14:15"));
        assert_eq!((old.host.as_deref(), old.program), (Some(&b"mymachine"[..]), Some(&b"su"[..])));
        assert_eq!(old.text, b"'su root' failed for lonvick on /dev/pts/8");
        let bare =
            parsed("<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: It's time!");
        assert_eq!((bare.date, bare.host), (Date::None, None));
        assert_eq!(bare.priority, Some(0));
    }

    /// RFC 5424 section 6.3.3: inside quotes a bracket is escaped.
    #[test]
    fn brackets_inside_structured_data() {
        let received = parsed(r#"<1>1 - h p - - [a b="c\]d"][e f="\"]"] text"#);
        assert_eq!(received.structured, Some(&br#"[a b="c\]d"][e f="\"]"]"#[..]));
        assert_eq!(received.text, b"text");
    }

    /// As HAProxy 2.8 was seen to write them.
    #[test]
    fn dates_in_the_other_form() {
        let written = |date: Date<'_>| {
            let (mut old, mut new) = (Vec::new(), Vec::new());
            date.write_old(b"now", &mut old);
            date.write_new(2026, b"now", &mut new);
            (String::from_utf8(old).unwrap(), String::from_utf8(new).unwrap())
        };
        let both = |old: &str, new: &str| (old.to_owned(), new.to_owned());
        assert_eq!(
            written(Date::Old(b"Aug  4 05:34:00")),
            both("Aug  4 05:34:00", "2026-08-04T05:34:00-00:00")
        );
        assert_eq!(
            written(Date::New(b"2003-10-01T22:14:15.003Z")),
            both("Oct  1 22:14:15", "2003-10-01T22:14:15.003Z")
        );
        assert_eq!(written(Date::None), both("now", "now"));
    }

    #[test]
    fn framings_of_the_rfc() {
        let message = |start, length, consumed| Framed::Message { start, length, consumed };
        assert_eq!(next(b"5 <1>ab9 ", false, 100), message(2, 5, 7));
        assert_eq!(next(b"<1>ab\n<1>c", false, 100), message(0, 5, 6));
        assert_eq!(next(b"5 <1>a", false, 100), Framed::Partial);
        assert_eq!(next(b"<1>ab", false, 100), Framed::Partial);
        assert_eq!(next(b"", false, 100), Framed::Partial);
        assert_eq!(next(b"99", false, 100), Framed::Partial);
        for broken in [&b"x"[..], b"0 x", b"5x", b"101 <", b"\n<1>a\n"] {
            assert_eq!(next(broken, false, 100), Framed::Broken, "{broken:?}");
        }
        assert_eq!(next(&[b'<'; 100], false, 100), Framed::Broken);
        assert_eq!(next(b"5 <1>\n", true, 100), message(0, 5, 6));
    }
}
