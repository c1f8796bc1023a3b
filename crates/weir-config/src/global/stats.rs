//! `stats socket`, `stats timeout`, `stats maxconn` (manual 3.1) and `unix-bind`.

use std::sync::Arc;

use weir_syntax::Line;
use weir_syntax::address::AddressUse;
use weir_syntax::time::{self, Unit};
use weir_types::{Address, AddressFamily};

use crate::bind::{self, group_id, user_id};
use crate::keyword::Keyword;
use crate::model::{Bind, BindOptions};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::{atol, clamp_u32};

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new(
        "stats",
        "{ socket <address> [param*] | timeout <timeout> | maxconn <connections> }",
        "The runtime commands (3.1).",
        stats,
    )
    .listed(),
    Keyword::new(
        "unix-bind",
        "[ prefix <prefix> ] [ mode <mode> ] [ user <user> ] [ uid <uid> ] [ group <group> ] [ gid <gid> ]",
        "What unix sockets begin with (3.1).",
        unix_bind,
    ),
];

/// What `unix-bind` sets for the lines below it.
#[derive(Debug, Default)]
pub(crate) struct UnixBind {
    pub prefix: Option<Box<str>>,
    pub mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
}

impl UnixBind {
    /// What the options of a line begin with.
    pub(crate) fn options(&self) -> BindOptions {
        let mut options = BindOptions::default();
        options.settings.mode = self.mode;
        options.settings.uid = self.uid;
        options.settings.gid = self.gid;
        options
    }

    /// The prefix before the paths of unix sockets.
    pub(crate) fn apply(&self, addresses: &mut [Address]) {
        let Some(prefix) = &self.prefix else { return };
        for address in addresses {
            if let AddressFamily::Unix(path) = &mut address.family {
                *path = format!("{prefix}{path}").into();
            }
        }
    }
}

fn stats(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    match line.word(1) {
        "socket" => socket(parser, line),
        "timeout" => timeout(parser, line),
        "maxconn" => maxconn(parser, line),
        "bind-process" => line.fail(1, "'stats bind-process' is not supported anymore."),
        "calculate-max-counters" => switch(line),
        other => {
            let only =
                "only supports 'socket', 'maxconn', 'bind-process', 'calculate-max-counters'  and 'timeout'";
            line.fail(1, format!("'stats' {only} (got '{other}')"))
        }
    }
}

fn socket(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(2).is_empty() {
        return line
            .fail(1, "'stats socket' in global section expects an address or a path to a UNIX socket");
    }
    let place = parser.place(line);
    // The word `socket` stands where `bind` stands on its own lines.
    let line = &line.skip(1);
    let mut addresses = bind::addresses(parser, line, AddressUse::Bind)
        .or_else(|text| line.fail(1, format!("parsing [{place}] : 'stats socket' : {text}")))?;
    parser.global.unix_bind.apply(&mut addresses);
    let options = bind::options(parser, line, 2, "").map_err(|mut alert| {
        // Options word their faults as ` : TEXT`, an unknown one is `: TEXT`.
        alert.text = match (alert.text.strip_prefix(" : "), alert.text.strip_prefix(": ")) {
            (Some(text), _) => format!("'stats socket' : '{text}'").into(),
            (_, Some(text)) => format!("'stats socket' : {text}").into(),
            _ => alert.text,
        };
        alert
    })?;
    let text = parser.intern(line.word(1));
    let socket = Bind { addresses, text, options: Arc::new(options), span: line.span() };
    parser.config.stats_sockets.push(socket);
    Ok(())
}

fn timeout(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let text = line.word(2);
    let value = time::parse(text, Unit::Millisecond).or_else(|fault| match fault {
        time::TimeError::Overflow => line.fail(2, fault.quoted(text, "stats timeout", Unit::Millisecond, "")),
        time::TimeError::Unexpected(wrong) => line.fail(2, format!("'stats timeout' : {wrong}")),
    })?;
    if value == 0 {
        return line.fail(2, "'stats timeout' expects a positive value");
    }
    parser.config.global.stats_timeout = Some(value);
    Ok(())
}

fn maxconn(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    match atol(line.word(2)) {
        value @ 1.. => {
            parser.config.global.stats_maxconn = clamp_u32(value);
            Ok(())
        }
        _ => line.fail(2, "'stats maxconn' expects a positive value"),
    }
}

/// Highest values are always kept.
fn switch(line: &Line<'_>) -> Outcome {
    match line.word(2) {
        "on" => Ok(()),
        "off" => line.not_yet(1, "stats calculate-max-counters off"),
        _ => line.fail(2, "'stats calculate-max-counters' expects 'on' or 'off'."),
    }
}

fn unix_bind(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let mut at = 1;
    while let Some(option) = line.get(at) {
        let value = line.word(at + 1);
        let number = || u32::try_from(atol(value)).ok();
        match option {
            "prefix" if value.is_empty() => {
                return line.fail(at, "unix_bind 'prefix' expects a path as an argument.");
            }
            "prefix" => parser.global.unix_bind.prefix = Some(value.into()),
            "mode" => parser.global.unix_bind.mode = Some(u32::from_str_radix(value, 8).unwrap_or(0)),
            "uid" => parser.global.unix_bind.uid = number(),
            "gid" => parser.global.unix_bind.gid = number(),
            "user" => match user_id(parser.options.files, value) {
                Some(uid) => parser.global.unix_bind.uid = Some(uid),
                None => return line.fail(at + 1, format!("'unix-bind' : '{value}' unknown user.")),
            },
            "group" => match group_id(parser.options.files, value) {
                Some(gid) => parser.global.unix_bind.gid = Some(gid),
                None => return line.fail(at + 1, format!("'unix-bind' : '{value}' unknown group.")),
            },
            _ => {
                let only = "only supports the 'prefix', 'mode', 'uid', 'gid', 'user' and 'group' options.";
                return line.fail(at, format!("'unix-bind' {only}"));
            }
        }
        at += 2;
    }
    Ok(())
}
