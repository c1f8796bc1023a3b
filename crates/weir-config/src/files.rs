//! Where the files that keywords name come from: the bundle, or the file system while it is being built.

pub trait Files {
    /// The whole file. Any failure is worded by the caller as HAProxy words it.
    fn read(&self, name: &str) -> Option<Vec<u8>>;
}

/// No file exists.
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }
}

/// The file system, as the process sees it now.
pub struct SystemFiles;

impl Files for SystemFiles {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(name).ok()
    }
}
