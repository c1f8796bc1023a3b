//! Which names a certificate is for, and which certificates a name finds.

use std::collections::HashMap;

use openssl::nid::Nid;
use openssl::x509::X509Ref;

/// Alternative names, then common names; lower case, without repetition.
pub fn of(certificate: &X509Ref) -> Vec<Box<str>> {
    let mut names: Vec<Box<str>> = Vec::new();
    let mut add = |name: &str| {
        let name: Box<str> = name.to_ascii_lowercase().into();
        if !names.contains(&name) {
            names.push(name);
        }
    };
    for name in certificate.subject_alt_names().iter().flatten() {
        if let Some(name) = name.dnsname() {
            add(name);
        }
    }
    for entry in certificate.subject_name().entries_by_nid(Nid::COMMONNAME) {
        if let Ok(name) = entry.data().to_string() {
            add(&name);
        }
    }
    names
}

/// What one certificate of a listener is chosen by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Names, and wildcards as `*.example.org`; lower case.
    pub names: Vec<Box<str>>,
    /// Names that a wildcard beside them does not match.
    pub except: Vec<Box<str>>,
    /// `*`: serves when nothing else matches.
    pub default: bool,
    /// `default-crt`: the same, beside the certificate's own names.
    pub default_too: bool,
}

impl Filters {
    /// The words of a `crt-list` line.
    pub fn of_words<'w>(words: impl Iterator<Item = &'w str>) -> Self {
        let mut filters = Self::default();
        for word in words {
            let lower = word.to_ascii_lowercase();
            match lower.strip_prefix('!') {
                _ if lower == "*" => filters.default = true,
                // A negated wildcard is ignored (5.1).
                Some(name) if name.starts_with('*') => {}
                Some(name) => filters.except.push(name.into()),
                None => filters.names.push(lower.into()),
            }
        }
        filters
    }
}

/// Names to the entries that have them, in the order of the configuration.
#[derive(Debug, Default)]
pub struct Index {
    exact: HashMap<Box<str>, Vec<u32>>,
    /// By what follows the asterisk: `.example.org`.
    wildcards: HashMap<Box<str>, Vec<u32>>,
}

impl Index {
    pub fn add(&mut self, name: &str, entry: u32) {
        let (map, key) = match name.strip_prefix('*') {
            Some(rest) => (&mut self.wildcards, rest),
            None => (&mut self.exact, name),
        };
        let entries = map.entry(key.into()).or_default();
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }

    pub fn exact(&self, name: &str) -> &[u32] {
        self.exact.get(name).map_or(&[], |entries| entries)
    }

    /// A wildcard stands for the first label alone.
    pub fn wildcard(&self, name: &str) -> &[u32] {
        let entries = name.find('.').and_then(|dot| self.wildcards.get(&name[dot..]));
        entries.map_or(&[], |entries| entries)
    }
}
