//! `peers` sections (manual 11.2). Tables survive a reload without them, so a section with nobody but the local peer
//! has nothing to do and is accepted; exchanging tables with others is refused for now.

use std::sync::{Arc, LazyLock};

use weir_syntax::address::{self, AddressUse};
use weir_syntax::{Line, name};
use weir_types::{Address, Diagnostic, Diagnostics, Form, PortSpec};

use super::{header, whole};
use crate::bind;
use crate::keyword::{Index, Keyword};
use crate::model::{Bind, Peer, Peers, PeersTable};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};
use crate::proxy::logs::log_line;
use crate::proxy::stick;
use crate::value;

pub static SECTION: SectionKind =
    SectionKind { keyword: "peers", begin, index, unknown: Unknown::As("peers"), end: |_| {} };

const ALONE: &str = "a section with other peers is refused, and the local peer alone has nobody to talk to";

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("peer", "<peername> [<address>]:port [param*]", "A peer (11.2).", peer).no_effect(ALONE),
    Keyword::new("server", "<peername> [<address>:<port>] [param*]", "A peer (11.2).", peer).no_effect(ALONE),
    Keyword::new("bind", "[<address>]:port [param*]", "Where the local peer listens (11.2).", listen)
        .no_effect(ALONE),
    Keyword::new("default-bind", "[param*]", "Options of the local peer's address (11.2).", default_bind)
        .no_effect(ALONE),
    Keyword::new("default-server", "[param*]", "Options of the peers' addresses (11.2).", default_server)
        .no_effect(ALONE),
    Keyword::new("disabled", "", "The section does nothing (11.2).", disabled),
    Keyword::new("enabled", "", "Undoes `disabled` (11.2).", enabled),
    Keyword::new("log", "<target> ... <facility> [<level>]", "Logs of the local listener (11.2).", log)
        .no_effect(ALONE),
    Keyword::new("shards", "<shards>", "How many peers share a table's contents (11.2).", shards)
        .no_effect(ALONE),
    Keyword::new("table", "<tablename> type <type> size <size> ...", "A table of the section (11.2).", table),
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
    if let Some(other) = parser.config.peers.iter().find(|other| other.name == name) {
        let place = parser.place_of(other.span);
        let text =
            format!("peers section '{name}' has the same name as another peers section declared at {place}.");
        return header::duplicate(line.word_span(1), text);
    }
    parser.config.peers.push(Peers { name, span: line.span(), ..Peers::default() });
    Ok(())
}

fn section<'p>(parser: &'p mut Parser<'_>) -> &'p mut Peers {
    parser.config.peers.last_mut().expect("a section has begun")
}

/// The local peer's name as far as it is known at this line.
fn local(parser: &Parser<'_>) -> Box<str> {
    parser.config.global.localpeer.clone().unwrap_or_else(|| parser.options.hostname.clone())
}

fn peer(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let (keyword, name, text) = (line.keyword(), line.word(1), line.word(2));
    if let Err(wrong) = name::check(name) {
        let refused = line.alert(1, wrong.within("peer", name));
        return Err(Box::new(refused.with_form(Form::Place)));
    }
    let is_local = *name == *local(parser);
    let has_bind = section(parser).bind.is_some();
    if is_local && keyword == "peer" && has_bind {
        return line.fail(0, "mixing \"peer\" and \"bind\" line is forbidden");
    }
    if text.is_empty() && !(is_local && keyword == "server") {
        let why = "ignoring invalid peer definition (missing address:port)";
        parser.push(line.warning(0, format!("'{keyword} {name}' : {why}")));
        return Ok(());
    }
    let mut address = None;
    let mut options = 2;
    // Where `bind` says the local address, the line has options only.
    let bound_here = is_local && has_bind;
    if !bound_here && !text.is_empty() {
        let owner = section(parser).local.clone();
        let owner = owner.as_deref().unwrap_or("(null)");
        let wrong = |fault: address::AddressError| -> Outcome<Address> {
            let refused = line.alert(2, format!("'server {owner}/{name}' : {fault}"));
            Err(Box::new(refused.with_form(Form::Place)))
        };
        let parsed = address::parse(text, AddressUse::Peer).or_else(wrong)?;
        if !header::resolves(parser, &parsed) {
            return wrong(header::unresolved(&parsed, text)).map(drop);
        }
        address = Some(parsed);
        options = 3;
    }
    if is_local {
        let known = section(parser).peers.iter().find(|peer| *peer.name == *name).map(|peer| peer.span);
        if let Some(at) = known {
            let place = parser.place_of(at);
            let text = format!("'{keyword} {name}' : local peer name already referenced at {place}. {name}");
            return line.fail(1, text);
        }
    }
    let name = parser.intern(name);
    let peers = section(parser);
    if is_local {
        peers.local = Some(name.clone());
    }
    peers.peers.push(Peer { name, address, span: line.span() });
    unread_options(line, options)
}

