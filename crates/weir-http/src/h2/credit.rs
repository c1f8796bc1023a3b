//! Flow control of what is received (RFC 9113 section 5.2). A stream is given room for what it may receive without
//! taking more than its share of the connection's budget; credit goes back when data has been read, so that what a
//! connection holds never exceeds the budget.

use std::task::{Context, Poll};

use super::connection::Connection;
use super::frame::{ErrorCode, MAX_WINDOW, write_window_update};

impl Connection {
    /// Bytes of the connection's window are free again.
    pub(super) fn credit(&mut self, count: u32) {
        self.owed += count;
        if self.owed >= self.config.receive_budget / 8 && !self.ended {
            write_window_update(0, self.owed, &mut self.out);
            self.receive_window += i64::from(self.owed);
            self.owed = 0;
            self.wake_owner();
        }
    }

    /// The code that the peer reset a stream with.
    pub fn peer_reset(&self, id: u32) -> Option<u32> {
        self.streams.get(&id)?.peer_reset
    }

    /// Reads what a stream received. `Ok(0)`: the peer ended a tunnel. An error: the stream was reset.
    pub fn read(&mut self, cx: &mut Context<'_>, id: u32, room: &mut [u8]) -> Poll<Result<usize, ErrorCode>> {
        let Some(stream) = self.streams.get_mut(&id) else { return Poll::Ready(Err(ErrorCode::Cancel)) };
        if !stream.received.is_empty() {
            let count = stream.received.len().min(room.len());
            let (front, back) = stream.received.as_slices();
            let of_front = front.len().min(count);
            room[..of_front].copy_from_slice(&front[..of_front]);
            room[of_front..count].copy_from_slice(&back[..count - of_front]);
            stream.received.drain(..count);
            if stream.received.is_empty() && stream.received.capacity() > 4096 {
                stream.received = Default::default();
            }
            // Marks of chunks have no credit; it is all given back by the end.
            let credit = stream.uncredited.min(count as u32);
            stream.uncredited -= credit;
            if credit > 0 {
                self.credit(credit);
                self.widen(id);
            }
            return Poll::Ready(Ok(count));
        }
        if let Some(code) = stream.reset {
            return Poll::Ready(Err(code));
        }
        if stream.remote_end && stream.tunnel {
            return Poll::Ready(Ok(0));
        }
        stream.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Whether [`Connection::read`] would not wait.
    pub fn is_readable(&self, id: u32) -> bool {
        self.streams.get(&id).is_none_or(|stream| {
            !stream.received.is_empty() || stream.reset.is_some() || stream.remote_end && stream.tunnel
        })
    }

    /// Gives a stream that was read, or padded, room for more: its least share, or seven eighths of what nobody uses.
    pub(super) fn widen(&mut self, id: u32) {
        let receiving = self.streams.values().filter(|stream| !stream.remote_end).count().max(1) as i64;
        let held: i64 = self.streams.values().map(|stream| i64::from(stream.uncredited)).sum();
        let budget = i64::from(self.config.receive_budget);
        let least = i64::from(self.config.initial_window);
        let unused = budget - held - least * self.streams.len() as i64;
        let share = least.max(unused * 7 / 8 / receiving).min(MAX_WINDOW);
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if stream.remote_end || stream.reset.is_some() {
            return;
        }
        let missing = share - stream.receive_window - i64::from(stream.uncredited);
        if missing >= share / 2 || missing > 0 && stream.receive_window < least / 2 {
            stream.receive_window += missing;
            write_window_update(id, missing as u32, &mut self.out);
            self.wake_owner();
        }
    }
}
