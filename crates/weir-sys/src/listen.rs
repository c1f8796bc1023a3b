//! Listening sockets with the options of a `bind` line. Which address, and what to do when one is taken, is the caller's.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::libc;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::tcp::{Md5Peers, set_integer, set_md5_key};

/// Of `linux/tcp.h`.
const TCP_SAVE_SYN: i32 = 27;

/// Options set before the socket is bound or listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub backlog: i32,
    /// Several sockets may be bound to the address (`SO_REUSEPORT`).
    pub reuse_port: bool,
    /// `transparent`: any address, also one that is not the machine's.
    pub transparent: bool,
    /// `tfo`
    pub fast_open: bool,
    /// `defer-accept`
    pub defer_accept: bool,
    /// `v6only` is true, `v4v6` is false, neither leaves the system's default.
    pub only_v6: Option<bool>,
    pub interface: Option<Box<str>>,
    /// `mss`; negative: this much less than the advertised one.
    pub mss: Option<i32>,
    /// `tcp-ut`, milliseconds.
    pub user_timeout_ms: Option<u32>,
    /// `cc`
    pub congestion_control: Option<Box<str>>,
    /// `tcp-md5sig`: what segments of every client are signed with.
    pub md5_password: Option<Box<str>>,
    /// `tcp-ss`: 1 keeps the SYN packet from its IP header on, 2 from its Ethernet header on.
    pub save_syn: u8,
    pub mptcp: bool,
    pub receive_buffer: u32,
    pub send_buffer: u32,
}

/// A bound TCP socket that does not listen yet.
pub fn bind_tcp(address: SocketAddr, options: &Options) -> io::Result<OwnedFd> {
    let open = |protocol| unbound(address, Type::STREAM, protocol, options);
    let socket = match options.mptcp {
        true => open(Protocol::MPTCP)
            .or_else(|error| if lacks_mptcp(&error) { open(Protocol::TCP) } else { Err(error) })?,
        false => open(Protocol::TCP)?,
    };
    if let Some(mss) = options.mss.filter(|mss| *mss > 0) {
        socket.set_tcp_mss(mss as u32)?;
    }
    if let Some(timeout) = options.user_timeout_ms {
        set_integer(&socket, libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, timeout as i32)?;
    }
    if let Some(algorithm) = &options.congestion_control {
        // One that the kernel does not have leaves the system's, as under HAProxy.
        let _ = socket.set_tcp_congestion(algorithm.as_bytes());
    }
    if let Some(password) = &options.md5_password {
        let any: IpAddr =
            if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        set_md5_key(&socket, Md5Peers::Everybody(any), password.as_bytes())?;
    }
    if options.defer_accept {
        set_integer(&socket, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, 1)?;
    }
    if options.save_syn != 0 {
        set_integer(&socket, libc::IPPROTO_TCP, TCP_SAVE_SYN, options.save_syn.into())?;
    }
    if options.receive_buffer != 0 {
        socket.set_recv_buffer_size(options.receive_buffer as usize)?;
    }
    if options.send_buffer != 0 {
        socket.set_send_buffer_size(options.send_buffer as usize)?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Whether the kernel was built or set up without MPTCP: TCP is understood by the same peers.
pub fn lacks_mptcp(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPROTONOSUPPORT | libc::ENOPROTOOPT | libc::EINVAL))
}

/// With what sockets of both kinds have in common.
fn unbound(address: SocketAddr, kind: Type, protocol: Protocol, options: &Options) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    if options.reuse_port {
        socket.set_reuse_port(true)?;
    }
    set_ip_options(&socket, address, options)?;
    if let Some(interface) = &options.interface {
        socket.bind_device(Some(interface.as_bytes()))?;
    }
    Ok(socket)
}

