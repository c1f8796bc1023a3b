//! Options of a `bind` line that count something.

use super::option::BindOption;
use super::words::Place;
use crate::model::BindOptions;
use crate::outcome::Outcome;
use crate::parser::Parser;
use crate::value::{atol, clamp_u32, integer};
use weir_syntax::time;

pub const OPTIONS: &[BindOption] = &[
    BindOption::valued(
        "accept-netscaler-cip",
        "A NetScaler header comes first (5.1).",
        |_, place, options| {
            let value = atol(place.required("value")?);
            if value <= 0 {
                return place.wrong(&format!("invalid value {value}, must be >= 0"));
            }
            options.settings.accept_netscaler_cip = Some(clamp_u32(value));
            Ok(())
        },
    ),
    BindOption::valued("backlog", "Length of the listening queue (5.1).", |_, place, options| {
        options.settings.backlog = Some(not_negative(place)?);
        Ok(())
    }),
    BindOption::valued("maxconn", "Connections of this listener (5.1).", |_, place, options| {
        options.settings.maxconn = Some(not_negative(place)?);
        Ok(())
    }),
    BindOption::valued("id", "The listener's numeric identifier (5.1).", id),
    BindOption::valued("nice", "Precedence of its connections (5.1).", nice)
        .no_effect("each worker serves its streams in the order of their events"),
    BindOption::valued("mss", "The segment size that is announced (5.1).", |_, place, options| {
        let value = atol(place.value());
        if value == 0 || value.abs() > 65535 {
            return place.wrong("expects an MSS with and absolute value between 1 and 65535");
        }
        options.settings.mss = i32::try_from(value).ok();
        Ok(())
    }),
    BindOption::valued("tcp-ss", "Kept SYN packets (5.1).", |_, place, options| {
        match place.value().parse() {
            Ok(mode @ 0..=2) => options.settings.save_syn = mode,
            _ => return place.wrong("TCP Save SYN option expects an integer argument from 0 to 2"),
        }
        Ok(())
    }),
    BindOption::valued("tcp-ut", "TCP_USER_TIMEOUT (5.1).", |_, place, options| {
        let value = place.required("TCP User Timeout value")?;
        match time::milliseconds(value) {
            Ok(value) => options.settings.tcp_user_timeout = Some(value),
            Err(time::TimeError::Overflow) => {
                return place.wrong(&format!(
                    "timer overflow in argument '{value}' (maximum value is 2147483647 ms or ~24.8 days)"
                ));
            }
            Err(_) => return place.wrong("expects a positive delay in milliseconds"),
        }
        Ok(())
    }),
    BindOption::valued("idle-ping", "Liveness of idle HTTP/2 clients (5.1).", |_, place, options| {
        let value = place.value();
        match time::milliseconds(value) {
            Ok(delay) => options.settings.idle_ping = Some(delay).filter(|delay| *delay > 0),
            Err(time::TimeError::Overflow) => {
                return place.fail("timer overflow in 'idle-ping' argument on bind line.");
            }
            Err(time::TimeError::Unexpected(fault)) => {
                return place.fail(&format!("{fault} in 'idle-ping' argument on bind line."));
            }
        }
        Ok(())
    }),
    BindOption::valued("shards", "Sockets per address (5.1).", shards)
        .no_effect("every worker has a listening socket of its own"),
    BindOption::valued("nbconn", "Reverse HTTP connections (5.1).", |parser, place, _| {
        experimental(parser, place)?;
        match atol(place.value()) {
            value if value > 0 => Ok(()),
            value => place.wrong(&format!("invalid value {value}, must be > 0")),
        }
    })
    .not_yet(),
    BindOption::valued("thread", "Threads that accept here (5.1).", thread)
        .no_effect("every worker accepts on every listener"),
    BindOption::valued("process", "Removed: `thread` (5.1).", |_, place, _| {
        let text = "on 'bind' lines is not supported anymore, please use 'thread' instead.";
        place.fail(&format!("'process {}' {text}", place.value()))
    }),
];

/// Refuses what needs `expose-experimental-directives`.
fn experimental(parser: &mut Parser<'_>, place: &Place<'_, '_>) -> Outcome {
    if parser.takes_experiment() {
        return Ok(());
    }
    let text = "is experimental, must be allowed via a global 'expose-experimental-directives'";
    place.fail(&format!("'{}' {text}", place.name()))
}

fn not_negative(place: &Place<'_, '_>) -> Outcome<u32> {
    match atol(place.required("value")?) {
        value if value < 0 => place.wrong(&format!("invalid value {value}, must be >= 0")),
        value => Ok(clamp_u32(value)),
    }
}

fn id(_: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let text = place.value();
    match integer(text) {
        _ if text.is_empty() => place.wrong("expects an integer argument"),
        Ok(id) if id > 0 => {
            options.id = Some(clamp_u32(id));
            Ok(())
        }
        Ok(_) => place.wrong("custom id has to be > 0"),
        Err(_) => place.wrong(&format!("expects an integer argument, found '{text}'")),
    }
}

fn nice(_: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let value = atol(place.required("value")?);
    match i16::try_from(value) {
        Ok(nice @ -1024..=1024) => {
            options.settings.nice = nice;
            Ok(())
        }
        _ => place.wrong(&format!("invalid value {value}, allowed range is -1024..1024")),
    }
}

fn shards(_: &mut Parser<'_>, place: &Place<'_, '_>, _: &mut BindOptions) -> Outcome {
    let text = place.required("value")?;
    match atol(text) {
        _ if matches!(text, "by-thread" | "by-group") => Ok(()),
        1..=1024 => Ok(()),
        value => place.wrong(&format!("invalid value {value}, allowed range is 1..1024 or 'by-thread'")),
    }
}

/// `[GROUP/]RANGES`: numbers from 1, or `all`, `odd`, `even`.
fn thread(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let text = place.value();
    let wrong = |which: &str, text: &str| {
        let range = "permitted range is 1..1024, or 'all', 'odd', 'even'.";
        place.fail(&format!("invalid {which} thread number '{text}', {range}"))
    };
    let mut least = None;
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let part = part.rsplit('/').next().unwrap_or(part);
        if matches!(part, "all" | "odd" | "even") {
            least = Some(1);
            continue;
        }
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        match low.parse::<u32>() {
            Ok(low @ 1..=1024) => least = Some(least.map_or(low, |least: u32| least.min(low))),
            _ => return wrong("first", low),
        }
        if !high.is_empty() && !matches!(high.parse::<u32>(), Ok(1..=1024)) {
            return wrong("last", high);
        }
    }
    if least.is_some_and(|least| least > threads(parser)) {
        let proxy = parser.proxy.as_ref().map_or("", |proxy| &proxy.name);
        let (bind, at) = (place.line.word(1), parser.place(place.line));
        let text = format!("proxy '{proxy}': 'thread' directive only references non-existing threads");
        return Err(super::proxy_fault(place.line, format!("{text} in 'bind {bind}' at [{at}].")));
    }
    options.thread = Some(text.into());
    Ok(())
}

fn threads(parser: &Parser<'_>) -> u32 {
    match parser.config.global.nbthread {
        0 => std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(64)),
        count => u32::from(count),
    }
}
