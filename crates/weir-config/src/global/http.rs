//! HTTP in `global` (manual 3.2, 3.3): header names' case, status ranges, HTTP/1 and HTTP/2 knobs, the internal client.

use weir_plan::settings::{Http2Errors, Http2Tune, StatusSet};
use weir_syntax::Line;
use weir_syntax::size::parse as parse_size;
use weir_syntax::time::Unit;
use weir_types::Form;

use super::argument::{
    choice, either_on_off, lax, none, number, on_off, positive, refuse, time, within, word,
};
use crate::keyword::{Keyword, Parse};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::{clamp_u32, prefix};

const COPIES: &str = "the one duplex loop decides by itself how bytes move";
const AT_ONCE: &str =
    "a connection leaves the turn to others after a few reads whatever came, and its streams are bounded";
const CLIENT: &str = "OCSP responses alone are asked for, with settings of their own";
const GLITCHES: &str = "glitches are not counted: connections end on what HAProxy's threshold would let pass";

const fn h2(name: &'static str, arguments: &'static str, doc: &'static str, parse: Parse) -> Keyword {
    Keyword::new(name, arguments, doc, parse).listed()
}

const fn zero_copy(name: &'static str, doc: &'static str) -> Keyword {
    Keyword::new(name, "{ on | off }", doc, on_off).listed().no_effect(COPIES)
}

