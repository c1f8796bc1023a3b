//! The three lines that a session begins with, and the answer to them.

use std::fmt;

const PROTOCOL: &str = "HAProxyS";
const MAJOR: u32 = 2;
const MINOR: u32 = 1;
/// The lines of a greeting are no longer than this.
pub const LONGEST: usize = 4096;

/// Who calls, and for whom he takes the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The name of the process that is called.
    pub to: String,
    /// The name of the caller.
    pub from: String,
    pub pid: u32,
}

/// The answer to a greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Succeeded,
    TryAgain,
    ProtocolError,
    BadVersion,
    /// The caller takes the other side for somebody else.
    LocalMismatch,
    /// The caller is nobody that the other side knows.
    RemoteMismatch,
}

impl Status {
    const ALL: [Status; 6] = [
        Status::Succeeded,
        Status::TryAgain,
        Status::ProtocolError,
        Status::BadVersion,
        Status::LocalMismatch,
        Status::RemoteMismatch,
    ];

    pub const fn code(self) -> u16 {
        match self {
            Status::Succeeded => 200,
            Status::TryAgain => 300,
            Status::ProtocolError => 501,
            Status::BadVersion => 502,
            Status::LocalMismatch => 503,
            Status::RemoteMismatch => 504,
        }
    }

    /// As the line that is sent.
    pub fn line(self) -> String {
        format!("{}\n", self.code())
    }

    /// Reads a line without its end.
    pub fn read(line: &[u8]) -> Option<Self> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let code: u16 = std::str::from_utf8(line).ok()?.parse().ok()?;
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

impl fmt::Display for Hello {
    /// The relative number of a process has been 1 since HAProxy runs one of them only.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{PROTOCOL} {MAJOR}.{MINOR}\n{}\n{} {} 1\n", self.to, self.from, self.pid)
    }
}

impl Hello {
    /// Reads a greeting from the front of `bytes`: it and its length; nothing as long as lines are missing. Each line is
    /// judged as soon as it is there.
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, Status> {
        let mut at = 0;
        let mut line = || {
            let end = bytes[at..].iter().position(|byte| *byte == b'\n')?;
            let line = &bytes[at..at + end];
            at += end + 1;
            Some(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned())
        };
        let missing = || if bytes.len() > LONGEST { Err(Status::ProtocolError) } else { Ok(None) };
        let Some(first) = line() else { return missing() };
        let (protocol, version) = first.split_once(' ').ok_or(Status::ProtocolError)?;
        if protocol != PROTOCOL {
            return Err(Status::ProtocolError);
        }
        let (major, minor) = version.split_once('.').ok_or(Status::BadVersion)?;
        let version = (major.parse::<u32>(), minor.parse::<u32>());
        if !matches!(version, (Ok(MAJOR), Ok(minor)) if minor <= MINOR) {
            return Err(Status::BadVersion);
        }
        let Some(to) = line() else { return missing() };
        let Some(last) = line() else { return missing() };
        let mut words = last.split(' ');
        let from = words.next().unwrap_or_default().to_owned();
        let pid = words.next().and_then(|pid| pid.parse().ok()).ok_or(Status::ProtocolError)?;
        words.next().ok_or(Status::ProtocolError)?;
        Ok(Some((Self { to, from, pid }, at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What HAProxy 2.8 sends.
    #[test]
    fn a_greeting() {
        let hello = Hello { to: "B".into(), from: "A".into(), pid: 22267 };
        assert_eq!(hello.to_string(), "HAProxyS 2.1\nB\nA 22267 1\n");
        assert_eq!(Hello::read(b"HAProxyS 2.1\nB\nA 22267 1\n\0\0"), Ok(Some((hello, 25))));
        assert_eq!(Hello::read(b"HAProxyS 2.1\nB\nA 222"), Ok(None));
        assert_eq!(Hello::read(b""), Ok(None));
    }

    /// How HAProxy 2.8 answers these.
    #[test]
    fn greetings_that_are_refused() {
        let refused: [(&[u8], Status); 9] = [
            (b"HAProxyS 2.9\nA\nB 1 1\n", Status::BadVersion),
            (b"HAProxyS 3.0\nA\nB 1 1\n", Status::BadVersion),
            (b"HAProxyS 1.0\nA\nB 1 1\n", Status::BadVersion),
            (b"HAProxyS 2\nA\nB 1 1\n", Status::BadVersion),
            (b"HAProxyS 2.x\nA\nB 1 1\n", Status::BadVersion),
            (b"Foo 2.1\nA\nB 1 1\n", Status::ProtocolError),
            (b"HAProxyS\nA\nB 1 1\n", Status::ProtocolError),
            (b"HAProxyS 2.1\nA\nB\n", Status::ProtocolError),
            (b"GET / HTTP/1.0\r\n\r\n", Status::ProtocolError),
        ];
        for (bytes, status) in refused {
            assert_eq!(Hello::read(bytes), Err(status), "{}", String::from_utf8_lossy(bytes));
        }
        for taken in [&b"HAProxyS 2.0\nA\nB 1 1\n"[..], b"HAProxyS 2.1\r\nA\r\nB 1 1\r\n"] {
            assert!(matches!(Hello::read(taken), Ok(Some((Hello { pid: 1, .. }, _)))));
        }
        assert_eq!(Hello::read(&[b'x'; LONGEST + 1]), Err(Status::ProtocolError));
    }

    #[test]
    fn answers() {
        for status in Status::ALL {
            assert_eq!(Status::read(status.line().trim_end().as_bytes()), Some(status));
        }
        assert_eq!(Status::read(b"200\r"), Some(Status::Succeeded));
        assert_eq!(Status::read(b"201"), None);
        assert_eq!(Status::read(b"\xff"), None);
    }
}
