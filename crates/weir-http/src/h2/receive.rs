//! Received bytes to frames, and what each frame does (RFC 9113 sections 4 to 6). Codes are HAProxy's.

use super::connection::{Connection, Role};
use super::frame::{
    ErrorCode, FrameHeader, HEADER, MAX_WINDOW, PREFACE, be32, flag, kind, write_frame, write_reset,
};
use super::request::{self, Opened};
use super::response;
use super::settings::announce;
use super::stream::{Form, Stream};
use crate::{BodyKind, Method, Request};

/// CONTINUATION frames of one block, and streams whose resets are remembered.
const CONTINUATIONS: u32 = 1024;
const REMEMBERED: usize = 64;

/// Where in the input the connection stands.
#[derive(Debug, Default)]
pub struct Reading {
    /// Bytes of the preface that were seen; all of it as a client.
    preface: usize,
    header: [u8; HEADER],
    header_len: usize,
    current: Option<Payload>,
    /// A header block that goes on in CONTINUATION frames.
    block: Option<Block>,
    /// The first frame has come; it must be SETTINGS.
    began: bool,
}

impl Reading {
    pub fn new(role: Role) -> Self {
        Self { preface: if role == Role::Client { PREFACE.len() } else { 0 }, ..Self::default() }
    }

    pub fn has_preface(&self) -> bool {
        self.preface == PREFACE.len()
    }
}

/// A frame whose payload is being received.
#[derive(Debug)]
struct Payload {
    header: FrameHeader,
    left: usize,
    /// Of frames that are understood as a whole.
    collected: Vec<u8>,
    /// Of DATA: padding at the end; `None` until the byte that tells has come.
    padding: Option<usize>,
    /// Of DATA: nobody wants it.
    skipped: bool,
}

#[derive(Debug)]
struct Block {
    stream: u32,
    end_stream: bool,
    bytes: Vec<u8>,
    frames: u32,
}

/// A fault of a stream leaves the connection intact.
enum Fault {
    Connection(ErrorCode),
    /// As `Connection`, with a log line of its own.
    Logged(ErrorCode),
    /// The connection ends without a word.
    Silent,
}

impl From<ErrorCode> for Fault {
    fn from(code: ErrorCode) -> Self {
        Fault::Logged(code)
    }
}

impl Connection {
    /// Takes all of `input`.
    pub fn receive(&mut self, mut input: &[u8]) {
        while !input.is_empty() && !self.ended {
            if let Err(fault) = self.advance(&mut input) {
                self.glitches += 1;
                match fault {
                    Fault::Connection(code) => self.fail(code),
                    Fault::Logged(code) => {
                        self.faults += u32::from(self.config.log_connections);
                        self.fail(code);
                    }
                    Fault::Silent => {
                        self.faults += u32::from(self.config.log_connections);
                        self.end(ErrorCode::Protocol);
                    }
                }
            }
        }
    }

    fn advance(&mut self, input: &mut &[u8]) -> Result<(), Fault> {
        let reading = &mut self.reading;
        if !reading.has_preface() {
            let rest = &PREFACE[reading.preface..];
            let count = rest.len().min(input.len());
            if rest[..count] != input[..count] {
                return Err(Fault::Silent);
            }
            reading.preface += count;
            *input = &input[count..];
            if reading.has_preface() {
                announce(&self.config, self.role, &mut self.out);
            }
            return Ok(());
        }
        if self.reading.current.is_none() {
            let reading = &mut self.reading;
            let count = (HEADER - reading.header_len).min(input.len());
            reading.header[reading.header_len..reading.header_len + count].copy_from_slice(&input[..count]);
            reading.header_len += count;
            *input = &input[count..];
            if reading.header_len < HEADER {
                return Ok(());
            }
            reading.header_len = 0;
            let header = FrameHeader::parse(&reading.header);
            self.begin_frame(header)?;
        }
        self.take_payload(input)
    }

