//! The lines: name, address, options; inheritance from `default-server`.

use std::sync::Arc;

use weir_registry::{Status, near};
use weir_syntax::Line;
use weir_syntax::address::{self, AddressUse};
use weir_types::{Address, AddressFamily, Level};

use super::option::{self, OPTIONS};
use super::place::{Draft, Place, fault};
use super::{source, tls};
use crate::keyword::Keyword;
use crate::model::{Server, ServerOptions, ServerTemplate};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, Wanted};
use crate::proxy::{Half, invalid_character};

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("server", "<name> <address>[:[port]] [param*]", "A server of the backend (4.2).", server),
    Keyword::new(
        "default-server",
        "[param*]",
        "What the following servers begin with (4.2).",
        default_server,
    ),
    Keyword::new(
        "server-template",
        "<prefix> <num | range> <fqdn>[:<port>] [param*]",
        "Servers by the dozen (4.2).",
        template,
    ),
    Keyword::new("dispatch", "<address>:<port>", "A server without a name (4.2).", dispatch),
    Keyword::new(
        "source",
        "<addr>[:<port>] [usesrc ...]",
        "Address for outgoing connections (4.2).",
        source::proxy_source,
    ),
];

/// Refuses the line where servers cannot be; HAProxy puts the place twice.
fn allowed(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let keyword = line.keyword();
    if parser.in_defaults() && keyword != "default-server" {
        let text = format!("'{keyword}' not allowed in 'defaults' section.");
        return Err(fault(line, 0, Level::Alert, text));
    }
    if !parser.in_defaults() && !parser.kind().has_backend() {
        let (place, title) = (parser.place(line), parser.title());
        let text =
            format!("parsing [{place}] : '{keyword}' not allowed because {title} has no backend capability.");
        return Err(fault(line, 0, Level::Alert, text));
    }
    Ok(())
}

fn server(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    allowed(parser, line)?;
    let name = line.word(1);
    if line.word(2).is_empty() {
        let text = "'server' expects <name> and <addr>[:<port>] as arguments.";
        return Err(fault(line, 0, Level::Alert, text.into()));
    }
    if let Some(wrong) = invalid_character(name) {
        let text = format!("character '{wrong}' is not permitted in server name '{name}'.");
        return Err(fault(line, 1, Level::Alert, text));
    }
    let server = one(parser, line, name, 2)?;
    parser.backend().servers.push(server);
    Ok(())
}

/// A server whose address is the word `at`.
fn one(parser: &mut Parser<'_>, line: &Line<'_>, name: &str, at: usize) -> Outcome<Server> {
    let title = format!("'server {}/{name}' : ", parser.proxy().name);
    let address = address_of(line, at, &title)?;
    let inherited = parser.proxy().settings.default_server.clone();
    let (draft, mut options) = options(parser, line, at + 1, &title, name, inherited)?;
    if address.mptcp {
        Arc::make_mut(&mut options).settings.mptcp = true;
    }
    if let Some(resolvers) = &options.resolvers {
        let (text, span) = (resolvers.text.clone(), resolvers.span);
        parser.refer(Wanted::Resolvers, (&text, name), span, "server ... resolvers".into());
    }
    let name = parser.intern(name);
    let Draft { cookie, id, guid, track, .. } = draft;
    Ok(Server { name, address, options, cookie, id, guid, track, span: line.span() })
}

/// The options of a peer, and its shard.
pub(crate) fn peer_options(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    first: usize,
    title: &str,
    inherited: Arc<ServerOptions>,
) -> Outcome<(Arc<ServerOptions>, u32)> {
    let (draft, options) = options(parser, line, first, title, line.word(1), inherited)?;
    Ok((options, draft.shard))
}

/// Whether a word is the name of an option.
pub(crate) fn is_option(word: &str) -> bool {
    option::find(word).is_some()
}

/// The options from the word `first` on: read once for all lines that say the same.
fn options(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    first: usize,
    title: &str,
    name: &str,
    inherited: Arc<ServerOptions>,
) -> Outcome<(Draft, Arc<ServerOptions>)> {
    let encrypts = inherited.tls.as_ref().is_some_and(|tls| tls.enabled || tls.check);
    if line.len() <= first && !encrypts {
        return Ok((Draft::default(), inherited));
    }
    if let Some(options) = parser.server_options.find(line.from(first), &inherited) {
        return Ok((Draft::default(), options));
    }
    let said = parser.diagnostics.list.len();
    let mut draft = Draft { options: (*inherited).clone(), ..Draft::default() };
    read(parser, line, first, title, name, &mut draft)?;
    let options = Arc::new(std::mem::take(&mut draft.options));
    // What names the server, or was remarked upon, is this line's alone.
    let calls_others = options.resolvers.is_some() || options.healthcheck.is_some();
    if draft.is_shareable() && !calls_others && parser.diagnostics.list.len() == said {
        parser.server_options.keep(inherited, options.clone());
    }
    Ok((draft, options))
}

fn address_of(line: &Line<'_>, at: usize, title: &str) -> Outcome<Address> {
    let text = line.word(at);
    let address = address::parse(text, AddressUse::Server).map_err(|error| error.to_string());
    address
        .and_then(|address| crate::host::served(&address, text).map(|()| address))
        .map_err(|error| fault(line, at, Level::Alert, format!("{title}{error}")))
}

