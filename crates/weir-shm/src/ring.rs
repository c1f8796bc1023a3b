//! Rings: bounded stores of log lines that every process writes to (manual 12.5).
//!
//! Each lies in a memfd of its own. A line is written under the ring's lock, and stands there once the position of the
//! next one is moved: what a writer that died had begun is behind that position, so nothing has to be put in order, and
//! no line is ever torn. The oldest lines make room for new ones, unless a server that the lines are sent to has not
//! had them yet; then the new one is dropped and counted, as HAProxy does.
//!
//! ```text
//! magic | words of the store | bytes of the name | lock | next | oldest | dropped | awaited | readers | name | store
//! ```
//! A line in the store is its length and its bytes, in words of eight bytes; the store goes round.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU64, fence};

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::ftruncate;
use weir_types::WorkerId;

use crate::error::ShmError;
use crate::lock::RobustLock;
use crate::segment::map;

const MAGIC: u64 = u64::from_be_bytes(*b"weirrng\x01");
/// Servers of one ring.
pub const READERS: usize = 16;
/// Words of the head: eight fields, the readers, 64 for the name.
const READERS_AT: usize = 8;
const NAME_AT: usize = READERS_AT + READERS;
const NAME_WORDS: usize = 64;
const STORE_AT: usize = NAME_AT + NAME_WORDS;

/// A ring as the configuration asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingSpec {
    pub name: String,
    pub bytes: u64,
}

/// The memory of one ring as this process sees it.
pub(crate) struct RingArea {
    base: NonNull<AtomicU64>,
    store_words: u64,
    pub name: String,
    descriptor: OwnedFd,
}

// SAFETY: the mapping is shared, lives as long as the process, and is only reached through atomics.
#[allow(unsafe_code)]
unsafe impl Send for RingArea {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for RingArea {}

impl RingArea {
    pub fn create(spec: &RingSpec) -> Result<Self, ShmError> {
        const NAME: &CStr = c"weir-ring";
        if spec.name.len() > NAME_WORDS * 8 {
            return Err(ShmError::TooManyNames);
        }
        let store_words = (spec.bytes / 8).max(128);
        let bytes = (STORE_AT + store_words as usize) * 8;
        let system = |call, error: nix::Error| ShmError::System(call, error.into());
        let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
        let descriptor = memfd_create(NAME, flags).map_err(|error| system("memfd_create", error))?;
        ftruncate(&descriptor, bytes as i64).map_err(|error| system("ftruncate", error))?;
        weir_sys::memory::seal_size(descriptor.as_fd()).map_err(|error| ShmError::System("fcntl", error))?;
        let base = map(&descriptor, bytes)?.cast();
        let area = Self { base, store_words, name: spec.name.clone(), descriptor };
        area.word(1).store(store_words, Relaxed);
        area.word(2).store(spec.name.len() as u64, Relaxed);
        area.put(NAME_AT, spec.name.as_bytes());
        area.word(0).store(MAGIC, Release);
        Ok(area)
    }

    /// Whether the descriptor is a ring's.
    pub fn is(descriptor: &OwnedFd) -> bool {
        let mut magic = [0; 8];
        nix::sys::uio::pread(descriptor, &mut magic, 0) == Ok(8) && u64::from_ne_bytes(magic) == MAGIC
    }

    pub fn attach(descriptor: OwnedFd) -> Result<Self, ShmError> {
        let stat =
            nix::sys::stat::fstat(&descriptor).map_err(|error| ShmError::System("fstat", error.into()))?;
        let bytes = stat.st_size as usize;
        let wrong = ShmError::Layout { expected: MAGIC, found: 0 };
        if bytes < STORE_AT * 8 {
            return Err(wrong);
        }
        let base = map(&descriptor, bytes)?.cast();
        let mut area = Self { base, store_words: 0, name: String::new(), descriptor };
        area.store_words = area.word(1).load(Relaxed);
        let length = area.word(2).load(Relaxed) as usize;
        if (STORE_AT + area.store_words as usize) * 8 != bytes || length > NAME_WORDS * 8 {
            return Err(wrong);
        }
        let name = area.get(NAME_AT, length);
        area.name = String::from_utf8_lossy(&name).into_owned();
        Ok(area)
    }

    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    pub fn is_as(&self, spec: &RingSpec) -> bool {
        self.name == spec.name && self.store_words == (spec.bytes / 8).max(128)
    }

