//! Entries made ready for one match method.

use super::entries::Entries;
use super::keys::{Keys, Scheme};
use super::method::Method;
use super::net::{Net, NetSet};
use super::number::Range;
use super::numbers::Numbers;
use crate::regexp::Regex;
use crate::value::Value;

/// Which entries match under one [`Scheme`]. Methods that compare whole keys, prefixes, suffixes, numbers and addresses
/// find theirs in a time that does not depend on how many there are; those that search in the text try one by one.
#[derive(Clone, Debug)]
pub struct Index {
    scheme: Scheme,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// `found` and `bool` have no patterns to speak of.
    None,
    Keys(Keys),
    /// Parts of a text, path or domain, as they are searched for.
    Parts(Vec<(u32, Box<[u8]>)>),
    Numbers(Box<Numbers>),
    Nets(Box<NetSet>),
    Regexes(Vec<(u32, Regex)>),
}

/// A key as its method reads it.
pub(super) enum Read {
    Text,
    Number(Range),
    Net(Net),
    Regex(Regex),
}

impl Scheme {
    /// Reads a key. The error is HAProxy's text.
    pub(super) fn read(self, key: &[u8]) -> Result<Read, String> {
        let text = String::from_utf8_lossy(key);
        Ok(match self.method {
            Method::Int | Method::Len => Read::Number(Range::parse(&text)?),
            Method::Ip => Read::Net(
                Net::parse(&text).ok_or_else(|| format!("'{text}' is not a valid IPv4 or IPv6 address"))?,
            ),
            Method::Reg => {
                Read::Regex(Regex::new(&text, self.ignore_case).map_err(|error| error.to_string())?)
            }
            Method::Bin => {
                hex(&text)?;
                Read::Text
            }
            _ => Read::Text,
        })
    }

    /// As `get map` shows it.
    pub const fn is_tree(self) -> bool {
        matches!(self.method, Method::Ip)
            || matches!(self.method, Method::Str | Method::Beg) && !self.ignore_case
    }
}

impl Index {
    pub fn new(scheme: Scheme) -> Self {
        let kind = match scheme.method {
            Method::Found | Method::Bool => Kind::None,
            Method::Int | Method::Len => Kind::Numbers(Box::default()),
            Method::Ip => Kind::Nets(Box::default()),
            Method::Reg => Kind::Regexes(Vec::new()),
            Method::Sub | Method::Dir | Method::Dom => Kind::Parts(Vec::new()),
            Method::Str | Method::Bin | Method::Beg | Method::End => Kind::Keys(Keys::new(scheme)),
        };
        Self { scheme, kind }
    }

    /// The index of all entries. The error names the entry at fault.
    pub fn of(scheme: Scheme, entries: &Entries) -> Result<Self, (u32, String)> {
        let mut index = Self::new(scheme);
        match &mut index.kind {
            Kind::Keys(keys) => keys.reserve(entries, entries.len()),
            Kind::Numbers(numbers) => numbers.reserve(entries, entries.len()),
            Kind::Nets(nets) if entries.len() > 1000 => nets.reserve(entries, entries.len()),
            _ => {}
        }
        for number in entries.numbers() {
            index.add(entries, number).map_err(|error| (number, error))?;
        }
        Ok(index)
    }

    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub fn add(&mut self, entries: &Entries, number: u32) -> Result<(), String> {
        let key = entries.key(number);
        match (&mut self.kind, self.scheme.read(key)?) {
            (Kind::Keys(keys), _) => keys.add(entries, number),
            (Kind::Parts(parts), _) => parts.push((number, part(self.scheme, key))),
            (Kind::Numbers(numbers), Read::Number(range)) => numbers.add(entries, range, number),
            (Kind::Nets(nets), Read::Net(net)) => nets.add(entries, net, number),
            (Kind::Regexes(regexes), Read::Regex(regex)) => regexes.push((number, regex)),
            _ => {}
        }
        Ok(())
    }

