//! `ssl` on a server line and the options beside it: settings of the handshake, and what the server is verified with.

use std::sync::Arc;

use weir_syntax::Line;
use weir_tls::Verify;
use weir_types::{Diagnostic, Form, Level};

use super::option::{Parse, ServerOption};
use super::place::{Draft, Place};
use crate::bind::{NO_KTLS, NO_NPN};
use crate::expression;
use crate::model::{Server, Sni, TlsServer};
use crate::outcome::Outcome;
use crate::parser::Parser;
use crate::tls::{Loading, certificates};

const fn flag(name: &'static str) -> ServerOption {
    ServerOption::switch(name, "TLS: part of the handshake (5.2).", |parser, place, draft| {
        keep(parser, place, draft, "")?;
        Ok(0)
    })
}

const fn text(name: &'static str, parse: Parse) -> ServerOption {
    ServerOption::valued(name, "TLS: part of the handshake (5.2).", parse)
}

const NO_RENEGOTIATION: &str = "no handshake is begun anew on a connection";

pub const OPTIONS: &[ServerOption] = &[
    ServerOption::switch("ssl", "TLS to this server (5.2).", |_, _, draft| {
        tls(draft).enabled = true;
        Ok(0)
    }),
    ServerOption::switch("no-ssl", "No TLS (5.2).", |_, _, draft| {
        tls(draft).enabled = false;
        Ok(0)
    }),
    ServerOption::switch("check-ssl", "TLS for checks (5.2).", |_, _, draft| {
        tls(draft).check = true;
        Ok(0)
    }),
    ServerOption::switch("no-check-ssl", "No TLS for checks (5.2).", |_, _, draft| {
        tls(draft).check = false;
        Ok(0)
    }),
    flag("allow-0rtt").no_effect("early data are not sent"),
    text("alpn", |parser, place, draft| {
        keep_value(parser, place, draft, "the comma-delimited ALPN protocol suite")
    }),
    text("ca-file", authorities),
    text("check-alpn", |parser, place, draft| {
        keep_value(parser, place, draft, "the comma-delimited ALPN protocol suite")
    }),
    text("check-sni", |parser, place, draft| keep_value(parser, place, draft, "sni expression")),
    flag("check-sni-auto"),
    text("ciphers", |parser, place, draft| keep_value(parser, place, draft, "cipher suite")),
    text("ciphersuites", |parser, place, draft| keep_value(parser, place, draft, "cipher suite")),
    text("client-sigalgs", |parser, place, draft| {
        keep_value(parser, place, draft, "signature algorithm list")
    }),
    text("crl-file", authorities),
    text("crt", |parser, place, draft| keep_value(parser, place, draft, "certificate file path")),
    text("curves", |parser, place, draft| keep_value(parser, place, draft, "curves list")),
    flag("force-sslv3"),
    flag("force-tlsv10"),
    flag("force-tlsv11"),
    flag("force-tlsv12"),
    flag("force-tlsv13"),
    text("ktls", ktls).no_effect(NO_KTLS),
    flag("no-check-sni-auto"),
    flag("no-renegotiate").no_effect(NO_RENEGOTIATION),
    flag("no-sni-auto"),
    flag("no-ssl-reuse"),
    flag("no-sslv3"),
    flag("no-tls-tickets"),
    flag("no-tlsv10"),
    flag("no-tlsv11"),
    flag("no-tlsv12"),
    flag("no-tlsv13"),
    text("npn", |parser, place, draft| {
        keep_value(parser, place, draft, "the comma-delimited NPN protocol suite")
    })
    .no_effect(NO_NPN),
    flag("renegotiate").no_effect(NO_RENEGOTIATION),
    text("sigalgs", |parser, place, draft| keep_value(parser, place, draft, "signature algorithm list")),
    text("sni", sni),
    flag("sni-auto"),
    text("ssl-max-ver", version),
    text("ssl-min-ver", version),
    flag("ssl-reuse"),
    flag("tls-tickets"),
    text("verify", verify),
    text("verifyhost", |parser, place, draft| keep_value(parser, place, draft, "hostname to verify against")),
];

fn tls(draft: &mut Draft) -> &mut TlsServer {
    draft.options.tls.get_or_insert_default()
}

/// Takes an option whose words are right.
fn keep(parser: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft, value: &str) -> Outcome {
    let tls = tls(draft);
    match place.name() {
        "crt" => tls.crt = Some(value.into()),
        "verifyhost" => tls.verify_host = Some(value.into()),
        "check-alpn" => tls.check_alpn = Some(value.into()),
        "check-sni" => tls.check_sni = Some(value.into()),
        "no-ssl-reuse" => tls.no_reuse = true,
        "ssl-reuse" => tls.no_reuse = false,
        "no-sni-auto" => tls.no_sni_auto = true,
        "sni-auto" => tls.no_sni_auto = false,
        "no-check-sni-auto" => tls.no_check_sni_auto = true,
        "check-sni-auto" => tls.no_check_sni_auto = false,
        // Nothing that weir's OpenSSL would do: renegotiation is not begun, early data are not sent.
        "renegotiate" | "no-renegotiate" | "allow-0rtt" | "ktls" | "npn" => {}
        name => {
            if let Err(text) = crate::tls::set(parser, &mut tls.settings, name, value) {
                return place.fail(text.trim_end_matches('.'));
            }
        }
    }
    Ok(())
}