const fn client(name: &'static str, arguments: &'static str, doc: &'static str, parse: Parse) -> Keyword {
    Keyword::new(name, arguments, doc, parse).listed().no_effect(CLIENT)
}

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new(
        "h1-accept-payload-with-any-method",
        "",
        "Bodies of GET, HEAD and DELETE in HTTP/1.0 (3.1).",
        |parser, line| {
            none(parser, line)?;
            parser.config.global.accept_payload_with_any_method = true;
            Ok(())
        },
    )
    .listed(),
    Keyword::new("h1-case-adjust", "<from> <to>", "Case of a header sent to old peers (3.1).", case_adjust)
        .listed(),
    Keyword::new("h1-case-adjust-file", "<file>", "The same, a pair on each line (3.1).", case_adjust_file)
        .listed(),
    Keyword::new(
        "h1-do-not-close-on-insecure-transfer-encoding",
        "",
        "Keeps connections whose framing is ambiguous (3.1).",
        |parser, line| {
            none(parser, line)?;
            parser.config.global.keep_open_on_insecure_transfer_encoding = true;
            Ok(())
        },
    )
    .listed(),
    Keyword::new(
        "h2-workaround-bogus-websocket-clients",
        "",
        "No extended CONNECT over HTTP/2 (3.1).",
        |parser, line| {
            none(parser, line)?;
            http2(parser).no_extended_connect = true;
            Ok(())
        },
    ),
    Keyword::new("http-err-codes", "[+-]<range>[,...]", "Statuses that count as errors (3.1).", codes)
        .listed(),
    Keyword::new("http-fail-codes", "[+-]<range>[,...]", "Statuses that count as failures (3.1).", codes)
        .listed(),
    client(
        "httpclient.resolvers.disabled",
        "{ on | off }",
        "No name resolution by the client (3.4).",
        either_on_off,
    ),
    client("httpclient.resolvers.id", "<name>", "The client's resolvers (3.4).", resolvers_id),
    client(
        "httpclient.resolvers.prefer",
        "{ ipv4 | ipv6 }",
        "The client's preferred family (3.4).",
        |parser, line| {
            choice(parser, line, &["ipv4", "ipv6"], "expects 'ipv4' or 'ipv6' as argument.").map(drop)
        },
    ),
    client("httpclient.retries", "<number>", "The client's retries (3.4).", |parser, line| {
        number(parser, line, "expects an integer argument.").map(drop)
    }),
    client("httpclient.ssl.ca-file", "<file>", "The client's trusted certificates (3.4).", client_ca_file),
    client(
        "httpclient.ssl.verify",
        "[ none | required ]",
        "Whether the client verifies (3.4).",
        |parser, line| {
            if line.len() == 1 {
                return Ok(());
            }
            choice(parser, line, &["none", "required"], "expects 'none' or 'required' as argument.").map(drop)
        },
    ),
    client(
        "httpclient.timeout.connect",
        "<timeout>",
        "The client's connect timeout (3.4).",
        |parser, line| {
            word(parser, line, "expects an integer argument.")?;
            time(line, Unit::Millisecond, "expects an integer argument.").map(drop)
        },
    ),
    glitches("tune.h1.be.glitches-threshold", GLITCHES),
    glitches("tune.h1.fe.glitches-threshold", GLITCHES),
    zero_copy("tune.h1.zero-copy-fwd-recv", "Fast forwarding of HTTP/1 reception (3.2)."),
    zero_copy("tune.h1.zero-copy-fwd-send", "Fast forwarding of HTTP/1 sending (3.2)."),
    h2(
        "tune.h2.be.glitches-threshold",
        "<number>",
        "Glitches before a connection ends (3.2).",
        |parser, line| {
            http2(parser).server.glitches = clamp_u32(lax(parser, line)?);
            Ok(())
        },
    ),
    h2("tune.h2.be.initial-window-size", "<number>", "Window towards servers (3.2).", |parser, line| {
        http2(parser).server.initial_window = Some(count(parser, line)?);
        Ok(())
    }),
    h2("tune.h2.be.max-concurrent-streams", "<number>", "Streams towards servers (3.2).", |parser, line| {
        http2(parser).server.max_streams = Some(count(parser, line)?);
        Ok(())
    }),
    h2("tune.h2.be.max-frames-at-once", "<number>", "Frames in a row from servers (3.2).", |parser, line| {
        count(parser, line).map(drop)
    })
    .no_effect(AT_ONCE),
    h2("tune.h2.be.rxbuf", "<size>", "Receive buffers, servers (3.2).", |parser, line| {
        http2(parser).server.receive_budget = Some(receive_buffer(parser, line)?);
        Ok(())
    }),
    h2(
        "tune.h2.fe.glitches-threshold",
        "<number>",
        "Glitches before a connection ends (3.2).",
        |parser, line| {
            http2(parser).client.glitches = clamp_u32(lax(parser, line)?);
            Ok(())
        },
    ),
    h2("tune.h2.fe.initial-window-size", "<number>", "Window towards clients (3.2).", |parser, line| {
        http2(parser).client.initial_window = Some(count(parser, line)?);
        Ok(())
    }),
    h2(
        "tune.h2.fe.max-concurrent-streams",
        "<number> [ rq-load { auto | ignore | <n> } | min <n> ]",
        "Streams of a client (3.2).",
        client_streams,
    ),
    h2("tune.h2.fe.max-frames-at-once", "<number>", "Frames in a row from clients (3.2).", |parser, line| {
        count(parser, line).map(drop)
    })
    .no_effect(AT_ONCE),
    h2("tune.h2.fe.max-rst-at-once", "<number>", "Resets in a row from clients (3.2).", |parser, line| {
        count(parser, line).map(drop)
    })
    .no_effect(AT_ONCE),
    h2(
        "tune.h2.fe.max-total-streams",
        "<number>",
        "Streams in a connection's life (3.2).",
        |parser, line| {
            http2(parser).client.max_total = count(parser, line)?;
            Ok(())
        },
    ),
    h2("tune.h2.fe.rxbuf", "<size>", "Receive buffers, clients (3.2).", |parser, line| {
        http2(parser).client.receive_budget = Some(receive_buffer(parser, line)?);
        Ok(())
    }),
    h2("tune.h2.header-table-size", "<number>", "HPACK's dynamic table (3.2).", |parser, line| {
        let value = within(parser, line, 4096..=65536, "expects a numeric value between 4096 and 65536.")?;
        http2(parser).header_table = clamp_u32(value);
        Ok(())
    }),
    h2("tune.h2.initial-window-size", "<number>", "Window on both sides (3.2).", |parser, line| {
        http2(parser).initial_window = Some(count(parser, line)?);
        Ok(())
    }),
    h2(
        "tune.h2.log-errors",
        "{ none | connection | stream }",
        "Errors that are logged (3.2).",
        |parser, line| {
            let expects = "expects 'none', 'connection', or 'stream'";
            http2(parser).log_errors = match choice(parser, line, &["none", "connection", "stream"], expects)?
            {
                "none" => Http2Errors::None,
                "connection" => Http2Errors::Connection,
                _ => Http2Errors::Stream,
            };
            Ok(())
        },
    ),
    h2("tune.h2.max-concurrent-streams", "<number>", "Streams on both sides (3.2).", |parser, line| {
        http2(parser).max_streams = Some(count(parser, line)?);
        Ok(())
    }),
    h2("tune.h2.max-frame-size", "<number>", "Frame size (3.2).", |parser, line| {
        let expects = "expects a numeric value between 16384 and 16777215.";
        http2(parser).max_frame = Some(clamp_u32(within(parser, line, 16384..=16_777_215, expects)?));
        Ok(())
    }),
    h2("tune.h2.zero-copy-fwd-send", "{ on | off }", "Fast forwarding over HTTP/2 (3.2).", on_off)
        .no_effect(COPIES),
    Keyword::new(
        "tune.glitches.kill.cpu-usage",
        "<number>",
        "CPU load at which thresholds kill (3.2).",
        |parser, line| within(parser, line, 0..=100, "expects a numeric value between 0 and 100").map(drop),
    )
    .listed()
    .no_effect(GLITCHES),
    zero_copy("tune.applet.zero-copy-forwarding", "Fast forwarding from services (3.2)."),
    zero_copy("tune.pt.zero-copy-forwarding", "Fast forwarding of TCP (3.2)."),
    Keyword::new("tune.disable-zero-copy-forwarding", "", "No fast forwarding at all (3.2).", none)
        .listed()
        .no_effect(COPIES),
    Keyword::new("tune.disable-fast-forward", "", "No fast forwarding between sides (3.2).", none)
        .listed()
        .no_effect(COPIES),
];

