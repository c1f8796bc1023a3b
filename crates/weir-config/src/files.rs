//! Where the files that keywords name come from: the bundle, or the file system while it is being built.

pub use weir_sample::{Files, NoFiles};

/// The file system, as the process sees it now.
pub struct SystemFiles;

impl Files for SystemFiles {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(name).ok()
    }
}
