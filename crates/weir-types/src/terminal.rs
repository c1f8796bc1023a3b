//! Standard output and standard error of a process that may outlive whoever reads them: what cannot be written is lost,
//! where `print!` and `eprint!` would panic.

use std::fmt::Display;
use std::io::Write;

/// To standard output, as it stands.
pub fn print(text: impl Display) {
    let _ = write!(std::io::stdout(), "{text}");
}

/// To standard error, as it stands, in one piece as far as the system writes it so.
pub fn report(text: impl Display) {
    let _ = std::io::stderr().write_all(text.to_string().as_bytes());
}
