//! Binding what `-S` says, and accepting on it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use socket2::Type;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc::UnboundedSender;
use weir_sys::listen::{self, Options as ListenOptions};
use weir_sys::privilege;

use super::Level;
use super::session::Session;
use crate::options::Options;
use crate::supervisor::Event;

/// `-S address[,option...]`, bound.
pub struct MasterSocket {
    socket: OwnedFd,
    is_unix: bool,
    level: Level,
}

/// What stands behind the address.
#[derive(Debug, PartialEq, Eq)]
struct Settings {
    level: Level,
    mode: Option<u32>,
    uid: Option<u32>,
    gid: Option<u32>,
}

impl MasterSocket {
    pub fn bind(text: &str) -> Result<Self, String> {
        let mut words = text.split(',');
        let address = words.next().unwrap_or_default();
        let settings = Settings::parse(words).map_err(|error| format!("master CLI '{text}': {error}"))?;
        let failed = |error: io::Error| {
            let cause = error.to_string();
            let cause = cause.split(" (os error").next().unwrap_or_default().to_string();
            format!("Cannot bind the master CLI '{address}': {cause}")
        };
        let options = ListenOptions { backlog: 10, ..ListenOptions::default() };
        let (socket, is_unix) = open(address, &settings, &options).map_err(failed)?;
        listen::listen(&socket, &options).map_err(failed)?;
        Ok(Self { socket, is_unix, level: settings.level })
    }

    /// Accepts until the process ends. Inside a runtime.
    pub fn serve(self, events: UnboundedSender<Event>, options: Arc<Options>) -> io::Result<()> {
        let level = self.level;
        let session = move || Session::new(events.clone(), options.clone(), level);
        weir_sys::descriptor::set_nonblocking(self.socket.as_fd(), true)?;
        if self.is_unix {
            let listener = UnixListener::from_std(self.socket.into())?;
            tokio::spawn(async move {
                loop {
                    if let Ok((connection, _)) = listener.accept().await {
                        tokio::spawn(session().serve(connection));
                    } else {
                        rest().await;
                    }
                }
            });
        } else {
            let listener = TcpListener::from_std(self.socket.into())?;
            tokio::spawn(async move {
                loop {
                    if let Ok((connection, _)) = listener.accept().await {
                        tokio::spawn(session().serve(connection));
                    } else {
                        rest().await;
                    }
                }
            });
        }
        Ok(())
    }
}

/// Accepting fails while there are no descriptors left; trying without pause would keep a CPU busy.
async fn rest() {
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
}

impl Settings {
    fn parse<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut settings = Self { level: Level::Admin, mode: None, uid: None, gid: None };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("'{word}' expects a value"));
            let number = |text: &str, radix| {
                u32::from_str_radix(text, radix).map_err(|_| format!("'{word}': not a number: '{text}'"))
            };
            match word {
                "level" => {
                    let text = value()?;
                    settings.level =
                        Level::parse(text).ok_or(format!("'level' does not support '{text}'"))?;
                }
                "mode" => settings.mode = Some(number(value()?, 8)?),
                "uid" => settings.uid = Some(number(value()?, 10)?),
                "gid" => settings.gid = Some(number(value()?, 10)?),
                "user" => {
                    let name = value()?;
                    let user = privilege::find_user(name).ok().flatten();
                    settings.uid = Some(user.ok_or(format!("'{name}' is not a valid user name"))?.0);
                }
                "group" => {
                    let name = value()?;
                    let group = privilege::find_group(name).ok().flatten();
                    settings.gid = Some(group.ok_or(format!("'{name}' is not a valid group name"))?);
                }
                "name" | "id" | "severity-output" | "backlog" | "maxconn" => {
                    value()?;
                }
                "expose-fd" => return Err("'expose-fd' has no meaning on the master CLI".into()),
                other => return Err(format!("unknown keyword '{other}'")),
            }
        }
        Ok(settings)
    }
}

fn open(address: &str, settings: &Settings, options: &ListenOptions) -> io::Result<(OwnedFd, bool)> {
    if let Some(number) = address.strip_prefix("fd@") {
        let number = number.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let socket = weir_sys::descriptor::duplicate_number(number)?;
        let is_unix = socket2::SockRef::from(&socket).domain()? == socket2::Domain::UNIX;
        return Ok((socket, is_unix));
    }
    if let Some(name) = address.strip_prefix("abns@") {
        return Ok((listen::bind_abstract(name.as_bytes(), true, Type::STREAM)?, true));
    }
    let path = address.strip_prefix("unix@").or_else(|| address.starts_with('/').then_some(address));
    if let Some(path) = path {
        return Ok((open_path(Path::new(path), settings)?, true));
    }
    let address = ["ipv4@", "ipv6@", "tcp@", "tcp4@", "tcp6@"]
        .iter()
        .find_map(|prefix| address.strip_prefix(prefix))
        .unwrap_or(address);
    let (host, port) = address.rsplit_once(':').ok_or(io::ErrorKind::InvalidInput)?;
    let port: u16 = port.parse().map_err(|_| io::ErrorKind::InvalidInput)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let ip = match host {
        "" | "*" => Ipv4Addr::UNSPECIFIED.into(),
        host => host.parse().map_err(|_| io::ErrorKind::InvalidInput)?,
    };
    Ok((listen::bind_tcp(SocketAddr::new(ip, port), options)?, false))
}

fn open_path(path: &Path, settings: &Settings) -> io::Result<OwnedFd> {
    let temporary = path.with_file_name(format!(
        "{}.{}.tmp",
        path.file_name().unwrap_or_default().to_string_lossy(),
        std::process::id()
    ));
    let _ = std::fs::remove_file(&temporary);
    let socket = listen::bind_unix(&temporary, Type::STREAM)?;
    privilege::set_owner(&temporary, settings.uid, settings.gid, settings.mode)?;
    std::fs::rename(&temporary, path)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn an_inherited_socket_is_taken_by_its_number() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let socket = MasterSocket::bind(&format!("fd@{},level,operator", listener.as_raw_fd())).unwrap();
        drop(listener);
        assert!(!socket.is_unix && socket.level == Level::Operator);
        std::net::TcpStream::connect(address).unwrap();
    }

    #[test]
    fn options_as_controllers_write_them() {
        let parse = |text: &str| Settings::parse(text.split(','));
        let expected = Settings { level: Level::Admin, mode: Some(0o600), uid: None, gid: None };
        assert_eq!(parse("mode,600"), Ok(expected));
        assert_eq!(parse("uid,1000,gid,1000,level,user").map(|settings| settings.level), Ok(Level::User));
        assert!(parse("mode").is_err());
        assert!(parse("bogus").is_err());
    }
}