/// Options of addresses are not read here: one that is written is refused rather than passed over.
fn unread_options(line: &Line<'_>, first: usize) -> Outcome {
    match line.word(first) {
        "" => Ok(()),
        option => line.not_yet(first, option),
    }
}

fn listen(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let text = line.word(1);
    if text.is_empty() {
        return Ok(());
    }
    let addresses = bind::addresses(parser, line, AddressUse::Bind)
        .or_else(|fault| line.fail(1, format!("'bind {text}' : {fault}")))?;
    if let Some(at) = section(parser).bind.as_ref().map(|bind| bind.span) {
        let place = parser.place_of(at);
        let why = "One listener per \"peers\" section is authorized but another is already configured at";
        return line.fail(0, format!("{why} [{place}]."));
    }
    let peers = section(parser);
    if peers.peers.iter().any(|peer| peer.address.is_some() && Some(&peer.name) == peers.local.as_ref()) {
        return line.fail(0, "mixing \"peer\" and \"bind\" line is forbidden");
    }
    if addresses.len() > 1 || addresses.iter().any(|address| matches!(address.port, PortSpec::Range(..))) {
        let why = "Multiple listening addresses or port range are not supported.";
        return line.fail(1, format!("Only one listener per \"peers\" section is authorized. {why}"));
    }
    let title = format!("'bind {text}' in section 'peers'");
    let options = Arc::new(bind::options(parser, line, 2, &title)?);
    let bind = Bind { addresses, text: parser.intern(text), options, span: line.span() };
    section(parser).bind = Some(bind);
    Ok(())
}

fn default_bind(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let title = format!("'default-bind {}' in section 'peers'", line.word(1));
    bind::options(parser, line, 1, &title).map(drop)
}

fn default_server(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    unread_options(line, 1)
}

fn disabled(parser: &mut Parser<'_>, _: &Line<'_>) -> Outcome {
    section(parser).disabled = true;
    Ok(())
}

fn enabled(parser: &mut Parser<'_>, _: &Line<'_>) -> Outcome {
    section(parser).disabled = false;
    Ok(())
}

fn log(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    log_line(parser, line).map(drop)
}

fn shards(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let text = line.word(1);
    if text.is_empty() {
        return line.fail(0, "'shards' : missing value");
    }
    match value::integer(text).map(u32::try_from) {
        Err(_) => line.fail(1, format!("'shards' : expects an integer argument, found '{text}'")),
        Ok(Ok(shards)) if shards > 0 => {
            section(parser).shards = Some(shards);
            Ok(())
        }
        Ok(_) => line.fail(1, "'shards' : expects a strictly positive integer argument"),
    }
}

fn table(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let peers = section(parser).name.clone();
    let name = parser.intern(&format!("{peers}/{}", line.word(1)));
    let known = section(parser).tables.iter().find(|table| table.name == name).map(|table| table.table.span);
    if let Some(at) = known {
        let (place, name) = (parser.place_of(at), line.word(1));
        let why = format!("conflicts with table declared in peers '{peers}' at {place}.");
        return line.fail(1, format!("stick-table name '{name}' {why}"));
    }
    let table = stick::table(parser, line, 2).map_err(|mut refused| {
        refused.text = refused.text.replacen("stick-table", "table", 1).into();
        refused
    })?;
    section(parser).tables.push(PeersTable { name, table });
    Ok(())
}

/// HAProxy drops a section without the local peer. One with others would exchange tables, which weir does not do yet.
pub(super) fn check(local: &str, sections: &mut [Peers], diagnostics: &mut Diagnostics) {
    for section in sections.iter_mut().filter(|section| !section.disabled) {
        if !section.peers.iter().any(|peer| *peer.name == *local) {
            section.disabled = true;
            let text =
                format!("Removing incomplete section 'peers {}' (no peer named '{local}').", section.name);
            whole::warn(diagnostics, section.span, text);
            continue;
        }
        if let Some(other) = section.peers.iter().find(|peer| *peer.name != *local) {
            let text = format!("'peer {}' is not supported by weir yet", other.name);
            diagnostics.push(Diagnostic::alert(other.span, text));
        }
    }
}
