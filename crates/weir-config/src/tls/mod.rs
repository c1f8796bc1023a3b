//! TLS as lines of any section say it: files to certificates, words to settings of a handshake.

mod authorities;
mod crt_list;
mod files;
mod settings;
mod tokens;

use std::collections::HashMap;
use std::sync::Arc;

use weir_tls::pem::Authorities;
use weir_tls::ticket::Fault;
use weir_tls::{Certificate, TicketKeys};

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
