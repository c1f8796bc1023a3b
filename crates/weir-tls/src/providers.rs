//! Where OpenSSL takes its algorithms from (`ssl-provider`, `ssl-provider-path`, `ssl-propquery`). It has one such choice
//! for a process; what one configuration loaded stays loaded when another takes its place.

use std::sync::{Mutex, MutexGuard};

use openssl::provider::Provider;
use openssl::ssl::{SslContext, SslMethod};

struct Chosen {
    providers: Vec<(Box<str>, Provider)>,
    /// What OpenSSL would have by itself.
    own: Option<Provider>,
    /// The property query in force; empty: none.
    query: String,
}

fn chosen() -> MutexGuard<'static, Chosen> {
    static CHOSEN: Mutex<Chosen> =
        Mutex::new(Chosen { providers: Vec::new(), own: None, query: String::new() });
    CHOSEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Loads a provider. The first one that is loaded takes the place of those that OpenSSL would have by itself. False:
/// there is none of this name.
pub fn load(name: &str) -> bool {
    let mut chosen = chosen();
    if chosen.providers.iter().any(|(known, _)| **known == *name) {
        return true;
    }
    match Provider::load(None, name) {
        Ok(provider) => {
            chosen.providers.push((name.into(), provider));
            chosen.own = None;
            true
        }
        Err(stack) => {
            log::debug!("provider {name}: {stack}");
            // The attempt keeps OpenSSL from loading its own, which the configuration in force goes on with.
            if chosen.providers.is_empty() {
                chosen.own = Provider::load(None, "default").ok();
            }
            false
        }
    }
}

/// Where providers that come now are looked for.
pub fn look_in(directory: &str) -> bool {
    !directory.contains('\0') && Provider::set_default_search_path(None, directory).is_ok()
}

/// Names of what is loaded, whoever loaded it.
pub fn loaded() -> Vec<String> {
    // OpenSSL loads its own when the first algorithm is wanted.
    let _ = openssl::md::Md::fetch(None, "SHA2-256", None);
    weir_sys::providers::loaded()
}

/// Why a property query is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    Malformed,
    /// Nothing that TLS needs fits it.
    NoTls,
}

/// Takes implementations that fit a property query from now on.
pub fn prefer(query: &str) -> Result<(), Unfit> {
    let mut chosen = chosen();
    if chosen.query == query {
        return Ok(());
    }
    if !weir_sys::providers::prefer(query) {
        return Err(Unfit::Malformed);
    }
    if SslContext::builder(SslMethod::tls()).is_err() {
        weir_sys::providers::prefer(&chosen.query);
        return Err(Unfit::NoTls);
    }
    chosen.query = query.to_owned();
    Ok(())
}
