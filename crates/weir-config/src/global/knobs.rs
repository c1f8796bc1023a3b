//! Knobs for parts that weir does not have: thread groups, pollers, memory pools, schedulers (manual 3.1, 3.2). They
//! are read with HAProxy's checks and have no effect, for the reason beside each.

use weir_syntax::Line;
use weir_syntax::time::Unit;

use super::argument::{
    choice, either_on_off, lax, none, number, on_off, one_of, refuse, size, time, unread, whole, within,
};
use crate::keyword::{Keyword, Parse};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::{atol, integer};

const INTEGER: &str = "expects an integer argument.";
const POLLERS: &str = "each worker has one poller, of its runtime";
const MEMORY: &str = "there are no memory pools to tune";
const PLACES: &str = "workers run on the CPUs that the process may use, or that cpu-map names";
const GROUPS: &str = "workers are processes: there are no thread groups";
const SCHEDULER: &str = "the runtime schedules tasks by itself";
const SPLICE: &str = "no pipe is used";
const UNUSED: &str = "what it tunes does not exist in weir";

const fn knob(
    name: &'static str,
    arguments: &'static str,
    doc: &'static str,
    reason: &'static str,
    parse: Parse,
) -> Keyword {
    Keyword::new(name, arguments, doc, parse).listed().no_effect(reason)
}

const fn plain(name: &'static str, doc: &'static str, reason: &'static str) -> Keyword {
    Keyword::new(name, "", doc, none).no_effect(reason)
}

