//! The protocol version of a message.

/// Protocol version as received; ordered, so `version >= Version::HTTP_11` reads as it should.
///
/// HAProxy forwards 0.9 and 1.0 as they are and everything above as 1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    pub major: u8,
    pub minor: u8,
}

impl Version {
    pub const HTTP_09: Version = Version { major: 0, minor: 9 };
    pub const HTTP_10: Version = Version { major: 1, minor: 0 };
    pub const HTTP_11: Version = Version { major: 1, minor: 1 };
    pub const HTTP_2: Version = Version { major: 2, minor: 0 };
    pub const HTTP_3: Version = Version { major: 3, minor: 0 };

    /// True where the connection persists unless `close` is asked for (RFC 9112 section 9.3).
    pub fn is_persistent(self) -> bool {
        self >= Version::HTTP_11
    }
}

impl Default for Version {
    fn default() -> Version {
        Version::HTTP_11
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HTTP/{}.{}", self.major, self.minor)
    }
}
