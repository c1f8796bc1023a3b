//! Options that `bind` and `server` lines, lines of a `crt-list` and `ssl-default-*` share: words to the settings of a
//! handshake.

use std::sync::Arc;

use weir_tls::context::Errors;
use weir_tls::pem::Authorities;
use weir_tls::{ContextSettings, Verify, Version};

use super::authorities;
use crate::parser::Parser;

pub(crate) const VERSION_NAMES: [&str; 5] = ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/// Finds a file of authorities; the error is HAProxy's text.
pub(crate) type FindAuthorities<'f> = &'f mut dyn FnMut(&str) -> Result<Arc<Authorities>, String>;

/// Takes an option whose words were checked. The error is HAProxy's text for a file that cannot be used.
pub(crate) fn set(
    parser: &mut Parser<'_>,
    settings: &mut ContextSettings,
    name: &str,
    value: &str,
) -> Result<(), String> {
    set_with(&mut |file| authorities::load(parser, file), settings, name, value)
}

pub(crate) fn set_with(
    find: FindAuthorities<'_>,
    settings: &mut ContextSettings,
    name: &str,
    value: &str,
) -> Result<(), String> {
    let text = || Some(Arc::<str>::from(value));
    match name {
        "alpn" => settings.alpn = text(),
        "no-alpn" => settings.alpn = Some("".into()),
        "ca-file" => settings.ca_file = Some(find(value)?),
        "ca-verify-file" => settings.ca_verify_file = Some(find(value)?),
        "crl-file" => settings.crl_file = Some(find(value)?),
        "ciphers" => settings.ciphers = text(),
        "ciphersuites" => settings.ciphersuites = text(),
        "curves" => settings.curves = text(),
        "ecdhe" => settings.ecdhe = text(),
        "sigalgs" => settings.sigalgs = text(),
        "client-sigalgs" => settings.client_sigalgs = text(),
        "no-ca-names" => settings.no_ca_names = true,
        "prefer-client-ciphers" => settings.prefer_client_ciphers = true,
        "no-tls-tickets" => settings.no_tickets = Some(true),
        "tls-tickets" => settings.no_tickets = Some(false),
        "allow-0rtt" => settings.early_data = Some(true),
        "crt-ignore-err" => settings.ignored.certificate = errors(value),
        "ca-ignore-err" => settings.ignored.authority = errors(value),
        "ssl-min-ver" => settings.versions.min = Version::named(value),
        "ssl-max-ver" => settings.versions.max = Version::named(value),
        "verify" => {
            settings.verify = Some(match value {
                "required" => Verify::Required,
                "optional" => Verify::Optional,
                _ => Verify::None,
            });
        }
        _ => versions(settings, name),
    }
    Ok(())
}

/// `force-tlsv12`, `no-tlsv11` and their like.
fn versions(settings: &mut ContextSettings, name: &str) {
    let of = |name: &str| {
        let known = ["sslv3", "tlsv10", "tlsv11", "tlsv12", "tlsv13"];
        known.iter().position(|known| *known == name).map(|at| Version::ALL[at])
    };
    if let Some(version) = name.strip_prefix("force-").and_then(of) {
        settings.versions.min = Some(version);
        settings.versions.max = Some(version);
    } else if let Some(version) = name.strip_prefix("no-").and_then(of) {
        settings.versions.without |= 1 << version as u8;
    }
}

fn errors(list: &str) -> Option<Errors> {
    let mut codes = Vec::new();
    for name in list.split(',') {
        match name {
            "all" => return Some(Errors::All),
            name => codes.extend(weir_tls::verify::code_of(name)),
        }
    }
    Some(Errors::These(codes.into()))
}
