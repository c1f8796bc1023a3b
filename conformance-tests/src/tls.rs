//! TLS for clients and origins of scenarios: certificates made for one run, handshakes, and what is shown of them.

use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex};

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::ocsp::{OcspResponse, OcspResponseStatus};
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{
    NameType, Ssl, SslContext, SslContextBuilder, SslFiletype, SslMethod, SslSessionCacheMode, SslStream,
    SslVerifyMode, SslVersion, StatusType,
};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};

use crate::connection::DEADLINE;

/// `certificate FILE [rsa] [authority] [by FILE] [for NAME...]`: a certificate made for the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateSpec {
    pub file: String,
    pub rsa: bool,
    pub authority: bool,
    /// The file of the authority that issues it; itself without one.
    pub by: Option<String>,
    /// The first is also its common name.
    pub names: Vec<String>,
}

impl CertificateSpec {
    /// Reads the words after `certificate`.
    pub fn parse(words: &[&str]) -> Result<CertificateSpec, String> {
        let [file, rest @ ..] = words else { return Err("certificate FILE ...".into()) };
        let mut spec = CertificateSpec { file: file.to_string(), ..CertificateSpec::default() };
        let mut rest = rest.iter();
        while let Some(word) = rest.next() {
            match *word {
                "rsa" => spec.rsa = true,
                "authority" => spec.authority = true,
                "by" => spec.by = Some(rest.next().ok_or("by FILE")?.to_string()),
                "for" => spec.names = rest.by_ref().map(|name| name.to_string()).collect(),
                other => return Err(format!("a certificate has no {other:?}")),
            }
        }
        if spec.names.is_empty() {
            spec.names.push(spec.file.trim_end_matches(".pem").to_string());
        }
        Ok(spec)
    }

    /// Writes certificate and key into one file.
    pub fn write(&self, dir: &Path) -> Result<(), String> {
        let key = key(self.rsa).map_err(|e| e.to_string())?;
        let issuer = match &self.by {
            Some(file) => {
                let pem = std::fs::read(dir.join(file)).map_err(|e| format!("{file}: {e}"))?;
                let certificate = X509::from_pem(&pem).map_err(|e| e.to_string())?;
                let key = PKey::private_key_from_pem(&pem).map_err(|e| e.to_string())?;
                Some((certificate, key))
            }
            None => None,
        };
        let certificate = self.make(&key, issuer.as_ref()).map_err(|e| e.to_string())?;
        let mut pem = certificate.to_pem().map_err(|e| e.to_string())?;
        pem.extend(key.private_key_to_pem_pkcs8().map_err(|e| e.to_string())?);
        std::fs::write(dir.join(&self.file), pem).map_err(|e| e.to_string())
    }

    fn make(&self, key: &PKey<Private>, issuer: Option<&(X509, PKey<Private>)>) -> Result<X509, ErrorStack> {
        let mut subject = X509NameBuilder::new()?;
        subject.append_entry_by_nid(Nid::COUNTRYNAME, "FR")?;
        subject.append_entry_by_nid(Nid::ORGANIZATIONNAME, "Scenario")?;
        subject.append_entry_by_nid(Nid::COMMONNAME, &self.names[0])?;
        let subject = subject.build();
        let mut builder = X509::builder()?;
        builder.set_version(2)?;
        let mut serial = BigNum::new()?;
        serial.rand(100, MsbOption::ONE, false)?;
        let serial = serial.to_asn1_integer()?;
        builder.set_serial_number(&serial)?;
        builder.set_subject_name(&subject)?;
        builder.set_issuer_name(issuer.map_or(&*subject, |(certificate, _)| certificate.subject_name()))?;
        let (begin, end) = (Asn1Time::days_from_now(0)?, Asn1Time::days_from_now(30)?);
        builder.set_not_before(&begin)?;
        builder.set_not_after(&end)?;
        builder.set_pubkey(key)?;
        if self.authority {
            builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        } else {
            let mut names = SubjectAlternativeName::new();
            for name in &self.names {
                names.dns(name);
            }
            let names = names.build(&builder.x509v3_context(None, None))?;
            builder.append_extension(names)?;
        }
        builder.sign(issuer.map_or(key, |(_, key)| key), MessageDigest::sha256())?;
        Ok(builder.build())
    }
}

