//! The options that choose what a health check speaks: `httpchk`, `tcp-check`, `mysql-check`... (manual 4.2).

use std::sync::Arc;

use weir_sample::FormatMode;
use weir_syntax::Line;

use super::scope::Half;
use crate::expression;
use crate::model::{CheckProtocol, Settings};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

/// Whether the check option has any use here; sets the protocol.
fn protocol(parser: &mut Parser<'_>, line: &Line<'_>, protocol: CheckProtocol) {
    let settings: &mut Settings = parser.settings();
    let check = Arc::make_mut(&mut settings.check);
    check.protocol = protocol;
    check.span = Some(line.span());
}

/// The packaged checks.
fn other(parser: &mut Parser<'_>, line: &Line<'_>, name: &'static str) -> Outcome {
    let arguments = line.from(2).map(Into::into).collect();
    protocol(parser, line, CheckProtocol::Other { name, arguments });
    Ok(())
}

pub(super) fn plain_check(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = ["redis-check", "ldap-check", "ssl-hello-chk", "spop-check"];
    let name = name.into_iter().find(|name| *name == line.word(1)).unwrap_or("check");
    if parser.lacks(Half::Backend, line, name) {
        return Ok(());
    }
    at_most(parser, line, 2)?;
    other(parser, line, name)
}

pub(super) fn smtpchk(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "smtpchk") {
        return Ok(());
    }
    at_most(parser, line, 4)?;
    other(parser, line, "smtpchk")
}

pub(super) fn mysql_check(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "mysql-check") {
        return Ok(());
    }
    match line.word(2) {
        "" => {}
        "user" if line.word(3).is_empty() => {
            return line.fail(2, "'option mysql-check user' expects <username> as argument.");
        }
        "user" => match line.word(4) {
            "" | "post-41" | "pre-41" | "post-80" => {}
            wrong => {
                let known = "'post-41', 'pre-41' and 'post-80'";
                return line.fail(4, format!("keyword 'user' only supports {known} (got '{wrong}')."));
            }
        },
        wrong => {
            let text = format!("'option mysql-check' only supports optional values: 'user' (got '{wrong}').");
            return line.fail(2, text);
        }
    }
    at_most(parser, line, 5)?;
    other(parser, line, "mysql-check")
}

pub(super) fn pgsql_check(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "pgsql-check") {
        return Ok(());
    }
    if line.word(2) != "user" || line.word(3).is_empty() {
        return line.fail(2, "'option pgsql-check' expects 'user <username>' as argument.");
    }
    at_most(parser, line, 4)?;
    other(parser, line, "pgsql-check")
}

pub(super) fn external_check(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "external-check") {
        return Ok(());
    }
    at_most(parser, line, 2)?;
    protocol(parser, line, CheckProtocol::External);
    Ok(())
}

pub(super) fn httpchk(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "httpchk") {
        return Ok(());
    }
    at_most(parser, line, 6)?;
    let (mut method, mut uri, mut version) = (None, None, None);
    match line.len() {
        2 => {}
        // A lone word is the URI, asked for with OPTIONS.
        3 => uri = boxed(line.word(2)),
        _ => (method, uri, version) = (boxed(line.word(2)), boxed(line.word(3)), boxed(line.word(4))),
    }
    if version.as_ref().is_some_and(|version| version.contains(['\r', '\n'])) {
        let text = "'option httpchk' : hiding headers or body at the end of the version string is unsupported.Use \
                    'http-check send' directive instead..";
        return line.fail(4, text);
    }
    let host = match line.word(5) {
        "" => None,
        _ => Some(expression::format(parser, line, 5, FormatMode::Http).or_else(|text| line.fail(5, text))?),
    };
    protocol(parser, line, CheckProtocol::Http { method, uri, version, host });
    Ok(())
}

pub(super) fn tcp_check(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "tcp-check") {
        return Ok(());
    }
    at_most(parser, line, 2)?;
    protocol(parser, line, CheckProtocol::Tcp);
    Ok(())
}

fn boxed(text: &str) -> Option<Box<str>> {
    (!text.is_empty()).then(|| text.into())
}

fn at_most(parser: &Parser<'_>, line: &Line<'_>, words: usize) -> Outcome {
    parser.at_most_named(line, words, &format!("option {}", line.word(1)))
}
