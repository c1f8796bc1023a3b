//! Writes a resolved format for a stream.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};

use super::escape::{write_request_text, write_sample, write_word};
use super::{Alias, Flags, Format, FormatMode, FormatPart};
use crate::calendar::Date;
use crate::stage::Resolved;
use crate::stream::{RequestLine, Side, Stream};
use crate::value::{Type, Value};

impl Format<Resolved> {
    /// Appends the text.
    pub fn write(&self, stream: &dyn Stream, out: &mut Vec<u8>) {
        let mut writer = Writer { stream, mode: self.mode, out };
        // Where the last space ended: aliases that wrote nothing leave one space between their neighbours.
        // Expressions do not.
        let mut space_end = None;
        for part in &self.parts {
            match part {
                FormatPart::Text(text) => writer.out.extend_from_slice(text.as_bytes()),
                FormatPart::Space => {
                    if space_end != Some(writer.out.len()) {
                        writer.out.push(b' ');
                        space_end = Some(writer.out.len());
                    }
                }
                FormatPart::Alias { alias, flags } => writer.alias(*alias, *flags),
                FormatPart::Expr { expr, flags, cast } => {
                    let value = expr.eval(stream).value();
                    writer.value(value, *flags, *cast);
                    space_end = None;
                }
            }
        }
    }
}

