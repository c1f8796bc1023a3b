//! What becomes of the stream: `allow`, `deny`, `return`, `auth`, `silent-drop`, `wait-for-body`, `set-timeout`,
//! `use-service`, and the rest that steers rather than edits.

use weir_sample::Named;

use super::cursor::{Cursor, Fault};
use super::reply::reply;
use super::row::{ActionRow, RuleContext, Sets};
use crate::action::{Action, TimeoutKind, TimeoutValue};
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
const CONTENT: Sets = Sets::of(&[R::TcpRequestContent]);
const SHAPED: Sets =
    Sets::of(&[R::TcpRequestContent, R::TcpResponseContent, R::HttpRequest, R::HttpResponse]);

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
    })
    .no_effect("requests are sent once"),
    ActionRow::new(
        "wait-for-body",
        HTTP_BOTH,
        "time <time> [ at-least <bytes> ]",
        "Waits for data (4.4).",
        wait_for_body,
    ),
    ActionRow::new("wait-for-handshake", HTTP_REQUEST, "", "Waits for TLS (4.4).", |_, _| {
        Ok(Action::WaitForHandshake)
    })
    .no_effect("no early data are accepted"),
    ActionRow::new("pause", HTTP_BOTH, "{ <timeout> | <expr> }", "Waits (4.4).", pause),
    ActionRow::new(
        "strict-mode",
        super::headers::HTTP,
        "{ on | off }",
        "Whether failed rewrites fail (4.4).",
        strict_mode,
    )
    .no_effect("a rewrite that fails leaves the message as it was"),
    ActionRow::new(
        "set-timeout",
        HTTP_BOTH,
        "{ <kind> } { <timeout> | <expr> }",
        "A timeout of the stream (4.4).",
        set_timeout,
    ),
    ActionRow::new(
        "set-retries",
        Sets::of(&[R::TcpRequestContent, R::HttpRequest]),
        "{ <n> | <expr> }",
        "Attempts (4.4).",
        set_retries,
    )
    .not_yet(),
    ActionRow::new(
        "use-service",
        Sets::of(&[R::TcpRequestContent, R::HttpRequest]),
        "<service>",
        "Answers from inside (4.4).",
        use_service,
    )
    .not_yet(),
    ActionRow::new("switch-mode", CONTENT, "http [ proto <name> ]", "TCP to HTTP (4.4).", switch_mode)
        .not_yet(),
    ActionRow::new(
        "attach-srv",
        Sets::of(&[R::TcpRequestSession]),
        "<srv> [ name <expr> ]",
        "Reverse HTTP (4.4).",
        attach,
    )
    .not_yet(),
    ActionRow::new(
        "do-resolve",
        Sets::of(&[R::TcpRequestContent, R::HttpRequest]),
        "(<var>,<resolvers>[,<opts>]) <expr>",
        "Asks the DNS (4.4).",
        do_resolve,
    )
    .prefix()
    .not_yet(),
    ActionRow::new("set-bandwidth-limit", SHAPED, "<name> [ <options> ]", "Slows (4.4).", bandwidth)
        .not_yet(),
    ActionRow::new("send-spoe-group", SHAPED, "<engine> <group>", "Asks an agent (4.4).", spoe_group)
        .not_yet(),
    ActionRow::new("cache-use", HTTP_REQUEST, "<name>", "Answers from a cache (4.4).", cache).not_yet(),
    ActionRow::new("cache-store", Sets::of(&[R::HttpResponse]), "<name>", "Keeps in a cache (4.4).", cache)
        .not_yet(),
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

