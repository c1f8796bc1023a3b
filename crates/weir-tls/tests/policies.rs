//! Who may resume what: a session that was made under other demands on the client is as good as unknown.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{Ssl, SslContext, SslMethod, SslSessionCacheMode, SslStream, SslVerifyMode, SslVersion};
use openssl::x509::extension::BasicConstraints;
use openssl::x509::{X509, X509NameBuilder};
use weir_tls::certificate::Parts;
use weir_tls::names::Filters;
use weir_tls::pem::Authorities;
use weir_tls::session::SessionKey;
use weir_tls::{
    Certificate, ContextSettings, Listener, ListenerEntry, ListenerSettings, SharedSessions, Sharing,
    TicketKeys, Verify,
};

#[derive(Debug, Default)]
struct Kept(Mutex<HashMap<SessionKey, Vec<u8>>>);

impl SharedSessions for Kept {
    fn store(&self, key: &SessionKey, session: &[u8]) {
        self.0.lock().unwrap().insert(*key, session.to_vec());
    }

    fn find(&self, key: &SessionKey) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(key).cloned()
    }
}

/// A certificate that may stand for an authority, with its key.
fn certificate(name: &str) -> (X509, PKey<Private>) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(&subject).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    (builder.build(), key)
}

fn authorities(name: &str) -> Arc<Authorities> {
    let pem = certificate(name).0.to_pem().unwrap();
    let mut authorities = Authorities::read(&pem).unwrap();
    authorities.name = name.into();
    Arc::new(authorities)
}

struct House {
    certificate: Arc<Certificate>,
    sharing: Sharing,
    keys: Option<Arc<TicketKeys>>,
}

impl House {
    fn new(keys: Option<Arc<TicketKeys>>) -> Self {
        let (leaf, key) = certificate("site");
        let pem = [leaf.to_pem().unwrap(), key.private_key_to_pem_pkcs8().unwrap()].concat();
        let certificate = Certificate::load("site", Parts { pem, ..Parts::default() }, true).unwrap();
        let sharing = Sharing { secret: Arc::from([7; 32]), sessions: Arc::new(Kept::default()) };
        Self { certificate, sharing, keys }
    }

    fn listener(&self, scope: &str, settings: &ContextSettings) -> Listener {
        let settings = ContextSettings { lifetime_s: 300, ..settings.clone() };
        let shared = Arc::new(settings.clone());
        let entry = ListenerEntry::new(self.certificate.clone(), Filters::default(), shared, None);
        let settings = ListenerSettings {
            context: settings,
            session_scope: scope.as_bytes().into(),
            ticket_keys: self.keys.clone(),
            ..ListenerSettings::default()
        };
        let listener = Listener::new(settings, vec![entry]);
        listener.share(self.sharing.clone());
        listener
    }
}

/// One connection: the session that it gave, and whether it resumed the one that was offered.
fn visit(listener: &Listener, version: SslVersion, offered: Option<&[u8]>) -> (Vec<u8>, bool) {
    let (client, server) = UnixStream::pair().unwrap();
    let ssl = listener.begin(&listener.choose(None).unwrap()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut stream = SslStream::new(ssl, server).unwrap();
            stream.do_handshake().unwrap();
            stream.write_all(b"x").unwrap();
            // The client goes first.
            let _ = stream.read(&mut [0]);
        });
        let mut context = SslContext::builder(SslMethod::tls_client()).unwrap();
        context.set_min_proto_version(Some(version)).unwrap();
        context.set_max_proto_version(Some(version)).unwrap();
        context.set_verify(SslVerifyMode::NONE);
        context.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        let kept: Arc<Mutex<Vec<u8>>> = Arc::default();
        let place = kept.clone();
        context
            .set_new_session_callback(move |_, session| *place.lock().unwrap() = session.to_der().unwrap());
        let mut ssl = Ssl::new(&context.build()).unwrap();
        if let Some(session) = offered {
            weir_sys::tls::offer_session(&mut ssl, session);
        }
        let mut stream = SslStream::new(ssl, client).unwrap();
        stream.connect().unwrap();
        stream.read_exact(&mut [0]).unwrap();
        let session = kept.lock().unwrap().clone();
        (session, stream.ssl().session_reused())
    })
}

fn asks(authorities: &Arc<Authorities>) -> ContextSettings {
    ContextSettings {
        verify: Some(Verify::Optional),
        ca_file: Some(authorities.clone()),
        ..ContextSettings::default()
    }
}

fn ticket_keys(length: usize) -> Arc<TicketKeys> {
    let line = |number: u8| openssl::base64::encode_block(&vec![number; length]) + "\n";
    let text: String = (1..4).map(line).collect();
    Arc::new(TicketKeys::read("keys", text.as_bytes()).unwrap())
}

fn never_across_demands(house: &House) {
    let (one, other) = (authorities("one"), authorities("other"));
    let demands = [ContextSettings::default(), asks(&one), asks(&other)];
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        for (made_under, first) in demands.iter().enumerate() {
            let (session, _) = visit(&house.listener("line", first), version, None);
            for (offered_under, second) in demands.iter().enumerate() {
                // A listener of its own, as another worker or the plan after a reload has it.
                let (_, resumed) = visit(&house.listener("line", second), version, Some(&session));
                assert_eq!(resumed, made_under == offered_under, "{version:?} {made_under} {offered_under}");
            }
        }
    }
}

#[test]
fn never_across_demands_on_the_client() {
    never_across_demands(&House::new(None));
}

#[test]
fn never_across_demands_even_with_keys_in_common() {
    never_across_demands(&House::new(Some(ticket_keys(48))));
}

#[test]
fn lines_share_sessions_with_keys_of_a_file_alone() {
    for (keys, shared) in [(Some(ticket_keys(80)), true), (None, false)] {
        let house = House::new(keys);
        let nothing = ContextSettings::default();
        let (session, _) = visit(&house.listener("first line", &nothing), SslVersion::TLS1_3, None);
        let second = house.listener("second line", &nothing);
        assert_eq!(visit(&second, SslVersion::TLS1_3, Some(&session)).1, shared);
    }
}
