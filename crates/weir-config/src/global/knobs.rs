//! Knobs for parts that weir does not have: pipes, memory pools, a scheduler (manual 3.1, 3.2). They are read with
//! HAProxy's checks and have no effect, for the reason beside each.

use weir_syntax::Line;
use weir_syntax::time::Unit;

use super::argument::{either_on_off, lax, none, number, on_off, refuse, size, time, unread, within};
use crate::keyword::{Keyword, Parse};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::{atol, integer};

const INTEGER: &str = "expects an integer argument.";
const MEMORY: &str = "there are no memory pools to tune";
const SCHEDULER: &str = "the runtime schedules tasks by itself";
const SPLICE: &str = "no pipe is used";
const UNUSED: &str = "what it tunes does not exist in weir";

pub(super) const fn knob(
    name: &'static str,
    arguments: &'static str,
    doc: &'static str,
    reason: &'static str,
    parse: Parse,
) -> Keyword {
    Keyword::new(name, arguments, doc, parse).listed().no_effect(reason)
}

pub(super) const fn plain(name: &'static str, doc: &'static str, reason: &'static str) -> Keyword {
    Keyword::new(name, "", doc, none).no_effect(reason)
}

pub const KEYWORDS: &[Keyword] = &[
    plain("nosplice", "No splicing (3.2).", SPLICE),
    plain(
        "nogetaddrinfo",
        "Older name lookups (3.2).",
        "the system's lookup is used once, when the file is loaded",
    ),
    plain("quick-exit", "Exits without cleaning up (3.2).", UNUSED),
    plain("insecure-setuid-wanted", "Programs may gain rights (3.1).", "workers never start programs"),
    knob("no-memory-trimming", "", "Keeps freed memory (3.2).", MEMORY, none),
    knob("prealloc-fd", "", "Descriptor table of full size at start (3.1).", UNUSED, none),
    knob(
        "dns-accept-family",
        "<family>[,...]",
        "Families of looked up addresses (3.1).",
        "no resolvers run yet",
        dns_family,
    ),
    knob(
        "shm-stats-file",
        "<file>",
        "Counters shared between processes (3.1).",
        "counters survive reloads by themselves",
        |_, line| needs(line, "expect one argument: a file path."),
    ),
    knob(
        "shm-stats-file-max-objects",
        "<number>",
        "Objects in that file (3.1).",
        "counters survive reloads by themselves",
        |_, line| needs(line, "expect one argument: max objects number."),
    ),
    Keyword::new("profiling.tasks", "{ on | off | auto | ... }...", "Times of streams (3.3).", profiling)
        .listed(),
    Keyword::new("profiling.memory", "{ on | off }", "Profiling of memory (3.3).", on_off).no_effect(UNUSED),
    knob("stress-level", "<level>", "Self-tests (3.3).", UNUSED, stress_level),
    knob("warn-blocked-traffic-after", "<time>", "Reports long tasks (3.1).", UNUSED, |_, line| {
        time(line, Unit::Millisecond, "expects <time> as argument.").map(drop)
    }),
    knob("tune.buffers.limit", "<number>", "Buffers in all (3.2).", MEMORY, count),
    knob("tune.buffers.reserve", "<number>", "Buffers kept for emergencies (3.2).", MEMORY, count),
    knob(
        "tune.defaults.purge",
        "",
        "Forgets unused defaults (3.2).",
        "unused defaults are always forgotten",
        unread,
    ),
    knob(
        "tune.events.max-events-at-once",
        "<number>",
        "Events in a row (3.2).",
        SCHEDULER,
        |parser, line| {
            within(parser, line, 1..=10000, "expects an integer argument between 1 and 10000.").map(drop)
        },
    ),
    knob("tune.fail-alloc", "<number>", "Failing allocations for tests (3.2).", MEMORY, count),
    knob("tune.max-rules-at-once", "<number>", "Rules in a row (3.2).", SCHEDULER, positive_value),
    knob("tune.memory.hot-size", "<size>", "Cache of each thread (3.2).", MEMORY, |parser, line| {
        parser.at_most(line, 2)?;
        match weir_syntax::size::parse(line.word(1)) {
            Ok(1..) => Ok(()),
            _ => refuse(line, "expects a strictly positive value."),
        }
    }),
    knob(
        "tune.notsent-lowat.client",
        "<size>",
        "Unsent data in the kernel, clients (3.2).",
        UNUSED,
        size_argument,
    ),
    knob(
        "tune.notsent-lowat.server",
        "<size>",
        "Unsent data in the kernel, servers (3.2).",
        UNUSED,
        size_argument,
    ),
    knob(
        "tune.pattern.cache-size",
        "<number>",
        "Cache of pattern lookups (3.2).",
        "patterns are looked up in indexed sets",
        positive_value,
    ),
    knob("tune.pipesize", "<size>", "Size of pipes (3.2).", SPLICE, size_argument),
    Keyword::new("maxpipes", "<number>", "Number of pipes (3.2).", integer_argument).no_effect(SPLICE),
    knob("tune.recv_enough", "<size>", "Bytes that are enough for one read (3.2).", SCHEDULER, size_argument),
    knob("tune.renice.runtime", "<number>", "Priority while running (3.2).", SCHEDULER, renice),
    knob("tune.renice.startup", "<number>", "Priority while starting (3.2).", SCHEDULER, renice),
    knob("tune.ring.queues", "<number>", "Queues before a ring (3.2).", UNUSED, count),
    knob("tune.runqueue-depth", "<number>", "Tasks in a row (3.2).", SCHEDULER, integer_argument),
    knob("tune.sched.low-latency", "{ on | off }", "Small tasks first (3.2).", SCHEDULER, either_on_off),
    knob(
        "tune.streams-elasticity",
        "<number>",
        "Streams of a connection under load (3.2).",
        "what a client may open does not depend on the load",
        |parser, line| {
            parser.at_most(line, 2)?;
            match integer(line.word(1)) {
                Ok(0 | 100..) if !line.word(1).is_empty() => Ok(()),
                _ => refuse(line, "expects 0 or a positive percentage value of 100 or above"),
            }
        },
    ),
];

