//! What the headers of a message say to a shared cache, as HAProxy 2.8 was seen to read them (RFC 9111 section 5).

use crate::Headers;
use crate::list::Elements;

/// What a request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestControl {
    /// It may be answered with a stored response.
    pub lookup: bool,
    /// Its response may be stored.
    pub store: bool,
}

/// How long a response says that it is fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    Seconds(u64),
    /// By `expires`, which the caller reads.
    Expires,
    /// It does not say.
    Unspecified,
    /// It cannot be read.
    Invalid,
}

impl RequestControl {
    pub fn of(headers: &Headers) -> Self {
        let mut control = Self { lookup: true, store: true };
        let mut any = false;
        for value in headers.values(b"cache-control") {
            any = true;
            for directive in Elements::new(value) {
                // Any limit on age or freshness is met by asking the server.
                let begins = |name: &[u8]| begins(directive, name);
                control.lookup &= !(begins(b"no-cache")
                    || begins(b"max-age")
                    || begins(b"max-stale")
                    || begins(b"min-fresh"));
                control.store &= !directive.eq_ignore_ascii_case(b"no-store");
            }
        }
        // Of clients that know no better.
        if !any && headers.values(b"pragma").any(|value| begins(value, b"no-cache")) {
            control.lookup = false;
        }
        control
    }
}

/// Whether a response may be stored by a shared cache: nothing forbids it, and it says how long it is fresh or how it
/// can be validated. The latest of several directives counts, with exceptions.
pub fn may_be_stored(headers: &Headers) -> bool {
    let mut permitted = true;
    let (mut fresh, mut stale_at_once) = (false, false);
    for directive in headers.elements(b"cache-control") {
        let is = |name: &[u8]| directive.eq_ignore_ascii_case(name);
        if is(b"public") {
            permitted = true;
        } else if is(b"private")
            || is(b"no-store")
            || is(b"no-cache")
            || begins(directive, b"no-cache=\"set-cookie")
        {
            permitted = false;
        } else if is(b"max-age=0") || is(b"s-maxage=0") {
            stale_at_once = true;
        } else if begins(directive, b"s-maxage") {
            // For shared caches it overrides the other one.
            (fresh, stale_at_once) = (true, false);
        } else if begins(directive, b"max-age") {
            fresh = true;
        }
    }
    let forbidden = headers.elements(b"pragma").any(|directive| directive.eq_ignore_ascii_case(b"no-cache"));
    let described = [&b"expires"[..], b"etag", b"last-modified"].iter().any(|name| headers.contains(name));
    permitted && !forbidden && !stale_at_once && (fresh || described)
}

/// Whether the answer to a request with credentials may be stored all the same.
pub fn is_public(headers: &Headers) -> bool {
    headers.elements(b"cache-control").any(|directive| directive.eq_ignore_ascii_case(b"public"))
}

/// `s-maxage`, else `max-age`, else `expires`; the last of several. A lifetime of 0 in an odd spelling counts as none.
pub fn lifetime(headers: &Headers) -> Lifetime {
    for name in [&b"s-maxage"[..], b"max-age"] {
        match headers
            .elements(b"cache-control")
            .filter(|directive| begins(directive, name))
            .last()
            .map(|directive| seconds(&directive[name.len()..]))
        {
            None | Some(Some(0)) => {}
            Some(Some(seconds)) => return Lifetime::Seconds(seconds),
            Some(None) => return Lifetime::Invalid,
        }
    }
    if headers.contains(b"expires") { Lifetime::Expires } else { Lifetime::Unspecified }
}

/// The number behind a directive's name: 0 where there is none, `None` where it is no number.
fn seconds(rest: &[u8]) -> Option<u64> {
    let Some(text) = rest.strip_prefix(b"=") else { return Some(0) };
    let text = text.strip_prefix(b"\"").unwrap_or(text);
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    if text.is_empty() {
        return Some(0);
    }
    text[0].is_ascii_digit().then(|| {
        digits.fold(0u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
    })
}

/// `age`: seconds; `None` where it is no plain number.
pub fn age(value: &[u8]) -> Option<u32> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(value).ok()?.parse().ok())?
}

/// Whether any tag of `if-none-match` is that of the entity, weak or not (RFC 9110 section 13.1.2).
pub fn none_match_fails(condition: &Headers, tag: Option<&[u8]>) -> bool {
    let bare = |tag: &'_ [u8]| tag.strip_prefix(b"W/").map_or(tag.to_vec(), <[u8]>::to_vec);
    let wanted = tag.map(bare);
    condition
        .elements(b"if-none-match")
        .any(|element| element == b"*" || wanted.as_ref().is_some_and(|wanted| *wanted == bare(element)))
}