pub const KEYWORDS: &[Keyword] = &[
    knob("cpu-affinity", "<policy>", "How threads are bound (3.1).", PLACES, cpu_affinity),
    knob("cpu-policy", "<policy>", "Which CPUs are used (3.1).", PLACES, cpu_policy),
    knob("cpu-set", "<directive>...", "Which CPUs are used (3.1).", PLACES, cpu_set),
    Keyword::new("numa-cpu-mapping", "", "Threads on one NUMA node (3.1).", unread).no_effect(PLACES),
    knob("max-threads-per-group", "<number>", "Threads of a group (3.1).", GROUPS, |parser, line| {
        parser.at_most(line, 2)?;
        match integer(line.word(1)) {
            Ok(1..=64) => Ok(()),
            _ => {
                let got = line.word(1);
                refuse(line, &format!("value must be an integer between 1 and 64,  got '{got}'"))
            }
        }
    }),
    knob("thread-group", "<group> [<range>...]", "Threads of a group (3.1).", GROUPS, |_, line| {
        whole(line).map(drop)
    }),
    knob("thread-groups", "<number>", "Number of groups (3.1).", GROUPS, bounded_whole),
    knob("thread-hard-limit", "<number>", "Most threads (3.1).", GROUPS, bounded_whole),
    knob("noepoll", "", "No epoll (3.2).", POLLERS, none),
    knob("noevports", "", "No event ports (3.2).", POLLERS, none),
    knob("nokqueue", "", "No kqueue (3.2).", POLLERS, none),
    knob("nopoll", "", "No poll (3.2).", POLLERS, none),
    plain("busy-polling", "Polls without waiting (3.2).", POLLERS),
    plain("nosplice", "No splicing (3.2).", SPLICE),
    plain(
        "nogetaddrinfo",
        "Older name lookups (3.2).",
        "the system's lookup is used once, when the file is loaded",
    ),
    plain("noreuseport", "No SO_REUSEPORT (3.2).", "each worker has its own socket, which reload keeps"),
    plain("quick-exit", "Exits without cleaning up (3.2).", UNUSED),
    plain("insecure-fork-wanted", "Threads may fork (3.1).", "workers never start programs"),
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
    knob("profiling.tasks", "{ on | off | auto | ... }...", "Profiling (3.3).", UNUSED, profiling),
    Keyword::new("profiling.memory", "{ on | off }", "Profiling of memory (3.3).", on_off).no_effect(UNUSED),
    knob("stress-level", "<level>", "Self-tests (3.3).", UNUSED, stress_level),
    knob("warn-blocked-traffic-after", "<time>", "Reports long tasks (3.1).", UNUSED, |_, line| {
        time(line, Unit::Millisecond, "expects <time> as argument.").map(drop)
    }),
    Keyword::new(
        "maxcompcpuusage",
        "<number>",
        "CPU use at which compression ends (3.2).",
        |parser, line| {
            within(parser, line, 0..=100, "expects an integer argument between 0 and 100.").map(drop)
        },
    )
    .no_effect(COMPRESSION),
    Keyword::new("maxcomprate", "<number>", "Compression rate in kB/s (3.2).", |parser, line| {
        number(parser, line, "expects an integer argument in kb/s.").map(drop)
    })
    .no_effect(COMPRESSION),
    Keyword::new("maxzlibmem", "<number>", "Memory for zlib (3.2).", |parser, line| {
        number(parser, line, INTEGER).map(drop)
    })
    .no_effect(COMPRESSION),
    knob("tune.comp.maxlevel", "<number>", "Compression level (3.2).", COMPRESSION, |parser, line| {
        within(parser, line, 1..=9, "expects a numeric value between 1 and 9").map(drop)
    }),
    Keyword::new("tune.zlib.memlevel", "<number>", "Memory level of zlib (3.2).", |parser, line| {
        within(parser, line, 1..=9, "expects a numeric value between 1 and 9.").map(drop)
    })
    .no_effect(COMPRESSION),
    Keyword::new("tune.zlib.windowsize", "<number>", "Window of zlib (3.2).", |parser, line| {
        within(parser, line, 8..=15, "expects a numeric value between 8 and 15.").map(drop)
    })
    .no_effect(COMPRESSION),
    knob("tune.buffers.limit", "<number>", "Buffers in all (3.2).", MEMORY, count),
    knob("tune.buffers.reserve", "<number>", "Buffers kept for emergencies (3.2).", MEMORY, count),
    knob(
        "tune.cli.max-payload-size",
        "<size>",
        "Payload of a runtime command (3.2).",
        UNUSED,
        |parser, line| size(parser, line, "expects a size argument.").map(drop),
    ),
    knob(
        "tune.defaults.purge",
        "",
        "Forgets unused defaults (3.2).",
        "unused defaults are always forgotten",
        unread,
    ),
    knob("tune.epoll.mask-events", "<event>[,...]", "Masks events (3.2).", POLLERS, mask_events),
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
    knob(
        "tune.fd.edge-triggered",
        "{ on | off }",
        "Edge-triggered polling (3.2).",
        POLLERS,
        |parser, line| {
            parser.experimental(line, 0, "directive ")?;
            on_off(parser, line)
        },
    ),
    knob(
        "tune.idle-pool.shared",
        "{ full | on | off }",
        "Sharing of idle connections (3.2).",
        "each worker keeps the connections that it opened",
        |parser, line| {
            let expects = "expects 'full', 'on' or 'off' but got '{got}'.";
            choice(parser, line, &["full", "on", "off", "auto"], expects).map(drop)
        },
    ),
    knob(
        "tune.listener.default-shards",
        "{ by-process | by-group | by-thread }",
        "Sockets of a listener (3.2).",
        "each worker has its own socket",
        |parser, line| {
            let expects = "expects either 'by-process', 'by-group', or 'by-thread' but got '{got}'.";
            choice(parser, line, &["by-process", "by-group", "by-thread"], expects).map(drop)
        },
    ),
    knob(
        "tune.listener.multi-queue",
        "{ on | fair | off }",
        "Spreading of connections (3.2).",
        "the kernel spreads connections over workers",
        |parser, line| {
            choice(
                parser,
                line,
                &["on", "fair", "off"],
                "expects either 'on', 'fair', or 'off' but got '{got}'.",
            )
            .map(drop)
        },
    ),
    knob(
        "tune.max-checks-per-thread",
        "<number>",
        "Checks at once (3.2).",
        "one process runs all checks",
        count,
    ),
    knob("tune.max-rules-at-once", "<number>", "Rules in a row (3.2).", SCHEDULER, positive_value),
    knob("tune.maxpollevents", "<number>", "Events of one poll (3.2).", POLLERS, integer_argument),
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
    knob(
        "tune.peers.max-updates-at-once",
        "<number>",
        "Updates in a row (3.2).",
        "no peers run yet",
        |parser, line| {
            within(parser, line, 1..=i64::MAX, "expects an integer argument greater than 0.").map(drop)
        },
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
        "HTTP/2 is not spoken yet",
        |parser, line| {
            parser.at_most(line, 2)?;
            match integer(line.word(1)) {
                Ok(0 | 100..) if !line.word(1).is_empty() => Ok(()),
                _ => refuse(line, "expects 0 or a positive percentage value of 100 or above"),
            }
        },
    ),
    knob(
        "tune.takeover-other-tg-connections",
        "<policy>",
        "Connections of other groups (3.2).",
        GROUPS,
        |_, line| {
            let expects = match line.word(1) {
                "" => "expects 'none', 'restricted', or 'full'",
                _ => "expects 'none', 'restricted', or 'full', got '{got}'",
            };
            one_of(line, &["none", "restricted", "full"], expects).map(drop)
        },
    ),
];

