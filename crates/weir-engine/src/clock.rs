//! The worker's clock: read once per loop turn, shared by everything that runs in that turn.

use std::cell::Cell;

use nix::time::{ClockId, clock_gettime};

/// How many times one reading may be used before the clock is read again: a turn with many busy streams lasts long
/// enough to matter in logged timers.
const USES: u32 = 16;

thread_local! {
    static STALE: Cell<bool> = const { Cell::new(true) };
}

/// To be called when the runtime has waited for events (`Builder::on_thread_unpark`).
pub fn mark_stale() {
    STALE.set(true);
}

/// Monotonic and wall-clock time of the running loop turn.
#[derive(Debug)]
pub struct Clock {
    now_us: Cell<u64>,
    uses: Cell<u32>,
    /// Wall clock minus monotonic clock, microseconds.
    offset_us: Cell<i64>,
    /// When the offset was last taken.
    offset_at_us: Cell<u64>,
}

impl Default for Clock {
    fn default() -> Self {
        let now = read_us(ClockId::CLOCK_MONOTONIC);
        let offset = read_us(ClockId::CLOCK_REALTIME) as i64 - now as i64;
        Self {
            now_us: Cell::new(now),
            uses: Cell::new(0),
            offset_us: Cell::new(offset),
            offset_at_us: Cell::new(now),
        }
    }
}

impl Clock {
    /// Microseconds of `CLOCK_MONOTONIC`, as old as the loop turn at most.
    pub fn now_us(&self) -> u64 {
        let uses = self.uses.get();
        if uses >= USES || STALE.get() {
            return self.refresh();
        }
        self.uses.set(uses + 1);
        self.now_us.get()
    }

    /// Milliseconds of `CLOCK_MONOTONIC`.
    pub fn now_ms(&self) -> u64 {
        self.now_us() / 1000
    }

    /// Reads the clock now.
    pub fn refresh(&self) -> u64 {
        STALE.set(false);
        self.uses.set(0);
        let now = read_us(ClockId::CLOCK_MONOTONIC);
        self.now_us.set(now);
        if now - self.offset_at_us.get() > 1_000_000 {
            self.offset_at_us.set(now);
            self.offset_us.set(read_us(ClockId::CLOCK_REALTIME) as i64 - now as i64);
        }
        now
    }

    /// The wall-clock time, microseconds since 1970, of a moment of this clock.
    pub fn wall_us(&self, moment_us: u64) -> u64 {
        (moment_us as i64 + self.offset_us.get()).max(0) as u64
    }
}

fn read_us(id: ClockId) -> u64 {
    clock_gettime(id).map_or(0, |time| time.tv_sec() as u64 * 1_000_000 + time.tv_nsec() as u64 / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_within_a_turn() {
        let clock = Clock::default();
        let first = clock.now_us();
        assert_eq!(clock.now_us(), first);
        mark_stale();
        assert!(clock.now_us() >= first);
    }

    #[test]
    fn wall_time_is_after_2020() {
        let clock = Clock::default();
        assert!(clock.wall_us(clock.now_us()) > 1_577_836_800_000_000);
    }
}
