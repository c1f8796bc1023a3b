//! A change of certificates and what belongs to them on its way to all processes, as bytes.

use crate::certificate::Parts;

/// What one edit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// `commit ssl cert`
    Certificate(Named),
    /// An OCSP response for certificates with one identifier.
    Response { names: Vec<String>, der: Vec<u8> },
    /// `commit ssl ca-file`, `commit ssl crl-file`: the file by its name.
    Authorities { name: String, pem: Vec<u8> },
    /// `set ssl tls-key`
    TicketKey { file: String, key: Vec<u8> },
    /// `add ssl crt-list`
    Add(Box<Line>),
    /// `del ssl crt-list`
    Remove { list: String, certificate: String, number: u32 },
    /// `add ssl jwt`, `del ssl jwt`
    Tokens { certificate: Named, usable: bool },
}

/// A certificate: its name and its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub parts: Parts,
}

/// A line of a list with all that it names, so that no process looks for a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub list: String,
    pub number: u32,
    pub text: String,
    pub certificate: Named,
    /// What its `ca-file` and `crl-file` name.
    pub authorities: Vec<(String, Vec<u8>)>,
}

/// What an update is about: of two about the same, the later one counts.
#[derive(PartialEq, Eq)]
enum Subject<'u> {
    Certificate(&'u str),
    Authorities(&'u str),
    Response(&'u [String]),
    Tokens(&'u str),
}

impl Update {
    fn subject(&self) -> Option<Subject<'_>> {
        match self {
            Self::Certificate(named) => Some(Subject::Certificate(&named.name)),
            Self::Authorities { name, .. } => Some(Subject::Authorities(name)),
            Self::Response { names, .. } => Some(Subject::Response(names)),
            Self::Tokens { certificate, .. } => Some(Subject::Tokens(&certificate.name)),
            _ => None,
        }
    }

    /// Fewer updates of the same effect.
    pub fn condense(updates: Vec<Self>) -> Vec<Self> {
        let superseded = |at: usize| {
            let subject = updates[at].subject();
            subject.is_some() && updates[at + 1..].iter().any(|later| later.subject() == subject)
        };
        let gone: Vec<bool> = (0..updates.len()).map(superseded).collect();
        updates.into_iter().zip(gone).filter(|(_, gone)| !gone).map(|(update, _)| update).collect()
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Certificate(named) => {
                out.push(1);
                put_named(&mut out, named);
            }
            Self::Authorities { name, pem } => {
                out.push(2);
                put(&mut out, Some(name.as_bytes()));
                put(&mut out, Some(pem));
            }
            Self::TicketKey { file, key } => {
                out.push(3);
                put(&mut out, Some(file.as_bytes()));
                put(&mut out, Some(key));
            }
            Self::Add(line) => {
                out.push(4);
                put(&mut out, Some(line.list.as_bytes()));
                out.extend_from_slice(&line.number.to_be_bytes());
                put(&mut out, Some(line.text.as_bytes()));
                put_named(&mut out, &line.certificate);
                for (name, pem) in &line.authorities {
                    put(&mut out, Some(name.as_bytes()));
                    put(&mut out, Some(pem));
                }
            }
            Self::Remove { list, certificate, number } => {
                out.push(5);
                put(&mut out, Some(list.as_bytes()));
                put(&mut out, Some(certificate.as_bytes()));
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Response { names, der } => {
                out.push(6);
                put(&mut out, Some(der));
                names.iter().for_each(|name| put(&mut out, Some(name.as_bytes())));
            }
            Self::Tokens { certificate, usable } => {
                out.push(7);
                out.extend_from_slice(&u32::from(*usable).to_be_bytes());
                put_named(&mut out, certificate);
            }
        }
        out
    }

    /// `None`: the bytes are none of [`Update::encode`].
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let from = &mut Source(rest);
        let update = match kind {
            1 => Self::Certificate(from.named()?),
            2 => Self::Authorities { name: from.text()?, pem: from.part()?? },
            3 => Self::TicketKey { file: from.text()?, key: from.part()?? },
            4 => {
                let (list, number, text) = (from.text()?, from.number()?, from.text()?);
                let certificate = from.named()?;
                let mut authorities = Vec::new();
                while !from.0.is_empty() {
                    authorities.push((from.text()?, from.part()??));
                }
                Self::Add(Box::new(Line { list, number, text, certificate, authorities }))
            }
            5 => Self::Remove { list: from.text()?, certificate: from.text()?, number: from.number()? },
            6 => {
                let der = from.part()??;
                let mut names = Vec::new();
                while !from.0.is_empty() {
                    names.push(from.text()?);
                }
                Self::Response { names, der }
            }
            7 => {
                let usable = from.number()? == 1;
                Self::Tokens { certificate: from.named()?, usable }
            }
            _ => return None,
        };
        from.0.is_empty().then_some(update)
    }
}

fn put(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    out.push(u8::from(bytes.is_some()));
    let bytes = bytes.unwrap_or_default();
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn put_named(out: &mut Vec<u8>, named: &Named) {
    put(out, Some(named.name.as_bytes()));
    let parts = &named.parts;
    put(out, Some(&parts.pem));
    for part in [&parts.key, &parts.ocsp, &parts.issuer, &parts.sctl] {
        put(out, part.as_deref());
    }
    put(out, parts.chain.as_deref());
}

/// Bytes that are read from the front.
struct Source<'b>(&'b [u8]);

impl Source<'_> {
    fn part(&mut self) -> Option<Option<Vec<u8>>> {
        let (head, tail) = self.0.split_at_checked(9)?;
        let length = usize::try_from(u64::from_be_bytes(head[1..].try_into().ok()?)).ok()?;
        let (part, tail) = tail.split_at_checked(length)?;
        self.0 = tail;
        Some((head[0] == 1).then(|| part.to_vec()))
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.part()??).ok()
    }

    fn number(&mut self) -> Option<u32> {
        let (head, tail) = self.0.split_first_chunk()?;
        self.0 = tail;
        Some(u32::from_be_bytes(*head))
    }

    fn named(&mut self) -> Option<Named> {
        let (name, pem) = (self.text()?, self.part()??);
        let (key, ocsp, issuer) = (self.part()?, self.part()?, self.part()?);
        let (sctl, chain) = (self.part()?, self.part()?.map(Into::into));
        Some(Named { name, parts: Parts { pem, key, ocsp, issuer, sctl, chain } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(name: &str, pem: &[u8]) -> Update {
        let parts = Parts { pem: pem.to_vec(), ocsp: Some(Vec::new()), ..Parts::default() };
        Update::Certificate(Named { name: name.into(), parts })
    }

    fn remove(number: u32) -> Update {
        Update::Remove { list: "l".into(), certificate: "a".into(), number }
    }

    #[test]
    fn comes_out_as_it_went_in() {
        let line = Line {
            list: "list".into(),
            number: 7,
            text: "a.pem [verify none] *.org".into(),
            certificate: Named { name: "a.pem".into(), ..Named::default() },
            authorities: vec![("ca".into(), b"pem".to_vec())],
        };
        let whole = [
            certificate("a.pem", b"pem"),
            Update::Authorities { name: "ca".into(), pem: b"pem".to_vec() },
            Update::TicketKey { file: "keys".into(), key: vec![1; 48] },
            remove(3),
            Update::Tokens { certificate: Named { name: "a.pem".into(), ..Named::default() }, usable: true },
        ];
        for update in whole {
            let bytes = update.encode();
            assert_eq!(Update::decode(&bytes), Some(update));
            assert!((0..bytes.len()).all(|length| Update::decode(&bytes[..length]).is_none()));
        }
        let update = Update::Add(Box::new(line));
        assert_eq!(Update::decode(&update.encode()), Some(update));
        let update = Update::Response { names: vec!["a".into(), "b".into()], der: vec![1; 300] };
        assert_eq!(Update::decode(&update.encode()), Some(update));
    }

    #[test]
    fn the_last_of_each_certificate_counts() {
        let updates = vec![
            certificate("a", b"1"),
            certificate("b", b"1"),
            remove(1),
            certificate("a", b"2"),
            remove(1),
        ];
        let kept = [certificate("b", b"1"), remove(1), certificate("a", b"2"), remove(1)];
        assert_eq!(Update::condense(updates), kept);
    }
}
