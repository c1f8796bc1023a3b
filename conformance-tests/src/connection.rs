//! A byte stream with a buffer and a deadline on every wait. What the bytes mean is `message`'s business.

use openssl::ssl::{ErrorCode, SslStream};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Longest wait for anything; far beyond what a loaded machine needs, so that it only ends a hang.
pub const DEADLINE: Duration = Duration::from_secs(12);

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Fin,
    Reset,
}

/// Why a wait did not get what it waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Ended(End),
    TimedOut,
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<SslStream<TcpStream>>),
}

/// A connection with what it received and nobody has read yet.
pub struct Connection {
    socket: Socket,
    pub received: Vec<u8>,
    pub end: Option<End>,
}

impl From<TcpStream> for Connection {
    fn from(socket: TcpStream) -> Connection {
        let _ = socket.set_nodelay(true);
        Connection { socket: Socket::Tcp(socket), received: Vec::new(), end: None }
    }
}

impl From<UnixStream> for Connection {
    fn from(socket: UnixStream) -> Connection {
        Connection { socket: Socket::Unix(socket), received: Vec::new(), end: None }
    }
}

impl From<SslStream<TcpStream>> for Connection {
    fn from(socket: SslStream<TcpStream>) -> Connection {
        let _ = socket.get_ref().set_nodelay(true);
        Connection { socket: Socket::Tls(Box::new(socket)), received: Vec::new(), end: None }
    }
}

/// One read; an alert and a connection that ends without notice both count as its end.
fn read_tls(stream: &mut SslStream<TcpStream>, buffer: &mut [u8]) -> std::io::Result<usize> {
    match stream.ssl_read(buffer) {
        Ok(count) => Ok(count),
        Err(error) if error.code() == ErrorCode::WANT_READ => Err(ErrorKind::WouldBlock.into()),
        Err(error) => match error.io_error() {
            Some(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::WouldBlock.into()),
            Some(error) => Err(error.kind().into()),
            None => Ok(0),
        },
    }
}

impl Connection {
    /// Sends all bytes; an error is how the peer refused them.
    pub fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match &mut self.socket {
            Socket::Tcp(s) => {
                s.set_write_timeout(Some(DEADLINE))?;
                s.write_all(bytes)
            }
            Socket::Unix(s) => {
                s.set_write_timeout(Some(DEADLINE))?;
                s.write_all(bytes)
            }
            Socket::Tls(s) => s.write_all(bytes),
        }
    }

    /// Waits for more bytes until `deadline`.
    pub fn receive(&mut self, deadline: Instant) -> Result<(), Stop> {
        if let Some(end) = self.end {
            return Err(Stop::Ended(end));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Stop::TimedOut);
        }
        let mut buffer = [0u8; 65536];
        let result = match &mut self.socket {
            Socket::Tcp(s) => s.set_read_timeout(Some(left)).and_then(|()| s.read(&mut buffer)),
            Socket::Unix(s) => s.set_read_timeout(Some(left)).and_then(|()| s.read(&mut buffer)),
            Socket::Tls(s) => {
                s.get_ref().set_read_timeout(Some(left)).and_then(|()| read_tls(s, &mut buffer))
            }
        };
        self.arrived(result, &buffer)
    }

    /// Takes what is readable now, without waiting.
    pub fn receive_ready(&mut self) -> Result<(), Stop> {
        let mut buffer = [0u8; 65536];
        let result = match &mut self.socket {
            Socket::Tcp(s) => {
                let _ = s.set_nonblocking(true);
                let result = s.read(&mut buffer);
                let _ = s.set_nonblocking(false);
                result
            }
            Socket::Unix(s) => {
                let _ = s.set_nonblocking(true);
                let result = s.read(&mut buffer);
                let _ = s.set_nonblocking(false);
                result
            }
            Socket::Tls(s) => {
                let _ = s.get_ref().set_nonblocking(true);
                let result = read_tls(s, &mut buffer);
                let _ = s.get_ref().set_nonblocking(false);
                result
            }
        };
        self.arrived(result, &buffer)
    }

    fn arrived(&mut self, result: std::io::Result<usize>, buffer: &[u8]) -> Result<(), Stop> {
        match result {
            Ok(0) => self.ended(End::Fin),
            Ok(count) => {
                self.received.extend_from_slice(&buffer[..count]);
                Ok(())
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Err(Stop::TimedOut),
            Err(e) if e.kind() == ErrorKind::Interrupted => Ok(()),
            Err(_) => self.ended(End::Reset),
        }
    }

    fn ended(&mut self, end: End) -> Result<(), Stop> {
        self.end = Some(end);
        Err(Stop::Ended(end))
    }

    /// Waits until `enough` finds the end of what is wanted, and takes it out of the buffer.
    pub fn take_until(
        &mut self,
        mut enough: impl FnMut(&[u8], bool) -> Option<usize>,
    ) -> Result<Vec<u8>, (Stop, Vec<u8>)> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(length) = enough(&self.received, self.end.is_some()) {
                return Ok(self.received.drain(..length).collect());
            }
            if let Err(stop) = self.receive(deadline) {
                if let Some(length) = enough(&self.received, self.end.is_some()) {
                    return Ok(self.received.drain(..length).collect());
                }
                return Err((stop, std::mem::take(&mut self.received)));
            }
        }
    }

    /// Ends the handshake of a connection that began with early data; says whether the session was resumed.
    pub fn shake_hands(&mut self) -> Result<bool, String> {
        let Socket::Tls(stream) = &mut self.socket else { return Err("nothing to end".into()) };
        stream.do_handshake().map_err(|error| error.to_string())?;
        Ok(stream.ssl().session_reused())
    }

    /// Ends this side's direction.
    pub fn shut(&mut self) {
        let _ = match &self.socket {
            Socket::Tcp(s) => s.shutdown(Shutdown::Write),
            Socket::Unix(s) => s.shutdown(Shutdown::Write),
            Socket::Tls(s) => {
                let _ = s.get_ref().set_nodelay(true);
                s.get_ref().shutdown(Shutdown::Write)
            }
        };
    }

    /// Closes with RST where the family has such a thing.
    pub fn reset(self) {
        if let Socket::Tcp(s) = &self.socket {
            let _ = socket2::SockRef::from(s).set_linger(Some(Duration::ZERO));
        }
        if let Socket::Tls(s) = &self.socket {
            let _ = socket2::SockRef::from(s.get_ref()).set_linger(Some(Duration::ZERO));
        }
    }

    /// A second handle on the same connection, for writing while another thread reads.
    pub fn writer(&self) -> std::io::Result<Box<dyn Write + Send>> {
        Ok(match &self.socket {
            Socket::Tcp(s) => Box::new(s.try_clone()?),
            Socket::Unix(s) => Box::new(s.try_clone()?),
            // One handle reads and writes: nothing can be pumped through it.
            Socket::Tls(_) => return Err(ErrorKind::Unsupported.into()),
        })
    }
}