    fn begin_frame(&mut self, header: FrameHeader) -> Result<(), Fault> {
        if !self.reading.began {
            if header.kind != kind::SETTINGS || header.has(flag::ACK) {
                return Err(Fault::Silent);
            }
            self.reading.began = true;
        }
        if header.length > self.config.max_frame {
            return Err(match self.streams.contains_key(&header.stream) {
                true => Fault::Connection(ErrorCode::FrameSize),
                false => Fault::Logged(ErrorCode::FrameSize),
            });
        }
        let of_connection = matches!(header.kind, kind::SETTINGS | kind::PING | kind::GOAWAY);
        let of_stream = matches!(
            header.kind,
            kind::DATA | kind::HEADERS | kind::PRIORITY | kind::RST_STREAM | kind::CONTINUATION
        );
        if of_connection && header.stream != 0 || of_stream && header.stream == 0 {
            return Err(ErrorCode::Protocol.into());
        }
        match &self.reading.block {
            Some(block) if header.kind != kind::CONTINUATION || header.stream != block.stream => {
                return Err(ErrorCode::Protocol.into());
            }
            None if header.kind == kind::CONTINUATION => return Err(self.stray_continuation(header.stream)),
            _ => {}
        }
        let fixed = match header.kind {
            kind::PRIORITY => Some(5),
            kind::RST_STREAM | kind::WINDOW_UPDATE => Some(4),
            kind::PING => Some(8),
            _ => None,
        };
        let too_short = header.kind == kind::GOAWAY && header.length < 8
            || header.kind == kind::HEADERS && header.length == 0;
        if fixed.is_some_and(|fixed| fixed != header.length) || too_short {
            return Err(ErrorCode::FrameSize.into());
        }
        let skipped = match header.kind {
            kind::DATA => !self.begin_data(header)?,
            _ => false,
        };
        let padding = if header.kind == kind::DATA && header.has(flag::PADDED) { None } else { Some(0) };
        let left = header.length as usize;
        self.reading.current = Some(Payload { header, left, collected: Vec::new(), padding, skipped });
        Ok(())
    }

    /// A CONTINUATION that continues nothing, on a stream that may be closed.
    fn stray_continuation(&self, stream: u32) -> Fault {
        match self.is_closed(stream) {
            true => Fault::Connection(ErrorCode::StreamClosed),
            false => Fault::Logged(ErrorCode::Protocol),
        }
    }

    fn is_closed(&self, stream: u32) -> bool {
        stream <= self.highest && self.streams.get(&stream).is_none_or(|stream| stream.reset.is_some())
    }

    fn take_payload(&mut self, input: &mut &[u8]) -> Result<(), Fault> {
        let Some(mut current) = self.reading.current.take() else { return Ok(()) };
        if current.header.kind == kind::DATA {
            self.take_data(&mut current, input)?;
        } else if current.left <= input.len() && current.collected.is_empty() {
            let (payload, rest) = input.split_at(current.left);
            *input = rest;
            return self.frame(current.header, payload);
        } else {
            let count = current.left.min(input.len());
            current.collected.extend_from_slice(&input[..count]);
            current.left -= count;
            *input = &input[count..];
            if current.left == 0 {
                return self.frame(current.header, &current.collected);
            }
        }
        if current.left > 0 {
            self.reading.current = Some(current);
        } else if current.header.kind == kind::DATA {
            self.end_data(&current)?;
        }
        Ok(())
    }

    fn frame(&mut self, header: FrameHeader, payload: &[u8]) -> Result<(), Fault> {
        match header.kind {
            kind::HEADERS => self.on_headers(header, payload),
            kind::CONTINUATION => self.on_continuation(header, payload),
            kind::PRIORITY => {
                if be32(payload) & 0x7fff_ffff == header.stream {
                    return Err(ErrorCode::Protocol.into());
                }
                Ok(())
            }
            kind::RST_STREAM => self.on_reset(header, payload),
            kind::SETTINGS => self.on_settings(header, payload).map_err(Fault::from),
            kind::PUSH_PROMISE => Err(ErrorCode::Protocol.into()),
            kind::PING => {
                if !header.has(flag::ACK) {
                    write_frame(kind::PING, flag::ACK, 0, payload, &mut self.out);
                } else if payload == self.ping.to_be_bytes() {
                    self.ping_waits = false;
                }
                Ok(())
            }
            kind::GOAWAY => {
                self.on_goaway(be32(payload) & 0x7fff_ffff);
                Ok(())
            }
            kind::WINDOW_UPDATE => self.on_window_update(header, be32(payload) & 0x7fff_ffff),
            // Unknown frames are ignored.
            _ => Ok(()),
        }
    }

