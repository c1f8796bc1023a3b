//! Messages written by OpenSSL's own client, and broken ones.

use std::io::{self, Read, Write};

use openssl::ssl::{Ssl, SslContext, SslMethod, SslStream, SslVersion};

use super::*;

/// Keeps what the client writes and never answers.
#[derive(Default)]
struct Sink(Vec<u8>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Sink {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

fn written(name: &str, signatures: &str, last: SslVersion) -> Vec<u8> {
    let mut context = SslContext::builder(SslMethod::tls_client()).unwrap();
    context.set_sigalgs_list(signatures).unwrap();
    context.set_max_proto_version(Some(last)).unwrap();
    context.set_alpn_protos(b"\x02h2\x08http/1.1").unwrap();
    let mut ssl = Ssl::new(&context.build()).unwrap();
    ssl.set_hostname(name).unwrap();
    let mut stream = SslStream::new(ssl, Sink::default()).unwrap();
    assert!(stream.connect().is_err());
    stream.get_ref().0.clone()
}

fn hello(bytes: &[u8]) -> ClientHello {
    match HelloReader::read(bytes) {
        HelloReader::Hello(hello) => hello,
        other => panic!("{other:?}"),
    }
}

#[test]
fn parts_of_a_hello() {
    let bytes = written("www.example.com", "ECDSA+SHA256:RSA+SHA256", SslVersion::TLS1_3);
    let hello = hello(&bytes);
    assert_eq!(hello.server_name(), Some(&b"www.example.com"[..]));
    assert_eq!(hello.version(), 0x303);
    assert_eq!(hello.list(ALPN, 2), Some(&b"\x02h2\x08http/1.1"[..]));
    assert_eq!(hello.list(SIGNATURE_ALGORITHMS, 2), Some(&[4, 3, 4, 1][..]));
    assert!(hello.takes_ecdsa());
    assert!(hello.ciphers().chunks_exact(2).any(|pair| pair == [0x13, 0x01]));
}

#[test]
fn who_cannot_verify_ecdsa() {
    for last in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        assert!(!hello(&written("a", "RSA+SHA256", last)).takes_ecdsa());
        assert!(hello(&written("a", "ECDSA+SHA256", last)).takes_ecdsa());
    }
}

#[test]
fn cut_short_is_incomplete() {
    let bytes = written("www.example.com", "RSA+SHA256", SslVersion::TLS1_3);
    for length in 0..bytes.len() {
        assert_eq!(HelloReader::read(&bytes[..length]), HelloReader::Incomplete, "{length} bytes");
    }
}

#[test]
fn spread_over_records() {
    let bytes = written("www.example.com", "RSA+SHA256", SslVersion::TLS1_3);
    let mut pieces = Vec::new();
    for piece in bytes[5..].chunks(50) {
        pieces.extend_from_slice(&[22, 3, 1, 0, piece.len() as u8]);
        pieces.extend_from_slice(piece);
    }
    assert_eq!(hello(&pieces), hello(&bytes));
}

#[test]
fn other_bytes() {
    assert_eq!(HelloReader::read(b"GET / HTTP/1.1\r\n"), HelloReader::Other);
    assert_eq!(HelloReader::read(&[22, 3, 1, 0, 0]), HelloReader::Other);
    assert_eq!(HelloReader::read(&[22, 3, 1, 0, 4, 2, 0, 0, 0]), HelloReader::Other);
    // A list that reaches behind the message.
    let mut bytes = written("a", "RSA+SHA256", SslVersion::TLS1_3);
    bytes[5 + 4 + 34] = 255;
    assert_eq!(HelloReader::read(&bytes), HelloReader::Other);
}