/// Milliseconds with HAProxy's unit letters.
fn milliseconds(text: &str) -> Result<u64, String> {
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
fn size(text: &str) -> Result<u64, char> {
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

/// The word by which HAProxy calls the rule in these messages: the second of the line for HTTP rules.
fn shown(cx: &RuleContext<'_>, action: &'static str) -> &'static str {
    match cx.set {
        R::TcpRequestContent => "tcp-request",
        _ => action,
    }
}

fn set_retries(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    if cursor.peek().is_empty() {
        return cursor.fault("expects exactly 1 argument (an expression or an integer between 1 and 100)");
    }
    if cx.defaults {
        return cursor.fault(format!("'{}' is not allowed in 'defaults' sections", shown(cx, "set-retries")));
    }
    if !cx.backend {
        let text = format!("'{}' only available in backend or listen section", shown(cx, "set-retries"));
        return cursor.fault(text);
    }
    match cursor.peek().parse::<u32>() {
        Ok(1..=100) => cursor.at += 1,
        Ok(_) => return cursor.fault("expects an expression or an integer between 1 and 100"),
        Err(_) => drop(cx.expr(cursor)?),
    }
    Ok(Action::NotYet { name: "set-retries" })
}

fn use_service(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    // A full stop of its own: HAProxy doubles it behind HTTP rules.
    let name = cursor.peek();
    if name.is_empty() {
        return cursor.fault(format!("'{}' expects a service name.", shown(cx, "use-service")));
    }
    let http = cx.set == R::HttpRequest;
    if http && name == "prometheus-exporter" {
        cursor.at += 1;
        return Ok(Action::UseService(name.into()));
    }
    let shown = if http { name } else { "content" };
    cursor.fault(format!("'{shown}' unknown service name."))
}

fn switch_mode(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let mode = cursor.peek();
    let wrong = |text: String| Err(Fault::bare(cursor.at, format!("'tcp-request switch-mode' {text}")));
    if mode.is_empty() {
        return wrong("expects a mode as argument.".into());
    }
    if !cx.frontend {
        return wrong(format!("not allowed because {} has no frontend capability", cx.title));
    }
    if mode != "http" {
        return wrong(format!("expects a valid mode (got '{mode}')."));
    }
    cursor.at += 1;
    if cursor.peek() == "proto" {
        cursor.at += 2;
    }
    Ok(Action::NotYet { name: "switch-mode" })
}

fn attach(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    if !cx.experimental {
        let text = format!(
            "parsing [{}] : 'attach-srv' action is experimental, must be allowed via a global \
             'expose-experimental-directives'",
            cx.place
        );
        return Err(Fault::bare(cursor.at - 1, text));
    }
    if cursor.peek().is_empty() {
        return cursor.fault("expects a server as argument");
    }
    cursor.at += 1;
    if cursor.peek() == "name" {
        cursor.at += 1;
        cx.expr(cursor)?;
    }
    Ok(Action::NotYet { name: "attach-srv" })
}

fn do_resolve(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let name = cursor.name();
    let parts: Vec<&str> = Cursor::parenthesis(name).unwrap_or("").split(',').collect();
    let options = parts.get(2..).unwrap_or_default();
    if parts.len() < 2 || options.iter().any(|option| *option != "ipv4" && *option != "ipv6") {
        let text = format!(
            "Can't parse '{name}'. Expects 'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'. Available options \
             are 'ipv4' and 'ipv6'"
        );
        return Err(Fault::new(cursor.at - 1, text));
    }
    cx.expr(cursor)?;
    Ok(Action::NotYet { name: "do-resolve" })
}

fn bandwidth(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    if cursor.at_condition() {
        return cursor.fault("missing bwlim filter name");
    }
    cursor.at += 1;
    while matches!(cursor.peek(), "limit" | "period") {
        let name = cursor.next();
        if cursor.at_condition() {
            return cursor.fault(format!("missing {name} value or expression"));
        }
        match cursor.peek().starts_with(|letter: char| letter.is_ascii_digit()) {
            true => cursor.at += 1,
            false => drop(cx.expr(cursor)?),
        }
    }
    Ok(Action::NotYet { name: "set-bandwidth-limit" })
}

fn spoe_group(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let second = cursor.peek_at(1);
    if cursor.peek().is_empty() || second.is_empty() || matches!(second, "if" | "unless") {
        return cursor.fault("expects 2 arguments: <engine-id> <group-id>");
    }
    cursor.at += 2;
    Ok(Action::NotYet { name: "send-spoe-group" })
}

fn cache(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    if cursor.at_condition() {
        return cursor.fault("expects a cache name");
    }
    cursor.at += 1;
    Ok(Action::NotYet { name: "cache" })
}
