//! TLS sessions, records and certificates kept fresh (manual 3.1, 3.2): `tune.ssl.*`, `ocsp-update.*`,
//! `acme.scheduler`.

use weir_syntax::Line;
use weir_syntax::address::{self, AddressError, AddressUse};
use weir_syntax::time::Unit;
use weir_types::{Address, AddressFamily, Form, PortSpec};

use super::argument::{either_on_off, lax, none, number, positive, refuse, time};
use super::ssl::row;
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::{atol, clamp_u32};

pub const KEYWORDS: &[Keyword] = &[
    row("ocsp-update.disable", "[ on | off ]", "No OCSP updates (3.1).", ocsp_switch),
    row("ocsp-update.mode", "[ on | off ]", "Whether OCSP responses are refreshed (3.1).", ocsp_switch),
    row("ocsp-update.httpproxy", "<address>[:port]", "A proxy for OCSP updates (3.1).", ocsp_proxy),
    row("ocsp-update.maxdelay", "<number>", "Longest time between updates (3.1).", ocsp_delay),
    row("ocsp-update.mindelay", "<number>", "Shortest time between updates (3.1).", ocsp_delay),
    row("tune.ssl.ocsp-update.maxdelay", "<number>", "Longest time between updates (3.2).", ocsp_delay),
    row("tune.ssl.ocsp-update.mindelay", "<number>", "Shortest time between updates (3.2).", ocsp_delay),
    row("tune.ssl.cachesize", "<number>", "Sessions in the cache (3.2).", |parser, line| {
        let value = positive_argument(parser, line)?;
        parser.config.global.tls.cachesize = value;
        Ok(())
    }),
    row(
        "tune.ssl.capture-buffer-size",
        "<number>",
        "Bytes of the hello that are kept (3.2).",
        |parser, line| {
            let value = positive_argument(parser, line)?;
            parser.config.global.tls.capture_buffer_size = value;
            Ok(())
        },
    ),
    row("tune.ssl.capture-cipherlist-size", "<number>", "The same, older name (3.2).", capture_ciphers),
    row("tune.ssl.certificate-compression", "{ auto | off }", "Certificate compression (3.2).", |_, line| {
        refuse(line, "is not supported by your TLS library. It is known to work only with OpenSSL >= 3.2.0.")
    }),
    row("tune.ssl.default-dh-param", "<number>", "Largest Diffie-Hellman size (3.2).", |parser, line| {
        match lax(parser, line)? {
            bits @ 1024.. => {
                parser.config.global.tls.bind.dh_bits = clamp_u32(bits);
                Ok(())
            }
            _ => refuse(line, "expects a value >= 1024."),
        }
    }),
    row("tune.ssl.force-private-cache", "", "A session cache per process (3.2).", none)
        .no_effect("the cache is one table that all workers share"),
    row("tune.ssl.hard-maxrecord", "<number>", "Largest record ever sent (3.2).", |parser, line| {
        let value = positive_argument(parser, line)?;
        parser.config.global.tls.hard_maxrecord = value;
        Ok(())
    }),
    row("tune.ssl.keylog", "{ on | off }", "Keeps session keys for captures (3.2).", |parser, line| {
        either_on_off(parser, line)?;
        parser.config.global.tls.keylog = line.word(1) == "on";
        Ok(())
    }),
    row("tune.ssl.lifetime", "<timeout>", "Life of a cached session (3.2).", |parser, line| {
        parser.at_most(line, 2)?;
        time(line, Unit::Second, "expects ssl sessions <lifetime> in seconds as argument.").map(|seconds| {
            parser.config.global.tls.lifetime_s = seconds;
        })
    }),
    row("tune.ssl.maxrecord", "<number>", "Largest record (3.2).", |parser, line| {
        let value = positive_argument(parser, line)?;
        parser.config.global.tls.maxrecord = value;
        Ok(())
    }),
    row("tune.ssl.ssl-ctx-cache-size", "<number>", "Generated certificates kept (3.2).", |parser, line| {
        let value = positive_argument(parser, line)?;
        parser.config.global.tls.generated = value;
        Ok(())
    }),
    row(
        "acme.scheduler",
        "{ auto | off }",
        "Whether certificates are renewed by ACME (3.1).",
        acme_scheduler,
    )
    .no_effect("no certificate can be renewed by ACME yet"),
];

fn integer_argument(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    number(parser, line, "expects an integer argument.").map(drop)
}

fn positive_argument(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<u32> {
    integer_argument(parser, line)?;
    positive(parser, line).map(clamp_u32)
}

fn capture_ciphers(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.config.global.tls.capture_buffer_size = positive_argument(parser, line)?;
    let text = "'tune.ssl.capture-cipherlist-size' is deprecated and will be removed in version 2.7. Please use \
                'tune.ssl.capture-buffer-size' instead.";
    parser.push(line.warning(0, text).with_form(Form::ParsingTight));
    Ok(())
}

/// HAProxy goes on after a word that it does not know.
fn ocsp_switch(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let ocsp = &mut parser.config.global.tls.ocsp;
    match (line.word(1), line.keyword() == "ocsp-update.mode") {
        (word @ ("on" | "off"), true) => ocsp.mode = word == "on",
        (word @ ("on" | "off"), false) => ocsp.disabled = word == "on",
        _ => parser.push(line.warning(1, format!("'{}' : expecting <on|off>", line.keyword()))),
    }
    Ok(())
}

fn ocsp_proxy(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let fault = match line.word(1) {
        "" => Some("'' resolves to an empty address (environment variable missing?)".to_owned()),
        // HAProxy looks no name up here.
        text => match address::parse(text, AddressUse::Source) {
            Ok(Address { family: AddressFamily::Name(_), .. }) => {
                Some(AddressError::unknown_host(text, text).to_string())
            }
            Ok(Address { family: AddressFamily::Ip(ip), port, .. }) => {
                let port = match port {
                    PortSpec::Fixed(port) if port > 0 => port,
                    _ => 80,
                };
                parser.config.global.tls.ocsp.proxy = Some((ip, port).into());
                None
            }
            Ok(_) => None,
            Err(fault) => Some(fault.to_string()),
        },
    };
    let Some(fault) = fault else { return Ok(()) };
    let alert = line.alert(1, format!("ocsp-update: Failed to parse destination address in {fault}"));
    Err(Box::new(alert.with_form(Form::Config)))
}

/// 300 seconds and an hour unless both are set.
fn ocsp_delay(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() {
        return refuse(line, "expects an integer argument.");
    }
    let value = atol(line.word(1));
    if value < 0 {
        return refuse(line, "expects a positive numeric value.");
    }
    let (lowest, highest) = &mut parser.global.ocsp_delays;
    match line.keyword().ends_with("mindelay") {
        true if value > *highest => refuse(line, "can not be higher than tune.ssl.ocsp-update.maxdelay."),
        true => {
            *lowest = value;
            parser.config.global.tls.ocsp.minimum_s = clamp_u32(value);
            Ok(())
        }
        false if value < *lowest => refuse(line, "can not be lower than tune.ssl.ocsp-update.mindelay."),
        false => {
            *highest = value;
            parser.config.global.tls.ocsp.maximum_s = clamp_u32(value);
            Ok(())
        }
    }
}

fn acme_scheduler(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let text = match line.word(1) {
        "auto" | "off" => return Ok(()),
        "" => "an argument",
        _ => "either 'auto' or 'off' argument",
    };
    let place = parser.place(line);
    line.fail(1, format!("parsing [{place}]: keyword 'acme.scheduler' in 'global' section requires {text}"))
}
