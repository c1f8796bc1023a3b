//! `source`, of a server and of a proxy: where outgoing connections come from.

use std::net::SocketAddr;
use std::sync::Arc;

use weir_plan::settings::SourceAddress;
use weir_syntax::Line;
use weir_syntax::address::{self, AddressUse};
use weir_types::{Address, AddressFamily, PortSpec};

use super::option::ServerOption;
use super::place::{Draft, Place};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::proxy::Half;

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
    if has_unsupported(place.line, place.at, taken) {
        return place.line.not_yet(place.at, "server ... usesrc");
    }
    Ok(taken)
}

/// `usesrc` with anything but the client's own address needs what is not there yet.
fn has_unsupported(line: &Line<'_>, at: usize, taken: usize) -> bool {
    let words = (at..=at + taken).map(|word| line.word(word));
    let mut behind = words.skip_while(|word| *word != "usesrc").skip(1);
    behind.next().is_some_and(|value| !matches!(value, "client" | "clientip"))
}

/// The words of a source from the keyword at `at` on: the source and how many words followed.
fn read(line: &Line<'_>, at: usize, usage: AddressUse) -> Result<(SourceAddress, usize), String> {
    let text = line.word(at + 1);
    let address = address::parse(text, usage).map_err(|error| format!("'source {text}' : {error}"))?;
    let (socket, ports) = parts(&address, text)?;
    let mut source = SourceAddress { address: socket, ports, interface: None, use_client: None };
    let mut taken = 1;
    loop {
        let value = line.word(at + taken + 2);
        match line.word(at + taken + 1) {
            "usesrc" => {
                source.use_client = match value {
                    "" => return Err("'usesrc' expects <addr>[:<port>], 'client', 'clientip', or 'hdr_ip(name,#)' as argument.".into()),
                    "client" => Some(true),
                    "clientip" => Some(false),
                    hdr if hdr.starts_with("hdr_ip(") => None,
                    other => {
                        address::parse(other, AddressUse::Source)
                            .map_err(|error| format!("'usesrc {other}' : {error}"))?;
                        None
                    }
                };
            }
            "interface" if value.is_empty() => return Err("'interface' : missing interface name.".into()),
            "interface" => source.interface = Some(value.into()),
            _ => return Ok((source, taken)),
        }
        taken += 2;
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
    if has_unsupported(line, 0, taken) {
        return line.not_yet(0, "source ... usesrc");
    }
    parser.settings().source = Some(Arc::new(source));
    Ok(())
}
