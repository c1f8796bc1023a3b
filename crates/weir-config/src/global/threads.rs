//! Threads, their CPUs, groups and pollers (manual 3.1, 3.2) as far as weir has none: workers are processes, each with
//! the poller of its runtime and listening sockets of its own.

use weir_syntax::Line;

use super::argument::{choice, lax, none, number, on_off, one_of, refuse, unread, whole};
use super::knobs::{knob, plain};
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::integer;

const INTEGER: &str = "expects an integer argument.";
const POLLERS: &str = "each worker has one poller, of its runtime";
const PLACES: &str = "workers run on the CPUs that the process may use, or that cpu-map names";
const GROUPS: &str = "workers are processes: there are no thread groups";

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
    plain("noreuseport", "No SO_REUSEPORT (3.2).", "each worker has its own socket, which reload keeps"),
    knob("tune.epoll.mask-events", "<event>[,...]", "Masks events (3.2).", POLLERS, mask_events),
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
    knob("tune.maxpollevents", "<number>", "Events of one poll (3.2).", POLLERS, integer_argument),
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

fn count(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    lax(parser, line).map(drop)
}

fn integer_argument(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    number(parser, line, INTEGER).map(drop)
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

fn mask_events(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let list = line.word(1);
    if list.is_empty() || list.split(',').all(|event| matches!(event, "err" | "hup" | "rdhup")) {
        return Ok(());
    }
    refuse(line, &format!("expects a comma-delimited list of 'err', 'hup' and 'rdhup' but got '{list}'."))
}
