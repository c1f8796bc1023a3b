//! Counts of one proxy: `maxconn`, `fullconn`, `backlog`, `retries`, `rate-limit`, `max-keep-alive-queue`, and
//! `http-reuse`, `source`, `persist`, `http-send-name-header`.

use std::sync::Arc;

use weir_plan::settings::HttpReuse;
use weir_syntax::Line;

use super::scope::Half;
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::{atol, clamp_u32, integer};

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("maxconn", "<conns>", "Concurrent connections of a frontend (4.2).", maxconn),
    Keyword::new("fullconn", "<conns>", "Load at which dynamic server limits are reached (4.2).", fullconn),
    Keyword::new("backlog", "<conns>", "Length of the listening sockets' queues (4.2).", backlog),
    Keyword::new("retries", "<value>", "Connection attempts after the first (4.2).", retries),
    Keyword::new("rate-limit", "sessions <rate>", "New sessions per second (4.2).", rate_limit).listed(),
    Keyword::new(
        "max-keep-alive-queue",
        "<value>",
        "Queue length that ends affinity (4.2).",
        keep_alive_queue,
    )
    .listed(),
    Keyword::new(
        "http-reuse",
        "{ never | safe | aggressive | always }",
        "Sharing of idle connections (4.2).",
        http_reuse,
    ),
    Keyword::new("http-send-name-header", "[<header>]", "Sends the server's name (4.2).", send_name_header),
    Keyword::new("persist", "rdp-cookie[(<name>)]", "Affinity by RDP cookie (4.2).", persist),
    Keyword::new("transparent", "", "Deprecated spelling of `option transparent` (4.2).", transparent),
];

/// A count: HAProxy takes what `atol` makes of the word.
fn count(line: &Line<'_>, missing: &str) -> Outcome<u32> {
    if line.word(1).is_empty() {
        return line.fail(0, format!("'{}' expects an integer argument{missing}.", line.keyword()));
    }
    Ok(clamp_u32(atol(line.word(1))))
}

fn maxconn(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.lacks_with(Half::Frontend, line, "maxconn", " Maybe you want 'fullconn' instead ?");
    let value = count(line, "")?;
    parser.at_most(line, 2)?;
    parser.settings().maxconn = Some(value);
    Ok(())
}

fn fullconn(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.lacks_with(Half::Backend, line, "fullconn", " Maybe you want 'maxconn' instead ?");
    let value = count(line, "")?;
    parser.at_most(line, 2)?;
    parser.settings().fullconn = Some(value);
    Ok(())
}

fn backlog(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.lacks(Half::Frontend, line, "backlog");
    let value = count(line, "")?;
    parser.at_most(line, 2)?;
    parser.settings().backlog = Some(value);
    Ok(())
}

fn retries(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.lacks(Half::Backend, line, "retries");
    let value = count(line, " (dispatch counts for one)")?;
    parser.at_most(line, 2)?;
    parser.settings().retries = Some(value);
    Ok(())
}

/// A number in which no other character may stand.
pub(super) fn strict(line: &Line<'_>, word: usize, name: &str, missing: &str) -> Outcome<i64> {
    let text = line.word(word);
    if text.is_empty() {
        return line.fail(0, format!("'{name}' {missing}"));
    }
    integer(text).or_else(|wrong| {
        line.fail(word, format!("'{name}' : unexpected character '{wrong}' in integer value '{text}'"))
    })
}

fn rate_limit(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let what = line.word(1);
    if what != "sessions" {
        return line.fail(1, format!("'rate-limit' only supports 'sessions' (got '{what}')"));
    }
    let value =
        strict(line, 2, "rate-limit sessions", "expects expects an integer value (in sessions/second)")?;
    parser.warn_ignored(Half::Frontend, line, "rate-limit sessions");
    parser.settings().rate_limit_sessions = clamp_u32(value);
    Ok(())
}

fn keep_alive_queue(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let missing = "expects expects an integer value (or -1 to disable)";
    let value = strict(line, 1, "max-keep-alive-queue", missing)?;
    if value < -1 {
        return line.fail(1, "'max-keep-alive-queue' expects expects an integer value (or -1 to disable)");
    }
    parser.warn_ignored(Half::Backend, line, "max-keep-alive-queue");
    parser.settings().max_keep_alive_queue = i32::try_from(value).ok();
    Ok(())
}

fn http_reuse(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "http-reuse") {
        return Ok(());
    }
    let word = line.word(1);
    let reuse = match word {
        "never" => HttpReuse::Never,
        "safe" => HttpReuse::Safe,
        "aggressive" => HttpReuse::Aggressive,
        "always" => HttpReuse::Always,
        _ => return line.fail(1, "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'."),
    };
    parser.at_most_named(line, 2, &format!("http-reuse {word}"))?;
    parser.switches().reuse = reuse;
    Ok(())
}

fn send_name_header(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "http-send-name-header") {
        return Ok(());
    }
    if line.word(1).is_empty() {
        return line.fail(0, "'http-send-name-header' requires a header string.");
    }
    let name = parser.intern(line.word(1));
    parser.settings().send_name_header = Some(name);
    Ok(())
}

fn persist(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "persist") {
        return Ok(());
    }
    let method = line.word(1);
    if method.is_empty() {
        return line.fail(0, "missing persist method.");
    }
    let Some(rest) = method.strip_prefix("rdp-cookie") else {
        return line.fail(1, "unknown persist method.");
    };
    let name = match rest.strip_prefix('(') {
        Some(rest) => {
            let name = rest.strip_suffix(')').unwrap_or("");
            if name.is_empty() {
                return line.fail(1, "persist rdp-cookie(name)' requires an rdp cookie name.");
            }
            name
        }
        None if rest.is_empty() => "msts",
        None => return line.fail(1, "unknown persist method."),
    };
    parser.settings().persist_rdp_cookie = Some(Arc::from(name));
    Ok(())
}

fn transparent(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.lacks(Half::Backend, line, "transparent");
    parser.at_most(line, 1)?;
    parser.switches().transparent = true;
    Ok(())
}
