//! Listening sockets from one program to the next over a `stats socket` with `expose-fd listeners` (`-x`), as HAProxy
//! does it: after `_getsocks` the count comes as four bytes, then the descriptors in messages of at most 252, each with
//! a description per socket (network namespace, interface, four bytes of flags). The receiver answers every message
//! with four bytes: how many sockets it had before it.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use weir_sys::descriptor::{self, MAX_PER_MESSAGE};

/// HAProxy never holds more; a count beyond this is no count.
const MAX_SOCKETS: i32 = 1 << 20;
/// An old process that says nothing for so long will not.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks an old process for its listening sockets. The error is a text for the user. `/dev/null` asks nobody.
pub fn fetch(path: &Path) -> Result<Vec<OwnedFd>, String> {
    if path == Path::new("/dev/null") {
        return Ok(Vec::new());
    }
    request(path).map_err(|error| {
        let cause = error.to_string();
        let cause = cause.split(" (os error").next().unwrap_or_default();
        format!("Failed to get the sockets from the old process through '{}': {cause}", path.display())
    })
}

fn request(path: &Path) -> io::Result<Vec<OwnedFd>> {
    let name = path.as_os_str().as_encoded_bytes();
    let name = name.strip_prefix(b"unix@").unwrap_or(name);
    let mut socket = match name.strip_prefix(b"abns@") {
        Some(name) => connect_abstract(name)?,
        None => UnixStream::connect(std::str::from_utf8(name).map_err(io::Error::other)?)?,
    };
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.write_all(b"_getsocks\n")?;
    let mut count = [0; 4];
    socket.read_exact(&mut count)?;
    let count = i32::from_ne_bytes(count);
    if !(0..=MAX_SOCKETS).contains(&count) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "unexpected answer"));
    }
    let mut sockets = Vec::new();
    let mut description = vec![0; 65_536];
    while sockets.len() < count as usize {
        let (length, mut batch) = descriptor::receive(socket.as_fd(), &mut description)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let before = sockets.len() as i32;
        if batch.is_empty() {
            // The rest of a description, not a message of its own.
            continue;
        }
        sockets.append(&mut batch);
        match socket.write_all(&before.to_ne_bytes()) {
            // Whoever has sent everything need not wait for the last answer.
            Err(error) if sockets.len() < count as usize => return Err(error),
            _ => {}
        }
    }
    Ok(sockets)
}

/// Sends the sockets to a new process that has just asked; `interfaces` belong to them one by one.
pub fn give(connection: &OwnedFd, sockets: &[Arc<OwnedFd>], interfaces: &[String]) -> io::Result<()> {
    let mut stream = UnixStream::from(connection.try_clone()?);
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&(sockets.len() as i32).to_ne_bytes())?;
    let mut left = sockets.len();
    for (batch, interfaces) in sockets.chunks(MAX_PER_MESSAGE).zip(interfaces.chunks(MAX_PER_MESSAGE)) {
        let descriptors: Vec<_> = batch.iter().map(|socket| socket.as_fd()).collect();
        let description: Vec<u8> = interfaces.iter().flat_map(|interface| describe(interface)).collect();
        let sent = descriptor::send(stream.as_fd(), &description, &descriptors)?;
        stream.write_all(&description[sent..])?;
        left -= batch.len();
        match stream.read_exact(&mut [0; 4]) {
            Err(error) if left > 0 => return Err(error),
            _ => {}
        }
    }
    stream.shutdown(std::net::Shutdown::Write)
}

fn describe(interface: &str) -> Vec<u8> {
    let mut bytes = vec![0, interface.len().min(255) as u8];
    bytes.extend(interface.bytes().take(255));
    bytes.extend([0; 4]);
    bytes
}

fn connect_abstract(name: &[u8]) -> io::Result<UnixStream> {
    use std::os::linux::net::SocketAddrExt;
    let mut padded = name.to_vec();
    padded.resize(107, 0);
    UnixStream::connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(padded)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_can_be_fetched() {
        let directory = std::env::temp_dir().join(format!("weir-handover-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("stats.sock");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let sockets: Vec<_> =
            (0..300).map(|_| Arc::new(OwnedFd::from(UnixStream::pair().unwrap().0))).collect();
        let giver = std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut line = [0; 10];
            connection.read_exact(&mut line).unwrap();
            assert_eq!(&line, b"_getsocks\n");
            give(&connection.into(), &sockets, &vec!["lo".to_string(); 300]).unwrap();
        });
        assert_eq!(fetch(&path).unwrap().len(), 300);
        giver.join().unwrap();
        std::fs::remove_dir_all(directory).unwrap();
    }
}
