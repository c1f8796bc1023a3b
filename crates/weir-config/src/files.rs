//! Where the files that keywords name come from: the bundle, or the file system while it is being built.

use std::cell::RefCell;
use std::net::IpAddr;

pub use weir_sample::{Files, NoFiles, system_address};

/// The file system, as the process sees it now.
pub struct SystemFiles;

impl Files for SystemFiles {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(name).ok()
    }
}

/// Files whose relative names begin where `default-path` says (manual 3.1).
pub(crate) struct Rebased<'f> {
    files: &'f dyn Files,
    directory: RefCell<Option<Box<str>>>,
}

impl<'f> Rebased<'f> {
    pub fn new(files: &'f dyn Files) -> Self {
        Self { files, directory: RefCell::default() }
    }

    /// `None`: where the process was started.
    pub fn set_directory(&self, directory: Option<&str>) {
        *self.directory.borrow_mut() = directory.map(Into::into);
    }
}

impl Files for Rebased<'_> {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        match &*self.directory.borrow() {
            Some(directory) if !name.starts_with('/') => self.files.read(&format!("{directory}/{name}")),
            _ => self.files.read(name),
        }
    }

    fn address(&self, host: &str) -> Option<IpAddr> {
        self.files.address(host)
    }
}
