//! TLS in `global` (manual 3.1: `ssl-*`, `ca-base` and their like).

use weir_plan::settings::ExtraFiles;
use weir_syntax::Line;
use weir_tls::providers::Unfit;
use weir_types::Form;

use super::argument::{none, number, refuse, unread, word};
use crate::keyword::{Keyword, Parse};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::tls::VERSION_NAMES;
use crate::value::{clamp_u32, integer};

/// Nothing of OpenSSL 3 that weir uses is asynchronous, and the kernel's TLS is not used.
const NO_ASYNC: &str = "OpenSSL 3 has no engines that would be asynchronous";
const NO_KTLS: &str = "the kernel's TLS is not used";

pub(super) const fn row(
    name: &'static str,
    arguments: &'static str,
    doc: &'static str,
    parse: Parse,
) -> Keyword {
    Keyword::new(name, arguments, doc, parse).listed()
}

pub const KEYWORDS: &[Keyword] = &[
    row("ca-base", "<dir>", "Where relative CA and CRL names begin (3.1).", directory),
    row("crt-base", "<dir>", "Where relative certificate names begin (3.1).", directory),
    row("key-base", "<dir>", "Where relative key names begin (3.1).", directory),
    row("issuers-chain-path", "<dir>", "Issuer chains to complete certificates (3.1).", issuers_chain_path),
    row("ssl-default-bind-ciphers", "<ciphers>", "Cipher list of listeners (3.1).", cipher_suite),
    row(
        "ssl-default-bind-ciphersuites",
        "<ciphersuites>",
        "TLS 1.3 suites of listeners (3.1).",
        cipher_suite,
    ),
    row(
        "ssl-default-bind-client-sigalgs",
        "<sigalgs>",
        "Client signatures, listeners (3.1).",
        client_sigalgs,
    ),
    row("ssl-default-bind-curves", "<curves>", "Curves of listeners (3.1).", curves),
    row("ssl-default-bind-options", "[<option>]...", "Options of listeners (3.1).", options),
    row("ssl-default-bind-sigalgs", "<sigalgs>", "Signatures of listeners (3.1).", curves),
    row("ssl-default-server-ciphers", "<ciphers>", "Cipher list of servers (3.1).", cipher_suite),
    row(
        "ssl-default-server-ciphersuites",
        "<ciphersuites>",
        "TLS 1.3 suites of servers (3.1).",
        cipher_suite,
    ),
    row(
        "ssl-default-server-client-sigalgs",
        "<sigalgs>",
        "Client signatures, servers (3.1).",
        client_sigalgs,
    ),
    row("ssl-default-server-curves", "<curves>", "Curves of servers (3.1).", curves),
    row("ssl-default-server-options", "[<option>]...", "Options of servers (3.1).", options),
    row("ssl-default-server-sigalgs", "<sigalgs>", "Signatures of servers (3.1).", curves),
    row("ssl-dh-param-file", "<file>", "Diffie-Hellman parameters (3.1).", dh_file),
    row("ssl-engine", "<name> [algo <list>]", "An OpenSSL engine (3.1).", |_, line| {
        refuse(line, "is not supported (built without USE_ENGINE or with -DOPENSSL_NO_ENGINE).")
    }),
    row("ssl-load-extra-del-ext", "", "Drops extensions when looking for keys (3.1).", |parser, _| {
        parser.config.global.tls.del_ext = true;
        Ok(())
    }),
    row(
        "ssl-load-extra-files",
        "{ none | all | bundle | sctl | ocsp | issuer | key }*",
        "Side files (3.1).",
        extra_files,
    ),
    row("ssl-mode-async", "", "Asynchronous engines (3.1).", unread).no_effect(NO_ASYNC),
    row(
        "ssl-passphrase-cmd",
        "<command> [<argument>...]",
        "Asks a program for passphrases (3.1).",
        passphrase,
    )
    .no_effect("a key with a passphrase is refused"),
    row("ssl-propquery", "<query>", "OpenSSL's property query (3.1).", property_query),
    row("ssl-provider", "<name>", "An OpenSSL provider (3.1).", provider),
    row("ssl-provider-path", "<dir>", "Where providers are searched (3.1).", |_, line| {
        global_needs(line, "a directory path as an argument.")?;
        weir_tls::providers::look_in(line.word(1));
        Ok(())
    }),
    row("ssl-security-level", "<number>", "OpenSSL's security level (3.1).", security_level),
    Keyword::new(
        "ssl-server-verify",
        "[none|required]",
        "Whether servers are verified (3.1).",
        server_verify,
    ),
    row("ssl-skip-self-issued-ca", "", "Leaves self-issued CAs out of chains (3.1).", |parser, _| {
        parser.config.global.tls.bind.skip_self_issued = true;
        Ok(())
    }),
    row("maxsslconn", "<number>", "TLS connections (3.2).", |parser, line| {
        match number(parser, line, "expects an integer argument.")? {
            ..0 => refuse(line, "expects a positive numeric value."),
            limit => {
                parser.config.global.tls.maxsslconn = clamp_u32(limit);
                Ok(())
            }
        }
    }),
    Keyword::new("maxsslrate", "<number>", "TLS handshakes per second (3.2).", maxsslrate),
    row("noktls", "", "No kernel TLS (3.1).", none).no_effect(NO_KTLS),
];

