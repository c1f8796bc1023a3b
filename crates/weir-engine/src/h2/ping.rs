//! `idle-ping`: the peer of a connection without streams is asked for a sign of life now and then.

use weir_http::h2::Connection;

use crate::timers::NEVER;

#[derive(Debug)]
pub struct IdlePing {
    /// Milliseconds between two questions.
    interval: Option<u64>,
    /// When the next one is due, while the connection is idle.
    due_ms: u64,
    asked: bool,
}

impl IdlePing {
    pub fn new(interval: Option<u32>) -> Self {
        Self { interval: interval.map(u64::from), due_ms: NEVER, asked: false }
    }

    /// When an idle connection is to be looked at again.
    pub fn due(&mut self, now_ms: u64) -> u64 {
        if self.due_ms == NEVER
            && let Some(interval) = self.interval
        {
            self.due_ms = now_ms + interval;
        }
        self.due_ms
    }

    /// A stream runs: nothing need be asked.
    pub fn rest(&mut self) {
        self.due_ms = NEVER;
    }

    /// Whether the peer has answered since the last call.
    pub fn was_answered(&mut self, connection: &Connection) -> bool {
        self.asked && !connection.ping_waits() && std::mem::replace(&mut self.asked, false)
    }

    /// Asks if it is time to. False: the peer still owes the answer before, and is gone.
    pub fn ask(&mut self, connection: &mut Connection, now_ms: u64) -> bool {
        if now_ms < self.due_ms {
            return true;
        }
        if connection.ping_waits() {
            return false;
        }
        connection.send_ping();
        self.asked = true;
        self.due_ms = NEVER;
        self.due(now_ms);
        true
    }
}
