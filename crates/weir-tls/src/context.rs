//! Settings of a handshake and the OpenSSL context made from them, for either side.

use std::sync::Arc;

use openssl::dh::Dh;
use openssl::error::ErrorStack;
use openssl::ssl::{
    AlpnError, ExtensionContext, SslAlert, SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions,
    SslRef, SslSessionCacheMode, SslVerifyMode, SslVersion,
};
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509Ref};

use crate::certificate::Certificate;
use crate::ocsp;
use crate::pem::Authorities;

/// The extension of signed certificate timestamps (RFC 6962 3.3.1).
const TIMESTAMPS: u16 = 18;

/// SSL_OP_NO_ANTI_REPLAY, which the crate does not name.
const NO_ANTI_REPLAY: SslOptions = SslOptions::from_bits_retain(1 << 24);

/// `verify`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verify {
    #[default]
    None,
    Optional,
    Required,
}

/// A protocol version, the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    Ssl3,
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}

impl Version {
    pub const ALL: [Self; 5] = [Self::Ssl3, Self::Tls10, Self::Tls11, Self::Tls12, Self::Tls13];

    /// As `ssl-min-ver` has it.
    pub fn named(name: &str) -> Option<Self> {
        let names = ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
        names.iter().position(|known| *known == name).map(|at| Self::ALL[at])
    }

    pub fn as_str(self) -> &'static str {
        ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"][self as usize]
    }

    fn of_openssl(self) -> SslVersion {
        match self {
            Self::Ssl3 => SslVersion::SSL3,
            Self::Tls10 => SslVersion::TLS1,
            Self::Tls11 => SslVersion::TLS1_1,
            Self::Tls12 => SslVersion::TLS1_2,
            Self::Tls13 => SslVersion::TLS1_3,
        }
    }
}

/// Which versions are spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Versions {
    pub min: Option<Version>,
    pub max: Option<Version>,
    /// `no-tlsv11` and its like, by [`Version`] as bits.
    pub without: u8,
}

/// Everything that `bind`, `server` and the lines of a `crt-list` can say of a handshake. What is `None` follows the
/// line around it, then the defaults of `global`, then OpenSSL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContextSettings {
    pub versions: Versions,
    pub ciphers: Option<Arc<str>>,
    pub ciphersuites: Option<Arc<str>>,
    pub curves: Option<Arc<str>>,
    pub ecdhe: Option<Arc<str>>,
    pub sigalgs: Option<Arc<str>>,
    pub client_sigalgs: Option<Arc<str>>,
    /// Comma-separated; empty: none.
    pub alpn: Option<Arc<str>>,
    pub verify: Option<Verify>,
    pub ca_file: Option<Arc<Authorities>>,
    pub ca_verify_file: Option<Arc<Authorities>>,
    pub crl_file: Option<Arc<Authorities>>,
    pub no_ca_names: bool,
    /// Errors of the peer's certificate, and of its authorities, that do not end the handshake.
    pub ignored: Ignored,
    pub no_tickets: Option<bool>,
    pub prefer_client_ciphers: bool,
    pub security_level: Option<u32>,
    /// `ssl-dh-param-file`
    pub dh_param: Option<Arc<[u8]>>,
    /// `tune.ssl.default-dh-param`: bits of the Diffie-Hellman group; 0 lets OpenSSL choose one that fits the key.
    pub dh_bits: u32,
    /// `ssl-skip-self-issued-ca`: chains are sent without authorities that issued themselves.
    pub skip_self_issued: bool,
    /// `tune.ssl.keylog`
    pub keylog: bool,
    /// `tune.ssl.lifetime`, seconds.
    pub lifetime_s: u32,
    /// `allow-0rtt`
    pub early_data: Option<bool>,
    /// Bytes of early data that one connection may begin with.
    pub early_data_limit: u32,
}

/// `crt-ignore-err` and `ca-ignore-err`: OpenSSL's numbers; `None` stands for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    pub certificate: Option<Errors>,
    pub authority: Option<Errors>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errors {
    All,
    These(Arc<[i32]>),
}

impl Errors {
    pub fn contains(&self, code: i32) -> bool {
        match self {
            Self::All => true,
            Self::These(codes) => codes.contains(&code),
        }
    }
}

/// Why a context cannot be made: the setting at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    Versions,
    Ciphers(Arc<str>),
    Ciphersuites(Arc<str>),
    Curves(Arc<str>),
    Ecdhe(Arc<str>),
    Sigalgs(Arc<str>),
    ClientSigalgs(Arc<str>),
    Alpn,
    /// Certificate or key, with OpenSSL's reason.
    Certificate(String),
    /// Memory, in all likelihood.
    OpenSsl(String),
}

