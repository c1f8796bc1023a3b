//! One listening socket for one address, in HAProxy's ways: inherited from an old process, under an inherited number,
//! or bound. Unix sockets are bound beside their path and moved over it, so that there is no moment without one.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use socket2::Type;
use weir_sys::listen::{self, LocalAddress, Options};
use weir_types::{AddressFamily, PortSpec, SocketKind};

use crate::blueprint::{ListenerSpec, ProcessSettings};

/// Why an address cannot be listened on, with the words HAProxy has for it.
#[derive(Debug)]
pub struct BindError {
    pub owner: String,
    pub place: String,
    pub address: String,
    pub step: &'static str,
    pub cause: io::Error,
}

impl BindError {
    /// Another process holds the address: an old one may be asked to let go.
    pub fn is_taken(&self) -> bool {
        self.cause.kind() == io::ErrorKind::AddrInUse
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause = self.cause.to_string();
        let cause = cause.split(" (os error").next().unwrap_or_default();
        let Self { owner, place, address, step, .. } = self;
        write!(out, "Binding [{place}] for {owner}: {step} ({cause}) for [{address}]")
    }
}

/// Binds addresses; has the sockets that an old process handed over.
#[derive(Default)]
pub struct Binder {
    /// With their own address, as the kernel tells it.
    pub inherited: Vec<(LocalAddress, OwnedFd)>,
}

impl Binder {
    /// Sockets of an old process (`-x`). Those that are not asked for are closed with the binder.
    pub fn with_inherited(sockets: Vec<OwnedFd>) -> Self {
        let named =
            sockets.into_iter().filter_map(|socket| Some((listen::local_address(&socket).ok()?, socket)));
        Self { inherited: named.collect() }
    }

    /// A listening, non-blocking socket. `sibling`: another worker's socket of the same address, if there is one.
    pub fn bind(
        &mut self,
        spec: &ListenerSpec,
        settings: &ProcessSettings,
        sibling: Option<&Arc<OwnedFd>>,
    ) -> Result<Arc<OwnedFd>, BindError> {
        let error = |step, cause| BindError {
            owner: spec.owner.clone(),
            place: spec.place.clone(),
            address: shown(spec),
            step,
            cause,
        };
        let options = options(spec, settings);
        let socket = match self.take_inherited(spec) {
            Some(socket) => socket,
            None => match open(spec, &options) {
                Ok(socket) => socket,
                // An inherited socket without SO_REUSEPORT has no room beside it: the workers share it.
                Err(cause) => match sibling {
                    Some(sibling) if cause.kind() == io::ErrorKind::AddrInUse => return Ok(sibling.clone()),
                    _ => return Err(error("cannot bind socket", cause)),
                },
            },
        };
        weir_sys::descriptor::set_nonblocking(std::os::fd::AsFd::as_fd(&socket), true)
            .map_err(|cause| error("cannot make socket non-blocking", cause))?;
        if spec.address.kind == SocketKind::Stream {
            listen::listen(&socket, &options).map_err(|cause| error("cannot listen to socket", cause))?;
        }
        Ok(Arc::new(socket))
    }

    fn take_inherited(&mut self, spec: &ListenerSpec) -> Option<OwnedFd> {
        let datagram = spec.address.kind == SocketKind::Datagram;
        let fits = |(address, socket): &(LocalAddress, OwnedFd)| {
            is_address(address, spec) && listen::is_datagram(socket) == datagram
        };
        let at = self.inherited.iter().position(fits)?;
        Some(self.inherited.swap_remove(at).1)
    }
}

