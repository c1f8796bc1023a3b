//! `ssl` on a `bind` line and the options beside it: settings of the handshake, and certificates.

use std::sync::Arc;

use weir_syntax::Line;
use weir_types::{Diagnostic, Form, Level};

use weir_tls::names::Filters;
use weir_tls::{List, Origin};

use super::option::{BindOption, Parse};
use super::words::Place;
use crate::model::{BindOptions, TlsBind, TlsEntry};
use crate::outcome::Outcome;
use crate::parser::Parser;
use crate::tls::{Loading, certificates, crt_list};

const fn flag(name: &'static str) -> BindOption {
    BindOption::switch(name, "TLS: part of the handshake (5.1).", keep).tls()
}

const fn text(name: &'static str, parse: Parse) -> BindOption {
    BindOption::valued(name, "TLS: part of the handshake (5.1).", parse).tls()
}

/// Reasons why an option changes nothing.
pub(crate) const NO_KTLS: &str = "the kernel's TLS is not used";
pub(crate) const NO_NPN: &str = "ALPN took the place of NPN, which no client speaks any more";

pub const OPTIONS: &[BindOption] = &[
    BindOption::switch("ssl", "TLS on this listener (5.1).", |_, _, options| {
        tls(options).enabled = true;
        Ok(())
    })
    .unlisted(),
    flag("allow-0rtt"),
    text("alpn", |parser, place, options| {
        keep_value(parser, place, options, "the comma-delimited ALPN protocol suite")
    }),
    text("ca-file", ca_file),
    text("ca-ignore-err", ignore_errors),
    text("ca-sign-file", |parser, place, options| {
        let file =
            crate::tls::based(place.required("CAfile path")?, parser.config.global.tls.ca_base.as_deref());
        tls(options).ca_sign_file = Some(file.into());
        Ok(())
    }),
    text("ca-sign-pass", |_, place, options| {
        tls(options).ca_sign_pass = Some(place.required("CAkey password")?.into());
        Ok(())
    }),
    text("ca-verify-file", ca_file),
    text("ciphers", |parser, place, options| keep_value(parser, place, options, "cipher suite")),
    text("ciphersuites", |parser, place, options| keep_value(parser, place, options, "cipher suite")),
    text("client-sigalgs", |parser, place, options| {
        keep_value(parser, place, options, "signature algorithm list")
    }),
    text("crl-file", crl_file),
    text("crt", certificate),
    text("crt-ignore-err", ignore_errors),
    text("crt-list", certificate_list),
    text("curves", |parser, place, options| keep_value(parser, place, options, "curve suite")),
    text("default-crt", certificate),
    text("ecdhe", |parser, place, options| keep_value(parser, place, options, "named curve")),
    flag("force-sslv3"),
    flag("force-tlsv10"),
    flag("force-tlsv11"),
    flag("force-tlsv12"),
    flag("force-tlsv13"),
    BindOption::switch(
        "generate-certificates",
        "TLS: certificates made for any name (5.1).",
        |_, _, options| {
            tls(options).generate = true;
            Ok(())
        },
    )
    .tls(),
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
    })
    .no_effect(NO_KTLS),
    flag("no-alpn"),
    flag("no-ca-names"),
    flag("no-sslv3"),
    flag("no-strict-sni"),
    flag("no-tls-tickets"),
    flag("no-tlsv10"),
    flag("no-tlsv11"),
    flag("no-tlsv12"),
    flag("no-tlsv13"),
    text("npn", |parser, place, options| {
        keep_value(parser, place, options, "the comma-delimited NPN protocol suite")
    })
    .no_effect(NO_NPN),
    flag("prefer-client-ciphers"),
    text("sigalgs", |parser, place, options| keep_value(parser, place, options, "signature algorithm list")),
    text("ssl-max-ver", version),
    text("ssl-min-ver", version),
    flag("strict-sni"),
    text("tls-ticket-keys", ticket_keys),
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

/// Takes an option whose words are right.
fn keep(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let tls = tls(options);
    match place.name() {
        "strict-sni" => tls.strict_sni = Some(true),
        "no-strict-sni" => tls.strict_sni = Some(false),
        name => {
            if let Err(text) = crate::tls::set(parser, &mut tls.settings, name, place.value()) {
                let at = place.line.word_span(place.at + 1);
                return Err(Box::new(Diagnostic::new(Level::Alert, Form::Config, Some(at), text)));
            }
        }
    }
    Ok(())
}

fn keep_value(
    parser: &mut Parser<'_>,
    place: &Place<'_, '_>,
    options: &mut BindOptions,
    what: &str,
) -> Outcome {
    place.required(what)?;
    keep(parser, place, options)
}

fn ca_file(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    authorities(parser, place, options, "CAfile path")
}

fn crl_file(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    authorities(parser, place, options, "CRLfile path")
}

fn authorities(
    parser: &mut Parser<'_>,
    place: &Place<'_, '_>,
    options: &mut BindOptions,
    what: &str,
) -> Outcome {
    place.required(what)?;
    keep(parser, place, options)
}