fn key(rsa: bool) -> Result<PKey<Private>, ErrorStack> {
    if rsa {
        return PKey::from_rsa(Rsa::generate(2048)?);
    }
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

/// `c1 connect-tls fe [sni NAME] [alpn a,b] [crt FILE] [version 1.2] [sigalgs LIST] [resume c0] [early BYTES] [verify
/// FILE] [no-ticket] [status]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientSpec {
    pub sni: Option<String>,
    pub alpn: Option<String>,
    pub certificate: Option<String>,
    pub version: Option<String>,
    pub sigalgs: Option<String>,
    /// The connection whose session is offered.
    pub resume: Option<String>,
    /// The authority that the server's certificate must come from.
    pub verify: Option<String>,
    /// What is sent before the handshake, which is left to a step of its own.
    pub early: Option<Vec<u8>>,
    pub no_ticket: bool,
    /// Asks for an OCSP response and shows what it says.
    pub status: bool,
}

impl ClientSpec {
    pub fn parse(words: &[&str]) -> Result<ClientSpec, String> {
        let mut spec = ClientSpec::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "no-ticket" => spec.no_ticket = true,
                "status" => spec.status = true,
                _ => {}
            }
            if matches!(*word, "no-ticket" | "status") {
                continue;
            }
            let value = words.next().ok_or(format!("{word} wants a value"))?.to_string();
            if *word == "early" {
                spec.early = Some(crate::step::unescape(&value)?);
                continue;
            }
            let field = match *word {
                "sni" => &mut spec.sni,
                "alpn" => &mut spec.alpn,
                "crt" => &mut spec.certificate,
                "version" => &mut spec.version,
                "sigalgs" => &mut spec.sigalgs,
                "resume" => &mut spec.resume,
                "verify" => &mut spec.verify,
                other => return Err(format!("a TLS client has no {other:?}")),
            };
            *field = Some(value);
        }
        Ok(spec)
    }

    /// Shakes hands. The session that the server gives comes to lie in `session`, as DER.
    pub fn connect(
        &self,
        stream: TcpStream,
        dir: &Path,
        offered: Option<&[u8]>,
        session: &SessionPlace,
    ) -> Result<SslStream<TcpStream>, String> {
        let text = |e: ErrorStack| e.to_string();
        let io = |e: std::io::Error| e.to_string();
        let mut context = SslContext::builder(SslMethod::tls_client()).map_err(text)?;
        self.configure(&mut context, dir).map_err(text)?;
        let place = session.clone();
        context.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        context.set_new_session_callback(move |_, session| {
            if let Ok(mut place) = place.lock() {
                *place = session.to_der().ok();
            }
        });
        let mut ssl = Ssl::new(&context.build()).map_err(text)?;
        if let Some(name) = &self.sni {
            ssl.set_hostname(name).map_err(text)?;
            if self.verify.is_some() {
                ssl.param_mut().set_host(name).map_err(text)?;
            }
        }
        if self.status {
            ssl.set_status_type(StatusType::OCSP).map_err(text)?;
        }
        if let Some(der) = offered {
            weir_sys::tls::offer_session(&mut ssl, der);
        }
        stream.set_read_timeout(Some(DEADLINE)).map_err(io)?;
        stream.set_write_timeout(Some(DEADLINE)).map_err(io)?;
        let mut stream = SslStream::new(ssl, stream).map_err(text)?;
        if let Some(early) = &self.early {
            return match stream.write_early_data(early) {
                Ok(count) if count == early.len() => Ok(stream),
                Ok(_) => Err("early data in part".into()),
                Err(error) => Err(format!("early data: {error}")),
            };
        }
        match stream.connect() {
            Ok(()) => Ok(stream),
            Err(error) => Err(match error.ssl_error().and_then(|stack| stack.errors().first()) {
                Some(error) => error.reason().unwrap_or("no reason").to_string(),
                None => "connection closed".to_string(),
            }),
        }
    }

    fn configure(&self, context: &mut SslContextBuilder, dir: &Path) -> Result<(), ErrorStack> {
        // Old versions are offered where a scenario asks for them.
        context.set_security_level(0);
        context.set_min_proto_version(Some(SslVersion::TLS1))?;
        let version = match self.version.as_deref() {
            Some("1.0") => Some(SslVersion::TLS1),
            Some("1.1") => Some(SslVersion::TLS1_1),
            Some("1.2") => Some(SslVersion::TLS1_2),
            Some("1.3") => Some(SslVersion::TLS1_3),
            _ => None,
        };
        if version.is_some() {
            context.set_min_proto_version(version)?;
            context.set_max_proto_version(version)?;
        }
        if self.no_ticket {
            context.set_options(openssl::ssl::SslOptions::NO_TICKET);
        }
        if let Some(list) = &self.sigalgs {
            context.set_sigalgs_list(list)?;
        }
        if let Some(list) = &self.alpn {
            let wire: Vec<u8> =
                list.split(',').flat_map(|name| [&[name.len() as u8], name.as_bytes()].concat()).collect();
            context.set_alpn_protos(&wire)?;
        }
        if let Some(file) = &self.certificate {
            context.set_certificate_chain_file(dir.join(file))?;
            context.set_private_key_file(dir.join(file), SslFiletype::PEM)?;
        }
        match &self.verify {
            Some(file) => {
                context.set_ca_file(dir.join(file))?;
                context.set_verify(SslVerifyMode::PEER);
            }
            None => context.set_verify(SslVerifyMode::NONE),
        }
        Ok(())
    }
}

