//! `crt-list` files (5.1): one certificate a line, with settings in brackets and the names that it serves.

use std::sync::Arc;

use weir_tls::names::Filters;
use weir_tls::{Certificate, ContextSettings, Origin};

use super::settings::{FindAuthorities, set_with};
use super::{Loading, authorities, certificates, serve};
use crate::bind::is_crt_list_option;
use crate::model::TlsEntry;
use crate::parser::Parser;

/// One line as it was read: what its words say, no file of a certificate touched.
pub struct ListedLine {
    /// As it was written.
    pub certificate: String,
    /// Without brackets there are none.
    pub settings: Option<ContextSettings>,
    pub filters: Filters,
    /// What `show ssl crt-list` shows in brackets and behind them.
    pub options_text: Option<Arc<str>>,
    pub filters_text: Option<Arc<str>>,
    pub(crate) loading: Loading,
}

impl ListedLine {
    /// Whether the line says `jwt on` or `off`.
    pub fn for_tokens(&self) -> Option<bool> {
        self.loading.jwt
    }
}

/// Reads a list. The error is HAProxy's text.
pub(crate) fn crt_list(parser: &mut Parser<'_>, path: &str) -> Result<Vec<TlsEntry>, String> {
    let Some(bytes) = parser.options.files.read(path) else {
        return Err(format!("cannot open file '{path}' : No such file or directory"));
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let list: Arc<str> = path.into();
    let mut entries = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            entries.extend(entries_of(parser, line, &list, at as u32 + 1)?);
        }
    }
    Ok(entries)
}

/// One line: several entries where it names a bundle.
fn entries_of(
    parser: &mut Parser<'_>,
    line: &str,
    list: &Arc<str>,
    number: u32,
) -> Result<Vec<TlsEntry>, String> {
    let place = format!("{list}:{number}");
    let read = crt_list_line(line, &place, &mut |file| authorities::load(parser, file))?;
    let settings = read.settings.map(Arc::new);
    let origin = Origin {
        list: list.clone(),
        number,
        options: read.options_text.clone(),
        filters: read.filters_text.clone(),
    };
    let certificates = certificates(parser, &read.certificate, &read.loading)?;
    serve(parser, &certificates, read.loading.ocsp_update)
        .map_err(|text| format!("error processing line {number} in file '{list}' : {text}"))?;
    use_for_tokens(parser, &certificates, &read.loading);
    let entry = |certificate| TlsEntry {
        certificate,
        filters: read.filters.clone(),
        settings: settings.clone(),
        origin: Some(origin.clone()),
    };
    Ok(certificates.into_iter().map(entry).collect())
}

/// Reads one line that is neither empty nor a comment; `place` is where it stands, for what is wrong with it.
pub fn crt_list_line(line: &str, place: &str, find: FindAuthorities<'_>) -> Result<ListedLine, String> {
    let (before, bracketed, after) = parts(line, place)?;
    let Some(certificate) = before.split_whitespace().next() else {
        return Err(format!("parsing [{place}]: file must start with a cert"));
    };
    let mut options = Options::default();
    let mut words = bracketed.unwrap_or_default().split_whitespace();
    while let Some(name) = words.next() {
        options.take(find, name, &mut words, place)?;
    }
    // Without brackets the names follow at once.
    let names = before.split_whitespace().skip(1).chain(after.split_whitespace());
    let filters_text = names.clone().collect::<Vec<_>>().join(" ");
    Ok(ListedLine {
        certificate: certificate.to_owned(),
        options_text: bracketed.map(|_| options.shown().into()),
        settings: bracketed.is_some_and(|text| !text.trim().is_empty()).then_some(options.settings),
        filters: Filters::of_words(names),
        filters_text: (!filters_text.is_empty()).then(|| filters_text.into()),
        loading: options.loading,
    })
}

/// An `ssl-f-use` line: the words are those in the brackets of a list, and the certificate among them.
pub(crate) fn apart<'w>(
    parser: &mut Parser<'_>,
    certificate: &str,
    mut words: impl Iterator<Item = &'w str>,
    place: &str,
    origin: Origin,
) -> Result<Vec<TlsEntry>, String> {
    let mut options = Options::default();
    while let Some(name) = words.next() {
        match name {
            "crt" => drop(words.next()),
            name => {
                options.take(&mut |file| authorities::load(parser, file), name, &mut words, place)?;
            }
        }
    }
    let shown = (!options.written.is_empty()).then(|| options.shown().into());
    let origin = Origin { options: shown, ..origin };
    let settings = Arc::new(options.settings);
    let entry = |certificate| TlsEntry {
        certificate,
        filters: Filters::default(),
        settings: Some(settings.clone()),
        origin: Some(origin.clone()),
    };
    let certificates = certificates(parser, certificate, &options.loading)?;
    serve(parser, &certificates, options.loading.ocsp_update)?;
    use_for_tokens(parser, &certificates, &options.loading);
    Ok(certificates.into_iter().map(entry).collect())
}

