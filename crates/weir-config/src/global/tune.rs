//! `tune.*` with an effect (manual 3.2): buffers, headers, sockets, pools, variables.

use weir_plan::settings::Tune;
use weir_syntax::Line;
use weir_syntax::time::Unit;
use weir_types::Form;

use super::argument::{number, once, read_size, refuse, size, within};
use crate::keyword::{Keyword, Parse};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::{atol, clamp_u32, integer};

const POOLS: &str = "idle connections are bounded by pool-max-conn and the descriptor limit";
const INTEGER: &str = "expects an integer argument.";

const fn row(name: &'static str, arguments: &'static str, doc: &'static str, parse: Parse) -> Keyword {
    Keyword::new(name, arguments, doc, parse).listed()
}

pub const KEYWORDS: &[Keyword] = &[
    row("tune.bufsize", "<size>", "Bytes of a buffer (3.2).", bufsize),
    row("tune.bufsize.large", "<size>", "Bytes of a large buffer (3.2).", large_bufsize)
        .no_effect("buffers have one size"),
    row("tune.bufsize.small", "<size>", "Bytes of a small buffer (3.2).", |parser, line| {
        size(parser, line, INTEGER).map(drop)
    })
    .no_effect("buffers have one size"),
    row("tune.maxrewrite", "<size>", "Room that rules may use in a buffer (3.2).", maxrewrite),
    row("tune.cli.max-payload-size", "<size>", "Payload of a runtime command (3.2).", |parser, line| {
        let bytes = size(parser, line, "expects a size argument.")?;
        parser.config.global.tune.cli_max_payload_size = bytes;
        Ok(())
    }),
    row("tune.http.maxhdr", "<number>", "Headers in a message (3.2).", maxhdr),
    row("tune.http.cookielen", "<number>", "Longest captured cookie (3.2).", |parser, line| {
        set(parser, line, INTEGER, |tune, value| tune.http_cookielen = value)
    }),
    row("tune.http.logurilen", "<number>", "Longest URI in a log line (3.2).", |parser, line| {
        set(parser, line, INTEGER, |tune, value| tune.http_logurilen = value)
    }),
    row("tune.idletimer", "<timeout>", "Silence after which a stream counts as idle (3.2).", idletimer)
        .no_effect("no read waits for a buffer to fill"),
    row("tune.maxaccept", "<number>", "Connections accepted in a row (3.2).", |parser, line| {
        let value = number(parser, line, "expects an integer argument")?;
        parser.config.global.tune.maxaccept = i32::try_from(value).unwrap_or(i32::MAX);
        Ok(())
    }),
    row("tune.peers.max-updates-at-once", "<number>", "Updates in a row (3.2).", |parser, line| {
        let value = within(parser, line, 1..=i64::MAX, "expects an integer argument greater than 0.")?;
        parser.config.global.tune.peers_max_updates = u32::try_from(value).unwrap_or(u32::MAX);
        Ok(())
    }),
    row("tune.rcvbuf.client", "<size>", "Receive buffer of client connections (3.2).", |parser, line| {
        socket(parser, line, |tune| &mut tune.rcvbuf_frontend)
    }),
    row("tune.rcvbuf.server", "<size>", "Receive buffer of server connections (3.2).", |parser, line| {
        socket(parser, line, |tune| &mut tune.rcvbuf_backend)
    }),
    row("tune.sndbuf.client", "<size>", "Send buffer of client connections (3.2).", |parser, line| {
        socket(parser, line, |tune| &mut tune.sndbuf_frontend)
    }),
    row("tune.sndbuf.server", "<size>", "Send buffer of server connections (3.2).", |parser, line| {
        socket(parser, line, |tune| &mut tune.sndbuf_backend)
    }),
    datagram("tune.rcvbuf.backend", "Receive buffer of datagram sockets, servers (3.2)."),
    datagram("tune.rcvbuf.frontend", "Receive buffer of datagram sockets, clients (3.2)."),
    datagram("tune.sndbuf.backend", "Send buffer of datagram sockets, servers (3.2)."),
    datagram("tune.sndbuf.frontend", "Send buffer of datagram sockets, clients (3.2)."),
    row(
        "tune.pool-high-fd-ratio",
        "<number>",
        "Descriptors that end reuse, in percent (3.2).",
        |parser, line| {
            let value = ratio(parser, line)?;
            parser.config.global.tune.pool_high_fd_ratio = value;
            Ok(())
        },
    )
    .no_effect(POOLS),
    row(
        "tune.pool-low-fd-ratio",
        "<number>",
        "Descriptors that end keeping, in percent (3.2).",
        |parser, line| {
            let value = ratio(parser, line)?;
            parser.config.global.tune.pool_low_fd_ratio = value;
            Ok(())
        },
    )
    .no_effect(POOLS),
    row("tune.stick-counters", "<number>", "Stick counters of a stream (3.2).", stick_counters),
    variables("tune.vars.check-max-size", "Memory of variables in checks (3.2).")
        .no_effect("variables of a check end with it"),
    variables("tune.vars.global-max-size", "Memory of all variables (3.2)."),
    variables("tune.vars.proc-max-size", "Memory of `proc` variables (3.2)."),
    variables("tune.vars.reqres-max-size", "Memory of `req` and `res` variables (3.2)."),
    variables("tune.vars.sess-max-size", "Memory of `sess` variables (3.2)."),
    variables("tune.vars.txn-max-size", "Memory of `txn` variables (3.2)."),
    row("tune.chksize", "<size>", "Removed: `tune.bufsize` took its place (3.2).", |_, line| {
        line.fail(0, "option 'tune.chksize' is not supported any more (tune.bufsize is used instead).")
    }),
];

