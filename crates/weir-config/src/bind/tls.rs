//! `ssl` on a `bind` line and the options beside it. Arguments are checked; the handshake is not there yet, so a line
//! with `ssl` is refused once it is right.

use weir_syntax::Line;
use weir_types::{Diagnostic, Form, Level};

use super::option::{BindOption, Parse};
use super::words::Place;
use crate::model::{BindOptions, TlsBind};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

const fn flag(name: &'static str) -> BindOption {
    BindOption::switch(name, "TLS: kept for the handshake (5.1).", keep).tls()
}

const fn text(name: &'static str, parse: Parse) -> BindOption {
    BindOption::valued(name, "TLS: kept for the handshake (5.1).", parse).tls()
}

pub const OPTIONS: &[BindOption] = &[
    BindOption::switch("ssl", "TLS on this listener (5.1).", |_, _, options| {
        tls(options).enabled = true;
        Ok(())
    })
    .unlisted(),
    flag("allow-0rtt"),
    text("alpn", |_, place, options| keep_value(place, options, "the comma-delimited ALPN protocol suite")),
    text("ca-file", ca_file),
    text("ca-ignore-err", ignore_errors),
    text("ca-sign-file", |_, place, options| keep_value(place, options, "CAfile path")),
    text("ca-sign-pass", |_, place, options| keep_value(place, options, "CAkey password")),
    text("ca-verify-file", ca_file),
    text("ciphers", |_, place, options| keep_value(place, options, "cipher suite")),
    text("ciphersuites", |_, place, options| keep_value(place, options, "cipher suite")),
    text("client-sigalgs", |_, place, options| keep_value(place, options, "signature algorithm list")),
    text("crl-file", crl_file),
    text("crt", certificate),
    text("crt-ignore-err", ignore_errors),
    text("crt-list", certificate_list),
    text("curves", |_, place, options| keep_value(place, options, "curve suite")),
    text("default-crt", certificate),
    text("ecdhe", |_, place, options| keep_value(place, options, "named curve")),
    flag("force-sslv3"),
    flag("force-tlsv10"),
    flag("force-tlsv11"),
    flag("force-tlsv12"),
    flag("force-tlsv13"),
    flag("generate-certificates"),
    text("ktls", |parser, place, options| {
        match place.value() {
            "on" | "off" => {}
            _ if place.value().is_empty() => {
                return place.fail("'ktls' expects \"on\" or \"off\" as an argument.");
            }
            _ if !parser.experimental => {
                let text = "'ktls' directive is experimental, must be allowed via a global \
                            'expose-experimental-directives'";
                return place.fail(text);
            }
            _ => return place.fail("'ktls' expects \"on\" or \"off\" as an argument."),
        }
        keep(parser, place, options)
    }),
    flag("no-alpn"),
    flag("no-ca-names"),
    flag("no-sslv3"),
    flag("no-strict-sni"),
    flag("no-tls-tickets"),
    flag("no-tlsv10"),
    flag("no-tlsv11"),
    flag("no-tlsv12"),
    flag("no-tlsv13"),
    text("npn", |_, place, options| keep_value(place, options, "the comma-delimited NPN protocol suite")),
    flag("prefer-client-ciphers"),
    text("sigalgs", |_, place, options| keep_value(place, options, "signature algorithm list")),
    text("ssl-max-ver", version),
    text("ssl-min-ver", version),
    flag("strict-sni"),
    text("tls-ticket-keys", |_, place, options| keep_value(place, options, "TLS ticket keys file path")),
    flag("tls-tickets"),
    text("verify", verify),
];

/// Options that a line of a `crt-list` or `ssl-f-use` may set.
pub const CRT_LIST_OPTIONS: &[&str] = &[
    "allow-0rtt",
    "alpn",
    "ca-file",
    "ca-verify-file",
    "ciphers",
    "ciphersuites",
    "client-sigalgs",
    "crl-file",
    "curves",
    "ecdhe",
    "ktls",
    "no-alpn",
    "no-ca-names",
    "npn",
    "sigalgs",
    "ssl-max-ver",
    "ssl-min-ver",
    "verify",
];

pub(crate) fn is_crt_list_option(name: &str) -> bool {
    CRT_LIST_OPTIONS.contains(&name)
}

fn tls(options: &mut BindOptions) -> &mut TlsBind {
    options.tls.get_or_insert_default()
}

fn keep(_: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    push(place, options);
    Ok(())
}