impl From<ErrorStack> for Refused {
    fn from(stack: ErrorStack) -> Self {
        Self::OpenSsl(crate::pem::reason(&stack))
    }
}

impl ContextSettings {
    /// What a line of a `crt-list` says stands before what its `bind` line says.
    pub fn over(&self, line: &Self) -> Self {
        let own = self.clone();
        Self {
            versions: Versions {
                min: own.versions.min.or(line.versions.min),
                max: own.versions.max.or(line.versions.max),
                without: own.versions.without | line.versions.without,
            },
            ciphers: own.ciphers.or_else(|| line.ciphers.clone()),
            ciphersuites: own.ciphersuites.or_else(|| line.ciphersuites.clone()),
            curves: own.curves.or_else(|| line.curves.clone()),
            ecdhe: own.ecdhe.or_else(|| line.ecdhe.clone()),
            sigalgs: own.sigalgs.or_else(|| line.sigalgs.clone()),
            client_sigalgs: own.client_sigalgs.or_else(|| line.client_sigalgs.clone()),
            alpn: own.alpn.or_else(|| line.alpn.clone()),
            verify: own.verify.or(line.verify),
            ca_file: own.ca_file.or_else(|| line.ca_file.clone()),
            ca_verify_file: own.ca_verify_file.or_else(|| line.ca_verify_file.clone()),
            crl_file: own.crl_file.or_else(|| line.crl_file.clone()),
            no_ca_names: own.no_ca_names || line.no_ca_names,
            ignored: Ignored {
                certificate: own.ignored.certificate.or_else(|| line.ignored.certificate.clone()),
                authority: own.ignored.authority.or_else(|| line.ignored.authority.clone()),
            },
            no_tickets: own.no_tickets.or(line.no_tickets),
            prefer_client_ciphers: own.prefer_client_ciphers || line.prefer_client_ciphers,
            dh_param: own.dh_param.or_else(|| line.dh_param.clone()),
            dh_bits: if own.dh_bits == 0 { line.dh_bits } else { own.dh_bits },
            skip_self_issued: own.skip_self_issued || line.skip_self_issued,
            security_level: own.security_level.or(line.security_level),
            keylog: own.keylog || line.keylog,
            lifetime_s: if own.lifetime_s == 0 { line.lifetime_s } else { own.lifetime_s },
            early_data: own.early_data.or(line.early_data),
            early_data_limit: own.early_data_limit.max(line.early_data_limit),
        }
    }

    /// Under which sessions are resumed: on the same line, and with the same demands on the client.
    pub(crate) fn session_scope(&self, line: &[u8]) -> [u8; 32] {
        let mut hash = openssl::sha::Sha256::new();
        hash.update(line);
        hash.update(&[self.verify.unwrap_or_default() as u8]);
        for file in [&self.ca_file, &self.ca_verify_file, &self.crl_file] {
            hash.update(&file.as_ref().map_or([0; 32], |file| file.fingerprint()));
        }
        hash.update(format!("{:?}", self.ignored).as_bytes());
        hash.finish()
    }

    /// The oldest and newest version in force. TLS 1.2 is the oldest by default (5.1).
    pub fn version_range(&self) -> Option<(Version, Version)> {
        let Versions { min, max, without } = self.versions;
        let with = |version: &Version| without & 1 << *version as u8 == 0;
        let floor = min.unwrap_or(match max {
            Some(max) if max < Version::Tls12 => max,
            _ => Version::Tls12,
        });
        let ceiling = max.unwrap_or(Version::Tls13);
        let spoken =
            || Version::ALL.into_iter().filter(|version| (floor..=ceiling).contains(version)).filter(with);
        Some((spoken().next()?, spoken().next_back()?))
    }

    /// The protocols as ALPN writes them: each behind its length.
    fn alpn_wire(&self) -> Result<Vec<u8>, Refused> {
        let mut wire = Vec::new();
        for name in self.alpn.iter().flat_map(|list| list.split(',')).filter(|name| !name.is_empty()) {
            wire.push(u8::try_from(name.len()).map_err(|_| Refused::Alpn)?);
            wire.extend_from_slice(name.as_bytes());
        }
        Ok(wire)
    }

