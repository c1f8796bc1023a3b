//! Files and hosts that a configuration names: asked for and kept by the supervisor, found again by children.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use weir_config::files::{Files, listed, system_address};
use weir_types::IpVersion;

use crate::bundle::Bundle;

/// Asks the system, each thing once, and keeps the answers for the bundle.
#[derive(Default)]
pub struct Recorder {
    files: RefCell<Vec<(PathBuf, Vec<u8>)>>,
    hosts: RefCell<HashMap<Box<str>, Option<IpAddr>>>,
    /// Where a name stands in `files`.
    places: RefCell<HashMap<PathBuf, usize>>,
}

impl Recorder {
    pub fn fill(self, bundle: &mut Bundle) {
        bundle.files = self.files.into_inner();
        bundle.hosts = self.hosts.into_inner().into_iter().collect();
        bundle.hosts.sort_unstable();
    }

    fn keep(&self, name: PathBuf, read: impl FnOnce() -> Option<Vec<u8>>) -> Option<Vec<u8>> {
        if let Some(at) = self.places.borrow().get(&name) {
            return Some(self.files.borrow()[*at].1.clone());
        }
        let bytes = read()?;
        self.places.borrow_mut().insert(name.clone(), self.files.borrow().len());
        self.files.borrow_mut().push((name, bytes.clone()));
        Some(bytes)
    }
}

impl Files for Recorder {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.keep(name.into(), || std::fs::read(name).ok())
    }

    fn list(&self, directory: &str) -> Option<Vec<String>> {
        self.keep(listing(directory), || Some(listed(directory)?.join("\n").into_bytes())).map(names)
    }

    fn address(&self, host: &str, only: Option<IpVersion>) -> Option<IpAddr> {
        let key = host_key(host, only);
        let known = self.hosts.borrow().get(&*key).copied();
        known.unwrap_or_else(|| {
            let found = system_address(host, only);
            self.hosts.borrow_mut().insert((*key).into(), found);
            found
        })
    }
}

/// Only what the supervisor kept: the disk may be out of reach or may have changed.
pub struct Kept<'a> {
    bundle: &'a Bundle,
    places: HashMap<&'a Path, usize>,
}

impl<'a> Kept<'a> {
    pub fn new(bundle: &'a Bundle) -> Self {
        let places = bundle.files.iter().enumerate().map(|(at, (name, _))| (name.as_path(), at)).collect();
        Self { bundle, places }
    }

    fn find(&self, name: &Path) -> Option<Vec<u8>> {
        self.places.get(name).map(|at| self.bundle.files[*at].1.clone())
    }
}

impl Files for Kept<'_> {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.find(Path::new(name))
    }

    fn list(&self, directory: &str) -> Option<Vec<String>> {
        self.find(&listing(directory)).map(names)
    }

    fn address(&self, host: &str, only: Option<IpVersion>) -> Option<IpAddr> {
        self.bundle.kept_host(&host_key(host, only))
    }
}

/// Under which name the address of a host is kept, where one version of IP was asked for: no host has a zero in its own.
fn host_key(host: &str, only: Option<IpVersion>) -> Cow<'_, str> {
    match only {
        None => host.into(),
        Some(IpVersion::V4) => format!("{host}\u{0}4").into(),
        Some(IpVersion::V6) => format!("{host}\u{0}6").into(),
    }
}

/// Under which name the names in a directory are kept: no file has a zero in its own.
fn listing(directory: &str) -> PathBuf {
    format!("{directory}/\0").into()
}

fn names(kept: Vec<u8>) -> Vec<String> {
    let text = String::from_utf8(kept).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}