    /// False: the payload goes nowhere.
    fn begin_data(&mut self, header: FrameHeader) -> Result<bool, Fault> {
        let length = i64::from(header.length);
        self.receive_window -= length;
        if self.receive_window < 0 {
            return Err(ErrorCode::FlowControl.into());
        }
        if header.stream > self.highest || (self.role == Role::Server && header.stream.is_multiple_of(2)) {
            return Err(ErrorCode::Protocol.into());
        }
        if header.length == 0 && !header.has(flag::END_STREAM) {
            self.glitch();
        }
        let wanted = match self.streams.get_mut(&header.stream) {
            Some(stream) if stream.reset.is_none() && !stream.remote_end => {
                if self.role == Role::Client && !stream.answered {
                    self.reset_stream(header.stream, ErrorCode::Protocol);
                    return Ok(false);
                }
                stream.receive_window -= length;
                if stream.receive_window < 0 {
                    self.reset_stream(header.stream, ErrorCode::FlowControl);
                    return Ok(false);
                }
                true
            }
            _ => false,
        };
        if !wanted && !self.reset_lately.contains(&header.stream) {
            self.reset_stream(header.stream, ErrorCode::StreamClosed);
        }
        Ok(wanted)
    }

    fn take_data(&mut self, current: &mut Payload, input: &mut &[u8]) -> Result<(), Fault> {
        let id = current.header.stream;
        let whole = current.left.min(input.len());
        let (mut piece, rest) = input.split_at(whole);
        *input = rest;
        current.left -= whole;
        if current.padding.is_none()
            && let Some((&padding, behind)) = piece.split_first()
        {
            let padding = usize::from(padding);
            if padding > behind.len() + current.left {
                return Err(ErrorCode::Protocol.into());
            }
            current.padding = Some(padding);
            piece = behind;
            self.credit(1);
        }
        let padding = current.padding.unwrap_or(0);
        let of_padding = padding.saturating_sub(current.left).min(piece.len());
        let data = &piece[..piece.len() - of_padding];
        if of_padding > 0 {
            current.padding = Some(padding - of_padding);
            self.credit(of_padding as u32);
        }
        let stream = match self.streams.get_mut(&id) {
            Some(stream) if !current.skipped && stream.reset.is_none() => stream,
            _ => {
                self.credit(data.len() as u32);
                return Ok(());
            }
        };
        stream.counted += data.len() as u64;
        if stream.announced.is_some_and(|announced| stream.counted > announced) {
            self.credit(data.len() as u32);
            self.reset_stream(id, ErrorCode::Protocol);
            return Ok(());
        }
        if !data.is_empty() {
            stream.uncredited += data.len() as u32;
            stream.push(data);
            stream.wake_reader();
        }
        Ok(())
    }

