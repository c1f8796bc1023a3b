//! The client's first message (RFC 8446 4.1.2, RFC 5246 7.4.1.2): read from the records it came in, before OpenSSL
//! gets them.

use std::ops::Range;

/// A client hello larger than this is left to OpenSSL, which refuses it or not.
const LARGEST: usize = 65536;

const HANDSHAKE_RECORD: u8 = 22;
const CLIENT_HELLO: u8 = 1;

/// What has arrived so far.
#[derive(Debug, PartialEq, Eq)]
pub enum HelloReader {
    /// More bytes are needed.
    Incomplete,
    Hello(ClientHello),
    /// Something else: OpenSSL will say what is wrong with it.
    Other,
}

/// One extension: its number, and where its content stands in the message.
type Extension = (u16, Range<usize>);

/// The message and where its parts stand.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// Without the header of four bytes.
    body: Vec<u8>,
    session_id: Range<usize>,
    ciphers: Range<usize>,
    extensions: Vec<Extension>,
}

pub const SERVER_NAME: u16 = 0;
pub const SUPPORTED_GROUPS: u16 = 10;
pub const POINT_FORMATS: u16 = 11;
pub const SIGNATURE_ALGORITHMS: u16 = 13;
pub const ALPN: u16 = 16;
pub const SUPPORTED_VERSIONS: u16 = 43;

impl HelloReader {
    /// Looks at all that was received from the first byte on.
    pub fn read(received: &[u8]) -> Self {
        let mut message = Vec::new();
        let mut rest = received;
        loop {
            if message.len() >= 4 {
                if message[0] != CLIENT_HELLO {
                    return Self::Other;
                }
                let length = number(&message[1..4]);
                if length > LARGEST {
                    return Self::Other;
                }
                if message.len() >= 4 + length {
                    return match ClientHello::parse(message[4..4 + length].to_vec()) {
                        Some(hello) => Self::Hello(hello),
                        None => Self::Other,
                    };
                }
            }
            let Some(first) = rest.first() else { return Self::Incomplete };
            if *first != HANDSHAKE_RECORD || rest.get(1).is_some_and(|major| *major != 3) {
                return Self::Other;
            }
            let Some(header) = rest.get(..5) else { return Self::Incomplete };
            let length = number(&header[3..5]);
            if length == 0 || length > 16384 + 256 {
                return Self::Other;
            }
            let Some(content) = rest.get(5..5 + length) else { return Self::Incomplete };
            message.extend_from_slice(content);
            rest = &rest[5 + length..];
        }
    }
}

/// Reads the parts of a message one after the other.
struct Cursor<'b> {
    body: &'b [u8],
    at: usize,
}

impl Cursor<'_> {
    fn take(&mut self, length: usize) -> Option<Range<usize>> {
        let range = self.at..self.at.checked_add(length)?;
        (range.end <= self.body.len()).then(|| {
            self.at = range.end;
            range
        })
    }

    /// A part that stands behind its length of `width` bytes.
    fn counted(&mut self, width: usize) -> Option<Range<usize>> {
        let length = self.take(width)?;
        self.take(number(&self.body[length]))
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

impl ClientHello {
    fn parse(body: Vec<u8>) -> Option<Self> {
        let mut cursor = Cursor { body: &body, at: 34 };
        let session_id = cursor.counted(1)?;
        let ciphers = cursor.counted(2)?;
        cursor.counted(1)?;
        let mut extensions = Vec::new();
        if cursor.at < body.len() {
            let all = cursor.counted(2)?;
            let mut inner = Cursor { body: &body[..all.end], at: all.start };
            while inner.at < all.end {
                let kind = inner.take(2)?;
                let kind = number(&body[kind]) as u16;
                extensions.push((kind, inner.counted(2)?));
            }
        }
        Some(Self { body, session_id, ciphers, extensions })
    }

    /// The version in the message itself, which TLS 1.3 froze at 0x303.
    pub fn version(&self) -> u16 {
        number(&self.body[..2]) as u16
    }

    pub fn random(&self) -> &[u8] {
        &self.body[2..34]
    }

    pub fn session_id(&self) -> &[u8] {
        &self.body[self.session_id.clone()]
    }

    /// Two bytes each.
    pub fn ciphers(&self) -> &[u8] {
        &self.body[self.ciphers.clone()]
    }

    /// The numbers of the extensions in their order.
    pub fn extensions(&self) -> impl Iterator<Item = u16> {
        self.extensions.iter().map(|(kind, _)| *kind)
    }

    pub fn extension(&self, wanted: u16) -> Option<&[u8]> {
        let (_, range) = self.extensions.iter().find(|(kind, _)| *kind == wanted)?;
        Some(&self.body[range.clone()])
    }

    /// The list inside an extension that consists of one list behind its length.
    pub fn list(&self, wanted: u16, width: usize) -> Option<&[u8]> {
        let content = self.extension(wanted)?;
        let length = number(content.get(..width)?);
        content.get(width..width + length)
    }

    /// RFC 6066: the first host name.
    pub fn server_name(&self) -> Option<&[u8]> {
        let mut list = self.list(SERVER_NAME, 2)?;
        while let [kind, high, low, rest @ ..] = list {
            let name = rest.get(..number(&[*high, *low]))?;
            if *kind == 0 {
                return Some(name);
            }
            list = &rest[name.len()..];
        }
        None
    }

    /// Whether the client can use a certificate with an elliptic curve key: it says so with its signature algorithms,
    /// and before TLS 1.3 also with its ciphers.
    pub fn takes_ecdsa(&self) -> bool {
        let pairs = |list: &[u8]| list.chunks_exact(2).map(number).collect::<Vec<_>>();
        let signs = match self.list(SIGNATURE_ALGORITHMS, 2) {
            // ECDSA in the low byte (TLS 1.2) covers the names of TLS 1.3; EdDSA besides.
            Some(list) => pairs(list).iter().any(|pair| pair & 0xff == 3 || *pair == 0x807 || *pair == 0x808),
            None => false,
        };
        let offered = pairs(self.ciphers());
        let modern = self.list(SUPPORTED_VERSIONS, 1).is_some_and(|list| pairs(list).contains(&0x304));
        let suite13 = offered.iter().any(|suite| (0x1301..=0x1305).contains(suite));
        let suite12 = offered.iter().any(|suite| ECDHE_ECDSA.contains(&(*suite as u16)));
        signs && (modern && suite13 || suite12) || self.extension(SIGNATURE_ALGORITHMS).is_none() && suite12
    }
}

/// Cipher suites up to TLS 1.2 whose server signs with ECDSA (RFC 8422, 5289, 7251, 7905, 5932...).
const ECDHE_ECDSA: &[u16] = &[
    0xc006, 0xc007, 0xc008, 0xc009, 0xc00a, 0xc023, 0xc024, 0xc02b, 0xc02c, 0xc048, 0xc049, 0xc05c, 0xc05d,
    0xc072, 0xc073, 0xc086, 0xc087, 0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0xcca9,
];

#[cfg(test)]
mod tests;