/// Where a connection's latest session lies.
pub type SessionPlace = Arc<Mutex<Option<Vec<u8>>>>;

/// What a client sees of a handshake: version, the certificate's name, ALPN, resumption.
pub fn shown(stream: &SslStream<TcpStream>, spec: &ClientSpec) -> String {
    if spec.early.is_some() {
        return "early data sent".into();
    }
    let ssl = stream.ssl();
    let name = ssl.peer_certificate().and_then(|certificate| {
        let entry = certificate.subject_name().entries_by_nid(Nid::COMMONNAME).next()?;
        entry.data().to_string().ok().map(|name| name.to_string())
    });
    let mut text = format!("{} certificate {}", ssl.version_str(), name.unwrap_or_default());
    if let Some(protocol) = ssl.selected_alpn_protocol() {
        text.push_str(&format!(" alpn {}", String::from_utf8_lossy(protocol)));
    }
    if ssl.session_reused() {
        text.push_str(" resumed");
    }
    if spec.status {
        let response = ssl.ocsp_status().map(OcspResponse::from_der);
        text.push_str(match response {
            None => " without status",
            Some(Ok(response)) if response.status() == OcspResponseStatus::SUCCESSFUL => " with status",
            Some(_) => " with a broken status",
        });
    }
    text
}

/// An origin that speaks TLS: `origin NAME KIND tls FILE [ca FILE] [alpn LIST]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginTls {
    pub certificate: String,
    /// Clients must show a certificate of this authority.
    pub authority: Option<String>,
}

impl OriginTls {
    pub fn context(&self, dir: &Path) -> Result<SslContext, ErrorStack> {
        let mut context = SslContext::builder(SslMethod::tls_server())?;
        context.set_certificate_chain_file(dir.join(&self.certificate))?;
        context.set_private_key_file(dir.join(&self.certificate), SslFiletype::PEM)?;
        context.set_session_id_context(b"origin")?;
        if let Some(file) = &self.authority {
            context.set_ca_file(dir.join(file))?;
            context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        }
        Ok(context.build())
    }
}

/// The origin's half of a handshake; `None`: it failed.
pub fn accept(context: &SslContext, stream: TcpStream) -> Option<SslStream<TcpStream>> {
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    let mut stream = SslStream::new(Ssl::new(context).ok()?, stream).ok()?;
    stream.accept().ok()?;
    Some(stream)
}

/// What an origin sees of a handshake, as header lines.
pub fn headers(stream: &SslStream<TcpStream>) -> String {
    let ssl = stream.ssl();
    let sni = ssl.servername(NameType::HOST_NAME).unwrap_or("-");
    format!("x-sni: {sni}\r\nx-resumed: {}\r\n", u8::from(ssl.session_reused()))
}
