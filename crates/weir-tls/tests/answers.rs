//! What a client of TLS 1.2 is answered: which cipher suite, and that its server name was heard.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslStream, SslVerifyMode, SslVersion};
use openssl::x509::{X509, X509NameBuilder};
use weir_tls::certificate::Parts;
use weir_tls::names::Filters;
use weir_tls::{Certificate, ContextSettings, Listener, ListenerEntry, ListenerSettings};

fn listener(settings: ContextSettings) -> Listener {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("CN", "site").unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(&subject).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    let pem = [builder.build().to_pem().unwrap(), key.private_key_to_pem_pkcs8().unwrap()].concat();
    let certificate = Certificate::load("site", Parts { pem, ..Parts::default() }, true).unwrap();
    let entry = ListenerEntry::new(certificate, Filters::default(), Arc::new(settings.clone()), None);
    Listener::new(ListenerSettings { context: settings, ..ListenerSettings::default() }, vec![entry])
}

/// Notes what the other side says.
struct Heard(UnixStream, Vec<u8>);

impl Read for Heard {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(room)?;
        self.1.extend_from_slice(&room[..count]);
        Ok(count)
    }
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The suite that was agreed upon, and the numbers of the extensions in the ServerHello.
fn visit(listener: &Listener, name: Option<&str>, ciphers: &str) -> (String, Vec<u16>) {
    let (client, server) = UnixStream::pair().unwrap();
    let ssl = listener.begin(&listener.choose(None).unwrap()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || SslStream::new(ssl, server).unwrap().do_handshake().unwrap());
        let mut context = SslContext::builder(SslMethod::tls_client()).unwrap();
        context.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
        context.set_verify(SslVerifyMode::NONE);
        context.set_cipher_list(ciphers).unwrap();
        let mut ssl = Ssl::new(&context.build()).unwrap();
        if let Some(name) = name {
            ssl.set_hostname(name).unwrap();
        }
        let mut stream = SslStream::new(ssl, Heard(client, Vec::new())).unwrap();
        stream.connect().unwrap();
        let cipher = stream.ssl().current_cipher().unwrap().name().to_owned();
        (cipher, extensions(&stream.get_ref().1))
    })
}

/// Of the ServerHello that these records begin with (RFC 5246 7.4.1.3).
fn extensions(records: &[u8]) -> Vec<u16> {
    let number = |at: usize| u16::from_be_bytes([records[at], records[at + 1]]);
    let session = 5 + 4 + 2 + 32;
    let mut at = session + 1 + usize::from(records[session]) + 2 + 1;
    let end = at + 2 + usize::from(number(at));
    at += 2;
    let mut found = Vec::new();
    while at < end {
        found.push(number(at));
        at += 4 + usize::from(number(at + 2));
    }
    found
}

const CHACHA: &str = "ECDHE-RSA-CHACHA20-POLY1305";
const AES: &str = "ECDHE-RSA-AES128-GCM-SHA256";
const SERVER_NAME: u16 = 0;

#[test]
fn a_name_that_was_said_is_acknowledged() {
    let listener = listener(ContextSettings::default());
    // RFC 6066 section 3: only then.
    assert!(visit(&listener, Some("site"), AES).1.contains(&SERVER_NAME));
    assert!(visit(&listener, Some("other"), AES).1.contains(&SERVER_NAME));
    assert!(!visit(&listener, None, AES).1.contains(&SERVER_NAME));
}

#[test]
fn the_server_chooses_unless_chacha_goes_first() {
    let both = format!("{AES}:{CHACHA}");
    let settings = |client_prefers| ContextSettings {
        ciphers: Some(both.as_str().into()),
        prefer_client_ciphers: client_prefers,
        ..ContextSettings::default()
    };
    let reverse = format!("{CHACHA}:{AES}");
    // Manual 5.1, prefer-client-ciphers.
    let listener_prefers = listener(settings(false));
    assert_eq!(visit(&listener_prefers, None, &both).0, AES);
    assert_eq!(visit(&listener_prefers, None, &reverse).0, CHACHA);
    let reversed = ContextSettings { ciphers: Some(reverse.as_str().into()), ..settings(false) };
    assert_eq!(visit(&listener(reversed.clone()), None, &both).0, CHACHA);
    let client_prefers = ContextSettings { prefer_client_ciphers: true, ..reversed };
    assert_eq!(visit(&listener(client_prefers), None, &both).0, AES);
}