fn certificate(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let path = place.required("certificate location")?;
    let found = certificates(parser, path, &Loading::default()).or_else(|text| place.fail(&text))?;
    crate::tls::serve(parser, &found, None).or_else(|text| place.fail(&text))?;
    let filters = Filters { default_too: place.name() == "default-crt", ..Filters::default() };
    let directory = crate::tls::directory_name(parser, path);
    let origin = directory.map(|list| Origin { list: list.clone(), number: 0, options: None, filters: None });
    let tls = tls(options);
    if let Some(origin) = &origin {
        add_list(tls, &origin.list, true);
    }
    let entry = |certificate| TlsEntry {
        certificate,
        filters: filters.clone(),
        settings: None,
        origin: origin.clone(),
    };
    tls.entries.extend(found.into_iter().map(entry));
    Ok(())
}

fn add_list(tls: &mut TlsBind, name: &Arc<str>, directory: bool) {
    let list = List { name: name.clone(), directory };
    if !tls.lists.contains(&list) {
        tls.lists.push(list);
    }
}

fn ticket_keys(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let file = place.required("TLS ticket keys file path")?;
    let keys =
        crate::tls::ticket_keys(parser, file).or_else(|text| place.wrong(&format!("'{file}' : {text}")))?;
    tls(options).ticket_keys = Some(keys);
    Ok(())
}

fn certificate_list(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let path = place.required("crt-list file path")?;
    let entries = crt_list(parser, path).or_else(|text| place.wrong(&text))?;
    let tls = tls(options);
    add_list(tls, &path.into(), false);
    tls.entries.extend(entries);
    Ok(())
}

/// Numbers or OpenSSL's constants, or `all`.
fn ignore_errors(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let list = place.required("error IDs list")?;
    let unknown = list.split(',').find(|name| *name != "all" && weir_tls::verify::code_of(name).is_none());
    if let Some(name) = unknown {
        return place.wrong(&format!("error constant '{name}' unknown in error IDs list '{list}'"));
    }
    keep(parser, place, options)
}

fn version(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let name = place.required("the ssl/tls version")?;
    if !["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"].contains(&name) {
        return place.fail(&format!("'{name}' : unknown ssl/tls version"));
    }
    keep(parser, place, options)
}

fn verify(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let name = place.required("verify method")?;
    if !["none", "optional", "required"].contains(&name) {
        let text =
            format!("unknown verify method '{name}', only 'none', 'optional', and 'required' are supported");
        return place.wrong(&text);
    }
    keep(parser, place, options)
}

/// What the whole line comes to: a listener with TLS needs a certificate.
pub(super) fn settle(parser: &mut Parser<'_>, line: &Line<'_>, options: &BindOptions) -> Outcome {
    let Some(tls) = options.tls.as_ref().filter(|tls| tls.enabled && tls.entries.is_empty()) else {
        return Ok(());
    };
    let (proxy, place) = (parser.proxy().name.clone(), parser.place(line));
    let text =
        format!("Proxy '{proxy}': no SSL certificate specified for bind '{}' at [{place}]", line.word(1));
    let strict = tls.strict_sni.unwrap_or(parser.config.global.tls.strict_sni);
    let missing = if strict {
        let text = format!("{text}, ssl connections will fail (use 'crt').");
        Diagnostic::new(Level::Warning, Form::Config, Some(line.word_span(0)), text)
    } else {
        *super::proxy_fault(line, format!("{text} (use 'crt')."))
    };
    // A later `ssl-f-use` may bring one.
    parser.certificates.awaited.push(missing);
    Ok(())
}

/// What binds of one section wait for.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    /// Per bind without a certificate: what is said if none comes.
    awaited: Vec<Diagnostic>,
    /// What `ssl-f-use` lines bring.
    pub(crate) entries: Vec<TlsEntry>,
    /// How many such lines there were.
    lines: u32,
}

impl Certificates {
    /// Where the next `ssl-f-use` line of a frontend stands: in the list that has the frontend's name.
    pub(crate) fn next_line(&mut self, frontend: &str) -> Origin {
        self.lines += 1;
        Origin { list: format!("@{frontend}").into(), number: self.lines, options: None, filters: None }
    }

    /// What `ssl-f-use` brings is for every encrypted listener of the section.
    pub(crate) fn add_to(&self, options: &mut Arc<BindOptions>) {
        let encrypted = options.tls.as_ref().is_some_and(|tls| tls.enabled);
        if encrypted && !self.entries.is_empty() {
            let tls = tls(Arc::make_mut(options));
            if let Some(origin) = &self.entries[0].origin {
                add_list(tls, &origin.list, false);
            }
            tls.entries.extend(self.entries.iter().cloned());
        }
    }

    /// At the end of the section.
    pub(crate) fn settle(self) -> impl Iterator<Item = Diagnostic> {
        let Self { awaited, entries, .. } = self;
        awaited.into_iter().filter(move |_| entries.is_empty())
    }
}
