//! What ends a list or the stream: `allow`, `deny`, `return`, `tarpit`, `auth`, `silent-drop`, and the switches beside
//! them.

use weir_sample::Named;

use super::cursor::{Cursor, Fault};
use super::reply::reply;
use super::row::{ActionRow, RuleContext, Sets};
use crate::action::Action;
use crate::ruleset::RuleSet as R;

const HTTP_BOTH: Sets = Sets::of(&[R::HttpRequest, R::HttpResponse]);
const HTTP_REQUEST: Sets = Sets::of(&[R::HttpRequest]);
const TCP: Sets = Sets::of(&[
    R::QuicInitial,
    R::TcpRequestConnection,
    R::TcpRequestSession,
    R::TcpRequestContent,
    R::TcpResponseContent,
]);
const DROPPABLE: Sets = Sets::of(&[
    R::TcpRequestConnection,
    R::TcpRequestSession,
    R::TcpRequestContent,
    R::TcpResponseContent,
    R::HttpRequest,
    R::HttpResponse,
]);

pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new("allow", super::headers::HTTP, "", "Stops this list (4.4).", |_, _| Ok(Action::Allow)),
    ActionRow::new("accept", TCP, "", "Stops this list (4.4).", |_, _| Ok(Action::Allow)).unlisted(),
    ActionRow::new("reject", TCP, "", "Closes (4.4).", |_, _| Ok(Action::Reject)).unlisted(),
    ActionRow::new("reject", HTTP_REQUEST, "", "Closes without an answer (4.4).", |_, _| Ok(Action::Reject)),
    ActionRow::new("close", Sets::of(&[R::TcpResponseContent]), "", "Closes to the server (4.4).", |_, _| {
        Ok(Action::Close)
    })
    .unlisted(),
    ActionRow::new("dgram-drop", Sets::of(&[R::QuicInitial]), "", "Ignores the datagram (4.4).", |_, _| {
        Ok(Action::NotYet { name: "dgram-drop" })
    })
    .unlisted()
    .not_yet(),
    ActionRow::new("send-retry", Sets::of(&[R::QuicInitial]), "", "Asks again (4.4).", |_, _| {
        Ok(Action::NotYet { name: "send-retry" })
    })
    .unlisted()
    .not_yet(),
    ActionRow::new("deny", HTTP_REQUEST, "[ <reply> ]", "Answers with a refusal (4.4).", |c, x| {
        Ok(Action::Deny(Box::new(reply(c, x, Some(403))?)))
    }),
    ActionRow::new(
        "deny",
        Sets::of(&[R::HttpResponse]),
        "[ <reply> ]",
        "Answers with a failure (4.4).",
        |c, x| Ok(Action::Deny(Box::new(reply(c, x, Some(502))?))),
    ),
    ActionRow::new("tarpit", HTTP_REQUEST, "[ <reply> ]", "Refuses late (4.4).", |c, x| {
        Ok(Action::Tarpit(Box::new(reply(c, x, Some(500))?)))
    }),
    ActionRow::new("return", HTTP_BOTH, "[ <reply> ]", "Answers (4.4).", |c, x| {
        Ok(Action::Return(Box::new(reply(c, x, Some(200))?)))
    }),
    ActionRow::new("auth", HTTP_REQUEST, "[realm <realm>]", "Asks for a password (4.4).", auth),
    ActionRow::new(
        "silent-drop",
        DROPPABLE,
        "[ rst-ttl <ttl> ]",
        "Forgets the connection (4.4).",
        silent_drop,
    ),
    ActionRow::new("disable-l7-retry", HTTP_REQUEST, "", "The request is sent once (4.4).", |_, _| {
        Ok(Action::DisableL7Retry)
    }),
    ActionRow::new("wait-for-handshake", HTTP_REQUEST, "", "Waits for TLS (4.4).", |_, _| {
        Ok(Action::WaitForHandshake)
    }),
    ActionRow::new(
        "strict-mode",
        super::headers::HTTP,
        "{ on | off }",
        "Whether failed rewrites fail (4.4).",
        strict_mode,
    ),
];

fn auth(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    if cursor.peek() != "realm" {
        return Ok(Action::Auth { realm: None });
    }
    cursor.at += 1;
    if cursor.peek().is_empty() {
        return cursor.fault("missing realm value.\n");
    }
    Ok(Action::Auth { realm: Some(cx.format(cursor)?) })
}

fn silent_drop(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    if cursor.peek() != "rst-ttl" {
        return Ok(Action::SilentDrop { rst_ttl: None });
    }
    cursor.at += 1;
    let text = cursor.peek();
    match text.parse::<u8>() {
        Ok(ttl) if ttl > 0 => {
            cursor.at += 1;
            Ok(Action::SilentDrop { rst_ttl: Some(ttl) })
        }
        _ if text.is_empty() => cursor.fault("missing rst-ttl value\n"),
        _ => match text.find(|letter: char| !letter.is_ascii_digit()) {
            Some(wrong) => {
                let text = &text[wrong..];
                cursor.fault(format!("invalid character starting at '{text}' (value 1-255 expected)\n"))
            }
            None => cursor.fault("valid rst-ttl values are [1-255]\n"),
        },
    }
}

fn strict_mode(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    match cursor.peek() {
        "" => cursor.fault("expects exactly 1 arguments"),
        word @ ("on" | "off") => {
            cursor.at += 1;
            Ok(Action::StrictMode(word == "on"))
        }
        other => cursor.fault(format!("Unexpected value '{other}'. Only 'on' and 'off' are supported")),
    }
}
