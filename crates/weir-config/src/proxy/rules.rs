//! Rule lines: `http-request`, `http-response`, `http-after-response`, `tcp-request`, `tcp-response`,
//! `quic-initial`, `redirect` (manual 4.3, 4.4). The actions themselves are read by `weir-rules`.

use weir_registry::near;
use weir_rules::parse::{self, ActionRow, Fault};
use weir_rules::{Action, Reply, ReplyBody, Rule, RuleSet};
use weir_sample::{Condition, Named};
use weir_syntax::Line;
use weir_types::Form;

use super::rule_order::warn_order;
use crate::expression;
use crate::keyword::Keyword;
use crate::model::Rules;
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, Wanted};

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new(
        "http-request",
        "<action> [options] [ { if | unless } <condition> ]",
        "Rules on requests (4.2).",
        |p, l| http(p, l, RuleSet::HttpRequest),
    ),
    Keyword::new(
        "http-response",
        "<action> [ { if | unless } <condition> ]",
        "Rules on responses (4.2).",
        |p, l| http(p, l, RuleSet::HttpResponse),
    ),
    Keyword::new(
        "http-after-response",
        "<action> [ { if | unless } <condition> ]",
        "Rules on all answers (4.2).",
        |p, l| http(p, l, RuleSet::HttpAfterResponse),
    ),
    Keyword::new(
        "redirect",
        "{ location | prefix | scheme } <to> [ <options> ] [ <condition> ]",
        "Redirections (4.2).",
        redirect,
    ),
];

fn list(rules: &mut Rules, set: RuleSet) -> &mut Vec<Rule<Named>> {
    match set {
        RuleSet::QuicInitial => &mut rules.quic_initial,
        RuleSet::TcpRequestConnection => &mut rules.tcp_request_connection,
        RuleSet::TcpRequestSession => &mut rules.tcp_request_session,
        RuleSet::TcpRequestContent => &mut rules.tcp_request_content,
        RuleSet::TcpResponseContent => &mut rules.tcp_response_content,
        RuleSet::HttpRequest => &mut rules.http_request,
        RuleSet::HttpResponse => &mut rules.http_response,
        RuleSet::HttpAfterResponse => &mut rules.http_after_response,
    }
}

/// Rules need a section with a name: others inherit them by it.
pub(super) fn named(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.in_defaults() && parser.proxy().name.is_empty() {
        let keyword = line.keyword();
        return line.fail(0, format!("'{keyword}' not allowed in anonymous 'defaults' section."));
    }
    Ok(())
}

fn http(parser: &mut Parser<'_>, line: &Line<'_>, set: RuleSet) -> Outcome {
    named(parser, line)?;
    let keyword = set.keyword();
    let name = line.word(1);
    if name.starts_with("lua.") {
        return line.not_yet(1, &format!("{keyword} {name}"));
    }
    let Some(row) = parse::find(set, name) else {
        let list = expected(set);
        let got = if name.is_empty() { "'' (missing argument).".to_owned() } else { format!("'{name}'.") };
        return Err(proposing(
            line,
            1,
            set,
            format!("'{keyword}' expects {list}, but got {got}"),
            Form::ParsingTight,
        ));
    };
    let title = parser.title();
    let (action, at) = expression::action(parser, line, set, row, 1).or_else(|fault| {
        let prefix = format!("error detected in {title} while parsing '{keyword} {name}' rule : ");
        refuse(line, fault, &prefix, ".")
    })?;
    let condition = match line.word(at) {
        "" => None,
        "if" | "unless" => Some(expression::condition_of(parser, line, at).or_else(|text| {
            let text = match name {
                // The action reads its condition itself.
                "redirect" => {
                    format!("error detected in {title} while parsing '{keyword} {name}' rule : error in condition: {text}.")
                }
                _ => format!("error detected while parsing an '{keyword} {name}' condition : {text}."),
            };
            line.fail(at + 1, text)
        })?),
        other => {
            let text = "expects either 'if' or 'unless' followed by a condition but found";
            return line.fail_tight(at, format!("'{keyword} {name}' {text} '{other}'."));
        }
    };
    if set == RuleSet::HttpRequest {
        warn_final(parser, line, set);
        warn_order(parser, line, keyword);
    }
    keep(parser, line, set, row, action, condition)
}

/// An unknown action with the nearest known one.
pub(super) fn proposing(
    line: &Line<'_>,
    word: usize,
    set: RuleSet,
    text: String,
    form: Form,
) -> Box<weir_types::Diagnostic> {
    let names = parse::rows().filter(|row| row.sets.contains(set)).map(|row| row.name);
    let mut diagnostic = line.alert(word, text).with_form(form);
    if let Some(name) = near(line.word(word), names) {
        diagnostic = diagnostic.with_hint(format!("did you mean '{name}'?"));
    }
    Box::new(diagnostic)
}

pub(super) fn refuse<T>(line: &Line<'_>, fault: Fault, prefix: &str, stop: &str) -> Outcome<T> {
    let text = match fault.bare {
        true => fault.text,
        false => format!("{prefix}{}{stop}", fault.text),
    };
    let mut diagnostic = line.alert(fault.word, text);
    diagnostic.hint = fault.hint;
    Err(Box::new(diagnostic))
}

