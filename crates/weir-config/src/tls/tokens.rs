//! Certificates for signed and encrypted tokens: those of `crt-store` sections with `jwt on`, and those that converters
//! name by their path.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_plan::TokenCertificates;
use weir_tls::Certificate;

use super::Store;
use super::files::{Loading, based, has_key, load};
use crate::parser::Parser;

#[derive(Debug, Default)]
pub(super) struct Tokens {
    usable: BTreeMap<String, Arc<Certificate>>,
    /// Without a key: file and bytes.
    public: BTreeMap<String, Vec<u8>>,
    /// Some converter names a certificate.
    named: bool,
}

impl Store {
    pub(crate) fn use_for_tokens(&mut self, name: &str, certificate: &Arc<Certificate>) {
        self.tokens.usable.insert(name.to_owned(), certificate.clone());
    }

    /// Nothing unless some certificate is wanted for tokens.
    pub(crate) fn for_tokens(&self) -> TokenCertificates {
        let all = TokenCertificates::default();
        for (name, certificate) in &self.tokens.usable {
            all.add(name, certificate);
        }
        for (name, bytes) in &self.tokens.public {
            all.add_public(name, bytes);
        }
        if !self.tokens.usable.is_empty() || !self.tokens.public.is_empty() || self.tokens.named {
            self.certificates.keys().for_each(|name| all.add_unusable(name));
        }
        all
    }
}

/// A certificate that a converter names. One that is loaded already is usable as it was loaded. The error is HAProxy's
/// text.
pub(crate) fn load_for_tokens(parser: &mut Parser<'_>, name: &str) -> Result<(), String> {
    parser.tls.tokens.named = true;
    if parser.tls.certificates.contains_key(name) || parser.tls.tokens.public.contains_key(name) {
        return Ok(());
    }
    let path = based(name, parser.config.global.tls.crt_base.as_deref());
    let Some(bytes) = parser.options.files.read(&path) else {
        return Err(format!(
            "unable to stat SSL certificate from file '{path}' : No such file or directory."
        ));
    };
    if has_key(&bytes) {
        let certificate = load(parser, &path, bytes, &Loading::default())?;
        parser.tls.use_for_tokens(name, &certificate);
    } else if weir_tls::pem::leaf(&bytes).is_ok() {
        parser.tls.tokens.public.insert(name.to_owned(), bytes);
    } else {
        return Err(format!("unable to load certificate chain from file '{path}': no certificate."));
    }
    Ok(())
}