    fn common(&self, method: SslMethod) -> Result<SslContextBuilder, Refused> {
        let mut builder = SslContext::builder(method)?;
        if let Some(level) = self.security_level {
            builder.set_security_level(level);
        }
        let (min, max) = self.version_range().ok_or(Refused::Versions)?;
        builder.set_min_proto_version(Some(min.of_openssl())).map_err(|_| Refused::Versions)?;
        builder.set_max_proto_version(Some(max.of_openssl())).map_err(|_| Refused::Versions)?;
        let mut options = SslOptions::ALL | SslOptions::NO_SSLV2 | SslOptions::NO_COMPRESSION;
        for (version, option) in Version::ALL.into_iter().zip([
            SslOptions::NO_SSLV3,
            SslOptions::NO_TLSV1,
            SslOptions::NO_TLSV1_1,
            SslOptions::NO_TLSV1_2,
            SslOptions::NO_TLSV1_3,
        ]) {
            if self.versions.without & 1 << version as u8 != 0 {
                options |= option;
            }
        }
        if self.no_tickets == Some(true) {
            options |= SslOptions::NO_TICKET;
        }
        builder.set_options(options);
        builder.set_mode(
            SslMode::ENABLE_PARTIAL_WRITE | SslMode::ACCEPT_MOVING_WRITE_BUFFER | SslMode::RELEASE_BUFFERS,
        );
        if self.keylog {
            crate::key_log::keep(&mut builder);
        }
        // One call to the kernel brings several records.
        builder.set_read_ahead(true);
        let word = |text: &Arc<str>, refused: fn(Arc<str>) -> Refused| {
            let text = text.clone();
            move |_: ErrorStack| refused(text)
        };
        if let Some(list) = &self.ciphers {
            builder.set_cipher_list(list).map_err(word(list, Refused::Ciphers))?;
        }
        if let Some(list) = &self.ciphersuites {
            builder.set_ciphersuites(list).map_err(word(list, Refused::Ciphersuites))?;
        }
        if let Some(list) = &self.sigalgs {
            builder.set_sigalgs_list(list).map_err(word(list, Refused::Sigalgs))?;
        }
        match (&self.curves, &self.ecdhe) {
            (Some(list), _) => builder.set_groups_list(list).map_err(word(list, Refused::Curves))?,
            (None, Some(name)) => builder.set_groups_list(name).map_err(word(name, Refused::Ecdhe))?,
            (None, None) => {}
        }
        Ok(builder)
    }

    /// The authorities that the peer's certificate is verified with.
    fn store(&self) -> Result<Option<X509Store>, Refused> {
        let files = [&self.ca_file, &self.ca_verify_file, &self.crl_file];
        if files.iter().all(|file| file.is_none()) {
            return Ok(None);
        }
        let mut store = X509StoreBuilder::new()?;
        for file in files.into_iter().flatten() {
            for certificate in &file.certificates {
                store.add_cert(certificate.clone())?;
            }
        }
        for list in self.crl_file.iter().chain(&self.ca_file).flat_map(|file| &file.revocations) {
            weir_sys::tls::add_revocations(&mut store, list)?;
        }
        if self.crl_file.is_some() {
            store.set_flags(X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL)?;
        }
        Ok(Some(store.build()))
    }

    /// Everything but certificate and sessions.
    pub fn server(&self) -> Result<SslContextBuilder, Refused> {
        let mut builder = self.common(SslMethod::tls_server())?;
        match self.dh_param.as_deref() {
            Some(pem) => {
                let parameters = Dh::params_from_pem(pem)?;
                builder.set_tmp_dh(&parameters)?;
            }
            None if self.dh_bits > 0 => weir_sys::tls::choose_dh(&mut builder),
            None => {}
        }
        let mut options =
            SslOptions::SINGLE_DH_USE | SslOptions::SINGLE_ECDH_USE | SslOptions::NO_RENEGOTIATION;
        if !self.prefer_client_ciphers {
            options |= SslOptions::CIPHER_SERVER_PREFERENCE | SslOptions::PRIORITIZE_CHACHA;
        }
        if self.early_data == Some(true) {
            builder.set_max_early_data(self.early_data_limit)?;
            // Tickets open in every worker; who must not serve a repetition has `wait-for-handshake`.
            options |= NO_ANTI_REPLAY;
        }
        builder.set_options(options);
        let verify = match self.verify.unwrap_or_default() {
            Verify::None => SslVerifyMode::NONE,
            Verify::Optional => SslVerifyMode::PEER,
            Verify::Required => SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT,
        };
        if verify != SslVerifyMode::NONE {
            builder.set_verify_callback(verify, crate::verify::callback(self.ignored.clone()));
            if let Some(list) = &self.client_sigalgs {
                weir_sys::tls::set_client_sigalgs(&mut builder, list)
                    .map_err(|_| Refused::ClientSigalgs(list.clone()))?;
            }
            if let Some(store) = self.store()? {
                builder.set_verify_cert_store(store)?;
            }
            if let (Some(file), false) = (&self.ca_file, self.no_ca_names) {
                let mut names = Stack::new()?;
                for certificate in &file.certificates {
                    names.push(certificate.subject_name().to_owned()?)?;
                }
                builder.set_client_ca_list(names);
            }
        }
        // The name was looked at before: the client learns that it was heard (RFC 6066 section 3).
        builder.set_servername_callback(|_, _| Ok(()));
        let alpn = self.alpn_wire()?;
        if !alpn.is_empty() {
            builder.set_alpn_select_callback(move |_, client| {
                let first = openssl::ssl::select_next_proto(&alpn, client).ok_or(AlpnError::NOACK)?;
                // The choice is returned as the client wrote it, which lives long enough.
                client.windows(first.len()).find(|window| *window == first).ok_or(AlpnError::NOACK)
            });
        }
        Ok(builder)
    }

