//! What one process found in a certificate, another need not look for.

use weir_tls::certificate::{Finding, Parts, forget, learn};
use weir_tls::{Certificate, KeyKind};

#[test]
fn what_was_learned_is_not_read_again() {
    // Nothing of it could be read: that it is taken shows that nobody tried.
    let parts = || Parts { pem: b"no certificate".to_vec(), ..Parts::default() };
    let load = |name| Certificate::load(name, parts(), false);
    assert!(load("site").is_err());
    // The hash is of name and parts together.
    let made =
        Finding { hash: hash("site", b"no certificate"), kind: KeyKind::Ecdsa, names: vec!["a".into()] };
    learn(vec![made.clone()]);
    let learned = load("site").expect("known already");
    assert_eq!((learned.kind, &*learned.names), (KeyKind::Ecdsa, &["a".into()][..]));
    assert_eq!(learned.finding(), made);
    assert!(load("other").is_err());
    drop(learned);
    forget();
    assert!(load("site").is_err());
}

/// Of a certificate without anything beside it: each part behind its length, those that are not there behind a zero.
fn hash(name: &str, pem: &[u8]) -> [u8; 32] {
    let mut bytes = Vec::new();
    for part in [name.as_bytes(), pem] {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part);
    }
    for _ in 0..5 {
        bytes.extend(1u64.to_be_bytes());
        bytes.push(0);
        bytes.extend(0u64.to_be_bytes());
    }
    openssl::sha::sha256(&bytes)
}
