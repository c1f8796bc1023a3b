//! Certificates made while clients wait (`generate-certificates`): one for the name that a client asks for, with the key
//! of the certificate that it would be served otherwise, signed by an authority of the configuration.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use lru::LruCache;
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectAlternativeName, SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name};

use crate::certificate::{Certificate, Parsed};
use crate::context::ContextSettings;
use crate::listener::ListenerEntry;
use crate::names::Filters;
use crate::pem::{self, Fault};

const DAY_S: i64 = 24 * 3600;
/// From a day ago on, for clients whose clock is late.
const VALID_S: (i64, i64) = (-DAY_S, 365 * DAY_S);

/// Bits of a serial number: workers draw them at random, so that no two certificates of an authority share one.
const SERIAL_BITS: i32 = 159;

/// A common name is no longer (RFC 5280 A.1, `ub-common-name`); the alternative name has no such limit.
const COMMON_NAME: usize = 64;

/// `ca-sign-file`: who signs.
pub struct Authority {
    chain: Vec<X509>,
    key: PKey<Private>,
}

/// What was made, the latest used of all listeners (`tune.ssl.ssl-ctx-cache-size`).
pub struct Forged(Mutex<Option<LruCache<Name, Kept>>>);

/// For whom, and by whom: listeners with different authorities share nothing.
#[derive(PartialEq, Eq, Hash)]
struct Name {
    forge: usize,
    name: Box<str>,
}

/// An entry is good as long as what it was made of is in force, and its certificate not about to end.
struct Kept {
    of: Arc<Certificate>,
    settings: Arc<ContextSettings>,
    until_s: i64,
    entry: Arc<ListenerEntry>,
}

/// Makes the certificates of one listener.
#[derive(Debug)]
pub struct Forge {
    authority: Authority,
    forged: Arc<Forged>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the key.
        f.debug_struct("Authority").field("chain", &self.chain).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Forged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forged").finish_non_exhaustive()
    }
}

impl Authority {
    /// `key` is the file of the key where the certificate's own has none.
    pub fn read(pem: &[u8], key: Option<&[u8]>, passphrase: Option<&str>) -> Result<Self, Fault> {
        let chain = pem::chain(pem)?;
        let read = |bytes: &[u8]| pem::key_with(bytes, passphrase.unwrap_or_default());
        let key = match (read(pem), key) {
            (Err(_), Some(bytes)) => read(bytes)?,
            (own, _) => own?,
        };
        if !chain[0].public_key().is_ok_and(|public| public.public_eq(&key)) {
            return Err(Fault::Mismatch);
        }
        Ok(Self { chain, key })
    }

    /// A certificate for a name and the owner of a key.
    fn sign(&self, name: &str, key: &PKey<Private>, now_s: i64) -> Result<X509, ErrorStack> {
        let issuer = &self.chain[0];
        let mut builder = X509Builder::new()?;
        builder.set_version(2)?;
        let mut serial = BigNum::new()?;
        serial.rand(SERIAL_BITS, MsbOption::MAYBE_ZERO, false)?;
        builder.set_serial_number(&*Asn1Integer::from_bn(&serial)?)?;
        builder.set_not_before(&*Asn1Time::from_unix(now_s + VALID_S.0)?)?;
        builder.set_not_after(&*Asn1Time::from_unix(now_s + VALID_S.1)?)?;
        builder.set_issuer_name(issuer.subject_name())?;
        // As HAProxy names them: behind whatever the authority is called.
        let mut subject = X509Name::builder()?;
        for entry in issuer.subject_name().entries() {
            subject.append_entry(entry)?;
        }
        if name.len() <= COMMON_NAME {
            subject.append_entry_by_text("CN", name)?;
        }
        builder.set_subject_name(&subject.build())?;
        builder.set_pubkey(key)?;
        builder.append_extension(BasicConstraints::new().build()?)?;
        let mut usage = KeyUsage::new();
        builder.append_extension(usage.digital_signature().non_repudiation().key_encipherment().build()?)?;
        let extensions = {
            let context = builder.x509v3_context(Some(issuer), None);
            let mut authority = AuthorityKeyIdentifier::new();
            let mut names = SubjectAlternativeName::new();
            [
                SubjectKeyIdentifier::new().build(&context)?,
                authority.keyid(false).issuer(true).build(&context)?,
                names.dns(name).build(&context)?,
            ]
        };
        for extension in extensions {
            builder.append_extension(extension)?;
        }
        let digest = match self.key.id() {
            // These say themselves how they hash.
            Id::ED25519 | Id::ED448 => MessageDigest::null(),
            _ => MessageDigest::sha256(),
        };
        builder.sign(&self.key, digest)?;
        Ok(builder.build())
    }
}

impl Forged {
    /// At most so many certificates; none are kept with 0.
    pub fn new(size: usize) -> Self {
        Self(Mutex::new(NonZeroUsize::new(size).map(LruCache::new)))
    }
}

impl Forge {
    pub fn new(authority: Authority, forged: Arc<Forged>) -> Self {
        Self { authority, forged }
    }

    /// The entry for a name that no certificate of the listener is for. `instead` would be served without it. `None`: no
    /// such certificate can be made.
    pub fn entry(&self, name: &str, instead: &ListenerEntry) -> Option<Arc<ListenerEntry>> {
        // A certificate is for a host and nothing else that a client can write.
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            return None;
        }
        let (of, settings) = (instead.certificate(), instead.settings());
        let now_s = crate::ocsp::now_s();
        let key = Name { forge: std::ptr::from_ref(self) as usize, name: name.into() };
        let mut forged = self.forged.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(kept) = forged.as_mut().and_then(|forged| forged.get(&key))
            && Arc::ptr_eq(&kept.of, &of)
            && Arc::ptr_eq(&kept.settings, &settings)
            && now_s < kept.until_s
        {
            return Some(kept.entry.clone());
        }
        let certificate = self.certificate(name, &of, now_s)?;
        let entry = Arc::new(ListenerEntry::new(certificate, Filters::default(), settings.clone(), None));
        if let Some(forged) = forged.as_mut() {
            let until_s = now_s + VALID_S.1 - DAY_S;
            forged.put(key, Kept { of, settings, until_s, entry: entry.clone() });
        }
        Some(entry)
    }

    fn certificate(&self, name: &str, of: &Certificate, now_s: i64) -> Option<Arc<Certificate>> {
        let key = &of.parsed()?.key;
        let signed = self.authority.sign(name, key, now_s);
        let leaf = signed.inspect_err(|stack| log::error!("no certificate for {name}: {stack}")).ok()?;
        let parsed = Parsed { leaf, chain: self.authority.chain.clone(), key: key.clone() };
        Some(Arc::new(Certificate::made(name, of.kind, parsed)))
    }
}

#[cfg(test)]
mod tests;
