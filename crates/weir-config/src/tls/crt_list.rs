//! `crt-list` files (5.1): one certificate a line, with settings in brackets and the names that it serves.

use std::sync::Arc;

use weir_tls::ContextSettings;
use weir_tls::names::Filters;

use super::{Loading, certificates, set};
use crate::bind::is_crt_list_option;
use crate::model::TlsEntry;
use crate::parser::Parser;

/// Reads a list. The error is HAProxy's text.
pub(crate) fn crt_list(parser: &mut Parser<'_>, path: &str) -> Result<Vec<TlsEntry>, String> {
    let Some(bytes) = parser.options.files.read(path) else {
        return Err(format!("cannot open file '{path}' : No such file or directory"));
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut entries = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let place = format!("{path}:{}", at + 1);
        entries.extend(entries_of(parser, line, &place)?);
    }
    Ok(entries)
}

/// One line: none where it is empty, several where it names a bundle.
pub(crate) fn entries_of(parser: &mut Parser<'_>, line: &str, place: &str) -> Result<Vec<TlsEntry>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Vec::new());
    }
    let (before, bracketed, after) = parts(line, place)?;
    let Some(certificate) = before.split_whitespace().next() else {
        return Err(format!("parsing [{place}]: no certificate specified"));
    };
    let mut settings = ContextSettings::default();
    let mut loading = Loading::default();
    let mut words = bracketed.split_whitespace();
    while let Some(name) = words.next() {
        option(parser, name, &mut words, &mut settings, &mut loading, place)?;
    }
    // Without brackets the names follow at once.
    let names = before.split_whitespace().skip(1).chain(after.split_whitespace());
    let filters = Filters::of_words(names);
    let settings = (!bracketed.trim().is_empty()).then(|| Arc::new(settings));
    let certificates = certificates(parser, certificate, &loading)?;
    let entry = |certificate| TlsEntry { certificate, filters: filters.clone(), settings: settings.clone() };
    Ok(certificates.into_iter().map(entry).collect())
}

/// An `ssl-f-use` line: the words are those in the brackets of a list, and the certificate among them.
pub(crate) fn apart<'w>(
    parser: &mut Parser<'_>,
    certificate: &str,
    mut words: impl Iterator<Item = &'w str>,
    place: &str,
) -> Result<Vec<TlsEntry>, String> {
    let mut settings = ContextSettings::default();
    let mut loading = Loading::default();
    while let Some(name) = words.next() {
        match name {
            "crt" => drop(words.next()),
            name => option(parser, name, &mut words, &mut settings, &mut loading, place)?,
        }
    }
    let settings = Arc::new(settings);
    let entry =
        |certificate| TlsEntry { certificate, filters: Filters::default(), settings: Some(settings.clone()) };
    Ok(certificates(parser, certificate, &loading)?.into_iter().map(entry).collect())
}

/// What stands before, in and behind the brackets.
fn parts<'l>(line: &'l str, place: &str) -> Result<(&'l str, &'l str, &'l str), String> {
    let Some((before, rest)) = line.split_once('[') else { return Ok((line, "", "")) };
    match rest.split_once(']') {
        Some((bracketed, after)) => Ok((before, bracketed, after)),
        None => Err(format!("parsing [{place}]: missing ']'")),
    }
}

fn option<'w>(
    parser: &mut Parser<'_>,
    name: &str,
    words: &mut impl Iterator<Item = &'w str>,
    settings: &mut ContextSettings,
    loading: &mut Loading,
    place: &str,
) -> Result<(), String> {
    let row = crate::bind::find_option(name).filter(|_| is_crt_list_option(name));
    let file = ["key", "ocsp", "issuer", "sctl", "ocsp-update"].contains(&name);
    let value = match row {
        Some(row) if !row.value => "",
        Some(_) => words.next().unwrap_or_default(),
        None if file => words.next().unwrap_or_default(),
        None => return Err(format!("parsing [{place}]: unknown ssl keyword {name}")),
    };
    match name {
        "key" => loading.key = Some(value.into()),
        "ocsp" => loading.ocsp = Some(value.into()),
        "issuer" => loading.issuer = Some(value.into()),
        "sctl" => loading.sctl = Some(value.into()),
        "ocsp-update" if value == "on" => {
            return Err(format!("parsing [{place}]: 'ocsp-update on' is not supported by weir yet"));
        }
        "ocsp-update" | "allow-0rtt" | "npn" | "ktls" => {}
        "verify" if !["none", "optional", "required"].contains(&value) => {
            return Err(format!(
                "'verify' : unknown verify method '{value}', only 'none', 'optional', and 'required' are supported"
            ));
        }
        "ssl-min-ver" | "ssl-max-ver" if !super::VERSION_NAMES.contains(&value) => {
            return Err(format!("'{value}' : unknown ssl/tls version"));
        }
        _ => set(parser, settings, name, value)?,
    }
    Ok(())
}