/// `global statement 'K' expects ...` where the argument is missing.
fn global_needs(line: &Line<'_>, what: &str) -> Outcome {
    if line.word(1).is_empty() {
        return line.fail(0, format!("global statement '{}' expects {what}", line.keyword()));
    }
    Ok(())
}

fn provider(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    global_needs(line, "a valid engine provider name as an argument.")?;
    let name = line.word(1);
    if weir_tls::providers::load(name) {
        return Ok(());
    }
    let alert = line.alert(1, format!("ssl-provider {name}: unknown provider"));
    Err(Box::new(alert.with_form(Form::Config)))
}

/// In force at once, as certificates that follow are read with it.
fn property_query(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    needs(parser, line, "a property string as an argument.")?;
    let query = line.word(1);
    match weir_tls::providers::prefer(query) {
        Ok(()) => Ok(()),
        Err(Unfit::Malformed) => refuse(line, &format!("'{query}' is no property query")),
        Err(Unfit::NoTls) => refuse(line, &format!("'{query}' leaves no algorithms for TLS")),
    }
}

fn needs(parser: &Parser<'_>, line: &Line<'_>, what: &str) -> Outcome {
    parser.at_most(line, 2)?;
    global_needs(line, what)
}

fn directory(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    needs(parser, line, "a directory path as an argument.")?;
    let tls = &mut parser.config.global.tls;
    let base = match line.keyword() {
        "ca-base" => &mut tls.ca_base,
        "crt-base" => &mut tls.crt_base,
        "key-base" => &mut tls.key_base,
        _ => return Ok(()),
    };
    *base = Some(line.word(1).into());
    Ok(())
}

fn issuers_chain_path(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    needs(parser, line, "a directory path as an argument.")?;
    let path = line.word(1);
    match parser.options.files.list(path) {
        Some(names) => crate::tls::issuer_chains(parser, path, &names),
        None if parser.options.files.read(path).is_some() => {
            let text = format!("global statement '{}': {path} is not a directory.", line.keyword());
            return line.fail(1, text);
        }
        None => return global_needs_directory(line),
    }
    Ok(())
}

fn global_needs_directory(line: &Line<'_>) -> Outcome {
    line.fail(1, format!("global statement '{}' expects a directory path as an argument.", line.keyword()))
}

fn cipher_suite(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    needs(parser, line, "a cipher suite as an argument.")?;
    default(parser, line)
}

fn client_sigalgs(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    needs(parser, line, "signature algorithms as an arguments.")?;
    default(parser, line)
}

fn curves(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    needs(parser, line, "a curves suite as an arguments.")?;
    default(parser, line)
}

/// `ssl-default-bind-X` and `ssl-default-server-X`: the option X of all lines.
fn default(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let (listeners, option) = match line.keyword().strip_prefix("ssl-default-bind-") {
        Some(option) => (true, option),
        None => (false, line.keyword().trim_start_matches("ssl-default-server-")),
    };
    set_default(parser, line, listeners, option, line.word(1))
}

fn set_default(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    listeners: bool,
    option: &str,
    value: &str,
) -> Outcome {
    let tls = &mut parser.config.global.tls;
    let mut settings = if listeners { tls.bind.clone() } else { tls.server.clone() };
    crate::tls::set(parser, &mut settings, option, value).or_else(|text| line.fail(1, text))?;
    let tls = &mut parser.config.global.tls;
    *(if listeners { &mut tls.bind } else { &mut tls.server }) = settings;
    Ok(())
}

