//! TLS as lines of any section say it: files to certificates, words to settings of a handshake.

mod authorities;
mod crt_list;
mod files;
mod settings;

use std::collections::HashMap;
use std::sync::Arc;

use weir_tls::Certificate;
use weir_tls::pem::Authorities;

pub(crate) use crt_list::{apart, crt_list};
pub(crate) use files::{Loading, based, certificates, load};
pub(crate) use settings::{VERSION_NAMES, set};

/// Files that were read already, by the name that a configuration may call them by.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub certificates: HashMap<String, Arc<Certificate>>,
    authorities: HashMap<String, Arc<Authorities>>,
}
