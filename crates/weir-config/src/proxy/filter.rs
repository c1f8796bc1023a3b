//! `filter` and `filter-sequence` (manual 9): arguments are checked, names kept. `use-fcgi-app`, which sets a filter
//! too, and `log-steps`, `ssl-f-use`.

use std::sync::Arc;

use weir_plan::settings::LogSteps;
use weir_registry::Status;
use weir_syntax::Line;

use super::scope::Half;
use crate::keyword::Keyword;
use crate::model::{Filter, Name};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, Wanted};

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("filter", "<name> [ <parameters> ]", "A filter on the proxy's streams (9).", filter)
        .listed(),
    Keyword::new("filter-sequence", "{ request | response } <filters>", "Order of filters (9).", sequence)
        .listed()
        .not_yet(),
    Keyword::new("use-fcgi-app", "<name>", "Servers of a FastCGI application (4.2).", fcgi_app).listed(),
    Keyword::new("log-steps", "<steps>", "When log lines are written (4.2).", log_steps).listed(),
    Keyword::new("ssl-f-use", "crt <name> ...", "Certificates of a frontend (4.2).", ssl_f_use).listed(),
];

/// HAProxy lists its filters behind the message, a line each.
const REGISTERED: &str = "Registered keywords :";
/// Name, the package that `-dKflt` names, and whether it works; in the order of HAProxy's messages.
pub(crate) const KINDS: &[(&str, &str, Status)] = &[
    ("trace", "TRACE", Status::NoEffect("it shows HAProxy's own inner workings")),
    ("spoe", "SPOE", Status::NotYet),
    ("compression", "COMP", Status::Works),
    ("comp-req", "COMP", Status::Works),
    ("comp-res", "COMP", Status::Works),
    ("cache", "CACHE", Status::Works),
    ("fcgi-app", "FCGI", Status::NotYet),
    ("bwlim-in", "BWLIM", Status::Works),
    ("bwlim-out", "BWLIM", Status::Works),
];

fn filter(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let place = parser.place(line);
    if parser.in_defaults() {
        return line.fail(0, format!("parsing [{place}] : filter is not allowed in a 'default' section."));
    }
    let name = line.word(1);
    if name.is_empty() {
        let title = own_title(parser);
        return line.fail(0, format!("parsing [{place}] : missing argument for 'filter' in {title}."));
    }
    let Some((kind, _, status)) = KINDS.iter().find(|(kind, ..)| *kind == name) else {
        let list: String = KINDS.iter().map(|(kind, ..)| format!("\n   [{kind}]")).collect();
        return line.fail(1, format!("'filter' : unknown keyword '{name}'. {REGISTERED}{list}"));
    };
    let named = arguments(line, kind)?;
    if is_compression(kind) && parser.proxy().filters.iter().any(|filter| collides(filter.kind, kind)) {
        let owner = parser.proxy().name.clone();
        return line.fail(1, format!("'filter' : '{owner}: Proxy supports only one compression filter\n'"));
    }
    let twice = |filter: &Filter| {
        filter.kind == "cache" && filter.name.as_ref().is_some_and(|name| *name.text == *line.word(2))
    };
    if *kind == "cache" && parser.proxy().filters.iter().any(twice) {
        let (owner, cache) = (parser.proxy().name.clone(), line.word(2));
        let text = format!("multiple explicit declarations of the cache filter '{cache}'");
        return line.fail(1, format!("'filter' : '{owner}: {text}'"));
    }
    let name = named.map(|word| Name::new(parser.intern(line.word(word)), line.word_span(word)));
    let bandwidth = match is_bandwidth(kind) {
        true => Some(super::bandwidth::limit(parser, line, kind)?),
        false => None,
    };
    let declared = |filter: &Filter| {
        is_bandwidth(filter.kind) && filter.name.as_ref().is_some_and(|other| *other.text == *line.word(2))
    };
    if bandwidth.is_some() && parser.proxy().filters.iter().any(declared) {
        let (owner, own) = (parser.proxy().name.clone(), line.word(2));
        let text = format!("bwlim filter '{own}' already declared for proxy '{owner}'\n");
        return line.fail(2, format!("'filter' : '{text}'"));
    }
    parser.proxy().filters.push(Filter { kind, name, bandwidth, span: line.span() });
    if *kind == "cache" {
        parser.refer(Wanted::Cache, (line.word(2), ""), line.word_span(0), String::new());
        return Ok(());
    }
    if *status != Status::NotYet { Ok(()) } else { line.not_yet(1, &format!("filter {kind}")) }
}

/// `comp-req` and `comp-res` are the two halves of `compression`.
fn collides(known: &str, kind: &str) -> bool {
    known == kind || is_compression(known) && (known == "compression" || kind == "compression")
}

fn is_bandwidth(kind: &str) -> bool {
    matches!(kind, "bwlim-in" | "bwlim-out")
}

fn is_compression(kind: &str) -> bool {
    matches!(kind, "compression" | "comp-req" | "comp-res")
}

