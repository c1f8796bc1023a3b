//! Actions that wait or say how long: `wait-for-body`, `pause`, `set-timeout`.

use weir_sample::Named;

use super::cursor::{Cursor, Fault};
use super::row::{ActionRow, RuleContext, Sets};
use crate::action::{Action, TimeoutKind, TimeoutValue};
use crate::ruleset::RuleSet as R;

const HTTP_BOTH: Sets = Sets::of(&[R::HttpRequest, R::HttpResponse]);

pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new(
        "wait-for-body",
        HTTP_BOTH,
        "time <time> [ at-least <bytes> ]",
        "Waits for data (4.4).",
        wait_for_body,
    ),
    ActionRow::new("pause", HTTP_BOTH, "{ <timeout> | <expr> }", "Waits (4.4).", pause),
    ActionRow::new(
        "set-timeout",
        HTTP_BOTH,
        "{ <kind> } { <timeout> | <expr> }",
        "A timeout of the stream (4.4).",
        set_timeout,
    ),
];

/// Milliseconds with HAProxy's unit letters.
pub(super) fn milliseconds(text: &str) -> Result<u64, String> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let unexpected = |rest: &str| match rest.chars().next() {
        Some(letter) => format!("unexpected character '{letter}'"),
        None => "unexpected character '".to_owned(),
    };
    if digits == 0 {
        return Err(unexpected(text));
    }
    let value: u64 = text[..digits].parse().map_err(|_| "timer overflow".to_owned())?;
    let rest = &text[digits..];
    let factor_us: u64 = match rest.as_bytes() {
        [] => 1_000,
        [b'u', b's', ..] => 1,
        [b'm', b's', ..] => 1_000,
        [b's', ..] => 1_000_000,
        [b'm', ..] => 60_000_000,
        [b'h', ..] => 3_600_000_000,
        [b'd', ..] => 86_400_000_000,
        _ => return Err(unexpected(rest)),
    };
    let time = value.saturating_mul(factor_us).div_ceil(1_000);
    if time > 2_147_483_647 { Err("timer overflow".into()) } else { Ok(time) }
}

fn wait_for_body(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let (mut time, mut at_least) = (None, 0);
    loop {
        let name = cursor.peek();
        if name != "time" && name != "at-least" {
            break;
        }
        cursor.at += 1;
        let text = cursor.peek();
        if text.is_empty() {
            return cursor.fault(format!("missing argument for '{name}'"));
        }
        match name {
            "time" => time = Some(milliseconds(text).map_err(|text| Fault::new(cursor.at, text))?),
            _ => match size(text) {
                Ok(bytes) => at_least = bytes,
                Err(letter) => return cursor.fault(format!("unexpected character '{letter}'")),
            },
        }
        cursor.at += 1;
    }
    match time {
        Some(milliseconds) => Ok(Action::WaitForBody { milliseconds, at_least }),
        None => cursor.fault("expects time <time> [ at-least <bytes> ]"),
    }
}

/// Bytes with `k`, `m`, `g`.
pub(super) fn size(text: &str) -> Result<u64, char> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let value: u64 = text[..digits].parse().map_err(|_| text.chars().next().unwrap_or(' '))?;
    Ok(value
        << match text[digits..].chars().next() {
            None => 0,
            Some('k' | 'K') => 10,
            Some('m' | 'M') => 20,
            Some('g' | 'G') => 30,
            Some(other) => return Err(other),
        })
}

/// A time, or an expression that yields milliseconds.
fn time_or_expr(
    cursor: &mut Cursor<'_>,
    cx: &RuleContext<'_>,
    rule: &str,
) -> Result<TimeoutValue<Named>, Fault> {
    let text = cursor.peek();
    match milliseconds(text) {
        Ok(time) => {
            cursor.at += 1;
            Ok(TimeoutValue::Fixed(time))
        }
        // What names no fetch is a time gone wrong.
        Err(fault) => match cx.expr(&mut Cursor { ..*cursor }) {
            Ok(expr) => {
                cx.expr(cursor)?;
                Ok(TimeoutValue::Expr(expr))
            }
            Err(_) if text.is_empty() => cursor.fault(fault),
            Err(_) => cursor.fault(format!("{fault} in rule '{rule}'")),
        },
    }
}

fn pause(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    Ok(Action::Pause(time_or_expr(cursor, cx, "pause")?))
}

fn set_timeout(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    if cursor.peek().is_empty() || cursor.peek_at(1).is_empty() {
        return cursor.fault("expects exactly 2 arguments");
    }
    let name = cursor.peek();
    let kind = match name {
        "client" => TimeoutKind::Client,
        "connect" => TimeoutKind::Connect,
        "queue" => TimeoutKind::Queue,
        "server" => TimeoutKind::Server,
        "tarpit" => TimeoutKind::Tarpit,
        "tunnel" => TimeoutKind::Tunnel,
        other => {
            let text = "'set-timeout' rule supports 'client'/'connect'/'queue'/'server'/'tarpit'/'tunnel'";
            return cursor.fault(format!("{text} (got '{other}')"));
        }
    };
    cursor.at += 1;
    let milliseconds = time_or_expr(cursor, cx, &format!("set-timeout {name}"))?;
    if matches!(milliseconds, TimeoutValue::Fixed(0)) {
        return cursor.fault(format!("null value is not valid for a 'set-timeout {name}' rule"));
    }
    Ok(Action::SetTimeout { kind, milliseconds })
}