const COMPRESSION: &str = "nothing is compressed yet";

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

fn bounded_whole(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    whole(line).map(drop)
}

fn cpu_affinity(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let got = line.word(1);
    if matches!(got, "per-core" | "per-group" | "per-thread" | "per-ccx" | "auto") {
        return Ok(());
    }
    refuse(
        line,
        &format!(
            "parsed an unknown directive '{got}'. Known values are : per-core per-group per-thread per-ccx auto"
        ),
    )
}

const POLICIES: &[(&str, &str)] = &[
    ("none", "use all available CPUs"),
    ("performance", "make one thread group per perf. core cluster"),
    ("group-by-ccx", "make one thread group per CCX"),
    ("group-by-2-ccx", "make one thread group per 2 CCX"),
    ("group-by-3-ccx", "make one thread group per 3 CCX"),
    ("group-by-4-ccx", "make one thread group per 4 CCX"),
    ("group-by-cluster", "make one thread group per core cluster"),
    ("group-by-2-clusters", "make one thread group per 2 core clusters"),
    ("group-by-3-clusters", "make one thread group per 3 core clusters"),
    ("group-by-4-clusters", "make one thread group per 4 core clusters"),
    ("efficiency", "make one thread group per eff. core cluster"),
    ("resource", "make one thread group from the smallest cluster"),
    ("first-usable-node", "use only first usable node if nbthreads not set"),
];

fn cpu_policy(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let got = line.word(1);
    if POLICIES.iter().any(|(name, _)| *name == got) {
        return Ok(());
    }
    let mut text = format!("passed an unknown CPU policy '{got}'. Supported values are:");
    for (index, (name, meaning)) in POLICIES.iter().enumerate() {
        let and = if index == 0 || index + 1 == POLICIES.len() { " and" } else { "" };
        let end = if index + 1 == POLICIES.len() { '.' } else { ',' };
        text.push_str(&format!("{and} '{name}' ({meaning}){end}"));
    }
    refuse(line, &text)
}

const SETS: &[&str] = &[
    "reset",
    "only-cpu",
    "drop-cpu",
    "only-node",
    "drop-node",
    "only-cluster",
    "drop-cluster",
    "only-core",
    "drop-core",
    "only-thread",
    "drop-thread",
];

fn cpu_set(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let mut at = 1;
    loop {
        match line.word(at) {
            "" if at > 1 => return Ok(()),
            "reset" => at += 1,
            directive if SETS.contains(&directive) => at += 2,
            other => {
                let names = SETS.join("', '");
                let text =
                    format!("'cpu-set' passed an unknown directive '{other}' (only '{names}' supported).");
                return line.fail(at, text);
            }
        }
    }
}

fn dns_family(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let list = line.word(1);
    if list.split(',').all(|family| matches!(family, "ipv4" | "ipv6" | "auto")) {
        return Ok(());
    }
    refuse(line, &format!("expects a comma-delimited list of 'ipv4' and 'ipv6' but got '{list}'."))
}

fn profiling(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
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

fn mask_events(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let list = line.word(1);
    if list.is_empty() || list.split(',').all(|event| matches!(event, "err" | "hup" | "rdhup")) {
        return Ok(());
    }
    refuse(line, &format!("expects a comma-delimited list of 'err', 'hup' and 'rdhup' but got '{list}'."))
}

fn renice(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let text = line.word(1);
    match integer(text) {
        Ok(-20..=19) if !text.is_empty() && atol(text) >= -20 => Ok(()),
        _ => refuse(line, &format!("only supports values between -20 and 19 inclusive (was given {text})")),
    }
}
