//! Content codings: what a client accepts, and what follows for the headers of a body that was coded on the way
//! (RFC 9110 sections 8.4, 8.8.3 and 12.5.3).

use crate::list::{Elements, trim};
use crate::{Headers, NoRoom};

/// Codings named in `accept-encoding` with their weights in thousandths, in the order of the text.
pub fn accepted(headers: &Headers) -> impl Iterator<Item = (&[u8], u32)> {
    headers.values(b"accept-encoding").flat_map(Elements::new).filter_map(|element| {
        let mut parts = element.split(|byte| *byte == b';').map(trim);
        let coding = parts.next().filter(|coding| !coding.is_empty())?;
        let weight = parts.find_map(|parameter| parameter.strip_prefix(b"q="));
        Some((coding, weight.map_or(1000, thousandths)))
    })
}

/// `0.25` as 250; whatever is beyond 1 counts as 1.
fn thousandths(text: &[u8]) -> u32 {
    let (whole, rest) = match text.iter().position(|byte| *byte == b'.') {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &b""[..]),
    };
    if whole.iter().any(|digit| (b'1'..=b'9').contains(digit)) {
        return 1000;
    }
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).take(3);
    digits.zip([100, 10, 1]).map(|(digit, place)| u32::from(digit - b'0') * place).sum()
}

/// An entity tag: quoted, with `W/` before it if it is weak.
pub fn is_entity_tag(value: &[u8]) -> bool {
    let quoted = value.strip_prefix(b"W/").unwrap_or(value);
    matches!(quoted, [b'"', .., b'"'])
}

/// A body that was coded is equivalent to what its tag stands for, but no longer the same bytes.
pub fn weaken_entity_tag(headers: &mut Headers) -> Result<(), NoRoom> {
    let Some(line) = headers.position(b"etag", 0) else { return Ok(()) };
    let tag = headers.at(line).value;
    if tag.starts_with(b"W/") {
        return Ok(());
    }
    let weak = [b"W/", tag].concat();
    headers.replace_at(line, &weak)
}

/// Tells caches that the body depends on `accept-encoding`.
pub fn vary_by_encoding(headers: &mut Headers) -> Result<(), NoRoom> {
    const NAME: &[u8] = b"Accept-Encoding";
    if headers.elements(b"vary").any(|name| name.eq_ignore_ascii_case(NAME)) {
        return Ok(());
    }
    let lines =
        std::iter::successors(headers.position(b"vary", 0), |line| headers.position(b"vary", line + 1));
    match lines.last() {
        Some(line) => {
            let longer = [headers.at(line).value, b",", NAME].concat();
            headers.replace_at(line, &longer)
        }
        None => headers.add(b"vary", NAME),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in lines {
            headers.add(name.as_bytes(), value.as_bytes()).expect("room");
        }
        headers
    }

    #[test]
    fn weights() {
        let headers = headers(&[
            ("accept-encoding", "gzip;q=0.5, br ; q=1.5,deflate;x=1;q=0.123"),
            ("accept-encoding", "*;q=0, zstd;q=0.0001"),
        ]);
        let found: Vec<(&[u8], u32)> = accepted(&headers).collect();
        let expected: [(&[u8], u32); 5] =
            [(b"gzip", 500), (b"br", 1000), (b"deflate", 123), (b"*", 0), (b"zstd", 0)];
        assert_eq!(found, expected);
    }

    // HAProxy 2.8 compresses no response whose tag is none of these, and weakens the strong ones.
    #[test]
    fn entity_tags() {
        for tag in ["\"a\"", "W/\"a\"", "\"a\", \"b\"", "\"\""] {
            assert!(is_entity_tag(tag.as_bytes()), "{tag}");
        }
        for tag in ["a", "\"a", "w/\"a\"", "", "\"", "W/a"] {
            assert!(!is_entity_tag(tag.as_bytes()), "{tag}");
        }
        for (tag, weak) in [("\"a\"", "W/\"a\""), ("W/\"a\"", "W/\"a\"")] {
            let mut headers = headers(&[("etag", tag)]);
            weaken_entity_tag(&mut headers).expect("room");
            assert_eq!(headers.find(b"etag"), Some(weak.as_bytes()));
        }
    }

    // As HAProxy 2.8 sends them.
    #[test]
    fn vary() {
        for (before, after) in [
            (&[][..], &["Accept-Encoding"][..]),
            (&["Origin"], &["Origin,Accept-Encoding"]),
            (&["*"], &["*,Accept-Encoding"]),
            (&["Origin", "User-Agent"], &["Origin", "User-Agent,Accept-Encoding"]),
            (&["Origin, accept-encoding"], &["Origin, accept-encoding"]),
        ] {
            let lines: Vec<(&str, &str)> = before.iter().map(|value| ("vary", *value)).collect();
            let mut headers = headers(&lines);
            vary_by_encoding(&mut headers).expect("room");
            let found: Vec<&[u8]> = headers.values(b"vary").collect();
            assert_eq!(found, after.iter().map(|value| value.as_bytes()).collect::<Vec<_>>());
        }
    }
}
