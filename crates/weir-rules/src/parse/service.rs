//! Actions that hand the stream to something else: services, agents, the DNS, caches, limits of bandwidth. Most are
//! checked and not run yet.

use weir_sample::Named;

use super::cursor::{Cursor, Fault};
use super::row::{ActionRow, RuleContext, Sets};
use super::timing::{milliseconds, size};
use crate::action::{Action, IntValue, TimeoutValue};
use crate::ruleset::RuleSet as R;

const HTTP_REQUEST: Sets = Sets::of(&[R::HttpRequest]);
const CONTENT: Sets = Sets::of(&[R::TcpRequestContent]);
const SHAPED: Sets =
    Sets::of(&[R::TcpRequestContent, R::TcpResponseContent, R::HttpRequest, R::HttpResponse]);

pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new(
        "set-retries",
        Sets::of(&[R::TcpRequestContent, R::HttpRequest]),
        "{ <n> | <expr> }",
        "Attempts (4.4).",
        set_retries,
    ),
    ActionRow::new(
        "use-service",
        Sets::of(&[R::TcpRequestContent, R::HttpRequest]),
        "<service>",
        "Answers from inside (4.4).",
        use_service,
    ),
    ActionRow::new("switch-mode", CONTENT, "http [ proto <name> ]", "TCP to HTTP (4.4).", switch_mode),
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
    ActionRow::new("set-bandwidth-limit", SHAPED, "<name> [ <options> ]", "Slows (4.4).", bandwidth),
    ActionRow::new("send-spoe-group", SHAPED, "<engine> <group>", "Asks an agent (4.4).", spoe_group)
        .not_yet(),
    ActionRow::new("cache-use", HTTP_REQUEST, "<name>", "Answers from a cache (4.4).", cache_use),
    ActionRow::new(
        "cache-store",
        Sets::of(&[R::HttpResponse]),
        "<name>",
        "Keeps in a cache (4.4).",
        cache_store,
    ),
];

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
    Ok(Action::SetRetries(match cursor.peek().parse::<u32>() {
        Ok(count @ 0..=100) => {
            cursor.at += 1;
            IntValue::Fixed(count)
        }
        Ok(_) => return cursor.fault("expects an expression or an integer between 1 and 100"),
        Err(_) => IntValue::Expr(cx.expr(cursor)?),
    }))
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
    Ok(Action::SwitchModeHttp)
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
    let filter = cursor.take().into();
    let (mut limit, mut period) = (None, None);
    while let name @ ("limit" | "period") = cursor.peek() {
        cursor.at += 1;
        if cursor.at_condition() {
            return cursor.fault(format!("missing {name} value or expression"));
        }
        let text = cursor.peek();
        let fixed = match name {
            "limit" => size(text).ok(),
            _ => milliseconds(text).ok(),
        };
        let value = match fixed {
            Some(value) => {
                cursor.at += 1;
                TimeoutValue::Fixed(value)
            }
            None => TimeoutValue::Expr(cx.expr(cursor)?),
        };
        *(if name == "limit" { &mut limit } else { &mut period }) = Some(value);
    }
    Ok(Action::SetBandwidthLimit { filter, limit, period })
}

fn spoe_group(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let second = cursor.peek_at(1);
    if cursor.peek().is_empty() || second.is_empty() || matches!(second, "if" | "unless") {
        return cursor.fault("expects 2 arguments: <engine-id> <group-id>");
    }
    cursor.at += 2;
    Ok(Action::NotYet { name: "send-spoe-group" })
}

fn cache_use(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    Ok(Action::CacheUse { name: cache_name(cursor)?, index: 0 })
}

fn cache_store(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    Ok(Action::CacheStore { name: cache_name(cursor)?, index: 0 })
}

fn cache_name(cursor: &mut Cursor<'_>) -> Result<Box<str>, Fault> {
    if cursor.at_condition() {
        return cursor.fault("expects a cache name");
    }
    Ok(cursor.take().into())
}