/// Options of `ssl-default-*-options`: name, takes a TLS version, only for listeners.
const OPTIONS: &[(&str, bool, bool)] = &[
    ("no-sslv3", false, false),
    ("no-tlsv10", false, false),
    ("no-tlsv11", false, false),
    ("no-tlsv12", false, false),
    ("no-tlsv13", false, false),
    ("force-sslv3", false, false),
    ("force-tlsv10", false, false),
    ("force-tlsv11", false, false),
    ("force-tlsv12", false, false),
    ("force-tlsv13", false, false),
    ("ssl-min-ver", true, false),
    ("ssl-max-ver", true, false),
    ("no-tls-tickets", false, false),
    ("tls-tickets", false, false),
    ("prefer-client-ciphers", false, true),
    ("strict-sni", false, true),
    ("no-strict-sni", false, true),
];

fn options(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let keyword = line.keyword();
    global_needs(line, "an option as an argument.")?;
    let mut at = 1;
    while let Some(name) = line.get(at) {
        let listener = keyword == "ssl-default-bind-options";
        match OPTIONS.iter().find(|(option, _, only)| *option == name && (listener || !only)) {
            Some((name, true, _)) => {
                version(line, at)?;
                set_default(parser, line, listener, name, line.word(at + 1))?;
                at += 2;
            }
            Some((name, ..)) => {
                match *name {
                    "strict-sni" => parser.config.global.tls.strict_sni = true,
                    "no-strict-sni" => parser.config.global.tls.strict_sni = false,
                    name => set_default(parser, line, listener, name, "")?,
                }
                at += 1;
            }
            None => {
                return line.fail(at, format!("unknown option '{name}' on global statement '{keyword}'."));
            }
        }
    }
    Ok(())
}

fn version(line: &Line<'_>, at: usize) -> Outcome {
    let (name, value) = (line.word(at), line.word(at + 1));
    let statement = format!("global statement '{}'.", line.keyword());
    if value.is_empty() {
        return line.fail(at, format!("'{name}' : missing the ssl/tls version on {statement}"));
    }
    if VERSION_NAMES.contains(&value) {
        return Ok(());
    }
    line.fail(at + 1, format!("'{value}' : unknown ssl/tls version on {statement}"))
}

fn dh_file(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = word(parser, line, "expects a file path as an argument.")?;
    let parameters = parser.options.files.read(name).unwrap_or_default();
    if weir_tls::pem::is_dh(&parameters) {
        parser.config.global.tls.bind.dh_param = Some(parameters.into());
        return Ok(());
    }
    line.fail(1, format!("'{}': unable to load DH parameters from file <{name}>.", line.keyword()))
}

fn extra_files(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let mut files = ExtraFiles::NONE;
    let mut known = line.len() > 1;
    for kind in line.from(1) {
        match kind {
            "none" => files = ExtraFiles::NONE,
            "all" => files = ExtraFiles::ALL,
            "bundle" => files.bundle = true,
            "sctl" => files.sctl = true,
            "ocsp" => files.ocsp = true,
            "issuer" => files.issuer = true,
            "key" => files.key = true,
            _ => known = false,
        }
    }
    if !known {
        return refuse(line, "expects one or multiple arguments (none, all, bundle, sctl, ocsp, issuer).");
    }
    parser.config.global.tls.extra_files = files;
    Ok(())
}

/// HAProxy words this as an alert and goes on.
fn passphrase(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let what = "a command line to a passphrase-providing tool (script/binary...) and its arguments.";
    if let Err(alert) = global_needs(line, what) {
        parser.push(line.warning(0, alert.text));
    }
    Ok(())
}

fn security_level(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let text = line.word(1);
    if text.is_empty() {
        return refuse(line, ": missing value");
    }
    match integer(text) {
        Err(_) => refuse(line, &format!(": expects an integer argument, found '{text}'")),
        Ok(level @ 0..=5) => {
            let tls = &mut parser.config.global.tls;
            tls.bind.security_level = Some(level as u32);
            tls.server.security_level = Some(level as u32);
            Ok(())
        }
        Ok(_) => refuse(line, ": expects a value between 0 and 5"),
    }
}

fn server_verify(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    match word(parser, line, "expects an integer argument.")? {
        "none" => {
            parser.config.global.tls.verify_none = true;
            Ok(())
        }
        "required" => {
            parser.config.global.tls.verify_none = false;
            Ok(())
        }
        _ => refuse(line, "expects 'none' or 'required' as argument."),
    }
}

fn maxsslrate(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let limit = number(parser, line, "expects an integer argument.")?;
    parser.config.global.tls.maxsslrate = clamp_u32(limit);
    Ok(())
}
