use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;

use super::*;
use crate::listener::{Listener, ListenerSettings};

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn self_signed(name: &str, key: &PKey<Private>) -> Vec<u8> {
    let mut builder = X509Builder::new().unwrap();
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(&subject).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(10).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build().to_pem().unwrap()
}

fn with_key(name: &str) -> Vec<u8> {
    let key = key();
    [self_signed(name, &key), key.private_key_to_pem_pkcs8().unwrap()].concat()
}

fn default(name: &str) -> ListenerEntry {
    let parts = crate::certificate::Parts { pem: with_key(name), ..Default::default() };
    let certificate = Certificate::load(name, parts, true).unwrap();
    ListenerEntry::new(certificate, Filters::default(), Arc::default(), None)
}

fn forge(size: usize) -> Forge {
    let authority = Authority::read(&with_key("the.authority"), None, None).unwrap();
    Forge::new(authority, Arc::new(Forged::new(size)))
}

fn is_same(forge: &Forge, name: &str, instead: &ListenerEntry, before: &Arc<ListenerEntry>) -> bool {
    forge.entry(name, instead).is_some_and(|entry| Arc::ptr_eq(&entry, before))
}

#[test]
fn the_latest_used_are_kept() {
    let (forge, instead) = (forge(2), default("kept.example"));
    let a = forge.entry("a", &instead).unwrap();
    let b = forge.entry("b", &instead).unwrap();
    assert!(is_same(&forge, "a", &instead, &a));
    forge.entry("c", &instead).unwrap();
    assert!(is_same(&forge, "a", &instead, &a));
    assert!(!is_same(&forge, "b", &instead, &b));
}

#[test]
fn nothing_is_kept_without_room() {
    let (forge, instead) = (forge(0), default("none.example"));
    let a = forge.entry("a", &instead).unwrap();
    assert!(!is_same(&forge, "a", &instead, &a));
}

#[test]
fn another_certificate_beneath_means_another_one() {
    let (forge, instead, other) = (forge(2), default("one.example"), default("other.example"));
    let a = forge.entry("a", &instead).unwrap();
    let made = forge.entry("a", &other).unwrap();
    let key_of = |entry: &ListenerEntry| entry.certificate().parsed().unwrap().leaf.public_key().unwrap();
    assert!(!key_of(&a).public_eq(&key_of(&made)));
    assert!(key_of(&made).public_eq(&key_of(&other)));
}

#[test]
fn what_is_no_host_gets_none() {
    let (forge, instead) = (forge(2), default("host.example"));
    for name in ["a b", "a,DNS:b", "ü.example", "a/b"] {
        assert!(forge.entry(name, &instead).is_none(), "{name}");
    }
}

#[test]
fn a_locked_key_opens_with_its_passphrase_alone() {
    let key = key();
    let certificate = self_signed("locked.authority", &key);
    let cipher = openssl::symm::Cipher::aes_256_cbc();
    let locked = key.private_key_to_pem_pkcs8_passphrase(cipher, b"secret").unwrap();
    let read = |passphrase| Authority::read(&certificate, Some(&locked), passphrase);
    assert!(read(Some("secret")).is_ok());
    assert!(matches!(read(Some("wrong")), Err(Fault::NoKey(_))));
    assert!(matches!(read(None), Err(Fault::NoKey(_))));
    let other = self::key().private_key_to_pem_pkcs8().unwrap();
    assert_eq!(Authority::read(&certificate, Some(&other), None).err(), Some(Fault::Mismatch));
}

#[test]
fn a_listener_serves_contexts_of_what_was_made() {
    let settings = ListenerSettings { forge: Some(Arc::new(forge(2))), ..Default::default() };
    let listener = Listener::new(settings, vec![default("listener.example")]);
    let forge = listener.settings.forge.clone().unwrap();
    let made = forge.entry("a.example", &listener.entries().list[0]).unwrap();
    let ssl = listener.begin(&made).unwrap();
    let names = ssl.certificate().unwrap().subject_alt_names().unwrap();
    assert_eq!(names.iter().filter_map(|name| name.dnsname()).collect::<Vec<_>>(), ["a.example"]);
}
