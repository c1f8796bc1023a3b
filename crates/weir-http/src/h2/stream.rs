//! One stream: what was received and not yet read, both windows, and who waits for it.

use std::collections::VecDeque;
use std::task::Waker;

use super::frame::ErrorCode;
use super::outgoing::Outgoing;
use crate::Request;

/// How received data is handed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As it is: a length was announced, or it is a tunnel's.
    #[default]
    Raw,
    /// Each piece as a chunk of HTTP/1.
    Chunked,
}

#[derive(Debug, Default)]
pub struct Stream {
    /// A client's request until it is taken.
    pub request: Option<Box<Request>>,
    /// To be answered with this status instead of being served.
    pub refused: Option<u16>,
    /// Received bytes in their HTTP/1 form.
    pub received: VecDeque<u8>,
    pub form: Form,
    /// `content-length`, and what came of it.
    pub announced: Option<u64>,
    pub counted: u64,
    /// Payload bytes of `received` whose credit was not given back.
    pub uncredited: u32,
    /// What the peer may still send.
    pub receive_window: i64,
    pub send_window: i64,
    /// The peer has ended its half.
    pub remote_end: bool,
    /// We have ended ours.
    pub local_end: bool,
    /// The end of `received` is an end of the stream, not of a message.
    pub tunnel: bool,
    /// The stream is gone; nothing more may be sent on it.
    pub reset: Option<ErrorCode>,
    /// The code that the peer reset it with.
    pub peer_reset: Option<u32>,
    pub outgoing: Outgoing,
    /// As a client: what was asked.
    pub head_request: bool,
    pub websocket: bool,
    /// What a WebSocket's server must have answered to its key, had it been asked by HTTP/1.
    pub accept: Option<String>,
    /// The head of the final response has come.
    pub answered: bool,
    pub reader: Option<Waker>,
    pub writer: Option<Waker>,
}

impl Stream {
    pub fn wake_reader(&mut self) {
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    pub fn wake(&mut self) {
        self.wake_reader();
        if let Some(waker) = self.writer.take() {
            waker.wake();
        }
    }

    /// Takes over a piece of payload.
    pub fn push(&mut self, data: &[u8]) {
        if self.form == Form::Chunked {
            let mut size = Vec::with_capacity(10);
            crate::write_chunk_size(data.len() as u64, &mut size);
            self.received.extend(size);
        }
        self.received.extend(data);
        if self.form == Form::Chunked {
            self.received.extend(b"\r\n");
        }
    }

    /// The message has come to its end; `trailers` are lines.
    pub fn end_message(&mut self, trailers: &[u8]) {
        self.remote_end = true;
        if self.form == Form::Chunked && !self.tunnel {
            self.received.extend(b"0\r\n");
            self.received.extend(trailers);
            self.received.extend(b"\r\n");
        }
        self.wake_reader();
    }

    /// Whether it counts among the streams of its connection.
    pub fn is_open(&self) -> bool {
        self.reset.is_none() && !(self.remote_end && self.local_end)
    }

    /// Whether the end of the stream fits the announced length.
    pub fn fits_length(&self) -> bool {
        self.announced.is_none_or(|announced| announced == self.counted)
    }
}
