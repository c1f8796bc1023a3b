//! One mapped memfd. Mapped once and never unmapped: everything handed out of it is `'static`.

use std::ffi::CStr;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap};
use nix::unistd::ftruncate;

use crate::error::ShmError;
use crate::layout::{Array, CHECKSUM, Capacity, Header, Layout, MAGIC};

pub(crate) struct Segment {
    base: NonNull<u8>,
    pub layout: Layout,
    pub capacity: Capacity,
    pub places: usize,
    pub number: u32,
    descriptor: OwnedFd,
}

// SAFETY: the mapping is shared, lives as long as the process, and is only reached through `Shared` types.
#[allow(unsafe_code)]
unsafe impl Send for Segment {}
// SAFETY: as above; `Shared` types are made of atomics.
#[allow(unsafe_code)]
unsafe impl Sync for Segment {}

/// Types that may lie in shared memory.
///
/// # Safety
/// `repr(C)`, made of atomics (or transparent wrappers of them) only, valid when all bytes are zero.
#[allow(unsafe_code)]
pub(crate) unsafe trait Shared: Sync + 'static {}

macro_rules! shared {
    ($($name:ty),* $(,)?) => {
        $(
            // SAFETY: repr(C) and made of atomics only; zero is a valid value of each.
            #[allow(unsafe_code)]
            unsafe impl Shared for $name {}
        )*
    };
}

shared!(
    crate::counters::ProcessCounters,
    crate::counters::ListenerCounters,
    crate::counters::FrontendCounters,
    crate::counters::BackendCounters,
    crate::counters::ServerCounters,
    crate::state::ProcessState,
    crate::state::WorkerInfo,
    crate::state::ListenerState,
    crate::state::ProxyState,
    crate::state::ServerState,
    crate::state::ServerText,
    crate::balance::BalanceArea,
    crate::balance::ServerBalance,
    crate::queue::PlaceQueue,
    crate::queue::Waiter,
    crate::cell::Word,
    crate::directory::Entry,
    crate::cache::Control,
    crate::cache::Entry,
    crate::lock::RobustLock,
    crate::sessions::SessionSlot,
    AtomicU32,
    AtomicU8,
);

impl Segment {
    pub fn create(number: u32, capacity: Capacity, places: usize) -> Result<Self, ShmError> {
        const NAME: &CStr = c"weir-state";
        let layout = Layout::new(&capacity, places);
        let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
        let descriptor = memfd_create(NAME, flags).map_err(|error| system("memfd_create", error))?;
        ftruncate(&descriptor, layout.bytes as i64).map_err(|error| system("ftruncate", error))?;
        weir_sys::memory::seal_size(descriptor.as_fd()).map_err(|error| ShmError::System("fcntl", error))?;
        let header = Header { magic: MAGIC, checksum: CHECKSUM, number, places: places as u32, capacity };
        let base = map(&descriptor, layout.bytes)?;
        // SAFETY: the mapping is at least one page and page-aligned; nobody else has it yet.
        #[allow(unsafe_code)]
        unsafe {
            base.cast::<Header>().write(header);
        }
        Ok(Self { base, layout, capacity, places, number, descriptor })
    }

    /// Maps a segment that another process made.
    pub fn attach(descriptor: OwnedFd) -> Result<Self, ShmError> {
        let bytes =
            nix::sys::stat::fstat(&descriptor).map_err(|error| system("fstat", error))?.st_size as usize;
        if bytes < size_of::<Header>() {
            return Err(ShmError::Layout { expected: CHECKSUM, found: 0 });
        }
        let base = map(&descriptor, bytes)?;
        // SAFETY: the mapping is page-aligned and holds a header; it is written once, before the segment is shared.
        #[allow(unsafe_code)]
        let header: &Header = unsafe { base.cast::<Header>().as_ref() };
        let layout = Layout::new(&header.capacity, header.places as usize);
        if header.magic != MAGIC || header.checksum != CHECKSUM || layout.bytes != bytes {
            return Err(ShmError::Layout { expected: CHECKSUM, found: header.checksum });
        }
        let (capacity, places, number) = (header.capacity, header.places as usize, header.number);
        Ok(Self { base, layout, capacity, places, number, descriptor })
    }

    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    pub fn slice<T: Shared>(&self, array: Array) -> &'static [T] {
        assert!(array.offset + array.count * size_of::<T>() <= self.layout.bytes);
        // SAFETY: inside the mapping (checked), aligned to 128 bytes by the layout, never unmapped, and `T: Shared`.
        #[allow(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts(self.base.as_ptr().add(array.offset).cast(), array.count)
        }
    }

    /// Makes one object what it was when nobody had used it.
    pub fn zero<T: Shared>(&self, array: Array, index: usize) {
        assert!(index < array.count);
        const { assert!(size_of::<T>().is_multiple_of(4)) };
        let words = Array { offset: array.offset + index * size_of::<T>(), count: size_of::<T>() / 4 };
        self.slice::<AtomicU32>(words).iter().for_each(|word| word.store(0, Relaxed));
    }
}

pub(crate) fn map(descriptor: &OwnedFd, bytes: usize) -> Result<NonNull<u8>, ShmError> {
    let length = NonZeroUsize::new(bytes).expect("a segment has a header");
    let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a fresh mapping of a memfd whose size is sealed; it is never unmapped.
    #[allow(unsafe_code)]
    let address = unsafe { mmap(None, length, protection, MapFlags::MAP_SHARED, descriptor, 0) };
    Ok(address.map_err(|error| system("mmap", error))?.cast())
}

fn system(call: &'static str, error: nix::Error) -> ShmError {
    ShmError::System(call, error.into())
}
