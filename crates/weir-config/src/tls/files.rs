//! The files of certificates: one file, several of a bundle, a directory, and what stands beside each (5.1 `crt`).

use std::sync::Arc;

use weir_tls::certificate::Parts;
use weir_tls::{Certificate, ocsp, pem};

use crate::parser::Parser;

/// Files of one certificate of a bundle (`ssl-load-extra-files bundle`).
const BUNDLE: [&str; 3] = ["rsa", "ecdsa", "dsa"];

/// Names in a directory that are no certificates.
const RESERVED: [&str; 4] = [".key", ".issuer", ".ocsp", ".sctl"];

/// Files that a line names beside the certificate's own; none of the others is looked for then.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loading {
    pub key: Option<String>,
    pub ocsp: Option<String>,
    pub issuer: Option<String>,
    pub sctl: Option<String>,
    pub ocsp_update: Option<bool>,
    pub jwt: Option<bool>,
    /// Of a `crt-store`: only what is named there belongs to the certificate.
    pub named: bool,
}

impl Loading {
    fn is_empty(&self) -> bool {
        !self.named
            && self.key.is_none()
            && self.ocsp.is_none()
            && self.issuer.is_none()
            && self.sctl.is_none()
    }
}

/// Every certificate that a path stands for. The error is HAProxy's text.
pub(crate) fn certificates(
    parser: &mut Parser<'_>,
    written: &str,
    loading: &Loading,
) -> Result<Vec<Arc<Certificate>>, String> {
    if let Some(known) = parser.tls.certificates.get(written) {
        return Ok(vec![known.clone()]);
    }
    let path = based(written, parser.config.global.tls.crt_base.as_deref());
    if let Some(known) = parser.tls.certificates.get(&path) {
        return Ok(vec![known.clone()]);
    }
    if let Some(names) = parser.options.files.list(&path) {
        return directory(parser, path.trim_end_matches('/'), names);
    }
    if let Some(bytes) = parser.options.files.read(&path) {
        return Ok(vec![load(parser, &path, bytes, loading)?]);
    }
    let mut bundle = Vec::new();
    if parser.config.global.tls.extra_files.bundle {
        for kind in BUNDLE {
            let path = format!("{path}.{kind}");
            if let Some(known) = parser.tls.certificates.get(&path) {
                bundle.push(known.clone());
            } else if let Some(bytes) = parser.options.files.read(&path) {
                bundle.push(load(parser, &path, bytes, loading)?);
            }
        }
    }
    if bundle.is_empty() {
        return Err(format!(
            "unable to stat SSL certificate from file '{path}' : No such file or directory."
        ));
    }
    Ok(bundle)
}

fn directory(
    parser: &mut Parser<'_>,
    path: &str,
    names: Vec<String>,
) -> Result<Vec<Arc<Certificate>>, String> {
    let mut all = Vec::new();
    for name in names {
        if name.starts_with('.') || RESERVED.iter().any(|extension| name.ends_with(extension)) {
            continue;
        }
        let path = format!("{path}/{name}");
        if let Some(known) = parser.tls.certificates.get(&path) {
            all.push(known.clone());
        } else if let Some(bytes) = parser.options.files.read(&path) {
            all.push(load(parser, &path, bytes, &Loading::default())?);
        }
    }
    Ok(all)
}

/// The directory that a path stands for; its certificates are the lines of a list with this name.
pub(crate) fn directory_name(parser: &Parser<'_>, written: &str) -> Option<Arc<str>> {
    let path = based(written, parser.config.global.tls.crt_base.as_deref());
    let known = parser.tls.certificates.contains_key(written) || parser.tls.certificates.contains_key(&path);
    parser.options.files.list(&path).filter(|_| !known)?;
    Some(path.trim_end_matches('/').into())
}

pub(crate) fn based(written: &str, base: Option<&str>) -> String {
    match base {
        Some(base) if !written.starts_with(['/', '@']) => format!("{base}/{written}"),
        _ => written.to_owned(),
    }
}

