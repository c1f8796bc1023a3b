//! Files that a configuration names: read and kept by the supervisor, found again by children.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use weir_config::files::Files;

use crate::bundle::Bundle;

/// Reads from disk, and keeps what was read for the bundle.
#[derive(Default)]
pub struct Recorder {
    files: RefCell<Vec<(PathBuf, Vec<u8>)>>,
}

impl Recorder {
    pub fn files(self) -> Vec<(PathBuf, Vec<u8>)> {
        self.files.into_inner()
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
}

/// Only what the supervisor kept: the disk may be out of reach or may have changed.
pub struct Kept<'a>(pub &'a Bundle);

impl Files for Kept<'_> {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.0.kept_file(Path::new(name)).map(<[u8]>::to_vec)
    }
}
