//! Counts of the whole process (manual 3.1, 3.2): threads, CPUs, connections, rates, descriptors.

use weir_plan::settings::{CpuMap, Global};
use weir_syntax::Line;

use super::argument::{none, number, once, refuse, whole};
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, Prefix};
use crate::value::{clamp_u32, integer};

const INTEGER: &str = "expects an integer argument.";

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("nbthread", "<number>", "Workers (3.1).", nbthread).listed(),
    Keyword::new("cpu-map", "[auto:]<group>[/<threads>] <cpus>...", "CPUs of each worker (3.1).", cpu_map),
    Keyword::new("maxconn", "<number>", "Concurrent connections (3.2).", maxconn),
    Keyword::new("maxconnrate", "<number>", "Connections per second (3.2).", |parser, line| {
        rate(parser, line, |global, value| global.maxconn_rate = value)
    }),
    Keyword::new("maxsessrate", "<number>", "Sessions per second (3.2).", |parser, line| {
        rate(parser, line, |global, value| global.maxsess_rate = value)
    }),
    Keyword::new("ulimit-n", "<number>", "Descriptors of a process (3.1).", |parser, line| {
        let value = number(parser, line, INTEGER)?;
        let known = parser.config.global.ulimit_n.is_some();
        if !once(parser, line, known) {
            parser.config.global.ulimit_n = Some(u64::try_from(value).unwrap_or(0));
        }
        Ok(())
    }),
    Keyword::new("fd-hard-limit", "<number>", "Most descriptors of a process (3.1).", |parser, line| {
        let value = number(parser, line, INTEGER)?;
        parser.config.global.fd_hard_limit = Some(u64::try_from(value).unwrap_or(0));
        Ok(())
    }),
    Keyword::new("strict-limits", "", "Limits that cannot be set are errors (3.1).", |parser, line| {
        none(parser, line)?;
        parser.config.global.strict_limits = parser.prefix != Prefix::No;
        Ok(())
    }),
];

const THREADS: i64 = 1024;

fn nbthread(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    match whole(line)? {
        value @ 1..=THREADS => {
            parser.config.global.nbthread = u16::try_from(value).unwrap_or(0);
            Ok(())
        }
        value => refuse(line, &format!("value must be between 1 and {THREADS} (was {value})")),
    }
}

fn maxconn(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let known = parser.config.global.maxconn != 0;
    if once(parser, line, known) {
        return Ok(());
    }
    let text = line.word(1);
    if text.is_empty() {
        return refuse(line, INTEGER);
    }
    match integer(text) {
        Ok(value) => {
            parser.config.global.maxconn = clamp_u32(value);
            Ok(())
        }
        Err(_) => line.fail(1, format!("cannot parse 'maxconn' value '{text}', an integer is expected.")),
    }
}

/// A limit of zero connections a second is none.
fn rate(parser: &mut Parser<'_>, line: &Line<'_>, keep: fn(&mut Global, u32)) -> Outcome {
    let value = number(parser, line, INTEGER)?;
    keep(&mut parser.config.global, clamp_u32(value));
    match value {
        0 => Ok(()),
        _ => line.not_yet(0, line.keyword()),
    }
}

/// Threads of a group, and groups.
const GROUP: u32 = 64;

/// `[auto:]GROUPS[/THREADS] CPUS...`; a thread's number counts on from group to group.
fn cpu_map(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.len() < 3 {
        return line.fail(
            0,
            "cpu-map expects a thread group number  ('all', 'odd', 'even', a number from 1 to 64 or a range),  \
             followed by a list of CPU ranges with numbers from 0 to 63.",
        );
    }
    let (auto, text) = match line.word(1).strip_prefix("auto:") {
        Some(rest) => (true, rest),
        None => (false, line.word(1)),
    };
    let (groups, threads) = text.split_once('/').unwrap_or((text, "all"));
    let groups = numbers(groups).or_else(|text| line.fail(1, text))?;
    let threads = numbers(threads).or_else(|text| line.fail(1, text))?;
    let mut cpus = Vec::new();
    for word in 2..line.len() {
        for range in line.word(word).split(',') {
            cpus.extend(cpu_range(range).or_else(|text| line.fail(word, text))?);
        }
    }
    if auto && groups.len() * threads.len() != cpus.len() {
        let text = "TGROUP/THREAD range and CPU sets must have the same size to be automatically bound";
        return line.fail(2, format!("cpu-map : {text}"));
    }
    let maps = &mut parser.config.global.cpu_map;
    let places =
        groups.iter().flat_map(|group| threads.iter().map(move |thread| (group - 1) * GROUP + thread));
    for (place, thread) in places.enumerate() {
        let own = if auto { vec![cpus[place]] } else { cpus.clone() };
        push(maps, thread, own);
    }
    Ok(())
}

/// Neighbours with the same CPUs make one entry.
fn push(maps: &mut Vec<CpuMap>, thread: u32, cpus: Vec<u32>) {
    match maps.last_mut() {
        Some(last) if last.threads.1 + 1 == thread && last.cpus == cpus => last.threads.1 = thread,
        _ => maps.push(CpuMap { threads: (thread, thread), cpus, auto: false }),
    }
}

/// `all`, `odd`, `even`, a number or a range, from 1 to 64.
fn numbers(text: &str) -> Result<Vec<u32>, String> {
    let step = match text {
        "all" => Some((1, 1)),
        "odd" => Some((1, 2)),
        "even" => Some((2, 2)),
        _ => None,
    };
    if let Some((first, step)) = step {
        return Ok((first..=GROUP).step_by(step).collect());
    }
    let (low, high) = match text.split_once('-') {
        Some((low, "")) => (low, "64"),
        Some(ends) => ends,
        None => (text, text),
    };
    let wrong = || format!("cpu-map : '{text}' is not a valid number/range.");
    let read = |text: &str| text.parse::<u64>().map_err(|_| wrong());
    let (low, high) = (read(low)?, read(high)?);
    let (low, high) = (low.min(high), low.max(high));
    if low < 1 || high > u64::from(GROUP) {
        return Err(format!("{} It supports numbers from 1 to 64.", wrong()));
    }
    Ok((low..=high).map(|number| u32::try_from(number).unwrap_or(GROUP)).collect())
}

fn cpu_range(text: &str) -> Result<std::ops::RangeInclusive<u32>, String> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let read =
        |part: &str| part.parse::<u32>().map_err(|_| format!("cpu-map : '{text}' is not a CPU range."));
    let (low, high) = (read(low)?, read(high)?);
    if low.max(high) > 1023 {
        return Err("cpu-map : supports CPU numbers from 0 to 1023.".into());
    }
    Ok(low.min(high)..=low.max(high))
}
