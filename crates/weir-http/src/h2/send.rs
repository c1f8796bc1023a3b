//! What is written to streams becomes frames, as far as windows and the backlog allow.

use std::io::IoSlice;
use std::task::{Context, Poll};

use super::connection::{BACKLOG, Connection, HANDLE, Role};
use super::frame::{ErrorCode, FrameHeader, flag, kind, write_block, write_frame, write_window_update};
use super::outgoing::{self, ChunkPiece, Outgoing};
/// How a stream's user leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// All that was to be sent was written.
    Complete,
    /// Something went wrong.
    Broken,
}

impl Connection {
    /// What is to be sent.
    pub fn output(&self) -> &[u8] {
        &self.out[self.out_at..]
    }

    /// So many bytes of it were sent.
    pub fn sent(&mut self, count: usize) {
        self.out_at += count;
        if self.out_at == self.out.len() {
            self.out.clear();
            self.out_at = 0;
            self.last_frame = None;
        }
        if count > 0 && self.output().len() < BACKLOG {
            self.wake_blocked();
        }
    }

    /// Writes pieces of an HTTP/1 message. Answers how many bytes were taken. `number` becomes the stream's own with
    /// its first byte.
    pub fn write(
        &mut self,
        cx: &mut Context<'_>,
        number: &mut u32,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize, ErrorCode>> {
        if *number >= HANDLE && self.output().len() < BACKLOG && !self.ended {
            *number = self.number(*number);
        }
        let id = *number;
        let mut taken = 0;
        for piece in pieces {
            let mut input: &[u8] = piece;
            while !input.is_empty() {
                let count = match self.write_some(id, input) {
                    Ok(count) => count,
                    Err(code) if taken == 0 => return Poll::Ready(Err(code)),
                    Err(_) => 0,
                };
                if count == 0 {
                    return self.written(cx, id, taken);
                }
                taken += count;
                input = &input[count..];
            }
        }
        self.written(cx, id, taken)
    }

    fn written(&mut self, cx: &mut Context<'_>, id: u32, taken: usize) -> Poll<Result<usize, ErrorCode>> {
        if taken > 0 {
            self.wake_owner();
            return Poll::Ready(Ok(taken));
        }
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.writer = Some(cx.waker().clone());
            // One that waits for its own window is woken when that is opened.
            if stream.send_window > 0 && !self.blocked.contains(&id) {
                self.blocked.push_back(id);
            }
        }
        Poll::Pending
    }

    /// Wakes streams that waited for the connection.
    pub(super) fn wake_blocked(&mut self) {
        while let Some(id) = self.blocked.pop_front() {
            if let Some(waker) = self.streams.get_mut(&id).and_then(|stream| stream.writer.take()) {
                waker.wake();
            }
        }
    }

    pub(super) fn wake_writers(&mut self) {
        self.wake_blocked();
        for stream in self.streams.values_mut() {
            if let Some(waker) = stream.writer.take() {
                waker.wake();
            }
        }
    }

    /// Takes one piece off the front of `input`; 0 where the stream has to wait.
    fn write_some(&mut self, id: u32, input: &[u8]) -> Result<usize, ErrorCode> {
        let full = self.output().len() >= BACKLOG;
        let Some(stream) = self.streams.get_mut(&id) else { return Err(ErrorCode::Cancel) };
        if let Some(code) = stream.reset {
            return Err(code);
        }
        if full {
            return Ok(0);
        }
        match &mut stream.outgoing {
            Outgoing::Head => self.write_head(id, input),
            Outgoing::Length(left) => {
                let left = *left;
                let wanted = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let count = self.write_data(id, &input[..wanted], left == wanted as u64);
                if let Some(stream) = self.streams.get_mut(&id) {
                    let left = left - count as u64;
                    stream.outgoing = if left == 0 { Outgoing::Done } else { Outgoing::Length(left) };
                }
                Ok(count)
            }
            Outgoing::Chunked(chunks) => match chunks.next(input) {
                ChunkPiece::Marks(count) => Ok(count),
                ChunkPiece::Data(count) => {
                    let count = self.write_data(id, &input[..count], false);
                    if let Some(stream) = self.streams.get_mut(&id)
                        && let Outgoing::Chunked(chunks) = &mut stream.outgoing
                    {
                        chunks.took(count);
                    }
                    Ok(count)
                }
                ChunkPiece::End(count) => {
                    let block = outgoing::trailers(&chunks.trailers);
                    stream.outgoing = Outgoing::Done;
                    stream.local_end = true;
                    let max_frame = self.peer.max_frame as usize;
                    match block.is_empty() {
                        true => self.end_stream(id),
                        false => write_block(id, &block, true, max_frame, &mut self.out),
                    }
                    Ok(count)
                }
            },
            Outgoing::Raw => Ok(self.write_data(id, input, false)),
            // What is written behind the end goes nowhere.
            Outgoing::Done => Ok(input.len()),
        }
    }

