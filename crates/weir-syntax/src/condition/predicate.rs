//! The predicates of manual 2.4, one row each.

use super::error::ConditionErrorKind as Kind;
use super::expression::Failure;
use crate::arguments::argument;
use crate::{Capabilities, Environment, SslLibrary, Version};
use nom::Parser;
use nom::bytes::complete::take_while1;
use nom::error::Error;

pub(super) struct Context<'c> {
    pub environment: &'c Environment,
    pub capabilities: &'c Capabilities,
}

struct Predicate {
    name: &'static str,
    arguments: usize,
    /// None: the argument is invalid.
    holds: fn(&[String], &Context<'_>) -> Option<bool>,
}

const PREDICATES: &[Predicate] = &[
    Predicate {
        name: "awslc_api_atleast",
        arguments: 1,
        holds: |a, c| awslc_api(a, c, |own, asked| own >= asked),
    },
    Predicate {
        name: "awslc_api_before",
        arguments: 1,
        holds: |a, c| awslc_api(a, c, |own, asked| own < asked),
    },
    Predicate { name: "defined", arguments: 1, holds: |a, c| Some(c.environment.value(&a[0]).is_some()) },
    Predicate { name: "enabled", arguments: 1, holds: |a, c| Some(c.capabilities.is_enabled(&a[0])) },
    Predicate { name: "feature", arguments: 1, holds: |a, c| Some(c.capabilities.has_feature(&a[0])) },
    Predicate {
        name: "openssl_version_atleast",
        arguments: 1,
        holds: |a, c| openssl(a, c, |own, asked| own >= asked),
    },
    Predicate {
        name: "openssl_version_before",
        arguments: 1,
        holds: |a, c| openssl(a, c, |own, asked| own < asked),
    },
    Predicate {
        name: "ssllib_name_startswith",
        arguments: 1,
        holds: |a, c| Some(ssl(c).is_some_and(|library| library.name.starts_with(&a[0]))),
    },
    Predicate { name: "streq", arguments: 2, holds: |a, _| Some(a[0] == a[1]) },
    Predicate { name: "strneq", arguments: 2, holds: |a, _| Some(a[0] != a[1]) },
    Predicate { name: "strstr", arguments: 2, holds: |a, _| Some(a[0].contains(&a[1])) },
    Predicate {
        name: "version_atleast",
        arguments: 1,
        holds: |a, c| Some(c.capabilities.version >= Version::parse(&a[0])),
    },
    Predicate {
        name: "version_before",
        arguments: 1,
        holds: |a, c| Some(c.capabilities.version < Version::parse(&a[0])),
    },
];

/// Reads one predicate; None if the text begins with no known name.
pub(super) fn predicate<'t>(
    text: &'t str,
    context: &Context<'_>,
) -> Result<Option<(&'t str, bool)>, Failure<'t>> {
    let letters = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let Ok((rest, name)) = take_while1::<_, _, Error<_>>(letters).parse(text) else { return Ok(None) };
    let Some(predicate) = PREDICATES.iter().find(|predicate| predicate.name == name) else { return Ok(None) };
    let (rest, arguments) = arguments(predicate, rest)?;
    match (predicate.holds)(&arguments, context) {
        Some(truth) => Ok(Some((rest, truth))),
        None => {
            let argument = arguments[0].as_str().into();
            Err(Failure { kind: Kind::InvalidArgument { predicate: predicate.name, argument }, at: rest })
        }
    }
}

/// No parentheses at all are one empty argument.
fn arguments<'t>(predicate: &Predicate, text: &'t str) -> Result<(&'t str, Vec<String>), Failure<'t>> {
    let (name, wanted) = (predicate.name, predicate.arguments);
    let Some(mut rest) = text.strip_prefix('(') else {
        return match wanted {
            1 => Ok((text, vec![String::new()])),
            _ => {
                Err(Failure { kind: Kind::MissingArguments { predicate: name, found: 1, wanted }, at: text })
            }
        };
    };
    let mut values = Vec::with_capacity(wanted);
    loop {
        let value;
        (rest, value) = argument(rest).map_err(|error| Failure {
            kind: Kind::TrailingBackslash {
                predicate: name,
                argument: values.len(),
                after: rest[..error.offset].into(),
            },
            at: &rest[error.offset..],
        })?;
        values.push(value);
        match rest.strip_prefix(',') {
            Some(behind) if values.len() < wanted => rest = behind,
            _ => break,
        }
    }
    if values.len() < wanted {
        let kind = Kind::MissingArguments { predicate: name, found: values.len(), wanted };
        return Err(Failure { kind, at: rest });
    }
    match rest.strip_prefix(')') {
        Some(behind) => Ok((behind, values)),
        None => {
            Err(Failure { kind: Kind::UnclosedArguments { predicate: name, before: rest.into() }, at: rest })
        }
    }
}

fn ssl<'c>(context: &Context<'c>) -> Option<&'c SslLibrary> {
    context.capabilities.ssl.as_ref()
}

fn awslc_api(arguments: &[String], context: &Context<'_>, compare: fn(u32, u32) -> bool) -> Option<bool> {
    let asked = arguments[0].parse().ok()?;
    Some(ssl(context).and_then(|library| library.awslc_api).is_some_and(|own| compare(own, asked)))
}

/// False without a TLS library, whatever is asked.
fn openssl(
    arguments: &[String],
    context: &Context<'_>,
    compare: fn(OpenSslVersion, OpenSslVersion) -> bool,
) -> Option<bool> {
    let asked = openssl_version(&arguments[0])?;
    Some(
        ssl(context)
            .and_then(|library| openssl_version(&library.version))
            .is_some_and(|own| compare(own, asked)),
    )
}

/// Major, minor, fix, stage, patch letter or number of the pre-release.
type OpenSslVersion = (u32, u32, u32, u8, u32);

/// `3.0.15`, `1.1.1k`, `3.0.0-alpha1`, `3.0.0-beta2`; all three numbers must stand there.
fn openssl_version(text: &str) -> Option<OpenSslVersion> {
    let mut numbers = text.splitn(3, '.');
    let (major, minor, last) =
        (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?, numbers.next()?);
    let end = last.find(|character: char| !character.is_ascii_digit()).unwrap_or(last.len());
    let (fix, tail) = last.split_at(end);
    let fix = fix.parse().ok()?;
    let (stage, detail) = match tail {
        "" => (3, 0),
        _ if tail.starts_with("-alpha") => (0, tail[6..].parse().ok()?),
        _ if tail.starts_with("-beta") => (1, tail[5..].parse().ok()?),
        _ => (3, letters(tail)?),
    };
    Some((major, minor, fix, stage, detail))
}

/// `a` to `z`, then `za`, as OpenSSL counted its patches.
fn letters(text: &str) -> Option<u32> {
    text.bytes().try_fold(0, |sum, byte| byte.is_ascii_lowercase().then(|| sum + u32::from(byte - b'a' + 1)))
}