    /// Adds a certificate with its key and chain.
    pub fn certify(&self, builder: &mut SslContextBuilder, certificate: &Certificate) -> Result<(), Refused> {
        let parsed = certificate.parsed().ok_or_else(|| Refused::Certificate("unreadable".into()))?;
        let refused = |stack: ErrorStack| Refused::Certificate(crate::pem::reason(&stack));
        builder.set_certificate(&parsed.leaf).map_err(refused)?;
        builder.set_private_key(&parsed.key).map_err(refused)?;
        let sent = |link: &&X509| !(self.skip_self_issued && is_self_issued(link));
        for link in parsed.chain.iter().filter(sent) {
            builder.add_extra_chain_cert(link.clone()).map_err(refused)?;
        }
        Ok(())
    }

    /// What a server says beside its certificate: the OCSP response, signed timestamps, Diffie-Hellman parameters.
    pub fn staple(builder: &mut SslContextBuilder, certificate: &Certificate) -> Result<(), Refused> {
        let parts = certificate.parts();
        let id = parts.ocsp.as_ref().and_then(|_| parts.ocsp_id());
        if let (Some(response), Some(id)) = (parts.ocsp.clone(), id)
            && let Ok(about) = ocsp::read_for(&response, &id, ocsp::now_s())
        {
            builder.set_status_callback(move |ssl| {
                if about.expires_s <= ocsp::now_s() {
                    return Ok(false);
                }
                ssl.set_ocsp_status(&response).map(|()| true)
            })?;
        }
        if let Some(list) = parts.sctl.clone() {
            let place = ExtensionContext::CLIENT_HELLO
                | ExtensionContext::TLS1_2_SERVER_HELLO
                | ExtensionContext::TLS1_3_CERTIFICATE;
            let add = move |_: &mut SslRef, place: ExtensionContext, link: Option<(usize, &X509Ref)>| {
                // The timestamps are the leaf's.
                let leaf = link.is_none_or(|(depth, _)| depth == 0);
                let says = !place.contains(ExtensionContext::CLIENT_HELLO) && leaf;
                Ok::<_, SslAlert>(says.then(|| list.clone()))
            };
            builder.add_custom_ext(TIMESTAMPS, place, add, |_, _, _, _| Ok::<(), SslAlert>(()))?;
        }
        if let Ok(parameters) = Dh::params_from_pem(&parts.pem) {
            builder.set_tmp_dh(&parameters)?;
        }
        Ok(())
    }

    /// For connections to servers. `verify` is required unless it was turned off.
    pub fn client(&self) -> Result<SslContextBuilder, Refused> {
        let mut builder = self.common(SslMethod::tls_client())?;
        builder.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        match self.verify.unwrap_or(Verify::Required) {
            Verify::None => builder.set_verify(SslVerifyMode::NONE),
            _ => builder
                .set_verify_callback(SslVerifyMode::PEER, crate::verify::callback(self.ignored.clone())),
        }
        if let Some(store) = self.store()? {
            builder.set_verify_cert_store(store)?;
        }
        if let Some(list) = &self.client_sigalgs {
            weir_sys::tls::set_client_sigalgs(&mut builder, list)
                .map_err(|_| Refused::ClientSigalgs(list.clone()))?;
        }
        let alpn = self.alpn_wire()?;
        if !alpn.is_empty() {
            builder.set_alpn_protos(&alpn)?;
        }
        Ok(builder)
    }
}

fn is_self_issued(certificate: &X509Ref) -> bool {
    let names = [certificate.subject_name(), certificate.issuer_name()];
    names[0].try_cmp(names[1]).is_ok_and(|order| order.is_eq())
}
