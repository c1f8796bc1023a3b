//! Binding what `-S` says, and accepting on it.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use socket2::Type;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc::UnboundedSender;
use weir_syntax::address::AddressUse;
use weir_sys::listen::{self, Options as ListenOptions};
use weir_sys::privilege;
use weir_types::{Address, AddressFamily, PortSpec};

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
pub struct Settings {
    level: Level,
    mode: Option<u32>,
    uid: Option<u32>,
    gid: Option<u32>,
}

impl MasterSocket {
    /// Reads what `-S` says without binding anything. The reason is for the user.
    pub fn described(text: &str) -> Result<(Address, Settings), String> {
        let mut words = text.split(',');
        let written = words.next().unwrap_or_default();
        let settings = Settings::parse(words).map_err(|error| format!("master CLI '{text}': {error}"))?;
        match weir_syntax::address::parse(written, AddressUse::Bind) {
            Ok(address) => Ok((address, settings)),
            Err(error) => Err(format!("Cannot create the listener of the master CLI: {error}")),
        }
    }

    pub fn bind(text: &str) -> Result<Self, String> {
        let (address, settings) = Self::described(text)?;
        let written = text.split(',').next().unwrap_or_default();
        let failed = |error: io::Error| {
            let cause = error.to_string();
            let cause = cause.split(" (os error").next().unwrap_or_default().to_string();
            format!("Cannot bind the master CLI '{written}': {cause}")
        };
        let options = ListenOptions { backlog: 10, ..ListenOptions::default() };
        let (socket, is_unix) = open(&address, &settings, &options).map_err(failed)?;
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

fn open(address: &Address, settings: &Settings, options: &ListenOptions) -> io::Result<(OwnedFd, bool)> {
    match (&address.family, address.port) {
        (AddressFamily::Fd(number), _) => {
            let socket = weir_sys::descriptor::duplicate_number(*number)?;
            let is_unix = socket2::SockRef::from(&socket).domain()? == socket2::Domain::UNIX;
            Ok((socket, is_unix))
        }
        (AddressFamily::Abstract(name), _) => Ok((listen::bind_abstract(name, true, Type::STREAM)?, true)),
        (AddressFamily::AbstractUnpadded(name), _) => {
            Ok((listen::bind_abstract(name, false, Type::STREAM)?, true))
        }
        (AddressFamily::Unix(path), _) => Ok((open_path(Path::new(&**path), settings)?, true)),
        (AddressFamily::Ip(ip), PortSpec::Fixed(port)) => {
            Ok((listen::bind_tcp(SocketAddr::new(*ip, port), options)?, false))
        }
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
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
