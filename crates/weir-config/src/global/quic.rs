//! `tune.quic.*`, `limited-quic`, `no-quic` (manual 3.2): read and without effect, for no QUIC listener can be made.

use weir_syntax::time::{self, TimeError, Unit};
use weir_syntax::{Line, size};

use super::argument::{choice, none, on_off, refuse};
use crate::keyword::{Keyword, Parse};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

const REASON: &str = "no QUIC listener can be configured yet";

const fn row(name: &'static str, arguments: &'static str, doc: &'static str, parse: Parse) -> Keyword {
    Keyword::new(name, arguments, doc, parse).listed().no_effect(REASON)
}

const fn switch(name: &'static str, doc: &'static str) -> Keyword {
    row(name, "{ on | off }", doc, on_off)
}

const fn count(name: &'static str, doc: &'static str) -> Keyword {
    row(name, "<number>", doc, integer)
}

pub const KEYWORDS: &[Keyword] = &[
    count("tune.quic.be.cc.cubic-min-losses", "Losses before Cubic reacts, servers (3.2)."),
    switch("tune.quic.be.cc.hystart", "HyStart++ towards servers (3.2)."),
    count("tune.quic.be.cc.max-frame-loss", "Losses of a frame before the connection ends, servers (3.2)."),
    row("tune.quic.be.cc.max-win-size", "<size>", "Congestion window, servers (3.2).", window),
    count("tune.quic.be.cc.reorder-ratio", "Tolerated reordering, servers (3.2)."),
    row("tune.quic.be.max-idle-timeout", "<timeout>", "Idle timeout, servers (3.2).", idle),
    count("tune.quic.be.sec.glitches-threshold", "Glitches before a connection ends, servers (3.2)."),
    count("tune.quic.be.stream.data-ratio", "Share of a window one stream may fill, servers (3.2)."),
    count("tune.quic.be.stream.max-concurrent", "Concurrent streams, servers (3.2)."),
    count("tune.quic.be.stream.rxbuf", "Receive buffer, servers (3.2)."),
    switch("tune.quic.be.tx.pacing", "Pacing towards servers (3.2)."),
    switch("tune.quic.be.tx.udp-gso", "UDP segmentation offload towards servers (3.2)."),
    row("tune.quic.cc-hystart", "{ on | off }", "Older name of `fe.cc.hystart` (3.2).", old),
    row("tune.quic.cc.cubic.min-losses", "<number>", "Older name of `fe.cc.cubic-min-losses` (3.2).", old),
    row("tune.quic.disable-tx-pacing", "", "Older way to write `fe.tx.pacing off` (3.2).", old),
    row("tune.quic.disable-udp-gso", "", "Older way to write `fe.tx.udp-gso off` (3.2).", old),
    count("tune.quic.fe.cc.cubic-min-losses", "Losses before Cubic reacts, clients (3.2)."),
    switch("tune.quic.fe.cc.hystart", "HyStart++ towards clients (3.2)."),
    count("tune.quic.fe.cc.max-frame-loss", "Losses of a frame before the connection ends, clients (3.2)."),
    row("tune.quic.fe.cc.max-win-size", "<size>", "Congestion window, clients (3.2).", window),
    count("tune.quic.fe.cc.reorder-ratio", "Tolerated reordering, clients (3.2)."),
    row("tune.quic.fe.max-idle-timeout", "<timeout>", "Idle timeout, clients (3.2).", idle),
    count("tune.quic.fe.sec.glitches-threshold", "Glitches before a connection ends, clients (3.2)."),
    count("tune.quic.fe.sec.retry-threshold", "Half-open connections that start Retry (3.2)."),
    row(
        "tune.quic.fe.sock-per-conn",
        "{ default-on | force-off }",
        "A socket per connection (3.2).",
        |parser, line| {
            let expects = "expects either 'default-on' or 'force-off' but got '{got}'.";
            choice(parser, line, &["default-on", "force-off"], expects).map(drop)
        },
    ),
    count("tune.quic.fe.stream.data-ratio", "Share of a window one stream may fill, clients (3.2)."),
    count("tune.quic.fe.stream.max-concurrent", "Concurrent streams, clients (3.2)."),
    count("tune.quic.fe.stream.max-total", "Streams of one connection, clients (3.2)."),
    count("tune.quic.fe.stream.rxbuf", "Receive buffer, clients (3.2)."),
    switch("tune.quic.fe.tx.pacing", "Pacing towards clients (3.2)."),
    switch("tune.quic.fe.tx.udp-gso", "UDP segmentation offload towards clients (3.2)."),
    row(
        "tune.quic.frontend.default-max-window-size",
        "<size>",
        "Older name of `fe.cc.max-win-size` (3.2).",
        old,
    ),
    row(
        "tune.quic.frontend.glitches-threshold",
        "<number>",
        "Older name of `fe.sec.glitches-threshold` (3.2).",
        old,
    ),
    row("tune.quic.frontend.max-data-size", "<size>", "Older name of `fe.stream.rxbuf` (3.2).", old),
    row(
        "tune.quic.frontend.max-idle-timeout",
        "<timeout>",
        "Older name of `fe.max-idle-timeout` (3.2).",
        old,
    ),
    row(
        "tune.quic.frontend.max-streams-bidi",
        "<number>",
        "Older name of `fe.stream.max-concurrent` (3.2).",
        old,
    ),
    row("tune.quic.frontend.max-tx-mem", "<size>", "Older name of `mem.tx-max` (3.2).", old),
    row(
        "tune.quic.frontend.stream-data-ratio",
        "<number>",
        "Older name of `fe.stream.data-ratio` (3.2).",
        old,
    ),
    switch("tune.quic.listen", "Whether QUIC listeners are started (3.2)."),
    row("tune.quic.max-frame-loss", "<number>", "Older name of `fe.cc.max-frame-loss` (3.2).", old),
    count("tune.quic.mem.tx-max", "Memory for data not acknowledged (3.2)."),
    row("tune.quic.reorder-ratio", "<number>", "Older name of `fe.cc.reorder-ratio` (3.2).", old),
    row("tune.quic.retry-threshold", "<number>", "Older name of `fe.sec.retry-threshold` (3.2).", old),
    row(
        "tune.quic.socket-owner",
        "{ connection | listener }",
        "Older name of `fe.sock-per-conn` (3.2).",
        old,
    ),
    switch("tune.quic.zero-copy-fwd-send", "Fast forwarding over QUIC (3.2)."),
    Keyword::new("limited-quic", "", "QUIC without the library's own support (3.1).", none).no_effect(REASON),
    Keyword::new("no-quic", "", "No QUIC listener is started (3.1).", none).no_effect(REASON),
];