fn keep_value(
    parser: &mut Parser<'_>,
    place: &Place<'_, '_>,
    draft: &mut Draft,
    what: &str,
) -> Outcome<usize> {
    let value = place.required(what)?;
    keep(parser, place, draft, value)?;
    Ok(1)
}

fn authorities(parser: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    keep_value(parser, place, draft, if place.name() == "crl-file" { "CRLfile path" } else { "CAfile path" })
}

fn ktls(parser: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let known = matches!(place.value(), "on" | "off");
    if !known && (place.value().is_empty() || parser.experimental) {
        return place.fail("'ktls' expects \"on\" or \"off\" as an argument.");
    }
    if !parser.experimental {
        let text =
            "'ktls' directive is experimental, must be allowed via a global 'expose-experimental-directives'";
        return place.fail(text);
    }
    keep(parser, place, draft, place.value())?;
    Ok(1)
}

/// `sni` and `pool-conn-name`: expressions on the stream. Without `ssl` they have no effect.
pub(super) fn sni(parser: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    place.required("sni expression")?;
    let phases = weir_sample::PhaseSet::of(&[weir_sample::Phase::BeUseServer]);
    let expr = expression::word(parser, place.line, place.at + 1, phases).or_else(|text| {
        let what = "error detected while parsing sni or pool-conn-name expressions";
        place.fail(&format!("{what} : {text}"))
    });
    match expr {
        Ok(expr) if place.name() == "sni" => draft.options.sni = Some(Sni { expr: Arc::new(expr) }),
        Ok(_) => {}
        // HAProxy reads the expression when it has read the line.
        Err(fault) => draft.late = draft.late.take().or(Some(fault)),
    }
    Ok(1)
}

fn version(parser: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let name = place.required("the ssl/tls version")?;
    if !["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"].contains(&name) {
        return place.fail(&format!("'{name}' : unknown ssl/tls version"));
    }
    keep(parser, place, draft, place.value())?;
    Ok(1)
}

fn verify(parser: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let name = place.required("verify method")?;
    if name != "none" && name != "required" {
        let text = format!("unknown verify method '{name}', only 'none' and 'required' are supported");
        return place.wrong(&text);
    }
    keep(parser, place, draft, place.value())?;
    Ok(1)
}

/// What the whole line comes to: verification needs authorities, `crt` is loaded where it is used.
pub(super) fn settle(parser: &mut Parser<'_>, line: &Line<'_>, title: &str, draft: &mut Draft) -> Outcome {
    if let Some(fault) = draft.late.take() {
        return Err(fault);
    }
    // `default-server` only prepares.
    let Some(tls) = draft.options.tls.as_mut().filter(|tls| (tls.enabled || tls.check) && !title.is_empty())
    else {
        return Ok(());
    };
    complete(parser, tls, title)
        .map_err(|(form, text)| Box::new(Diagnostic::new(Level::Alert, form, Some(line.word_span(1)), text)))
}

/// The checks of a server connect with `ssl`, whatever its traffic does.
pub(crate) fn for_checks(parser: &mut Parser<'_>, proxy: &str, server: &mut Server) {
    let options = Arc::make_mut(&mut server.options);
    let tls = options.tls.get_or_insert_default();
    if tls.enabled || tls.check {
        return;
    }
    tls.connect = true;
    let title = format!("'server {proxy}/{}' : ", server.name);
    if let Err((form, text)) = complete(parser, tls, &title) {
        parser.push(Diagnostic::new(Level::Alert, form, Some(server.span), text));
    }
}

fn complete(parser: &mut Parser<'_>, tls: &mut TlsServer, title: &str) -> Result<(), (Form, String)> {
    let fail = |form, text| Err((form, text));
    let verifies =
        tls.settings.verify.map_or(!parser.config.global.tls.verify_none, |verify| verify != Verify::None);
    if verifies && tls.settings.ca_file.is_none() {
        let text = format!(
            "{title}verify is enabled by default but no CA file specified. If you're running on a LAN where you're \
             certain to trust the server's certificate, please set an explicit 'verify none' statement on the \
             'server' line, or use 'ssl-server-verify none' in the global section to disable server-side \
             verifications by default."
        );
        return fail(Form::PlaceBare, text);
    }
    if !verifies {
        tls.settings.verify = Some(Verify::None);
    }
    if let Some(path) = tls.crt.clone() {
        match certificates(parser, &path, &Loading::default()) {
            Ok(found) => tls.certificate = found.into_iter().next(),
            Err(text) => return fail(Form::Place, format!("{title}{text}")),
        }
    }
    Ok(())
}
