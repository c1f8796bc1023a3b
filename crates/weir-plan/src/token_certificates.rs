//! Certificates that converters verify and open tokens with, by the names that expressions and variables hold.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use weir_sample::{NoCertificate, TokenCertificate};
use weir_tls::{Certificate, pem};

#[derive(Debug, Default)]
pub struct TokenCertificates(BTreeMap<Arc<str>, Entry>);

#[derive(Debug)]
enum Entry {
    /// There, without `jwt on`.
    Unusable,
    Usable(RwLock<Usable>),
}

#[derive(Debug)]
struct Usable {
    keys: TokenCertificate,
    /// Where a key belongs to it; only such a certificate can be changed at run time.
    certificate: Option<Arc<Certificate>>,
}

impl TokenCertificates {
    pub fn add_unusable(&mut self, name: &str) {
        self.0.entry(name.into()).or_insert(Entry::Unusable);
    }

    pub fn add(&mut self, name: &str, certificate: &Arc<Certificate>) {
        if let Some(usable) = Usable::of(certificate) {
            self.0.insert(name.into(), Entry::Usable(RwLock::new(usable)));
        }
    }

    /// A certificate without a key, which can verify and not open.
    pub fn add_public(&mut self, name: &str, bytes: &[u8]) {
        if let Some(public) = pem::leaf(bytes).ok().and_then(|leaf| leaf.public_key().ok()) {
            let usable = Usable { keys: TokenCertificate::new(public, None), certificate: None };
            self.0.insert(name.into(), Entry::Usable(RwLock::new(usable)));
        }
    }

    pub fn find(&self, name: &str) -> Result<TokenCertificate, NoCertificate> {
        match self.0.get(name) {
            None => Err(NoCertificate::Unknown),
            Some(Entry::Unusable) => Err(NoCertificate::Unusable),
            Some(Entry::Usable(usable)) => {
                Ok(usable.read().unwrap_or_else(PoisonError::into_inner).keys.clone())
            }
        }
    }

    /// Those that runtime commands know.
    pub fn certificates(&self) -> impl Iterator<Item = Arc<Certificate>> {
        self.0.values().filter_map(|entry| match entry {
            Entry::Unusable => None,
            Entry::Usable(usable) => {
                usable.read().unwrap_or_else(PoisonError::into_inner).certificate.clone()
            }
        })
    }

    /// Puts another in the place of those of its name.
    pub fn replace(&self, certificate: &Arc<Certificate>) {
        for entry in self.0.values() {
            let Entry::Usable(usable) = entry else { continue };
            let mut usable = usable.write().unwrap_or_else(PoisonError::into_inner);
            if usable.certificate.as_ref().is_some_and(|old| old.name == certificate.name)
                && let Some(new) = Usable::of(certificate)
            {
                *usable = new;
            }
        }
    }
}

impl Usable {
    fn of(certificate: &Arc<Certificate>) -> Option<Self> {
        let parsed = certificate.parsed()?;
        let keys = TokenCertificate::new(parsed.leaf.public_key().ok()?, Some(parsed.key.clone()));
        Some(Self { keys, certificate: Some(certificate.clone()) })
    }
}
