//! The words that counters are made of. Each has one writer (the worker that owns the place) and many readers, so a
//! plain load and store does where several writers would need a read-modify-write.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// A total that only grows.
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, amount: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(amount), Relaxed);
    }

    pub fn increment(&self) {
        self.add(1);
    }

    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// For `clear counters all`, by the owner, and for [`crate::Shm::recover`].
    pub fn clear(&self) {
        self.0.store(0, Relaxed);
    }
}

/// How many there are now. Cleared when its owner died.
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct Gauge(AtomicU32);

impl Gauge {
    pub fn increment(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Never goes below zero: a connection counted before a crash must not wrap its successor's gauge.
    pub fn decrement(&self) {
        self.0.store(self.0.load(Relaxed).saturating_sub(1), Relaxed);
    }

    pub fn set(&self, value: u32) {
        self.0.store(value, Relaxed);
    }

    pub fn value(&self) -> u64 {
        u64::from(self.0.load(Relaxed))
    }

    pub fn clear(&self) {
        self.set(0);
    }
}

/// The largest value seen. May have several writers.
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct Maximum(AtomicU32);

impl Maximum {
    /// Reads before it writes: the line stays shared while the maximum stands.
    pub fn raise(&self, value: u64) {
        let value = u32::try_from(value).unwrap_or(u32::MAX);
        if self.0.load(Relaxed) < value {
            self.0.fetch_max(value, Relaxed);
        }
    }

    pub fn value(&self) -> u64 {
        u64::from(self.0.load(Relaxed))
    }

    /// For `clear counters`.
    pub fn clear(&self) {
        self.0.store(0, Relaxed);
    }
}

/// A point in time (milliseconds of `CLOCK_MONOTONIC`, 0 = never); readers take the latest of all workers.
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct Latest(AtomicU64);

impl Latest {
    pub fn set(&self, now_ms: u64) {
        self.0.store(now_ms, Relaxed);
    }

    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A sliding mean over about the last 1024 values, as `qtime`, `ctime`, `rtime` and `ttime` are.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Average {
    sum: AtomicU64,
    samples: AtomicU64,
}

impl Average {
    pub const WINDOW: u64 = 1024;

    pub fn add(&self, value: u64) {
        let (sum, samples) = (self.sum.load(Relaxed), self.samples.load(Relaxed));
        if samples < Self::WINDOW {
            self.samples.store(samples + 1, Relaxed);
            self.sum.store(sum + value, Relaxed);
        } else {
            self.sum.store(sum - sum.div_ceil(Self::WINDOW) + value, Relaxed);
        }
    }

    /// The sum over the window and how many values it holds, to be added up over workers.
    pub fn parts(&self) -> (u64, u64) {
        (self.sum.load(Relaxed), self.samples.load(Relaxed))
    }

    pub fn clear(&self) {
        self.sum.store(0, Relaxed);
        self.samples.store(0, Relaxed);
    }
}

/// A word with several writers.
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct Word(AtomicU64);

impl Word {
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }

    pub fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    /// Adds and returns what was there before.
    pub fn fetch_add(&self, amount: u64) -> u64 {
        self.0.fetch_add(amount, Relaxed)
    }

    /// The atomic itself, for operations with stronger ordering.
    pub fn atomic(&self) -> &AtomicU64 {
        &self.0
    }
}

/// A word of 32 bits with several writers.
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct Word32(AtomicU32);

impl Word32 {
    pub fn value(&self) -> u32 {
        self.0.load(Relaxed)
    }

    pub fn set(&self, value: u32) {
        self.0.store(value, Relaxed);
    }

    /// Adds and returns what was there before.
    pub fn fetch_add(&self, amount: u32) -> u32 {
        self.0.fetch_add(amount, Relaxed)
    }

    /// Sets these bits and returns what was there before.
    pub fn insert(&self, bits: u32) -> u32 {
        self.0.fetch_or(bits, Relaxed)
    }

    /// Clears these bits and returns what was there before.
    pub fn remove(&self, bits: u32) -> u32 {
        self.0.fetch_and(!bits, Relaxed)
    }

    /// The atomic itself, for operations with stronger ordering.
    pub fn atomic(&self) -> &AtomicU32 {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauge_stops_at_zero() {
        let gauge = Gauge::default();
        gauge.increment();
        gauge.decrement();
        gauge.decrement();
        assert_eq!(gauge.value(), 0);
    }

    #[test]
    fn average_of_a_constant_is_the_constant() {
        let average = Average::default();
        for _ in 0..5000 {
            average.add(40);
        }
        let (sum, samples) = average.parts();
        assert_eq!(samples, 1024);
        assert_eq!(sum / samples, 40);
    }
}
