//! Errors of the system in HAProxy 3.4's words.

/// `ECONNREFUSED returned by OS (Connection refused)`.
pub(crate) fn system_error(error: i32) -> String {
    let text = std::io::Error::from_raw_os_error(error).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    match ERROR_NAMES.iter().find(|(number, _)| *number == error) {
        Some((_, name)) => format!("{name} returned by OS ({text})"),
        None => text.to_owned(),
    }
}

/// Error numbers of Linux that a connection can meet.
const ERROR_NAMES: &[(i32, &str)] = &[
    (1, "EPERM"),
    (2, "ENOENT"),
    (11, "EAGAIN"),
    (13, "EACCES"),
    (22, "EINVAL"),
    (24, "EMFILE"),
    (32, "EPIPE"),
    (97, "EAFNOSUPPORT"),
    (98, "EADDRINUSE"),
    (99, "EADDRNOTAVAIL"),
    (100, "ENETDOWN"),
    (101, "ENETUNREACH"),
    (103, "ECONNABORTED"),
    (104, "ECONNRESET"),
    (105, "ENOBUFS"),
    (110, "ETIMEDOUT"),
    (111, "ECONNREFUSED"),
    (112, "EHOSTDOWN"),
    (113, "EHOSTUNREACH"),
];
