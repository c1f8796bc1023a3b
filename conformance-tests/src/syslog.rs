//! A syslog receiver on UDP loopback and on a unix datagram socket. Keeps lines in arrival order.

use crate::connection::DEADLINE;
use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

/// Received lines, read by `next`.
pub struct Syslog {
    address: SocketAddr,
    lines: Receiver<String>,
    seen: VecDeque<String>,
}

impl Syslog {
    /// Binds both sockets; the unix one is `DIR/log.sock`.
    pub fn start(dir: &Path) -> std::io::Result<Syslog> {
        let udp = UdpSocket::bind("127.0.0.1:0")?;
        let address = udp.local_addr()?;
        let unix = UnixDatagram::bind(dir.join("log.sock"))?;
        let (sender, lines) = channel();
        let copy = sender.clone();
        std::thread::spawn(move || receive(&copy, |buffer| udp.recv(buffer)));
        std::thread::spawn(move || receive(&sender, |buffer| unix.recv(buffer)));
        Ok(Syslog { address, lines, seen: VecDeque::new() })
    }

    /// Where the UDP receiver is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next line, waiting for it; `None` after the deadline.
    pub fn next_line(&mut self) -> Option<String> {
        if let Some(line) = self.seen.pop_front() {
            return Some(line);
        }
        let deadline = Instant::now() + DEADLINE;
        self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
    }
}

fn receive(lines: &Sender<String>, mut read: impl FnMut(&mut [u8]) -> std::io::Result<usize>) {
    let mut buffer = vec![0u8; 65536];
    while let Ok(count) = read(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
        if lines.send(text).is_err() {
            return;
        }
    }
}
