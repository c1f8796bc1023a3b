//! Pattern and map files (manual 2.7): read once under their name, shared by every ACL and map that names them.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::sync::Arc;

use weir_types::IpVersion;

use super::entries::Entries;
use super::reference::Reference;

/// What a configuration asks of the machine: from the bundle, or from the system while it is being built.
pub trait Files {
    /// The whole file. Any failure is worded by the caller as HAProxy words it.
    fn read(&self, name: &str) -> Option<Vec<u8>>;

    /// The first address of a host, of one version where `only` says so. All processes must come to the same one, also in a `chroot`: whoever builds a bundle
    /// keeps the system's answers in it.
    fn address(&self, host: &str, only: Option<IpVersion>) -> Option<IpAddr> {
        system_address(host, only)
    }

    /// The names in a directory, in alphabetic order; `None` where there is no directory of that name.
    fn list(&self, _directory: &str) -> Option<Vec<String>> {
        None
    }
}

/// What the system's lookup says first.
pub fn system_address(host: &str, only: Option<IpVersion>) -> Option<IpAddr> {
    let fits = |ip: &IpAddr| only.is_none_or(|only| (only == IpVersion::V4) == ip.is_ipv4());
    // The number form of an IPv4 address is one of the lookup's own.
    if let Ok(number) = host.parse::<u32>() {
        return Some(Ipv4Addr::from(number).into()).filter(fits);
    }
    (host, 0).to_socket_addrs().ok()?.map(|address| address.ip()).find(fits)
}

/// No file exists.
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }
}

/// Key and value of each line that has one, with the line's number from 1: comments and empty lines are left out.
pub fn lines(bytes: &[u8], two_columns: bool) -> impl Iterator<Item = (u32, &[u8], &[u8])> {
    let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|byte| *byte == b'\n');
    lines.zip(1..).filter_map(move |(line, number)| {
        let (key, value) = line_of(line, two_columns)?;
        Some((number, key, value))
    })
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn line_of(line: &[u8], two_columns: bool) -> Option<(&[u8], &[u8])> {
    let end = line.iter().rposition(|byte| *byte != b'\r')? + 1;
    let line = &line[..end];
    if line.starts_with(b"#") {
        return None;
    }
    let line = &line[line.iter().position(|byte| !is_blank(byte))?..];
    if !two_columns {
        return Some((line, b""));
    }
    let (key, value) = line.split_at(line.iter().position(is_blank).unwrap_or(line.len()));
    let value = match value.iter().position(|byte| !is_blank(byte)) {
        Some(start) => &value[start..=value.iter().rposition(|byte| !is_blank(byte)).unwrap_or(start)],
        None => &[],
    };
    Some((key, value))
}

/// The entries of a file.
fn load(bytes: &[u8], two_columns: bool) -> Entries {
    let mut entries = Entries::default();
    for (name, (_, key, value)) in lines(bytes, two_columns).enumerate() {
        if !entries.has_room(key.len() + value.len()) {
            break;
        }
        entries.push(name as u32, key, value);
    }
    entries
}

/// Every reference of a configuration so far.
#[derive(Debug, Default)]
pub struct References {
    files: RefCell<HashMap<Box<str>, Arc<Reference>>>,
    /// In the order they came up.
    all: RefCell<Vec<Arc<Reference>>>,
    /// Asked for with `-u`.
    chosen: RefCell<HashSet<u32>>,
}

impl References {
    /// The reference of this name; `opt@` names may be absent and `virt@` names have no file. The error is HAProxy's
    /// text.
    pub fn open(&self, files: &dyn Files, name: &str, two_columns: bool) -> Result<Arc<Reference>, String> {
        if let Some(known) = self.files.borrow().get(name) {
            let columns = |two: bool| if two { "two" } else { "one" };
            return match known.two_columns == two_columns {
                true => Ok(known.clone()),
                false => Err(format!(
                    "The file \"{name}\" is already used as {} column file and cannot be used by as {} column file.",
                    columns(known.two_columns),
                    columns(two_columns)
                )),
            };
        }
        let bytes = if name.starts_with("virt@") {
            Vec::new()
        } else if let Some(path) = name.strip_prefix("opt@") {
            files.read(path).unwrap_or_default()
        } else {
            let path = path_of(name);
            files.read(path).ok_or_else(|| format!("failed to open pattern file <{path}>"))?
        };
        let reference = Arc::new(Reference::new(name, two_columns, load(&bytes, two_columns)));
        self.files.borrow_mut().insert(name.into(), reference.clone());
        self.all.borrow_mut().push(reference.clone());
        Ok(reference)
    }

    /// The reference that a rule changes (`set-map`, `add-acl`), which may be declared further down.
    pub fn named(&self, name: &str) -> Option<Arc<Reference>> {
        self.files.borrow().get(name).cloned()
    }

    /// Patterns written in the configuration itself.
    pub fn inline(&self, entries: Entries) -> Arc<Reference> {
        let reference = Arc::new(Reference::new("", false, entries));
        self.all.borrow_mut().push(reference.clone());
        reference
    }

    /// `-u`: the number that a reference is to have. False: another one has it.
    pub fn choose_id(&self, reference: &Reference, id: u32) -> bool {
        reference.set_id(id);
        self.chosen.borrow_mut().insert(id)
    }

    /// All of them, numbered in their order.
    pub fn all(&self) -> Vec<Arc<Reference>> {
        let chosen = self.chosen.borrow();
        let mut free = (0..).filter(|id| !chosen.contains(id));
        let all = self.all.borrow();
        for reference in all.iter().filter(|reference| !chosen.contains(&reference.id())) {
            reference.set_id(free.next().unwrap_or(u32::MAX));
        }
        all.clone()
    }
}

/// The path that a name of a file stands for.
pub fn path_of(name: &str) -> &str {
    name.strip_prefix("file@").or_else(|| name.strip_prefix("opt@")).unwrap_or(name)
}

/// The line that an entry of a file came from.
pub fn line_number(files: &dyn Files, name: &str, two_columns: bool, entry: u32) -> u32 {
    let bytes = files.read(path_of(name)).unwrap_or_default();
    lines(&bytes, two_columns).nth(entry as usize).map_or(0, |(number, ..)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_blanks_and_values() {
        let text = b"# comment\nkey1 value1\n  abc\thello world \n\n #sharp x\r\nalone\n";
        let read: Vec<_> = lines(text, true).collect();
        let expected: [(u32, &[u8], &[u8]); 4] =
            [(2, b"key1", b"value1"), (3, b"abc", b"hello world"), (5, b"#sharp", b"x"), (6, b"alone", b"")];
        assert_eq!(read, expected);
        assert_eq!(lines(text, false).nth(1).expect("a line").1, b"abc\thello world ");
    }

    #[test]
    fn a_host_has_an_address_of_the_version_that_is_asked_for_or_none() {
        let found = |host, only| system_address(host, only).map(|ip| ip.to_string());
        assert_eq!(found("127.0.0.1", Some(IpVersion::V4)).as_deref(), Some("127.0.0.1"));
        assert_eq!(found("127.0.0.1", Some(IpVersion::V6)), None);
        assert_eq!(found("2130706433", Some(IpVersion::V6)), None);
        assert_eq!(found("::1", Some(IpVersion::V6)).as_deref(), Some("::1"));
        assert_eq!(found("::1", Some(IpVersion::V4)), None);
        assert_eq!(found("::1", None).as_deref(), Some("::1"));
    }
}
