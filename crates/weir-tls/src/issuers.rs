//! Chains that complete certificates whose files have none (`issuers-chain-path`, 3.1), shared by all they complete.

use std::sync::Arc;

use openssl::x509::X509;

use crate::{ocsp, pem};

/// The files of a directory.
#[derive(Debug, Default)]
pub struct IssuerChains {
    chains: Vec<IssuerChain>,
}

#[derive(Debug)]
struct IssuerChain {
    file: String,
    /// Whose certificates it completes.
    issuer: X509,
    pem: Arc<[u8]>,
}

/// Why a file is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    NoCertificate,
    /// This file has the same issuer.
    Duplicate(String),
}

impl IssuerChains {
    pub fn add(&mut self, file: &str, bytes: Vec<u8>) -> Result<(), LeftOut> {
        let issuer = pem::leaf(&bytes).map_err(|_| LeftOut::NoCertificate)?;
        let der = issuer.to_der().ok();
        if let Some(same) = self.chains.iter().find(|chain| chain.issuer.to_der().ok() == der) {
            return Err(LeftOut::Duplicate(same.file.clone()));
        }
        self.chains.push(IssuerChain { file: file.to_owned(), issuer, pem: bytes.into() });
        Ok(())
    }

    /// The chain for a file that holds one certificate alone.
    pub fn find(&self, file: &[u8]) -> Option<Arc<[u8]>> {
        if self.chains.is_empty() {
            return None;
        }
        let mut certificates = pem::chain(file).ok()?;
        let leaf = certificates.pop().filter(|_| certificates.is_empty())?;
        let found = self.chains.iter().find(|chain| ocsp::is_issuer(&chain.issuer, &leaf));
        Some(found?.pem.clone())
    }
}