    /// The entry is still there, but is about to go.
    pub fn remove(&mut self, entries: &Entries, number: u32) {
        let key = entries.key(number);
        let read = || self.scheme.read(key).ok();
        match &mut self.kind {
            Kind::None => {}
            Kind::Keys(keys) => keys.remove(entries, number),
            Kind::Parts(parts) => parts.retain(|(known, _)| *known != number),
            Kind::Regexes(regexes) => regexes.retain(|(known, _)| *known != number),
            Kind::Numbers(numbers) => {
                if let Some(Read::Number(range)) = read() {
                    numbers.remove(entries, range, number);
                }
            }
            Kind::Nets(nets) => {
                if let Some(Read::Net(net)) = read() {
                    nets.remove(entries, net, number);
                }
            }
        }
    }

    /// The entry that matches: the longest prefix or network, else the first in order. The value must already be of
    /// the method's type ([`Method::compares`]).
    pub fn find(&self, entries: &Entries, value: &Value<'_>) -> Option<u32> {
        let text = match value {
            Value::Str(text) | Value::Bin(text) | Value::Meth(text) => Some(&**text),
            _ => None,
        };
        match &self.kind {
            Kind::None => None,
            Kind::Keys(keys) => keys.find(entries, text?),
            Kind::Parts(parts) => self.find_part(parts, text?),
            Kind::Regexes(regexes) => {
                let text = text?;
                regexes.iter().find(|(_, regex)| regex.is_match(text)).map(|(number, _)| *number)
            }
            Kind::Numbers(numbers) => match (value, text) {
                (Value::Int(value), _) => numbers.find(entries, *value),
                (_, Some(text)) => numbers.find(entries, text.len() as i64),
                _ => None,
            },
            Kind::Nets(nets) => match value {
                Value::Ip4(address) => nets.find(entries, (*address).into()),
                Value::Ip6(address) => nets.find(entries, (*address).into()),
                _ => None,
            },
        }
    }

    /// The regular expression of an entry, for `map_regm`.
    pub fn regex(&self, number: u32) -> Option<&Regex> {
        let Kind::Regexes(regexes) = &self.kind else { return None };
        let place = regexes.binary_search_by_key(&number, |(known, _)| *known).ok()?;
        Some(&regexes[place].1)
    }

    /// For an index of whole keys: all entries of this one, the last first.
    pub(super) fn all(&self, entries: &Entries, key: &[u8]) -> Vec<u32> {
        match &self.kind {
            Kind::Keys(keys) => keys.all(entries, key),
            _ => entries.numbers().rev().filter(|number| entries.key(*number) == key).collect(),
        }
    }

    fn find_part(&self, parts: &[(u32, Box<[u8]>)], text: &[u8]) -> Option<u32> {
        let lower;
        let text = match self.scheme.ignore_case && text.iter().any(u8::is_ascii_uppercase) {
            true => {
                lower = text.to_ascii_lowercase();
                &lower
            }
            false => text,
        };
        let found = parts.iter().find(|(_, key)| match self.scheme.method {
            Method::Dir => delimited(text, key, b"/?"),
            Method::Dom => delimited(text, key, b"/.:?"),
            _ => contains(text, key),
        });
        found.map(|(number, _)| *number)
    }
}

fn part(scheme: Scheme, key: &[u8]) -> Box<[u8]> {
    let mut key = match scheme.method {
        Method::Dir => trim(key, b"/"),
        Method::Dom => trim(key, b"/.:?"),
        _ => key.to_vec(),
    };
    if scheme.ignore_case {
        key.make_ascii_lowercase();
    }
    key.into()
}

fn contains(text: &[u8], key: &[u8]) -> bool {
    match key {
        [] => true,
        [byte] => text.contains(byte),
        _ => text.windows(key.len()).any(|window| window == key),
    }
}

/// Whether `key` occurs in `text` with a delimiter or an end on both sides.
fn delimited(text: &[u8], key: &[u8], delimiters: &[u8]) -> bool {
    if key.is_empty() || key.len() > text.len() {
        return false;
    }
    (0..=text.len() - key.len()).any(|start| {
        let end = start + key.len();
        text[start..end] == *key
            && (start == 0 || delimiters.contains(&text[start - 1]))
            && (end == text.len() || delimiters.contains(&text[end]))
    })
}

