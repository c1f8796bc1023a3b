//! Rule lines: `http-request`, `http-response`, `http-after-response`, `tcp-request`, `tcp-response`,
//! `quic-initial`, `redirect` (manual 4.3, 4.4). The actions themselves are read by `weir-rules`.

use weir_registry::near;
use weir_rules::parse::{self, ActionRow, Fault};
use weir_rules::{Action, Reply, ReplyBody, Rule, RuleSet};
use weir_sample::{Condition, Named};
use weir_syntax::Line;
use weir_syntax::time::{self, TimeError, Unit};
use weir_types::{Form, Mode, ProxyKind};

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
        "tcp-request",
        "{ connection | session | content | inspect-delay } ...",
        "Rules on data in (4.2).",
        tcp_request,
    )
    .listed(),
    Keyword::new("tcp-response", "{ content | inspect-delay } ...", "Rules on data out (4.2).", tcp_response)
        .listed(),
    Keyword::new(
        "quic-initial",
        "<action> [ { if | unless } <condition> ]",
        "Rules on QUIC datagrams (4.2).",
        quic_initial,
    )
    .listed(),
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
fn named(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
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
fn proposing(
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

fn refuse<T>(line: &Line<'_>, fault: Fault, prefix: &str, stop: &str) -> Outcome<T> {
    let text = match fault.bare {
        true => fault.text,
        false => format!("{prefix}{}{stop}", fault.text),
    };
    let mut diagnostic = line.alert(fault.word, text);
    diagnostic.hint = fault.hint;
    Err(Box::new(diagnostic))
}

/// Every action of the list, quoted, as the program names them.
fn expected(set: RuleSet) -> String {
    let quoted = |row: &ActionRow| match row.prefix {
        true => format!("'{}(*)'", row.name),
        false => format!("'{}'", row.name),
    };
    let mut names: Vec<String> = parse::rows().filter(|row| row.sets.contains(set)).map(quoted).collect();
    names.sort();
    names.join(", ")
}

fn keep(
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
    if let Action::Deny(reply) | Action::Tarpit(reply) | Action::Return(reply) = &action
        && let ReplyBody::ErrorFiles(section) = &reply.body
    {
        parser.refer(Wanted::HttpErrors, (section, ""), line.word_span(0), String::new());
    }
    let rule = Rule { action, condition, span: line.span() };
    list(parser.rules(), set).push(rule);
    if !expression::is_not_yet(row) {
        return Ok(());
    }
    let keyword = format!("{} {}", set.keyword(), row.name);
    let word = set.keyword().split(' ').count();
    let names = (line.word(word + 1), line.word(word + 2));
    let wanted = match row.name {
        "cache-use" | "cache-store" => Wanted::Cache,
        "set-bandwidth-limit" => Wanted::BandwidthFilter,
        "send-spoe-group" => Wanted::SpoeEngine,
        _ => return line.not_yet(0, &keyword),
    };
    parser.refer(wanted, names, line.word_span(0), keyword);
    Ok(())
}

/// What the section is called in messages about TCP rules.
fn tcp_title(parser: &mut Parser<'_>) -> String {
    if parser.in_defaults() { "defaults section".to_owned() } else { parser.title() }
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

fn missing(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let title = tcp_title(parser);
    line.fail(0, format!("missing argument for '{}' in {title}", line.keyword()))
}

fn tcp_request(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let title = tcp_title(parser);
    let kind = parser.kind();
    let bare = title.replace('\'', "");
    let set = match line.word(1) {
        "" => return missing(parser, line),
        "inspect-delay" => {
            let delay = delay(parser, line)?;
            parser.rules().request_inspect_delay = Some(delay);
            return Ok(());
        }
        "content" => {
            named(parser, line)?;
            RuleSet::TcpRequestContent
        }
        name @ ("connection" | "session") => {
            named(parser, line)?;
            if kind == ProxyKind::Backend {
                return line
                    .fail(1, format!("tcp-request {name} is not allowed because {bare} is not a frontend"));
            }
            if name == "connection" { RuleSet::TcpRequestConnection } else { RuleSet::TcpRequestSession }
        }
        other => {
            let text = "expects 'inspect-delay', 'connection', or 'content' in";
            return line.fail(1, format!("'tcp-request' {text} {title} (got '{other}')"));
        }
    };
    tcp(parser, line, set, 2)
}

fn tcp_response(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let title = parser.title();
    match line.word(1) {
        "" => missing(parser, line),
        "inspect-delay" => {
            let delay = delay(parser, line)?;
            parser.rules().response_inspect_delay = Some(delay);
            Ok(())
        }
        "content" => {
            let anonymous = parser.in_defaults() && parser.proxy().name.is_empty();
            if parser.kind() == ProxyKind::Frontend || anonymous {
                let text = "tcp-response content is only allowed in 'backend' sections or 'defaults' section with a name";
                return line.fail(1, text);
            }
            tcp(parser, line, RuleSet::TcpResponseContent, 2)
        }
        other => line.fail(
            1,
            format!("'tcp-response' expects 'inspect-delay' or 'content' in {title} (got '{other}')"),
        ),
    }
}

fn delay(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<u32> {
    let title = parser.title();
    let keyword = line.keyword();
    let expects = format!("'{keyword} inspect-delay' expects a positive delay in milliseconds, in {title}");
    if line.word(2).is_empty() {
        return line.fail(1, expects);
    }
    time::parse(line.word(2), Unit::Millisecond).or_else(|fault| match fault {
        TimeError::Overflow => {
            line.fail(2, format!("{expects} (timer overflow in argument '{}')", line.word(2)))
        }
        TimeError::Unexpected(fault) => line.fail(2, format!("{expects} ({fault})")),
    })
}

fn tcp(parser: &mut Parser<'_>, line: &Line<'_>, set: RuleSet, word: usize) -> Outcome {
    let title = parser.title();
    let keyword = set.keyword();
    let name = line.word(word);
    if name.starts_with("lua.") {
        return line.not_yet(word, &format!("{keyword} {name}"));
    }
    let Some(row) = parse::find(set, name) else {
        let list = expected(set);
        let text = format!("'{keyword}' expects {list} in {title} (got '{name}').");
        return Err(proposing(line, word, set, text, Form::Parsing));
    };
    let (action, at) = expression::action(parser, line, set, row, word).or_else(|fault| {
        // Built-in actions are named in the message, registered ones speak for themselves.
        let prefix = if row.listed { String::new() } else { format!("'{keyword} {name}' : ") };
        refuse(line, fault, &prefix, "")
    })?;
    let condition = match line.word(at) {
        "" => None,
        verb @ ("if" | "unless") => Some(expression::condition_of(parser, line, at).or_else(|text| {
            let text = format!("error detected in {title} while parsing '{verb}' condition : {text}");
            line.fail(at + 1, format!("'{keyword} {name}' : {text}"))
        })?),
        other => {
            let text =
                format!("'{keyword} {name}' only accepts 'if' or 'unless', in {title} (got '{other}')");
            return line.fail(at, text);
        }
    };
    if set != RuleSet::TcpResponseContent {
        warn_order(parser, line, keyword);
    }
    keep(parser, line, set, row, action, condition)
}

fn quic_initial(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let proxy = parser.proxy();
    let name = proxy.name.clone();
    if proxy.kind == ProxyKind::Backend {
        return line.fail(0, format!("'quic-initial' : proxy '{name}' has no frontend capability"));
    }
    if proxy.settings.mode != Mode::Http {
        return line.fail(0, format!("'quic-initial' : proxy '{name}' does not use HTTP mode"));
    }
    named(parser, line)?;
    let set = RuleSet::QuicInitial;
    let action = line.word(1);
    let Some(row) = parse::find(set, action) else {
        let got =
            if action.is_empty() { "'' (missing argument).".to_owned() } else { format!("'{action}'.") };
        let text = format!("'quic-initial' expects {}, but got {got}", expected(set));
        return Err(proposing(line, 1, set, text, Form::Parsing));
    };
    expression::action(parser, line, set, row, 1).or_else(|fault| refuse(line, fault, "", ""))?;
    line.not_yet(0, "quic-initial")
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

/// What each kind of rule is met before, in the order in which a stream meets them.
const ORDER: &[&str] = &[
    "tcp-request connection",
    "tcp-request session",
    "tcp-request content",
    "monitor fail",
    "http-request",
    "redirect",
    "use_backend",
    "use-server",
];

fn stands(parser: &mut Parser<'_>, kind: &str) -> bool {
    let proxy = parser.proxy();
    let rules = proxy.rules.as_deref();
    let any = |list: fn(&Rules) -> bool| rules.is_some_and(list);
    match kind {
        "tcp-request session" => any(|rules| !rules.tcp_request_session.is_empty()),
        "tcp-request content" => any(|rules| !rules.tcp_request_content.is_empty()),
        "monitor fail" => proxy.frontend.as_ref().is_some_and(|parts| !parts.monitor_fail.is_empty()),
        "http-request" => any(|rules| !rules.http_request.is_empty()),
        "redirect" => any(|rules| !rules.redirect.is_empty()),
        "use_backend" => proxy.frontend.as_ref().is_some_and(|parts| !parts.use_backend.is_empty()),
        "use-server" => proxy.backend.as_ref().is_some_and(|parts| !parts.use_server.is_empty()),
        _ => false,
    }
}

/// Warns where earlier lines of this section are met later than this one: HAProxy's order is by kind, not by place.
pub(super) fn warn_order(parser: &mut Parser<'_>, line: &Line<'_>, kind: &str) {
    let own = ORDER.iter().position(|known| *known == kind).unwrap_or(ORDER.len());
    let later = ORDER.iter().skip(own + 1).find(|later| stands(parser, later));
    if let Some(later) = later {
        let text = format!("a '{kind}' rule placed after a '{later}' rule will still be processed before.");
        parser.push(line.warning(0, text));
    }
}
