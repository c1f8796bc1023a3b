//! Files and hosts that a configuration names: asked for and kept by the supervisor, found again by children.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use weir_config::files::{Files, system_address};

use crate::bundle::Bundle;

/// Asks the system, each thing once, and keeps the answers for the bundle.
#[derive(Default)]
pub struct Recorder {
    files: RefCell<Vec<(PathBuf, Vec<u8>)>>,
    hosts: RefCell<HashMap<Box<str>, Option<IpAddr>>>,
}

impl Recorder {
    pub fn fill(self, bundle: &mut Bundle) {
        bundle.files = self.files.into_inner();
        bundle.hosts = self.hosts.into_inner().into_iter().collect();
        bundle.hosts.sort_unstable();
    }
}

impl Files for Recorder {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let path = Path::new(name);
        let known =
            self.files.borrow().iter().find(|(known, _)| known == path).map(|(_, bytes)| bytes.clone());
        if known.is_some() {
            return known;
        }
        let bytes = std::fs::read(path).ok()?;
        self.files.borrow_mut().push((path.to_path_buf(), bytes.clone()));
        Some(bytes)
    }

    fn address(&self, host: &str) -> Option<IpAddr> {
        let known = self.hosts.borrow().get(host).copied();
        known.unwrap_or_else(|| {
            let found = system_address(host);
            self.hosts.borrow_mut().insert(host.into(), found);
            found
        })
    }
}

/// Only what the supervisor kept: the disk may be out of reach or may have changed.
pub struct Kept<'a>(pub &'a Bundle);

impl Files for Kept<'_> {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.0.kept_file(Path::new(name)).map(<[u8]>::to_vec)
    }

    fn address(&self, host: &str) -> Option<IpAddr> {
        self.0.kept_host(host)
    }
}
