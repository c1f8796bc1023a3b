//! TLS as lines of any section say it: files to certificates, words to settings of a handshake.

mod authorities;
mod crt_list;
mod files;
mod settings;
mod tokens;

use std::collections::HashMap;
use std::sync::Arc;

use weir_tls::issuers::{IssuerChains, LeftOut};
use weir_tls::pem::Authorities;
use weir_tls::ticket::Fault;
use weir_tls::{Certificate, TicketKeys};
use weir_types::{Diagnostic, Form, Level};

use crate::parser::Parser;

pub use crt_list::{ListedLine, crt_list_line};
pub(crate) use crt_list::{apart, crt_list};
pub(crate) use files::{Loading, based, certificates, directory_name, load};
pub(crate) use settings::{VERSION_NAMES, set};
pub(crate) use tokens::load_for_tokens;

/// Files that were read already, by the name that a configuration may call them by.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub certificates: HashMap<String, Arc<Certificate>>,
    authorities: HashMap<String, Arc<Authorities>>,
    ticket_keys: HashMap<String, Arc<TicketKeys>>,
    tokens: tokens::Tokens,
    /// `issuers-chain-path`
    pub chains: IssuerChains,
    /// What `load` lines of a `crt-store` say of `ocsp-update`, by the certificate's name.
    pub stored_updates: HashMap<Arc<str>, bool>,
    /// What each use of a certificate came to: all must agree.
    updates: HashMap<Arc<str>, bool>,
}

/// `issuers-chain-path`: every file of a directory; what cannot be used is left out with a warning.
pub(crate) fn issuer_chains(parser: &mut Parser<'_>, directory: &str, names: &[String]) {
    for name in names.iter().filter(|name| !name.starts_with('.')) {
        let file = format!("{}/{name}", directory.trim_end_matches('/'));
        let Some(bytes) = parser.options.files.read(&file) else { continue };
        let text = match parser.tls.chains.add(&file, bytes) {
            Ok(()) => continue,
            Err(LeftOut::NoCertificate) => {
                format!("unable to load issuers-chain {file} : pem certificate not found.")
            }
            Err(LeftOut::Duplicate(other)) => {
                format!("duplicate issuers-chain {file}: {other} already in store")
            }
        };
        warn(parser, text);
    }
}

fn warn(parser: &mut Parser<'_>, text: String) {
    parser.push(Diagnostic::new(Level::Warning, Form::Config, None, text));
}

impl Store {
    /// What is in use already, by its names.
    pub fn keep(
        &mut self,
        certificates: HashMap<String, Arc<Certificate>>,
        authorities: HashMap<String, Arc<Authorities>>,
    ) {
        self.certificates.extend(certificates);
        self.authorities.extend(authorities);
    }
}

/// `tls-ticket-keys`; the error is HAProxy's text behind the file's name.
pub(crate) fn ticket_keys(parser: &mut Parser<'_>, file: &str) -> Result<Arc<TicketKeys>, String> {
    if let Some(known) = parser.tls.ticket_keys.get(file) {
        return Ok(known.clone());
    }
    let text = parser.options.files.read(file).ok_or("unable to load ssl tickets keys file")?;
    let keys = TicketKeys::read(file, &text).map_err(|fault| match fault {
        Fault::Base64(line) => format!("unable to decode base64 key on line {line}"),
        Fault::Length(line) => format!("wrong sized key on line {line}"),
        Fault::TooFew => {
            let count = weir_tls::ticket::KEYS;
            format!("please supply at least {count} keys in the tls-tickets-file")
        }
    })?;
    let keys = Arc::new(keys);
    parser.tls.ticket_keys.insert(file.to_owned(), keys.clone());
    Ok(keys)
}

/// Notes that certificates are served and whether their OCSP responses are kept fresh: `said` by their line, else by
/// their `load` line, else as everywhere. The error is HAProxy's text.
pub(crate) fn serve(
    parser: &mut Parser<'_>,
    certificates: &[Arc<Certificate>],
    said: Option<bool>,
) -> Result<(), String> {
    let (mode, disabled) = (parser.config.global.tls.ocsp.mode, parser.config.global.tls.ocsp.disabled);
    for certificate in certificates {
        let name = &certificate.name;
        let asked = said.or_else(|| parser.tls.stored_updates.get(name).copied());
        let possible = || {
            let parts = certificate.parts();
            parts.ocsp_responder().is_some() && parts.ocsp_id().is_some()
        };
        let wanted = match asked {
            Some(true) if !parser.options.checked && !possible() => {
                return Err(format!(
                    " '{name}' has an OCSP auto-update set to 'on' but an error occurred (maybe the OCSP URI or the \
                     issuer could not be found)'."
                ));
            }
            Some(asked) => asked,
            None => mode && possible(),
        };
        match parser.tls.updates.insert(name.clone(), wanted) {
            Some(before) if before != wanted => {
                return Err(format!("Incompatibilities found in OCSP update mode for certificate {name}"));
            }
            None if wanted && !disabled => parser.config.global.tls.ocsp.certificates.push(name.clone()),
            _ => {}
        }
    }
    Ok(())
}