/// Every action of the list, quoted, as the program names them.
pub(super) fn expected(set: RuleSet) -> String {
    let quoted = |row: &ActionRow| match row.prefix {
        true => format!("'{}(*)'", row.name),
        false => format!("'{}'", row.name),
    };
    let mut names: Vec<String> = parse::rows().filter(|row| row.sets.contains(set)).map(quoted).collect();
    names.sort();
    names.join(", ")
}

pub(super) fn keep(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    set: RuleSet,
    row: &'static ActionRow,
    action: Action<Named>,
    condition: Option<Condition<Named>>,
) -> Outcome {
    if let Some(condition) = &condition {
        expression::warn_incompatible(parser, line, condition, set);
    }
    if let Action::SetBandwidthLimit { filter, .. } = &action {
        parser.refer(Wanted::BandwidthFilter, (filter, ""), line.word_span(0), String::new());
    }
    if let Action::NormalizeUri(_) = action {
        parser.takes_experiment();
    }
    if let Action::Deny(reply) | Action::Tarpit(reply) | Action::Return(reply) = &action
        && let ReplyBody::ErrorFiles(section) = &reply.body
    {
        parser.refer(Wanted::HttpErrors, (section, ""), line.word_span(0), String::new());
    }
    let rule = Rule { action, condition, span: line.span() };
    list(parser.rules(), set).push(rule);
    if matches!(row.name, "cache-use" | "cache-store") {
        let name = line.word(2);
        parser.refer(Wanted::Cache, (name, ""), line.word_span(0), String::new());
    }
    if !expression::is_not_yet(row) {
        return Ok(());
    }
    let keyword = format!("{} {}", set.keyword(), row.name);
    let word = set.keyword().split(' ').count();
    let names = (line.word(word + 1), line.word(word + 2));
    let wanted = match row.name {
        "send-spoe-group" => Wanted::SpoeEngine,
        _ => return line.not_yet(0, &keyword),
    };
    parser.refer(wanted, names, line.word_span(0), keyword);
    Ok(())
}

/// A rule behind one that always ends the list is never met.
fn warn_final(parser: &mut Parser<'_>, line: &Line<'_>, set: RuleSet) {
    let last = list(parser.rules(), set).last();
    let ends = last.is_some_and(|rule| {
        rule.condition.is_none()
            && matches!(
                rule.action,
                Action::Allow
                    | Action::Deny(_)
                    | Action::Tarpit(_)
                    | Action::Return(_)
                    | Action::Reject
                    | Action::Auth { .. }
            )
    });
    if ends {
        let keyword = set.keyword();
        let text = format!(
            "previous '{keyword}' action is final and has no condition attached, further entries are NOOP."
        );
        parser.push(line.warning(0, text).with_form(Form::ParsingTight));
    }
}

fn redirect(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.not_in_defaults(line, "redirect")?;
    let title = parser.title();
    let prefix = format!("error detected in {title} while parsing redirect rule : ");
    let (redirect, at) =
        expression::redirect(parser, line).or_else(|fault| refuse(line, fault, &prefix, "."))?;
    let condition = match line.word(at) {
        "" => None,
        _ => Some(
            expression::condition_of(parser, line, at)
                .or_else(|text| line.fail(at + 1, format!("{prefix}error in condition: {text}.")))?,
        ),
    };
    warn_order(parser, line, "redirect");
    if let Some(condition) = &condition {
        expression::warn_incompatible(parser, line, condition, RuleSet::HttpRequest);
    }
    let rule = Rule { action: Action::Redirect(Box::new(redirect)), condition, span: line.span() };
    parser.rules().redirect.push(rule);
    Ok(())
}

/// `stats http-request`: rules in front of the statistics page.
pub(super) fn stats_rule(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = line.word(2);
    let set = RuleSet::HttpRequest;
    let row = parse::find(set, name).filter(|row| matches!(row.name, "allow" | "deny" | "auth"));
    let Some(row) = row else {
        let got = if name.is_empty() { "'' (missing argument).".to_owned() } else { format!("'{name}'.") };
        return line.fail_tight(2, format!("'http-request' expects {}, but got {got}", expected(set)));
    };
    let title = parser.title();
    let prefix = format!("error detected in {title} while parsing 'http-request {name}' rule : ");
    let (action, at) =
        expression::action(parser, line, set, row, 2).or_else(|fault| refuse(line, fault, &prefix, "."))?;
    let condition = match line.word(at) {
        "" => None,
        "if" | "unless" => Some(expression::condition_of(parser, line, at).or_else(|text| {
            line.fail(
                at + 1,
                format!("error detected while parsing an 'http-request {name}' condition : {text}."),
            )
        })?),
        other => {
            let text = "expects either 'if' or 'unless' followed by a condition but found";
            return line.fail_tight(at, format!("'http-request {name}' {text} '{other}'."));
        }
    };
    let rule = Rule { action, condition, span: line.span() };
    parser.rules().stats_http_request.push(rule);
    Ok(())
}

pub(super) fn http_error_reply(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
) -> Result<Reply<Named>, (usize, String)> {
    let (reply, at) = expression::reply(parser, line).map_err(|fault| (fault.word, fault.text))?;
    match line.word(at) {
        "" => Ok(reply),
        other => Err((at, format!("unknown keyword '{other}'."))),
    }
}
