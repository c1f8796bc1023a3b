//! `source`, of a server and of a proxy: where outgoing connections come from.

use std::net::SocketAddr;
use std::sync::Arc;

use weir_plan::settings::{SourceAddress, UseSource};
use weir_syntax::Line;
use weir_syntax::address::{self, AddressUse};
use weir_types::{Address, AddressFamily, PortSpec};

use super::option::ServerOption;
use super::place::{Draft, Place};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::proxy::Half;
use crate::value::atol;

pub const OPTIONS: &[ServerOption] = &[
    ServerOption {
        words: "+-1",
        ..ServerOption::switch("source", "Where connections come from (5.2).", source)
    },
    ServerOption::switch("usesrc", "Whose address they bear (5.2).", |_, place, _| {
        place.fail("'usesrc' only allowed after a 'source' statement.")
    }),
];

fn source(_: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    if place.value().is_empty() {
        let text = "'source' expects <addr>[:<port>[-<port>]], and optionally 'usesrc' <addr>, and 'interface' <name> \
                    as argument.";
        return place.fail(text);
    }
    let (source, taken) =
        read(place.line, place.at, AddressUse::ServerSource).or_else(|text| place.fail(&text))?;
    draft.options.settings.source = Some(source);
    draft.has_source = true;
    Ok(taken)
}

/// The words of a source from the keyword at `at` on: the source and how many words followed.
fn read(line: &Line<'_>, at: usize, usage: AddressUse) -> Result<(SourceAddress, usize), String> {
    let text = line.word(at + 1);
    let address = address::parse(text, usage).map_err(|error| format!("'source {text}' : {error}"))?;
    let (socket, ports) = parts(&address, text)?;
    let mut source = SourceAddress { address: socket, ports, interface: None, use_source: None };
    let mut taken = 1;
    loop {
        let value = line.word(at + taken + 2);
        match line.word(at + taken + 1) {
            "usesrc" => source.use_source = Some(use_source(value, usage)?),
            "interface" if value.is_empty() => return Err("'interface' : missing interface name.".into()),
            "interface" => source.interface = Some(value.into()),
            _ => return Ok((source, taken)),
        }
        taken += 2;
    }
}

/// The word behind `usesrc`.
fn use_source(text: &str, usage: AddressUse) -> Result<UseSource, String> {
    match text {
        "" => {
            let last =
                if usage == AddressUse::Source { "or 'clientip'" } else { "'clientip', or 'hdr_ip(name,#)'" };
            Err(format!("'usesrc' expects <addr>[:<port>], 'client', {last} as argument."))
        }
        "client" => Ok(UseSource::Client),
        "clientip" => Ok(UseSource::ClientIp),
        _ => match text.strip_prefix("hdr_ip(") {
            Some(arguments) => header(arguments),
            None => foreign_address(text).map_err(|error| format!("'usesrc {text}' : {error}")),
        },
    }
}

/// What stands behind `hdr_ip(`; what is no number is 0, as HAProxy reads it.
fn header(arguments: &str) -> Result<UseSource, String> {
    let (arguments, _) = arguments.split_once(')').unwrap_or((arguments, ""));
    let (name, occurrence) = match arguments.split_once(',') {
        Some((name, occurrence)) => (name, atol(occurrence)),
        None => (arguments, -1),
    };
    if occurrence < LOWEST_OCCURRENCE {
        return Err(
            "usesrc hdr_ip(name,num) does not support negative occurrences values smaller than 10.".into()
        );
    }
    let occurrence = i32::try_from(occurrence).unwrap_or(i32::MAX);
    Ok(UseSource::Header { name: name.to_ascii_lowercase().into(), occurrence })
}

/// HAProxy looks back no farther.
const LOWEST_OCCURRENCE: i64 = -10;

fn foreign_address(text: &str) -> Result<UseSource, String> {
    let address = address::parse(text, AddressUse::Source).map_err(|error| error.to_string())?;
    match (&address.family, &address.port) {
        (AddressFamily::Ip(ip), PortSpec::Fixed(port)) => Ok(UseSource::Address(SocketAddr::new(*ip, *port))),
        (AddressFamily::Ip(ip), _) => Ok(UseSource::Address(SocketAddr::new(*ip, 0))),
        _ => Err(format!("invalid address: '{text}' in '{text}'")),
    }
}

type Parts = (Option<SocketAddr>, Option<(u16, u16)>);

/// The address, `None` for the unspecified one, and its range of ports.
fn parts(address: &Address, text: &str) -> Result<Parts, String> {
    let AddressFamily::Ip(ip) = &address.family else {
        return Err(format!("'source {text}' : invalid address: '{text}' in '{text}'"));
    };
    let (port, ports) = match address.port {
        PortSpec::Fixed(port) => (port, None),
        PortSpec::Range(low, high) => (0, Some((low, high))),
        _ => (0, None),
    };
    let socket = (!ip.is_unspecified() || port > 0).then(|| SocketAddr::new(*ip, port));
    Ok((socket, ports))
}

/// `source` of a proxy: for all of its servers.
pub(super) fn proxy_source(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "source") {
        return Ok(());
    }
    if line.word(1).is_empty() {
        let text =
            "'source' expects <addr>[:<port>], and optionally 'usesrc' <addr>, and 'interface' <name>.";
        return line.fail(0, text);
    }
    let (source, taken) = read(line, 0, AddressUse::Source).or_else(|text| line.fail(1, text))?;
    if line.len() > taken + 1 {
        let text = "'source' only supports optional keywords 'interface' and 'usesrc'.";
        return line.fail(taken + 1, text);
    }
    parser.settings().source = Some(Arc::new(source));
    Ok(())
}