    pub fn recover(&self, dead: WorkerId) {
        self.lock().break_if_held(dead);
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < STORE_AT + self.store_words.max(1) as usize);
        // SAFETY: inside the mapping (its size was checked against `store_words`; while that is still zero only words of
        // the head are asked for), aligned, never unmapped, and any bytes are an atomic number.
        #[allow(unsafe_code)]
        unsafe {
            self.base.add(index).as_ref()
        }
    }

    fn lock(&self) -> &RobustLock {
        // SAFETY: word 3 of the head, which holds nothing else; a lock is one atomic number (`repr(transparent)`) no
        // larger than a word.
        #[allow(unsafe_code)]
        unsafe {
            self.base.add(3).cast::<RobustLock>().as_ref()
        }
    }

    /// Where the next line goes, where the oldest stands: words counted from the ring's first day.
    fn next(&self) -> &AtomicU64 {
        self.word(4)
    }

    fn oldest(&self) -> &AtomicU64 {
        self.word(5)
    }

    fn dropped(&self) -> &AtomicU64 {
        self.word(6)
    }

    /// Whoever reads has come to the end and is to be called.
    fn awaited(&self) -> &AtomicU64 {
        self.word(7)
    }

    fn at(&self, position: u64) -> usize {
        STORE_AT + (position % self.store_words) as usize
    }

    fn put(&self, index: usize, bytes: &[u8]) {
        for (offset, piece) in bytes.chunks(8).enumerate() {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            self.word(index + offset).store(u64::from_ne_bytes(word), Relaxed);
        }
    }

    fn get(&self, index: usize, length: usize) -> Vec<u8> {
        let words = (0..length.div_ceil(8)).map(|offset| self.word(index + offset).load(Relaxed));
        let mut bytes: Vec<u8> = words.flat_map(u64::to_ne_bytes).collect();
        bytes.truncate(length);
        bytes
    }

    /// Words that a line of this length takes.
    fn size(length: u64) -> u64 {
        1 + length.div_ceil(8)
    }
}

/// A ring for the process of one place.
#[derive(Clone, Copy)]
pub struct Ring {
    area: &'static RingArea,
    place: WorkerId,
}

impl Ring {
    pub(crate) fn new(area: &'static RingArea, place: WorkerId) -> Self {
        Self { area, place }
    }

    /// Stores a line. False: there was no room, which is counted.
    pub fn write(&self, line: &[u8]) -> bool {
        let area = self.area;
        let needed = RingArea::size(line.len() as u64);
        let _guard = area.lock().lock(self.place);
        let next = area.next().load(Relaxed);
        let mut oldest = area.oldest().load(Relaxed);
        let slowest = self.slowest_reader();
        while next + needed - oldest > area.store_words {
            if needed > area.store_words || slowest.is_some_and(|position| position <= oldest) {
                area.dropped().fetch_add(1, Relaxed);
                return false;
            }
            oldest += RingArea::size(area.word(area.at(oldest)).load(Relaxed));
            area.oldest().store(oldest, Relaxed);
        }
        area.word(area.at(next)).store(line.len() as u64, Relaxed);
        for (offset, piece) in line.chunks(8).enumerate() {
            area.put(area.at(next + 1 + offset as u64), piece);
        }
        area.next().store(next + needed, Release);
        true
    }

    /// A reader that came to the end asks to be called with the next line. It has to look once more behind this, since a
    /// writer that did not see it asking calls nobody.
    pub fn ask_to_be_called(&self) {
        self.area.awaited().store(1, SeqCst);
        fence(SeqCst);
    }

    /// Behind [`Ring::write`]: whether readers asked to be called. Only one writer is told, and it has to call.
    pub fn owes_call(&self) -> bool {
        fence(SeqCst);
        let awaited = self.area.awaited();
        // Read first: the line stays shared while nobody asks.
        awaited.load(Relaxed) != 0 && awaited.swap(0, SeqCst) != 0
    }

    /// The line at `position`, or the oldest behind it, and the position of the next.
    pub fn read(&self, position: u64) -> Option<(Vec<u8>, u64)> {
        let area = self.area;
        let _guard = area.lock().lock(self.place);
        let position = position.max(area.oldest().load(Relaxed));
        if position >= area.next().load(Acquire) {
            return None;
        }
        let length = area.word(area.at(position)).load(Relaxed);
        let words = (0..length.div_ceil(8))
            .map(|offset| area.word(area.at(position + 1 + offset)).load(Relaxed).to_ne_bytes());
        let mut line: Vec<u8> = words.flatten().collect();
        line.truncate(length as usize);
        Some((line, position + RingArea::size(length)))
    }

