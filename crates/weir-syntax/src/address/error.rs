//! What is wrong with an address, in HAProxy's words.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    pub kind: AddressErrorKind,
    /// The address as written.
    pub text: Box<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressErrorKind {
    /// The host is neither an address nor, if it was looked up, the name of one. Callers that look names up report
    /// failure with this too.
    Host {
        host: Box<str>,
    },
    PortMissing,
    PortRangeNotAllowed,
    PortOffsetNotAllowed,
    PortCharacter {
        character: char,
        port: Box<str>,
    },
    Port {
        port: Box<str>,
    },
    PortRange {
        range: Box<str>,
    },
    Datagram,
    Stream,
    DescriptorNotInteger {
        value: Box<str>,
    },
    DescriptorNotAllowed,
    PathTooLong {
        maximum: usize,
    },
    /// QUIC where there is none; the number is the socket family's. Callers without QUIC report it with this too.
    Quic {
        family: u8,
    },
}

impl AddressError {
    /// A host name that stands for no address.
    pub fn unknown_host(host: &str, text: &str) -> Self {
        Self { kind: AddressErrorKind::Host { host: host.into() }, text: text.into() }
    }
}

impl std::error::Error for AddressError {}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use AddressErrorKind as Kind;
        let text = &self.text;
        match &self.kind {
            Kind::Host { host } => write!(f, "invalid address: '{host}' in '{text}'"),
            Kind::PortMissing => write!(f, "missing port specification in '{text}'"),
            Kind::PortRangeNotAllowed => write!(f, "port range not permitted here in '{text}'"),
            Kind::PortOffsetNotAllowed => write!(f, "port offset not permitted here in '{text}'"),
            Kind::PortCharacter { character, port } => {
                write!(f, "invalid character '{character}' in port number '{port}' in '{text}'")
            }
            Kind::Port { port } => write!(f, "invalid port '{port}'"),
            Kind::PortRange { range } => write!(f, "invalid port range '{range}'"),
            Kind::Datagram => write!(f, "dgram-type address not acceptable in '{text}'"),
            Kind::Stream => write!(f, "stream-type address not acceptable in '{text}'"),
            Kind::DescriptorNotInteger { value } => {
                write!(f, "file descriptor '{value}' is not a valid integer in '{text}'")
            }
            Kind::DescriptorNotAllowed => write!(f, "a file descriptor is not acceptable here in '{text}'"),
            Kind::PathTooLong { maximum } => write!(f, "socket path '{text}' too long (max {maximum})"),
            Kind::Quic { family } => write!(
                f,
                "unsupported stream protocol for datagram family {family} address '{text}'; QUIC is not compiled in \
                 if this is what you were looking for."
            ),
        }
    }
}
