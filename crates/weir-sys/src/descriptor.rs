//! Descriptors in messages over unix sockets (`SCM_RIGHTS`), and small changes to a descriptor's flags.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

/// Most descriptors one message may carry; the kernel's limit is 253.
pub const MAX_PER_MESSAGE: usize = 252;

/// Sends bytes with descriptors beside the first of them. Returns how many bytes went out.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let raw: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let control = [ControlMessage::ScmRights(&raw)];
    let control = if raw.is_empty() { &control[..0] } else { &control[..] };
    let slices = [IoSlice::new(bytes)];
    Ok(sendmsg::<()>(socket.as_raw_fd(), &slices, control, MsgFlags::MSG_NOSIGNAL, None)?)
}

/// Receives bytes and the descriptors that came beside them (close-on-exec). 0 bytes: the other end is closed.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = nix::cmsg_space!([RawFd; MAX_PER_MESSAGE + 1]);
    let mut slices = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut space), flags)?;
    let mut descriptors = Vec::new();
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(raw) = control {
            // SAFETY: the kernel just made these descriptors for this process; nobody else owns them.
            #[allow(unsafe_code)]
            descriptors.extend(raw.into_iter().map(|raw| unsafe { OwnedFd::from_raw_fd(raw) }));
        }
    }
    Ok((message.bytes, descriptors))
}

/// A second descriptor, close-on-exec, for one that was inherited under a number (`fd@N`).
pub fn duplicate_number(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC fails on a number that is not open, else it makes a descriptor that is ours.
    #[allow(unsafe_code)]
    unsafe {
        let raw = nix::libc::fcntl(number, nix::libc::F_DUPFD_CLOEXEC, 3);
        if raw < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(raw)) }
    }
}

/// Takes over a descriptor that this process was started with.
///
/// Call it once per number, at the start of a process that was told the number.
pub fn take_inherited(number: RawFd) -> io::Result<OwnedFd> {
    let owned = duplicate_number(number)?;
    nix::unistd::close(number)?;
    Ok(owned)
}

pub fn set_nonblocking(descriptor: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    let flags = OFlag::from_bits_truncate(fcntl(descriptor, FcntlArg::F_GETFL)?);
    let flags = if on { flags | OFlag::O_NONBLOCK } else { flags & !OFlag::O_NONBLOCK };
    fcntl(descriptor, FcntlArg::F_SETFL(flags))?;
    Ok(())
}

pub fn set_close_on_exec(descriptor: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    let flags = if on { FdFlag::FD_CLOEXEC } else { FdFlag::empty() };
    fcntl(descriptor, FcntlArg::F_SETFD(flags))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn descriptors_travel() {
        let (here, there) = UnixStream::pair().unwrap();
        let (mut near, far) = UnixStream::pair().unwrap();
        let sent = send(here.as_fd(), b"abc", &[far.as_fd(), here.as_fd()]).unwrap();
        assert_eq!(sent, 3);
        let mut buffer = [0; 16];
        let (bytes, descriptors) = receive(there.as_fd(), &mut buffer).unwrap();
        assert_eq!((&buffer[..bytes], descriptors.len()), (&b"abc"[..], 2));
        drop((far, here));
        send(descriptors[0].as_fd(), b"x", &[]).unwrap();
        drop(descriptors);
        let mut text = String::new();
        near.read_to_string(&mut text).unwrap();
        assert_eq!(text, "x");
    }
}
