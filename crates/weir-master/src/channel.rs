//! Messages with descriptors over a unix stream socket: a header of two numbers (bytes, descriptors), then the bytes.
//! Descriptors go out beside the header and the bytes that follow, never later than the message they belong to.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use tokio::io::Interest;
use weir_sys::descriptor::{self, MAX_PER_MESSAGE};

const HEADER: usize = 8;
/// A message is orders and names, never file contents; more than this is a broken peer.
const MAX_BYTES: usize = 64 << 20;

/// A message on its way out. Descriptors may be shared with others who keep them.
#[derive(Clone, Debug)]
pub struct Parcel {
    pub bytes: Vec<u8>,
    pub descriptors: Vec<Arc<OwnedFd>>,
}

/// A message that arrived.
#[derive(Debug)]
pub struct Received {
    pub bytes: Vec<u8>,
    pub descriptors: Vec<OwnedFd>,
}

/// The way out of one end. Sending and receiving do not wait for each other: were both ends to send at once and each
/// to wait for the other to read, neither would go on.
#[derive(Clone)]
pub struct Sender {
    socket: Arc<tokio::net::UnixStream>,
}

/// One end, with what was read and not yet taken.
pub struct Channel {
    socket: Arc<tokio::net::UnixStream>,
    buffer: Vec<u8>,
    descriptors: Vec<OwnedFd>,
}

