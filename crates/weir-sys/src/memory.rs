//! memfds: sealed bundles and memory to share; giving unused memory back.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

/// The file keeps its size from now on, so a mapping of it cannot fault.
pub fn seal_size(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    seal(descriptor, SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW)
}

/// A memfd with these bytes that nobody can change any more.
pub fn sealed(name: &str, bytes: &[u8]) -> io::Result<OwnedFd> {
    let descriptor = memfd_create(name, MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
    let mut file = File::from(descriptor);
    file.write_all(bytes)?;
    let all =
        SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SEAL;
    seal(file.as_fd(), all)?;
    Ok(file.into())
}

/// All bytes of a memfd. Reads at places of its own: descriptors passed to several processes share their position.
pub fn read_all(descriptor: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    let file = File::from(descriptor.try_clone_to_owned()?);
    let length = file.metadata()?.len();
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// Gives free heap memory back to the system (`malloc_trim`).
pub fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim has no preconditions.
    #[allow(unsafe_code)]
    unsafe {
        nix::libc::malloc_trim(0);
    }
}

fn seal(descriptor: BorrowedFd<'_>, flags: SealFlag) -> io::Result<()> {
    fcntl(descriptor, FcntlArg::F_ADD_SEALS(flags))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_bytes_cannot_be_changed() {
        let descriptor = sealed("bundle", b"listen x").unwrap();
        assert!(File::from(descriptor.try_clone().unwrap()).write_all(b"y").is_err());
        assert_eq!(read_all(descriptor.as_fd()).unwrap(), b"listen x");
    }
}
