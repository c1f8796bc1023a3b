//! One direction of a stream: bytes that came in, how far they may go, what goes out before them.

mod pipeline;
#[cfg(test)]
mod tests;

use std::io::IoSlice;
use std::task::{Context, Poll};

use weir_http::{
    BodyKind, ChunkedDecoder, Headers, LAST_CHUNK, Limits, Then, write_chunk_size, write_trailers,
};

use crate::buffers::{Buffer, Buffers, LARGE};
use crate::http::Joined;
use crate::replay::Replay;
use crate::socket::Socket;

pub use pipeline::{BodyFilter, Pipeline, Taken};

/// How the bytes of a direction are delimited.
#[derive(Debug, Default)]
pub enum Framing {
    /// Nothing may pass yet: a head is being read, or rules are being met.
    #[default]
    Hold,
    /// This many bytes are still to be received.
    Length(u64),
    Chunked(ChunkedDecoder),
    /// Everything until the end of the connection: TCP, tunnels, responses without length.
    Raw,
    /// Received to its end; some of it is still in the pipeline.
    Ending,
    /// The message is complete; what follows belongs to the next one.
    Done,
}

/// Why a transfer cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The producer's connection failed.
    Input,
    /// The consumer's connection failed.
    Output,
    /// The producer broke the framing of its message.
    Framing,
}

/// Bodies up to this size are copied behind their head.
const SMALL: usize = 2048;
/// Memory that a waiting stream may keep for what comes next.
const SPARE: usize = 1024;

#[derive(Debug, Default)]
pub struct Channel {
    pub buffer: Buffer,
    /// Bytes at the front of `buffer` that may go out.
    pub passable: usize,
    pub framing: Framing,
    /// Goes out before anything of `buffer`: a serialised head, a PROXY header, an answer of our own.
    pub head: Vec<u8>,
    pub head_at: usize,
    /// Goes out behind `passable`, in place of the next `skip` bytes of `buffer`.
    tail: Vec<u8>,
    skip: usize,
    /// Under which chunk sizes and trailers are checked.
    pub limits: Limits,
    trailers: Headers,
    /// `option http-drop-*-trailers`.
    pub drop_trailers: bool,
    /// What rules see of a chunked body.
    pub joined: Joined,
    /// The producer closed its sending half.
    pub eof: bool,
    /// Our sending half towards the consumer is closed.
    pub shut: bool,
    /// Payload bytes that were let pass, chunk sizes excluded.
    pub payload: u64,
    /// Bytes sent to the consumer.
    pub sent: u64,
    /// The producer was found to break its framing while we were sending.
    pub broken: bool,
    /// Stands between what is received of the body and what is sent, where anything does.
    pipeline: Option<Box<Pipeline>>,
    /// The last read filled all the room it had.
    filled: bool,
    /// Bytes of `head` from `head_at` on that are no body.
    opening: usize,
    /// What was sent, where it may have to be sent again.
    pub replay: Option<Box<Replay>>,
}

impl Channel {
    /// Makes the channel ready for the next message; bytes that were received behind the last one stay.
    pub fn reset(&mut self) {
        self.passable = 0;
        self.joined.forget();
        self.head.clear();
        self.head_at = 0;
        self.drop_pipeline();
        self.framing = Framing::Hold;
        self.tail.clear();
        self.skip = 0;
        self.drop_trailers = false;
        self.shut = false;
        self.payload = 0;
        self.sent = 0;
        self.filled = false;
        self.broken = false;
        self.opening = 0;
        self.replay = None;
    }

    /// Forgets everything, received bytes included.
    pub fn clear(&mut self) {
        self.reset();
        self.buffer.clear();
        self.eof = false;
    }

    /// Gives back memory that is not needed while the stream waits.
    pub fn rest(&mut self, buffers: &Buffers) {
        buffers.compact(&mut self.buffer);
        for text in [&mut self.head, &mut self.tail] {
            if text.capacity() - text.len() > SPARE {
                text.shrink_to_fit();
            }
        }
    }

    /// Bytes wait to be sent.
    pub fn has_output(&self) -> bool {
        self.head_at < self.head.len() || self.passable > 0 || !self.tail.is_empty()
    }

    /// The message was received to its end and sent to its end.
    pub fn is_complete(&self) -> bool {
        matches!(self.framing, Framing::Done) && !self.has_output()
    }

