//! A list of patterns compiled for one match method: small lists are compared one by one, large ones indexed.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::method::Method;
use super::net::{Net, NetSet};
use super::number::{Operator, Range};
use crate::regexp::Regex;
use crate::value::Value;

/// Lists up to this length are scanned; beyond it they are hashed.
const SCANNED: usize = 8;

/// Patterns under one method and one choice of letter case. Entries are numbered in the order of insertion.
#[derive(Clone, Debug)]
pub struct PatternSet {
    method: Method,
    ignore_case: bool,
    entries: u32,
    index: Index,
}

#[derive(Clone, Debug)]
enum Index {
    Texts(Texts),
    Numbers(Vec<Range>),
    Nets(Box<NetSet>),
    Regexes(Vec<Regex>),
    /// `found` and `bool` have no patterns to speak of.
    None,
}

type Hashed = HashMap<Box<[u8]>, u32, BuildHasherDefault<KeyHasher>>;

#[derive(Clone, Debug, Default)]
struct Texts {
    list: Vec<Box<[u8]>>,
    /// Made when `list` outgrows [`SCANNED`], for methods that look whole keys up.
    hashed: Option<Box<Hashed>>,
    /// Distinct lengths of prefixes, longest first: what a lookup tries.
    lengths: Vec<usize>,
}

/// Hashes whole keys eight bytes at a time. Keys come from the configuration, so nobody chooses them to collide.
#[derive(Clone, Copy, Debug, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let mixed =
                (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 = mixed ^ (mixed >> 32);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl PatternSet {
    pub fn new(method: Method, ignore_case: bool) -> PatternSet {
        let index = match method {
            Method::Found | Method::Bool => Index::None,
            Method::Int | Method::Len => Index::Numbers(Vec::new()),
            Method::Ip => Index::Nets(Box::default()),
            Method::Reg => Index::Regexes(Vec::new()),
            _ => Index::Texts(Texts::default()),
        };
        PatternSet { method, ignore_case, entries: 0, index }
    }

    pub const fn method(&self) -> Method {
        self.method
    }

    pub const fn ignores_case(&self) -> bool {
        self.ignore_case
    }

    pub const fn len(&self) -> usize {
        self.entries as usize
    }

    pub const fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Adds one pattern. The error is HAProxy's text.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        self.add_with(pattern, None)
    }

    pub(crate) fn add_with(&mut self, pattern: &str, operator: Option<Operator>) -> Result<(), String> {
        let entry = self.entries;
        match &mut self.index {
            Index::None => {}
            Index::Numbers(list) => list.push(Range::with_operator(pattern, operator)?),
            Index::Nets(nets) => nets.add(
                Net::parse(pattern)
                    .ok_or_else(|| format!("'{pattern}' is not a valid IPv4 or IPv6 address"))?,
                entry,
            ),
            Index::Regexes(list) => {
                list.push(Regex::new(pattern, self.ignore_case).map_err(|error| error.to_string())?);
            }
            Index::Texts(texts) => {
                let mut key = match self.method {
                    Method::Bin => hex(pattern)?,
                    Method::Dir => trim(pattern.as_bytes(), b"/"),
                    Method::Dom => trim(pattern.as_bytes(), b"/.:?"),
                    _ => pattern.as_bytes().to_vec(),
                };
                if self.ignore_case {
                    key.make_ascii_lowercase();
                }
                texts.add(key.into(), entry, self.method);
            }
        }
        self.entries += 1;
        Ok(())
    }

    /// The entry that matches: the longest prefix or network, else the first in order. The value must already be of
    /// the method's type ([`Method::compares`]).
    pub fn find(&self, value: &Value<'_>) -> Option<u32> {
        match (&self.index, value) {
            (Index::Texts(texts), Value::Str(text) | Value::Bin(text) | Value::Meth(text)) => {
                self.find_text(texts, text)
            }
            (Index::Numbers(list), Value::Int(value)) => first(list, |range| range.contains(*value)),
            (Index::Numbers(list), Value::Str(text) | Value::Bin(text) | Value::Meth(text)) => {
                let length = text.len() as i64;
                first(list, |range| range.contains(length))
            }
            (Index::Nets(nets), Value::Ip4(address)) => nets.find((*address).into()),
            (Index::Nets(nets), Value::Ip6(address)) => nets.find((*address).into()),
            (Index::Regexes(list), Value::Str(text) | Value::Bin(text) | Value::Meth(text)) => {
                first(list, |regex| regex.is_match(text))
            }
            _ => None,
        }
    }

    fn find_text(&self, texts: &Texts, text: &[u8]) -> Option<u32> {
        if !self.ignore_case {
            return texts.find(text, self.method);
        }
        if text.iter().any(u8::is_ascii_uppercase) {
            return texts.find(&text.to_ascii_lowercase(), self.method);
        }
        texts.find(text, self.method)
    }

    /// The regular expression at an entry, for `map_regm`.
    pub fn regex(&self, entry: u32) -> Option<&Regex> {
        match &self.index {
            Index::Regexes(list) => list.get(entry as usize),
            _ => None,
        }
    }
}

