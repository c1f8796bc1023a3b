//! `acme` sections (manual 12.8), which are experimental. They have no effect until a certificate names one, which is
//! refused for now.

use std::sync::LazyLock;

use weir_syntax::Line;
use weir_syntax::time::{self, Unit};

use super::header;
use crate::keyword::{Index, Keyword};
use crate::model::Opaque;
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};

pub static SECTION: SectionKind =
    SectionKind { keyword: "acme", begin, index, unknown: Unknown::As("acme"), end: |_| {} };

const UNUSED: &str = "the certificates that would name the section are not served yet";

const fn row(name: &'static str, arguments: &'static str, doc: &'static str) -> Keyword {
    Keyword::new(name, arguments, doc, value).listed().no_effect(UNUSED)
}

pub const KEYWORDS: &[Keyword] = &[
    row("account-key", "<filename>", "The account's key (12.8)."),
    row("acme-vars", "<string>", "Variables for the provisioning tool (12.8)."),
    row("bits", "<number>", "Size of a new RSA key (12.8)."),
    row("challenge", "<string>", "How names are proved (12.8)."),
    row("challenge-ready", "<value>[,<value>]*", "When a challenge is ready (12.8)."),
    row("contact", "<string>", "The account's mail address (12.8)."),
    row("curves", "<string>", "Curve of a new ECDSA key (12.8)."),
    row("directory", "<string>", "The authority's address (12.8)."),
    row("dns-delay", "<time>", "Wait before or between DNS checks (12.8)."),
    row("dns-timeout", "<time>", "Limit of DNS checks (12.8)."),
    row("eab-key-id", "<filename>", "External account: identifier (12.8)."),
    row("eab-mac-alg", "{ HS256 | HS384 | HS512 }", "External account: algorithm (12.8)."),
    row("eab-mac-key", "<filename>", "External account: key (12.8)."),
    row("keytype", "<string>", "Kind of a new key (12.8)."),
    row("map", "<map>", "Where tokens are kept (12.8)."),
    row("profile", "<string>", "The certificate's profile (12.8)."),
    row("provider-name", "<string>", "The DNS provider (12.8)."),
    row("reuse-key", "{ on | off }", "The key is kept (12.8)."),
];

/// Arguments that are one word of a few.
const CHOICES: &[(&str, &[&str])] = &[
    ("challenge", &["http-01", "dns-01", "dns-persist-01"]),
    ("eab-mac-alg", &["HS256", "HS384", "HS512"]),
    ("keytype", &["RSA", "ECDSA"]),
    ("reuse-key", &["on", "off"]),
];

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.experimental_section(line)?;
    let name = header::named(parser, line)?;
    parser.at_most(line, 2)?;
    if parser.config.opaque.iter().any(|other| other.keyword == "acme" && other.name == name) {
        return line.fail_tight(1, format!("acme section '{name}' already exists."));
    }
    parser.config.opaque.push(Opaque { keyword: "acme", name, span: line.span() });
    Ok(())
}

fn value(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let (keyword, value) = (line.keyword(), line.word(1));
    if value.is_empty() {
        return line.fail(0, format!("keyword '{keyword}' in 'acme' section requires an argument"));
    }
    parser.at_most(line, 2)?;
    if let Some((_, choices)) = CHOICES.iter().find(|(known, _)| *known == keyword)
        && !choices.iter().any(|choice| choice.eq_ignore_ascii_case(value))
    {
        let text = format!("'{keyword}' in 'acme' section expects one of {}", choices.join(", "));
        return line.fail(1, format!("{text} (got '{value}')"));
    }
    match keyword {
        "bits" if value.parse::<u32>().is_err() => {
            line.fail(1, format!("'bits' in 'acme' section expects a number (got '{value}')"))
        }
        "dns-delay" | "dns-timeout" => match time::parse(value, Unit::Second) {
            Ok(_) => Ok(()),
            Err(fault) => {
                let place = format!("argument to <{keyword}>.");
                line.fail(1, fault.bracketed(value, keyword, Unit::Second, place))
            }
        },
        "challenge-ready" => conditions(line, value),
        _ => Ok(()),
    }
}

fn conditions(line: &Line<'_>, value: &str) -> Outcome {
    let several = value.contains(',');
    for condition in value.split(',') {
        let known = ["cli", "dns", "delay", "none"].contains(&condition);
        if !known || (several && condition == "none") {
            let text =
                "'challenge-ready' in 'acme' section expects 'none' or a list of 'cli', 'dns' and 'delay'";
            return line.fail(1, format!("{text} (got '{value}')"));
        }
    }
    Ok(())
}
