//! `tcp-request`, `tcp-response` and `quic-initial` lines (manual 4.2, 4.3).

use weir_rules::RuleSet;
use weir_rules::parse;
use weir_syntax::Line;
use weir_syntax::time::{self, TimeError, Unit};
use weir_types::{Form, Mode, ProxyKind};

use super::rule_order::warn_order;
use super::rules::{expected, keep, named, proposing, refuse};
use crate::expression;
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] = &[
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
];

fn missing(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let title = tcp_title(parser);
    line.fail(0, format!("missing argument for '{}' in {title}", line.keyword()))
}

/// What the section is called in messages about TCP rules.
fn tcp_title(parser: &mut Parser<'_>) -> String {
    if parser.in_defaults() { "defaults section".to_owned() } else { parser.title() }
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
