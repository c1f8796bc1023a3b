//! TLS sessions of clients that may be resumed by any worker: a bounded table in the first segment. A lock guards each
//! bucket; what its owner left half written when it died is forgotten.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use weir_types::WorkerId;

use crate::cell::{Word, Word32};
use crate::lock::{Guard, RobustLock};
use crate::shm::Shm;

/// Sessions of one bucket: of more, the one that ends first is forgotten.
const WAYS: usize = 4;
const BUCKETS: usize = 5000;
/// `tune.ssl.cachesize` at most, and its default. Memory is touched as sessions come.
pub const SESSIONS: usize = WAYS * BUCKETS;
/// A session that is larger, as with a client's long certificate chain, is not kept.
const WORDS: usize = 248;

#[repr(C, align(64))]
#[derive(Debug)]
pub(crate) struct SessionSlot {
    key: [AtomicU64; 4],
    /// `CLOCK_MONOTONIC` milliseconds; 0: empty.
    expires_ms: Word,
    length: Word32,
    _unused: Word32,
    bytes: [AtomicU64; WORDS],
}

/// How many locks and slots the first segment has.
pub(crate) const fn counts(first: bool) -> (usize, usize) {
    if first { (BUCKETS, SESSIONS) } else { (0, 0) }
}

/// The table as one process uses it.
#[derive(Clone, Copy)]
pub struct Sessions {
    pub(crate) locks: &'static [RobustLock],
    pub(crate) slots: &'static [SessionSlot],
    pub(crate) place: WorkerId,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("place", &self.place).finish_non_exhaustive()
    }
}

/// What a session is found by: 32 bytes that look random.
pub type SessionKey = [u8; 32];

fn words(key: &SessionKey) -> [u64; 4] {
    let word = |at: usize| u64::from_ne_bytes(key[at * 8..at * 8 + 8].try_into().expect("eight bytes"));
    [word(0), word(1), word(2), word(3)]
}

impl SessionSlot {
    fn is(&self, key: &[u64; 4]) -> bool {
        self.key.iter().zip(key).all(|(mine, word)| mine.load(Relaxed) == *word)
    }

    fn write(&self, key: &[u64; 4], session: &[u8], expires_ms: u64) {
        for (mine, word) in self.key.iter().zip(key) {
            mine.store(*word, Relaxed);
        }
        for (word, piece) in self.bytes.iter().zip(session.chunks(8)) {
            let mut bytes = [0; 8];
            bytes[..piece.len()].copy_from_slice(piece);
            word.store(u64::from_ne_bytes(bytes), Relaxed);
        }
        self.length.set(session.len() as u32);
        self.expires_ms.set(expires_ms);
    }

    fn read(&self) -> Vec<u8> {
        let length = (self.length.value() as usize).min(WORDS * 8);
        let words = self.bytes.iter().take(length.div_ceil(8));
        let mut session: Vec<u8> = words.flat_map(|word| word.load(Relaxed).to_ne_bytes()).collect();
        session.truncate(length);
        session
    }
}

impl Sessions {
    /// The bucket of a key, locked.
    fn bucket(&self, key: &[u64; 4], limit: usize) -> Option<(Guard<'_>, &'static [SessionSlot])> {
        let buckets = self.locks.len().min(limit.div_ceil(WAYS));
        if buckets == 0 {
            return None;
        }
        let at = (key[0] % buckets as u64) as usize;
        let guard = self.locks[at].lock(self.place);
        let slots = &self.slots[at * WAYS..(at + 1) * WAYS];
        if guard.recovered() {
            slots.iter().for_each(|slot| slot.expires_ms.set(0));
        }
        Some((guard, slots))
    }

    /// Keeps a session until `expires_ms`. `limit` is how many are kept in all.
    pub fn store(&self, key: &SessionKey, session: &[u8], expires_ms: u64, limit: usize) {
        let key = words(key);
        if session.len() > WORDS * 8 {
            return;
        }
        let Some((_guard, slots)) = self.bucket(&key, limit) else { return };
        let same = slots.iter().find(|slot| slot.expires_ms.value() != 0 && slot.is(&key));
        let slot = same.or_else(|| slots.iter().min_by_key(|slot| slot.expires_ms.value()));
        if let Some(slot) = slot {
            slot.write(&key, session, expires_ms);
        }
    }

    pub fn find(&self, key: &SessionKey, now_ms: u64, limit: usize) -> Option<Vec<u8>> {
        let key = words(key);
        let (_guard, slots) = self.bucket(&key, limit)?;
        let slot = slots.iter().find(|slot| slot.expires_ms.value() > now_ms && slot.is(&key))?;
        Some(slot.read())
    }
}

impl Shm {
    /// The sessions that all workers share, for the process of `place`.
    pub fn sessions(&self, place: WorkerId) -> Sessions {
        let (locks, slots) = self.session_arrays();
        Sessions { locks, slots, place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> SessionKey {
        let mut key = [7; 32];
        key[..8].copy_from_slice(&number.to_ne_bytes());
        key
    }

    #[test]
    fn found_by_every_process_until_it_ends() {
        let shm = Shm::private(2);
        let (one, other) = (shm.sessions(WorkerId(0)), shm.sessions(WorkerId(1)));
        one.store(&key(1), b"a session", 100, SESSIONS);
        assert_eq!(other.find(&key(1), 99, SESSIONS).as_deref(), Some(&b"a session"[..]));
        assert_eq!(other.find(&key(1), 100, SESSIONS), None);
        assert_eq!(other.find(&key(2), 0, SESSIONS), None);
    }

    #[test]
    fn a_full_bucket_forgets_what_ends_first() {
        let sessions = Shm::private(1).sessions(WorkerId(0));
        let same_bucket = |number: u64| key(number * BUCKETS as u64);
        for number in 1..=5 {
            sessions.store(&same_bucket(number), b"s", 100 + number, SESSIONS);
        }
        assert_eq!(sessions.find(&same_bucket(1), 0, SESSIONS), None);
        assert!((2..=5).all(|number| sessions.find(&same_bucket(number), 0, SESSIONS).is_some()));
    }

    #[test]
    fn what_a_dead_process_half_wrote_is_forgotten() {
        let shm = Shm::private(2);
        let (dead, living) = (shm.sessions(WorkerId(0)), shm.sessions(WorkerId(1)));
        dead.store(&key(1), b"whole", 100, SESSIONS);
        let bucket = 1;
        std::mem::forget(shm.session_arrays().0[bucket].lock(WorkerId(0)));
        shm.recover(WorkerId(0));
        assert_eq!(living.find(&key(1), 0, SESSIONS), None);
        living.store(&key(1), b"again", 100, SESSIONS);
        assert!(living.find(&key(1), 0, SESSIONS).is_some());
    }

    #[test]
    fn too_large_a_session_is_not_kept() {
        let sessions = Shm::private(1).sessions(WorkerId(0));
        sessions.store(&key(1), &[1; WORDS * 8 + 1], 100, SESSIONS);
        assert_eq!(sessions.find(&key(1), 0, SESSIONS), None);
        sessions.store(&key(1), &[1; WORDS * 8], 100, SESSIONS);
        assert_eq!(sessions.find(&key(1), 0, SESSIONS), Some(vec![1; WORDS * 8]));
    }
}
