//! A lock that survives its owner. The word names the worker place that holds it; when that worker dies the supervisor
//! breaks its locks ([`crate::Shm::recover`]) and the next owner is told that what the lock guards may be half written.

use std::sync::atomic::{AtomicU32, Ordering::*};

use weir_types::WorkerId;

const OWNER: u32 = 0xffff;
/// Somebody sleeps on the word.
const WAITERS: u32 = 1 << 30;
/// The last owner died while holding the lock.
const DIRTY: u32 = 1 << 31;
/// About how long the longest critical section takes; after that sleeping is cheaper than spinning.
const SPINS: u32 = 200;
/// A wake-up can be lost with the process that should have sent it, so no sleep is longer than this.
const SLEEP_MS: u32 = 20;

#[repr(transparent)]
#[derive(Debug, Default)]
pub struct RobustLock(AtomicU32);

/// The lock is held until this is dropped.
pub struct Guard<'a> {
    lock: &'a RobustLock,
    recovered: bool,
}

impl RobustLock {
    pub fn lock(&self, owner: WorkerId) -> Guard<'_> {
        let mine = u32::from(owner.0) + 1;
        match self.0.compare_exchange(0, mine, Acquire, Relaxed) {
            Ok(_) => Guard { lock: self, recovered: false },
            Err(_) => self.lock_slowly(mine),
        }
    }

    /// Frees the lock if `owner`, which is dead, holds it. Returns whether it did.
    pub fn break_if_held(&self, owner: WorkerId) -> bool {
        let theirs = u32::from(owner.0) + 1;
        let word = self.0.load(Acquire);
        if word & OWNER != theirs {
            return false;
        }
        self.0.store(DIRTY, Release);
        weir_sys::futex::wake(&self.0, i32::MAX);
        true
    }

    fn free(&self, word: u32) {
        if self.0.swap(word, Release) & WAITERS != 0 {
            weir_sys::futex::wake(&self.0, i32::MAX);
        }
    }

    #[cold]
    fn lock_slowly(&self, mine: u32) -> Guard<'_> {
        let mut spins = 0;
        loop {
            let word = self.0.load(Relaxed);
            if word & OWNER == 0 {
                let next = mine | word & WAITERS;
                if self.0.compare_exchange_weak(word, next, Acquire, Relaxed).is_ok() {
                    return Guard { lock: self, recovered: word & DIRTY != 0 };
                }
            } else if spins < SPINS {
                spins += 1;
                std::hint::spin_loop();
            } else if self.0.compare_exchange(word, word | WAITERS, Relaxed, Relaxed).is_ok() {
                weir_sys::futex::wait(&self.0, word | WAITERS, SLEEP_MS);
            }
        }
    }
}

impl Guard<'_> {
    /// The owner before died inside: rebuild what the lock guards.
    pub fn recovered(&self) -> bool {
        self.recovered
    }

    /// Frees the lock so that the next owner is told of the death as this one was.
    pub fn pass_on(self) {
        let free = if self.recovered { DIRTY } else { 0 };
        self.lock.free(free);
        std::mem::forget(self);
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.lock.free(0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[test]
    fn one_at_a_time() {
        let shared = Arc::new((RobustLock::default(), AtomicU64::new(0)));
        let threads: Vec<_> = (0..4)
            .map(|place| {
                let shared = shared.clone();
                std::thread::spawn(move || {
                    for _ in 0..20_000 {
                        let _guard = shared.0.lock(WorkerId(place));
                        shared.1.store(shared.1.load(Relaxed) + 1, Relaxed);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(shared.1.load(Relaxed), 80_000);
    }

    #[test]
    fn a_dead_owners_lock_is_handed_on_as_recovered() {
        let lock = RobustLock::default();
        std::mem::forget(lock.lock(WorkerId(2)));
        assert!(!lock.break_if_held(WorkerId(1)));
        assert!(lock.break_if_held(WorkerId(2)));
        assert!(lock.lock(WorkerId(0)).recovered());
        assert!(!lock.lock(WorkerId(0)).recovered());
    }
}
