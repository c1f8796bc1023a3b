//! `crt-store` sections (manual 12.7): which files make a certificate, and what it is called. They are
//! loaded here, under the name by which lines call the certificate.

use std::sync::LazyLock;

use weir_registry::near;
use weir_syntax::{Line, name};
use weir_types::{Diagnostic, Level};

use super::header;
use crate::keyword::{Index, Keyword};
use crate::model::{CrtLoad, CrtStore};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};
use crate::tls::Loading;

pub static SECTION: SectionKind =
    SectionKind { keyword: "crt-store", begin, index, unknown: Unknown::As("crt-store"), end: |_| {} };

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("crt-base", "<dir>", "Where certificates are looked for (12.7).", crt_base).listed(),
    Keyword::new("key-base", "<dir>", "Where private keys are looked for (12.7).", key_base).listed(),
    Keyword::new("load", "[crt <filename>] [param*]", "A certificate (12.7).", load).listed(),
];

/// What stands behind an option of `load`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    /// A file beside the certificate.
    File,
    Key,
    Text,
    Switch,
    KeyType,
    Number,
}

/// The options of 12.7.1; `acme`, `domains` and `ips` need an `acme` section.
const OPTIONS: &[(&str, Value)] = &[
    ("crt", Value::File),
    ("key", Value::Key),
    ("ocsp", Value::File),
    ("issuer", Value::File),
    ("sctl", Value::File),
    ("alias", Value::Text),
    ("acme", Value::Text),
    ("domains", Value::Text),
    ("ips", Value::Text),
    ("ocsp-update", Value::Switch),
    ("jwt", Value::Switch),
    ("generate-dummy", Value::Switch),
    ("keytype", Value::KeyType),
    ("bits", Value::Number),
    ("curves", Value::Text),
];

/// Whether `load` knows the option; `ssl-f-use` and lists of certificates take them too.
pub(crate) fn is_load_option(name: &str) -> bool {
    OPTIONS.iter().any(|(known, _)| *known == name)
}

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

/// The name is optional: certificates of the nameless store are called `@/...`.
fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if let Err(wrong) = name::check(line.word(1)) {
        return line.fail(1, wrong.within("'crt-store'", line.word(1)));
    }
    parser.at_most(line, 2)?;
    let name = parser.intern(line.word(1));
    if let Some(other) = parser.config.crt_stores.iter().find(|other| other.name == name && !name.is_empty())
    {
        let place = parser.place_of(other.span);
        let text = format!(
            "crt-store section '{name}' has the same name as another crt-store section declared at {place}."
        );
        return header::duplicate(line.word_span(1), text);
    }
    parser.config.crt_stores.push(CrtStore { name, span: line.span(), ..CrtStore::default() });
    Ok(())
}

fn section<'p>(parser: &'p mut Parser<'_>) -> &'p mut CrtStore {
    parser.config.crt_stores.last_mut().expect("a section has begun")
}

/// These keywords repeat the place inside their text.
fn fail<T>(parser: &Parser<'_>, line: &Line<'_>, word: usize, text: &str) -> Outcome<T> {
    line.fail(word, format!("parsing [{}] : {text}", parser.place(line)))
}

fn path(parser: &Parser<'_>, line: &Line<'_>) -> Outcome<Box<str>> {
    match line.word(1) {
        "" => fail(parser, line, 0, &format!("'{}' requires a <path> argument.", line.keyword())),
        path => Ok(path.into()),
    }
}

fn crt_base(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let path = path(parser, line)?;
    section(parser).crt_base = Some(path);
    Ok(())
}

fn key_base(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let path = path(parser, line)?;
    section(parser).key_base = Some(path);
    Ok(())
}

fn load(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let mut load = CrtLoad { certificate: "".into(), options: Vec::new(), span: line.span() };
    for at in (1..line.len()).step_by(2) {
        let (option, value) = (line.word(at), line.word(at + 1));
        let Some((known, kind)) = OPTIONS.iter().find(|(known, _)| *known == option) else {
            return unknown(parser, line, at);
        };
        if value.is_empty() {
            let text = format!("'{option}' in section 'crt-store': '{option}' expects an argument.");
            return fail(parser, line, at, &text);
        }
        let fits = match kind {
            Value::Switch => matches!(value, "on" | "off"),
            Value::KeyType => matches!(value, "RSA" | "ECDSA"),
            Value::Number => value.parse::<u32>().is_ok(),
            _ => true,
        };
        if !fits {
            let text = format!("'{option}' in section 'crt-store': invalid value '{value}'.");
            return fail(parser, line, at + 1, &text);
        }
        if *known == "acme" && !parser.takes_experiment() {
            let text = "'acme' in section 'crt-store': experimental, must be allowed via a global \
                        'expose-experimental-directives'";
            return fail(parser, line, at, text);
        }
        match *known {
            "crt" => load.certificate = value.into(),
            known => load.options.push((known, value.into())),
        }
    }
    if load.certificate.is_empty() {
        let text = "'load' in section 'crt-store': mandatory 'crt' parameter not found.";
        return fail(parser, line, 0, text);
    }
    files(parser, line, &load)?;
    let refused = load.options.iter().find(|(name, _)| matches!(*name, "acme" | "generate-dummy"));
    if let Some((name, _)) = refused {
        return line.not_yet(0, &format!("load ... {name}"));
    }
    keep(parser, line, &load)?;
    section(parser).loads.push(load);
    Ok(())
}