    /// Writes one frame of data and answers how many bytes fitted. `last`: the stream ends if all do.
    fn write_data(&mut self, id: u32, data: &[u8], last: bool) -> usize {
        let Some(stream) = self.streams.get_mut(&id) else { return 0 };
        let window = self.send_window.min(stream.send_window).max(0) as usize;
        let count = data.len().min(window).min(self.peer.max_frame as usize);
        if count == 0 {
            return 0;
        }
        let end = last && count == data.len();
        stream.send_window -= count as i64;
        stream.local_end |= end;
        self.send_window -= count as i64;
        let flags = if end { flag::END_STREAM } else { 0 };
        self.last_frame = Some((id, self.out.len()));
        FrameHeader { length: count as u32, kind: kind::DATA, flags, stream: id }.write(&mut self.out);
        self.out.extend_from_slice(&data[..count]);
        count
    }

    /// A head comes in one piece.
    fn write_head(&mut self, id: u32, input: &[u8]) -> Result<usize, ErrorCode> {
        let end = input.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let Some(end) = end.map(|end| end + 4) else { return Err(ErrorCode::Internal) };
        let max_frame = self.peer.max_frame as usize;
        let Some(stream) = self.streams.get_mut(&id) else { return Err(ErrorCode::Cancel) };
        let text = &input[..end - 2];
        let (head, next) = match self.role {
            Role::Server => {
                let head = outgoing::response(text, stream.websocket);
                let interim = head.status < 200 && head.status != 101;
                let tunnel = head.status == 101 || stream.tunnel && !stream.websocket && head.status < 300;
                let bodiless = stream.head_request || matches!(head.status, 204 | 304);
                stream.tunnel &= tunnel || interim;
                let next = match (interim, bodiless) {
                    (true, _) => Outgoing::Head,
                    (_, true) => Outgoing::Done,
                    _ if tunnel => Outgoing::Raw,
                    _ => framed(&head, Outgoing::Raw),
                };
                (head, next)
            }
            Role::Client => {
                let head = outgoing::request(text);
                let tunnel = head.connect || head.accept.is_some();
                let next = if tunnel { Outgoing::Raw } else { framed(&head, Outgoing::Done) };
                stream.head_request = head.head_request;
                stream.tunnel = head.connect;
                stream.accept.clone_from(&head.accept);
                (head, next)
            }
        };
        let ended = matches!(next, Outgoing::Done);
        self.last_frame = Some((id, self.out.len()));
        write_block(id, &head.block, ended, max_frame, &mut self.out);
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.outgoing = next;
            stream.local_end |= ended;
        }
        Ok(end)
    }

    /// The writer closes its half: the end of a tunnel, or of a body without length.
    pub fn finish(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if matches!(stream.outgoing, Outgoing::Raw) && !stream.local_end && stream.reset.is_none() {
            stream.outgoing = Outgoing::Done;
            stream.local_end = true;
            self.end_stream(id);
            self.wake_owner();
        }
    }

    /// Says that nothing follows: in the stream's last frame if that still waits to be sent, so that an answer which is
    /// a head alone is one frame (gRPC tells it from others by that).
    fn end_stream(&mut self, id: u32) {
        match self.last_frame {
            Some((last, at)) if last == id && at >= self.out_at => self.out[at + 4] |= flag::END_STREAM,
            _ => write_frame(kind::DATA, flag::END_STREAM, id, b"", &mut self.out),
        }
    }

    /// The stream's user is done with it. What was not ended in order is reset.
    pub fn close(&mut self, id: u32, closing: Closing) {
        if closing == Closing::Complete {
            self.finish(id);
        }
        let Some(stream) = self.streams.remove(&id) else {
            // Whoever kept the connection without a stream of it may have been the last.
            self.wake_owner();
            return;
        };
        self.credit(stream.uncredited);
        if stream.reset.is_none() && !self.ended {
            let begun = !matches!(stream.outgoing, Outgoing::Head);
            match (stream.local_end, stream.remote_end) {
                (true, true) => {}
                // The answer is complete; the rest of the request is not wanted (RFC 9113 section 8.1).
                (true, false) if self.role == Role::Server => self.reset_stream(id, ErrorCode::NoError),
                _ if self.role == Role::Client && !begun => {
                    // Nothing was sent: the server does not know of this stream, and the number may not be used again.
                }
                _ => self.reset_stream(id, ErrorCode::Cancel),
            }
        }
        self.wake_owner();
    }

    /// Credit that is small change until the connection rests.
    pub fn settle_credit(&mut self) {
        if self.owed > 0 && !self.ended {
            write_window_update(0, self.owed, &mut self.out);
            self.receive_window += i64::from(self.owed);
            self.owed = 0;
        }
    }
}

fn framed(head: &outgoing::Head, otherwise: Outgoing) -> Outgoing {
    match (head.chunked, head.length) {
        (true, _) => Outgoing::Chunked(Default::default()),
        (false, Some(0)) => Outgoing::Done,
        (false, Some(length)) => Outgoing::Length(length),
        (false, None) => otherwise,
    }
}
