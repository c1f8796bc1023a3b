//! What the log will say: `do-log`, `set-log-level`, `capture`; and `set-nice`.

use weir_sample::{Named, expr::Expr};

use super::cursor::{Cursor, Fault};
use super::headers::HTTP;
use super::row::{ActionRow, RuleContext, Sets};
use crate::action::{Action, CaptureSlot, LogLevel};
use crate::ruleset::RuleSet;

/// Where a stream is there to write a line about.
const STREAMS: Sets = Sets::of(&[
    RuleSet::TcpRequestContent,
    RuleSet::TcpResponseContent,
    RuleSet::HttpRequest,
    RuleSet::HttpResponse,
    RuleSet::HttpAfterResponse,
]);
const BEFORE: Sets =
    Sets::of(&[RuleSet::QuicInitial, RuleSet::TcpRequestConnection, RuleSet::TcpRequestSession]);
const CONTENTS: Sets = Sets::of(&[RuleSet::TcpRequestContent, RuleSet::TcpResponseContent]);

pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new("do-log", STREAMS, "[ profile <profile> ]", "A log line here (4.4).", do_log),
    ActionRow::new("do-log", BEFORE, "[ profile <profile> ]", "A log line here (4.4).", do_log),
    ActionRow::new("set-log-level", HTTP, "<level>", "The line's level (4.4).", set_log_level),
    ActionRow::new("set-log-level", CONTENTS, "<level>", "The line's level (4.4).", set_log_level),
    ActionRow::new(
        "set-nice",
        Sets::of(&[
            RuleSet::TcpRequestContent,
            RuleSet::TcpResponseContent,
            RuleSet::HttpRequest,
            RuleSet::HttpResponse,
        ]),
        "<nice>",
        "Precedence among streams (4.4).",
        set_nice,
    )
    .no_effect("each worker serves its streams in the order of their events"),
    ActionRow::new(
        "capture",
        Sets::of(&[RuleSet::HttpRequest]),
        "<sample> [ len <length> | id <id> ]",
        "Kept for the log (4.4).",
        capture_request,
    ),
    ActionRow::new(
        "capture",
        Sets::of(&[RuleSet::HttpResponse, RuleSet::HttpAfterResponse]),
        "<sample> id <id>",
        "Kept for the log (4.4).",
        capture_response,
    ),
    ActionRow::new(
        "capture",
        Sets::of(&[RuleSet::TcpRequestContent]),
        "<sample> len <length>",
        "Kept for the log (4.4).",
        capture_content,
    )
    .unlisted(),
];

fn do_log(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let mut profile = None;
    if cursor.peek() == "profile" {
        if matches!(cursor.peek_at(1), "" | "if" | "unless") {
            return cursor.fault("action 'do-log': expected string after 'profile'");
        }
        profile = Some(cursor.peek_at(1).into());
        cursor.at += 2;
    }
    Ok(Action::DoLog { profile })
}

fn set_log_level(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    const LEVELS: &[&str] = &["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
    let name = cursor.peek();
    let level = match LEVELS.iter().position(|level| *level == name) {
        Some(level) => LogLevel::Severity(u8::try_from(level).unwrap_or(7)),
        None if name == "silent" => LogLevel::Silent,
        None => return cursor.fault("expects exactly 1 argument (log level name or 'silent')"),
    };
    cursor.at += 1;
    Ok(Action::SetLogLevel(level))
}

fn set_nice(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    if cursor.peek().is_empty() {
        return cursor.fault("expects exactly 1 argument (integer value)");
    }
    let text = cursor.take();
    let end = text
        .char_indices()
        .find(|(index, letter)| !(letter.is_ascii_digit() || *index == 0 && *letter == '-'));
    let nice: i64 = text[..end.map_or(text.len(), |(index, _)| index)].parse().unwrap_or(0);
    Ok(Action::SetNice(i16::try_from(nice.clamp(-1024, 1024)).unwrap_or(0)))
}

/// `len N`: a slot of its own; `id N`: one that exists.
fn slot(cursor: &mut Cursor<'_>) -> Result<CaptureSlot, Fault> {
    let (kind, text) = (cursor.peek(), cursor.peek_at(1));
    let what = if kind == "len" { "length" } else { "id" };
    let Ok(value) = text.parse::<u32>() else {
        return Err(Fault::new(
            cursor.at + 1,
            match text {
                "" => format!("missing {what} value"),
                _ => format!("cannot parse {} '{text}'", if kind == "len" { "length" } else { "capture id" }),
            },
        ));
    };
    cursor.at += 2;
    if kind == "id" {
        return Ok(CaptureSlot::Id(value));
    }
    match value {
        0 => Err(Fault::new(cursor.at - 1, "length must be > 0")),
        length => Ok(CaptureSlot::Own { length }),
    }
}

/// The expression, if a length or an id follows somewhere before the condition.
fn sample(
    cursor: &mut Cursor<'_>,
    cx: &RuleContext<'_>,
    kinds: &[&str],
    expects: &str,
) -> Result<Expr<Named>, Fault> {
    let rest = &cursor.words[cursor.at.min(cursor.words.len())..];
    let before = rest.iter().take_while(|word| !matches!(**word, "if" | "unless"));
    if !before.skip(1).any(|word| kinds.contains(word)) {
        return cursor.fault(expects);
    }
    cx.expr(cursor)
}

fn capture_request(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    const EXPECTS: &str = "expects <expression> [ 'len' <length> | id <idx> ]";
    let expr = sample(cursor, cx, &["len", "id"], EXPECTS)?;
    if !matches!(cursor.peek(), "len" | "id") {
        return cursor.fault(EXPECTS);
    }
    if cursor.peek() == "len" && !cx.frontend {
        return cursor.fault(format!("proxy '{}' has no frontend capability", cx.title));
    }
    Ok(Action::Capture { expr, slot: slot(cursor)?, response: false })
}

fn capture_response(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    const EXPECTS: &str = "expects <expression> id <idx>";
    let expr = sample(cursor, cx, &["id"], EXPECTS)?;
    if cursor.peek() != "id" {
        return cursor.fault(EXPECTS);
    }
    Ok(Action::Capture { expr, slot: slot(cursor)?, response: true })
}

fn capture_content(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let expr = cx.expr(cursor)?;
    if cursor.peek() != "len" {
        return cursor.fault("a positive 'len' argument is mandatory");
    }
    Ok(Action::Capture { expr, slot: slot(cursor)?, response: false })
}
