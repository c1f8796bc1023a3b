//! `jwt_verify_cert`, `jwt_decrypt_cert` (manual 7.3.1): keys of certificates that `crt-store` sections or the
//! converters themselves name.

use openssl::pkey::{PKey, Private, Public};

use super::{ArgsOf, PublicKey, TokenKey, algorithm_name, bin, check_algorithm, jwe, token};
use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::Value;
use crate::variable::Variable;

/// What a certificate may do for tokens; cloning shares the keys.
#[derive(Clone, Debug)]
pub struct TokenCertificate {
    public: PublicKey,
    private: Option<TokenKey>,
}

impl TokenCertificate {
    pub fn new(public: PKey<Public>, private: Option<PKey<Private>>) -> Self {
        Self { public: PublicKey::new(public), private: private.map(TokenKey::Private) }
    }
}

/// Why a name stands for no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCertificate {
    Unknown,
    /// It is there, without `jwt on`.
    Unusable,
}

/// A variable that holds a certificate's name, or the name, which whoever reads the configuration is told of.
fn name_argument(arg: &mut Arg<Named>, cx: &ParseContext<'_>) -> Result<(), String> {
    let name = arg.str();
    if name.is_empty() {
        return Err("expects a certificate's path or a variable name".into());
    }
    match Variable::parse(name) {
        Ok(variable) => *arg = Arg::Var(variable),
        Err(_) => cx.certificates.borrow_mut().push(name.into()),
    }
    Ok(())
}

pub(super) fn check_verify(args: &mut [Arg<Named>], cx: &ParseContext<'_>) -> Result<(), String> {
    check_algorithm(&mut args[0])?;
    name_argument(&mut args[1], cx)
}

pub(super) fn check_decrypt(args: &mut [Arg<Named>], cx: &ParseContext<'_>) -> Result<(), String> {
    name_argument(&mut args[0], cx)
}

fn certificate(arg: &Arg<Resolved>, stream: &dyn Stream) -> Result<TokenCertificate, NoCertificate> {
    let Arg::Var(variable) = arg else { return stream.token_certificate(arg.str()) };
    let name = stream.variable(variable).ok_or(NoCertificate::Unknown)?.into_text();
    stream.token_certificate(std::str::from_utf8(&name).map_err(|_| NoCertificate::Unknown)?)
}

pub(super) fn verify<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Bin(text) = value else { return None };
    let name = algorithm_name(&args[0], stream)?;
    let Some((family, digest)) = token::algorithm(&name) else {
        return Some(Value::Int(token::UNKNOWN_ALGORITHM));
    };
    Some(Value::Int(match certificate(&args[1], stream) {
        Ok(found) => token::verify(&text, family, digest, &token::Secret::Key(&found.public)),
        Err(NoCertificate::Unknown) => token::UNKNOWN_KEY,
        Err(NoCertificate::Unusable) => token::UNUSABLE_CERTIFICATE,
    }))
}

/// The empty block if the token cannot be opened.
pub(super) fn decrypt<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Bin(text) = value else { return None };
    let key = certificate(&args[0], stream).ok().and_then(|found| found.private);
    let opened = key.and_then(|key| jwe::open(&text, &key, stream.token_algorithms()));
    bin(&opened.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use openssl::hash::MessageDigest;
    use openssl::rsa::Rsa;
    use openssl::sign::Signer;

    use super::*;
    use crate::convert::base64;
    use crate::value::OwnedValue;

    struct Keys(PKey<Private>);

    impl Stream for Keys {
        fn token_certificate(&self, name: &str) -> Result<TokenCertificate, NoCertificate> {
            let public = PKey::public_key_from_pem(&self.0.public_key_to_pem().expect("PEM")).expect("a key");
            match name {
                "whole" => Ok(TokenCertificate::new(public, Some(self.0.clone()))),
                "public" => Ok(TokenCertificate::new(public, None)),
                "off" => Err(NoCertificate::Unusable),
                _ => Err(NoCertificate::Unknown),
            }
        }

        fn variable(&self, _: &Variable) -> Option<OwnedValue> {
            Some(Value::Str(b"public".to_vec().into()))
        }
    }

    // The results are the manual's, 7.3.1 `jwt_verify_cert`.
    #[test]
    fn signatures_are_verified_with_what_the_name_stands_for() {
        let keys = Keys(PKey::from_rsa(Rsa::generate(2048).expect("a key")).expect("a key"));
        let signed = b"e30.e30";
        let mut signer = Signer::new(MessageDigest::sha256(), &keys.0).expect("a signer");
        let signature = signer.sign_oneshot_to_vec(signed).expect("a signature");
        let token = [signed, &b"."[..], &base64::encode_url(&signature)].concat();
        let ask = |algorithm: &str, name: Arg<Resolved>| {
            let args = [Arg::Str(algorithm.into()), name];
            match verify(&args, Value::bytes(&token), &keys) {
                Some(Value::Int(answer)) => answer,
                other => panic!("{other:?}"),
            }
        };
        let named = |name: &str| Arg::Str(name.into());
        assert_eq!(ask("RS256", named("whole")), 1);
        assert_eq!(ask("RS256", named("public")), 1);
        assert_eq!(ask("RS256", Arg::Var(Variable::parse("txn.x").expect("a name"))), 1);
        assert_eq!(ask("RS384", named("public")), 0);
        assert_eq!(ask("RS256", named("other")), -5);
        assert_eq!(ask("RS256", named("off")), -7);
        assert_eq!(ask("nonsense", named("whole")), -1);
        let args = [named("public")];
        assert_eq!(decrypt(&args, Value::bytes(b"a.b.c.d.e"), &keys), Some(Value::bytes(b"")));
    }
}
