//! Certificates that converters verify and open tokens with, by the names that expressions and variables hold.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use weir_sample::{NoCertificate, TokenCertificate};
use weir_tls::{Certificate, pem};

/// Changes when certificates do, and with `add ssl jwt` and `del ssl jwt`.
#[derive(Debug, Default)]
pub struct TokenCertificates(RwLock<BTreeMap<Arc<str>, Entry>>);

#[derive(Debug)]
enum Entry {
    /// There, without `jwt on`.
    Unusable,
    Usable(Usable),
}

#[derive(Debug)]
struct Usable {
    keys: TokenCertificate,
    /// Where a key belongs to it; only such a certificate can be changed at run time.
    certificate: Option<Arc<Certificate>>,
}

impl TokenCertificates {
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Arc<str>, Entry>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<Arc<str>, Entry>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add_unusable(&self, name: &str) {
        self.write().entry(name.into()).or_insert(Entry::Unusable);
    }

    pub fn add(&self, name: &str, certificate: &Arc<Certificate>) {
        if let Some(usable) = Usable::of(certificate) {
            self.write().insert(name.into(), Entry::Usable(usable));
        }
    }

    /// The certificate stays known to whoever asks for it, and may not be used.
    pub fn withdraw(&self, certificate: &str) {
        for (name, entry) in self.write().iter_mut() {
            if **name == *certificate || entry.is_of(certificate) {
                *entry = Entry::Unusable;
            }
        }
    }

    /// A certificate without a key, which can verify and not open.
    pub fn add_public(&self, name: &str, bytes: &[u8]) {
        if let Some(public) = pem::leaf(bytes).ok().and_then(|leaf| leaf.public_key().ok()) {
            let usable = Usable { keys: TokenCertificate::new(public, None), certificate: None };
            self.write().insert(name.into(), Entry::Usable(usable));
        }
    }

    pub fn find(&self, name: &str) -> Result<TokenCertificate, NoCertificate> {
        match self.read().get(name) {
            None => Err(NoCertificate::Unknown),
            Some(Entry::Unusable) => Err(NoCertificate::Unusable),
            Some(Entry::Usable(usable)) => Ok(usable.keys.clone()),
        }
    }

    /// Those that runtime commands know, each once.
    pub fn certificates(&self) -> Vec<Arc<Certificate>> {
        let mut all: Vec<Arc<Certificate>> = Vec::new();
        for entry in self.read().values() {
            let Entry::Usable(Usable { certificate: Some(certificate), .. }) = entry else { continue };
            if !all.iter().any(|known| known.name == certificate.name) {
                all.push(certificate.clone());
            }
        }
        all
    }

    /// Puts another in the place of those of its name.
    pub fn replace(&self, certificate: &Arc<Certificate>) {
        for entry in self.write().values_mut().filter(|entry| entry.is_of(&certificate.name)) {
            if let Some(new) = Usable::of(certificate) {
                *entry = Entry::Usable(new);
            }
        }
    }
}

impl Entry {
    fn is_of(&self, name: &str) -> bool {
        match self {
            Self::Unusable => false,
            Self::Usable(usable) => usable.certificate.as_ref().is_some_and(|of| *of.name == *name),
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