/// Loads the certificate under the name that lines call it by: `@store/alias`, or `@store/` and its file's name. Those
/// of the nameless store may be called by their path alone.
fn keep(parser: &mut Parser<'_>, line: &Line<'_>, load: &CrtLoad) -> Outcome {
    let store = section(parser);
    let (name, crt_base, key_base) = (store.name.clone(), store.crt_base.clone(), store.key_base.clone());
    let named =
        |wanted: &str| load.options.iter().find(|(name, _)| *name == wanted).map(|(_, value)| &**value);
    let based = |file: &str, base: &Option<Box<str>>| crate::tls::based(file, base.as_deref());
    let path = based(&load.certificate, &crt_base);
    let file = |wanted: &str| named(wanted).map(|file| based(file, &crt_base));
    let loading = Loading {
        key: named("key").map(|file| based(file, &key_base)),
        ocsp: file("ocsp"),
        issuer: file("issuer"),
        sctl: file("sctl"),
        named: true,
        ..Loading::default()
    };
    let bytes = parser.options.files.read(&path).unwrap_or_default();
    let called = match (named("alias"), &*name) {
        (Some(alias), store) => format!("@{store}/{alias}"),
        (None, "") => path.clone(),
        (None, store) => format!("@{store}/{}", load.certificate),
    };
    let loaded = crate::tls::load(parser, &called, bytes, &loading);
    let certificate = loaded.or_else(|text| fail(parser, line, 0, &text))?;
    if named("jwt") == Some("on") {
        parser.tls.use_for_tokens(&called, &certificate);
    }
    if let Some(said) = named("ocsp-update") {
        parser.tls.stored_updates.insert(certificate.name.clone(), said == "on");
    }
    if name.is_empty() {
        parser.tls.certificates.insert(format!("@/{}", load.certificate), certificate);
    }
    Ok(())
}

fn unknown(parser: &Parser<'_>, line: &Line<'_>, at: usize) -> Outcome {
    let words: Vec<&str> = line.words().take(at + 1).collect();
    let text = format!("'{}' in section 'crt-store': unknown keyword '{}'.", words.join(" "), line.word(at));
    let proposal = near(line.word(at), OPTIONS.iter().map(|(known, _)| *known));
    fail(parser, line, at, &text).map_err(|refused: Box<Diagnostic>| match proposal {
        Some(name) => Box::new(refused.with_hint(format!("did you mean '{name}'?"))),
        None => refused,
    })
}

/// Every file is there; the certificate may be missing where it is made, by `generate-dummy` or by ACME.
fn files(parser: &mut Parser<'_>, line: &Line<'_>, load: &CrtLoad) -> Outcome {
    let made = load
        .options
        .iter()
        .any(|(name, value)| *name == "acme" || (*name == "generate-dummy" && &**value == "on"));
    let store = section(parser);
    let (crt_base, key_base) = (store.crt_base.clone(), store.key_base.clone());
    let mut wanted = Vec::new();
    if !made {
        wanted.push((&*load.certificate, &crt_base));
    }
    for (name, value) in &load.options {
        match OPTIONS.iter().find(|(known, _)| known == name) {
            Some((_, Value::File)) => wanted.push((value, &crt_base)),
            Some((_, Value::Key)) if !made => wanted.push((value, &key_base)),
            _ => {}
        }
    }
    for (file, base) in wanted {
        let path = match base {
            Some(base) if !file.starts_with('/') => format!("{base}/{file}"),
            _ => file.to_owned(),
        };
        if parser.options.files.read(&path).is_none() {
            let text =
                format!("'load' in section 'crt-store': unable to stat SSL certificate from file '{path}'");
            let mut refused = line.alert(0, format!("parsing [{}] : {text}", parser.place(line)));
            refused.level = Level::Alert;
            return Err(Box::new(refused));
        }
    }
    Ok(())
}
