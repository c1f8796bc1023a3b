//! What can go wrong when shared memory is made, mapped or filled.

use std::{fmt, io};

#[derive(Debug)]
pub enum ShmError {
    /// A system call failed; the first field names it.
    System(&'static str, io::Error),
    /// The memory was laid out by another version of the program.
    Layout { expected: u64, found: u64 },
    /// Every segment number is in use.
    TooManySegments,
    /// More names of one kind than a segment can number.
    TooManyNames,
}

impl fmt::Display for ShmError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShmError::System(call, error) => write!(out, "shared memory: {call}: {error}"),
            ShmError::Layout { expected, found } => {
                write!(out, "shared memory: laid out as {found:016x}, this program needs {expected:016x}")
            }
            ShmError::TooManySegments => out.write_str("shared memory: no segment number is left"),
            ShmError::TooManyNames => out.write_str("shared memory: too many names"),
        }
    }
}

impl std::error::Error for ShmError {}