    /// Whether the end of the message was received.
    pub fn is_received(&self) -> bool {
        matches!(self.framing, Framing::Done | Framing::Ending)
            || (matches!(self.framing, Framing::Raw) && self.eof)
    }

    /// Whether reading more makes sense now. What waits to be sent is not moved to the front of its buffer again and
    /// again for a little room: a writer that takes one record of TLS at a time would have all of it copied each time.
    pub fn wants_input(&self) -> bool {
        let nothing_leaves = self.passable == 0 || self.pipeline.is_some();
        !self.eof
            && !matches!(self.framing, Framing::Done | Framing::Ending)
            && (self.buffer.capacity() == 0
                || !self.buffer.is_full() && (nothing_leaves || self.buffer.has_cheap_room()))
    }

    /// Reads once. `Ready(Ok(0))` is the end of the stream, which is also noted.
    pub fn receive(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Socket,
        buffers: &Buffers,
    ) -> Poll<std::io::Result<usize>> {
        self.make_room(buffers);
        let room = self.buffer.room();
        let size = room.len();
        let outcome = from.poll_recv(cx, room);
        self.joined.forget();
        match outcome {
            Poll::Ready(Ok(0)) => {
                self.eof = true;
                buffers.reclaim(&mut self.buffer);
            }
            Poll::Pending => buffers.reclaim(&mut self.buffer),
            Poll::Ready(Ok(count)) => {
                self.filled = count == size;
                self.buffer.filled(count);
            }
            _ => {}
        }
        outcome
    }

    /// A transfer that keeps its buffer full gets a large one.
    fn make_room(&mut self, buffers: &Buffers) {
        if self.filled && self.buffer.is_empty() && self.buffer.capacity() < LARGE && self.expects_much() {
            buffers.enlarge(&mut self.buffer);
        }
        buffers.fill(&mut self.buffer);
    }

    fn expects_much(&self) -> bool {
        match &self.framing {
            Framing::Length(left) => *left > LARGE as u64 / 4,
            Framing::Raw | Framing::Chunked(_) => true,
            Framing::Hold | Framing::Ending | Framing::Done => false,
        }
    }

    /// Takes over what arrived into what may pass.
    pub fn pass(&mut self) -> Result<(), Broken> {
        if self.pipeline.is_some() {
            return self.pass_filtered();
        }
        let fresh = self.buffer.len() - self.passable - self.skip;
        match &mut self.framing {
            Framing::Hold | Framing::Ending | Framing::Done => {}
            Framing::Raw => {
                self.passable += fresh;
                self.payload += fresh as u64;
            }
            Framing::Length(left) => {
                let count = (*left).min(fresh as u64);
                *left -= count;
                self.payload += count;
                self.passable += count as usize;
                if *left == 0 {
                    self.framing = Framing::Done;
                }
            }
            Framing::Chunked(_) => return self.pass_chunks(),
        }
        Ok(())
    }

    fn pass_chunks(&mut self) -> Result<(), Broken> {
        while self.tail.is_empty() {
            let Framing::Chunked(decoder) = &mut self.framing else { return Ok(()) };
            let input = &self.buffer.bytes()[self.passable..];
            let pass = decoder.pass(input, &self.limits, &mut self.trailers).map_err(|_| Broken::Framing)?;
            self.passable += pass.forward;
            self.payload += pass.payload;
            match pass.then {
                Then::More => return Ok(()),
                Then::Size { skip, size } => {
                    self.skip = skip;
                    write_chunk_size(size, &mut self.tail);
                }
                Then::End { skip } => {
                    self.skip = skip;
                    self.count_trailers();
                    self.framing = Framing::Done;
                    self.tail.extend_from_slice(LAST_CHUNK);
                    write_trailers(&self.trailers, None, &mut self.tail);
                    self.trailers.clear();
                }
            }
            self.pull_tail();
        }
        Ok(())
    }

    /// As HAProxy counts it: the end is one, trailers are their names and values.
    fn count_trailers(&mut self) {
        let lines = self.trailers.iter();
        self.payload += 1 + lines.map(|line| (line.name.len() + line.value.len()) as u64).sum::<u64>();
        if self.drop_trailers {
            self.trailers.clear();
        }
    }

