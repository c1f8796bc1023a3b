//! Certificates and what belongs to them at run time. What a transaction prepares, and files that nothing uses yet,
//! lie on the desk of the process that answers the commands; what is in force is the plan's, and changes by an edit.

pub mod authorities;
pub mod certificates;
pub mod crt_lists;
pub mod ocsp;
pub mod ticket_keys;
pub mod tokens;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard};

use openssl::x509::X509Ref;
use weir_plan::{Listener, Plan};
use weir_tls::certificate::Parts;
use weir_tls::facts;
use weir_tls::update::Named;

/// What is not in force, as long as this process lives.
pub(super) struct Desk {
    transaction: Option<Named>,
    /// Certificates that nothing uses: `new ssl cert`; empty until one is committed.
    unused: BTreeMap<String, Option<Parts>>,
    authorities: FileDesk,
    revocations: FileDesk,
}

/// Files of authorities, or of revocation lists, as PEM.
pub(super) struct FileDesk {
    transaction: Option<(String, Vec<u8>)>,
    unused: BTreeMap<String, Vec<u8>>,
}

impl FileDesk {
    const fn new() -> Self {
        Self { transaction: None, unused: BTreeMap::new() }
    }
}

fn desk() -> MutexGuard<'static, Desk> {
    static DESK: Mutex<Desk> = Mutex::new(Desk {
        transaction: None,
        unused: BTreeMap::new(),
        authorities: FileDesk::new(),
        revocations: FileDesk::new(),
    });
    DESK.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// What every command that shows a certificate says of it.
fn describe(text: &mut String, certificate: &X509Ref) {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    let (bits, kind) = match certificate.public_key() {
        Ok(key) => (key.bits(), key.id()),
        Err(_) => (0, openssl::pkey::Id::RSA),
    };
    let algorithm = match kind {
        openssl::pkey::Id::EC => format!("EC{bits}"),
        openssl::pkey::Id::DSA => format!("DSA{bits}"),
        _ => format!("RSA{bits}"),
    };
    let _ = writeln!(text, "Serial: {}", hex(facts::serial(certificate).unwrap_or_default()));
    let _ = writeln!(text, "notBefore: {}\nnotAfter: {}", certificate.not_before(), certificate.not_after());
    let names = facts::alternative_names(certificate).unwrap_or_default();
    let _ = writeln!(text, "Subject Alternative Name: {names}\nAlgorithm: {algorithm}");
    let _ = writeln!(text, "SHA1 FingerPrint: {}", hex(facts::sha1(certificate).unwrap_or_default()));
    let _ = writeln!(text, "Subject: {}", facts::whole_name(certificate.subject_name(), false));
    let _ = writeln!(text, "Issuer: {}", facts::whole_name(certificate.issuer_name(), false));
}

/// `name` of a `bind` line, else its place.
fn bind_name(plan: &Plan, listener: &Listener) -> String {
    match &*listener.name {
        "" => format!("{}:{}", plan.file(listener.span), listener.span.line),
        name => name.to_owned(),
    }
}

/// `file:3`: the file and the number behind the last colon; the error names what is wrong with it.
fn indexed<'n>(name: &'n str, what: &str) -> Result<(&'n str, Option<usize>), String> {
    match name.rsplit_once(':') {
        None => Ok((name, None)),
        Some((file, number)) => match number.parse() {
            Ok(number) if number > 0 => Ok((file, Some(number))),
            _ => Err(format!("wrong {what} index after colons in '{name}'!")),
        },
    }
}
