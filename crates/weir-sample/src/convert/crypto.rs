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

mod gcm;
mod token;
mod verify_error;

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
        .runs(digest)
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
    ),
    Converter::new("jwt_decrypt_jwk", sig(1, &[Text]), Bin, Bin, "decrypts a token with a JWK (7.3.1)"),
    Converter::new("jwt_decrypt_secret", sig(1, &[Text]), Bin, Bin, "decrypts a token with a secret (7.3.1)"),
    Converter::new("jwt_header_query", sig(0, &[Text, Text]), Bin, Any, "value in a token's header (7.3.1)")
        .runs(jwt_header_query)
        .checked(check_token_query),
    Converter::new(
        "jwt_payload_query",
        sig(0, &[Text, Text]),
        Bin,
        Any,
        "value in a token's payload (7.3.1)",
    )
    .runs(jwt_payload_query)
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
    ),
    Converter::new("sha1", NONE, Bin, Bin, "SHA-1 digest (7.3.1)").runs(sha1),
    Converter::new("sha2", sig(0, &[Int]), Bin, Bin, "SHA-2 digest (7.3.1)").runs(sha2).checked(check_sha2),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

fn bin(bytes: &[u8]) -> Option<Value<'static>> {
    Some(Value::Bin(bytes.to_vec().into()))
}

fn digest_of(algorithm: MessageDigest, bytes: &[u8]) -> Option<Value<'static>> {
    bin(&openssl::hash::hash(algorithm, bytes).ok()?)
}

fn sha1<'a>(_: ArgsOf<'a>, value: Value<'a>, _: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Bin(bytes) = value else { return None };
    digest_of(MessageDigest::sha1(), &bytes)
}

fn check_sha2(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    match args[0].int() {
        None | Some(224 | 256 | 384 | 512) => Ok(()),
        Some(other) => Err(format!("Unsupported number of bits: '{other}'")),
    }
}

fn sha2<'a>(args: ArgsOf<'a>, value: Value<'a>, _: &'a dyn Stream) -> Option<Value<'a>> {
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

fn digest<'a>(args: ArgsOf<'a>, value: Value<'a>, _: &'a dyn Stream) -> Option<Value<'a>> {
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

/// Header, payload and signature of a compact token, still encoded.
fn token_parts(token: &[u8]) -> Option<[&[u8]; 3]> {
    let mut parts = token.split(|byte| *byte == b'.');
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

fn check_token_query(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    check_query_type(args[1].str())
}

/// The value at a path of one decoded part. Without a path HAProxy finds nothing.
fn token_query(args: ArgsOf<'_>, value: &Value<'_>, part: usize) -> Option<Value<'static>> {
    let Value::Bin(token) = value else { return None };
    let decoded = base64::decode_url(token_parts(token)?[part])?;
    match &args[0] {
        Arg::Str(path) => query(&decoded, path, args[1].str()),
        _ => None,
    }
}

fn jwt_header_query<'a>(args: ArgsOf<'a>, value: Value<'a>, _: &'a dyn Stream) -> Option<Value<'a>> {
    token_query(args, &value, 0)
}

fn jwt_payload_query<'a>(args: ArgsOf<'a>, value: Value<'a>, _: &'a dyn Stream) -> Option<Value<'a>> {
    token_query(args, &value, 1)
}

/// The algorithm may be in a variable; then the key is read as a secret and as a file alike.
fn check_jwt_verify(args: &mut [Arg<Named>], cx: &ParseContext<'_>) -> Result<(), String> {
    let name = args[0].str();
    let known = token::algorithm(name);
    if known.is_none() {
        match Variable::parse(name) {
            Ok(variable) => args[0] = Arg::Var(variable),
            Err(_) => return Err(format!("unknown JWT algorithm: {name}")),
        }
    }
    let key = args[1].str();
    if key.is_empty() {
        // HAProxy has no words for this.
        return Err("(null)".into());
    }
    if let Ok(variable) = Variable::parse(key) {
        args[1] = Arg::Var(variable);
    } else if known.is_none_or(|(family, _)| !matches!(family, token::Family::Hmac | token::Family::None)) {
        let file = cx.files.read(key).and_then(|pem| PublicKey::from_pem(&pem));
        if let Some(file) = file {
            args[1] = Arg::Key(file);
        }
    }
    Ok(())
}

fn jwt_verify<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Bin(text) = value else { return None };
    let name = match &args[0] {
        Arg::Var(variable) => String::from_utf8(stream.variable(variable)?.into_text().into_owned()).ok()?,
        arg => arg.str().to_owned(),
    };
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
