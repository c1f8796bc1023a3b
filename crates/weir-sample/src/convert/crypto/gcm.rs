//! `aes_gcm_enc`, `aes_gcm_dec` (manual 7.3.1): AES in GCM mode, keys and tags in base64.

use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};

use super::{ArgsOf, bin, check_bits, key, key_argument};
use crate::arg::Arg;
use crate::convert::base64;
use crate::expr::ParseContext;
use crate::stage::Named;
use crate::stream::Stream;
use crate::value::Value;
use crate::variable::Variable;

/// As long as a tag can be.
const TAG_BYTES: usize = 16;

pub(super) fn check_enc(args: &mut [Arg<Named>], cx: &ParseContext<'_>) -> Result<(), String> {
    check(args, cx)?;
    // The tag is what comes out, so it needs a variable to go to.
    match &args[3] {
        Arg::Var(_) => Ok(()),
        _ => Err("failed to parse aead_tag : a variable name is expected".into()),
    }
}

pub(super) fn check(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    check_bits(&args[0])?;
    for arg in &mut args[1..] {
        if !matches!(arg, Arg::Absent) {
            key_argument(arg)?;
        }
    }
    Ok(())
}

fn cipher(args: ArgsOf<'_>) -> Option<Cipher> {
    Some(match args[0].int()? {
        128 => Cipher::aes_128_gcm(),
        192 => Cipher::aes_192_gcm(),
        256 => Cipher::aes_256_gcm(),
        _ => return None,
    })
}

struct Parameters {
    cipher: Cipher,
    nonce: Vec<u8>,
    key: Vec<u8>,
    aad: Vec<u8>,
}

impl Parameters {
    fn of(args: ArgsOf<'_>, stream: &dyn Stream) -> Option<Self> {
        let (cipher, nonce, key_bytes) = (cipher(args)?, key(&args[1], stream)?, key(&args[2], stream)?);
        let aad = match args.get(4) {
            None | Some(Arg::Absent) => Vec::new(),
            Some(arg) => key(arg, stream)?,
        };
        // OpenSSL takes other lengths as a fault of the program.
        let fits = key_bytes.len() == cipher.key_len() && !nonce.is_empty() && nonce.len() <= TAG_BYTES;
        fits.then_some(Self { cipher, nonce, key: key_bytes, aad })
    }
}

pub(super) fn encrypt<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Bin(plain) = value else { return None };
    let Arg::Var(to) = &args[3] else { return None };
    let with = Parameters::of(args, stream)?;
    let mut tag = [0; TAG_BYTES];
    let sealed = encrypt_aead(with.cipher, &with.key, Some(&with.nonce), &with.aad, &plain, &mut tag).ok()?;
    store(to, &tag, stream)?;
    bin(&sealed)
}

fn store(to: &Variable, tag: &[u8], stream: &dyn Stream) -> Option<()> {
    let text = base64::encode(tag);
    stream.set_variable(to, Value::Str(text.into())).then_some(())
}

/// Nothing if the tag does not fit.
pub(super) fn decrypt<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Bin(sealed) = value else { return None };
    let with = Parameters::of(args, stream)?;
    let tag = key(&args[3], stream)?;
    if tag.is_empty() || tag.len() > TAG_BYTES {
        return None;
    }
    let plain = decrypt_aead(with.cipher, &with.key, Some(&with.nonce), &with.aad, &sealed, &tag).ok()?;
    bin(&plain)
}
