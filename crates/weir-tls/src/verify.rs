//! What verifying a peer's certificate found, and which findings are overlooked.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslRef};
use openssl::x509::{X509StoreContext, X509StoreContextRef};

use crate::codes::CODES;
use crate::context::Ignored;

/// The first error of the certificate itself and of its authorities, in one handshake.
#[derive(Debug, Default)]
pub struct Findings {
    certificate: AtomicI32,
    authority: AtomicI32,
    authority_depth: AtomicI32,
}

fn index() -> Option<Index<Ssl, Findings>> {
    static INDEX: OnceLock<Option<Index<Ssl, Findings>>> = OnceLock::new();
    *INDEX.get_or_init(|| Ssl::new_ex_index().ok())
}

impl Findings {
    /// Lets a handshake note what it finds.
    pub fn attach(ssl: &mut SslRef) {
        if let Some(index) = index() {
            ssl.set_ex_data(index, Self::default());
        }
    }

    pub fn of(ssl: &SslRef) -> Option<&Self> {
        ssl.ex_data(index()?)
    }

    pub fn certificate(&self) -> i32 {
        self.certificate.load(Relaxed)
    }

    pub fn authority(&self) -> i32 {
        self.authority.load(Relaxed)
    }

    pub fn authority_depth(&self) -> i32 {
        self.authority_depth.load(Relaxed)
    }

    fn note(&self, code: i32, depth: i32) {
        let first = if depth > 0 { &self.authority } else { &self.certificate };
        if first.compare_exchange(0, code, Relaxed, Relaxed).is_ok() && depth > 0 {
            self.authority_depth.store(depth, Relaxed);
        }
    }
}

/// The number of an error that `crt-ignore-err` names: OpenSSL's constant or the number itself.
pub fn code_of(name: &str) -> Option<i32> {
    if let Ok(number) = name.parse::<u32>() {
        return i32::try_from(number).ok();
    }
    CODES.iter().find(|(known, _)| *known == name).map(|(_, code)| *code)
}

/// OpenSSL's constant for an error.
pub fn name_of(code: i32) -> Option<&'static str> {
    CODES.iter().find(|(_, known)| *known == code).map(|(name, _)| *name)
}

/// Called for each certificate of the chain; false ends the handshake.
pub(crate) fn callback(
    ignored: Ignored,
) -> impl Fn(bool, &mut X509StoreContextRef) -> bool + Send + Sync + 'static {
    move |fits, context| {
        if fits {
            return true;
        }
        let (code, depth) = (context.error().as_raw(), context.error_depth() as i32);
        let findings =
            X509StoreContext::ssl_idx().ok().and_then(|index| Findings::of(context.ex_data(index)?));
        if let Some(findings) = findings {
            findings.note(code, depth);
        }
        let overlooked = if depth > 0 { &ignored.authority } else { &ignored.certificate };
        let overlooked = overlooked.as_ref().is_some_and(|errors| errors.contains(code));
        if overlooked {
            // What was pushed for it must not be taken for the reason of a later failure.
            drop(openssl::error::ErrorStack::get());
        }
        overlooked
    }
}