impl Texts {
    fn add(&mut self, key: Box<[u8]>, entry: u32, method: Method) {
        if method == Method::Beg
            && let Err(place) = self.lengths.binary_search_by(|known| key.len().cmp(known))
        {
            self.lengths.insert(place, key.len());
        }
        self.list.push(key);
        if !matches!(method, Method::Str | Method::Bin | Method::Beg) || self.list.len() <= SCANNED {
            return;
        }
        match &mut self.hashed {
            Some(hashed) => {
                let key = self.list[entry as usize].clone();
                hashed.entry(key).or_insert(entry);
            }
            None => {
                let mut hashed = Hashed::default();
                for (entry, key) in self.list.iter().enumerate() {
                    hashed.entry(key.clone()).or_insert(entry as u32);
                }
                self.hashed = Some(Box::new(hashed));
            }
        }
    }

    /// The entry of this very key.
    fn exact(&self, key: &[u8]) -> Option<u32> {
        match &self.hashed {
            Some(hashed) => hashed.get(key).copied(),
            None => first(&self.list, |known| **known == *key),
        }
    }

    fn find(&self, text: &[u8], method: Method) -> Option<u32> {
        match method {
            Method::Str | Method::Bin => self.exact(text),
            Method::Beg => self.lengths.iter().find_map(|length| self.exact(text.get(..*length)?)),
            Method::End => first(&self.list, |key| text.ends_with(key)),
            Method::Sub => first(&self.list, |key| contains(text, key)),
            Method::Dir => first(&self.list, |key| delimited(text, key, b"/?")),
            Method::Dom => first(&self.list, |key| delimited(text, key, b"/.:?")),
            _ => None,
        }
    }
}

fn first<T>(list: &[T], test: impl FnMut(&T) -> bool) -> Option<u32> {
    list.iter().position(test).map(|place| place as u32)
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

    fn set(method: Method, count: u32) -> PatternSet {
        let mut set = PatternSet::new(method, false);
        for number in 0..count {
            set.add(&format!("/k{number:03}")).expect("a text");
        }
        set
    }

    #[test]
    fn scanned_and_hashed_lists_answer_alike() {
        for count in [3, 200] {
            let exact = set(Method::Str, count);
            assert_eq!(exact.find(&Value::text(b"/k002")), Some(2));
            assert_eq!(exact.find(&Value::text(b"/k002x")), None);
            let mut prefix = set(Method::Beg, count);
            prefix.add("/k0").expect("a text");
            assert_eq!(prefix.find(&Value::text(b"/k002x")), Some(2));
            assert_eq!(prefix.find(&Value::text(b"/k0x")), Some(count));
            assert_eq!(prefix.find(&Value::text(b"/x")), None);
        }
    }

    // The examples of manual 7.1.3.
    #[test]
    fn parts_of_paths_and_domains() {
        let matches = |method, pattern, text: &[u8]| {
            let mut set = PatternSet::new(method, false);
            set.add(pattern).expect("a text");
            set.find(&Value::text(text)).is_some()
        };
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
