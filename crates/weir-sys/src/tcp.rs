//! What the kernel knows about a TCP connection, and marks on its packets.

use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};

use nix::libc;
use socket2::{SockAddr, SockAddrStorage, SockRef};

/// The parts of `TCP_INFO` that `fc_*` and `bc_*` fetches show, in microseconds and counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    pub rtt_us: u32,
    pub rttvar_us: u32,
    pub unacked: u32,
    pub sacked: u32,
    pub lost: u32,
    pub retransmits: u32,
    pub fackets: u32,
    pub reordering: u32,
}

pub fn info(socket: impl AsFd) -> io::Result<TcpInfo> {
    let mut raw = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes; every bit pattern is a valid tcp_info.
    #[allow(unsafe_code)]
    let raw = unsafe {
        let descriptor = socket.as_fd().as_raw_fd();
        let to = raw.as_mut_ptr().cast();
        if libc::getsockopt(descriptor, libc::IPPROTO_TCP, libc::TCP_INFO, to, &mut length) != 0 {
            return Err(io::Error::last_os_error());
        }
        raw.assume_init()
    };
    Ok(TcpInfo {
        rtt_us: raw.tcpi_rtt,
        rttvar_us: raw.tcpi_rttvar,
        unacked: raw.tcpi_unacked,
        sacked: raw.tcpi_sacked,
        lost: raw.tcpi_lost,
        retransmits: u32::from(raw.tcpi_retransmits),
        fackets: raw.tcpi_fackets,
        reordering: raw.tcpi_reordering,
    })
}

/// The SYN packet that a connection began with, where its listener kept it. The kernel gives it away once.
pub fn saved_syn(socket: impl AsFd) -> io::Result<Vec<u8>> {
    /// Of `linux/tcp.h`.
    const TCP_SAVED_SYN: i32 = 28;
    // An Ethernet header and the longest headers of IP and TCP fit.
    let mut packet = vec![0u8; 512];
    let mut length = packet.len() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, which the vector has.
    #[allow(unsafe_code)]
    let failed = unsafe {
        let descriptor = socket.as_fd().as_raw_fd();
        let to = packet.as_mut_ptr().cast();
        libc::getsockopt(descriptor, libc::IPPROTO_TCP, TCP_SAVED_SYN, to, &mut length) != 0
    };
    if failed {
        return Err(io::Error::last_os_error());
    }
    packet.truncate(length as usize);
    Ok(packet)
}

/// `set-fc-mark`, `set-bc-mark`
pub fn set_mark(socket: impl AsFd, mark: u32) -> io::Result<()> {
    SockRef::from(&socket).set_mark(mark)
}

/// `set-fc-tos`, `set-bc-tos`
pub fn set_tos(socket: impl AsFd, tos: u32, ipv6: bool) -> io::Result<()> {
    let socket = SockRef::from(&socket);
    if ipv6 { socket.set_tclass_v6(tos) } else { socket.set_tos_v4(tos) }
}

/// Pushes out what is held back because of `MSG_MORE`, or acknowledges at once (`TCP_QUICKACK`).
pub fn set_quick_ack(socket: impl AsFd, on: bool) -> io::Result<()> {
    set_integer(&socket, libc::IPPROTO_TCP, libc::TCP_QUICKACK, i32::from(on))
}

/// With whom a connection's segments are signed.
#[derive(Clone, Copy, Debug)]
pub enum Md5Peers {
    One(SocketAddr),
    /// Everybody of the family of this address.
    Everybody(IpAddr),
}

/// Of `linux/tcp.h`.
const TCP_MD5SIG: i32 = 14;
const TCP_MD5SIG_EXT: i32 = 32;
const TCP_MD5SIG_FLAG_PREFIX: u8 = 1;
const TCP_MD5SIG_MAXKEYLEN: usize = 80;

/// `struct tcp_md5sig`
#[repr(C)]
struct Md5Signature {
    address: SockAddrStorage,
    flags: u8,
    prefix_length: u8,
    key_length: u16,
    interface: i32,
    key: [u8; TCP_MD5SIG_MAXKEYLEN],
}

/// `tcp-md5sig`: segments are signed with `key` (RFC 2385). Of a longer one the first 80 bytes count.
pub fn set_md5_key(socket: &impl AsFd, peers: Md5Peers, key: &[u8]) -> io::Result<()> {
    let (address, option, flags) = match peers {
        Md5Peers::One(address) => (address, TCP_MD5SIG, 0),
        Md5Peers::Everybody(ip) => (SocketAddr::new(ip, 0), TCP_MD5SIG_EXT, TCP_MD5SIG_FLAG_PREFIX),
    };
    let length = key.len().min(TCP_MD5SIG_MAXKEYLEN);
    let mut padded = [0; TCP_MD5SIG_MAXKEYLEN];
    padded[..length].copy_from_slice(&key[..length]);
    let signature = Md5Signature {
        address: SockAddr::from(address).as_storage(),
        flags,
        prefix_length: 0,
        key_length: length as u16,
        interface: 0,
        key: padded,
    };
    // SAFETY: the structure is the kernel's and its size is passed.
    #[allow(unsafe_code)]
    let result = unsafe {
        let from = (&raw const signature).cast();
        let size = size_of::<Md5Signature>() as libc::socklen_t;
        libc::setsockopt(socket.as_fd().as_raw_fd(), libc::IPPROTO_TCP, option, from, size)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sets an integer socket option that socket2 has no name for.
pub(crate) fn set_integer(socket: &impl AsFd, level: i32, option: i32, value: i32) -> io::Result<()> {
    // SAFETY: the value is an int and its size is passed.
    #[allow(unsafe_code)]
    let result = unsafe {
        let descriptor = socket.as_fd().as_raw_fd();
        let from = (&raw const value).cast();
        libc::setsockopt(descriptor, level, option, from, size_of::<i32>() as libc::socklen_t)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
