//! The clock that all processes share.

use nix::time::{ClockId, clock_gettime};

/// Milliseconds of `CLOCK_MONOTONIC`.
pub fn monotonic_ms() -> u64 {
    monotonic_us() / 1000
}

/// Microseconds of `CLOCK_MONOTONIC`, as systemd's `MONOTONIC_USEC` wants them.
pub fn monotonic_us() -> u64 {
    micros(ClockId::CLOCK_MONOTONIC)
}

/// Microseconds since 1970.
pub fn realtime_us() -> u64 {
    micros(ClockId::CLOCK_REALTIME)
}

/// Microseconds of CPU time that this process has used.
pub fn process_us() -> u64 {
    micros(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

fn micros(clock: ClockId) -> u64 {
    let now = clock_gettime(clock).expect("a clock that every Linux has");
    now.tv_sec() as u64 * 1_000_000 + now.tv_nsec() as u64 / 1000
}
