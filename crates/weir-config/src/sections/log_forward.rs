//! `log-forward` sections (manual 12.6).

use std::sync::{Arc, LazyLock};

use weir_syntax::Line;
use weir_syntax::address::AddressUse;
use weir_syntax::time::{self, Unit};

use super::header;
use crate::bind;
use crate::keyword::{Index, Keyword};
use crate::model::{Bind, LogForward};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, Prefix, SectionKind, Unknown};
use crate::proxy::logs::log_line;
use crate::value::{atol, clamp_u32};

pub static SECTION: SectionKind =
    SectionKind { keyword: "log-forward", begin, index, unknown: Unknown::Plain, end: |_| {} };

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("bind", "<addr> [param*]", "Where logs come in by stream (12.6).", stream_bind),
    Keyword::new("dgram-bind", "<addr> [param*]", "Where logs come in by datagram (12.6).", dgram_bind),
    Keyword::new("log", "<target> ... <facility> [<level>]", "Where they go (12.6).", log),
    Keyword::new("maxconn", "<conns>", "Connections at a time (12.6).", maxconn),
    Keyword::new("backlog", "<conns>", "The listener's backlog (12.6).", backlog),
    Keyword::new("timeout", "client <timeout>", "Idle time of a sender (12.6).", timeout),
    Keyword::new("option", "<name> [<value>]", "Switches (12.6).", option),
];

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.len() > 1 {
        parser.at_most(line, 2)?;
    }
    let name = header::named(parser, line)?;
    if let Some(other) = parser.config.log_forwards.iter().find(|other| other.name == name) {
        let place = parser.place_of(other.span);
        let text = format!(
            "log-forward section '{name}' has the same name as another log-forward section declared at {place}."
        );
        return header::duplicate(line.word_span(1), text);
    }
    parser.config.log_forwards.push(LogForward { name, span: line.span(), ..LogForward::default() });
    Ok(())
}

fn section<'p>(parser: &'p mut Parser<'_>) -> &'p mut LogForward {
    parser.config.log_forwards.last_mut().expect("a section has begun")
}

/// The addresses of the line; none is HAProxy's way of binding nothing.
fn listen(parser: &mut Parser<'_>, line: &Line<'_>, usage: AddressUse) -> Outcome<Option<Bind>> {
    let (keyword, text) = (line.keyword(), line.word(1));
    if text.is_empty() {
        return Ok(None);
    }
    let addresses = bind::addresses(parser, line, usage)
        .or_else(|fault| line.fail(1, format!("'{keyword} {text}' : {fault}")))?;
    let title = format!("'{keyword} {text}' in section 'log-forward'");
    let options = Arc::new(bind::options(parser, line, 2, &title)?);
    Ok(Some(Bind { addresses, text: parser.intern(text), options, span: line.span() }))
}

fn stream_bind(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let Some(bind) = listen(parser, line, AddressUse::Bind)? else { return Ok(()) };
    let encrypted = bind.options.tls.is_some();
    section(parser).binds.push(bind);
    if encrypted { line.not_yet(0, "bind ... ssl' in 'log-forward") } else { Ok(()) }
}

fn dgram_bind(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let Some(bind) = listen(parser, line, AddressUse::DgramBind)? else { return Ok(()) };
    section(parser).datagram_binds.push(bind);
    Ok(())
}

fn log(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.prefix == Prefix::No {
        if line.len() > 1 {
            return line.fail(1, "log : 'no log' does not expect arguments");
        }
        section(parser).logs.clear();
        return Ok(());
    }
    let target = log_line(parser, line)?;
    section(parser).logs.push(target);
    Ok(())
}

fn number(parser: &Parser<'_>, line: &Line<'_>) -> Outcome<u32> {
    let keyword = line.keyword();
    if line.word(1).is_empty() {
        return line.fail(0, format!("'{keyword}' expects an integer argument."));
    }
    parser.at_most(line, 2)?;
    Ok(clamp_u32(atol(line.word(1))))
}

fn maxconn(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let count = number(parser, line)?;
    section(parser).maxconn = Some(count);
    Ok(())
}

fn backlog(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let count = number(parser, line)?;
    section(parser).backlog = Some(count);
    Ok(())
}

fn timeout(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let (event, value) = (line.word(1), line.word(2));
    if event != "client" {
        return line.fail(1, format!("unknown keyword 'timeout {event}' in log-forward section."));
    }
    if value.is_empty() {
        return line.fail(1, "missing timeout client value.");
    }
    let time = time::parse(value, Unit::Millisecond).or_else(|fault| {
        let text = fault.quoted(value, "timeout client", Unit::Millisecond, "'timeout client'");
        line.fail(2, format!("timeout : {text}"))
    })?;
    section(parser).timeout_client = Some(time);
    Ok(())
}

fn option(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = line.word(1);
    match name {
        "" => return line.fail_tight(0, "'option' expects an option name."),
        "assume-rfc6587-ntf" | "dont-parse-log" => {
            parser.at_most_named(line, 2, &format!("option {name}"))?
        }
        "host" => {
            let strategy = line.word(2);
            if !["replace", "fill", "keep", "append"].contains(&strategy) {
                let text = "option host: expects one of replace, fill, keep or append";
                return line.fail(2, format!("{text} (got '{strategy}')."));
            }
            parser.at_most_named(line, 3, "option host")?;
        }
        _ => return line.fail(1, format!("unknown option '{name}' in log-forward section.")),
    }
    let words: Vec<&str> = line.from(1).collect();
    let text = words.join(" ");
    let options = &mut section(parser).options;
    options.retain(|other| !other.starts_with(name));
    if parser.prefix != Prefix::No {
        section(parser).options.push(text.into());
    }
    Ok(())
}