fn begins(directive: &[u8], name: &[u8]) -> bool {
    directive.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
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

    // Whether HAProxy 2.8 answered the next request from its cache.
    #[test]
    fn responses() {
        for (control, stored) in [
            ("max-age=20", true),
            ("MAX-AGE=10", true),
            ("public", false),
            ("public, max-age=10", true),
            ("private", false),
            ("no-cache", false),
            ("no-store, max-age=10", false),
            ("NO-STORE, max-age=10", false),
            ("Private, max-age=10", false),
            ("max-age=10, no-store", false),
            ("no-store, public, max-age=10", true),
            ("private, public, max-age=10", true),
            ("no-store, s-maxage=10", false),
            ("private, s-maxage=10", false),
            ("max-age=0", false),
            ("s-maxage=0", false),
            ("max-age=0, s-maxage=10", true),
            ("s-maxage=10, max-age=0", false),
            ("s-maxage=0, max-age=10", false),
            ("max-age=10, s-maxage=0", false),
            ("max-age=0, max-age=10", false),
            ("max-age=0, public, max-age=10", false),
            ("private=\"x\", max-age=10", true),
            ("no-store=\"x\", max-age=10", true),
            ("no-cache=\"set-cookie\", max-age=10", false),
            ("no-cache=x, max-age=10", true),
            ("must-revalidate, max-age=10", true),
            ("proxy-revalidate", false),
            ("immutable", false),
            ("x-private, max-age=10", true),
            ("foo=\"max-age=10\"", false),
            ("smax-age=10", false),
            ("s-maxage", true),
            ("max-agex", true),
            ("max-age = 10", true),
        ] {
            assert_eq!(may_be_stored(&with(&[("cache-control", control)])), stored, "{control}");
        }
        assert!(!may_be_stored(&Headers::new()));
        assert!(may_be_stored(&with(&[("etag", "\"a\"")])));
        assert!(!may_be_stored(&with(&[("cache-control", "max-age=9"), ("pragma", "no-cache")])));
    }

    // As `show cache` of HAProxy 2.8 told, with 60 where it does not say.
    #[test]
    fn lifetimes() {
        for (control, expected) in [
            ("max-age=20", Lifetime::Seconds(20)),
            ("max-age=\"20\"", Lifetime::Seconds(20)),
            ("s-maxage=30, max-age=20", Lifetime::Seconds(30)),
            ("max-age=20, s-maxage=30", Lifetime::Seconds(30)),
            ("max-age=1, max-age=40", Lifetime::Seconds(40)),
            ("max-age=1h", Lifetime::Seconds(1)),
            ("max-age=00", Lifetime::Unspecified),
            ("max-age=0x10", Lifetime::Unspecified),
            ("max-age=", Lifetime::Unspecified),
            ("max-age = 10", Lifetime::Unspecified),
            ("max-age", Lifetime::Unspecified),
            ("max-age=abc", Lifetime::Invalid),
            ("max-age=-1", Lifetime::Invalid),
        ] {
            assert_eq!(lifetime(&with(&[("cache-control", control)])), expected, "{control}");
        }
        assert_eq!(lifetime(&with(&[("expires", "0")])), Lifetime::Expires);
        assert_eq!(
            lifetime(&with(&[("expires", "0"), ("cache-control", "max-age=3")])),
            Lifetime::Seconds(3)
        );
    }

    // Whether HAProxy 2.8 answered from its cache, and whether it stored what came instead.
    #[test]
    fn requests() {
        for (name, value, lookup, store) in [
            ("cache-control", "no-cache", false, true),
            ("cache-control", "x, No-Cache", false, true),
            ("cache-control", "no-cache=1", false, true),
            ("cache-control", "max-age=100", false, true),
            ("cache-control", "max-stale", false, true),
            ("cache-control", "min-fresh=0", false, true),
            ("cache-control", "no-store", true, false),
            ("cache-control", "no-transform", true, true),
            ("cache-control", "only-if-cached", true, true),
            ("pragma", "no-cache", false, true),
            ("pragma", "x, no-cache", true, true),
        ] {
            let control = RequestControl::of(&with(&[(name, value)]));
            assert_eq!(control, RequestControl { lookup, store }, "{name}: {value}");
        }
        let both = with(&[("pragma", "no-cache"), ("cache-control", "no-transform")]);
        assert!(RequestControl::of(&both).lookup);
    }

    // As HAProxy 2.8 answers for an object with the tag "et".
    #[test]
    fn tags() {
        for (condition, fails) in [
            ("\"et\"", true),
            ("W/\"et\"", true),
            ("\"no\"", false),
            ("*", true),
            ("\"a\", \"et\"", true),
            ("\"ET\"", false),
        ] {
            let headers = with(&[("if-none-match", condition)]);
            assert_eq!(none_match_fails(&headers, Some(b"\"et\"")), fails, "{condition}");
            assert_eq!(none_match_fails(&headers, Some(b"W/\"et\"")), fails, "{condition}");
        }
    }
}
