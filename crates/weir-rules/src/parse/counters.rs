//! Stick counters: `track-sc`, `sc-inc-gpc`, `sc-set-gpt` and their kin. Checked; tables are not there yet.

use weir_sample::Named;

use super::cursor::{Cursor, Fault};
use super::row::{ActionRow, RuleContext, Sets};
use crate::action::Action;
use crate::ruleset::RuleSet as R;

const ALL: Sets = Sets::of(&[
    R::TcpRequestConnection,
    R::TcpRequestSession,
    R::TcpRequestContent,
    R::TcpResponseContent,
    R::HttpRequest,
    R::HttpResponse,
    R::HttpAfterResponse,
]);

pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new(
        "sc-add-gpc",
        ALL,
        "(<idx>,<sc-id>) { <int> | <expr> }",
        "Adds to a counter (4.4).",
        add_gpc,
    )
    .prefix()
    .not_yet(),
    ActionRow::new("sc-inc-gpc", ALL, "(<idx>,<sc-id>)", "Counts (4.4).", inc_gpc).prefix().not_yet(),
    ActionRow::new("sc-inc-gpc0", ALL, "(<sc-id>)", "Counts (4.4).", inc_gpc_n).prefix().not_yet(),
    ActionRow::new("sc-inc-gpc1", ALL, "(<sc-id>)", "Counts (4.4).", inc_gpc_n).prefix().not_yet(),
    ActionRow::new("sc-set-gpt", ALL, "(<idx>,<sc-id>) { <int> | <expr> }", "Sets a tag (4.4).", set_gpt)
        .prefix()
        .not_yet(),
    ActionRow::new("sc-set-gpt0", ALL, "(<sc-id>) { <int> | <expr> }", "Sets a tag (4.4).", set_gpt0)
        .prefix()
        .not_yet(),
    ActionRow::new(
        "track-sc",
        Sets::of(&[R::HttpRequest, R::HttpResponse]),
        "<n> <key> [table <table>]",
        "Counts by a key (4.4).",
        track,
    )
    .prefix()
    .not_yet(),
    ActionRow::new(
        "track-sc",
        Sets::of(&[R::TcpRequestConnection, R::TcpRequestSession, R::TcpRequestContent]),
        "<n> <key> [table <table>]",
        "Counts by a key (4.4).",
        track,
    )
    .prefix()
    .unlisted()
    .not_yet(),
];

/// `(index,counter)` of the array forms.
fn pair(cursor: &Cursor<'_>, cx: &RuleContext<'_>, kind: &str, expects: &str) -> Result<(), Fault> {
    let name = cursor.name();
    let at = cursor.at - 1;
    let Some(inside) = Cursor::parenthesis(name) else {
        return Err(Fault::new(at, format!("invalid {kind} ID '{name}'. {expects}")));
    };
    let mut parts = inside.split(',');
    let index = parts.next().and_then(|text| text.parse::<u32>().ok());
    let counter = parts.next().and_then(|text| text.parse::<u32>().ok());
    let (Some(_), Some(counter)) = (index, counter) else {
        return Err(Fault::new(at, format!("Missing {kind} ID '{name}'. {expects}")));
    };
    in_range(cx, at, counter)
}

fn in_range(cx: &RuleContext<'_>, at: usize, counter: u32) -> Result<(), Fault> {
    if counter >= cx.stick_counters {
        let text = "invalid stick table track ID. The max allowed ID is";
        return Err(Fault::new(
            at,
            format!("{text} {} (tune.stick-counters)", cx.stick_counters.saturating_sub(1)),
        ));
    }
    Ok(())
}

/// `(counter)` of the older forms; none at all is the first.
fn single(cursor: &Cursor<'_>, cx: &RuleContext<'_>) -> Result<(), Fault> {
    let name = cursor.name();
    let at = cursor.at - 1;
    let Some(inside) = Cursor::parenthesis(name) else { return Ok(()) };
    let inside = if name.contains(')') { inside } else { "" };
    match inside.parse::<u32>() {
        Ok(counter) => in_range(cx, at, counter),
        Err(_) => Err(Fault::new(at, format!("invalid stick table track ID. Expects {name}(<Track ID>)"))),
    }
}

/// The value of a `set` or `add`: a number or an expression. Nothing at all is taken for zero.
fn value(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<(), Fault> {
    if cursor.at_condition() {
        return Ok(());
    }
    if cursor.peek().parse::<u32>().is_ok() {
        cursor.at += 1;
        return Ok(());
    }
    cx.expr(cursor).map(|_| ())
}

const NOT_YET: Action<Named> = Action::NotYet { name: "sc-*" };

fn add_gpc(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    const EXPECTS: &str = "Expects sc-add-gpc(<GPC ID>,<Track ID>)";
    if Cursor::parenthesis(cursor.name()).is_none() {
        let text = format!("Missing or invalid arguments for '{}'. {EXPECTS}", cursor.name());
        return Err(Fault::new(cursor.at - 1, text));
    }
    pair(cursor, cx, "gpc", EXPECTS)?;
    value(cursor, cx)?;
    Ok(NOT_YET)
}

fn inc_gpc(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    pair(cursor, cx, "gpc", "Expects sc-inc-gpc(<GPC ID>,<Track ID>)")?;
    Ok(NOT_YET)
}

fn inc_gpc_n(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    single(cursor, cx)?;
    Ok(NOT_YET)
}

fn set_gpt(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    pair(cursor, cx, "gpt", "Expects sc-set-gpt(<GPT ID>,<Track ID>)")?;
    value(cursor, cx)?;
    Ok(NOT_YET)
}

fn set_gpt0(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    single(cursor, cx)?;
    value(cursor, cx)?;
    Ok(NOT_YET)
}

fn track(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let at = cursor.at - 1;
    let text = cursor.name().strip_prefix("track-sc").unwrap_or("");
    let counter = match text.parse::<u32>() {
        Ok(counter) => counter,
        Err(_) if text.is_empty() => 0,
        Err(_) => return Err(Fault::new(at, format!("Wrong track-sc number '{text}'"))),
    };
    if counter >= cx.stick_counters {
        let most = cx.stick_counters.saturating_sub(1);
        let text = format!("{counter} track-sc number exceeding {most} (tune.stick-counters-1) value");
        return Err(Fault::new(at, text));
    }
    let key = cx.expr(cursor)?;
    let mut table = None;
    if cursor.peek() == "table" {
        cursor.at += 1;
        if cursor.peek().is_empty() {
            return cursor.fault("missing table name");
        }
        table = Some(cursor.take().into());
    }
    Ok(Action::TrackStickCounter { counter: u8::try_from(counter).unwrap_or(u8::MAX), key, table })
}
