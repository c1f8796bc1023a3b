//! Events per second over the second that ends now: the running second and the one before it, the older one weighed by
//! how much of it still lies inside the window.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};

/// One worker's events. Written by its owner, read by all.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Rate {
    /// Number of the running second in the upper half, its events in the lower.
    current: AtomicU64,
    previous: AtomicU32,
    _padding: u32,
}

impl Rate {
    /// Counts `amount` events at `now_ms` (milliseconds of `CLOCK_MONOTONIC`).
    pub fn add(&self, now_ms: u64, amount: u32) {
        let (second, events) = split(self.current.load(Relaxed));
        let now = second_of(now_ms);
        if now == second {
            self.current.store(join(second, events.saturating_add(amount)), Relaxed);
            return;
        }
        let previous = if now == second.wrapping_add(1) { events } else { 0 };
        self.previous.store(previous, Release);
        self.current.store(join(now, amount), Release);
    }

    /// Events in the second before `now_ms`.
    pub fn value(&self, now_ms: u64) -> u64 {
        let (second, events, previous) = self.snapshot();
        let now = second_of(now_ms);
        let left = 1000 - now_ms % 1000;
        if now == second {
            u64::from(events) + u64::from(previous) * left / 1000
        } else if now == second.wrapping_add(1) {
            u64::from(events) * left / 1000
        } else {
            0
        }
    }

    /// Events of the running second so far; what the highest rate ever is taken from.
    pub fn this_second(&self, now_ms: u64) -> u64 {
        let (second, events) = split(self.current.load(Relaxed));
        if second == second_of(now_ms) { events.into() } else { 0 }
    }

    pub fn clear(&self) {
        self.current.store(0, Relaxed);
        self.previous.store(0, Relaxed);
    }

    /// Reads both halves of one moment; the owner turns them once a second, so a second try is enough.
    fn snapshot(&self) -> (u32, u32, u32) {
        let before = self.current.load(Acquire);
        let previous = self.previous.load(Acquire);
        let after = self.current.load(Acquire);
        if before >> 32 == after >> 32 {
            let (second, events) = split(after);
            return (second, events, previous);
        }
        let (second, events) = split(after);
        (second, events, self.previous.load(Acquire))
    }
}

fn second_of(now_ms: u64) -> u32 {
    (now_ms / 1000) as u32
}

fn split(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

fn join(second: u32, events: u32) -> u64 {
    u64::from(second) << 32 | u64::from(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_slides() {
        let rate = Rate::default();
        for ms in 0..1000 {
            rate.add(5000 + ms, 1);
        }
        assert_eq!(rate.value(5999), 1000);
        assert_eq!(rate.value(6000), 1000);
        assert_eq!(rate.value(6250), 750);
        assert_eq!(rate.value(6999), 1);
        assert_eq!(rate.value(7000), 0);
        assert_eq!((rate.this_second(5999), rate.this_second(6000)), (1000, 0));
        rate.add(6500, 100);
        assert_eq!(rate.value(6500), 600);
        rate.add(9000, 1);
        assert_eq!(rate.value(9000), 1);
    }
}
