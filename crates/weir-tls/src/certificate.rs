//! One certificate with its key and what stands beside it: read, checked, and kept as bytes until a client asks for it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use openssl::pkey::{Id, PKey, Private};
use openssl::sha::Sha256;
use openssl::x509::X509;

use crate::names;
use crate::pem::{self, Fault};

/// What a certificate is made of, as the files hold it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The certificate, its chain, usually its key.
    pub pem: Vec<u8>,
    /// The key where it has a file of its own.
    pub key: Option<Vec<u8>>,
    /// The OCSP response, DER; empty where one may come at run time.
    pub ocsp: Option<Vec<u8>>,
    /// The issuer's certificate where the chain lacks it.
    pub issuer: Option<Vec<u8>>,
    /// The list of signed certificate timestamps (RFC 6962).
    pub sctl: Option<Vec<u8>>,
    /// Intermediate certificates of `issuers-chain-path`, where the file has none of its own.
    pub chain: Option<Arc<[u8]>>,
}

/// The algorithm of a certificate's key, as far as clients differ in what they can verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Rsa,
    Ecdsa,
    Other,
}

impl KeyKind {
    pub const ALL: [Self; 3] = [Self::Rsa, Self::Ecdsa, Self::Other];
}

pub struct Certificate {
    /// As configuration and runtime commands call it: usually the path.
    pub name: Arc<str>,
    pub kind: KeyKind,
    /// The subject's alternative names and its common name, lower case.
    pub names: Vec<Box<str>>,
    parts: Parts,
    parsed: OnceLock<Option<Parsed>>,
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.parts == other.parts
    }
}

/// The certificate as OpenSSL has it.
pub struct Parsed {
    pub leaf: X509,
    /// What is sent behind the leaf.
    pub chain: Vec<X509>,
    pub key: PKey<Private>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the key.
        f.debug_struct("Certificate")
            .field("name", &self.name)
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

/// Certificates of this process by their content: a reload in which nothing changed parses nothing again.
static KNOWN: Mutex<Option<HashMap<[u8; 32], Weak<Certificate>>>> = Mutex::new(None);

/// What a certificate was found to be when it was checked: for the supervisor, which keeps none, at the next reload, and
/// for a child that is about to read what the supervisor has checked ([`learn`]).
static CHECKED: Mutex<Option<HashMap<[u8; 32], Checked>>> = Mutex::new(None);

/// Beyond so many all are forgotten, and checked anew.
const CHECKED_AT_MOST: usize = 200_000;

#[derive(Clone)]
struct Checked {
    kind: KeyKind,
    names: Vec<Box<str>>,
}

/// What the check of one certificate found, on its way to other processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Of its name and all its parts.
    pub hash: [u8; 32],
    pub kind: KeyKind,
    pub names: Vec<Box<str>>,
}

/// Lets certificates be loaded without reading them again.
pub fn learn(findings: Vec<Finding>) {
    if let Ok(mut checked) = CHECKED.lock() {
        let checked = checked.get_or_insert_default();
        checked.extend(
            findings.into_iter().map(|Finding { hash, kind, names }| (hash, Checked { kind, names })),
        );
    }
}

/// What was learned is in use now, or will not be.
pub fn forget() {
    if let Ok(mut checked) = CHECKED.lock() {
        *checked = None;
    }
}

impl Certificate {
    pub fn finding(&self) -> Finding {
        Finding { hash: self.parts.hash(&self.name), kind: self.kind, names: self.names.clone() }
    }

    /// Reads a certificate. With `check` the key is read too and must belong to it; without it that is known already.
    pub fn load(name: &str, parts: Parts, check: bool) -> Result<Arc<Self>, Fault> {
        let hash = parts.hash(name);
        if let Some(known) = KNOWN.lock().ok().and_then(|known| known.as_ref()?.get(&hash)?.upgrade()) {
            return Ok(known);
        }
        let checked = CHECKED.lock().ok().and_then(|checked| checked.as_ref()?.get(&hash).cloned());
        let certificate = Arc::new(match checked {
            Some(Checked { kind, names }) => {
                Self { name: name.into(), kind, names, parts, parsed: OnceLock::new() }
            }
            None => Self::read(name, parts, check)?,
        });
        if check && let Ok(mut checked) = CHECKED.lock() {
            let checked = checked.get_or_insert_default();
            if checked.len() >= CHECKED_AT_MOST {
                checked.clear();
            }
            checked.entry(hash).or_insert_with(|| certificate.checked());
        }
        if let Ok(mut known) = KNOWN.lock() {
            let known = known.get_or_insert_default();
            if known.len().is_power_of_two() {
                known.retain(|_, certificate| certificate.strong_count() > 0);
            }
            known.insert(hash, Arc::downgrade(&certificate));
        }
        Ok(certificate)
    }

    fn checked(&self) -> Checked {
        Checked { kind: self.kind, names: self.names.clone() }
    }

    fn read(name: &str, parts: Parts, check: bool) -> Result<Self, Fault> {
        // To check it is to read all of it, once.
        let leaf = if check { parts.parse()?.leaf } else { pem::leaf(&parts.pem)? };
        let kind = match leaf.public_key().map(|key| key.id()) {
            Ok(Id::RSA | Id::RSA_PSS) => KeyKind::Rsa,
            Ok(Id::EC) => KeyKind::Ecdsa,
            _ => KeyKind::Other,
        };
        let names = names::of(&leaf);
        Ok(Self { name: name.into(), kind, names, parts, parsed: OnceLock::new() })
    }

    /// One that no file holds.
    pub(crate) fn made(name: &str, kind: KeyKind, parsed: Parsed) -> Self {
        let names = names::of(&parsed.leaf);
        Self { name: name.into(), kind, names, parts: Parts::default(), parsed: OnceLock::from(Some(parsed)) }
    }

    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Parsed when first wanted; it was found to be possible when the configuration was loaded.
    pub fn parsed(&self) -> Option<&Parsed> {
        let parse = || self.parts.parse().inspect_err(|fault| log::error!("{}: {fault:?}", self.name)).ok();
        self.parsed.get_or_init(parse).as_ref()
    }
}

impl Parts {
    fn parse(&self) -> Result<Parsed, Fault> {
        let mut chain = pem::chain(&self.pem)?;
        let leaf = chain.remove(0);
        let key = match &self.key {
            Some(key) => pem::key(key)?,
            None => pem::key(&self.pem)?,
        };
        if !leaf.public_key().is_ok_and(|public| public.public_eq(&key)) {
            return Err(Fault::Mismatch);
        }
        if chain.is_empty()
            && let Some(more) = &self.chain
        {
            chain = pem::chain(more)?;
            // The certificate may have been replaced by one of another issuer.
            if !chain.first().is_some_and(|issuer| crate::ocsp::is_issuer(issuer, &leaf)) {
                chain.clear();
            }
        }
        Ok(Parsed { leaf, chain, key })
    }

    fn hash(&self, name: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hash.update(&(bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        add(name.as_bytes());
        add(&self.pem);
        for part in [&self.key, &self.ocsp, &self.issuer, &self.sctl] {
            add(&[u8::from(part.is_some())]);
            add(part.as_deref().unwrap_or_default());
        }
        add(&[u8::from(self.chain.is_some())]);
        add(self.chain.as_deref().unwrap_or_default());
        hash.finish()
    }
}