    /// Once nothing of the buffer stands before it, the tail is what goes out next.
    fn pull_tail(&mut self) {
        if self.passable == 0 && !self.tail.is_empty() {
            self.buffer.consume(self.skip);
            self.skip = 0;
            if self.head.is_empty() {
                std::mem::swap(&mut self.head, &mut self.tail);
            } else {
                self.head.append(&mut self.tail);
            }
        }
    }

    /// Sets how the body behind a head is delimited and lets pass what is there of it.
    pub fn begin_body(&mut self, body: BodyKind) -> Result<(), Broken> {
        self.framing = match body {
            BodyKind::None | BodyKind::Length(0) => Framing::Done,
            BodyKind::Length(length) => Framing::Length(length),
            BodyKind::Chunked => Framing::Chunked(ChunkedDecoder::new()),
            BodyKind::UntilClose | BodyKind::Tunnel => Framing::Raw,
        };
        self.pass()
    }

    /// Takes out what was to precede the body; the head of another attempt may be written in its place. Answers with
    /// what of the body stood behind it, for [`Channel::end_opening`].
    pub fn begin_opening(&mut self) -> Vec<u8> {
        let body_at = self.head_at + self.opening;
        let body = if body_at < self.head.len() { self.head[body_at..].to_vec() } else { Vec::new() };
        self.head.clear();
        self.head_at = 0;
        body
    }

    /// The head was written: what was sent of the body before follows it, then what was still to be sent.
    pub fn end_opening(&mut self, body: Vec<u8>) {
        if let Some(replay) = &mut self.replay {
            let again = replay.begin(self.head.len());
            self.head.extend_from_slice(again);
        }
        self.opening = self.head.len();
        self.head.extend_from_slice(&body);
    }

    /// Throws away what may pass.
    pub fn discard(&mut self) {
        self.head.clear();
        self.head_at = 0;
        self.buffer.consume(self.passable);
        self.passable = 0;
        if !self.tail.is_empty() {
            self.buffer.consume(self.skip);
            self.skip = 0;
            self.tail.clear();
        }
        self.drop_pipeline();
    }

    /// Writes once what may go. `more`: more is known to follow at once.
    pub fn transmit(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut Socket,
        more: bool,
    ) -> Poll<std::io::Result<usize>> {
        self.join_small();
        let head = &self.head[self.head_at..];
        let body = &self.buffer.bytes()[..self.passable];
        let outcome = match (head.is_empty(), body.is_empty(), self.tail.is_empty()) {
            (true, _, true) => to.poll_send(cx, &[IoSlice::new(body)], more),
            (false, true, true) => to.poll_send(cx, &[IoSlice::new(head)], more),
            (false, false, true) => to.poll_send(cx, &[IoSlice::new(head), IoSlice::new(body)], more),
            (_, _, false) => {
                let pieces = [IoSlice::new(head), IoSlice::new(body), IoSlice::new(&self.tail)];
                to.poll_send(cx, &pieces, more)
            }
        };
        if let Poll::Ready(Ok(count)) = outcome {
            if let Some(replay) = &mut self.replay {
                replay.sent([head, body, &self.tail], count);
            }
            self.was_sent(count);
            if self.pipeline.is_some() {
                self.broken = self.pass_filtered().is_err();
            } else if let Framing::Chunked(_) = self.framing {
                // More may pass now; bytes that must not are met again by whoever reads.
                self.broken = self.pass_chunks().is_err();
            }
        }
        outcome
    }

    /// A short body goes behind its head: one piece is cheaper to send than two.
    fn join_small(&mut self) {
        if (1..=SMALL).contains(&self.passable) && self.head.len() > self.head_at {
            self.head.extend_from_slice(&self.buffer.bytes()[..self.passable]);
            self.buffer.consume(self.passable);
            self.passable = 0;
            self.pull_tail();
        }
    }

    fn was_sent(&mut self, count: usize) {
        self.sent += count as u64;
        let of_head = count.min(self.head.len() - self.head_at);
        self.head_at += of_head;
        self.opening = self.opening.saturating_sub(of_head);
        if self.head_at == self.head.len() {
            self.head.clear();
            self.head_at = 0;
        }
        let of_body = (count - of_head).min(self.passable);
        self.passable -= of_body;
        self.buffer.consume(of_body);
        if self.passable == 0 && self.head.is_empty() {
            self.pull_tail();
            self.head_at = count - of_head - of_body;
            if self.head_at == self.head.len() {
                self.head.clear();
                self.head_at = 0;
            }
        }
    }
}
