//! `fcgi-app` sections (manual 10.1.1). Checked; nothing uses one until `use-fcgi-app` and `proto fcgi` are there.

use std::sync::LazyLock;

use weir_sample::{FormatMode, Regex};
use weir_syntax::{Line, name};
use weir_types::{Diagnostic, Form};

use super::{header, scratch, whole};
use crate::expression::{self, condition_of};
use crate::keyword::{Index, Keyword};
use crate::model::{Config, FcgiApp};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, Prefix, SectionKind, Unknown};
use crate::proxy::logs::log_line;
use crate::value::atol;

pub static SECTION: SectionKind =
    SectionKind { keyword: "fcgi-app", begin, index, unknown: Unknown::QuotedTight, end };

const UNUSED: &str = "use-fcgi-app is refused for now, and nothing else uses the section";

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("acl", "<aclname> <criterion> ...", "A test of this application (10.1.1).", acl)
        .no_effect(UNUSED),
    Keyword::new("docroot", "<path>", "The document root (10.1.1).", docroot).no_effect(UNUSED),
    Keyword::new("index", "<script-name>", "The script of a directory (10.1.1).", script).no_effect(UNUSED),
    Keyword::new("log-stderr", "<target> ...", "Where its errors are logged (10.1.1).", log_stderr)
        .no_effect(UNUSED),
    Keyword::new(
        "pass-header",
        "<name> [{if|unless} <condition>]",
        "A header passed on (10.1.1).",
        pass_header,
    )
    .no_effect(UNUSED),
    Keyword::new("path-info", "<regex>", "How the path is divided (10.1.1).", path_info).no_effect(UNUSED),
    Keyword::new("option", "<name> [<value>]", "Switches (10.1.1).", option).no_effect(UNUSED),
    Keyword::new("set-param", "<name> <fmt> [{if|unless} <condition>]", "A parameter (10.1.1).", set_param)
        .no_effect(UNUSED),
];

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let tight = |mut refused: Box<Diagnostic>| {
        refused.form = Form::ParsingTight;
        refused
    };
    if line.word(1).is_empty() {
        return line.fail_tight(0, "'fcgi-app' expects <name> as argument.");
    }
    parser.at_most(line, 2)?;
    let name = header::named(parser, line).map_err(tight)?;
    if let Some(other) = parser.config.fcgi_apps.iter().find(|other| other.name == name) {
        let place = parser.place_of(other.span);
        let text = format!("fcgi-app section '{name}' has the same name as another one declared at {place}.");
        return header::duplicate(line.word_span(1), text);
    }
    scratch::begin(parser, name.clone(), line.span());
    parser.config.fcgi_apps.push(FcgiApp { name, docroot: None, span: line.span() });
    Ok(())
}

fn end(parser: &mut Parser<'_>) {
    scratch::take(parser);
}

/// After the last line.
pub(super) fn check(config: &Config, diagnostics: &mut weir_types::Diagnostics) {
    for app in config.fcgi_apps.iter().filter(|app| app.docroot.is_none()) {
        whole::alert(diagnostics, app.span, format!("fcgi-app '{}': no docroot configured.", app.name));
    }
}

/// The one argument of a line.
fn argument<'l>(parser: &Parser<'_>, line: &Line<'l>, what: &str) -> Outcome<&'l str> {
    let (keyword, value) = (line.keyword(), line.word(1));
    if value.is_empty() {
        return line.fail(0, format!("'{keyword}' expects <{what}> as argument."));
    }
    parser.at_most_named(line, 2, &format!("{keyword} {value}"))?;
    Ok(value)
}

fn acl(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = line.word(1);
    if let Err(wrong) = name::check(name) {
        return line.fail(1, wrong.within("acl", name));
    }
    if name == "or" {
        let text = "acl name 'or' will never match. 'or' is used to express a logical disjunction within a condition.";
        return line.fail(1, text);
    }
    expression::acl(parser, line)
        .and_then(|acl| expression::keep_acl(parser, acl))
        .or_else(|text| line.fail(2, format!("error detected while parsing ACL '{name}' : {text}.")))
}

fn docroot(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let path = argument(parser, line, "path")?;
    if let Some(app) = parser.config.fcgi_apps.last_mut() {
        app.docroot = Some(path.into());
    }
    Ok(())
}

fn script(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    argument(parser, line, "filename").map(drop)
}

fn path_info(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let pattern = argument(parser, line, "regex")?;
    match Regex::new(pattern, false) {
        Ok(_) => Ok(()),
        Err(fault) => line.fail(1, format!("'{pattern}' : {fault}.")),
    }
}

fn log_stderr(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let renamed = |mut refused: Box<Diagnostic>| {
        refused.text = refused.text.replacen("log :", "log-stderr :", 1).into();
        refused
    };
    log_line(parser, line).map(drop).map_err(renamed)
}

/// `if`/`unless` at `at`, or the end of the line.
fn condition(parser: &mut Parser<'_>, line: &Line<'_>, at: usize) -> Outcome {
    let name = line.word(1);
    match line.word(at) {
        "" => Ok(()),
        "if" | "unless" => {
            condition_of(parser, line, at)
                .or_else(|text| line.fail(at + 1, format!("'{name}' : {text}.")))?;
            Ok(())
        }
        other => line.fail(
            at,
            format!("'{name}' : unexpected keyword '{other}', only 'if' and 'unless' are allowed."),
        ),
    }
}

fn pass_header(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() {
        return line.fail(0, "'pass-header' expects <name> as arguments.");
    }
    condition(parser, line, 2)
}

fn set_param(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() || line.word(2).is_empty() {
        return line.fail(0, "'set-param' expects <name> and <value> as arguments.");
    }
    condition(parser, line, 3)?;
    expression::format(parser, line, 2, FormatMode::Http)
        .or_else(|text| line.fail(2, format!("'{}' : {text}.", line.word(1))))?;
    Ok(())
}

fn option(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = line.word(1);
    let negated = parser.prefix != Prefix::None;
    match name {
        "" => line.fail_tight(0, "'option' expects an option name."),
        "get-values" | "keep-conn" | "mpxs-conns" => parser.at_most_named(line, 2, &format!("option {name}")),
        "max-reqs" if negated => {
            line.fail_tight(1, "negation/default is not supported for option 'max-reqs'.")
        }
        "max-reqs" if line.word(2).is_empty() => {
            line.fail_tight(1, "option 'max-reqs' expects an integer argument.")
        }
        "max-reqs" => {
            parser.at_most_named(line, 3, "option max-reqs")?;
            match atol(line.word(2)) {
                1.. => Ok(()),
                _ => line.fail_tight(2, "option 'max-reqs' expects a strictly positive integer argument."),
            }
        }
        _ => line.fail(1, format!("unknown option '{name}'.")),
    }
}
