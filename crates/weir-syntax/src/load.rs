//! Configuration files into memory: repeated `-f`, directories, files behind `--` (management manual, section 3).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};
use weir_types::{Diagnostic, Form, Level, Sources};

/// Nothing is parsed when a file cannot be had.
#[derive(Debug)]
pub enum LoadError {
    /// A path of the command line leads nowhere.
    Missing { path: PathBuf, error: io::Error },
    /// A directory or one of its entries cannot be examined; HAProxy names the directory.
    Directory { path: PathBuf, error: io::Error },
    /// A file is there and cannot be read.
    Unreadable { path: PathBuf, error: io::Error },
    /// More files than spans can number.
    TooMany,
}

impl std::error::Error for LoadError {}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { path, error } => {
                write!(f, "Cannot open configuration file/directory {} : {}", path.display(), reason(error))
            }
            Self::Directory { path, error } => {
                write!(f, "Cannot open configuration file {} : {}", path.display(), reason(error))
            }
            Self::Unreadable { path, error } => {
                write!(f, "Could not open configuration file {} : {}", path.display(), reason(error))
            }
            Self::TooMany => f.write_str("too many configuration files"),
        }
    }
}

impl From<&LoadError> for Diagnostic {
    fn from(error: &LoadError) -> Self {
        Diagnostic::new(Level::Alert, Form::Config, None, error.to_string())
    }
}

/// Reads every file that the paths of the command line name, in their order; a directory stands for its files.
/// An empty result means that there was no path, or only directories without a configuration.
pub fn load<P: AsRef<Path>>(paths: &[P]) -> Result<Sources, LoadError> {
    let mut files = Vec::new();
    for path in paths {
        let path = path.as_ref();
        let missing = |error| LoadError::Missing { path: path.into(), error };
        match fs::metadata(path).map_err(missing)?.is_dir() {
            true => files.extend(directory(path)?),
            false => files.push(path.to_owned()),
        }
    }
    let mut sources = Sources::default();
    if files.len() > usize::from(u16::MAX) {
        return Err(LoadError::TooMany);
    }
    for path in files {
        let text = fs::read(&path).map_err(|error| LoadError::Unreadable { path: path.clone(), error })?;
        sources.add(path.to_string_lossy(), text);
    }
    Ok(sources)
}

/// The `*.cfg` entries that are no directories and not hidden, in lexical order.
fn directory(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let failed = |error| LoadError::Directory { path: path.into(), error };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if is_configuration(&entry.file_name()) && !fs::metadata(entry.path()).map_err(failed)?.is_dir() {
            files.push(entry.path());
        }
    }
    files.sort_by(|left, right| left.file_name().cmp(&right.file_name()));
    Ok(files)
}

fn is_configuration(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.ends_with(b".cfg") && !name.starts_with(b".")
}

/// The system's words without Rust's ` (os error 2)`.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::load;
    use std::fs;
    use std::path::PathBuf;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("weir-syntax-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory for the test");
        path
    }

    #[test]
    fn a_directory_stands_for_its_files_in_lexical_order() {
        let path = directory("order");
        for name in ["b.cfg", "a.cfg", ".hidden.cfg", "c.conf"] {
            fs::write(path.join(name), "global\n").expect("a file");
        }
        fs::create_dir_all(path.join("d.cfg")).expect("a directory");
        let single = path.join("c.conf");
        let sources = load(&[&single, &path, &path.join("b.cfg")]).expect("files");
        let names: Vec<_> =
            sources.files.iter().map(|file| file.name.rsplit('/').next().unwrap_or("")).collect();
        assert_eq!(names, ["c.conf", "a.cfg", "b.cfg", "b.cfg"]);
        assert!(load(&[path.join("d.cfg")]).expect("no files").files.is_empty());
        fs::remove_dir_all(path).expect("the test's own directory");
    }

    #[test]
    fn what_cannot_be_had_is_said_as_haproxy_says_it() {
        let path = directory("missing");
        let name = path.join("nope").display().to_string();
        let expected = format!("Cannot open configuration file/directory {name} : No such file or directory");
        assert_eq!(load(&[&name]).unwrap_err().to_string(), expected);
        std::os::unix::fs::symlink("nope", path.join("m.cfg")).expect("a link");
        let expected =
            format!("Cannot open configuration file {} : No such file or directory", path.display());
        assert_eq!(load(&[&path]).unwrap_err().to_string(), expected);
        fs::remove_dir_all(path).expect("the test's own directory");
    }
}
