//! Digests, ciphers and signed tokens (manual 7.3.1).

use super::row::*;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::symm::Cipher;

use super::base64;
use super::json::{check_query_type, query};
use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::Value;
use crate::variable::Variable;

mod certificate;
mod gcm;
mod jwe;
mod jwk;
mod token;
mod verify_error;

pub use certificate::{NoCertificate, TokenCertificate};
pub use jwe::TokenAlgorithms;
pub use jwk::TokenKey;
pub use token::PublicKey;

pub(crate) use verify_error::verify_error;

pub(super) const ROWS: &[Converter] = &[
    Converter::new(
        "aes_cbc_dec",
        sig(3, &[Int, Text, Text, Text]),
        Bin,
        Bin,
        "decrypts AES in CBC mode (7.3.1)",
    )
    .runs(aes_cbc_dec)
    .checked(check_aes_cbc),
    Converter::new(
        "aes_cbc_enc",
        sig(3, &[Int, Text, Text, Text]),
        Bin,
        Bin,
        "encrypts AES in CBC mode (7.3.1)",
    )
    .runs(aes_cbc_enc)
    .checked(check_aes_cbc),
    Converter::new(
        "aes_gcm_dec",
        sig(4, &[Int, Text, Text, Text, Text]),
        Bin,
        Bin,
        "decrypts AES in GCM mode (7.3.1)",
    )
    .runs(gcm::decrypt)
    .checked(gcm::check),
    Converter::new(
        "aes_gcm_enc",
        sig(4, &[Int, Text, Text, Text, Text]),
        Bin,
        Bin,
        "encrypts AES in GCM mode (7.3.1)",
    )
    .runs(gcm::encrypt)
    .checked(gcm::check_enc),
    Converter::new("digest", sig(1, &[Text]), Bin, Bin, "message digest by name (7.3.1)")
        .computes(digest)
        .checked(check_digest),
    Converter::new("hmac", sig(2, &[Text, Text]), Bin, Bin, "keyed message digest by name (7.3.1)")
        .runs(hmac)
        .checked(check_hmac),
    Converter::new(
        "jwt_decrypt_cert",
        sig(1, &[Text]),
        Bin,
        Bin,
        "decrypts a token with a certificate (7.3.1)",
    )
    .runs(certificate::decrypt)
    .checked(certificate::check_decrypt),
    Converter::new("jwt_decrypt_jwk", sig(1, &[Text]), Bin, Bin, "decrypts a token with a JWK (7.3.1)")
        .runs(jwt_decrypt_jwk)
        .checked(check_jwk),
    Converter::new("jwt_decrypt_secret", sig(1, &[Text]), Bin, Bin, "decrypts a token with a secret (7.3.1)")
        .runs(jwt_decrypt_secret)
        .checked(check_token_secret),
    Converter::new("jwt_header_query", sig(0, &[Text, Text]), Bin, Any, "value in a token's header (7.3.1)")
        .computes(jwt_header_query)
        .checked(check_token_query),
    Converter::new(
        "jwt_payload_query",
        sig(0, &[Text, Text]),
        Bin,
        Any,
        "value in a token's payload (7.3.1)",
    )
    .computes(jwt_payload_query)
    .checked(check_token_query),
    Converter::new("jwt_verify", sig(2, &[Text, Text]), Bin, Sint, "verifies a token's signature (7.3.1)")
        .runs(jwt_verify)
        .checked(check_jwt_verify),
    Converter::new(
        "jwt_verify_cert",
        sig(2, &[Text, Text]),
        Bin,
        Sint,
        "verifies a token's signature with a certificate (7.3.1)",
    )
    .runs(certificate::verify)
    .checked(certificate::check_verify),
    Converter::new("sha1", NONE, Bin, Bin, "SHA-1 digest (7.3.1)").computes(sha1),
    Converter::new("sha2", sig(0, &[Int]), Bin, Bin, "SHA-2 digest (7.3.1)")
        .computes(sha2)
        .checked(check_sha2),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

fn bin(bytes: &[u8]) -> Option<Value<'static>> {
    Some(Value::Bin(bytes.to_vec().into()))
}

fn digest_of(algorithm: MessageDigest, bytes: &[u8]) -> Option<Value<'static>> {
    bin(&openssl::hash::hash(algorithm, bytes).ok()?)
}

fn sha1<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Bin(bytes) = value else { return None };
    digest_of(MessageDigest::sha1(), &bytes)
}

