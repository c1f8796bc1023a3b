//! Pattern and map files (manual 2.7): read once under their name, shared by every ACL and map that names them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::sync::Arc;

/// What a configuration asks of the machine: from the bundle, or from the system while it is being built.
pub trait Files {
    /// The whole file. Any failure is worded by the caller as HAProxy words it.
    fn read(&self, name: &str) -> Option<Vec<u8>>;

    /// The first address of a host. All processes must come to the same one, also in a `chroot`: whoever builds a bundle
    /// keeps the system's answers in it.
    fn address(&self, host: &str) -> Option<IpAddr> {
        system_address(host)
    }

    /// The names in a directory, in alphabetic order; `None` where there is no directory of that name.
    fn list(&self, _directory: &str) -> Option<Vec<String>> {
        None
    }
}

/// What the system's lookup says first.
pub fn system_address(host: &str) -> Option<IpAddr> {
    // The number form of an IPv4 address is one of the lookup's own.
    if let Ok(number) = host.parse::<u32>() {
        return Some(Ipv4Addr::from(number).into());
    }
    (host, 0).to_socket_addrs().ok()?.next().map(|address| address.ip())
}

/// No file exists.
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }
}

/// One line of a pattern or map file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: u32,
    pub key: Box<str>,
    /// What stands behind the key, if the file is a map.
    pub value: Box<str>,
}

/// A file's lines, comments and empty ones left out.
#[derive(Clone, Debug)]
pub struct PatternFile {
    pub name: Box<str>,
    /// Whether keys are followed by values.
    pub map: bool,
    pub lines: Vec<Line>,
}

impl PatternFile {
    /// Bytes that are not UTF-8 become U+FFFD; such keys never match.
    fn parse(name: &str, bytes: &[u8], map: bool) -> PatternFile {
        let text = String::from_utf8_lossy(bytes);
        let lines =
            text.lines().zip(1..).filter_map(|(line, number)| Self::line(line, number, map)).collect();
        PatternFile { name: name.into(), map, lines }
    }

    fn line(line: &str, number: u32, map: bool) -> Option<Line> {
        let blank = |letter: char| letter == ' ' || letter == '\t';
        let line = line.trim_end_matches('\r');
        if line.starts_with('#') {
            return None;
        }
        let line = line.trim_start_matches(blank);
        if line.is_empty() {
            return None;
        }
        if !map {
            return Some(Line { number, key: line.into(), value: "".into() });
        }
        let (key, value) = line.split_once(blank).unwrap_or((line, ""));
        Some(Line { number, key: key.into(), value: value.trim_matches(blank).into() })
    }
}

/// A name, and whether the file was read as a map.
type Key = (Box<str>, bool);

/// Every file named by the configuration so far.
#[derive(Debug, Default)]
pub struct References {
    known: RefCell<HashMap<Key, Arc<PatternFile>>>,
}

impl References {
    /// The file of this name; `opt@` names may be absent and `virt@` names have no file. The error is HAProxy's text.
    pub fn open(&self, files: &dyn Files, name: &str, map: bool) -> Result<Arc<PatternFile>, String> {
        if let Some(file) = self.known.borrow().get(&(name.into(), map)) {
            return Ok(file.clone());
        }
        let bytes = if name.starts_with("virt@") {
            Vec::new()
        } else if let Some(path) = name.strip_prefix("opt@") {
            files.read(path).unwrap_or_default()
        } else {
            let path = name.strip_prefix("file@").unwrap_or(name);
            files.read(path).ok_or_else(|| format!("failed to open pattern file <{path}>"))?
        };
        let file = Arc::new(PatternFile::parse(name, &bytes, map));
        self.known.borrow_mut().insert((name.into(), map), file.clone());
        Ok(file)
    }

    /// Every file, in no order.
    pub fn all(&self) -> Vec<Arc<PatternFile>> {
        self.known.borrow().values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_blanks_and_values() {
        let text = b"# comment\nkey1 value1\n  abc\thello world \n\n #sharp x\nalone\n";
        let file = PatternFile::parse("m", text, true);
        let read: Vec<_> = file.lines.iter().map(|line| (line.number, &*line.key, &*line.value)).collect();
        assert_eq!(
            read,
            [(2, "key1", "value1"), (3, "abc", "hello world"), (5, "#sharp", "x"), (6, "alone", "")]
        );
        let keys = PatternFile::parse("m", text, false);
        assert_eq!(&*keys.lines[1].key, "abc\thello world ");
    }
}
