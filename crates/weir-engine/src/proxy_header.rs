//! What a PROXY header tells a server of the client (manual 5.2 `proxy-v2-options`).

use weir_plan::Server;
use weir_plan::settings::SendProxy;
use weir_sample::stream::{NameOf, NamePart, Stream as _, TlsFact, Whose};
use weir_sample::{OwnedValue, stream::Side};

use crate::encrypted::Tls;
use crate::proxy_protocol::{Fields, write};
use crate::turn::Turn;

/// Bits of the field about TLS (`proxy-protocol.txt`, 2.2.6).
const CLIENT_SSL: u8 = 1;
const CLIENT_CERT_CONN: u8 = 2;
const CLIENT_CERT_SESS: u8 = 4;

impl Turn<'_, '_> {
    /// The header that a new connection to `server` begins with.
    pub fn proxy_header(&self, server: &Server) -> Option<Vec<u8>> {
        let told = server.settings.send_proxy;
        let version = told.version()?;
        let mut fields = Fields::default();
        let view = self.view(true);
        for field in server.proxy_fields.iter().flat_map(|fields| fields.iter()) {
            let mut value = Vec::new();
            field.value.write(&view, &mut value);
            fields.push(field.kind, &value);
        }
        if told.intersects(SendProxy::CRC32C) {
            fields.push_checksum();
        }
        let fact = |fact| match view.tls_fact(Side::Client, fact)? {
            OwnedValue::Str(bytes) | OwnedValue::Bin(bytes) => Some(bytes.to_vec()),
            _ => None,
        };
        if let Some(alpn) = fact(TlsFact::Alpn) {
            fields.push(Fields::ALPN, &alpn);
        }
        if let Some(name) = told.intersects(SendProxy::AUTHORITY).then(|| fact(TlsFact::ServerName)).flatten()
        {
            fields.push(Fields::AUTHORITY, &name);
        }
        if told.intersects(SendProxy::UNIQUE_ID) {
            // Without a format there is nothing to tell, and that is told.
            fields.push(Fields::UNIQUE_ID, view.unique_id().unwrap_or_default().as_bytes());
        }
        if told.intersects(SendProxy::ABOUT_TLS) {
            let about = view.with_tls(Side::Client, |tls| Some(about_tls(tls, told)));
            fields.push(Fields::SSL, &about.unwrap_or_else(|| vec![0; 5]));
        }
        let mut header = Vec::new();
        write(version, (self.client.session.source, self.client.destination()), &fields, &mut header);
        Some(header)
    }
}

/// Flags, the result of the verification, and fields of its own.
fn about_tls(tls: &Tls, told: SendProxy) -> Vec<u8> {
    let ssl = tls.ssl();
    let has_certificate = ssl.peer_certificate().is_some();
    let mut flags = CLIENT_SSL;
    if has_certificate {
        flags |= CLIENT_CERT_SESS;
        if !ssl.session_reused() {
            flags |= CLIENT_CERT_CONN;
        }
    }
    let mut fields = Fields::default();
    fields.push(Fields::SSL_VERSION, ssl.version_str().as_bytes());
    let text = |value: Option<OwnedValue>| match value {
        Some(OwnedValue::Str(bytes)) => Some(bytes.to_vec()),
        _ => None,
    };
    if told.intersects(SendProxy::CERT_CN) && has_certificate {
        let part = NamePart { entry: "CN", occurrence: 1, rfc2253: false };
        if let Some(name) = text(crate::tls_facts::name(ssl, Whose::Peer, NameOf::Subject, &part)) {
            fields.push(Fields::SSL_CN, &name);
        }
    }
    let own = ssl.certificate();
    if told.intersects(SendProxy::CERT_KEY)
        && let Some(key) = own.and_then(weir_tls::facts::key_name)
    {
        fields.push(Fields::SSL_KEY_ALG, key.as_bytes());
    }
    if told.intersects(SendProxy::CERT_SIG)
        && let Some(algorithm) = own.and_then(weir_tls::facts::signature_algorithm)
    {
        fields.push(Fields::SSL_SIG_ALG, algorithm.as_bytes());
    }
    if told.intersects(SendProxy::CIPHER)
        && let Some(cipher) = ssl.current_cipher()
    {
        fields.push(Fields::SSL_CIPHER, cipher.name().as_bytes());
    }
    let mut value = vec![flags];
    value.extend_from_slice(&(ssl.verify_result().as_raw() as u32).to_be_bytes());
    value.extend_from_slice(fields.bytes());
    value
}

/// The same for a connection of weir's own, a check: nothing is known of a client.
pub fn of_check(told: SendProxy) -> Fields {
    let mut fields = Fields::default();
    if told.intersects(SendProxy::CRC32C) {
        fields.push_checksum();
    }
    if told.intersects(SendProxy::ABOUT_TLS) {
        fields.push(Fields::SSL, &[0; 5]);
    }
    fields
}