    fn end_data(&mut self, current: &Payload) -> Result<(), Fault> {
        if current.padding.is_none() {
            // No room even for the byte that tells the padding.
            return Err(ErrorCode::FrameSize.into());
        }
        let id = current.header.stream;
        if current.header.has(flag::PADDED) {
            // Nobody reads padding: its room is free again.
            self.widen(id);
        }
        if !current.header.has(flag::END_STREAM) || current.skipped {
            return Ok(());
        }
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| stream.reset.is_none()) else {
            return Ok(());
        };
        if stream.fits_length() {
            stream.end_message(b"");
        } else {
            self.reset_stream(id, ErrorCode::Protocol);
        }
        Ok(())
    }

    fn on_headers(&mut self, header: FrameHeader, mut payload: &[u8]) -> Result<(), Fault> {
        if header.has(flag::PADDED) {
            let Some((&padding, rest)) = payload.split_first() else {
                return Err(ErrorCode::FrameSize.into());
            };
            let length = rest.len().checked_sub(usize::from(padding)).ok_or(ErrorCode::Protocol)?;
            payload = &rest[..length];
        }
        self.may_have_headers(header)?;
        if header.has(flag::PRIORITY) {
            if payload.len() < 5 {
                return Err(ErrorCode::FrameSize.into());
            }
            if be32(payload) & 0x7fff_ffff == header.stream {
                return Err(ErrorCode::Protocol.into());
            }
            payload = &payload[5..];
        }
        let end_stream = header.has(flag::END_STREAM);
        if header.has(flag::END_HEADERS) {
            return self.on_block(header.stream, end_stream, payload);
        }
        let bytes = payload.to_vec();
        self.reading.block = Some(Block { stream: header.stream, end_stream, bytes, frames: 0 });
        Ok(())
    }

    /// Whether a header block may begin on this stream; a new stream is noted.
    fn may_have_headers(&mut self, header: FrameHeader) -> Result<(), Fault> {
        let id = header.stream;
        if self.role == Role::Client {
            return match id > self.highest || id.is_multiple_of(2) {
                true => Err(ErrorCode::Protocol.into()),
                false => Ok(()),
            };
        }
        if id.is_multiple_of(2) {
            return Err(ErrorCode::Protocol.into());
        }
        if id > self.highest {
            self.highest = id;
            self.opened_total += 1;
            return Ok(());
        }
        if self.reset_lately.contains(&id) {
            return Ok(());
        }
        match self.streams.get(&id) {
            Some(stream) if stream.reset.is_some() => Err(Fault::Connection(ErrorCode::StreamClosed)),
            Some(stream) if stream.remote_end => Err(ErrorCode::Protocol.into()),
            // Trailers end the stream.
            Some(_) if !header.has(flag::END_STREAM) => Err(ErrorCode::Protocol.into()),
            Some(_) => Ok(()),
            None => Err(Fault::Connection(ErrorCode::StreamClosed)),
        }
    }

    fn on_continuation(&mut self, header: FrameHeader, payload: &[u8]) -> Result<(), Fault> {
        let Some(block) = &mut self.reading.block else { return Err(ErrorCode::Protocol.into()) };
        block.frames += 1;
        block.bytes.extend_from_slice(payload);
        if block.bytes.len() > self.config.limits.bufsize as usize {
            return Err(ErrorCode::Internal.into());
        }
        if block.frames > CONTINUATIONS {
            return Err(ErrorCode::EnhanceYourCalm.into());
        }
        if payload.is_empty() && !header.has(flag::END_HEADERS) {
            self.glitch();
        }
        if header.has(flag::END_HEADERS)
            && let Some(block) = self.reading.block.take()
        {
            return self.on_block(block.stream, block.end_stream, &block.bytes);
        }
        Ok(())
    }

    fn on_block(&mut self, id: u32, end_stream: bool, block: &[u8]) -> Result<(), Fault> {
        let mut fields = std::mem::take(&mut self.fields);
        let limit = self.config.limits.bufsize as usize;
        let decoded = self.decoder.decode(block, limit, &mut fields);
        let outcome = match decoded {
            Err(_) => Err(ErrorCode::Compression.into()),
            Ok(()) if self.streams.contains_key(&id) && self.role == Role::Server => {
                self.on_trailers(id, &fields);
                Ok(())
            }
            Ok(()) if self.role == Role::Server => {
                self.on_request(id, end_stream, &fields);
                Ok(())
            }
            Ok(()) => {
                self.on_response(id, end_stream, &fields);
                Ok(())
            }
        };
        self.fields = fields;
        outcome
    }

    fn on_request(&mut self, id: u32, ended: bool, fields: &super::hpack::Fields) {
        if self.reset_lately.contains(&id) || self.goaway_sent.is_some_and(|last| id > last) {
            return;
        }
        let limit = self.config.max_streams as usize;
        let total = self.config.max_total;
        if total > 0 && self.opened_total > total.saturating_add(self.config.max_streams) {
            self.fail(ErrorCode::EnhanceYourCalm);
            return;
        }
        if limit > 0 && self.is_crowded(limit) {
            self.glitch();
            self.reset_stream(id, ErrorCode::Refused);
            return;
        }
        let mut request = Box::<Request>::default();
        let opened = match request::parse(fields, &self.config.limits, ended, &mut request) {
            Ok(opened) => opened,
            Err(_) => {
                self.faults += u32::from(self.config.log_streams);
                self.reset_stream(id, ErrorCode::Protocol);
                return;
            }
        };
        if opened == Opened::Tunnel && request.connection.upgrade && !self.config.extended_connect {
            self.faults += u32::from(self.config.log_streams);
            self.reset_stream(id, ErrorCode::Protocol);
            return;
        }
        let mut stream = Stream {
            receive_window: i64::from(self.config.initial_window),
            send_window: i64::from(self.peer.initial_window),
            remote_end: ended,
            tunnel: opened == Opened::Tunnel,
            head_request: request.method() == Method::Head,
            websocket: request.connection.upgrade,
            ..Stream::default()
        };
        match request.body {
            BodyKind::Chunked => stream.form = Form::Chunked,
            BodyKind::Length(length) => stream.announced = Some(length),
            _ if !stream.tunnel => stream.announced = Some(0),
            _ => {}
        }
        if let Opened::Refused(status) = opened {
            stream.refused = Some(status);
        }
        stream.request = Some(request);
        self.streams.insert(id, stream);
        self.fresh.push_back(id);
        if total > 0 && self.opened_total >= total {
            self.announce_leave();
        }
    }

    /// Whether the client has all the streams it may have. What it has reset, or both ends have ended, counts no more
    /// (RFC 9113 section 5.1.2); but those whose tasks did not learn of it yet are bounded as well.
    fn is_crowded(&self, limit: usize) -> bool {
        let known = self.streams.len();
        known >= limit
            && (known >= 2 * limit
                || self.streams.values().filter(|stream| stream.is_open()).count() >= limit)
    }

    fn on_response(&mut self, id: u32, ended: bool, fields: &super::hpack::Fields) {
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| stream.reset.is_none()) else { return };
        if stream.remote_end {
            self.reset_stream(id, ErrorCode::StreamClosed);
            return;
        }
        if stream.answered {
            if ended {
                self.on_trailers(id, fields)
            } else {
                self.reset_stream(id, ErrorCode::Protocol)
            }
            return;
        }
        let mut text = Vec::with_capacity(256);
        let accepted = fields.iter().next().is_some_and(|(_, status)| status.first() == Some(&b'2'));
        let bodiless = stream.head_request || stream.tunnel && accepted;
        let Ok(head) = response::write_head(fields, bodiless, stream.accept.as_deref(), &mut text) else {
            return self.reset_stream(id, ErrorCode::Protocol);
        };
        let interim = head.status < 200 && head.status != 101;
        let empty = stream.head_request || matches!(head.status, 204 | 304);
        if interim && ended || ended && !empty && head.length.is_some_and(|length| length > 0) {
            return self.reset_stream(id, ErrorCode::Protocol);
        }
        stream.received.extend(text);
        if !interim {
            stream.answered = true;
            let tunnel = head.status == 101 || stream.tunnel && head.status < 300;
            stream.tunnel = tunnel;
            match head.length {
                _ if tunnel => {}
                _ if empty => stream.announced = Some(0),
                Some(length) => stream.announced = Some(length),
                None => stream.form = Form::Chunked,
            }
            if ended {
                stream.end_message(b"");
            }
        }
        stream.wake_reader();
    }

    fn on_trailers(&mut self, id: u32, fields: &super::hpack::Fields) {
        let mut lines = Vec::new();
        let written = response::write_trailers(fields, &mut lines);
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| stream.reset.is_none()) else { return };
        if written.is_err() || !stream.fits_length() {
            self.faults += u32::from(self.config.log_streams);
            return self.reset_stream(id, ErrorCode::Internal);
        }
        stream.end_message(&lines);
    }

    fn on_reset(&mut self, header: FrameHeader, payload: &[u8]) -> Result<(), Fault> {
        if header.stream > self.highest {
            return Err(ErrorCode::Protocol.into());
        }
        let code = match be32(payload) {
            code if code == ErrorCode::Refused as u32 => ErrorCode::Refused,
            _ => ErrorCode::Cancel,
        };
        if let Some(stream) = self.streams.get_mut(&header.stream) {
            if stream.reset.is_none() {
                stream.reset = Some(code);
                stream.peer_reset = Some(be32(payload));
            }
            stream.local_end = true;
            stream.wake();
        }
        Ok(())
    }

    fn on_goaway(&mut self, last: u32) {
        self.goaway_received = Some(last);
        if self.role == Role::Client {
            for (_, stream) in self.streams.range_mut(last.saturating_add(1)..) {
                stream.reset.get_or_insert(ErrorCode::Refused);
                stream.local_end = true;
                stream.wake();
            }
        }
    }

    fn on_window_update(&mut self, header: FrameHeader, increment: u32) -> Result<(), Fault> {
        if header.stream == 0 {
            if increment == 0 {
                return Err(ErrorCode::Protocol.into());
            }
            self.send_window += i64::from(increment);
            if self.send_window > MAX_WINDOW {
                return Err(ErrorCode::FlowControl.into());
            }
            self.wake_blocked();
            return Ok(());
        }
        if header.stream > self.highest {
            return Err(ErrorCode::Protocol.into());
        }
        let Some(stream) = self.streams.get_mut(&header.stream).filter(|stream| stream.reset.is_none())
        else {
            return Ok(());
        };
        if increment == 0 {
            self.reset_stream(header.stream, ErrorCode::Protocol);
            return Ok(());
        }
        stream.send_window += i64::from(increment);
        if stream.send_window > MAX_WINDOW {
            self.reset_stream(header.stream, ErrorCode::FlowControl);
        } else if let Some(waker) = stream.writer.take() {
            waker.wake();
        }
        Ok(())
    }

    /// Resets a stream; whoever works on it learns of it.
    pub(super) fn reset_stream(&mut self, id: u32, code: ErrorCode) {
        write_reset(id, code, &mut self.out);
        if self.reset_lately.len() == REMEMBERED {
            self.reset_lately.pop_front();
        }
        self.reset_lately.push_back(id);
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.reset.get_or_insert(code);
            stream.local_end = true;
            stream.wake();
        }
        if code != ErrorCode::NoError && code != ErrorCode::Cancel {
            self.glitch();
        }
    }
}