fn push(place: &Place<'_, '_>, options: &mut BindOptions) {
    if let Some(row) = OPTIONS.iter().find(|row| row.name == place.name()) {
        let value = row.value.then(|| place.value().into());
        tls(options).options.push((row.name, value));
    }
}

fn keep_value(place: &Place<'_, '_>, options: &mut BindOptions, what: &str) -> Outcome {
    place.required(what)?;
    push(place, options);
    Ok(())
}

fn ca_file(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    authorities(parser, place, options, "CAfile path")
}

fn crl_file(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    authorities(parser, place, options, "CRLfile path")
}

fn authorities(parser: &Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions, what: &str) -> Outcome {
    let path = place.required(what)?;
    if !path.starts_with('@') && parser.options.files.read(path).is_none() {
        let text = format!("Couldn't open the ca-file '{path}' (no certificate or crl found).");
        let at = place.line.word_span(place.at + 1);
        return Err(Box::new(Diagnostic::new(Level::Alert, Form::Config, Some(at), text)));
    }
    push(place, options);
    Ok(())
}

fn certificate(_: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let path = place.required("certificate location")?;
    tls(options).certificates.push(path.into());
    Ok(())
}

fn certificate_list(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let path = place.required("crt-list file path")?;
    if parser.options.files.read(path).is_none() {
        return place.wrong(&format!("cannot open file '{path}' : No such file or directory"));
    }
    tls(options).crt_lists.push(path.into());
    Ok(())
}

/// Numbers or OpenSSL's constants, or `all`.
fn ignore_errors(_: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let list = place.required("error IDs list")?;
    let unknown = list
        .split(',')
        .find(|name| *name != "all" && name.parse::<u32>().is_err() && !name.starts_with("X509_V_ERR_"));
    if let Some(name) = unknown {
        return place.wrong(&format!("error constant '{name}' unknown in error IDs list '{list}'"));
    }
    push(place, options);
    Ok(())
}

fn version(_: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let name = place.required("the ssl/tls version")?;
    if !["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"].contains(&name) {
        return place.fail(&format!("'{name}' : unknown ssl/tls version"));
    }
    push(place, options);
    Ok(())
}

fn verify(_: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let name = place.required("verify method")?;
    if !["none", "optional", "required"].contains(&name) {
        let text =
            format!("unknown verify method '{name}', only 'none', 'optional', and 'required' are supported");
        return place.wrong(&text);
    }
    push(place, options);
    Ok(())
}

/// What the whole line comes to: a listener with TLS needs a certificate, and weir cannot serve it yet.
pub(super) fn settle(parser: &mut Parser<'_>, line: &Line<'_>, options: &BindOptions) -> Outcome {
    let Some(tls) = &options.tls else { return Ok(()) };
    for path in &tls.certificates {
        if parser.options.files.read(path).is_none() && !tls.enabled {
            let text =
                format!("unable to stat SSL certificate from file '{path}' : No such file or directory.");
            return line
                .fail(1, format!("'bind {}' in section '{}' : {text}", line.word(1), section(parser)));
        }
    }
    if !tls.enabled {
        return Ok(());
    }
    if tls.certificates.is_empty() && tls.crt_lists.is_empty() {
        let (proxy, place) = (parser.proxy().name.clone(), parser.place(line));
        let text = format!("Proxy '{proxy}': no SSL certificate specified for bind '{}'", line.word(1));
        let missing = super::proxy_fault(line, format!("{text} at [{place}] (use 'crt')."));
        // A later `ssl-f-use` may bring one.
        parser.certificates.awaited.push((*missing, unserved(line)));
        return Ok(());
    }
    Err(Box::new(unserved(line)))
}

/// TLS is known and not there yet.
fn unserved(line: &Line<'_>) -> Diagnostic {
    let ssl = (2..line.len()).find(|word| line.word(*word) == "ssl").unwrap_or(0);
    line.alert(ssl, "'bind ... ssl' is not supported by weir yet").as_unsupported()
}

/// What binds of one section wait for.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    /// Per bind without a certificate: what is said if none comes, and if one comes.
    awaited: Vec<(Diagnostic, Diagnostic)>,
    /// The section has an `ssl-f-use` line.
    pub(crate) apart: bool,
}

impl Certificates {
    /// At the end of the section.
    pub(crate) fn settle(self) -> impl Iterator<Item = Diagnostic> {
        let Self { awaited, apart } = self;
        awaited.into_iter().map(move |(missing, unserved)| if apart { unserved } else { missing })
    }
}

fn section(parser: &mut Parser<'_>) -> &'static str {
    if parser.kind() == weir_types::ProxyKind::Listen { "listen" } else { "frontend" }
}
