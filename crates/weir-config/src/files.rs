//! Where the files that keywords name come from: the bundle, or the file system while it is being built.

use std::borrow::Cow;
use std::cell::RefCell;
use std::net::IpAddr;

pub use weir_sample::{Files, NoFiles, system_address};
use weir_types::IpVersion;

/// The file system, as the process sees it now.
pub struct SystemFiles;

impl Files for SystemFiles {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(name).ok()
    }

    fn list(&self, directory: &str) -> Option<Vec<String>> {
        listed(directory)
    }
}

/// The names in a directory on disk, sorted.
pub fn listed(directory: &str) -> Option<Vec<String>> {
    let entries = std::fs::read_dir(directory).ok()?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Some(names)
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

impl Rebased<'_> {
    fn path<'n>(&self, name: &'n str) -> Cow<'n, str> {
        match &*self.directory.borrow() {
            Some(directory) if !name.starts_with('/') => format!("{directory}/{name}").into(),
            _ => name.into(),
        }
    }
}

impl Files for Rebased<'_> {
    fn address(&self, host: &str, only: Option<IpVersion>) -> Option<IpAddr> {
        self.files.address(host, only)
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.files.read(&self.path(name))
    }

    fn list(&self, directory: &str) -> Option<Vec<String>> {
        self.files.list(&self.path(directory))
    }
}