struct Writer<'a> {
    stream: &'a dyn Stream,
    mode: FormatMode,
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    fn value(&mut self, value: Option<Value<'_>>, flags: Flags, cast: Option<Type>) {
        let value = match (value, cast) {
            (Some(value), Some(to)) => value.cast(to),
            (value, _) => value,
        };
        match value {
            None => write_sample(b"", self.mode, flags, self.out),
            Some(Value::Str(text) | Value::Meth(text)) => write_sample(&text, self.mode, flags, self.out),
            // A block is shown as the string it begins with.
            Some(Value::Bin(block)) => {
                let end = block.iter().position(|byte| *byte == 0).unwrap_or(block.len());
                write_sample(&block[..end], self.mode, flags, self.out);
            }
            Some(value) => {
                let quote = flags.quote && !matches!(self.mode, FormatMode::Http | FormatMode::UniqueId);
                self.quote(quote);
                value.write_text(self.out);
                self.quote(quote);
            }
        }
    }

    fn quote(&mut self, quote: bool) {
        if quote {
            self.out.push(b'"');
        }
    }

    fn int(&mut self, value: i64, flags: Flags) {
        // Writing to a vector cannot fail.
        let _ = if flags.hex { write!(self.out, "{value:04X}") } else { write!(self.out, "{value}") };
    }

    fn word(&mut self, text: &[u8], flags: Flags) {
        write_word(text, self.mode, flags, self.out);
    }

    fn text(&mut self, text: &[u8], flags: Flags) {
        write_request_text(text, b"", self.mode, flags, self.out);
    }

    fn ip(&mut self, address: Option<SocketAddr>, flags: Flags) {
        match address.map(|address| address.ip()) {
            None => self.word(b"", flags),
            Some(IpAddr::V4(address)) if flags.hex => {
                let _ = write!(self.out, "{:08X}", u32::from(address));
            }
            Some(IpAddr::V6(address)) if flags.hex => {
                let _ = write!(self.out, "{:032X}", u128::from(address));
            }
            Some(address) => self.word(address.to_string().as_bytes(), flags),
        }
    }

    fn port(&mut self, address: Option<SocketAddr>, flags: Flags) {
        match address {
            None => self.word(b"", flags),
            Some(address) => self.int(i64::from(address.port()), flags),
        }
    }

    /// `03/Dec/2012:17:35:10`, with what follows the seconds.
    fn date(&mut self, seconds: i64, tail: &str) {
        let date = Date::of(seconds);
        let _ = write!(
            self.out,
            "{:02}/{}/{:04}:{:02}:{:02}:{:02}{tail}",
            date.day,
            date.month_name(),
            date.year,
            date.hour,
            date.minute,
            date.second
        );
    }

    fn local(&mut self, microseconds: i64, milliseconds: bool) {
        let seconds = microseconds.div_euclid(1_000_000);
        let offset = self.stream.utc_offset(seconds);
        let tail = match milliseconds {
            true => format!(".{:03}", microseconds.rem_euclid(1_000_000) / 1_000),
            false => zone(offset),
        };
        self.date(seconds + offset, &tail);
    }

    fn alias(&mut self, alias: Alias, flags: Flags) {
        let stream = self.stream;
        let timers = stream.timers();
        match alias {
            Alias::Flags => {}
            Alias::AcceptDateUtc => self.date(stream.accept_time().div_euclid(1_000_000), " +0000"),
            Alias::AcceptDateLocal => self.local(stream.accept_time(), false),
            Alias::AcceptDate => self.local(stream.accept_time(), true),
            Alias::AcceptTimestamp => {
                let seconds = stream.accept_time().div_euclid(1_000_000);
                let _ =
                    if flags.hex { write!(self.out, "{seconds:04X}") } else { write!(self.out, "{seconds}") };
            }
            Alias::AcceptMilliseconds => {
                let part = stream.accept_time().rem_euclid(1_000_000) / 1_000;
                let _ =
                    if flags.hex { write!(self.out, "{part:02X}") } else { write!(self.out, "{part:03}") };
            }
            Alias::RequestDate => self.local(stream.request_time(), true),
            Alias::RequestDateUtc => self.date(stream.request_time().div_euclid(1_000_000), " +0000"),
            Alias::RequestDateLocal => self.local(stream.request_time(), false),
            Alias::TimeHandshake => self.int(timers.handshake, Flags::default()),
            Alias::TimeIdle => self.int(timers.idle, Flags::default()),
            Alias::TimeRequest => self.int(timers.request, Flags::default()),
            Alias::TimeTq => self.int(timers.tq(), Flags::default()),
            Alias::TimeQueue => self.int(timers.queue, Flags::default()),
            Alias::TimeConnect => self.int(timers.connect, Flags::default()),
            Alias::TimeResponse => self.int(timers.response, Flags::default()),
            Alias::TimeData => self.early(timers.data),
            Alias::TimeActive => self.early(timers.active),
            Alias::TimeTotal => self.early(timers.total),
            Alias::TimeUser => self.early(timers.user),
            Alias::BytesRead => self.early(stream.logged_bytes() as i64),
            Alias::BytesUploaded => self.early(stream.bytes()[0] as i64),
            Alias::RequestCookie => self.text(stream.request_cookie_capture().unwrap_or(b""), flags),
            Alias::ResponseCookie => self.text(stream.response_cookie_capture().unwrap_or(b""), flags),
            Alias::Hostname => self.word(stream.hostname().as_bytes(), flags),
            Alias::Method
            | Alias::PathOfUri
            | Alias::PathOnly
            | Alias::QueryString
            | Alias::Uri
            | Alias::Version
            | Alias::RequestLine => self.request_line(alias, flags),
            Alias::UniqueId => self.text(stream.unique_id().unwrap_or_default().as_bytes(), flags),
            Alias::Status => {
                // -1 where nothing was answered.
                let status = stream.status();
                self.int(
                    if status == 0 && !stream.is_malformed() { -1 } else { i64::from(status) },
                    Flags::default(),
                );
            }
            Alias::ProcessConnections => self.int(stream.log_connections()[0], Flags::default()),
            Alias::FrontendConnections => self.int(stream.log_connections()[1], Flags::default()),
            Alias::BackendConnections => self.int(stream.log_connections()[2], Flags::default()),
            Alias::ServerConnections => self.int(stream.log_connections()[3], Flags::default()),
            Alias::ServerQueue => self.int(stream.log_queues()[0], Flags::default()),
            Alias::BackendQueue => self.int(stream.log_queues()[1], Flags::default()),
            Alias::BackendName => self.word(stream.backend_name().unwrap_or("").as_bytes(), flags),
            Alias::BackendSourceIp => self.ip(stream.server_source(), flags),
            Alias::BackendSourcePort => self.port(stream.server_source(), flags),
            Alias::ServerIp => self.ip(stream.server_destination(), flags),
            Alias::ServerPort => self.port(stream.server_destination(), flags),
            // A client on a unix socket has no address: it is `unix`, and its port is the listener's number.
            Alias::ClientIp if stream.source().is_none() && stream.listener_id().is_some() => {
                self.word(b"unix", flags)
            }
            Alias::ClientPort if stream.source().is_none() && stream.listener_id().is_some() => {
                self.int(stream.listener_id().unwrap_or(0), flags);
            }
            Alias::ClientIp => self.ip(stream.source(), flags),
            Alias::ClientPort => self.port(stream.source(), flags),
            Alias::FrontendIp => self.ip(stream.destination(), flags),
            Alias::FrontendPort => self.port(stream.destination(), flags),
            Alias::FrontendName => self.word(stream.frontend_name().unwrap_or("").as_bytes(), flags),
            Alias::FrontendTransport => self.transport(flags),
            Alias::LogCounter => self.int(stream.log_counter(), Flags::default()),
            Alias::RequestHeaders => self.captures(false, flags),
            Alias::ResponseHeaders => self.captures(true, flags),
            Alias::RequestHeadersClf => self.captures_clf(false, flags),
            Alias::ResponseHeadersClf => self.captures_clf(true, flags),
            Alias::LogOrigin => self.word(stream.log_origin().as_bytes(), flags),
            Alias::Pid => self.int(i64::from(stream.process_id()), flags),
            Alias::Retries => {
                let (count, redispatched) = stream.retries();
                if redispatched {
                    self.out.push(b'+');
                }
                self.int(count, Flags::default());
            }
            Alias::RequestCounter => self.int(i64::from(stream.request_counter()), flags),
            Alias::ServerName => {
                let name = stream.server_name().unwrap_or(stream.server_substitute());
                self.word(name.as_bytes(), flags);
            }
            Alias::TlsCipher => self.word(stream.tls_cipher(Side::Client).unwrap_or("").as_bytes(), flags),
            Alias::TlsVersion => self.word(stream.tls_protocol(Side::Client).unwrap_or("").as_bytes(), flags),
            // `Q` does not reach these letters.
            Alias::Termination => self.out.extend_from_slice(&stream.termination()[..2]),
            Alias::TerminationCookie => self.out.extend_from_slice(&stream.termination()),
        }
    }

    /// A figure that is still growing when the line is written early.
    fn early(&mut self, value: i64) {
        if self.stream.logs_early() {
            self.out.push(b'+');
        }
        self.int(value, Flags::default());
    }

    fn transport(&mut self, flags: Flags) {
        self.quote(flags.quote);
        self.out.extend_from_slice(self.stream.frontend_name().unwrap_or("").as_bytes());
        if self.stream.is_tls(Side::Client) {
            self.out.push(b'~');
        }
        self.quote(flags.quote);
    }

    fn request_line(&mut self, alias: Alias, flags: Flags) {
        let Some(RequestLine { method, uri, version }) = self.stream.request_line() else {
            return self.bad_request(alias, flags);
        };
        let path_end = uri.iter().position(|byte| *byte == b'?').unwrap_or(uri.len());
        match alias {
            Alias::Method => self.text(method, flags),
            Alias::Uri => self.text(uri, flags),
            Alias::PathOfUri => self.text(&uri[..path_end], flags),
            Alias::PathOnly => {
                let path = weir_http::uri::Target::parse(uri).path;
                self.text(path, flags);
            }
            Alias::QueryString => self.text(&uri[path_end..], flags),
            Alias::Version => self.text(version.to_string().as_bytes(), flags),
            _ => {
                let line = [method, b" ", uri, b" ", version.to_string().as_bytes()].concat();
                self.text(&line, flags);
            }
        }
    }

    /// What stands where no request was understood.
    fn bad_request(&mut self, alias: Alias, flags: Flags) {
        match alias {
            Alias::QueryString => self.word(b"", flags),
            _ => self.word(b"<BADREQ>", flags),
        }
    }

    fn capture(&self, response: bool, slot: usize) -> Option<&'a [u8]> {
        match response {
            true => self.stream.response_capture(slot),
            false => self.stream.request_capture(slot),
        }
    }

    fn slots(&self, response: bool) -> usize {
        match response {
            true => self.stream.response_capture_slots(),
            false => self.stream.request_capture_slots(),
        }
    }

    /// `{one|two}`; nothing at all without slots.
    fn captures(&mut self, response: bool, flags: Flags) {
        let slots = self.slots(response);
        if slots == 0 {
            return;
        }
        self.quote(flags.quote);
        self.out.push(b'{');
        for slot in 0..slots {
            if slot > 0 {
                self.out.push(b'|');
            }
            let text = self.capture(response, slot).unwrap_or(b"");
            let flags = Flags { quote: false, ..flags };
            if !text.is_empty() {
                write_request_text(text, b"{|}", self.mode, flags, self.out);
            }
        }
        self.out.push(b'}');
        self.quote(flags.quote);
    }

    /// `"one" "-"`.
    fn captures_clf(&mut self, response: bool, flags: Flags) {
        for slot in 0..self.slots(response) {
            if slot > 0 {
                self.out.push(b' ');
            }
            let text = self.capture(response, slot).unwrap_or(b"");
            write_request_text(text, b"{|}", self.mode, flags, self.out);
        }
    }
}

/// ` +0100`.
fn zone(offset: i64) -> String {
    let minutes = offset.abs() / 60;
    format!(" {}{:02}{:02}", if offset < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
}