/// Every option from the word `first` on.
fn read(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    first: usize,
    title: &str,
    server: &str,
    draft: &mut Draft,
) -> Outcome {
    let mut refused = None;
    let mut at = first;
    while at < line.len() {
        let Some(row) = option::find(line.word(at)) else { return unknown(line, at, title) };
        let place = Place { line, at, title, server };
        if parser.adds_server && !option::is_dynamic(row.name) {
            let text = format!("{title}'{}' option is not accepted for dynamic server", row.name);
            return Err(fault(line, at, Level::Alert, text));
        }
        if row.status == Status::NotYet {
            refused = refused.or(Some(at));
        }
        at += 1 + (row.parse)(parser, &place, draft)?;
    }
    let agent = &draft.options.settings.agent;
    if agent.enabled && agent.port.is_none() && !title.is_empty() {
        let text = format!("{title}server {server} does not have agent port. Agent check has been disabled.");
        return Err(fault(line, first, Level::Alert, text));
    }
    for warning in draft.warnings.drain(..) {
        parser.push(warning);
    }
    tls::settle(parser, line, title, draft)?;
    match refused {
        Some(at) => line.not_yet(at, &format!("server ... {}", line.word(at))),
        None => Ok(()),
    }
}

fn unknown(line: &Line<'_>, at: usize, title: &str) -> Outcome {
    let name = line.word(at);
    // `default-server` has no title and no address either.
    let hint = if title.is_empty() { " Hint: no address was expected for this server." } else { "" };
    let text = match near(name, OPTIONS.iter().map(|row| row.name)) {
        Some(other) => format!("{title}unknown keyword '{name}'; did you mean '{other}' maybe ?{hint}"),
        None => format!("{title}unknown keyword '{name}'.{hint}"),
    };
    Err(fault(line, at, Level::Alert, text))
}

fn default_server(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    allowed(parser, line)?;
    let inherited = parser.proxy().settings.default_server.clone();
    let options = defaults(parser, line, &inherited)?;
    if options != *inherited {
        parser.settings().default_server = Arc::new(options);
    }
    Ok(())
}

/// What a `default-server` line makes of what was inherited.
pub(crate) fn defaults(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    inherited: &ServerOptions,
) -> Outcome<ServerOptions> {
    let mut draft = Draft { options: inherited.clone(), ..Draft::default() };
    read(parser, line, 1, "", "", &mut draft)?;
    if draft.id.is_some() {
        let text = "'id' option is not accepted in default-server sections";
        parser.push(*fault(line, 1, Level::Warning, text.into()));
    }
    draft.options.cookie = draft.cookie.or(draft.options.cookie);
    draft.options.track = draft.track.or(draft.options.track);
    Ok(draft.options)
}

fn template(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    allowed(parser, line)?;
    let (prefix, range) = (line.word(1), line.word(2));
    if line.word(3).is_empty() {
        let text = "'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments.";
        return Err(fault(line, 0, Level::Alert, text.into()));
    }
    if let Some(wrong) = invalid_character(prefix) {
        let text = format!("character '{wrong}' is not permitted in server-template prefix '{prefix}'.");
        return Err(fault(line, 1, Level::Alert, text));
    }
    let (low, high) = range.split_once('-').unwrap_or(("1", range));
    let (first, last) = match (low.parse::<u32>(), high.parse::<u32>()) {
        (Ok(first), Ok(last)) if first <= last && last > 0 => (first, last),
        _ => {
            let text = format!("Wrong server-template number or range arg '{range}'.");
            return Err(fault(line, 2, Level::Alert, text));
        }
    };
    let model = one(parser, line, prefix, 3)?;
    let backend = parser.backend();
    let before = u32::try_from(backend.servers.len()).unwrap_or(u32::MAX);
    backend.templates.push(ServerTemplate { prefix: model.name.clone(), first, last, before, model });
    Ok(())
}

/// Deprecated: the one server of a proxy, without name, health or counters of its own.
fn dispatch(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.not_in_defaults(line, "dispatch")?;
    if parser.lacks(Half::Backend, line, "dispatch") {
        return Ok(());
    }
    if line.word(1).is_empty() {
        return line.fail(0, "'dispatch' : '' resolves to an empty address (environment variable missing?)");
    }
    let mut address = address::parse(line.word(1), AddressUse::Peer)
        .or_else(|error| line.fail(1, format!("'dispatch' : {error}")))?;
    if let AddressFamily::Name(name) = &address.family {
        let Some(ip) = parser.options.files.address(name, address.only) else {
            let text = format!("'dispatch' : invalid address: '{name}' in '{}'", line.word(1));
            return line.fail(1, text);
        };
        address.family = AddressFamily::Ip(ip);
    }
    parser.at_most(line, 2)?;
    if !parser.deprecated {
        let text = "keyword 'dispatch' is deprecated in 3.3 and will be removed in 3.5. The modern way to do the same is \
                    to create a server with the same address.";
        crate::proxy::deprecated(parser, line, text);
    }
    parser.backend().dispatch = Some((address, line.span()));
    Ok(())
}