const fn glitches(name: &'static str, reason: &'static str) -> Keyword {
    Keyword::new(name, "<number>", "Glitches before a connection ends (3.2).", |parser, line| {
        lax(parser, line).map(drop)
    })
    .listed()
    .no_effect(reason)
}

fn count(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<u32> {
    positive(parser, line).map(clamp_u32)
}

fn http2<'p>(parser: &'p mut Parser<'_>) -> &'p mut Http2Tune {
    &mut parser.config.global.tune.http2
}

fn client_streams(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let mut at = 2;
    while let Some(option) = line.get(at) {
        if !matches!(option, "rq-load" | "min") {
            let text = "only supports 'rq-load' or 'min' after the numeric value, but found";
            return line.fail(at, format!("'{}' {text} '{option}'.", line.keyword()));
        }
        at += 2;
    }
    let number = prefix(line.word(1)).0;
    let number = if number < 0 { positive(parser, line)? } else { number };
    http2(parser).client.max_streams = Some(clamp_u32(number));
    Ok(())
}

fn receive_buffer(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<u32> {
    parser.at_most(line, 2)?;
    let text = line.word(1);
    parse_size(text).or_else(|fault| {
        line.fail(1, format!("'{}': {}", line.keyword(), fault.within(format!("size argument '{text}'."))))
    })
}

fn case_adjust(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 3)?;
    if line.len() < 3 {
        return refuse(line, "expects <from> and <to> as argument.");
    }
    add_case(parser, line.word(1), line.word(2)).or_else(|text| line.fail(1, text))
}

/// One pair of names. The text on failure is HAProxy's.
fn add_case(parser: &mut Parser<'_>, from: &str, to: &str) -> Result<(), String> {
    if !from.eq_ignore_ascii_case(to) {
        return Err("<from> and <to> must not differ except the case".into());
    }
    let known = &mut parser.config.global.h1_case_adjust;
    if known.iter().any(|(name, _)| &**name == from) {
        return Err(format!("duplicate entry '{from}'"));
    }
    known.push((from.into(), to.into()));
    Ok(())
}

fn case_adjust_file(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = word(parser, line, "expects <file> as argument.")?;
    let Some(bytes) = parser.options.files.read(name) else {
        let text = format!("h1-headers-case-adjust-file '{name}': failed to open file.");
        return Err(Box::new(line.alert(1, text).with_form(Form::Bare)));
    };
    for text in String::from_utf8_lossy(&bytes).lines() {
        let mut words = text.split_ascii_whitespace().take_while(|word| !word.starts_with('#'));
        if let (Some(from), Some(to)) = (words.next(), words.next()) {
            add_case(parser, from, to).or_else(|text| line.fail(1, text))?;
        }
    }
    Ok(())
}

/// Statuses of 100 to 599, replaced, added or removed.
fn codes(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let keyword = line.keyword();
    let classes = &mut parser.config.global.status_classes;
    let set = if keyword == "http-err-codes" { &mut classes.errors } else { &mut classes.failures };
    if line.len() < 2 {
        return line.fail(0, format!("Missing status codes range for '{keyword}'."));
    }
    for (index, list) in line.from(1).enumerate() {
        let mut offset = 0;
        // A list that begins with neither sign replaces what was before.
        let adds = !list.starts_with('-');
        if !list.starts_with(['+', '-']) {
            *set = StatusSet::NONE;
        }
        for range in list.split(',') {
            let digits = range.strip_prefix(['+', '-']).unwrap_or(range);
            let (low, rest) = prefix(digits);
            let (high, rest) = rest.strip_prefix('-').map_or((low, rest), prefix);
            if digits.is_empty()
                || !rest.is_empty()
                || !digits.starts_with(|first: char| first.is_ascii_digit())
            {
                return line.fail(
                    index + 1,
                    format!(
                        "Invalid status codes range '{list}' in '{keyword}' at position {offset}. Ranges must be in \
                         the form [+-]{{low[-{{high}}]}}[,...]."
                    ),
                );
            }
            if low < 100 || high > 599 || high < low {
                return line.fail(index + 1, format!("Invalid status codes range '{list}' in '{keyword}'."));
            }
            let (low, high) = (low as u16, high as u16);
            if adds {
                set.insert(low, high)
            } else {
                set.remove(low, high)
            }
            offset += range.len() + 1;
        }
    }
    Ok(())
}

/// Whether the section exists is known at the end.
fn resolvers_id(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    parser.global.client_resolvers = Some((line.word(1).into(), line.span()));
    Ok(())
}

fn client_ca_file(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let name = line.word(1);
    if parser.options.files.read(name).is_none() {
        let text = format!("Couldn't open the ca-file '{name}' (No such file or directory).");
        parser.push(line.warning(1, text).with_form(Form::Bare));
    }
    Ok(())
}
