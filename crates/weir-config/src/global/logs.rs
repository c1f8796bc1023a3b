//! `log`, `log-tag`, `log-send-hostname` in `global` (manual 3.1).

use std::net::SocketAddr;

use weir_plan::settings::{LogTarget, LogTransport};
use weir_syntax::Line;
use weir_types::{Address, AddressFamily, PortSpec};

use super::argument::word;
use crate::keyword::Keyword;
use crate::model::{LogLine, LogWhere};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, Prefix};
use crate::proxy::logs::log_line;

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new(
        "log",
        "<target> [len <l>] [format <f>] [sample <r>:<s>] <facility> [<level> [<min>]]",
        "Where `log global` sends (3.1).",
        log,
    ),
    Keyword::new("log-tag", "<string>", "The program's name in syslog (3.1).", |parser, line| {
        let tag = word(parser, line, "expects a tag for use in syslog.")?;
        parser.config.global.log_tag = Some(tag.into());
        Ok(())
    }),
    Keyword::new("log-send-hostname", "[<string>]", "The host's name in syslog (3.1).", |parser, line| {
        parser.config.global.log_send_hostname =
            Some(Some(line.get(1).unwrap_or(&parser.options.hostname).into()));
        Ok(())
    }),
];

fn log(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.prefix == Prefix::No {
        if line.len() > 1 {
            return line.fail(1, "log : 'no log' does not expect arguments");
        }
        parser.config.global.logs.clear();
        return Ok(());
    }
    if line.len() < 3 {
        return line.fail(0, "log : expects <address> and <facility>  as arguments");
    }
    let written = log_line(parser, line)?;
    let target = target(line, written)?;
    parser.config.global.logs.push(target);
    Ok(())
}

fn target(line: &Line<'_>, written: LogLine) -> Outcome<LogTarget> {
    let LogWhere::Address(address) = written.to else {
        return line.fail(1, "log : invalid address: 'global' in 'global'");
    };
    Ok(LogTarget {
        transport: transport(line, address)?,
        len: written.len,
        format: written.format.unwrap_or_default(),
        as_received: written.format.is_none(),
        sample: written.sample,
        facility: written.facility,
        level: written.level,
        min_level: written.min_level,
        profile: written.profile.map(|name| name.text),
    })
}

fn transport(line: &Line<'_>, address: Address) -> Outcome<LogTransport> {
    let port = match address.port {
        PortSpec::Fixed(port) => port,
        _ => 514,
    };
    Ok(match address.family {
        AddressFamily::Ip(ip) => LogTransport::Udp(SocketAddr::new(ip, port)),
        AddressFamily::Unix(path) => LogTransport::Unix(path),
        AddressFamily::Fd(number) => LogTransport::Fd(number),
        AddressFamily::Ring(name) => LogTransport::Ring(name),
        AddressFamily::Backend(name) => LogTransport::Backend(name),
        _ => return line.not_yet(1, &format!("log {}", line.word(1))),
    })
}
