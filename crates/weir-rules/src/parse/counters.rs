//! Stick counters: `track-sc`, `sc-inc-gpc`, `sc-set-gpt` and their kin.

use weir_sample::Named;

use super::cursor::{Cursor, Fault};
use super::row::{ActionRow, RuleContext, Sets};
use crate::action::{Action, IntValue, StickElement};
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
    .prefix(),
    ActionRow::new("sc-inc-gpc", ALL, "(<idx>,<sc-id>)", "Counts (4.4).", inc_gpc).prefix(),
    ActionRow::new("sc-inc-gpc0", ALL, "(<sc-id>)", "Counts (4.4).", inc_gpc_n).prefix(),
    ActionRow::new("sc-inc-gpc1", ALL, "(<sc-id>)", "Counts (4.4).", inc_gpc_n).prefix(),
    ActionRow::new("sc-set-gpt", ALL, "(<idx>,<sc-id>) { <int> | <expr> }", "Sets a tag (4.4).", set_gpt)
        .prefix(),
    ActionRow::new("sc-set-gpt0", ALL, "(<sc-id>) { <int> | <expr> }", "Sets a tag (4.4).", set_gpt0)
        .prefix(),
    ActionRow::new(
        "track-sc",
        Sets::of(&[R::HttpRequest, R::HttpResponse]),
        "<n> <key> [table <table>]",
        "Counts by a key (4.4).",
        track,
    )
    .prefix(),
    ActionRow::new(
        "track-sc",
        Sets::of(&[R::TcpRequestConnection, R::TcpRequestSession, R::TcpRequestContent]),
        "<n> <key> [table <table>]",
        "Counts by a key (4.4).",
        track,
    )
    .prefix()
    .unlisted(),
];

/// `(index,counter)` of the array forms.
fn pair(
    cursor: &Cursor<'_>,
    cx: &RuleContext<'_>,
    kind: &str,
    expects: &str,
) -> Result<(StickElement, u8), Fault> {
    let name = cursor.name();
    let at = cursor.at - 1;
    let Some(inside) = Cursor::parenthesis(name) else {
        return Err(Fault::new(at, format!("invalid {kind} ID '{name}'. {expects}")));
    };
    let mut parts = inside.split(',');
    let index = parts.next().and_then(|text| text.parse::<u32>().ok());
    let counter = parts.next().and_then(|text| text.parse::<u32>().ok());
    let (Some(index), Some(counter)) = (index, counter) else {
        return Err(Fault::new(at, format!("Missing {kind} ID '{name}'. {expects}")));
    };
    if !name.contains(')') {
        return Err(Fault::new(at, format!("invalid stick table track ID '{name}'. {expects}")));
    }
    // No array reaches as far as 255, so larger numbers mean no element either.
    let index = u8::try_from(index).unwrap_or(u8::MAX);
    let hint = if kind == "gpc" { " (tune.stick-counters)" } else { "" };
    Ok((StickElement::Array(index), in_range(cx, at, counter, &format!(" '{name}'"), hint)?))
}

fn in_range(cx: &RuleContext<'_>, at: usize, counter: u32, shown: &str, hint: &str) -> Result<u8, Fault> {
    if counter >= cx.stick_counters {
        let most = cx.stick_counters.saturating_sub(1);
        let text = format!("invalid stick table track ID{shown}. The max allowed ID is {most}{hint}");
        return Err(Fault::new(at, text));
    }
    Ok(u8::try_from(counter).unwrap_or(u8::MAX))
}

/// `(counter)` of the older forms; none at all is the first.
fn single(cursor: &Cursor<'_>, cx: &RuleContext<'_>) -> Result<u8, Fault> {
    let name = cursor.name();
    let at = cursor.at - 1;
    let Some(inside) = Cursor::parenthesis(name) else { return Ok(0) };
    let inside = if name.contains(')') { inside } else { "" };
    match inside.parse::<u32>() {
        Ok(counter) if name.starts_with("sc-set") => in_range(cx, at, counter, &format!(" '{name}'"), ""),
        Ok(counter) => in_range(cx, at, counter, "", " (tune.stick-counters)"),
        Err(_) => Err(Fault::new(at, format!("invalid stick table track ID. Expects {name}(<Track ID>)"))),
    }
}

/// The value of a `set` or `add`: a number or an expression. Nothing at all is taken for zero.
fn value(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<IntValue<Named>, Fault> {
    if cursor.at_condition() {
        return Ok(IntValue::Fixed(0));
    }
    if let Ok(number) = cursor.peek().parse::<u32>() {
        cursor.at += 1;
        return Ok(IntValue::Fixed(number));
    }
    cx.expr(cursor).map(IntValue::Expr)
}

fn add_gpc(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    const EXPECTS: &str = "Expects sc-add-gpc(<GPC ID>,<Track ID>)";
    if Cursor::parenthesis(cursor.name()).is_none() {
        let text = format!("Missing or invalid arguments for '{}'. {EXPECTS}", cursor.name());
        return Err(Fault::new(cursor.at - 1, text));
    }
    let (element, counter) = pair(cursor, cx, "gpc", EXPECTS)?;
    Ok(Action::CountStickCounter { counter, element, amount: value(cursor, cx)? })
}

fn inc_gpc(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let (element, counter) = pair(cursor, cx, "gpc", "Expects sc-inc-gpc(<GPC ID>,<Track ID>)")?;
    Ok(Action::CountStickCounter { counter, element, amount: IntValue::Fixed(1) })
}

fn inc_gpc_n(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let element = StickElement::Single(u8::from(cursor.name().starts_with("sc-inc-gpc1")));
    let counter = single(cursor, cx)?;
    Ok(Action::CountStickCounter { counter, element, amount: IntValue::Fixed(1) })
}

fn set_gpt(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let (element, counter) = pair(cursor, cx, "gpt", "Expects sc-set-gpt(<GPT ID>,<Track ID>)")?;
    Ok(Action::TagStickCounter { counter, element, value: value(cursor, cx)? })
}

fn set_gpt0(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let counter = single(cursor, cx)?;
    Ok(Action::TagStickCounter { counter, element: StickElement::Single(0), value: value(cursor, cx)? })
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
    let mut table: Box<str> = "".into();
    if cursor.peek() == "table" {
        cursor.at += 1;
        if cursor.peek().is_empty() {
            return cursor.fault("missing table name");
        }
        table = cursor.take().into();
    }
    Ok(Action::TrackStickCounter { counter: u8::try_from(counter).unwrap_or(u8::MAX), key, table })
}
