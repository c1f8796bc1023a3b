//! `stats ...` of a proxy: the statistics page (manual 4.2). `stats` of the global section is another keyword.

use std::sync::Arc;

use weir_plan::settings::{StatsPage, StatsScope};
use weir_syntax::Line;
use weir_syntax::time::{self, Unit};
use weir_types::{Diagnostic, Form, Level};

use crate::expression::condition_of;
use crate::keyword::Keyword;
use crate::model::{StatsAdmin, StatsSetup};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] =
    &[Keyword::new("stats", "<parameter> [ <value> ]", "The statistics page (4.2).", stats)];

const EXPECTS: &str = "expects 'admin', 'uri', 'realm', 'auth', 'scope', 'enable', 'hide-version', 'show-node', \
                       'show-desc' or 'show-legends'.";

fn stats(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = line.word(1);
    match name {
        "" => line.fail_tight(0, format!("missing keyword in 'stats', {EXPECTS}")),
        "admin" => admin(parser, line),
        "uri" => uri(parser, line),
        "realm" => realm(parser, line),
        "refresh" => refresh(parser, line),
        "http-request" => http_request(parser, line),
        "auth" => auth(parser, line),
        "scope" => scope(parser, line),
        "show-node" => show_node(parser, line),
        "show-desc" => show_desc(parser, line),
        "enable" => {
            setup(parser);
            Ok(())
        }
        "hide-version" => {
            setup(parser).page.hide_version = true;
            Ok(())
        }
        "show-legends" => {
            setup(parser).page.show_legends = true;
            Ok(())
        }
        "show-modules" => {
            setup(parser).page.show_modules = true;
            Ok(())
        }
        _ => line.fail_tight(1, format!("unknown stats parameter '{name}', {EXPECTS}")),
    }
}

/// Any parameter enables the page.
fn setup<'p>(parser: &'p mut Parser<'_>) -> &'p mut StatsSetup {
    let shared = parser
        .settings()
        .stats
        .get_or_insert_with(|| Arc::new(StatsSetup { page: page(), admin: Vec::new() }));
    Arc::make_mut(shared)
}

fn page() -> StatsPage {
    StatsPage {
        uri: "/haproxy?stats".into(),
        realm: "HAProxy Statistics".into(),
        auth: Vec::new(),
        hide_version: false,
        refresh_s: 0,
        scope: Vec::new(),
        show_desc: None,
        show_legends: false,
        show_modules: false,
        show_node: None,
        admin_always: false,
    }
}

fn admin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.in_defaults() {
        return line.fail_tight(0, "'stats admin' not allowed in 'defaults' section.");
    }
    if !matches!(line.word(2), "if" | "unless") {
        return line.fail(2, "'stats admin' requires either 'if' or 'unless' followed by a condition.");
    }
    let condition = condition_of(parser, line, 2).or_else(|text| {
        line.fail(3, format!("error detected while parsing a 'stats admin' rule : {text}."))
    })?;
    let rule = Arc::new(StatsAdmin { condition, span: line.span() });
    setup(parser).admin.push(rule);
    Ok(())
}

fn uri(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(2).is_empty() {
        return line.fail(1, "'uri' needs an URI prefix.");
    }
    setup(parser).page.uri = line.word(2).into();
    Ok(())
}

fn realm(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(2).is_empty() {
        return line.fail(1, "'realm' needs an realm name.");
    }
    setup(parser).page.realm = line.word(2).into();
    Ok(())
}

fn refresh(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let text = line.word(2);
    let value = time::parse(text, Unit::Second).or_else(|fault| {
        let text = fault.bracketed(
            text,
            "stats refresh interval",
            Unit::Second,
            "argument to stats refresh interval.",
        );
        line.fail_tight(2, text)
    })?;
    setup(parser).page.refresh_s = value;
    Ok(())
}

/// The page's own rules: one `allow`, `deny` or `auth` list in front of it.
fn http_request(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.in_defaults() {
        return line.fail_tight(0, "'stats http-request' not allowed in 'defaults' section.");
    }
    setup(parser);
    super::rules::stats_rule(parser, line)
}

fn auth(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(2).is_empty() {
        return line.fail(1, "'auth' needs a user:password account.");
    }
    let (user, password) = line.word(2).split_once(':').unwrap_or((line.word(2), ""));
    let page = &mut setup(parser).page;
    if page.auth.iter().any(|(known, _)| &**known == user) {
        let text = format!("uri auth: ignoring duplicated user '{user}'.");
        let at = line.word_span(2);
        parser.push(Diagnostic::new(Level::Warning, Form::Config, Some(at), text));
        return Ok(());
    }
    page.auth.push((user.into(), password.into()));
    Ok(())
}

fn scope(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = match line.word(2) {
        "" => return line.fail(1, "'scope' needs a proxy name."),
        "." => StatsScope::Own,
        name => StatsScope::Name(name.into()),
    };
    setup(parser).page.scope.push(name);
    Ok(())
}

fn show_node(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = line.word(2);
    if name.chars().any(|letter| !letter.is_ascii_alphanumeric() && !"-_.".contains(letter)) {
        let text = "'stats show-node' invalid node name - should be a stringwith digits(0-9), letters(A-Z, a-z), \
                    hyphen(-) or underscode(_).";
        return line.fail_tight(2, text);
    }
    // Without a name: `node` of the global section, or the host's.
    let name: Box<str> = match name {
        "" => parser.config.global.node.clone().unwrap_or_else(|| parser.options.hostname.clone()),
        name => name.into(),
    };
    setup(parser).page.show_node = Some(name);
    Ok(())
}

fn show_desc(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let words: Vec<&str> = line.from(2).collect();
    let text: Option<Box<str>> = match words.is_empty() {
        false => Some(words.join(" ").into()),
        true => parser.config.global.description.clone(),
    };
    if text.is_none() {
        let text = "'show-desc' requires a parameter or 'desc' to be set in the global section.";
        parser.push(line.warning(1, text).with_form(Form::ParsingTight));
        return Ok(());
    }
    setup(parser).page.show_desc = text;
    Ok(())
}