/// The word that names something, after the checks of the filter's own parameters.
fn arguments(line: &Line<'_>, kind: &str) -> Outcome<Option<usize>> {
    match kind {
        "cache" | "fcgi-app" if line.word(2).is_empty() => {
            line.fail(1, format!("'filter' : '{kind} : expects a <name> argument'"))
        }
        "cache" | "fcgi-app" => Ok(Some(2)),
        "compression" | "comp-req" | "comp-res" => match line.word(2) {
            "" => Ok(None),
            wrong => line.fail(2, format!("'filter compression' : unknown keyword '{wrong}'.")),
        },
        "trace" => trace(line),
        "spoe" => spoe(line),
        _ => Ok(Some(2)),
    }
}

fn trace(line: &Line<'_>) -> Outcome<Option<usize>> {
    let mut at = 2;
    while at < line.len() {
        match line.word(at) {
            "name" => at += 2,
            "random-forwarding" | "hexdump" | "quiet" => at += 1,
            wrong => return line.fail(at, format!("'filter trace' : unknown keyword '{wrong}'.")),
        }
    }
    Ok(None)
}

fn spoe(line: &Line<'_>) -> Outcome<Option<usize>> {
    let (mut engine, mut file) = (None, false);
    let mut at = 2;
    while at < line.len() {
        let option = line.word(at);
        if option != "engine" && option != "config" {
            return line.fail(at, format!("'filter' : ''spoe' : unknown keyword '{option}''"));
        }
        if line.word(at + 1).is_empty() {
            return line.fail(at, format!("'filter' : ''spoe' : '{option}' option without value'"));
        }
        match option {
            "engine" => engine = Some(at + 1),
            _ => file = true,
        }
        at += 2;
    }
    if !file {
        return line.fail(1, "'filter' : ''spoe' : missing config file'");
    }
    Ok(engine)
}

/// `backend 'b'`, `frontend 'f'`; `listen` sections are `proxy` here as elsewhere.
fn own_title(parser: &mut Parser<'_>) -> String {
    parser.title()
}

fn sequence(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let place = parser.place(line);
    if parser.in_defaults() {
        return line
            .fail(0, format!("parsing [{place}] : filter-sequence is not allowed in a 'default' section."));
    }
    let title = own_title(parser);
    match line.word(1) {
        "" => line.fail(0, format!("parsing [{place}] : missing argument for 'filter-sequence' in {title}.")),
        "request" | "response" => Ok(()),
        _ => {
            let text = "expected either 'request' or 'response' for 'filter-sequence' in";
            line.fail(1, format!("parsing [{place}] : {text} {title}."))
        }
    }
}

fn fcgi_app(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.in_defaults() || !parser.kind().has_backend() {
        return line.fail(0, "'use-fcgi-app' only available in backend or listen section");
    }
    if line.word(1).is_empty() {
        return line.fail(0, "'use-fcgi-app' expects <name> as argument");
    }
    let name = Name::new(parser.intern(line.word(1)), line.word_span(1));
    parser.backend().fcgi_app = Some(name);
    parser.refer(Wanted::FcgiApp, (line.word(1), ""), line.word_span(0), "use-fcgi-app".into());
    Ok(())
}

const STEPS: &[&str] = &[
    "accept",
    "request",
    "connect",
    "response",
    "close",
    "quic-init",
    "http-req",
    "http-res",
    "http-after-res",
    "tcp-req-conn",
    "tcp-req-sess",
    "tcp-req-cont",
    "tcp-res-cont",
];

fn log_steps(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.kind() == weir_types::ProxyKind::Backend {
        parser.warn_ignored(Half::Frontend, line, "log-steps");
        return Ok(());
    }
    let wrong = |name: &str| {
        line.fail(1, format!("invalid log step name ({name}). Expected values are: {}", STEPS.join(", ")))
    };
    let mut steps = LogSteps::default();
    match line.word(1) {
        all @ ("" | "all") => steps.insert(LogSteps::named(all)),
        list => {
            list.split(',').find(|name| !STEPS.contains(name)).map_or(Ok(()), wrong)?;
            list.split(',').for_each(|name| steps.insert(LogSteps::named(name)));
        }
    }
    Arc::make_mut(&mut parser.settings().log).steps = steps;
    Ok(())
}

fn ssl_f_use(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let known = crate::bind::is_crt_list_option;
    let mut at = 1;
    let mut certificate = None;
    let mut refused = None;
    while at < line.len() {
        match line.word(at) {
            "crt" => certificate = line.get(at + 1),
            "acme" | "domains" | "ips" | "alias" | "generate-dummy" | "keytype" | "bits" => {
                refused = refused.or(Some(at));
            }
            name if known(name) || crate::sections::crt_store::is_load_option(name) => {}
            wrong => return line.fail(at, format!("unknown crt keyword '{wrong}'")),
        }
        at += 2;
    }
    let Some(certificate) = certificate else {
        return line.fail(0, "Trying to load a certificate but no 'crt' keyword specified.");
    };
    if let Some(at) = refused {
        return line.not_yet(at, &format!("ssl-f-use ... {}", line.word(at)));
    }
    let place = parser.place(line);
    let frontend = parser.proxy().name.clone();
    let origin = parser.certificates.next_line(&frontend);
    let entries = crate::tls::apart(parser, certificate, line.from(1), &place, origin);
    parser.certificates.entries.extend(entries.or_else(|text| line.fail(0, text))?);
    Ok(())
}