    /// Where the oldest line stands.
    pub fn oldest(&self) -> u64 {
        self.area.oldest().load(Acquire)
    }

    /// Behind the newest line.
    pub fn end(&self) -> u64 {
        self.area.next().load(Acquire)
    }

    pub fn dropped(&self) -> u64 {
        self.area.dropped().load(Relaxed)
    }

    /// How far a server has been sent the lines; it begins with the oldest. Lines behind that stay for it.
    pub fn reader(&self, reader: usize) -> u64 {
        let _guard = self.area.lock().lock(self.place);
        let word = self.area.word(READERS_AT + reader % READERS);
        if word.load(Relaxed) == 0 {
            word.store(self.area.oldest().load(Relaxed) + 1, Relaxed);
        }
        word.load(Relaxed) - 1
    }

    pub fn reader_at(&self, reader: usize, position: u64) {
        self.area.word(READERS_AT + reader % READERS).store(position + 1, Release);
    }

    /// The server is not there any more: no line waits for it.
    pub fn forget_reader(&self, reader: usize) {
        self.area.word(READERS_AT + reader % READERS).store(0, Release);
    }

    fn slowest_reader(&self) -> Option<u64> {
        let words = (0..READERS).map(|reader| self.area.word(READERS_AT + reader).load(Acquire));
        words.filter(|word| *word > 0).map(|word| word - 1).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shm::Shm;

    fn ring(bytes: u64) -> Ring {
        let shm = Shm::private(1);
        shm.add_rings(&[RingSpec { name: "r".into(), bytes }]).unwrap();
        shm.ring("r", WorkerId(0)).unwrap()
    }

    fn lines(ring: &Ring) -> Vec<String> {
        let mut at = ring.oldest();
        std::iter::from_fn(|| {
            let (line, next) = ring.read(at)?;
            at = next;
            Some(String::from_utf8(line).unwrap())
        })
        .collect()
    }

    #[test]
    fn the_oldest_lines_make_room() {
        let ring = ring(1024);
        assert_eq!(lines(&ring), Vec::<String>::new());
        for number in 0..1000 {
            assert!(ring.write(format!("line {number} of some length").as_bytes()));
        }
        let kept = lines(&ring);
        assert!(kept.len() > 20 && kept.len() < 64, "{}", kept.len());
        assert_eq!(kept.last().unwrap(), "line 999 of some length");
        for (offset, line) in kept.iter().enumerate() {
            assert_eq!(*line, format!("line {} of some length", 1000 - kept.len() + offset));
        }
        assert_eq!(ring.dropped(), 0);
        assert!(!ring.write(&[b'x'; 2000]));
        assert_eq!(ring.dropped(), 1);
    }

    #[test]
    fn a_reader_that_asked_is_called_once() {
        let ring = ring(1024);
        assert!(ring.write(b"one") && !ring.owes_call());
        ring.ask_to_be_called();
        assert!(ring.write(b"two") && ring.owes_call());
        assert!(ring.write(b"three") && !ring.owes_call());
    }

    #[test]
    fn lines_that_a_server_has_not_had_stay() {
        let ring = ring(1024);
        let position = ring.reader(0);
        let mut written = 0;
        while ring.write(b"sixteen bytes...") {
            written += 1;
        }
        assert_eq!((lines(&ring).len(), ring.dropped()), (written, 1));
        let (_, next) = ring.read(position).unwrap();
        ring.reader_at(0, next);
        assert!(ring.write(b"sixteen bytes..."));
        assert!(!ring.write(b"sixteen bytes..."));
        ring.forget_reader(0);
        assert!(ring.write(b"sixteen bytes..."));
    }

    #[test]
    fn another_process_reads_what_was_written() {
        let shm = Shm::private(1);
        let spec = RingSpec { name: "r".into(), bytes: 4096 };
        shm.add_rings(std::slice::from_ref(&spec)).unwrap();
        shm.add_rings(std::slice::from_ref(&spec)).unwrap();
        shm.ring("r", WorkerId(0)).unwrap().write(b"hello");
        let descriptors = shm.descriptors().map(|one| one.try_clone_to_owned().unwrap()).collect();
        let other = Shm::attach(descriptors).unwrap();
        assert_eq!(lines(&other.ring("r", WorkerId(0)).unwrap()), ["hello"]);
        assert!(other.ring("s", WorkerId(0)).is_none());
    }
}
