//! The memory of one cache: a sparse memfd, mapped once and never unmapped.
//!
//! ```text
//! head (a page) | control | holds: per place | buckets | links of blocks | entries | blocks
//! ```
//! All numbers in it count from 1 and 0 is none, so that fresh memory is an empty cache; memory is touched as objects
//! come.

use std::ffi::CStr;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

use nix::fcntl::{FallocateFlags, fallocate};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap};
use nix::unistd::ftruncate;
use weir_types::WorkerId;

use super::store::{Entry, Locked};
use super::{BLOCK, CacheSpec};
use crate::error::ShmError;
use crate::layout::fnv;
use crate::lock::RobustLock;
use crate::segment::Shared;

const MAGIC: u64 = u64::from_be_bytes(*b"weircch\x01");
const PAGE: usize = 4096;
/// Magic, version, megabytes, places, length of the name, number.
const HEAD: usize = 32;
/// Longest name: it has to fit into the head's page.
const NAME_MOST: usize = PAGE - HEAD;
/// Objects that one process may be sending at a time.
pub(super) const HOLDS: usize = 8192;
const ALIGN: usize = 128;

/// Changes whenever a cache would be read differently.
const VERSION: u64 = {
    let mut hash = fnv(0xcbf2_9ce4_8422_2325, size_of::<Entry>() as u64);
    hash = fnv(hash, size_of::<Control>() as u64);
    let bytes = env!("CARGO_PKG_VERSION").as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        hash = fnv(hash, bytes[at] as u64);
        at += 1;
    }
    hash
};

/// What the lock guards besides the entries and links.
#[repr(C, align(128))]
#[derive(Debug, Default)]
pub(crate) struct Control {
    pub lock: RobustLock,
    /// Blocks and entries up to here were used before.
    pub blocks_begun: AtomicU32,
    pub entries_begun: AtomicU32,
    /// The first free block and the first free entry among those.
    pub free_block: AtomicU32,
    pub free_entry: AtomicU32,
    /// Objects in the order of use, the one to go first in front.
    pub oldest: AtomicU32,
    pub newest: AtomicU32,
    /// Blocks of objects that are being written or sent.
    pub blocks_held: AtomicU32,
}

pub(crate) struct CacheArea {
    pub number: u32,
    pub spec: CacheSpec,
    places: usize,
    base: NonNull<u8>,
    descriptor: OwnedFd,
}

// SAFETY: the mapping is shared, lives as long as the process, and is only reached through atomics, and blocks through
// the objects that own them.
#[allow(unsafe_code)]
unsafe impl Send for CacheArea {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for CacheArea {}

/// Where the parts begin.
struct Layout {
    holds: usize,
    buckets: usize,
    links: usize,
    entries: usize,
    blocks: usize,
    bytes: usize,
}

impl Layout {
    fn new(spec: &CacheSpec, places: usize) -> Self {
        let count = block_count(spec);
        let after = |at: usize, bytes: usize| (at + bytes).next_multiple_of(ALIGN);
        let holds = after(PAGE, size_of::<Control>());
        let buckets = after(holds, places * HOLDS * 4);
        let links = after(buckets, bucket_count(spec) * 4);
        let entries = after(links, count * 4);
        let blocks = after(entries, count * size_of::<Entry>()).next_multiple_of(PAGE);
        Self { holds, buckets, links, entries, blocks, bytes: blocks + count * BLOCK }
    }
}

fn block_count(spec: &CacheSpec) -> usize {
    (spec.megabytes as usize) << 10
}

fn bucket_count(spec: &CacheSpec) -> usize {
    block_count(spec).next_power_of_two()
}

impl CacheArea {
    pub fn create(number: u32, spec: &CacheSpec, places: usize) -> Result<Self, ShmError> {
        const NAME: &CStr = c"weir-cache";
        if spec.name.len() > NAME_MOST {
            return Err(ShmError::TooManyNames);
        }
        let descriptor = memfd_create(NAME, MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)
            .map_err(|error| system("memfd_create", error))?;
        let bytes = Layout::new(spec, places).bytes;
        ftruncate(&descriptor, bytes as i64).map_err(|error| system("ftruncate", error))?;
        weir_sys::memory::seal_size(descriptor.as_fd()).map_err(|error| ShmError::System("fcntl", error))?;
        let mut head = Vec::with_capacity(HEAD + spec.name.len());
        for value in [MAGIC, VERSION] {
            head.extend_from_slice(&value.to_le_bytes());
        }
        for value in [spec.megabytes, places as u32, spec.name.len() as u32, number] {
            head.extend_from_slice(&value.to_le_bytes());
        }
        head.extend_from_slice(spec.name.as_bytes());
        let written = nix::sys::uio::pwrite(&descriptor, &head, 0);
        if written.map_err(|error| system("pwrite", error))? != head.len() {
            return Err(ShmError::TooManyNames);
        }
        Self::map(descriptor, number, spec.clone(), places)
    }

    /// Whether a descriptor is a cache's.
    pub fn is(descriptor: &OwnedFd) -> bool {
        let mut magic = [0; 8];
        nix::sys::uio::pread(descriptor, &mut magic, 0) == Ok(8) && magic == MAGIC.to_le_bytes()
    }

