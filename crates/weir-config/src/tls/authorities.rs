//! `ca-file`, `ca-verify-file`, `crl-file`: a file, a directory, or the system's authorities.

use std::sync::Arc;

use weir_tls::pem::Authorities;

use crate::parser::Parser;

/// Where Debian and most others keep all of the system's authorities in one file, and OpenSSL's directory of them.
const SYSTEM_FILES: &[&str] = &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];
const SYSTEM_DIRECTORY: &str = "/usr/lib/ssl/certs";

/// Names of files in a directory that hold authorities (5.1 `ca-file`).
const EXTENSIONS: &[&str] = &[".pem", ".crt", ".cer", ".crl"];

/// What could not be opened, in HAProxy's words.
pub(crate) fn authorities(parser: &mut Parser<'_>, written: &str) -> Result<Arc<Authorities>, String> {
    let path = match &parser.config.global.tls.ca_base {
        Some(base) if !written.starts_with(['/', '@']) => format!("{base}/{written}"),
        _ => written.to_owned(),
    };
    if let Some(known) = parser.tls.authorities.get(&path) {
        return Ok(known.clone());
    }
    let found = if path == "@system-ca" { system(parser) } else { read(parser, &path) };
    let mut authorities =
        found.map_err(|reason| format!("Couldn't open the ca-file '{path}' ({reason})."))?;
    authorities.name = path.as_str().into();
    let authorities = Arc::new(authorities);
    parser.tls.authorities.insert(path, authorities.clone());
    Ok(authorities)
}

fn read(parser: &Parser<'_>, path: &str) -> Result<Authorities, &'static str> {
    let files = parser.options.files;
    if let Some(names) = files.list(path) {
        return Ok(directory(parser, path, &names));
    }
    let bytes = files.read(path).ok_or("No such file or directory")?;
    Authorities::read(&bytes).ok_or("no certificate or crl found")
}

fn directory(parser: &Parser<'_>, path: &str, names: &[String]) -> Authorities {
    let mut all = Authorities::default();
    for name in names {
        let wanted = EXTENSIONS.iter().any(|extension| name.ends_with(extension));
        if !wanted || name.starts_with('.') {
            continue;
        }
        let bytes = parser.options.files.read(&format!("{path}/{name}"));
        if let Some(found) = bytes.and_then(|bytes| Authorities::read(&bytes)) {
            all.certificates.extend(found.certificates);
            all.revocations.extend(found.revocations);
        }
    }
    all
}

fn system(parser: &Parser<'_>) -> Result<Authorities, &'static str> {
    let file = SYSTEM_FILES.iter().find_map(|name| parser.options.files.read(name));
    if let Some(found) = file.and_then(|bytes| Authorities::read(&bytes)) {
        return Ok(found);
    }
    let names = parser.options.files.list(SYSTEM_DIRECTORY).unwrap_or_default();
    let found = directory(parser, SYSTEM_DIRECTORY, &names);
    if found.certificates.is_empty() { Err("no certificate or crl found") } else { Ok(found) }
}

pub(crate) use self::authorities as load;
