//! Encrypted tokens (JSON Web Encryption, RFC 7516) in compact form: five parts, the algorithms of RFC 7518 sections 4
//! and 5. Whatever is wrong with a token, nothing is told of it.

use openssl::aes::{AesKey, unwrap_key};
use openssl::derive::Deriver;
use openssl::encrypt::Decrypter;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Padding;
use openssl::symm::{Cipher, decrypt, decrypt_aead};

use super::jwk::{TokenKey, bytes, member, public_ec};
use super::{hmac_of, token_parts};
use crate::convert::base64;
use crate::json::{Found, find};

/// Ways to come to the key of the content, and ways the content is encrypted, by their names in a token's header.
const MANAGEMENT: [&str; 14] = [
    "RSA1_5",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "A128KW",
    "A192KW",
    "A256KW",
    "dir",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
    "A128GCMKW",
    "A192GCMKW",
    "A256GCMKW",
];
const CONTENT: [&str; 6] =
    ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"];

/// What `jwt.decrypt_alg_list` and `jwt.decrypt_enc_list` allow; a bit for each name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenAlgorithms {
    management: u16,
    content: u16,
}

impl Default for TokenAlgorithms {
    /// All but `RSA1_5` (RFC 8725 section 3.2).
    fn default() -> Self {
        Self { management: all(&MANAGEMENT) & !1, content: all(&CONTENT) }
    }
}

const fn all(names: &[&str]) -> u16 {
    (1 << names.len()) - 1
}

impl TokenAlgorithms {
    /// `jwt.decrypt_alg_list`; the error is the name that nothing bears.
    pub fn limit_management<'t>(&mut self, list: &'t str) -> Result<(), &'t str> {
        self.management = listed(list, &MANAGEMENT)?;
        Ok(())
    }

    /// `jwt.decrypt_enc_list`.
    pub fn limit_content<'t>(&mut self, list: &'t str) -> Result<(), &'t str> {
        self.content = listed(list, &CONTENT)?;
        Ok(())
    }
}

/// Names of the other list are no mistake, but choose nothing here.
fn listed<'t>(list: &'t str, names: &[&str]) -> Result<u16, &'t str> {
    let (mut with, mut without) = (0, 0);
    for word in list.split(':') {
        let name = word.trim_start_matches('!');
        let bits = match names.iter().position(|known| *known == name) {
            Some(place) => 1 << place,
            None if name == "ALL" => all(names),
            None if name.is_empty() || MANAGEMENT.contains(&name) || CONTENT.contains(&name) => 0,
            None => return Err(name),
        };
        *if word == name { &mut with } else { &mut without } |= bits;
    }
    Ok(with & !without)
}

/// The content, or nothing.
pub(super) fn open(token: &[u8], key: &TokenKey, allowed: TokenAlgorithms) -> Option<Vec<u8>> {
    let [coded_header, wrapped, iv, sealed, tag] = token_parts(token)?;
    let header = base64::decode_url(coded_header)?;
    // What such a token demands to be understood is not, and compressed contents are not opened.
    if ["crit", "zip"].iter().any(|name| find(&header, &format!("$.{name}")).is_some()) {
        return None;
    }
    let management = named(&header, "alg", &MANAGEMENT, allowed.management)?;
    let content = Content::named(named(&header, "enc", &CONTENT, allowed.content)?)?;
    let part = |coded| base64::decode_url(coded);
    let content_key = content_key(&header, management, &content, &part(wrapped)?, key)?;
    content.open(&content_key, &part(iv)?, coded_header, &part(sealed)?, &part(tag)?)
}

