//! What expressions ask of encrypted connections (manual 7.3.4).

use openssl::ssl::SslRef;
use openssl::x509::{X509, X509Ref};
use weir_sample::OwnedValue;
use weir_sample::stream::{CertificatePart, NameOf, NamePart, TlsFact, Whose};
use weir_tls::verify::Findings;
use weir_tls::{ClientHello, facts, hello};

use crate::encrypted::Tls;

fn text(text: &str) -> OwnedValue {
    OwnedValue::Str(text.as_bytes().to_vec().into())
}

fn bytes(bytes: Vec<u8>) -> OwnedValue {
    OwnedValue::Bin(bytes.into())
}

fn number(number: impl Into<i64>) -> OwnedValue {
    OwnedValue::Int(number.into())
}

/// `limit` is how much of the client's first message is kept (`tune.ssl.capture-buffer-size`).
pub fn fact(tls: &Tls, fact: TlsFact, limit: usize) -> Option<OwnedValue> {
    let ssl = tls.ssl();
    // One that was turned away for its name is known by its first message alone.
    let of_message = || match &tls.served {
        None => std::str::from_utf8(tls.hello.as_ref()?.server_name()?).ok(),
        Some(_) => None,
    };
    let server_name = || ssl.servername(openssl::ssl::NameType::HOST_NAME).or_else(of_message);
    Some(match fact {
        TlsFact::Alpn => OwnedValue::Str(ssl.selected_alpn_protocol()?.to_vec().into()),
        TlsFact::ServerName => text(server_name()?),
        TlsFact::HasServerName => OwnedValue::Bool(server_name().is_some()),
        TlsFact::IsResumed => OwnedValue::Bool(ssl.session_reused()),
        TlsFact::Error => number(i64::try_from(tls.last_error).unwrap_or(0)),
        TlsFact::ErrorText if tls.last_error == 0 => return None,
        TlsFact::ErrorText => text(&tls.last_error_text),
        TlsFact::HasCertificate => {
            OwnedValue::Bool(ssl.peer_certificate().is_some() && !ssl.session_reused())
        }
        TlsFact::UsedCertificate => OwnedValue::Bool(ssl.peer_certificate().is_some()),
        TlsFact::VerifyResult => number(ssl.verify_result().as_raw()),
        TlsFact::CertificateError => number(Findings::of(ssl).map_or(0, Findings::certificate)),
        TlsFact::AuthorityError => number(Findings::of(ssl).map_or(0, Findings::authority)),
        TlsFact::AuthorityErrorDepth => number(Findings::of(ssl).map_or(0, Findings::authority_depth)),
        TlsFact::SessionId => match ssl.session()?.id() {
            [] => return None,
            id => bytes(id.to_vec()),
        },
        TlsFact::AlgorithmKeySize => number(ssl.current_cipher()?.bits().algorithm),
        TlsFact::UsedKeySize => number(ssl.current_cipher()?.bits().secret),
        TlsFact::Curve => text(weir_sys::tls::group_name(ssl)?),
        TlsFact::ClientRandom => bytes(facts::client_random(ssl)),
        TlsFact::ServerRandom => bytes(facts::server_random(ssl)),
        TlsFact::SessionKey => bytes(facts::session_key(ssl)?),
        TlsFact::UniqueId => bytes(facts::unique_id(ssl)),
        TlsFact::ServedName => text(&tls.served.as_ref()?.name),
        TlsFact::HasEarlyData => OwnedValue::Bool(tls.is_early()),
        TlsFact::ReceivedEarlyData => OwnedValue::Bool(tls.had_early_data()),
        TlsFact::Npn => return None,
        TlsFact::KeyLog(label) => text(&weir_tls::key_log::find(ssl, label)?),
        TlsFact::Certificate(whose, part) => return certificate(ssl, whose, part),
        TlsFact::HelloVersion => number(tls.hello.as_ref()?.version()),
        TlsFact::HelloCipherNames => {
            let list = of_hello(tls.hello.as_ref()?, TlsFact::HelloCiphers, limit)?;
            let names: Vec<String> = list
                .chunks_exact(2)
                .map(|pair| match weir_sys::tls::suite_name(ssl, [pair[0], pair[1]]) {
                    Some(name) => name.to_owned(),
                    None => format!("UNKNOWN({:02x},{:02x})", pair[0], pair[1]),
                })
                .collect();
            text(&names.join(","))
        }
        of_message => bytes(of_hello(tls.hello.as_ref()?, of_message, limit)?),
    })
}