fn needs(line: &Line<'_>, missing: &str) -> Outcome {
    if line.word(1).is_empty() { refuse(line, missing) } else { Ok(()) }
}

fn count(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    lax(parser, line).map(drop)
}

fn integer_argument(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    number(parser, line, INTEGER).map(drop)
}

fn size_argument(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    size(parser, line, INTEGER).map(drop)
}

fn positive_value(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    match number(parser, line, "expects a positive numeric value")? {
        0.. => Ok(()),
        _ => refuse(line, "expects a positive numeric value"),
    }
}

fn dns_family(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let list = line.word(1);
    if list.split(',').all(|family| matches!(family, "ipv4" | "ipv6" | "auto")) {
        return Ok(());
    }
    refuse(line, &format!("expects a comma-delimited list of 'ipv4' and 'ipv6' but got '{list}'."))
}

fn profiling(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    const KINDS: &[&str] = &["on", "auto", "off", "lock", "no-lock", "memory", "no-memory"];
    let mut at = 1;
    while at == 1 || at < line.len() {
        let got = line.word(at);
        if !KINDS.contains(&got) {
            return line.fail(
                at,
                format!(
                    "'{}' expects a combination of either 'on', 'auto', 'off', 'lock', 'no-lock', 'memory', or \
                     'no-memory', but got '{got}'.",
                    line.keyword()
                ),
            );
        }
        match got {
            "on" => parser.config.global.profile_tasks = true,
            "off" | "auto" => parser.config.global.profile_tasks = false,
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

fn stress_level(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    match (line.word(1), integer(line.word(1))) {
        ("", _) => refuse(line, "expects a level as an argument."),
        (_, Ok(0..=9)) => Ok(()),
        _ => refuse(line, "level must be between 0 and 9 inclusive."),
    }
}

fn renice(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let text = line.word(1);
    match integer(text) {
        Ok(-20..=19) if !text.is_empty() && atol(text) >= -20 => Ok(()),
        _ => refuse(line, &format!("only supports values between -20 and 19 inclusive (was given {text})")),
    }
}
