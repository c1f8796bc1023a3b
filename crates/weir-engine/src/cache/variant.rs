//! `process-vary`: which variants of an answer suit a request (RFC 9111 section 4.1).

use weir_http::Headers;
use weir_http::coding::accepted;
use weir_shm::Facts;

/// Headers that an answer may depend on, as bits of [`Facts::flags`].
pub const BY_ENCODING: u32 = 1;
pub const BY_REFERER: u32 = 2;
pub const BY_ORIGIN: u32 = 4;

/// The registered content codings by their bits; `identity` is what has none.
const CODINGS: [(&[u8], u32); 12] = [
    (b"gzip", 1),
    (b"x-gzip", 1),
    (b"deflate", 1 << 1),
    (b"br", 1 << 2),
    (b"compress", 1 << 3),
    (b"x-compress", 1 << 3),
    (b"aes128gcm", 1 << 4),
    (b"exi", 1 << 5),
    (b"pack200-gzip", 1 << 6),
    (b"zstd", 1 << 7),
    (b"dcb", 1 << 9),
    (b"dcz", 1 << 10),
];
const IDENTITY: u32 = 1 << 8;
const ANY: u32 = (1 << 11) - 1;

/// What of a request an answer may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Codings that the client takes.
    codings: u32,
    referer: u32,
    origin: u32,
}

impl Default for Variant {
    fn default() -> Self {
        Self { codings: ANY, referer: 0, origin: 0 }
    }
}

impl Variant {
    pub fn of_request(headers: &Headers) -> Self {
        let hash = |name: &[u8]| headers.find(name).map_or(0, crc32);
        Self { codings: codings(headers), referer: hash(b"referer"), origin: hash(b"origin") }
    }

    /// Whether a stored answer is one for this request.
    pub fn fits(&self, facts: &Facts) -> bool {
        let [codings, referer, origin] = facts.secondary;
        let by = |header: u32| facts.flags & header != 0;
        (!by(BY_ENCODING) || codings & !self.codings == 0)
            && (!by(BY_REFERER) || referer == self.referer)
            && (!by(BY_ORIGIN) || origin == self.origin)
    }

    /// What is noted of an answer to this request that depends on `flags` and is sent in `codings`.
    pub fn secondary(&self, flags: u32, codings: u32) -> [u32; 3] {
        let with = |header: u32, value: u32| if flags & header != 0 { value } else { 0 };
        [with(BY_ENCODING, codings), with(BY_REFERER, self.referer), with(BY_ORIGIN, self.origin)]
    }
}

/// The headers that `vary` names; `None` if any is not one that can be told apart here.
pub fn depends_on(headers: &Headers) -> Option<u32> {
    headers.elements(b"vary").try_fold(0, |flags, name| {
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        Some(
            flags
                | match name {
                    _ if is(b"accept-encoding") => BY_ENCODING,
                    _ if is(b"referer") => BY_REFERER,
                    _ if is(b"origin") => BY_ORIGIN,
                    _ => return None,
                },
        )
    })
}

/// The codings of an answer; `None` if any is not known.
pub fn codings_of(headers: &Headers) -> Option<u32> {
    let found = headers.elements(b"content-encoding").try_fold(0, |bits, name| {
        if name.eq_ignore_ascii_case(b"identity") { Some(bits | IDENTITY) } else { Some(bits | bit(name)?) }
    })?;
    Some(if found == 0 { IDENTITY } else { found })
}

/// What `accept-encoding` takes: everything without one; what is not named goes with `*`, and `identity` is taken
/// unless it is refused.
fn codings(headers: &Headers) -> u32 {
    if !headers.contains(b"accept-encoding") {
        return ANY;
    }
    let (mut taken, mut refused, mut others) = (0, 0, None);
    for (name, weight) in accepted(headers) {
        if name == b"*" {
            others = Some(weight > 0);
            continue;
        }
        let bit = if name.eq_ignore_ascii_case(b"identity") { Some(IDENTITY) } else { bit(name) };
        let list = if weight > 0 { &mut taken } else { &mut refused };
        *list |= bit.unwrap_or(0);
    }
    match others {
        Some(true) => ANY & !refused,
        Some(false) => taken,
        None => taken | (IDENTITY & !refused),
    }
}

fn bit(name: &[u8]) -> Option<u32> {
    CODINGS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, bit)| *bit)
}

fn crc32(value: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(value);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(lines: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in lines {
            headers.add(name.as_bytes(), value.as_bytes()).expect("room");
        }
        headers
    }

    fn stored(coding: &str) -> Facts {
        let lines = if coding.is_empty() { vec![] } else { vec![("content-encoding", coding)] };
        let codings = codings_of(&with(&lines)).expect("known");
        let secondary = Variant::default().secondary(BY_ENCODING, codings);
        Facts { flags: BY_ENCODING, secondary, ..Facts::default() }
    }

    // Hits and misses of HAProxy 2.8.
    #[test]
    fn codings_that_suit() {
        for (coding, accept, hit) in [
            ("", Some("gzip"), true),
            ("", None, true),
            ("", Some("*"), true),
            ("", Some("identity"), true),
            ("", Some("identity;q=0"), false),
            ("", Some("gzip;q=0"), true),
            ("", Some("foo"), true),
            ("gzip", Some("gzip"), true),
            ("gzip", Some("x-gzip"), true),
            ("gzip", Some("gzip, br"), true),
            ("gzip", Some("br"), false),
            ("gzip", Some("*"), true),
            ("gzip", None, true),
            ("gzip, br", Some("gzip, br"), true),
            ("gzip, br", Some("gzip"), false),
        ] {
            let lines: Vec<_> = accept.iter().map(|value| ("accept-encoding", *value)).collect();
            let variant = Variant::of_request(&with(&lines));
            assert_eq!(variant.fits(&stored(coding)), hit, "{coding:?} for {accept:?}");
        }
        assert_eq!(codings_of(&with(&[("content-encoding", "foo")])), None);
    }

    // The secondary key as `show cache` of HAProxy 2.8 shows it.
    #[test]
    fn secondary_keys() {
        assert_eq!(stored("").secondary[0].to_le_bytes(), [0, 1, 0, 0]);
        assert_eq!(stored("gzip").secondary[0].to_le_bytes(), [1, 0, 0, 0]);
        assert_eq!(stored("gzip, br").secondary[0].to_le_bytes(), [5, 0, 0, 0]);
        assert_eq!(crc32(b"a").to_le_bytes(), [0x43, 0xbe, 0xb7, 0xe8]);
    }

    #[test]
    fn headers_that_can_be_told_apart() {
        assert_eq!(
            depends_on(&with(&[("vary", "ACCEPT-encoding, referer")])),
            Some(BY_ENCODING | BY_REFERER)
        );
        assert_eq!(depends_on(&with(&[("vary", "origin"), ("vary", "accept-encoding")])), Some(5));
        for value in ["*", "user-agent", "accept-encoding, cookie", ""] {
            assert_eq!(depends_on(&with(&[("vary", value)])), None, "{value}");
        }
        let (one, other) = (Variant::of_request(&with(&[("referer", "a")])), Variant::of_request(&with(&[])));
        let facts = Facts { flags: BY_REFERER, secondary: one.secondary(BY_REFERER, 0), ..Facts::default() };
        assert!(one.fits(&facts) && !other.fits(&facts));
    }
}
