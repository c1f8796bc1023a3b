//! Which backend, which server: `use_backend`, `default_backend`, `use-server`, `force-persist`, `ignore-persist`,
//! `force-be-switch` (manual 4.2), and the `acl` lines they build on (manual 7.1).

use weir_sample::FormatMode;
use weir_syntax::Line;

use super::scope::Half;
use crate::expression::{self, condition_of};
use crate::keyword::Keyword;
use crate::model::{Name, Persist, SwitchTarget, UseBackend, UseServer};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("acl", "<aclname> <criterion> [flags] [operator] [<value>] ...", "A named test (7.1).", acl),
    Keyword::new(
        "use_backend",
        "<backend> [{if | unless} <condition>]",
        "The backend, by condition (4.2).",
        use_backend,
    ),
    Keyword::new("default_backend", "<backend>", "The backend where no rule applies (4.2).", default_backend),
    Keyword::new(
        "use-server",
        "<server> {if | unless} <condition>",
        "The server, by condition (4.2).",
        use_server,
    ),
    Keyword::new(
        "force-persist",
        "{ if | unless } <condition>",
        "Affinity even to a dead server (4.2).",
        persist,
    ),
    Keyword::new("ignore-persist", "{ if | unless } <condition>", "No affinity (4.2).", persist),
    Keyword::new(
        "force-be-switch",
        "{ if | unless } <condition>",
        "A disabled backend is used (4.2).",
        force_be_switch,
    )
    .listed(),
];

fn acl(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.in_defaults() && parser.proxy().name.is_empty() {
        return line.fail(0, "'acl' not allowed in anonymous 'defaults' section.");
    }
    let name = line.word(1);
    if let Some(wrong) = super::header::invalid_character(name) {
        return line.fail(1, format!("character '{wrong}' is not permitted in acl name '{name}'."));
    }
    if name == "or" {
        let text = "acl name 'or' will never match. 'or' is used to express a logical disjunction within a condition.";
        return line.fail(1, text);
    }
    if name.is_empty() {
        return line.fail(0, "missing ACL name.");
    }
    expression::acl(parser, line)
        .and_then(|acl| expression::keep_acl(parser, acl))
        .or_else(|text| line.fail(2, format!("error detected while parsing ACL '{name}' : {text}.")))
}

/// A name, or a format to look one up with.
fn target(parser: &mut Parser<'_>, line: &Line<'_>, rule: &str) -> Outcome<SwitchTarget> {
    if !line.word(1).contains("%[") {
        return Ok(SwitchTarget::Name(Name::new(parser.intern(line.word(1)), line.word_span(1))));
    }
    let format = expression::format(parser, line, 1, FormatMode::Http)
        .or_else(|text| line.fail(1, format!("failed to parse {rule} rule '{}' : {text}.", line.word(1))))?;
    Ok(SwitchTarget::Dynamic(format))
}

fn use_backend(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.not_in_defaults(line, "use_backend")?;
    parser.lacks(Half::Frontend, line, "use_backend");
    if line.word(1).is_empty() {
        return line.fail(0, "'use_backend' expects a backend name.");
    }
    let condition = match line.word(2) {
        "" => None,
        "if" | "unless" => Some(condition_of(parser, line, 2).or_else(|text| {
            line.fail(3, format!("error detected while parsing switching rule : {text}."))
        })?),
        other => {
            let text = "after switching rule, only 'if' and 'unless' are allowed.";
            return line.fail(2, format!("unexpected keyword '{other}' {text}"));
        }
    };
    let to = target(parser, line, "use_backend")?;
    // Kept in backends too: its name is still looked up there.
    parser.frontend().use_backend.push(UseBackend { to, condition, span: line.span() });
    Ok(())
}

fn default_backend(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.lacks(Half::Frontend, line, "default_backend");
    if line.word(1).is_empty() {
        return line.fail(0, "'default_backend' expects a backend name.");
    }
    parser.at_most(line, 2)?;
    let name = Name::new(parser.intern(line.word(1)), line.word_span(1));
    parser.settings().default_backend = Some(name);
    Ok(())
}

fn use_server(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.not_in_defaults(line, "use-server")?;
    parser.lacks(Half::Backend, line, "use-server");
    if line.word(1).is_empty() {
        return line.fail(0, "'use-server' expects a server name.");
    }
    if !matches!(line.word(2), "if" | "unless") {
        return line.fail(2, "'use-server' requires either 'if' or 'unless' followed by a condition.");
    }
    let condition = condition_of(parser, line, 2)
        .or_else(|text| line.fail(3, format!("error detected while parsing switching rule : {text}.")))?;
    let to = target(parser, line, "use-server")?;
    parser.backend().use_server.push(UseServer { to, condition: Some(condition), span: line.span() });
    Ok(())
}

fn persist(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let keyword = line.keyword();
    parser.not_in_defaults(line, keyword)?;
    parser.lacks(Half::Backend, line, keyword);
    if !matches!(line.word(1), "if" | "unless") {
        return line
            .fail(1, format!("'{keyword}' requires either 'if' or 'unless' followed by a condition."));
    }
    let condition = condition_of(parser, line, 1)
        .or_else(|text| line.fail(2, format!("error detected while parsing a '{keyword}' rule : {text}.")))?;
    let rule = Persist { condition, span: line.span() };
    let backend = parser.backend();
    match keyword {
        "force-persist" => backend.force_persist.push(rule),
        _ => backend.ignore_persist.push(rule),
    }
    Ok(())
}

fn force_be_switch(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.not_in_defaults(line, "force-be-switch")?;
    if !parser.kind().has_frontend() {
        return line.fail(0, "'force-be-switch' only available in frontend or listen section.");
    }
    if !matches!(line.word(1), "if" | "unless") {
        return line.fail(1, "'force-be-switch' requires either 'if' or 'unless' followed by a condition.");
    }
    let condition = condition_of(parser, line, 1).or_else(|text| {
        line.fail(2, format!("error detected while parsing a 'force-be-switch' rule : {text}."))
    })?;
    parser.frontend().force_be_switch.push(condition);
    Ok(())
}
