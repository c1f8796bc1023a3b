//! A certificate on its way to all processes (`commit ssl cert`): its name and files, as bytes.

use crate::certificate::Parts;

/// What one edit says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    pub name: String,
    pub parts: Parts,
}

impl Update {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut put = |bytes: Option<&[u8]>| {
            out.push(u8::from(bytes.is_some()));
            let bytes = bytes.unwrap_or_default();
            out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
            out.extend_from_slice(bytes);
        };
        put(Some(self.name.as_bytes()));
        put(Some(&self.parts.pem));
        for part in
            [&self.parts.key, &self.parts.ocsp, &self.parts.issuer, &self.parts.sctl, &self.parts.chain]
        {
            put(part.as_deref());
        }
        out
    }

    /// `None`: the bytes are none of [`Update::encode`].
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut take = || {
            let (head, tail) = rest.split_at_checked(9)?;
            let length = usize::try_from(u64::from_be_bytes(head[1..].try_into().ok()?)).ok()?;
            let (part, tail) = tail.split_at_checked(length)?;
            rest = tail;
            Some((head[0] == 1).then(|| part.to_vec()))
        };
        let name = String::from_utf8(take()??).ok()?;
        let pem = take()??;
        let (key, ocsp, issuer, sctl, chain) = (take()?, take()?, take()?, take()?, take()?);
        Some(Self { name, parts: Parts { pem, key, ocsp, issuer, sctl, chain } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_out_as_it_went_in() {
        let parts = Parts { pem: b"pem".to_vec(), ocsp: Some(Vec::new()), ..Parts::default() };
        let update = Update { name: "a.pem".into(), parts };
        let bytes = update.encode();
        assert_eq!(Update::decode(&bytes), Some(update));
        assert!((0..bytes.len()).all(|length| Update::decode(&bytes[..length]).is_none()));
    }
}