fn of_hello(message: &ClientHello, part: TlsFact, limit: usize) -> Option<Vec<u8>> {
    let mut part = match part {
        TlsFact::HelloCiphers => message.ciphers().to_vec(),
        TlsFact::HelloExtensions => message.extensions().flat_map(u16::to_be_bytes).collect(),
        TlsFact::HelloGroups => message.list(hello::SUPPORTED_GROUPS, 2)?.to_vec(),
        TlsFact::HelloPointFormats => message.list(hello::POINT_FORMATS, 1)?.to_vec(),
        TlsFact::HelloSignatures => message.list(hello::SIGNATURE_ALGORITHMS, 2)?.to_vec(),
        TlsFact::HelloVersions => message.list(hello::SUPPORTED_VERSIONS, 1)?.to_vec(),
        _ => return None,
    };
    part.truncate(limit);
    Some(part)
}

fn certificate(ssl: &SslRef, whose: Whose, part: CertificatePart) -> Option<OwnedValue> {
    if let (Whose::Peer, CertificatePart::ChainDer) = (whose, part) {
        let mut all = Vec::new();
        // As OpenSSL has it: a server's chain begins with its own certificate, a client's behind it.
        for link in ssl.peer_cert_chain()? {
            all.extend(link.to_der().ok()?);
        }
        return (!all.is_empty()).then(|| bytes(all));
    }
    of_certificate(ssl, whose, |certificate| {
        Some(match part {
            CertificatePart::Der | CertificatePart::ChainDer => bytes(certificate.to_der().ok()?),
            CertificatePart::KeyAlgorithm => text(facts::key_algorithm(certificate)?),
            CertificatePart::SignatureAlgorithm => text(facts::signature_algorithm(certificate)?),
            CertificatePart::NotAfter => text(&facts::time(certificate.not_after())?),
            CertificatePart::NotBefore => text(&facts::time(certificate.not_before())?),
            CertificatePart::AlternativeNames => text(&facts::alternative_names(certificate)?),
            CertificatePart::Serial => bytes(facts::serial(certificate)?),
            CertificatePart::Sha1 => bytes(facts::sha1(certificate)?),
            CertificatePart::Version => number(certificate.version() + 1),
        })
    })
}

/// The peer's certificate is a copy, one's own belongs to the connection.
fn of_certificate<T>(ssl: &SslRef, whose: Whose, read: impl FnOnce(&X509Ref) -> Option<T>) -> Option<T> {
    match whose {
        Whose::Own => read(ssl.certificate()?),
        Whose::Peer => {
            let certificate: X509 = ssl.peer_certificate()?;
            read(&certificate)
        }
    }
}

pub fn name(ssl: &SslRef, whose: Whose, of: NameOf, part: &NamePart<'_>) -> Option<OwnedValue> {
    let in_form = |name: &openssl::x509::X509NameRef| {
        if part.entry.is_empty() {
            let whole = facts::whole_name(name, part.rfc2253);
            return (!whole.is_empty()).then(|| text(&whole));
        }
        facts::name_part(name, part.entry, part.occurrence).map(|value| text(&value))
    };
    match of {
        NameOf::Subject => of_certificate(ssl, whose, |certificate| in_form(certificate.subject_name())),
        NameOf::Issuer => of_certificate(ssl, whose, |certificate| in_form(certificate.issuer_name())),
        NameOf::Root => {
            let chain = ssl.verified_chain()?;
            in_form(chain.get(chain.len().checked_sub(1)?)?.subject_name())
        }
    }
}
