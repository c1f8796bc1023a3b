//! Keys that encrypted tokens are opened with: a shared secret, or a private key, in text as JSON Web Keys (RFC 7517,
//! RFC 7518 section 6).

use std::fmt;
use std::sync::Arc;

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::RsaPrivateKeyBuilder;

use crate::convert::base64;
use crate::json::{Found, find, unescape};

/// Cloning shares it.
#[derive(Clone)]
pub enum TokenKey {
    Secret(Arc<[u8]>),
    Private(PKey<Private>),
}

impl fmt::Debug for TokenKey {
    /// Never the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey")
    }
}

impl TokenKey {
    /// From a secret in base64, of whichever alphabet.
    pub(super) fn from_secret(text: &[u8]) -> Option<Self> {
        let digits = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
        let secret = base64::decode_url(&text[..digits]).or_else(|| base64::decode(text))?;
        Some(Self::Secret(secret.into()))
    }

    pub(super) fn from_jwk(text: &[u8]) -> Option<Self> {
        match &*member(text, "kty")? {
            b"oct" => Some(Self::Secret(bytes(text, "k")?.into())),
            b"RSA" => rsa(text).map(Self::Private),
            b"EC" => {
                let (group, point) = point(text)?;
                let private = number(text, "d")?;
                let key = EcKey::from_private_components(&group, &private, &point).ok()?;
                key.check_key().ok()?;
                PKey::from_ec_key(key).ok().map(Self::Private)
            }
            _ => None,
        }
    }
}

/// A key of the `EC` type without its private part: what a token's `epk` holds.
pub(super) fn public_ec(text: &[u8]) -> Option<PKey<Public>> {
    if *member(text, "kty")? != *b"EC" {
        return None;
    }
    let (group, point) = point(text)?;
    let key = EcKey::from_public_key(&group, &point).ok()?;
    // A point that is not on the curve would tell of the private key bit by bit.
    key.check_key().ok()?;
    PKey::from_ec_key(key).ok()
}

/// A text in the outermost object.
pub(super) fn member(text: &[u8], name: &str) -> Option<Vec<u8>> {
    match find(text, &format!("$.{name}"))? {
        Found::Text(text) => unescape(text),
        _ => None,
    }
}

/// The bytes behind a text in url-safe base64.
pub(super) fn bytes(text: &[u8], name: &str) -> Option<Vec<u8>> {
    base64::decode_url(&member(text, name)?)
}

fn number(text: &[u8], name: &str) -> Option<BigNum> {
    BigNum::from_slice(&bytes(text, name)?).ok()
}

fn point(text: &[u8]) -> Option<(EcGroup, EcPoint)> {
    let curve = match &*member(text, "crv")? {
        b"P-256" => Nid::X9_62_PRIME256V1,
        b"P-384" => Nid::SECP384R1,
        b"P-521" => Nid::SECP521R1,
        _ => return None,
    };
    let group = EcGroup::from_curve_name(curve).ok()?;
    let mut point = EcPoint::new(&group).ok()?;
    let mut context = BigNumContext::new().ok()?;
    let (x, y) = (number(text, "x")?, number(text, "y")?);
    point.set_affine_coordinates_gfp(&group, &x, &y, &mut context).ok()?;
    Some((group, point))
}

/// The factors and what follows from them may be left out.
fn rsa(text: &[u8]) -> Option<PKey<Private>> {
    let mut builder =
        RsaPrivateKeyBuilder::new(number(text, "n")?, number(text, "e")?, number(text, "d")?).ok()?;
    if let (Some(p), Some(q)) = (number(text, "p"), number(text, "q")) {
        builder = builder.set_factors(p, q).ok()?;
        if let (Some(dp), Some(dq), Some(qi)) = (number(text, "dp"), number(text, "dq"), number(text, "qi")) {
            builder = builder.set_crt_params(dp, dq, qi).ok()?;
        }
    }
    PKey::from_rsa(builder.build()).ok()
}
