//! Loopback ports by name. Each is taken by binding port 0 and held with `SO_REUSEPORT` but without listening, so
//! that the program under test can bind it and nobody else is given it meanwhile; while nobody listens, connections
//! to it are refused.

use socket2::{Domain, Socket, Type};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

/// Names for ports: reserved ones and those seen on connections.
#[derive(Clone, Default)]
pub struct PortNames(Arc<Mutex<BTreeMap<u16, String>>>);

impl PortNames {
    /// Remembers that `port` is to be shown as `name`. One number may stand at both ends of the program, for a client
    /// and for the program's own connection to an origin: then it is shown as the client's.
    pub fn insert(&self, port: u16, name: &str) {
        let mut names = self.0.lock().unwrap_or_else(|e| e.into_inner());
        if name != "proxy" || !names.contains_key(&port) {
            names.insert(port, name.to_string());
        }
    }

    /// The name of `port`, if it has one.
    pub fn name(&self, port: u16) -> Option<String> {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).get(&port).cloned()
    }
}

/// Reserved addresses, and the names of all ports seen.
#[derive(Default)]
pub struct Ports {
    reserved: BTreeMap<String, (Socket, SocketAddr)>,
    pub names: PortNames,
}

impl Ports {
    /// The address called `name`, reserved now if it was not. A name that ends in `v6` is an IPv6 address.
    pub fn address(&mut self, name: &str) -> std::io::Result<SocketAddr> {
        if let Some((_, address)) = self.reserved.get(name) {
            return Ok(*address);
        }
        let ip: IpAddr =
            if name.ends_with("v6") { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let socket = Socket::new(Domain::for_address(SocketAddr::new(ip, 0)), Type::STREAM, None)?;
        socket.set_reuse_port(true)?;
        socket.bind(&SocketAddr::new(ip, 0).into())?;
        let address = socket.local_addr()?.as_socket().ok_or_else(|| std::io::Error::other("no address"))?;
        self.names.insert(address.port(), name);
        self.reserved.insert(name.to_string(), (socket, address));
        Ok(address)
    }

    /// Reserves every address named on the lines of a configuration that take one.
    pub fn reserve_named(&mut self, config: &str) -> std::io::Result<()> {
        let takes_address = ["bind", "peer", "server", "server-template", "source"];
        for line in config.lines() {
            if !line.split_whitespace().next().is_some_and(|word| takes_address.contains(&word)) {
                continue;
            }
            for part in line.split('<').skip(1) {
                let name = part.split('>').next().unwrap_or("");
                let name = name.strip_suffix(".port").unwrap_or(name);
                let is_word = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
                if is_word && !name.is_empty() && !matches!(name, "dir" | "log" | "datagrams") {
                    self.address(name)?;
                }
            }
        }
        Ok(())
    }

    /// Replaces `<name>` and `<name.port>` of reserved addresses, `<dir>` and `<log>`; other angle brackets stay.
    pub fn fill(&self, text: &str, dir: &Path, log: SocketAddr) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find('<') {
            out.push_str(&rest[..start]);
            rest = &rest[start..];
            let name = rest[1..].split('>').next().unwrap_or("");
            let value = match (name, self.reserved.get(name.strip_suffix(".port").unwrap_or(name))) {
                ("dir", _) => Some(dir.to_string_lossy().into_owned()),
                ("log", _) => Some(log.to_string()),
                ("datagrams", _) => Some(datagrams().to_string()),
                (_, Some((_, address))) if name.ends_with(".port") => Some(address.port().to_string()),
                (_, Some((_, address))) => Some(address.to_string()),
                (_, None) => None,
            };
            match value {
                Some(value) => {
                    out.push_str(&value);
                    rest = &rest[name.len() + 2..];
                }
                None => {
                    out.push('<');
                    rest = &rest[1..];
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// A listener on an address that is already reserved.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_port(true)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    Ok(socket.into())
}

/// Where the program of this run receives datagrams. Nobody can hold a UDP port for the program and stay out of its way,
/// so it is one below those that the system gives out, on an address that no other run has.
pub fn datagrams() -> SocketAddr {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    thread_local!(static OWN: u32 = RUNS.fetch_add(1, Relaxed));
    let number = std::process::id() * 4 + OWN.with(|own| *own % 4);
    let [_, high, middle, low] = (number & 0x007f_ffff).to_be_bytes();
    SocketAddr::from(([127, 0x80 | high, middle, low], 21_514))
}

/// Whether someone receives datagrams there now.
pub fn is_bound(address: SocketAddr) -> bool {
    let IpAddr::V4(ip) = address.ip() else { return false };
    let wanted = format!(" {:08X}:{:04X} ", u32::from_ne_bytes(ip.octets()), address.port());
    std::fs::read_to_string("/proc/net/udp").is_ok_and(|table| table.contains(&wanted))
}

/// Whether someone listens on this loopback port now, as the kernel tells; nothing connects to find out.
pub fn is_listening(port: u16) -> bool {
    let wanted = format!(":{port:04X}");
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|path| {
        std::fs::read_to_string(path).is_ok_and(|table| {
            table.lines().skip(1).any(|line| {
                let mut words = line.split_whitespace().skip(1);
                let local = words.next().is_some_and(|w| w.ends_with(&wanted));
                local && words.nth(1) == Some("0A")
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_can_be_listened_on_and_is_refused_before() {
        let mut ports = Ports::default();
        let address = ports.address("fe").unwrap();
        assert!(!is_listening(address.port()));
        assert!(std::net::TcpStream::connect(address).is_err());
        let listener = listen(address).unwrap();
        assert!(is_listening(address.port()));
        std::net::TcpStream::connect(address).unwrap();
        drop(listener);
        assert!(!is_listening(address.port()));
    }

    #[test]
    fn placeholders_are_filled_and_html_is_not() {
        let mut ports = Ports::default();
        let log = "127.0.0.1:514".parse().unwrap();
        ports.reserve_named("frontend x\n    bind <fe>\n    http-request return string <b>\n").unwrap();
        let text = ports.fill("bind <fe> <H1> <b> <dir>/x <fe.port> <log> <", Path::new("/tmp/d"), log);
        let address = ports.address("fe").unwrap();
        assert_eq!(text, format!("bind {address} <H1> <b> /tmp/d/x {} 127.0.0.1:514 <", address.port()));
    }
}
