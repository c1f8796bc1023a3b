//! Everything a plan is made of, as one sealed piece of memory: configuration text, referenced files, environment.
//! The supervisor reads files into it; children, which may be chrooted and without rights, only read from it.

use std::ffi::OsString;
use std::io;
use std::net::IpAddr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use weir_tls::KeyKind;
use weir_tls::certificate::Finding;
use weir_types::{SourceFile, Sources};

use crate::wire::{Malformed, Reader, Writer};

#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// 0 for the plan that weir starts with, one more with every reload tried.
    pub generation: u64,
    pub sources: Sources,
    /// Files that the configuration names, in the order of their first use, under the path as written there.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// Hosts that the configuration names, in the order of their names, with the address that was found.
    pub hosts: Vec<(Box<str>, Option<IpAddr>)>,
    /// What the supervisor found in the certificates: children need not look again.
    pub certificates: Vec<Finding>,
    pub environment: Vec<(OsString, OsString)>,
    pub overrides: Overrides,
}

/// What the command line sets in place of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `-n`
    pub maxconn: Option<u32>,
    /// `-N`
    pub proxy_maxconn: Option<u32>,
    /// `-L`, or the host's name.
    pub local_peer: String,
    /// `-dD`
    pub diagnose: bool,
    /// `-dV`
    pub no_server_verify: bool,
    /// `-dr`
    pub ignore_unresolved: bool,
    /// `-W`
    pub master_worker: bool,
}

impl Bundle {
    /// The file's bytes, read from disk the first time. For the supervisor.
    pub fn file(&mut self, path: &Path) -> io::Result<&[u8]> {
        let at = match self.files.iter().position(|(known, _)| known == path) {
            Some(at) => at,
            None => {
                self.files.push((path.to_path_buf(), std::fs::read(path)?));
                self.files.len() - 1
            }
        };
        Ok(&self.files[at].1)
    }

    /// The file's bytes if the supervisor read it. For children.
    pub fn kept_file(&self, path: &Path) -> Option<&[u8]> {
        self.files.iter().find(|(known, _)| known == path).map(|(_, bytes)| bytes.as_slice())
    }

    /// The address that the supervisor found for a host. For children.
    pub fn kept_host(&self, host: &str) -> Option<IpAddr> {
        let at = self.hosts.binary_search_by(|(known, _)| (**known).cmp(host)).ok()?;
        self.hosts[at].1
    }

    /// Nobody can change what the descriptor holds.
    pub fn seal(&self) -> io::Result<OwnedFd> {
        weir_sys::memory::sealed("weir-bundle", &self.encode())
    }

    pub fn unseal(descriptor: BorrowedFd<'_>) -> io::Result<Self> {
        Self::decode(&weir_sys::memory::read_all(descriptor)?).map_err(io::Error::other)
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u64(self.generation);
        out.list(&self.sources.files, |out, file| {
            out.text(&file.name).bytes(&file.text);
        });
        out.list(&self.files, |out, (path, bytes)| {
            out.bytes(path.as_os_str().as_bytes()).bytes(bytes);
        });
        out.list(&self.hosts, |out, (host, address)| {
            out.text(host).text(&address.map(|ip| ip.to_string()).unwrap_or_default());
        });
        out.list(&self.certificates, |out, finding| {
            out.bytes(&finding.hash).u8(finding.kind as u8);
            out.list(&finding.names, |out, name| {
                out.text(name);
            });
        });
        out.list(&self.environment, |out, (name, value)| {
            out.bytes(name.as_bytes()).bytes(value.as_bytes());
        });
        self.overrides.encode(&mut out);
        out.bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let from = &mut Reader::new(bytes);
        Ok(Self {
            generation: from.u64()?,
            sources: Sources {
                files: from
                    .list(|from| Ok(SourceFile { name: from.text()?, text: from.bytes()?.to_vec() }))?,
            },
            files: from.list(|from| Ok((PathBuf::from(os(from)?), from.bytes()?.to_vec())))?,
            hosts: from.list(|from| {
                let host = from.text()?.into();
                let address = from.text()?;
                let parsed = address.parse().map_err(|_| Malformed);
                Ok((host, if address.is_empty() { None } else { Some(parsed?) }))
            })?,
            certificates: from.list(|from| {
                let hash = from.bytes()?.try_into().map_err(|_| Malformed)?;
                let kind = *KeyKind::ALL.get(usize::from(from.u8()?)).ok_or(Malformed)?;
                Ok(Finding { hash, kind, names: from.list(|from| Ok(from.text()?.into()))? })
            })?,
            environment: from.list(|from| Ok((os(from)?, os(from)?)))?,
            overrides: Overrides::decode(from)?,
        })
    }
}

impl Overrides {
    fn encode(&self, out: &mut Writer) {
        out.option(self.maxconn.as_ref(), |out, value| {
            out.u32(*value);
        });
        out.option(self.proxy_maxconn.as_ref(), |out, value| {
            out.u32(*value);
        });
        out.text(&self.local_peer);
        for flag in [self.diagnose, self.no_server_verify, self.ignore_unresolved, self.master_worker] {
            out.u8(u8::from(flag));
        }
    }

    fn decode(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            maxconn: from.option(Reader::u32)?,
            proxy_maxconn: from.option(Reader::u32)?,
            local_peer: from.text()?,
            diagnose: from.u8()? != 0,
            no_server_verify: from.u8()? != 0,
            ignore_unresolved: from.u8()? != 0,
            master_worker: from.u8()? != 0,
        })
    }
}

fn os(from: &mut Reader<'_>) -> Result<OsString, Malformed> {
    Ok(OsString::from_vec(from.bytes()?.to_vec()))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn comes_out_as_it_went_in() {
        let mut bundle = Bundle { generation: 7, ..Bundle::default() };
        bundle.sources.add("a.cfg", b"global\n\xff\n".to_vec());
        bundle.files.push(("errors/503.http".into(), b"HTTP/1.0 503\r\n\r\n".to_vec()));
        let names = vec!["a.example".into(), "*.example".into()];
        bundle.certificates = vec![Finding { hash: [7; 32], kind: KeyKind::Ecdsa, names }];
        bundle.hosts = vec![("a.test".into(), Some("::1".parse().unwrap())), ("b.test".into(), None)];
        bundle.environment.push(("PORT".into(), OsString::from_vec(vec![0xfe])));
        bundle.overrides =
            Overrides { maxconn: Some(100), local_peer: "n1".into(), diagnose: true, ..Overrides::default() };
        let sealed = bundle.seal().unwrap();
        let copy = Bundle::unseal(sealed.as_fd()).unwrap();
        assert_eq!(copy.sources.files[0].text, b"global\n\xff\n");
        assert_eq!(copy.kept_file(Path::new("errors/503.http")), Some(&b"HTTP/1.0 503\r\n\r\n"[..]));
        assert_eq!(copy.kept_file(Path::new("other")), None);
        assert_eq!(copy.kept_host("a.test"), Some("::1".parse().unwrap()));
        assert_eq!((copy.kept_host("b.test"), copy.kept_host("c.test")), (None, None));
        assert_eq!(
            (copy.generation, copy.environment, copy.overrides),
            (7, bundle.environment, bundle.overrides)
        );
    }

    #[test]
    fn cut_short_is_malformed() {
        let bytes = Bundle::default().encode();
        assert!(Bundle::decode(&bytes[..bytes.len() - 1]).is_err());
    }
}