    /// Maps a cache that another process made.
    pub fn attach(descriptor: OwnedFd) -> Result<Self, ShmError> {
        let mut head = [0; PAGE];
        let read = nix::sys::uio::pread(&descriptor, &mut head, 0).map_err(|error| system("pread", error))?;
        let long = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().expect("eight bytes"));
        let short = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes"));
        let foreign = ShmError::Layout { expected: VERSION, found: long(8) };
        if read < PAGE || long(0) != MAGIC || long(8) != VERSION || short(24) as usize > NAME_MOST {
            return Err(foreign);
        }
        let name = std::str::from_utf8(&head[HEAD..HEAD + short(24) as usize]).map_err(|_| foreign)?;
        let spec = CacheSpec { name: name.to_string(), megabytes: short(16) };
        Self::map(descriptor, short(28), spec, short(20) as usize)
    }

    fn map(descriptor: OwnedFd, number: u32, spec: CacheSpec, places: usize) -> Result<Self, ShmError> {
        let length = NonZeroUsize::new(Layout::new(&spec, places).bytes).expect("a cache has a head");
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_NORESERVE;
        // SAFETY: a fresh mapping of a memfd whose size is sealed; it is never unmapped.
        #[allow(unsafe_code)]
        let base = unsafe { mmap(None, length, protection, flags, &descriptor, 0) };
        let base = base.map_err(|error| system("mmap", error))?.cast();
        Ok(Self { number, spec, places, base, descriptor })
    }

    pub fn descriptor(&'static self) -> BorrowedFd<'static> {
        self.descriptor.as_fd()
    }

    pub fn addresses(&self) -> (usize, usize) {
        let base = self.base.as_ptr() as usize;
        (base, base + PAGE)
    }

    /// The cache with its lock; put in order first if the last owner died inside.
    pub fn locked(&'static self, place: WorkerId) -> Locked {
        Locked::new(self, place)
    }

    pub fn control(&'static self) -> &'static Control {
        &self.slice(PAGE, 1)[0]
    }

    /// What the process of a place holds: the numbers of entries.
    pub fn holds(&'static self, place: WorkerId) -> &'static [AtomicU32] {
        let at = self.layout().holds + usize::from(place.0) * HOLDS * 4;
        self.slice(at, HOLDS)
    }

    pub fn places(&self) -> impl Iterator<Item = WorkerId> + use<> {
        (0..self.places as u16).map(WorkerId)
    }

    pub fn buckets(&'static self) -> &'static [AtomicU32] {
        self.slice(self.layout().buckets, bucket_count(&self.spec))
    }

    /// For each block the next of its object, or of the free ones.
    pub fn links(&'static self) -> &'static [AtomicU32] {
        self.slice(self.layout().links, block_count(&self.spec))
    }

    pub fn entries(&'static self) -> &'static [Entry] {
        self.slice(self.layout().entries, block_count(&self.spec))
    }

    /// Copies into a block that the caller's object owns.
    pub fn write(&self, block: u32, at: usize, data: &[u8]) {
        let target = self.block(block, at, data.len());
        // SAFETY: the range is inside the mapping (checked), and nobody else reads or writes a block of an object that
        // is being written: it cannot be found yet, and is freed by its owner or after the owner's death.
        #[allow(unsafe_code)]
        unsafe {
            target.copy_from_nonoverlapping(NonNull::from(data).cast(), data.len());
        }
    }

    /// Appends what is in a block of an object that the caller holds.
    pub fn read(&self, block: u32, at: usize, length: usize, out: &mut [u8]) {
        let source = self.block(block, at, length);
        assert!(length <= out.len());
        // SAFETY: the range is inside the mapping (checked), and nobody writes to a block of an object that is held.
        #[allow(unsafe_code)]
        unsafe {
            source.copy_to_nonoverlapping(NonNull::from(out).cast(), length);
        }
    }

    /// Gives the memory of the blocks back to the system. For caches without objects.
    pub fn give_back_memory(&self) {
        let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        let layout = self.layout();
        let (from, bytes) = (layout.blocks, layout.bytes - layout.blocks);
        // A kernel that cannot do it keeps the pages; nothing else changes.
        let _ = fallocate(&self.descriptor, flags, from as i64, bytes as i64);
    }

    fn block(&self, block: u32, at: usize, length: usize) -> NonNull<u8> {
        let index = block as usize - 1;
        assert!(index < block_count(&self.spec) && at + length <= BLOCK);
        // SAFETY: inside the mapping, checked.
        #[allow(unsafe_code)]
        unsafe {
            self.base.add(self.layout().blocks + index * BLOCK + at)
        }
    }

    fn layout(&self) -> Layout {
        Layout::new(&self.spec, self.places)
    }

    fn slice<T: Shared>(&'static self, offset: usize, count: usize) -> &'static [T] {
        assert!(
            offset + count * size_of::<T>() <= self.layout().bytes && offset.is_multiple_of(ALIGN.min(4096))
        );
        // SAFETY: inside the mapping and aligned (checked), never unmapped, and `T: Shared`.
        #[allow(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts(self.base.as_ptr().add(offset).cast(), count)
        }
    }
}

fn system(call: &'static str, error: nix::Error) -> ShmError {
    ShmError::System(call, error.into())
}
