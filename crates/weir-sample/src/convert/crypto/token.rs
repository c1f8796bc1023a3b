//! Signatures of JSON Web Tokens in compact form (RFC 7515, algorithms of RFC 7518 section 3.1).

use std::fmt;
use std::sync::Arc;

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Public};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Verifier};

use super::{hmac_of, token_parts};
use crate::convert::base64;

/// A public key read when the configuration was; cloning shares it.
#[derive(Clone)]
pub struct PublicKey(Arc<PKey<Public>>);

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey")
    }
}

impl PublicKey {
    pub(super) fn new(key: PKey<Public>) -> PublicKey {
        PublicKey(Arc::new(key))
    }

    /// From PEM: `BEGIN PUBLIC KEY` or `BEGIN RSA PUBLIC KEY`.
    pub(super) fn from_pem(pem: &[u8]) -> Option<PublicKey> {
        let key = PKey::public_key_from_pem(pem).ok().or_else(|| {
            let rsa = Rsa::public_key_from_pem_pkcs1(pem).ok()?;
            PKey::from_rsa(rsa).ok()
        })?;
        Some(Self::new(key))
    }
}

/// What the signature is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    None,
    Hmac,
    Rsa,
    Ecdsa,
    Pss,
}

/// Family and digest of an algorithm's name.
pub(super) fn algorithm(name: &str) -> Option<(Family, MessageDigest)> {
    if name == "none" {
        return Some((Family::None, MessageDigest::null()));
    }
    let family = match name.get(..2)? {
        "HS" => Family::Hmac,
        "RS" => Family::Rsa,
        "ES" => Family::Ecdsa,
        "PS" => Family::Pss,
        _ => return None,
    };
    let digest = match &name[2..] {
        "256" => MessageDigest::sha256(),
        "384" => MessageDigest::sha384(),
        "512" => MessageDigest::sha512(),
        _ => return None,
    };
    Some((family, digest))
}

/// The results of `jwt_verify` and `jwt_verify_cert`.
pub(super) const VERIFIED: i64 = 1;
pub(super) const REFUSED: i64 = 0;
pub(super) const UNKNOWN_ALGORITHM: i64 = -1;
const INVALID_TOKEN: i64 = -3;
pub(super) const UNKNOWN_KEY: i64 = -5;
pub(super) const UNUSABLE_CERTIFICATE: i64 = -7;

/// What a token is verified with.
pub(super) enum Secret<'a> {
    Bytes(&'a [u8]),
    Key(&'a PublicKey),
}

/// Verifies the signature alone.
pub(super) fn verify(token: &[u8], family: Family, digest: MessageDigest, secret: &Secret<'_>) -> i64 {
    let Some([header, payload, coded]) = token_parts(token) else {
        return INVALID_TOKEN;
    };
    if family == Family::None {
        return if coded.is_empty() { VERIFIED } else { INVALID_TOKEN };
    }
    let Some(signature) = base64::decode_url(coded).filter(|signature| !signature.is_empty()) else {
        return INVALID_TOKEN;
    };
    if base64::decode_url(header).is_none() {
        return INVALID_TOKEN;
    }
    let signed = &token[..header.len() + 1 + payload.len()];
    let good = match (family, secret) {
        (Family::Hmac, Secret::Bytes(secret)) => hmac_of(digest, secret, signed).is_some_and(|expected| {
            expected.len() == signature.len() && openssl::memcmp::eq(&expected, &signature)
        }),
        (Family::Hmac, Secret::Key(_)) | (_, Secret::Bytes(_)) => return UNKNOWN_KEY,
        (_, Secret::Key(key)) => with_key(&key.0, family, digest, signed, &signature).unwrap_or(false),
    };
    if good { VERIFIED } else { REFUSED }
}

fn with_key(
    key: &PKey<Public>,
    family: Family,
    digest: MessageDigest,
    signed: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let mut verifier = Verifier::new(digest, key).ok()?;
    if family == Family::Pss {
        verifier.set_rsa_padding(Padding::PKCS1_PSS).ok()?;
        verifier.set_rsa_mgf1_md(digest).ok()?;
        verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).ok()?;
    }
    let der = if family == Family::Ecdsa { Some(ecdsa_der(signature)?) } else { None };
    verifier.verify_oneshot(der.as_deref().unwrap_or(signature), signed).ok()
}

/// Tokens carry both numbers side by side; OpenSSL wants DER.
fn ecdsa_der(signature: &[u8]) -> Option<Vec<u8>> {
    let (left, right) = signature.split_at(signature.len() / 2);
    let numbers = (BigNum::from_slice(left).ok()?, BigNum::from_slice(right).ok()?);
    EcdsaSig::from_private_components(numbers.0, numbers.1).ok()?.to_der().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7515 appendix A.1.
    #[test]
    fn the_example_of_the_rfc() {
        let token = b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA\
                      6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let key = base64::decode_url(
            b"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        )
        .expect("a key in base64");
        let (family, digest) = algorithm("HS256").expect("a known algorithm");
        assert_eq!(verify(token, family, digest, &Secret::Bytes(&key)), VERIFIED);
        assert_eq!(verify(token, family, digest, &Secret::Bytes(b"other")), REFUSED);
        assert_eq!(verify(b"a.b.c", family, digest, &Secret::Bytes(&key)), INVALID_TOKEN);
    }

    #[test]
    fn signatures_of_keys() {
        let group =
            openssl::ec::EcGroup::from_curve_name(openssl::nid::Nid::X9_62_PRIME256V1).expect("P-256");
        let private = openssl::ec::EcKey::generate(&group).expect("a key");
        let pem = private.public_key_to_pem().expect("PEM");
        let signed = b"e30.e30";
        let (family, digest) = algorithm("ES256").expect("a known algorithm");
        let hash = openssl::hash::hash(digest, signed).expect("a digest");
        let pair = EcdsaSig::sign(&hash, &private).expect("a signature");
        let mut raw = pair.r().to_vec_padded(32).expect("32 bytes");
        raw.extend(pair.s().to_vec_padded(32).expect("32 bytes"));
        let token = [signed, &b"."[..], &base64::encode_url(&raw)].concat();
        let key = PublicKey::from_pem(&pem).expect("a public key");
        assert_eq!(verify(&token, family, digest, &Secret::Key(&key)), VERIFIED);
        raw[40] ^= 1;
        let token = [signed, &b"."[..], &base64::encode_url(&raw)].concat();
        assert_eq!(verify(&token, family, digest, &Secret::Key(&key)), REFUSED);
        assert_eq!(verify(&token, family, digest, &Secret::Bytes(b"x")), UNKNOWN_KEY);
    }
}