/// Loads one certificate and keeps it under its path.
pub(crate) fn load(
    parser: &mut Parser<'_>,
    path: &str,
    bytes: Vec<u8>,
    loading: &Loading,
) -> Result<Arc<Certificate>, String> {
    let mut parts = beside(parser, path, bytes, loading)?;
    parts.chain = parser.tls.chains.find(&parts.pem);
    check_response(parser, path, &mut parts, loading)?;
    let certificate =
        Certificate::load(path, parts, !parser.options.checked).map_err(|fault| fault.worded(path))?;
    parser.tls.certificates.insert(path.to_owned(), certificate.clone());
    Ok(certificate)
}

/// The files beside a certificate: those that were named, or those that are there.
fn beside(parser: &mut Parser<'_>, path: &str, bytes: Vec<u8>, loading: &Loading) -> Result<Parts, String> {
    let tls = &parser.config.global.tls;
    let (extra, del_ext, key_base) = (tls.extra_files, tls.del_ext, tls.key_base.clone());
    let files = parser.options.files;
    // `site.pem.key`, or `site.key` with `ssl-load-extra-del-ext`.
    let stem = match path.rsplit_once('.') {
        Some((stem, extension)) if del_ext && !extension.contains('/') => stem,
        _ => path,
    };
    let found = |wanted: bool, extension: &str| {
        let look = wanted && loading.is_empty();
        look.then(|| files.read(&format!("{stem}.{extension}"))).flatten()
    };
    let named = |name: &Option<String>, base: Option<&str>| match name {
        None => Ok(None),
        Some(name) => {
            let path = based(name, base);
            let text =
                || format!("unable to stat SSL certificate from file '{path}' : No such file or directory.");
            files.read(&path).map(Some).ok_or_else(text)
        }
    };
    let crt_base = tls.crt_base.as_deref();
    let mut parts = Parts {
        key: named(&loading.key, key_base.as_deref())?,
        ocsp: named(&loading.ocsp, crt_base)?,
        issuer: named(&loading.issuer, crt_base)?,
        sctl: named(&loading.sctl, crt_base)?,
        ..Parts::default()
    };
    if parts.key.is_none() && !has_key(&bytes) {
        parts.key = found(extra.key, "key");
    }
    parts.ocsp = parts.ocsp.or_else(|| found(extra.ocsp, "ocsp"));
    parts.issuer = parts.issuer.or_else(|| found(extra.issuer, "issuer"));
    parts.sctl = parts.sctl.or_else(|| found(extra.sctl, "sctl"));
    parts.pem = bytes;
    Ok(parts)
}

/// An OCSP response that may not be served is left out with a warning; the certificate's responses must be possible to
/// tell from others'.
fn check_response(
    parser: &mut Parser<'_>,
    path: &str,
    parts: &mut Parts,
    loading: &Loading,
) -> Result<(), String> {
    let Some(response) = &parts.ocsp else { return Ok(()) };
    let Ok(leaf) = pem::leaf(&parts.pem) else { return Ok(()) };
    let file = |named: &Option<String>, extension: &str| match named {
        Some(named) => named.clone(),
        None => format!("{path}.{extension}"),
    };
    let issuer = parts.issuer.as_ref().and_then(|file| pem::leaf(file).ok());
    if issuer.is_some_and(|issuer| !ocsp::is_issuer(&issuer, &leaf)) {
        return Err(format!(" '{}' is not an issuer'.", file(&loading.issuer, "issuer")));
    }
    let Some(id) = parts.ocsp_id() else {
        return Err(format!(
            " '{}' is present and activates OCSP but it is impossible to compute the OCSP certificate ID (maybe the \
             issuer could not be found)'.",
            file(&loading.ocsp, "ocsp")
        ));
    };
    if let Err(fault) = ocsp::read_for(response, &id, ocsp::now_s()) {
        parts.ocsp = Some(Vec::new());
        let text = format!("Loading: {}. Content will be ignored.", fault.worded());
        super::warn(parser, text);
    }
    Ok(())
}

pub(super) fn has_key(pem: &[u8]) -> bool {
    let is_key = |block: &[u8]| {
        let line = block.split(|byte| *byte == b'\n').next().unwrap_or_default();
        line.windows(15).any(|part| part == b"PRIVATE KEY----")
    };
    pem::blocks(pem).any(is_key)
}