fn check_sha2(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    match args[0].int() {
        None | Some(224 | 256 | 384 | 512) => Ok(()),
        Some(other) => Err(format!("Unsupported number of bits: '{other}'")),
    }
}

fn sha2<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Bin(bytes) = value else { return None };
    let algorithm = match args[0].int() {
        Some(224) => MessageDigest::sha224(),
        Some(384) => MessageDigest::sha384(),
        Some(512) => MessageDigest::sha512(),
        _ => MessageDigest::sha256(),
    };
    digest_of(algorithm, &bytes)
}

fn check_digest(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    match MessageDigest::from_name(args[0].str()) {
        Some(_) => Ok(()),
        // HAProxy's text ends in a full stop of its own.
        None => Err("algorithm must be a valid OpenSSL message digest name.".into()),
    }
}

fn digest<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Bin(bytes) = value else { return None };
    digest_of(MessageDigest::from_name(args[0].str())?, &bytes)
}

/// A key in base64, or the variable that holds one.
fn key_argument(arg: &mut Arg<Named>) -> Result<(), String> {
    let word = arg.str();
    *arg = match Variable::parse(word) {
        Ok(variable) => Arg::Var(variable),
        Err(_) => match base64::decode(word.as_bytes()) {
            Some(key) => Arg::Bytes(key.into()),
            None => return Err(format!("failed to parse {word} as base64 or as a variable name")),
        },
    };
    Ok(())
}

fn key(arg: &Arg<Resolved>, stream: &dyn Stream) -> Option<Vec<u8>> {
    match arg {
        Arg::Bytes(key) => Some(key.to_vec()),
        Arg::Var(variable) => base64::decode(&stream.variable(variable)?.into_text()),
        _ => None,
    }
}

fn check_hmac(args: &mut [Arg<Named>], cx: &ParseContext<'_>) -> Result<(), String> {
    check_digest(args, cx)?;
    key_argument(&mut args[1])
}

fn hmac_of(algorithm: MessageDigest, key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let key = PKey::hmac(key).ok()?;
    Signer::new(algorithm, &key).ok()?.sign_oneshot_to_vec(bytes).ok()
}

fn hmac<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Bin(bytes) = value else { return None };
    let key = key(&args[1], stream)?;
    bin(&hmac_of(MessageDigest::from_name(args[0].str())?, &key, &bytes)?)
}

fn check_aes_cbc(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    check_bits(&args[0])?;
    key_argument(&mut args[1])?;
    key_argument(&mut args[2])
}

fn check_bits(arg: &Arg<Named>) -> Result<(), String> {
    match arg.int() {
        Some(128 | 192 | 256) => Ok(()),
        _ => Err("key size must be 128, 192 or 256 (bits).".into()),
    }
}

fn aes_cbc(
    args: ArgsOf<'_>,
    value: &Value<'_>,
    stream: &dyn Stream,
    encrypt: bool,
) -> Option<Value<'static>> {
    let Value::Bin(bytes) = value else { return None };
    let cipher = match args[0].int()? {
        128 => Cipher::aes_128_cbc(),
        192 => Cipher::aes_192_cbc(),
        _ => Cipher::aes_256_cbc(),
    };
    let (nonce, key) = (key(&args[1], stream)?, key(&args[2], stream)?);
    if nonce.len() != 16 || key.len() != cipher.key_len() {
        return None;
    }
    let run = if encrypt { openssl::symm::encrypt } else { openssl::symm::decrypt };
    bin(&run(cipher, &key, Some(&nonce), bytes).ok()?)
}

fn aes_cbc_enc<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    aes_cbc(args, &value, stream, true)
}

fn aes_cbc_dec<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    aes_cbc(args, &value, stream, false)
}

/// The parts of a compact token, still encoded: header, payload and signature, or the five of an encrypted one.
fn token_parts<const COUNT: usize>(token: &[u8]) -> Option<[&[u8]; COUNT]> {
    let mut parts = token.split(|byte| *byte == b'.');
    let mut found = [&[][..]; COUNT];
    for part in &mut found {
        *part = parts.next()?;
    }
    parts.next().is_none().then_some(found)
}

fn check_token_query(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    check_query_type(args[1].str())
}

