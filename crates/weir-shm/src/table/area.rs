//! One memfd with the tables that came together. Mapped once and never unmapped; what a retired table held is given
//! back to the system page by page.

use std::ffi::CStr;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64};

use nix::fcntl::{FallocateFlags, fallocate};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap};
use nix::unistd::ftruncate;

use super::changes::Ring;
use super::layout::Layout;
use super::names::Names;
use super::spec::TableSpec;
use crate::error::ShmError;
use crate::layout::fnv;
use crate::lock::RobustLock;

const MAGIC: u64 = u64::from_be_bytes(*b"weirtab\x01");
/// Magic, version, number of the area, places, tables, bytes of their descriptions.
const HEAD: usize = 40;
const PAGE: usize = 4096;
/// Changes whenever tables would be read differently.
const VERSION: u64 = {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let bytes = env!("CARGO_PKG_VERSION").as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        hash = fnv(hash, bytes[at] as u64);
        at += 1;
    }
    fnv(hash, 2)
};

/// A range of mapped memory made of atomics.
#[derive(Clone, Copy)]
pub(super) struct Memory {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the mapping is shared, lives as long as the process, and is only reached through atomics.
#[allow(unsafe_code)]
unsafe impl Send for Memory {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for Memory {}

impl Memory {
    pub fn short(&self, offset: usize) -> &'static AtomicU32 {
        assert!(offset + 4 <= self.bytes && offset.is_multiple_of(4));
        // SAFETY: inside the mapping and aligned (checked; the base is aligned to 128 bytes), never unmapped, and any
        // bytes are an atomic number.
        #[allow(unsafe_code)]
        unsafe {
            self.base.add(offset).cast::<AtomicU32>().as_ref()
        }
    }

    pub fn long(&self, offset: usize) -> &'static AtomicU64 {
        assert!(offset + 8 <= self.bytes && offset.is_multiple_of(8));
        // SAFETY: as in `short`.
        #[allow(unsafe_code)]
        unsafe {
            self.base.add(offset).cast::<AtomicU64>().as_ref()
        }
    }

    pub fn lock(&self, offset: usize) -> &'static RobustLock {
        assert!(offset + 4 <= self.bytes && offset.is_multiple_of(4));
        // SAFETY: as in `short`; a lock is one atomic number (`repr(transparent)`).
        #[allow(unsafe_code)]
        unsafe {
            self.base.add(offset).cast::<RobustLock>().as_ref()
        }
    }

    pub fn part(&self, offset: usize, bytes: usize) -> Memory {
        assert!(offset + bytes <= self.bytes && offset.is_multiple_of(8));
        // SAFETY: inside the mapping, checked.
        #[allow(unsafe_code)]
        let base = unsafe { self.base.add(offset) };
        Memory { base, bytes }
    }

    /// A number that runtime commands show as an entry's address.
    pub fn address(&self) -> usize {
        self.base.as_ptr() as usize
    }
}

/// A table of an area as this process sees it.
pub(crate) struct Placed {
    pub spec: TableSpec,
    pub(super) layout: Layout,
    pub(super) memory: Memory,
    pub(super) names: Option<Names>,
    pub(super) changes: Ring,
    /// Where it begins in the memfd.
    pub(super) offset: usize,
    pub(super) descriptor: &'static OwnedFd,
}

impl Placed {
    pub(super) fn ring(&self) -> Ring {
        self.changes
    }

    /// Gives the pages of a retired table back. Its memory then reads as an empty table.
    pub fn give_back_memory(&self) {
        let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        let (from, bytes) = (self.layout.first_shard, self.layout.bytes - self.layout.first_shard);
        // A kernel that cannot do it keeps the pages; nothing else changes.
        let _ = fallocate(self.descriptor, flags, (self.offset + from) as i64, bytes as i64);
    }
}

pub(crate) struct Area {
    pub number: u32,
    pub tables: Vec<Placed>,
    descriptor: &'static OwnedFd,
}

