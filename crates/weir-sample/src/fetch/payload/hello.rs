//! The first TLS record of a client or server, read without decrypting anything (RFC 8446 section 4.1).

/// How far a hello could be read.
pub(super) enum Hello<'a> {
    Client(ClientHello<'a>),
    /// Some other handshake message, or one that cannot be read on: its type.
    Other(u8),
    /// More bytes are needed.
    Partial,
    /// No TLS.
    None,
}

/// The fields of a client hello that fetches show.
pub(super) struct ClientHello<'a> {
    pub version: u16,
    pub ciphers: &'a [u8],
    extensions: &'a [u8],
}

/// Splits `count` bytes off the front.
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(head)
}

fn number(bytes: &mut &[u8], width: usize) -> Option<usize> {
    Some(take(bytes, width)?.iter().fold(0, |value, byte| value << 8 | usize::from(*byte)))
}

/// A block behind its length of `width` bytes.
fn block<'a>(bytes: &mut &'a [u8], width: usize) -> Option<&'a [u8]> {
    let length = number(bytes, width)?;
    take(bytes, length)
}

/// Looks at the beginning of what a side sent.
pub(super) fn read(data: &[u8]) -> Hello<'_> {
    if data.len() < 5 {
        let begins = data.first().is_none_or(|byte| *byte == 22) && data.get(1).is_none_or(|byte| *byte >= 3);
        return if begins { Hello::Partial } else { Hello::None };
    }
    if data[0] != 22 || data[1] < 3 {
        return Hello::None;
    }
    let mut record = &data[3..];
    let Some(length) = number(&mut record, 2) else { return Hello::Partial };
    if record.len() < length.min(4) {
        return Hello::Partial;
    }
    let Some((&kind, mut message)) = record.split_first() else { return Hello::None };
    // A message that goes on in the next record is not followed.
    if number(&mut message, 3).is_none_or(|message| message + 4 > length) {
        return Hello::None;
    }
    match kind {
        1 if record.len() < length => Hello::Partial,
        1 => client(&record[..length]).map_or(Hello::Other(kind), Hello::Client),
        kind => Hello::Other(kind),
    }
}

fn client(mut record: &[u8]) -> Option<ClientHello<'_>> {
    take(&mut record, 1)?;
    let mut body = block(&mut record, 3)?;
    let version = number(&mut body, 2)? as u16;
    take(&mut body, 32)?;
    block(&mut body, 1)?;
    let ciphers = block(&mut body, 2)?;
    block(&mut body, 1)?;
    let extensions = if body.is_empty() { &[] } else { block(&mut body, 2)? };
    Some(ClientHello { version, ciphers, extensions })
}

impl<'a> ClientHello<'a> {
    /// The contents of an extension.
    pub fn extension(&self, wanted: u16) -> Option<&'a [u8]> {
        let mut rest = self.extensions;
        while !rest.is_empty() {
            let kind = number(&mut rest, 2)?;
            let contents = block(&mut rest, 2)?;
            if kind == usize::from(wanted) {
                return Some(contents);
            }
        }
        None
    }

    /// The contents of an extension that is one list behind its length.
    pub fn list(&self, wanted: u16) -> Option<&'a [u8]> {
        block(&mut self.extension(wanted)?, 2)
    }

    pub fn server_name(&self) -> Option<&'a [u8]> {
        let mut names = self.list(0)?;
        (number(&mut names, 1)? == 0).then_some(())?;
        block(&mut names, 2)
    }

    /// The groups that key shares are offered of, two bytes each.
    pub fn key_share_groups(&self) -> Option<Vec<u8>> {
        let mut shares = self.list(51)?;
        let mut groups = Vec::new();
        while !shares.is_empty() {
            groups.extend_from_slice(take(&mut shares, 2)?);
            block(&mut shares, 2)?;
        }
        Some(groups)
    }

    /// The first protocol offered.
    pub fn alpn(&self) -> Option<&'a [u8]> {
        block(&mut self.list(16)?, 1)
    }
}
