//! `ssl` on a server line and the options beside it. Arguments are checked; the handshake is not there yet, so a line
//! with `ssl` is refused once it is right.

use weir_syntax::Line;
use weir_types::{Diagnostic, Form, Level};

use super::option::{Parse, ServerOption};
use super::place::{Draft, Place};
use crate::expression;
use crate::model::TlsServer;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

const fn flag(name: &'static str) -> ServerOption {
    ServerOption::switch(name, "TLS: kept for the handshake (5.2).", |_, place, draft| {
        keep(place, draft, false);
        Ok(0)
    })
}

const fn text(name: &'static str, parse: Parse) -> ServerOption {
    ServerOption::valued(name, "TLS: kept for the handshake (5.2).", parse)
}

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
    flag("allow-0rtt"),
    text("alpn", |_, place, draft| keep_value(place, draft, "the comma-delimited ALPN protocol suite")),
    text("ca-file", authorities),
    text("check-alpn", |_, place, draft| keep_value(place, draft, "the comma-delimited ALPN protocol suite")),
    text("check-sni", |_, place, draft| keep_value(place, draft, "sni expression")),
    flag("check-sni-auto"),
    text("ciphers", |_, place, draft| keep_value(place, draft, "cipher suite")),
    text("ciphersuites", |_, place, draft| keep_value(place, draft, "cipher suite")),
    text("client-sigalgs", |_, place, draft| keep_value(place, draft, "signature algorithm list")),
    text("crl-file", authorities),
    text("crt", |_, place, draft| keep_value(place, draft, "certificate file path")),
    text("curves", |_, place, draft| keep_value(place, draft, "curves list")),
    flag("force-sslv3"),
    flag("force-tlsv10"),
    flag("force-tlsv11"),
    flag("force-tlsv12"),
    flag("force-tlsv13"),
    text("ktls", ktls),
    flag("no-check-sni-auto"),
    flag("no-renegotiate"),
    flag("no-sni-auto"),
    flag("no-ssl-reuse"),
    flag("no-sslv3"),
    flag("no-tls-tickets"),
    flag("no-tlsv10"),
    flag("no-tlsv11"),
    flag("no-tlsv12"),
    flag("no-tlsv13"),
    text("npn", |_, place, draft| keep_value(place, draft, "the comma-delimited NPN protocol suite")),
    flag("renegotiate"),
    text("sigalgs", |_, place, draft| keep_value(place, draft, "signature algorithm list")),
    text("sni", sni),
    flag("sni-auto"),
    text("ssl-max-ver", version),
    text("ssl-min-ver", version),
    flag("ssl-reuse"),
    flag("tls-tickets"),
    text("verify", verify),
    text("verifyhost", |_, place, draft| keep_value(place, draft, "hostname to verify against")),
];

fn tls(draft: &mut Draft) -> &mut TlsServer {
    draft.options.tls.get_or_insert_default()
}

fn keep(place: &Place<'_, '_>, draft: &mut Draft, valued: bool) {
    let Some(row) = OPTIONS.iter().find(|row| row.name == place.name()) else { return };
    let value = valued.then(|| place.value().into());
    tls(draft).options.push((row.name, value));
}

fn keep_value(place: &Place<'_, '_>, draft: &mut Draft, what: &str) -> Outcome<usize> {
    place.required(what)?;
    keep(place, draft, true);
    Ok(1)
}

fn authorities(parser: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let path = place.required(if place.name() == "crl-file" { "CRLfile path" } else { "CAfile path" })?;
    if !path.starts_with('@') && parser.options.files.read(path).is_none() {
        return place.fail(&format!("Couldn't open the ca-file '{path}' (no certificate or crl found)"));
    }
    keep(place, draft, true);
    Ok(1)
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
    keep(place, draft, true);
    Ok(1)
}

/// `sni` and `pool-conn-name`: expressions on the stream. Without `ssl` they have no effect.
pub(super) fn sni(parser: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let name = place.required("sni expression")?;
    let phases = weir_sample::PhaseSet::of(&[weir_sample::Phase::BeUseServer]);
    if place.at + 2 >= place.line.len() {
        expression::whole(parser, place.line, place.at + 1, phases).or_else(|text| {
            let what = "error detected while parsing sni or pool-conn-name expressions";
            place.fail(&format!("{what} : {text}"))
        })?;
    }
    draft.options.sni = Some(parser.intern(name));
    Ok(1)
}

fn version(_: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let name = place.required("the ssl/tls version")?;
    if !["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"].contains(&name) {
        return place.fail(&format!("'{name}' : unknown ssl/tls version"));
    }
    keep(place, draft, true);
    Ok(1)
}

fn verify(_: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let name = place.required("verify method")?;
    if name != "none" && name != "required" {
        let text = format!("unknown verify method '{name}', only 'none' and 'required' are supported");
        return place.wrong(&text);
    }
    keep(place, draft, true);
    Ok(1)
}

/// What the whole line comes to: verification needs authorities, and weir cannot speak TLS to servers yet.
pub(super) fn settle(parser: &mut Parser<'_>, line: &Line<'_>, title: &str, draft: &Draft) -> Outcome {
    // `default-server` only prepares.
    let Some(tls) = draft.options.tls.as_ref().filter(|tls| (tls.enabled || tls.check) && !title.is_empty())
    else {
        return Ok(());
    };
    let option = |name: &str| tls.options.iter().rev().find(|(known, _)| *known == name);
    let verifies = option("verify").is_none_or(|(_, value)| value.as_deref() != Some("none"));
    if verifies && option("ca-file").is_none() && !parser.verify_none {
        let text = format!(
            "{title}verify is enabled by default but no CA file specified. If you're running on a LAN where you're \
             certain to trust the server's certificate, please set an explicit 'verify none' statement on the \
             'server' line, or use 'ssl-server-verify none' in the global section to disable server-side \
             verifications by default."
        );
        return Err(Box::new(Diagnostic::new(Level::Alert, Form::PlaceBare, Some(line.word_span(1)), text)));
    }
    let ssl = (2..line.len()).find(|word| matches!(line.word(*word), "ssl" | "check-ssl")).unwrap_or(0);
    line.not_yet(ssl, "server ... ssl")
}