/// `jwt on`
fn use_for_tokens(parser: &mut Parser<'_>, certificates: &[Arc<Certificate>], loading: &Loading) {
    if loading.jwt == Some(true) {
        for certificate in certificates {
            parser.tls.use_for_tokens(&certificate.name, certificate);
        }
    }
}

/// What stands before, in and behind the brackets.
fn parts<'l>(line: &'l str, place: &str) -> Result<(&'l str, Option<&'l str>, &'l str), String> {
    let Some((before, rest)) = line.split_once('[') else { return Ok((line, None, "")) };
    match rest.split_once(']') {
        Some((bracketed, after)) => Ok((before, Some(bracketed), after)),
        None => Err(format!("parsing [{place}]: missing ']'")),
    }
}

/// The words in brackets.
#[derive(Default)]
struct Options {
    settings: ContextSettings,
    loading: Loading,
    /// Each with its value as it is shown.
    written: Vec<(String, String)>,
}

/// The order in which `show ssl crt-list` shows options.
const SHOWN: [&str; 23] = [
    "npn",
    "alpn",
    "no-alpn",
    "verify",
    "no-ca-names",
    "allow-0rtt",
    "ca-file",
    "ca-verify-file",
    "crl-file",
    "ciphers",
    "ciphersuites",
    "curves",
    "ecdhe",
    "client-sigalgs",
    "sigalgs",
    "ssl-min-ver",
    "ssl-max-ver",
    "ocsp-update",
    "key",
    "ocsp",
    "issuer",
    "sctl",
    "jwt",
];

impl Options {
    fn take<'w>(
        &mut self,
        find: FindAuthorities<'_>,
        name: &str,
        words: &mut impl Iterator<Item = &'w str>,
        place: &str,
    ) -> Result<(), String> {
        let row = crate::bind::find_option(name).filter(|_| is_crt_list_option(name));
        let file = ["key", "ocsp", "issuer", "sctl", "ocsp-update", "jwt"].contains(&name);
        let valued = match row {
            Some(row) => row.value,
            None if file => true,
            None => return Err(format!("parsing [{place}]: unknown ssl keyword {name}")),
        };
        let value = match valued.then(|| words.next()) {
            None => "",
            Some(Some(value)) => value,
            Some(None) => return Err(format!("parsing [{place}]: ssl args out of '[]' for {name}")),
        };
        let mut shown = value.to_owned();
        match name {
            "key" => self.loading.key = Some(value.into()),
            "ocsp" => self.loading.ocsp = Some(value.into()),
            "issuer" => self.loading.issuer = Some(value.into()),
            "sctl" => self.loading.sctl = Some(value.into()),
            "ocsp-update" | "jwt" => {
                let said = match value {
                    "on" | "off" => Some(value == "on"),
                    _ => return Err(format!("'{name}' : expecting <on|off>")),
                };
                *(if name == "jwt" { &mut self.loading.jwt } else { &mut self.loading.ocsp_update }) = said;
            }
            "npn" | "ktls" => {}
            "verify" if !["none", "optional", "required"].contains(&value) => {
                return Err(format!(
                    "'verify' : unknown verify method '{value}', only 'none', 'optional', and 'required' are supported"
                ));
            }
            "ssl-min-ver" | "ssl-max-ver" if !super::VERSION_NAMES.contains(&value) => {
                return Err(format!("'{value}' : unknown ssl/tls version"));
            }
            "ca-file" | "ca-verify-file" | "crl-file" => {
                set_with(find, &mut self.settings, name, value)?;
                let settings = &self.settings;
                let loaded = match name {
                    "ca-file" => &settings.ca_file,
                    "crl-file" => &settings.crl_file,
                    _ => &settings.ca_verify_file,
                };
                shown = loaded.as_ref().map_or(shown, |file| file.name.to_string());
            }
            _ => set_with(find, &mut self.settings, name, value)?,
        }
        self.written.retain(|(known, _)| known != name);
        self.written.push((name.to_owned(), shown));
        Ok(())
    }

    fn shown(&self) -> String {
        let mut parts = Vec::new();
        for wanted in SHOWN {
            for (name, value) in self.written.iter().filter(|(name, _)| name == wanted) {
                parts.push(if value.is_empty() { name.clone() } else { format!("{name} {value}") });
            }
        }
        parts.join(" ")
    }
}