const fn datagram(name: &'static str, doc: &'static str) -> Keyword {
    row(name, "<size>", doc, |parser, line| {
        parser.at_most(line, 2)?;
        let place = parser.place(line);
        match read_size(line, line.word(1)) {
            Ok(_) => Ok(()),
            Err(text) => line.fail(1, format!("parsing [{place}]: {text}")),
        }
    })
    .no_effect("sockets for datagrams keep the system's buffers")
}

const fn variables(name: &'static str, doc: &'static str) -> Keyword {
    row(name, "<size>", doc, variables_size)
}

fn set(parser: &mut Parser<'_>, line: &Line<'_>, missing: &str, keep: fn(&mut Tune, u32)) -> Outcome {
    let value = number(parser, line, missing)?;
    keep(&mut parser.config.global.tune, clamp_u32(value));
    Ok(())
}

fn bufsize(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if atol(line.word(1)) < 0 {
        return refuse(line, "expects a positive integer argument.");
    }
    match size(parser, line, "expects an integer argument")? {
        0 => refuse(line, "expects a positive integer argument."),
        bytes => {
            parser.config.global.tune.bufsize = bytes;
            Ok(())
        }
    }
}

fn large_bufsize(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.global.large_bufsize = Some(size(parser, line, INTEGER)?);
    Ok(())
}

fn maxrewrite(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    match number(parser, line, INTEGER)? {
        ..0 => refuse(line, "expects a positive integer argument."),
        bytes => {
            parser.config.global.tune.maxrewrite = clamp_u32(bytes);
            Ok(())
        }
    }
}

fn maxhdr(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    number(parser, line, INTEGER)?;
    let value = within(parser, line, 1..=32767, "expects a numeric value between 1 and 32767")?;
    parser.config.global.tune.maxhdr = clamp_u32(value);
    Ok(())
}

fn idletimer(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let expects = "expects a timer value between 0 and 65535 ms.";
    match super::argument::time(line, Unit::Millisecond, expects)? {
        value @ 0..=65535 => {
            parser.config.global.tune.idletimer = value;
            Ok(())
        }
        _ => refuse(line, expects),
    }
}

/// HAProxy keeps the first value and goes on.
fn socket(parser: &mut Parser<'_>, line: &Line<'_>, field: fn(&mut Tune) -> &mut u32) -> Outcome {
    let bytes = size(parser, line, INTEGER)?;
    let known = *field(&mut parser.config.global.tune) != 0;
    if !once(parser, line, known) {
        *field(&mut parser.config.global.tune) = bytes;
    }
    Ok(())
}

fn ratio(parser: &Parser<'_>, line: &Line<'_>) -> Outcome<u32> {
    within(parser, line, 0..=100, "expects an integer argument between 0 and 100.").map(clamp_u32)
}

fn stick_counters(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let text = line.word(1);
    match integer(text) {
        Ok(value) => {
            parser.config.global.tune.stick_counters = clamp_u32(value);
            Ok(())
        }
        Err(_) => line.fail(1, format!("{}: '{text}' is an invalid number", line.keyword())),
    }
}

fn variables_size(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let text = line.word(1);
    let Ok(value) = integer(text) else {
        return line.fail(1, format!("{}: '{text}' is an invalid size", line.keyword()));
    };
    let bytes = u64::try_from(value).unwrap_or(0);
    let tune = &mut parser.config.global.tune;
    match line.keyword() {
        "tune.vars.global-max-size" => tune.vars_global_max_size = bytes,
        "tune.vars.proc-max-size" => tune.vars_process_max_size = bytes,
        "tune.vars.sess-max-size" => tune.vars_session_max_size = bytes,
        "tune.vars.txn-max-size" => tune.vars_transaction_max_size = bytes,
        "tune.vars.reqres-max-size" => tune.vars_reqres_max_size = bytes,
        _ => {}
    }
    Ok(())
}

/// After the last line: values that bound each other.
pub(super) fn finish(parser: &mut Parser<'_>) {
    let tune = &mut parser.config.global.tune;
    tune.maxrewrite = tune.maxrewrite.min(tune.bufsize / 2);
    let bufsize = tune.bufsize;
    if let Some(large) = parser.global.large_bufsize.filter(|large| *large < bufsize) {
        let text = format!(
            "tune.bufsize.large ({large}) is lower than tune.bufsize ({bufsize}). large buffers support is disabled. \
             Please fix either value to remove this warning."
        );
        parser.push(weir_types::Diagnostic::new(weir_types::Level::Warning, Form::Bare, None, text));
    }
}