fn open(spec: &ListenerSpec, options: &Options) -> io::Result<OwnedFd> {
    let kind = match spec.address.kind {
        SocketKind::Stream => Type::STREAM,
        SocketKind::Datagram => Type::DGRAM,
    };
    match &spec.address.family {
        AddressFamily::Ip(ip) => {
            let address = SocketAddr::new(*ip, port(spec)?);
            match spec.address.kind {
                SocketKind::Stream => listen::bind_tcp(address, options),
                SocketKind::Datagram => listen::bind_udp(address, options),
            }
        }
        AddressFamily::Unix(path) => bind_path(Path::new(&**path), spec, kind),
        AddressFamily::Abstract(name) => listen::bind_abstract(name, true, kind),
        AddressFamily::AbstractUnpadded(name) => listen::bind_abstract(name, false, kind),
        AddressFamily::Fd(number) => weir_sys::descriptor::duplicate_number(*number),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Bound as `path.PID.tmp`, given its owner and mode there, and then moved over what is at the path.
fn bind_path(path: &Path, spec: &ListenerSpec, kind: Type) -> io::Result<OwnedFd> {
    let temporary = PathBuf::from(format!("{}.{}.tmp", path.display(), std::process::id()));
    let _ = std::fs::remove_file(&temporary);
    let socket = listen::bind_unix(&temporary, kind)?;
    let bind = &spec.settings;
    let placed = weir_sys::privilege::set_owner(&temporary, bind.uid, bind.gid, bind.mode)
        .and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = placed {
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    Ok(socket)
}

fn options(spec: &ListenerSpec, settings: &ProcessSettings) -> Options {
    /// HAProxy's own when neither `backlog` nor `maxconn` says otherwise is the system's limit.
    const SYSTEM_LIMIT: i32 = 4096;
    let bind = &spec.settings;
    let backlog = bind.backlog.or((spec.backlog != 0).then_some(spec.backlog));
    Options {
        backlog: backlog.map_or(SYSTEM_LIMIT, |backlog| backlog as i32),
        reuse_port: !settings.noreuseport,
        transparent: bind.transparent,
        fast_open: bind.tfo,
        defer_accept: bind.defer_accept,
        only_v6: if bind.v6only { Some(true) } else { bind.v4v6.then_some(false) },
        interface: bind.interface.clone(),
        mss: bind.mss,
        user_timeout_ms: bind.tcp_user_timeout,
        congestion_control: bind.congestion_control.clone(),
        md5_password: bind.md5_password.clone(),
        save_syn: bind.save_syn,
        mptcp: spec.address.mptcp,
        receive_buffer: settings.receive_buffer,
        send_buffer: settings.send_buffer,
    }
}

fn port(spec: &ListenerSpec) -> io::Result<u16> {
    match spec.address.port {
        PortSpec::Fixed(port) => Ok(port),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// The address as HAProxy shows it in a message.
fn shown(spec: &ListenerSpec) -> String {
    let port = port(spec).unwrap_or(0);
    match &spec.address.family {
        AddressFamily::Ip(IpAddr::V4(ip)) => format!("{ip}:{port}"),
        AddressFamily::Ip(IpAddr::V6(ip)) => format!("{ip}:{port}"),
        AddressFamily::Unix(path) => path.to_string(),
        AddressFamily::Abstract(name) | AddressFamily::AbstractUnpadded(name) => {
            format!("abns@{}", String::from_utf8_lossy(name))
        }
        AddressFamily::Fd(number) => format!("fd@{number}"),
        other => format!("{other:?}"),
    }
}

/// Whether a socket of an old process listens where `spec` wants to. A unix socket may still have the temporary name it
/// was bound under.
fn is_address(address: &LocalAddress, spec: &ListenerSpec) -> bool {
    match (&spec.address.family, address) {
        (AddressFamily::Ip(ip), LocalAddress::Ip(local)) => {
            local.ip() == *ip && port(spec).is_ok_and(|port| local.port() == port)
        }
        (AddressFamily::Unix(path), LocalAddress::Unix(local)) => match local.strip_prefix(path.as_bytes()) {
            Some([]) => true,
            Some([b'.', rest @ ..]) => {
                rest.strip_suffix(b".tmp").is_some_and(|pid| pid.iter().all(u8::is_ascii_digit))
            }
            _ => false,
        },
        (AddressFamily::Abstract(name), LocalAddress::Abstract(local)) => {
            local.len() == 107 && local.starts_with(name) && local[name.len()..].iter().all(|byte| *byte == 0)
        }
        (AddressFamily::AbstractUnpadded(name), LocalAddress::Abstract(local)) => local == name,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