/// A bound UDP socket.
pub fn bind_udp(address: SocketAddr, options: &Options) -> io::Result<OwnedFd> {
    let socket = unbound(address, Type::DGRAM, Protocol::UDP, options)?;
    if options.receive_buffer != 0 {
        socket.set_recv_buffer_size(options.receive_buffer as usize)?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Whether messages come over the socket, not connections.
pub fn is_datagram(socket: &OwnedFd) -> bool {
    socket2::SockRef::from(socket).r#type().is_ok_and(|kind| kind == Type::DGRAM)
}

/// Starts to listen; on a socket that listens already this changes its backlog.
pub fn listen(socket: &OwnedFd, options: &Options) -> io::Result<()> {
    if options.fast_open {
        // Without the kernel's permission (sysctl) connections come the usual way.
        let _ = set_integer(socket, libc::IPPROTO_TCP, libc::TCP_FASTOPEN, options.backlog);
    }
    socket2::SockRef::from(socket).listen(options.backlog)
}

/// A bound unix socket that does not listen yet. The path must be free.
pub fn bind_unix(path: &Path, kind: Type) -> io::Result<OwnedFd> {
    bind_unix_address(&SockAddr::unix(path)?, kind)
}

/// A bound socket in the abstract namespace. `padded`: the name fills the address with NUL bytes (`abns@`).
pub fn bind_abstract(name: &[u8], padded: bool, kind: Type) -> io::Result<OwnedFd> {
    const ROOM: usize = 107;
    let mut bytes = Vec::with_capacity(ROOM + 1);
    bytes.push(0);
    bytes.extend_from_slice(name);
    if bytes.len() > ROOM + 1 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    if padded {
        bytes.resize(ROOM + 1, 0);
    }
    let path: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(bytes.as_slice());
    bind_unix_address(&SockAddr::unix(path)?, kind)
}

/// Whether the socket is in the listening state.
pub fn is_listening(socket: &OwnedFd) -> bool {
    socket2::SockRef::from(socket).is_listener().unwrap_or(false)
}

/// The socket's own address: an IP address, or a path (abstract names begin with NUL).
pub fn local_address(socket: &OwnedFd) -> io::Result<LocalAddress> {
    let address = socket2::SockRef::from(socket).local_addr()?;
    if let Some(ip) = address.as_socket() {
        return Ok(LocalAddress::Ip(ip));
    }
    if let Some(path) = address.as_pathname() {
        return Ok(LocalAddress::Unix(path.as_os_str().as_encoded_bytes().into()));
    }
    match address.as_abstract_namespace() {
        Some(name) => Ok(LocalAddress::Abstract(name.into())),
        None => Ok(LocalAddress::Unix([].into())),
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LocalAddress {
    Ip(SocketAddr),
    Unix(Box<[u8]>),
    /// Without the leading NUL, padding included.
    Abstract(Box<[u8]>),
}

fn bind_unix_address(address: &SockAddr, kind: Type) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::UNIX, kind, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(address)?;
    Ok(socket.into())
}

fn set_ip_options(socket: &Socket, address: SocketAddr, options: &Options) -> io::Result<()> {
    if address.is_ipv6() {
        if let Some(only) = options.only_v6 {
            socket.set_only_v6(only)?;
        }
        if options.transparent {
            set_integer(socket, libc::SOL_IPV6, libc::IPV6_TRANSPARENT, 1)?;
        }
    } else if options.transparent {
        set_integer(socket, libc::SOL_IP, libc::IP_TRANSPARENT, 1)
            .or_else(|_| set_integer(socket, libc::SOL_IP, libc::IP_FREEBIND, 1))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sockets_share_a_port() {
        let options = Options { reuse_port: true, backlog: 16, ..Options::default() };
        let first = bind_tcp("127.0.0.1:0".parse().unwrap(), &options).unwrap();
        let LocalAddress::Ip(address) = local_address(&first).unwrap() else { panic!("not an IP address") };
        let second = bind_tcp(address, &options).unwrap();
        listen(&first, &options).unwrap();
        listen(&second, &options).unwrap();
        assert!(is_listening(&first) && is_listening(&second));
        let alone = Options { reuse_port: false, ..options };
        assert_eq!(bind_tcp(address, &alone).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    // The form is that of the manual's example, 7.3.3 `fc_saved_syn`.
    #[test]
    fn the_packet_that_opened_a_connection_is_kept() {
        for (mode, ethernet) in [(1, 0), (2, 14)] {
            let options = Options { save_syn: mode, backlog: 16, ..Options::default() };
            let listener = bind_tcp("127.0.0.1:0".parse().unwrap(), &options).unwrap();
            listen(&listener, &options).unwrap();
            let LocalAddress::Ip(address) = local_address(&listener).unwrap() else {
                panic!("no IP address")
            };
            let client = std::net::TcpStream::connect(address).unwrap();
            let listener = std::net::TcpListener::from(listener);
            listener.set_nonblocking(false).unwrap();
            let (accepted, _) = listener.accept().unwrap();
            let packet = crate::tcp::saved_syn(&accepted).unwrap();
            let ip = &packet[ethernet..];
            assert_eq!(ip[0], 0x45);
            assert_eq!(ip[12..20], [127, 0, 0, 1, 127, 0, 0, 1]);
            assert_eq!(ip[20..22], client.local_addr().unwrap().port().to_be_bytes());
            assert_eq!(ip[22..24], address.port().to_be_bytes());
            assert!(crate::tcp::saved_syn(&accepted).unwrap().is_empty(), "the kernel gives it away once");
        }
    }

    #[test]
    fn mptcp_where_the_kernel_has_it() {
        let options = Options { mptcp: true, ..Options::default() };
        let socket = bind_tcp("127.0.0.1:0".parse().unwrap(), &options).unwrap();
        let has = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::MPTCP)).is_ok();
        let expected = if has { Protocol::MPTCP } else { Protocol::TCP };
        assert_eq!(socket2::SockRef::from(&socket).protocol().unwrap(), Some(expected));
    }

    #[test]
    fn padding_tells_abstract_names_apart() {
        let name = format!("weir-{}", std::process::id());
        let padded = bind_abstract(name.as_bytes(), true, Type::STREAM).unwrap();
        let _plain = bind_abstract(name.as_bytes(), false, Type::STREAM).unwrap();
        match local_address(&padded).unwrap() {
            LocalAddress::Abstract(bytes) => assert_eq!(bytes.len(), 107),
            other => panic!("{other:?}"),
        }
    }
}
