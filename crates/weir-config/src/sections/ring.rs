//! `ring` sections (manual 12.5): bounded stores of log lines, with servers that are sent them.

use std::sync::LazyLock;

use weir_syntax::address::{self, AddressUse};
use weir_syntax::{Line, name, size};
use weir_types::{Diagnostic, Form, Level};

use super::header;
use crate::keyword::{Index, Keyword};
use crate::model::{Ring, RingServer};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};
use crate::proxy::logs::format_name;

pub static SECTION: SectionKind =
    SectionKind { keyword: "ring", begin, index, unknown: Unknown::Statement, end: |_| {} };

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("description", "<text>", "Shown by the runtime commands (12.5).", description),
    Keyword::new("format", "<format>", "How events are stored (12.5).", format),
    Keyword::new("maxlen", "<length>", "The longest event (12.5).", maxlen),
    Keyword::new("size", "<size>", "Memory of the ring (12.5).", ring_size),
    Keyword::new("backing-file", "<path>", "A file that holds the ring (12.5).", backing_file).not_yet(),
    Keyword::new("server", "<name> <address> [param*]", "Where events are sent (12.5).", server),
    Keyword::new("timeout", "{ connect | server } <timeout>", "Times of the servers (12.5).", timeout),
];

/// Rings that are always there.
const PREDEFINED: &[&str] = &["stdout", "stderr", "buf0", "dpapi"];

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

/// Whether a `log` line may call this ring although no section declares it.
pub fn is_predefined(name: &str) -> bool {
    PREDEFINED.contains(&name)
}

fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = line.word(1);
    if name.is_empty() {
        return line.fail(0, "missing ring name.");
    }
    if let Err(wrong) = name::check(name) {
        let text = format!("invalid ring name '{name}' (character '{}' is not permitted).", wrong.character);
        return line.fail(1, text);
    }
    let name = parser.intern(name);
    if is_predefined(&name) || parser.config.rings.iter().any(|other| other.name == name) {
        return line.fail(1, format!("sink named '{name}' already exists."));
    }
    parser.config.rings.push(Ring { name, span: line.span(), ..Ring::default() });
    Ok(())
}

fn section<'p>(parser: &'p mut Parser<'_>) -> &'p mut Ring {
    parser.config.rings.last_mut().expect("a section has begun")
}

fn description(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() {
        return line.fail(0, "missing ring description text.");
    }
    section(parser).description = Some(line.word(1).into());
    Ok(())
}

fn format(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let Some(format) = format_name(line.word(1)) else {
        return line.fail(1, format!("unknown format '{}'.", line.word(1)));
    };
    section(parser).format = Some(format);
    Ok(())
}

fn bytes(line: &Line<'_>) -> Outcome<u64> {
    let text = line.word(1);
    match size::parse_up_to(text, u64::MAX) {
        Ok(bytes) if bytes > 0 => Ok(bytes),
        _ => line.fail(1, format!("invalid size '{text}' for new sink buffer.")),
    }
}

fn maxlen(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let bytes = bytes(line)?;
    section(parser).maxlen = Some(u32::try_from(bytes).unwrap_or(u32::MAX));
    Ok(())
}

fn ring_size(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let bytes = bytes(line)?;
    section(parser).size = Some(bytes);
    Ok(())
}

fn backing_file(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() {
        let name = section(parser).name.clone();
        let text = format!("cannot open backing-file '' for ring '{name}': No such file or directory.");
        return line.fail(0, text);
    }
    section(parser).backing_file = Some(line.word(1).into());
    line.not_yet(0, "backing-file")
}

fn server(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let (name, text) = (line.word(1), line.word(2));
    let ring = section(parser).name.clone();
    let place = |diagnostic: Diagnostic| Err(Box::new(diagnostic.with_form(Form::Place)));
    if text.is_empty() {
        return place(line.alert(0, "'server' expects <name> and <addr>[:<port>] as arguments."));
    }
    if let Err(wrong) = name::check(name) {
        return place(line.alert(1, wrong.within("server", name)));
    }
    let address = match address::parse(text, AddressUse::Server) {
        Ok(address) => address,
        Err(fault) => return place(line.alert(2, format!("'server {ring}/{name}' : {fault}"))),
    };
    if !header::resolves(parser, &address) {
        let text = format!("'server {ring}/{name}' : {}", header::unresolved(&address, text));
        return place(line.alert(2, text));
    }
    let octet_count = options(line)?;
    let name = parser.intern(name);
    section(parser).servers.push(RingServer { name, address, octet_count, span: line.span() });
    Ok(())
}

/// `log-proto`, and what has no meaning for a server that takes log lines.
fn options(line: &Line<'_>) -> Outcome<bool> {
    let mut octet_count = false;
    let mut at = 3;
    while at < line.len() {
        match line.word(at) {
            "log-proto" => {
                octet_count = match line.word(at + 1) {
                    "octet-count" => true,
                    "legacy" => false,
                    wrong => {
                        return line
                            .fail(at + 1, format!("'server' : 'log-proto' : unknown log-proto '{wrong}'."));
                    }
                };
                at += 2;
            }
            "weight" | "maxconn" | "id" => at += 2,
            other => return line.not_yet(at, &format!("server ... {other}' in 'ring")),
        }
    }
    Ok(octet_count)
}

fn timeout(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let event = line.word(1);
    if !matches!(event, "connect" | "server") {
        // HAProxy takes any other as well and does nothing with it.
        let text = format!("'timeout {event}' does nothing in a ring, only 'connect' and 'server' do");
        let mut remark = line.warning(1, text);
        remark.level = Level::Diag;
        parser.push(remark);
        return Ok(());
    }
    let time = header::timeout(line, event, line.word(2))?;
    let ring = section(parser);
    *(if event == "connect" { &mut ring.timeout_connect } else { &mut ring.timeout_server }) = Some(time);
    Ok(())
}