impl Sender {
    /// May not be dropped before it is done, and messages may not be sent at the same time.
    pub async fn send(&self, parcel: &Parcel) -> io::Result<()> {
        let mut left = parcel.descriptors.iter();
        let mut bytes = header(parcel);
        bytes.extend_from_slice(&parcel.bytes);
        let mut sent = 0;
        while sent < bytes.len() {
            let batch: Vec<_> = left.clone().take(MAX_PER_MESSAGE).map(|fd| fd.as_fd()).collect();
            // One byte carries a full batch while more batches follow, so that none is left without a byte.
            let more = left.len() > batch.len();
            let part = if more { &bytes[sent..sent + 1] } else { &bytes[sent..] };
            self.socket.writable().await?;
            let send = || descriptor::send(self.socket.as_fd(), part, &batch);
            match self.socket.try_io(Interest::WRITABLE, send) {
                Ok(count) => {
                    sent += count;
                    batch.iter().for_each(|_| {
                        left.next();
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Channel {
    /// Both ends; one is to be inherited by a child.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        UnixStream::pair()
    }

    /// Inside a runtime.
    pub fn new(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = Arc::new(tokio::net::UnixStream::from_std(socket)?);
        Ok(Self { socket, buffer: Vec::new(), descriptors: Vec::new() })
    }

    pub fn sender(&self) -> Sender {
        Sender { socket: self.socket.clone() }
    }

    /// The next message; `None` when the other end is closed. May be dropped between messages without loss.
    pub async fn receive(&mut self) -> io::Result<Option<Received>> {
        loop {
            if let Some(received) = self.take()? {
                return Ok(Some(received));
            }
            self.socket.readable().await?;
            let mut part = [0; 65_536];
            let receive = || descriptor::receive(self.socket.as_fd(), &mut part);
            match self.socket.try_io(Interest::READABLE, receive) {
                Ok((0, _)) => return Ok(None),
                Ok((count, descriptors)) => {
                    self.buffer.extend_from_slice(&part[..count]);
                    self.descriptors.extend(descriptors);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self) -> io::Result<Option<Received>> {
        let Some((length, count)) = announced(&self.buffer)? else { return Ok(None) };
        if self.buffer.len() < HEADER + length {
            return Ok(None);
        }
        if self.descriptors.len() < count {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let bytes = self.buffer[HEADER..HEADER + length].to_vec();
        self.buffer.drain(..HEADER + length);
        Ok(Some(Received { bytes, descriptors: self.descriptors.drain(..count).collect() }))
    }
}

/// Receives one message on a blocking socket and reads nothing behind it: for a child that has no runtime yet.
pub fn receive_blocking(socket: &UnixStream) -> io::Result<Option<Received>> {
    let mut descriptors = Vec::new();
    let Some(head) = fill(socket, HEADER, &mut descriptors)? else { return Ok(None) };
    let (length, count) = announced(&head)?.expect("a whole header");
    let bytes = if length == 0 { Some(Vec::new()) } else { fill(socket, length, &mut descriptors)? };
    match bytes {
        Some(bytes) if descriptors.len() == count => Ok(Some(Received { bytes, descriptors })),
        Some(_) => Err(io::ErrorKind::InvalidData.into()),
        None => Ok(None),
    }
}

/// Sends a message without descriptors on a blocking socket.
pub fn send_blocking(mut socket: &UnixStream, bytes: Vec<u8>) -> io::Result<()> {
    let parcel = Parcel { bytes, descriptors: Vec::new() };
    io::Write::write_all(&mut socket, &header(&parcel))?;
    io::Write::write_all(&mut socket, &parcel.bytes)
}

fn fill(socket: &UnixStream, length: usize, descriptors: &mut Vec<OwnedFd>) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match descriptor::receive(socket.as_fd(), &mut bytes[filled..]) {
            Ok((0, _)) => return Ok(None),
            Ok((count, more)) => {
                filled += count;
                descriptors.extend(more);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(bytes))
}

fn header(parcel: &Parcel) -> Vec<u8> {
    let mut bytes = (parcel.bytes.len() as u32).to_ne_bytes().to_vec();
    bytes.extend_from_slice(&(parcel.descriptors.len() as u32).to_ne_bytes());
    bytes
}

fn announced(buffer: &[u8]) -> io::Result<Option<(usize, usize)>> {
    if buffer.len() < HEADER {
        return Ok(None);
    }
    let number = |at: usize| u32::from_ne_bytes(buffer[at..at + 4].try_into().expect("four bytes")) as usize;
    let (length, count) = (number(0), number(4));
    if length > MAX_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(Some((length, count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    fn sockets(count: usize) -> Vec<Arc<OwnedFd>> {
        (0..count).map(|_| Arc::new(OwnedFd::from(UnixStream::pair().unwrap().0))).collect()
    }

    #[test]
    fn more_descriptors_than_one_message_carries() {
        runtime().block_on(async {
            let (near, far) = Channel::pair().unwrap();
            let near = Channel::new(near).unwrap().sender();
            let mut far = Channel::new(far).unwrap();
            let bytes = vec![7; 300_000];
            let many = Parcel { bytes: bytes.clone(), descriptors: sockets(600) };
            let none = Parcel { bytes: vec![1], descriptors: vec![] };
            let send = async {
                near.send(&many).await.unwrap();
                near.send(&none).await.unwrap();
            };
            let receive = async {
                let first = far.receive().await.unwrap().unwrap();
                assert_eq!((first.bytes, first.descriptors.len()), (bytes, 600));
                let second = far.receive().await.unwrap().unwrap();
                assert_eq!((second.bytes, second.descriptors.len()), (vec![1], 0));
            };
            tokio::join!(send, receive);
            drop(near);
            assert!(far.receive().await.unwrap().is_none());
        });
    }

    #[test]
    fn blocking_end_reads_one_message_at_a_time() {
        runtime().block_on(async {
            let (near, far) = Channel::pair().unwrap();
            let near = Channel::new(near).unwrap().sender();
            near.send(&Parcel { bytes: b"one".to_vec(), descriptors: sockets(3) }).await.unwrap();
            near.send(&Parcel { bytes: b"two".to_vec(), descriptors: sockets(1) }).await.unwrap();
            let first = receive_blocking(&far).unwrap().unwrap();
            assert_eq!((first.bytes.as_slice(), first.descriptors.len()), (&b"one"[..], 3));
            let second = receive_blocking(&far).unwrap().unwrap();
            assert_eq!((second.bytes.as_slice(), second.descriptors.len()), (&b"two"[..], 1));
        });
    }
}