fn trim(mut key: &[u8], delimiters: &[u8]) -> Vec<u8> {
    while let [byte, rest @ ..] = key
        && delimiters.contains(byte)
    {
        key = rest;
    }
    while let [rest @ .., byte] = key
        && delimiters.contains(byte)
    {
        key = rest;
    }
    key.to_vec()
}

/// Bytes from hexadecimal digits; the error is HAProxy's text.
pub(crate) fn hex(text: &str) -> Result<Vec<u8>, String> {
    if let Some(bad) = text.chars().find(|letter| !letter.is_ascii_hexdigit()) {
        return Err(format!("an hex digit is expected (found '{bad}')"));
    }
    if !text.len().is_multiple_of(2) {
        return Err("an even number of hex digit is expected".into());
    }
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or(0) as u8;
    Ok(text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Set(Entries, Index);

    impl Set {
        fn new(method: Method, keys: &[&str]) -> Self {
            let mut entries = Entries::default();
            for key in keys {
                entries.push(0, key.as_bytes(), b"");
            }
            let index = Index::of(Scheme { method, ignore_case: false }, &entries).expect("good keys");
            Self(entries, index)
        }

        fn find(&self, text: &[u8]) -> Option<u32> {
            self.1.find(&self.0, &Value::text(text))
        }
    }

    #[test]
    fn scanned_and_hashed_lists_answer_alike() {
        for count in [3, 200] {
            let mut keys: Vec<String> = (0..count).map(|number| format!("/k{number:03}")).collect();
            let words: Vec<&str> = keys.iter().map(String::as_str).collect();
            let exact = Set::new(Method::Str, &words);
            assert_eq!(exact.find(b"/k002"), Some(2));
            assert_eq!(exact.find(b"/k002x"), None);
            keys.push("/k0".into());
            let words: Vec<&str> = keys.iter().map(String::as_str).collect();
            let prefix = Set::new(Method::Beg, &words);
            assert_eq!(prefix.find(b"/k002x"), Some(2));
            assert_eq!(prefix.find(b"/k0x"), Some(count));
            assert_eq!(prefix.find(b"/x"), None);
            let suffix = Set::new(Method::End, &words);
            assert_eq!(suffix.find(b"x/k0"), Some(count));
        }
    }

    #[test]
    fn of_equal_keys_the_first_that_is_left_matches() {
        for count in [1, 100] {
            let keys: Vec<String> = (0..count).map(|number| format!("k{number}")).collect();
            let words: Vec<&str> = keys.iter().chain(&keys).chain(&keys).map(String::as_str).collect();
            let Set(mut entries, mut index) = Set::new(Method::Str, &words);
            let find = |index: &Index, entries: &Entries| index.find(entries, &Value::text(b"k0"));
            for number in [0, count as u32, 2 * count as u32] {
                assert_eq!(find(&index, &entries), Some(number));
                index.remove(&entries, number);
                entries.remove(number);
            }
            assert_eq!(find(&index, &entries), None);
        }
    }

    // The examples of manual 7.1.3.
    #[test]
    fn parts_of_paths_and_domains() {
        let matches = |method, pattern, text: &[u8]| Set::new(method, &[pattern]).find(text).is_some();
        let path = b"/images/png/logo/32x32.png";
        for part in ["/images", "/images/png", "images/png", "/png/logo", "logo/32x32.png", "32x32.png"] {
            assert!(matches(Method::Dir, part, path), "{part}");
        }
        for part in ["32x32", "mages"] {
            assert!(!matches(Method::Dir, part, path), "{part}");
        }
        let url = b"http://www1.dc-eu.example.com:80/blah";
        for part in
            ["http", "www1", ".www1", "dc-eu", "example", "com", "80", "dc-eu.example", "blah", ":www1:"]
        {
            assert!(matches(Method::Dom, part, url), "{part}");
        }
        for part in ["eu", "dc"] {
            assert!(!matches(Method::Dom, part, url), "{part}");
        }
    }
}