/// Older names: what follows `tune.quic.`, the new name's end, how the argument is read.
const RENAMED: &[(&str, &str, Parse)] = &[
    ("cc-hystart", "fe.cc.hystart", on_off),
    ("cc.cubic.min-losses", "fe.cc.cubic-min-losses", integer),
    ("disable-tx-pacing", "fe.tx.pacing", none),
    ("disable-udp-gso", "fe.tx.udp-gso", none),
    ("frontend.default-max-window-size", "fe.cc.max-win-size", window),
    ("frontend.glitches-threshold", "fe.sec.glitches-threshold", integer),
    ("frontend.max-data-size", "fe.stream.rxbuf", integer),
    ("frontend.max-idle-timeout", "fe.max-idle-timeout", idle),
    ("frontend.max-streams-bidi", "fe.stream.max-concurrent", integer),
    ("frontend.max-tx-mem", "mem.tx-max", integer),
    ("frontend.stream-data-ratio", "fe.stream.data-ratio", integer),
    ("max-frame-loss", "fe.cc.max-frame-loss", integer),
    ("reorder-ratio", "fe.cc.reorder-ratio", integer),
    ("retry-threshold", "fe.sec.retry-threshold", integer),
    ("socket-owner", "fe.sock-per-conn", owner),
];

fn integer(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    match size::parse(line.word(1)) {
        Ok(_) => Ok(()),
        Err(_) => refuse(line, "expects a positive integer."),
    }
}

fn window(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    match size::parse_up_to(line.word(1), u64::MAX) {
        Ok(value) if (10 << 10..=4 << 30).contains(&value) => Ok(()),
        Ok(_) => refuse(line, ": should be between 10k and 4g"),
        Err(_) => refuse(line, "expects a positive integer."),
    }
}

fn idle(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let (keyword, text) = (line.keyword(), line.word(1));
    time::parse(text, Unit::Millisecond).map(drop).or_else(|fault: TimeError| {
        line.fail(1, fault.quoted(text, keyword, Unit::Millisecond, format!("'{keyword}'")))
    })
}

fn owner(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let expects = "expects either 'listener' or 'connection' but got '{got}'.";
    choice(parser, line, &["listener", "connection"], expects).map(drop)
}

fn old(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let keyword = line.keyword();
    let end = keyword.strip_prefix("tune.quic.").unwrap_or(keyword);
    let Some((_, new, read)) = RENAMED.iter().find(|(old, ..)| *old == end) else { return Ok(()) };
    read(parser, line)?;
    parser.push(line.warning(
        0,
        format!(
            "'{keyword}' is deprecated in 3.3 and will be removed in 3.5. Please use the newer keyword syntax \
             'tune.quic.{new}'."
        ),
    ));
    Ok(())
}