/// The value at a path of one decoded part. Without a path HAProxy finds nothing.
fn token_query(args: ArgsOf<'_>, value: &Value<'_>, part: usize) -> Option<Value<'static>> {
    let Value::Bin(token) = value else { return None };
    let signed = token_parts::<3>(token).map(|parts| parts[part]);
    // Of an encrypted token only the header can be read.
    let encrypted = || token_parts::<5>(token).filter(|_| part == 0).map(|parts| parts[0]);
    let decoded = base64::decode_url(signed.or_else(encrypted)?)?;
    match &args[0] {
        Arg::Str(path) => query(&decoded, path, args[1].str()),
        _ => None,
    }
}

fn jwt_header_query<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    token_query(args, &value, 0)
}

fn jwt_payload_query<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    token_query(args, &value, 1)
}

/// The name of an algorithm, or the variable that holds one.
fn check_algorithm(arg: &mut Arg<Named>) -> Result<Option<token::Family>, String> {
    let name = arg.str();
    if let Some((family, _)) = token::algorithm(name) {
        return Ok(Some(family));
    }
    match Variable::parse(name) {
        Ok(variable) => *arg = Arg::Var(variable),
        Err(_) => return Err(format!("unknown JWT algorithm: {name}")),
    }
    Ok(None)
}

/// Nothing where the variable holds no text.
fn algorithm_name<'a>(arg: &'a Arg<Resolved>, stream: &dyn Stream) -> Option<std::borrow::Cow<'a, str>> {
    match arg {
        Arg::Var(variable) => {
            let text = stream.variable(variable)?.into_text().into_owned();
            String::from_utf8(text).ok().map(Into::into)
        }
        arg => Some(arg.str().into()),
    }
}

/// The algorithm may be in a variable; then the key is read as a secret and as a file alike.
fn check_jwt_verify(args: &mut [Arg<Named>], cx: &ParseContext<'_>) -> Result<(), String> {
    let known = check_algorithm(&mut args[0])?;
    let key = args[1].str();
    if key.is_empty() {
        // HAProxy has no words for this.
        return Err("(null)".into());
    }
    if let Ok(variable) = Variable::parse(key) {
        args[1] = Arg::Var(variable);
    } else if known.is_none_or(|family| !matches!(family, token::Family::Hmac | token::Family::None)) {
        let file = cx.files.read(key).and_then(|pem| PublicKey::from_pem(&pem));
        if let Some(file) = file {
            args[1] = Arg::Key(file);
        }
    }
    Ok(())
}

fn jwt_verify<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Bin(text) = value else { return None };
    let name = algorithm_name(&args[0], stream)?;
    let Some((family, digest)) = token::algorithm(&name) else {
        return Some(Value::Int(token::UNKNOWN_ALGORITHM));
    };
    let held;
    let secret = match &args[1] {
        Arg::Key(key) => token::Secret::Key(key),
        Arg::Var(variable) => {
            held = stream.variable(variable)?.into_text();
            token::Secret::Bytes(&held)
        }
        arg => token::Secret::Bytes(arg.str().as_bytes()),
    };
    Some(Value::Int(token::verify(&text, family, digest, &secret)))
}

/// A key in the argument itself, or the variable that holds one.
fn token_key_argument(
    arg: &mut Arg<Named>,
    read: fn(&[u8]) -> Option<TokenKey>,
    wrong: &str,
) -> Result<(), String> {
    let word = arg.str();
    *arg = match Variable::parse(word) {
        Ok(variable) => Arg::Var(variable),
        Err(_) => Arg::TokenKey(read(word.as_bytes()).ok_or_else(|| format!("failed to parse {wrong}"))?),
    };
    Ok(())
}

fn check_jwk(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    token_key_argument(&mut args[0], TokenKey::from_jwk, "JWK")
}

fn check_token_secret(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    token_key_argument(&mut args[0], TokenKey::from_secret, "the secret as base64 or as a variable name")
}

/// What the token holds; the empty block if it cannot be opened.
fn decrypted(
    args: ArgsOf<'_>,
    value: &Value<'_>,
    stream: &dyn Stream,
    read: fn(&[u8]) -> Option<TokenKey>,
) -> Option<Value<'static>> {
    let Value::Bin(token) = value else { return None };
    let key = match &args[0] {
        Arg::TokenKey(key) => Some(key.clone()),
        Arg::Var(variable) => stream.variable(variable).and_then(|text| read(&text.into_text())),
        _ => None,
    };
    bin(&key.and_then(|key| jwe::open(token, &key, stream.token_algorithms())).unwrap_or_default())
}

fn jwt_decrypt_jwk<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    decrypted(args, &value, stream, TokenKey::from_jwk)
}

fn jwt_decrypt_secret<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    decrypted(args, &value, stream, TokenKey::from_secret)
}
