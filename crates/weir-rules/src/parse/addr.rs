//! Addresses, marks and classes of the connections: `set-src`, `set-dst`, `set-mark`, `set-tos` and their kin.

use weir_sample::Named;

use super::cursor::{Cursor, Fault};
use super::row::{ActionRow, RuleContext, Sets};
use crate::action::{Action, IntValue};
use crate::ruleset::RuleSet as R;

const REQUESTS: Sets =
    Sets::of(&[R::TcpRequestConnection, R::TcpRequestSession, R::TcpRequestContent, R::HttpRequest]);
const CLIENT: Sets = Sets::of(&[
    R::TcpRequestConnection,
    R::TcpRequestSession,
    R::TcpRequestContent,
    R::TcpResponseContent,
    R::HttpRequest,
    R::HttpResponse,
]);
const SERVER: Sets = Sets::of(&[R::TcpRequestContent, R::HttpRequest]);

pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new(
        "set-src",
        REQUESTS,
        "<expr>",
        "The client's address as seen from here on (4.4).",
        |c, x| Ok(Action::SetSource(x.expr(c)?)),
    ),
    ActionRow::new("set-src-port", REQUESTS, "<expr>", "The client's port (4.4).", |c, x| {
        Ok(Action::SetSourcePort(x.expr(c)?))
    }),
    ActionRow::new("set-dst", REQUESTS, "<expr>", "The destination's address (4.4).", |c, x| {
        Ok(Action::SetDestination(x.expr(c)?))
    }),
    ActionRow::new("set-dst-port", REQUESTS, "<expr>", "The destination's port (4.4).", |c, x| {
        Ok(Action::SetDestinationPort(x.expr(c)?))
    }),
    ActionRow::new("set-mark", CLIENT, "<mark>", "Earlier name of set-fc-mark (4.4).", |c, x| {
        mark(c, x, false)
    }),
    ActionRow::new("set-fc-mark", CLIENT, "{<mark>|<expr>}", "Packets' mark to the client (4.4).", |c, x| {
        mark(c, x, false)
    }),
    ActionRow::new("set-bc-mark", SERVER, "{<mark>|<expr>}", "Packets' mark to the server (4.4).", |c, x| {
        mark(c, x, true)
    }),
    ActionRow::new("set-tos", CLIENT, "<tos>", "Earlier name of set-fc-tos (4.4).", |c, x| tos(c, x, false)),
    ActionRow::new("set-fc-tos", CLIENT, "{<tos>|<expr>}", "Packets' class to the client (4.4).", |c, x| {
        tos(c, x, false)
    }),
    ActionRow::new("set-bc-tos", SERVER, "{<tos>|<expr>}", "Packets' class to the server (4.4).", |c, x| {
        tos(c, x, true)
    }),
    ActionRow::new("set-priority-class", SERVER, "<expr>", "Place in the queue (4.4).", |c, x| {
        Ok(Action::SetPriorityClass(x.expr(c)?))
    }),
    ActionRow::new("set-priority-offset", SERVER, "<expr>", "Time in the queue (4.4).", |c, x| {
        Ok(Action::SetPriorityOffset(x.expr(c)?))
    }),
    ActionRow::new(
        "expect-proxy",
        Sets::of(&[R::TcpRequestConnection]),
        "layer4",
        "A PROXY header comes (4.4).",
        |c, x| layer4(c, x, Action::ExpectProxyLayer4),
    )
    .unlisted(),
    ActionRow::new(
        "expect-netscaler-cip",
        Sets::of(&[R::TcpRequestConnection]),
        "layer4",
        "A NetScaler header comes (4.4).",
        |c, x| layer4(c, x, Action::ExpectNetscalerCip),
    )
    .unlisted(),
];

/// A number, decimal, octal or hexadecimal as C reads it, or an expression.
fn int_value(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<IntValue<Named>, Fault> {
    let text = cursor.peek();
    if text.is_empty() {
        return cursor.fault("expects an argument");
    }
    match number(text) {
        Some(value) => {
            cursor.at += 1;
            Ok(IntValue::Fixed(value))
        }
        None => Ok(IntValue::Expr(cx.expr(cursor)?)),
    }
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u32::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    }
}

fn mark(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>, to_server: bool) -> Result<Action<Named>, Fault> {
    Ok(Action::SetMark { value: int_value(cursor, cx)?, to_server })
}

fn tos(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>, to_server: bool) -> Result<Action<Named>, Fault> {
    Ok(Action::SetTos { value: int_value(cursor, cx)?, to_server })
}

fn layer4(
    cursor: &mut Cursor<'_>,
    cx: &RuleContext<'_>,
    action: Action<Named>,
) -> Result<Action<Named>, Fault> {
    let (name, layer) = (cursor.name(), cursor.peek());
    if layer != "layer4" {
        let set = cx.set.keyword();
        let text = format!("'{set} {name}' only supports 'layer4' in {} (got '{layer}')", cx.title);
        return Err(Fault::bare(cursor.at, text));
    }
    cursor.at += 1;
    Ok(action)
}
