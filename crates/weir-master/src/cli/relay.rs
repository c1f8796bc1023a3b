//! One command, or a whole conversation, between a client of the master socket and the controller.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc::UnboundedSender;

use super::Level;
use crate::supervisor::{Event, Request};

/// A connection that the controller serves.
pub fn connect(events: &UnboundedSender<Event>, level: Level) -> io::Result<UnixStream> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    let request = Request::Serve { connection: theirs.into(), level: level as u8 };
    events.send(Event::Asked(request)).map_err(|_| io::ErrorKind::BrokenPipe)?;
    ours.set_nonblocking(true)?;
    UnixStream::from_std(ours)
}

/// Sends one line (with its payload, if it has one) and copies the answer to the client until the controller closes.
pub async fn run(
    mut controller: UnixStream,
    command: &[u8],
    client: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    controller.write_all(command).await?;
    controller.shutdown().await?;
    let mut part = vec![0; 16_384];
    loop {
        match controller.read(&mut part).await {
            Ok(0) | Err(_) => return Ok(()),
            Ok(count) => client.write_all(&part[..count]).await?,
        }
    }
}

/// Copies both ways until the controller closes (`@@`). What the client sends after `first` goes along.
pub async fn enter(
    controller: UnixStream,
    first: &[u8],
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    let (mut answers, mut commands) = controller.into_split();
    commands.write_all(first).await?;
    let (mut up, mut down) = (vec![0; 4096], vec![0; 16_384]);
    let mut open = true;
    loop {
        tokio::select! {
            read = answers.read(&mut down) => match read {
                Ok(0) | Err(_) => return Ok(()),
                Ok(count) => to.write_all(&down[..count]).await?,
            },
            read = from.read(&mut up), if open => match read {
                Ok(0) | Err(_) => {
                    open = false;
                    commands.shutdown().await?;
                }
                Ok(count) => commands.write_all(&up[..count]).await?,
            },
        }
    }
}
