//! `peers` sections (manual 11.2): with whom tables are exchanged.

use std::sync::{Arc, LazyLock};

use weir_syntax::address::{self, AddressUse};
use weir_syntax::{Line, name};
use weir_types::{Address, Diagnostic, Diagnostics, Form, Level, PortSpec};

use super::{header, whole};
use crate::bind;
use crate::keyword::{Index, Keyword};
use crate::model::{Bind, Peer, Peers, PeersTable};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};
use crate::proxy::logs::log_line;
use crate::proxy::stick;
use crate::server;
use crate::value;

pub static SECTION: SectionKind =
    SectionKind { keyword: "peers", begin, index, unknown: Unknown::As("peers"), end: |_| {} };

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("peer", "<peername> [<address>]:port [param*]", "A peer (11.2).", peer),
    Keyword::new("server", "<peername> [<address>:<port>] [param*]", "A peer (11.2).", peer),
    Keyword::new("bind", "[<address>]:port [param*]", "Where the local peer listens (11.2).", listen),
    Keyword::new("default-bind", "[param*]", "Options of the local peer's address (11.2).", default_bind),
    Keyword::new("default-server", "[param*]", "Options of the peers' addresses (11.2).", default_server),
    Keyword::new("disabled", "", "The section does nothing (11.2).", disabled),
    Keyword::new("enabled", "", "Undoes `disabled` (11.2).", enabled),
    Keyword::new("log", "<target> ... <facility> [<level>]", "Logs of the local listener (11.2).", log)
        .no_effect("sessions of peers write no log lines, as in HAProxy"),
    Keyword::new("shards", "<shards>", "How many peers share a table's contents (11.2).", shards),
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
    let has_bind = section(parser).bind.is_some() && !is_bound_by_peer(section(parser));
    if is_local && keyword == "peer" && has_bind {
        return line.fail(0, "mixing \"peer\" and \"bind\" line is forbidden");
    }
    if text.is_empty() && !(is_local && keyword == "server") {
        let why = "ignoring invalid peer definition (missing address:port)";
        parser.push(line.warning(0, format!("'{keyword} {name}' : {why}")));
        return Ok(());
    }
    let owner = section(parser).local.clone().unwrap_or_else(|| "(null)".into());
    let title = |owner: &str| format!("'server {owner}/{name}' : ");
    let mut address = None;
    let mut options = 2;
    // The local peer's address stands on the `bind` line, but for the old keyword.
    let bound_elsewhere = is_local && keyword == "server";
    if bound_elsewhere && !text.is_empty() && !server::is_option(text) {
        let title = title(if *owner == *"(null)" { name } else { &owner });
        let text = format!("{title}unknown keyword '{text}'. Hint: no address was expected for this server.");
        return Err(Box::new(line.alert(2, text).with_form(Form::Place)));
    }
    if !bound_elsewhere && !text.is_empty() {
        let wrong = |fault: address::AddressError| -> Outcome<Address> {
            let refused = line.alert(2, format!("{}{fault}", title(&owner)));
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
    let owner: Arc<str> = if is_local { name.into() } else { owner.clone() };
    let inherited = section(parser).default_server.clone();
    let (options, shard) = server::peer_options(parser, line, options, &title(&owner), inherited)?;
    let settings = &options.settings;
    let checked = settings.check.enabled || settings.agent.enabled;
    if checked || options.resolvers.is_some() || options.init_address.is_some() {
        let why = "init_addr, resolvers, check and agent are ignored for peers.";
        parser.push(line.warning(0, format!("'{keyword} {name}' : {why}")));
    }
    let shards = section(parser).shards.unwrap_or(0);
    let shard = if !is_local && shards > 0 && shard > shards {
        let why = format!("{shard} peer shard greater value than {shards} shards value is ignored.");
        parser.push(line.warning(0, format!("'{keyword} {name}' : {why}")));
        0
    } else {
        shard
    };
    let name = parser.intern(name);
    let begin = section(parser).default_bind.clone().unwrap_or_else(|| parser.global.unix_bind.options());
    let text = parser.intern(text);
    let peers = section(parser);
    if is_local {
        peers.local = Some(name.clone());
        if let Some(address) = address.clone() {
            let bind = Bind { addresses: vec![address], text, options: Arc::new(begin), span: line.span() };
            peers.bind = Some(bind);
        }
    }
    peers.peers.push(Peer { name, address, options, shard, span: line.span() });
    Ok(())
}

/// Whether the local peer's own line says where it listens.
fn is_bound_by_peer(section: &Peers) -> bool {
    section.peers.iter().any(|peer| peer.address.is_some() && Some(&peer.name) == section.local.as_ref())
}

fn listen(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let text = line.word(1);
    if text.is_empty() {
        return Ok(());
    }
    let addresses = bind::addresses(parser, line, AddressUse::Bind)
        .or_else(|fault| line.fail(1, format!("'bind {text}' : {fault}")))?;
    if is_bound_by_peer(section(parser)) {
        return line.fail(0, "mixing \"peer\" and \"bind\" line is forbidden");
    }
    if let Some(at) = section(parser).bind.as_ref().map(|bind| bind.span) {
        let place = parser.place_of(at);
        let why = "One listener per \"peers\" section is authorized but another is already configured at";
        return line.fail(0, format!("{why} [{place}]."));
    }
    if addresses.len() > 1 || addresses.iter().any(|address| matches!(address.port, PortSpec::Range(..))) {
        let why = "Multiple listening addresses or port range are not supported.";
        return line.fail(1, format!("Only one listener per \"peers\" section is authorized. {why}"));
    }
    let title = format!("'bind {text}' in section 'peers'");
    let begin = section(parser).default_bind.clone().unwrap_or_else(|| parser.global.unix_bind.options());
    let options = Arc::new(bind::options_over(parser, line, 2, &title, begin)?);
    let bind = Bind { addresses, text: parser.intern(text), options, span: line.span() };
    section(parser).bind = Some(bind);
    Ok(())
}

fn default_bind(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let title = format!("'default-bind {}' in section 'peers'", line.word(1));
    let begin = section(parser).default_bind.take().unwrap_or_else(|| parser.global.unix_bind.options());
    let options = bind::options_over(parser, line, 1, &title, begin)?;
    section(parser).default_bind = Some(options);
    Ok(())
}

fn default_server(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let inherited = section(parser).default_server.clone();
    section(parser).default_server = Arc::new(server::defaults(parser, line, &inherited)?);
    Ok(())
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

/// Peers of one name in a section.
pub(super) fn duplicates(parser: &mut Parser<'_>) {
    let mut found = Vec::new();
    for section in parser.config.peers.iter().filter(|section| !section.disabled) {
        let local = section.local.as_deref().unwrap_or(&section.name);
        for (at, peer) in section.peers.iter().enumerate() {
            let Some(other) = section.peers[..at].iter().find(|other| other.name == peer.name) else {
                continue;
            };
            let (first, second) = (parser.place_of(other.span), parser.place_of(peer.span));
            let text = format!(
                "Peer section '{local}' [{first}]: another peer named '{}' was already defined at line {second}, please \
                 use distinct names.",
                peer.name
            );
            found.push(Diagnostic::new(Level::Alert, Form::Config, Some(other.span), text));
        }
    }
    found.into_iter().for_each(|diagnostic| parser.push(diagnostic));
}

/// HAProxy drops a section without the local peer.
pub(super) fn check(local: &str, sections: &mut [Peers], diagnostics: &mut Diagnostics) {
    for section in sections.iter_mut().filter(|section| !section.disabled) {
        let Peers { name, peers, shards, .. } = section;
        if !peers.iter().any(|peer| *peer.name == *local) {
            let text = format!("Removing incomplete section 'peers {name}' (no peer named '{local}').");
            whole::warn(diagnostics, section.span, text);
            section.disabled = true;
            continue;
        }
        let shards = shards.unwrap_or(0);
        for peer in peers.iter_mut().filter(|peer| peer.shard > 0) {
            let why = match () {
                () if *peer.name == *local => String::new(),
                () if peer.shard > shards => format!(
                    " because {} shard value is greater than the section number of shards ({shards})",
                    peer.shard
                ),
                () => continue,
            };
            peer.shard = 0;
            let text = format!("Peers section '{name}': shard ignored for '{}' local peer{why}", peer.name);
            let config = Form::Config;
            diagnostics.push(Diagnostic::new(Level::Warning, config, Some(peer.span), text));
        }
    }
}
