//! Sleep on and wake from a word in memory that processes share.

use std::sync::atomic::AtomicU32;

use nix::libc;

/// Sleeps while `word` is `expected`, at most `timeout_ms`. May return early for no reason.
pub fn wait(word: &AtomicU32, expected: u32, timeout_ms: u32) {
    let timeout = libc::timespec {
        tv_sec: i64::from(timeout_ms / 1000),
        tv_nsec: i64::from(timeout_ms % 1000) * 1_000_000,
    };
    // SAFETY: word and timeout are valid for the call; FUTEX_WAIT reads them and nothing else.
    #[allow(unsafe_code)]
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, expected, &raw const timeout);
    }
}

/// Wakes up to `count` sleepers.
pub fn wake(word: &AtomicU32, count: i32) {
    // SAFETY: FUTEX_WAKE uses the address only as a key.
    #[allow(unsafe_code)]
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, count);
    }
}