/// The name in a member of the header, if it is among those allowed.
fn named(header: &[u8], name: &str, names: &[&'static str], allowed: u16) -> Option<&'static str> {
    let given = member(header, name)?;
    let place = names.iter().position(|known| known.as_bytes() == given)?;
    (allowed & 1 << place != 0).then(|| names[place])
}

/// How the content is encrypted.
struct Content {
    name: &'static str,
    cipher: Cipher,
    /// With CBC half of the key is that of the tag.
    digest: Option<MessageDigest>,
}

impl Content {
    fn named(name: &'static str) -> Option<Self> {
        let (cipher, digest) = match name {
            "A128CBC-HS256" => (Cipher::aes_128_cbc(), Some(MessageDigest::sha256())),
            "A192CBC-HS384" => (Cipher::aes_192_cbc(), Some(MessageDigest::sha384())),
            "A256CBC-HS512" => (Cipher::aes_256_cbc(), Some(MessageDigest::sha512())),
            "A128GCM" => (Cipher::aes_128_gcm(), None),
            "A192GCM" => (Cipher::aes_192_gcm(), None),
            "A256GCM" => (Cipher::aes_256_gcm(), None),
            _ => return None,
        };
        Some(Self { name, cipher, digest })
    }

    fn key_bytes(&self) -> usize {
        self.cipher.key_len() * if self.digest.is_some() { 2 } else { 1 }
    }

    fn open(&self, key: &[u8], iv: &[u8], aad: &[u8], sealed: &[u8], tag: &[u8]) -> Option<Vec<u8>> {
        if key.len() != self.key_bytes() || Some(iv.len()) != self.cipher.iv_len() {
            return None;
        }
        let Some(digest) = self.digest else {
            return (tag.len() == 16)
                .then(|| decrypt_aead(self.cipher, key, Some(iv), aad, sealed, tag).ok())
                .flatten();
        };
        // RFC 7518 section 5.2.2.2.
        let (tag_key, content_key) = key.split_at(key.len() / 2);
        let bits = (aad.len() as u64 * 8).to_be_bytes();
        let whole = hmac_of(digest, tag_key, &[aad, iv, sealed, &bits].concat())?;
        let expected = &whole[..whole.len() / 2];
        if expected.len() != tag.len() || !openssl::memcmp::eq(expected, tag) {
            return None;
        }
        decrypt(self.cipher, content_key, Some(iv), sealed).ok()
    }
}

fn content_key(
    header: &[u8],
    management: &str,
    content: &Content,
    wrapped: &[u8],
    key: &TokenKey,
) -> Option<Vec<u8>> {
    let wrapping_bits = || management.rsplit('+').next()?.get(1..4)?.parse::<usize>().ok();
    match (management, key) {
        ("dir", TokenKey::Secret(secret)) => wrapped.is_empty().then(|| secret.to_vec()),
        (name, TokenKey::Secret(secret)) if name.starts_with('A') => {
            if secret.len() * 8 != wrapping_bits()? {
                return None;
            }
            match name.strip_suffix("GCMKW") {
                Some(_) => unwrap_gcm(header, secret, wrapped),
                None => unwrap(secret, wrapped),
            }
        }
        ("ECDH-ES", TokenKey::Private(private)) => {
            let agreed = agree(header, private, content.name, content.key_bytes())?;
            wrapped.is_empty().then_some(agreed)
        }
        (name, TokenKey::Private(private)) if name.starts_with("ECDH-ES+") => {
            unwrap(&agree(header, private, name, wrapping_bits()? / 8)?, wrapped)
        }
        ("RSA1_5", TokenKey::Private(private)) => {
            // A key of chance in the place of a malformed one: the sender learns nothing from how it fails
            // (RFC 7516 section 11.5).
            let mut chance = vec![0; content.key_bytes()];
            openssl::rand::rand_bytes(&mut chance).ok()?;
            let opened = unwrap_rsa(private, Padding::PKCS1, None, wrapped);
            Some(opened.filter(|opened| opened.len() == chance.len()).unwrap_or(chance))
        }
        ("RSA-OAEP", TokenKey::Private(private)) => {
            unwrap_rsa(private, Padding::PKCS1_OAEP, Some(MessageDigest::sha1()), wrapped)
        }
        ("RSA-OAEP-256", TokenKey::Private(private)) => {
            unwrap_rsa(private, Padding::PKCS1_OAEP, Some(MessageDigest::sha256()), wrapped)
        }
        _ => None,
    }
}

/// AES key wrap (RFC 3394).
fn unwrap(secret: &[u8], wrapped: &[u8]) -> Option<Vec<u8>> {
    if wrapped.len() < 24 || !wrapped.len().is_multiple_of(8) {
        return None;
    }
    let mut key = vec![0; wrapped.len() - 8];
    let written = unwrap_key(&AesKey::new_decrypt(secret).ok()?, None, &mut key, wrapped).ok()?;
    (written == key.len()).then_some(key)
}

/// RFC 7518 section 4.7.
fn unwrap_gcm(header: &[u8], secret: &[u8], wrapped: &[u8]) -> Option<Vec<u8>> {
    let (iv, tag) = (bytes(header, "iv")?, bytes(header, "tag")?);
    let cipher = match secret.len() {
        16 => Cipher::aes_128_gcm(),
        24 => Cipher::aes_192_gcm(),
        _ => Cipher::aes_256_gcm(),
    };
    if iv.len() != 12 || tag.len() != 16 {
        return None;
    }
    decrypt_aead(cipher, secret, Some(&iv), b"", wrapped, &tag).ok()
}

fn unwrap_rsa(
    private: &PKey<Private>,
    padding: Padding,
    digest: Option<MessageDigest>,
    wrapped: &[u8],
) -> Option<Vec<u8>> {
    if private.id() != Id::RSA {
        return None;
    }
    let mut decrypter = Decrypter::new(private).ok()?;
    decrypter.set_rsa_padding(padding).ok()?;
    if let Some(digest) = digest {
        decrypter.set_rsa_oaep_md(digest).ok()?;
        decrypter.set_rsa_mgf1_md(digest).ok()?;
    }
    let mut key = vec![0; decrypter.decrypt_len(wrapped).ok()?];
    let written = decrypter.decrypt(wrapped, &mut key).ok()?;
    key.truncate(written);
    Some(key)
}

/// The key that follows from both sides' curve points (RFC 7518 section 4.6.2).
fn agree(header: &[u8], private: &PKey<Private>, name: &str, length: usize) -> Option<Vec<u8>> {
    let Some(Found::Object(sender)) = find(header, "$.epk") else { return None };
    let sender = public_ec(sender)?;
    if private.id() != Id::EC {
        return None;
    }
    let mut deriver = Deriver::new(private).ok()?;
    deriver.set_peer(&sender).ok()?;
    let shared = deriver.derive_to_vec().ok()?;
    let mut about = Vec::new();
    let party =
        |name| if find(header, &format!("$.{name}")).is_some() { bytes(header, name) } else { Some(vec![]) };
    for text in [name.as_bytes(), &party("apu")?, &party("apv")?] {
        about.extend_from_slice(&(text.len() as u32).to_be_bytes());
        about.extend_from_slice(text);
    }
    about.extend_from_slice(&(length as u32 * 8).to_be_bytes());
    let mut key = Vec::new();
    for round in 1u32.. {
        if key.len() >= length {
            break;
        }
        let text = [&round.to_be_bytes()[..], &shared, &about].concat();
        key.extend_from_slice(&openssl::hash::hash(MessageDigest::sha256(), &text).ok()?);
    }
    key.truncate(length);
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The examples of the manual, sections 3.1 `jwt.decrypt_alg_list` and `jwt.decrypt_enc_list`.
    #[test]
    fn lists_allow_what_they_name() {
        let management = |list| listed(list, &MANAGEMENT);
        let bit = |name| 1u16 << MANAGEMENT.iter().position(|known| *known == name).expect("a name");
        assert_eq!(management("ALL:!ECDH-ES"), Ok(all(&MANAGEMENT) & !bit("ECDH-ES")));
        assert_eq!(management("dir:RSA1_5"), Ok(bit("dir") | bit("RSA1_5")));
        assert_eq!(management("dir:x"), Err("x"));
        assert_eq!(listed("A128GCM:A192GCM:A256GCM", &CONTENT), Ok(0b111_000));
        assert_eq!(TokenAlgorithms::default().management, all(&MANAGEMENT) & !bit("RSA1_5"));
    }

    // RFC 7520 section 5.1.
    #[test]
    fn rsa1_5_works_where_it_is_allowed() {
        let (key, token) =
            include_str!("../../../tests/cases/rfc7520-5.1.txt").split_once('\n').expect("two lines");
        let key = TokenKey::from_jwk(key.as_bytes()).expect("a key");
        let mut allowed = TokenAlgorithms::default();
        assert_eq!(open(token.trim().as_bytes(), &key, allowed), None);
        allowed.limit_management("RSA1_5").expect("a known name");
        let opened = open(token.trim().as_bytes(), &key, allowed).expect("the example opens");
        assert!(opened.starts_with("You can trust us to stick with you through thick and thin".as_bytes()));
        allowed.limit_content("A128GCM").expect("a known name");
        assert_eq!(open(token.trim().as_bytes(), &key, allowed), None);
    }
}