impl Area {
    /// Makes an area with room for these tables.
    pub fn create(number: u32, specs: &[TableSpec], places: usize) -> Result<Self, ShmError> {
        const NAME: &CStr = c"weir-tables";
        let described: Vec<u8> = specs.iter().flat_map(TableSpec::encode).collect();
        let bytes = offsets(specs, described.len(), places).1;
        let descriptor = memfd_create(NAME, MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)
            .map_err(|error| system("memfd_create", error))?;
        ftruncate(&descriptor, bytes as i64).map_err(|error| system("ftruncate", error))?;
        weir_sys::memory::seal_size(descriptor.as_fd()).map_err(|error| ShmError::System("fcntl", error))?;
        let mut head = Vec::with_capacity(HEAD + described.len());
        for value in [MAGIC, VERSION] {
            head.extend_from_slice(&value.to_le_bytes());
        }
        for value in [number, places as u32, specs.len() as u32, described.len() as u32, 0, 0] {
            head.extend_from_slice(&value.to_le_bytes());
        }
        head.extend_from_slice(&described);
        let written = nix::sys::uio::pwrite(&descriptor, &head, 0);
        if written.map_err(|error| system("pwrite", error))? != head.len() {
            return Err(ShmError::TooManyNames);
        }
        let area = Self::map(descriptor, number, specs.to_vec(), described.len(), places)?;
        for table in &area.tables {
            table.seed(crate::table::handle::random());
        }
        Ok(area)
    }

    /// Whether a descriptor is an area's, and not a segment's.
    pub fn is(descriptor: &OwnedFd) -> bool {
        let mut magic = [0; 8];
        nix::sys::uio::pread(descriptor, &mut magic, 0) == Ok(8) && magic == MAGIC.to_le_bytes()
    }

    /// Maps an area that another process made.
    pub fn attach(descriptor: OwnedFd) -> Result<Self, ShmError> {
        let foreign = |found| ShmError::Layout { expected: VERSION, found };
        let mut head = [0; HEAD];
        let read = nix::sys::uio::pread(&descriptor, &mut head, 0).map_err(|error| system("pread", error))?;
        let long = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().expect("eight bytes"));
        let short = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes"));
        if read < HEAD || long(0) != MAGIC || long(8) != VERSION {
            return Err(foreign(long(8)));
        }
        let (number, places, count, length) = (short(16), short(20) as usize, short(24), short(28) as usize);
        let mut described = vec![0; length];
        nix::sys::uio::pread(&descriptor, &mut described, HEAD as i64)
            .map_err(|error| system("pread", error))?;
        let mut specs = Vec::new();
        let mut rest = &described[..];
        for _ in 0..count {
            let (spec, used) = TableSpec::decode(rest).ok_or(foreign(0))?;
            specs.push(spec);
            rest = &rest[used..];
        }
        Self::map(descriptor, number, specs, length, places)
    }

    pub fn descriptor(&self) -> BorrowedFd<'static> {
        self.descriptor.as_fd()
    }

    fn map(
        descriptor: OwnedFd,
        number: u32,
        specs: Vec<TableSpec>,
        described: usize,
        places: usize,
    ) -> Result<Self, ShmError> {
        let (offsets, bytes) = offsets(&specs, described, places);
        let length = NonZeroUsize::new(bytes).expect("an area has a head");
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_NORESERVE;
        // SAFETY: a fresh mapping of a memfd whose size is sealed; it is never unmapped.
        #[allow(unsafe_code)]
        let base = unsafe { mmap(None, length, protection, flags, &descriptor, 0) };
        let base = base.map_err(|error| system("mmap", error))?.cast();
        let memory = Memory { base, bytes };
        // Areas are as few as reloads that change tables, and live as long as the process.
        let descriptor: &'static OwnedFd = Box::leak(Box::new(descriptor));
        let tables: Vec<_> = specs
            .into_iter()
            .zip(offsets)
            .map(|(spec, offset)| {
                let layout = Layout::new(&spec, places);
                let memory = memory.part(offset, layout.bytes);
                let names =
                    layout.names.map(|at| Names { memory: memory.part(at, super::names::NAMES_BYTES) });
                let length = layout.ring_length;
                let changes = Ring { memory: memory.part(layout.ring_at, length as usize * 8), length };
                Placed { spec, layout, memory, names, changes, offset, descriptor }
            })
            .collect();
        Ok(Self { number, tables, descriptor })
    }
}

/// Where each table begins, and the end of all.
fn offsets(specs: &[TableSpec], described: usize, places: usize) -> (Vec<usize>, usize) {
    let mut at = (HEAD + described).next_multiple_of(PAGE);
    let mut offsets = Vec::with_capacity(specs.len());
    for spec in specs {
        offsets.push(at);
        at = (at + Layout::new(spec, places).bytes).next_multiple_of(PAGE);
    }
    (offsets, at)
}

fn system(call: &'static str, error: nix::Error) -> ShmError {
    ShmError::System(call, error.into())
}
