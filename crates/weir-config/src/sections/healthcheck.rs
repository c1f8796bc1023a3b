//! `healthcheck` sections (manual 12.9): checks that servers call by name. Their lines are those of proxies.

use std::sync::LazyLock;

use weir_syntax::Line;
use weir_types::{Diagnostic, Diagnostics, Form};

use super::{header, scratch};
use crate::keyword::{Index, Keyword};
use crate::model::{Config, Healthcheck};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};
use crate::proxy::{check, option_values};

pub static SECTION: SectionKind =
    SectionKind { keyword: "healthcheck", begin, index, unknown: Unknown::As("healthcheck"), end };

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("type", "<type>", "The kind of check (12.9).", kind),
    Keyword::new("http-check", "<step> ...", "A step of an HTTP check (12.9).", check::http_check),
    Keyword::new("tcp-check", "<step> ...", "A step of a TCP check (12.9).", check::tcp_check),
];

const TYPES: &[&str] = &[
    "tcp-check",
    "httpchk",
    "ssl-hello-chk",
    "smtpchk",
    "pgsql-check",
    "redis-check",
    "mysql-check",
    "ldap-check",
    "spop-check",
];

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = header::named(parser, line)?;
    parser.at_most(line, 2)?;
    if let Some(other) = parser.config.healthchecks.iter().find(|other| other.name == name) {
        let place = parser.place_of(other.span);
        let text = format!(
            "healthcheck section '{name}' has the same name as another healthcheck section declared at {place}."
        );
        return header::duplicate(line.word_span(1), text);
    }
    scratch::begin(parser, name.clone(), line.span());
    parser.config.healthchecks.push(Healthcheck { name, span: line.span(), ..Healthcheck::default() });
    Ok(())
}

fn end(parser: &mut Parser<'_>) {
    let Some(scratch) = scratch::take(parser) else { return };
    if let Some(section) = parser.config.healthchecks.last_mut() {
        section.plan = scratch.settings.check.clone();
    }
}

/// The words behind the type are those of the proxy's `option` of that name.
fn kind(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = line.word(1);
    if name.is_empty() {
        return line.fail(0, "'type' expects a healthcheck type.");
    }
    if !TYPES.contains(&name) {
        return line.fail(1, format!("unknown healthcheck type '{name}'."));
    }
    if let Some(section) = parser.config.healthchecks.last_mut() {
        section.kind = Some(name.into());
    }
    option_values::check_protocol(parser, line)
}

/// After the last line: the type is mandatory.
pub(super) fn check(config: &Config, diagnostics: &mut Diagnostics) {
    for section in config.healthchecks.iter().filter(|section| section.kind.is_none()) {
        let text = format!("healthcheck '{}': no type configured.", section.name);
        diagnostics.push(Diagnostic::alert(section.span, text).with_form(Form::Bare));
    }
}
