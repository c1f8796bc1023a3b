//! Whole keys, prefixes and suffixes: looked up by their hash, a few of them one by one.

use super::entries::Entries;
use super::method::Method;
use super::slots::{Slots, hash_bytes};

/// Up to so many keys are compared one by one.
const FEW: usize = 8;

/// How keys are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    pub method: Method,
    pub ignore_case: bool,
}

/// Of several entries with one key only the first is here; it is the one that matches.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    scheme: Scheme,
    /// While there are few.
    few: Vec<u32>,
    many: Slots,
    /// Entries with a key that another one before them has.
    shadowed: usize,
    /// Lengths of keys and how many keys have each, longest first: what a prefix or suffix is tried with.
    lengths: Vec<(usize, u32)>,
}

impl Scheme {
    /// Length of what an entry's key stands for.
    fn length(self, key: &[u8]) -> usize {
        if self.method == Method::Bin { key.len() / 2 } else { key.len() }
    }

    fn equal(self, key: &[u8], probe: &[u8]) -> bool {
        if self.method == Method::Bin {
            return key.len() == probe.len() * 2
                && key.chunks(2).zip(probe).all(|(pair, byte)| unhex(pair) == Some(*byte));
        }
        if self.ignore_case { key.eq_ignore_ascii_case(probe) } else { key == probe }
    }

    fn hash_probe(self, probe: &[u8]) -> u64 {
        if !self.ignore_case || !probe.iter().any(u8::is_ascii_uppercase) {
            return hash_bytes(probe);
        }
        let mut small = [0; 256];
        match small.get_mut(..probe.len()) {
            Some(lower) => {
                lower.copy_from_slice(probe);
                lower.make_ascii_lowercase();
                hash_bytes(lower)
            }
            None => hash_bytes(&probe.to_ascii_lowercase()),
        }
    }

    fn hash_key(self, key: &[u8]) -> u64 {
        if self.method == Method::Bin {
            let bytes: Vec<u8> = key.chunks(2).filter_map(unhex).collect();
            return hash_bytes(&bytes);
        }
        self.hash_probe(key)
    }

    fn tries_lengths(self) -> bool {
        matches!(self.method, Method::Beg | Method::End)
    }

    /// HAProxy keeps prefixes in a tree, which answers with the longest, but those without regard to case in a list,
    /// which answers with the first.
    fn longest(self) -> bool {
        self.method == Method::Beg && !self.ignore_case
    }
}

impl Keys {
    pub(super) fn new(scheme: Scheme) -> Self {
        Self { scheme, few: Vec::new(), many: Slots::default(), shadowed: 0, lengths: Vec::new() }
    }

    pub(super) fn reserve(&mut self, entries: &Entries, count: usize) {
        if count > FEW {
            self.grow(entries);
            self.many.reserve(count, |number| self.scheme.hash_key(entries.key(number)));
        }
    }

    pub(super) fn add(&mut self, entries: &Entries, number: u32) {
        let key = entries.key(number);
        if self.number_of(entries, key).is_some() {
            self.shadowed += 1;
            return;
        }
        if self.scheme.tries_lengths() {
            let length = self.scheme.length(key);
            match self.lengths.binary_search_by(|(known, _)| length.cmp(known)) {
                Ok(place) => self.lengths[place].1 += 1,
                Err(place) => self.lengths.insert(place, (length, 1)),
            }
        }
        if self.many.len() == 0 && self.few.len() < FEW {
            self.few.push(number);
            return;
        }
        self.grow(entries);
        self.many.insert(self.scheme.hash_key(key), number, |known| self.scheme.hash_key(entries.key(known)));
    }

    /// The entry is still there, but is about to go. Later ones of the same key go before earlier ones, if all are to.
    pub(super) fn remove(&mut self, entries: &Entries, number: u32) {
        let key = entries.key(number);
        let hash = self.scheme.hash_key(key);
        let few = self.few.iter().position(|known| *known == number);
        let found = match few {
            Some(place) => {
                self.few.remove(place);
                true
            }
            None => self.many.remove(hash, number),
        };
        if !found {
            self.shadowed -= 1;
            return;
        }
        if let Ok(place) = self.lengths.binary_search_by(|(known, _)| self.scheme.length(key).cmp(known)) {
            self.lengths[place].1 -= 1;
            if self.lengths[place].1 == 0 {
                self.lengths.remove(place);
            }
        }
        if self.shadowed > 0 {
            let same = |other: &u32| *other != number && self.equals(entries, *other, key);
            if let Some(next) = entries.numbers().find(same) {
                self.shadowed -= 1;
                self.add(entries, next);
            }
        }
    }

    /// The first entry of this very key.
    pub(super) fn exact(&self, entries: &Entries, probe: &[u8]) -> Option<u32> {
        if self.many.len() == 0 {
            return self.few.iter().copied().find(|number| self.scheme.equal(entries.key(*number), probe));
        }
        let is_it = |number| self.scheme.equal(entries.key(number), probe);
        self.many.find(self.scheme.hash_probe(probe), is_it)
    }

    /// All entries of this very key, the last first.
    pub(super) fn all(&self, entries: &Entries, probe: &[u8]) -> Vec<u32> {
        let Some(first) = self.exact(entries, probe) else { return Vec::new() };
        if self.shadowed == 0 {
            return vec![first];
        }
        entries.numbers().rev().filter(|number| self.scheme.equal(entries.key(*number), probe)).collect()
    }

    /// The entry that matches the text under this scheme's method.
    pub(super) fn find(&self, entries: &Entries, text: &[u8]) -> Option<u32> {
        let part = |length: usize| match self.scheme.method {
            Method::Beg => text.get(..length),
            _ => text.len().checked_sub(length).map(|start| &text[start..]),
        };
        match self.scheme.method {
            Method::Beg | Method::End => {
                let mut found =
                    self.lengths.iter().filter_map(|(length, _)| self.exact(entries, part(*length)?));
                if self.scheme.longest() { found.next() } else { found.min() }
            }
            _ => self.exact(entries, text),
        }
    }

    fn grow(&mut self, entries: &Entries) {
        for number in std::mem::take(&mut self.few) {
            let hash = self.scheme.hash_key(entries.key(number));
            self.many.insert(hash, number, |known| self.scheme.hash_key(entries.key(known)));
        }
    }

    /// As [`Keys::exact`], with a key as it is written.
    fn number_of(&self, entries: &Entries, key: &[u8]) -> Option<u32> {
        if self.many.len() == 0 {
            return self.few.iter().copied().find(|number| self.equals(entries, *number, key));
        }
        self.many.find(self.scheme.hash_key(key), |number| self.equals(entries, number, key))
    }

    fn equals(&self, entries: &Entries, number: u32, key: &[u8]) -> bool {
        let known = entries.key(number);
        known == key
            || (self.scheme.ignore_case || self.scheme.method == Method::Bin)
                && known.eq_ignore_ascii_case(key)
    }
}

fn unhex(pair: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| (*byte as char).to_digit(16);
    match pair {
        [high, low] => Some((digit(high)? << 4 | digit(low)?) as u8),
        _ => None,
    }
}
