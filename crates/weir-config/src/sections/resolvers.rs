//! `resolvers` sections (manual 5.3.2): name servers and times. Asking them is not done here.

use std::sync::LazyLock;

use weir_syntax::Line;
use weir_syntax::address::{self, AddressUse};
use weir_syntax::time::{self, Unit};
use weir_types::{Diagnostic, Form, Level, SocketKind};

use super::header;
use crate::keyword::{Index, Keyword};
use crate::model::Resolvers;
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};
use crate::value::atol;

pub static SECTION: SectionKind =
    SectionKind { keyword: "resolvers", begin, index, unknown: Unknown::As("resolvers"), end: |_| {} };

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("nameserver", "<name> <address>[:port] [param*]", "A name server (5.3.2).", nameserver),
    Keyword::new("parse-resolv-conf", "", "The name servers of /etc/resolv.conf (5.3.2).", resolv_conf),
    Keyword::new("hold", "<status> <period>", "How long an answer of a kind holds (5.3.2).", hold),
    Keyword::new("accepted_payload_size", "<nb>", "The largest answer, in bytes (5.3.2).", payload_size),
    Keyword::new("resolve_retries", "<nb>", "Queries before giving up (5.3.2).", retries),
    Keyword::new("timeout", "{ resolve | retry } <time>", "Time between queries (5.3.2).", timeout),
    Keyword::new("resolution_pool_size", "", "Never part of a release.", pool_size),
];

const RESOLV_CONF: &str = "/etc/resolv.conf";
const HELD: &[&str] = &["nx", "refused", "timeout", "other", "valid", "obsolete"];

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = header::named(parser, line)?;
    if let Some(other) = parser.config.resolvers.iter().find(|other| other.name == name) {
        let place = parser.place_of(other.span);
        let text = format!("resolvers '{name}' has same name as another resolvers (declared at {place}).");
        return header::duplicate(line.word_span(1), text);
    }
    parser.config.resolvers.push(Resolvers { name, span: line.span(), ..Resolvers::default() });
    Ok(())
}

fn section<'p>(parser: &'p mut Parser<'_>) -> &'p mut Resolvers {
    parser.config.resolvers.last_mut().expect("a section has begun")
}

fn nameserver(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let (name, text) = (line.word(1), line.word(2));
    if text.is_empty() {
        return line.fail(0, "'nameserver' expects <name> and <addr>[:<port>] as arguments.");
    }
    let known = section(parser).nameservers.iter().find(|(known, ..)| **known == *name).map(|(.., at)| *at);
    if let Some(at) = known {
        let place = parser.place_of(at);
        let text = format!("nameserver '{name}' has same name as another nameserver (declared at {place}).");
        return header::duplicate(line.word_span(1), text);
    }
    let address = address::parse(text, AddressUse::Nameserver)
        .or_else(|fault| line.fail(2, format!("'nameserver {name}' : {fault}")))?;
    if !header::resolves(parser, &address) {
        return line.fail(2, format!("'nameserver {name}' : {}", header::unresolved(&address, text)));
    }
    let name = header::server_name(parser, line)?;
    // A datagram server has no parameters and HAProxy does not look at them; a stream server's are a server line's.
    if address.kind == SocketKind::Stream && line.len() > 3 {
        return line.not_yet(3, line.word(3));
    }
    section(parser).nameservers.push((name, address, line.span()));
    Ok(())
}

fn resolv_conf(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    section(parser).parse_resolv_conf = true;
    let Some(bytes) = parser.options.files.read(RESOLV_CONF) else {
        return line.fail_tight(0, format!("failed to open {RESOLV_CONF}."));
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut found = false;
    for (number, written) in text.lines().enumerate() {
        let mut words = written.split_whitespace();
        let Some(host) = words.next().filter(|word| *word == "nameserver").and_then(|_| words.next()) else {
            continue;
        };
        found = true;
        add_system_server(parser, line, number + 1, host);
    }
    if !found {
        let text = format!("no nameservers found in {RESOLV_CONF}.");
        parser.push(line.warning(0, text));
    }
    Ok(())
}

/// One name server of the system's, named by its address.
fn add_system_server(parser: &mut Parser<'_>, line: &Line<'_>, number: usize, host: &str) {
    let place = format!("[{RESOLV_CONF}:{number}]");
    let bracketed = if host.contains(':') { format!("[{host}]:53") } else { format!("{host}:53") };
    let address = match address::parse(&bracketed, AddressUse::Nameserver) {
        Ok(address) => address,
        Err(_) => {
            let text = format!(
                "parsing {place} : address '{host}' could not be recognized, nameserver will be excluded."
            );
            parser.push(line.warning(0, text).with_form(Form::ParsingTight));
            return;
        }
    };
    let name = parser.intern(host);
    let known = section(parser).nameservers.iter().find(|(known, ..)| *known == name).map(|(.., at)| *at);
    if let Some(at) = known {
        let other = parser.place_of(at);
        let text = format!(
            "Parsing {place} : generated name for {RESOLV_CONF} nameserver '{host}' conflicts with another nameserver \
             (declared at {other}), it appears to be a duplicate and will be excluded."
        );
        parser.push(line.warning(0, text).with_form(Form::ParsingTight));
        return;
    }
    section(parser).nameservers.push((name, address, line.span()));
}

fn hold(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let (event, value) = (line.word(1), line.word(2));
    if value.is_empty() {
        let mut refused = line.alert(0, "'hold' expects an <event> and a <time> as arguments.");
        let hint = "<event> can be either 'valid', 'nx', 'refused', 'timeout', or 'other'";
        parser.push(std::mem::replace(&mut refused, Diagnostic::new(Level::Alert, Form::Config, None, hint)));
        return Err(Box::new(refused));
    }
    let period = time::parse(value, Unit::Millisecond).or_else(|fault| {
        line.fail_tight(2, fault.bracketed(value, event, Unit::Millisecond, "argument to <hold>."))
    })?;
    let Some(event) = HELD.iter().find(|known| **known == event) else {
        let expected = "expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'.";
        return line.fail(1, format!("'hold' unknown <event>: '{event}', {expected}"));
    };
    section(parser).hold.insert(event, period);
    Ok(())
}

fn payload_size(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let text = line.word(1);
    if text.is_empty() {
        return line.fail(0, "'accepted_payload_size' expects <nb> as argument.");
    }
    match u32::try_from(atol(text)) {
        Ok(size @ 12..=65535) => section(parser).accepted_payload_size = Some(size),
        _ => {
            let bounds = "must be between 12 and 65535 inclusive";
            return line.fail(1, format!("'accepted_payload_size' {bounds} (was {text})."));
        }
    }
    Ok(())
}

fn retries(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() {
        return line.fail(0, "'resolve_retries' expects <nb> as argument.");
    }
    section(parser).resolve_retries = Some(u32::try_from(atol(line.word(1))).unwrap_or(0));
    Ok(())
}

fn timeout(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let (event, value) = (line.word(1), line.word(2));
    match event {
        "" => return line.fail(0, "'timeout' expects 'retry' or 'resolve' and <time> as arguments."),
        "retry" | "resolve" => {}
        _ => {
            let text =
                format!("'timeout' expects 'retry' or 'resolve' and <time> as arguments got '{event}'.");
            return line.fail(1, text);
        }
    }
    let time = header::timeout(line, event, value)?;
    let section = section(parser);
    *(if event == "retry" { &mut section.timeout_retry } else { &mut section.timeout_resolve }) = Some(time);
    Ok(())
}

fn pool_size(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let text =
        "'resolution_pool_size' directive is not supported anymore (it never appeared in a stable release).";
    line.fail(0, text)
}
