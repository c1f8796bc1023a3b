//! PEM files: certificates, keys, revocation lists, Diffie-Hellman parameters.

use std::collections::HashSet;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Crl};

/// What is wrong with a certificate's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No certificate, with OpenSSL's reason.
    NoCertificate(String),
    /// No private key, with OpenSSL's reason.
    NoKey(String),
    /// The key is another certificate's.
    Mismatch,
}

impl Fault {
    /// HAProxy's text for a file with this name.
    pub fn worded(&self, path: &str) -> String {
        match self {
            Self::NoCertificate(reason) => {
                format!("unable to load certificate from file '{path}': {reason}.")
            }
            Self::NoKey(_) => format!("No Private Key found in '{path}.key'."),
            Self::Mismatch => {
                format!("inconsistencies between private key and certificate loaded '{path}'.")
            }
        }
    }
}

/// OpenSSL's word for why nothing could be read: that of the last error.
pub fn reason(stack: &ErrorStack) -> String {
    stack.errors().last().and_then(|error| error.reason()).unwrap_or("no start line").to_owned()
}

pub fn leaf(pem: &[u8]) -> Result<X509, Fault> {
    X509::from_pem(pem).map_err(|stack| Fault::NoCertificate(reason(&stack)))
}

/// Every certificate, the leaf first.
pub fn chain(pem: &[u8]) -> Result<Vec<X509>, Fault> {
    match X509::stack_from_pem(pem) {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(Fault::NoCertificate("no start line".into())),
        Err(stack) => Err(Fault::NoCertificate(reason(&stack))),
    }
}

/// A private key; one that asks for a passphrase is refused rather than asked about.
pub fn key(pem: &[u8]) -> Result<PKey<Private>, Fault> {
    key_with(pem, "")
}

/// A private key that may be locked with a passphrase.
pub fn key_with(pem: &[u8], passphrase: &str) -> Result<PKey<Private>, Fault> {
    let answer = |room: &mut [u8]| {
        let said = passphrase.as_bytes();
        // What does not fit would open nothing.
        let room = room.get_mut(..said.len()).ok_or_else(ErrorStack::get)?;
        room.copy_from_slice(said);
        Ok(said.len())
    };
    PKey::private_key_from_pem_callback(pem, answer).map_err(|stack| Fault::NoKey(reason(&stack)))
}

/// Whether these are Diffie-Hellman parameters.
pub fn is_dh(pem: &[u8]) -> bool {
    openssl::dh::Dh::params_from_pem(pem).is_ok()
}

/// Authorities and revocation lists of one file, in any order.
#[derive(Default)]
pub struct Authorities {
    /// The path, or `@system-ca`.
    pub name: Box<str>,
    pub certificates: Vec<X509>,
    pub revocations: Vec<X509Crl>,
}

/// Within one configuration a path always stands for the same file.
impl PartialEq for Authorities {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl std::fmt::Debug for Authorities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} certificates, {} revocation lists", self.certificates.len(), self.revocations.len())
    }
}

impl Authorities {
    /// Of everything in it.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = openssl::sha::Sha256::new();
        let certificates = self.certificates.iter().map(|one| one.to_der());
        let revocations = self.revocations.iter().map(|one| one.to_der());
        for der in certificates.chain(revocations).flatten() {
            hash.update(&der);
        }
        hash.finish()
    }

    pub fn to_pem(&self) -> Vec<u8> {
        let certificates = self.certificates.iter().map(|one| one.to_pem());
        let revocations = self.revocations.iter().map(|one| one.to_pem());
        certificates.chain(revocations).flatten().flatten().collect()
    }

    /// What is not among `others`.
    pub fn without(mut self, others: &Self) -> Self {
        let known: HashSet<Vec<u8>> =
            others.certificates.iter().filter_map(|one| one.to_der().ok()).collect();
        self.certificates.retain(|one| one.to_der().is_ok_and(|der| !known.contains(&der)));
        let known: HashSet<Vec<u8>> = others.revocations.iter().filter_map(|one| one.to_der().ok()).collect();
        self.revocations.retain(|one| one.to_der().is_ok_and(|der| !known.contains(&der)));
        self
    }

    /// `None`: there is neither a certificate nor a revocation list.
    pub fn read(pem: &[u8]) -> Option<Self> {
        let mut found = Self::default();
        for block in blocks(pem) {
            if block.starts_with(b"-----BEGIN X509 CRL-----") {
                found.revocations.push(X509Crl::from_pem(block).ok()?);
            } else if CERTIFICATES.iter().any(|begin| block.starts_with(begin)) {
                found.certificates.push(X509::from_pem(block).ok()?);
            }
        }
        (!found.certificates.is_empty() || !found.revocations.is_empty()).then_some(found)
    }
}

const CERTIFICATES: [&[u8]; 3] = [
    b"-----BEGIN CERTIFICATE-----",
    b"-----BEGIN X509 CERTIFICATE-----",
    b"-----BEGIN TRUSTED CERTIFICATE-----",
];

/// The encapsulated parts of a PEM text, each from its BEGIN line on.
pub fn blocks(pem: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = pem;
    std::iter::from_fn(move || {
        let begin = find(rest, b"-----BEGIN ")?;
        let end = begin + find(&rest[begin..], b"-----END ")?;
        let stop = rest[end..].iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| end + at + 1);
        let block = &rest[begin..stop];
        rest = &rest[stop..];
        Some(block)
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
