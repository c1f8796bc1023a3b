//! What a server is sent: weight, limits, cookie, names, sockets.

use weir_plan::settings::{HashKey, MuxProtocol, WebSockets};
use weir_syntax::address::{self, AddressUse};
use weir_syntax::time::{self, TimeError, Unit};

use super::option::ServerOption;
use super::place::{Draft, Place};
use crate::outcome::Outcome;
use crate::parser::Parser;
use crate::value::{atol, clamp_u32, integer};

pub const OPTIONS: &[ServerOption] = &[
    ServerOption::valued("weight", "Its share (5.2).", |_, place, draft| {
        let value = atol(place.value());
        match u16::try_from(value) {
            Ok(weight @ 0..=256) => {
                draft.options.settings.weight = weight;
                if weight == 0 && !place.server.is_empty() {
                    let mut told = place.warning(
                        "configured with weight of 0 will never be selected by load balancing algorithms",
                    );
                    told.level = weir_types::Level::Diag;
                    draft.warnings.push(told);
                }
            }
            _ => return place.fail(&format!("weight of server {} is not within 0 and 256 ({value}).", place.server)),
        }
        Ok(1)
    }),
    ServerOption::switch("backup", "Used when no other is left (5.2).", |_, _, draft| {
        draft.options.settings.backup = true;
        Ok(0)
    }),
    ServerOption::switch("no-backup", "Used like others (5.2).", |_, _, draft| {
        draft.options.settings.backup = false;
        Ok(0)
    }),
    ServerOption::switch("disabled", "Begins in maintenance (5.2).", |_, _, draft| {
        draft.options.settings.disabled = true;
        Ok(0)
    }),
    ServerOption::switch("enabled", "Does not (5.2).", |_, _, draft| {
        draft.options.settings.disabled = false;
        Ok(0)
    }),
    ServerOption::valued("maxconn", "Connections at once (5.2).", |_, place, draft| {
        draft.options.settings.maxconn = clamp_u32(atol(place.value()));
        Ok(1)
    }),
    ServerOption::valued("minconn", "The same at low load (5.2).", |_, place, draft| {
        draft.options.settings.minconn = clamp_u32(atol(place.value()));
        Ok(1)
    }),
    ServerOption::valued("maxqueue", "How many may wait (5.2).", |_, place, draft| {
        draft.options.settings.maxqueue = clamp_u32(atol(place.value()));
        Ok(1)
    }),
    ServerOption::switch("strict-maxconn", "Idle connections count (5.2).", |_, _, draft| {
        draft.options.settings.strict_maxconn = true;
        Ok(0)
    }),
    ServerOption::valued("cookie", "Its value of the cookie (5.2).", |parser, place, draft| {
        draft.cookie = Some(parser.intern(place.expected("<value> as argument")?));
        Ok(1)
    }),
    ServerOption::valued("id", "Its numeric identifier (5.2).", id),
    ServerOption::valued("guid", "A name that stays over renames (5.2).", |parser, place, draft| {
        if place.value().is_empty() {
            return place.wrong("expects an argument");
        }
        draft.guid = Some(parser.intern(place.value()));
        Ok(1)
    }),
    ServerOption::valued("redir", "Clients are sent there instead (5.2).", |_, place, draft| {
        draft.options.settings.redirect_prefix = Some(place.expected("<prefix> as argument")?.into());
        Ok(1)
    }),
    ServerOption::valued("slowstart", "How it comes back (5.2).", slowstart),
    ServerOption::valued("hash-key", "What its place in a hash is made of (5.2).", |_, place, draft| {
        draft.options.settings.hash_key = match place.value() {
            "id" => HashKey::Id,
            "id32" => HashKey::Id32,
            "addr" => HashKey::Addr,
            "addr-port" => HashKey::AddrPort,
            "guid" => return Err(place.not_yet("hash-key guid")),
            _ => return place.fail("'hash-key' has to be 'id', 'id32', 'guid', 'addr', or 'addr-port'"),
        };
        Ok(1)
    }),
    ServerOption::valued("cc", "Congestion control (5.2).", |_, place, draft| {
        draft.options.settings.congestion_control =
            Some(place.required("TCP congestion control algorithm")?.into());
        Ok(1)
    }),
    ServerOption::valued("tcp-ut", "TCP_USER_TIMEOUT (5.2).", tcp_ut),
    ServerOption::valued("tcp-md5sig", "RFC 2385 signatures (5.2).", |_, place, draft| {
        draft.options.settings.md5_password = Some(place.required("TCP MD5 signature password")?.into());
        Ok(1)
    }),
    ServerOption::switch("tfo", "TCP Fast Open (5.2).", |parser, place, draft| {
        draft.options.settings.tfo = true;
        if parser.proxy().settings.retry_on.is_none() {
            let mut warning = place.warning(
                "server has tfo activated, the backend should be configured with at least 'conn-failure', \
                 'empty-response' and 'response-timeout' or we wouldn't be able to retry the connection on failure.",
            );
            warning.form = weir_types::Form::PlaceBare;
            draft.warnings.push(warning);
        }
        Ok(0)
    })
    .no_effect("connections are opened before data are known"),
    ServerOption::switch("no-tfo", "No TCP Fast Open (5.2).", |_, _, draft| {
        draft.options.settings.tfo = false;
        Ok(0)
    }),
    ServerOption::valued("namespace", "The network namespace (5.2).", |_, place, _| match place.value() {
        "" => place.wrong("expects <name> as argument"),
        "*" => Ok(1),
        name => place.fail(&format!("Cannot open namespace '{name}'")),
    })
    .not_yet(),
    ServerOption::valued("socks4", "Through a SOCKS4 proxy (5.2).", |_, place, _| {
        let text = place.expected("<addr>:<port> as argument")?;
        address::parse(text, AddressUse::Socks4).or_else(|error| place.fail(&format!("'socks4 {text}' : {error}")))?;
        Ok(1)
    })
    .not_yet(),
    ServerOption::valued("proto", "The multiplexer (5.2).", |_, place, draft| {
        let name = place.required("value")?;
        if !crate::bind::is_mux_protocol(name) {
            return place.wrong(&format!(" unknown MUX protocol '{name}'"));
        }
        draft.options.settings.protocol = match name {
            "h1" => Some(MuxProtocol::H1),
            "h2" => Some(MuxProtocol::H2),
            "none" => None,
            _ => return crate::outcome::Report::not_yet(place.line, place.at + 1, &format!("proto {name}")),
        };
        Ok(1)
    }),
    ServerOption::valued("ws", "How WebSockets travel (5.2).", |_, place, draft| {
        draft.options.settings.ws = match place.value() {
            "auto" => WebSockets::Auto,
            "h1" => WebSockets::H1,
            "h2" => WebSockets::H2,
            _ => return place.fail("'ws' has to be 'auto', 'h1' or 'h2'"),
        };
        Ok(1)
    }),
    ServerOption::valued("shard", "Its shard of a peers section (5.2).", |_, place, draft| {
        // What is no number is 0: every key.
        draft.shard = u32::try_from(atol(place.value())).unwrap_or(0);
        Ok(1)
    }),
    ServerOption::valued("log-bufsize", "A log server's buffer (5.2).", |_, place, _| {
        match atol(place.expected("an integer argument")?) {
            value if value <= 0 => place.fail("log-bufsize has to be > 0."),
            _ => Ok(1),
        }
    })
    .not_yet(),
    ServerOption::valued("log-proto", "A log server's framing (5.2).", |_, place, _| match place.value() {
        "legacy" | "octet-count" => Ok(1),
        other => place.fail(&format!("'log-proto' expects one of 'legacy' or 'octet-count' but got '{other}'")),
    })
    .not_yet(),
    ServerOption::switch("stick", "Learned by stick tables (5.2).", |_, _, draft| {
        draft.options.settings.non_stick = false;
        Ok(0)
    }),
    ServerOption::switch("non-stick", "Not learned by stick tables (5.2).", |_, _, draft| {
        draft.options.settings.non_stick = true;
        Ok(0)
    }),
    ServerOption::valued("quic-cc-algo", "QUIC's congestion control (5.2).", |_, place, _| {
        let name = place.required("control congestion algorithm")?;
        let known = ["cubic", "newreno", "bbr", "nocc"].into_iter().any(|known| name.starts_with(known));
        if known { Ok(1) } else { place.fail(&format!("'{name}' : unknown control congestion algorithm")) }
    })
    .no_effect("QUIC is not spoken"),
];

fn id(_: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let text = place.value();
    if text.is_empty() {
        return place.wrong("missing id");
    }
    match integer(text).map(u32::try_from) {
        Ok(Ok(id)) if id > 0 => {
            draft.id = Some(id);
            Ok(1)
        }
        _ => place.wrong("custom id has to be between 1 and 4294967295."),
    }
}

fn slowstart(_: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let text = place.value();
    match time::parse(text, Unit::Millisecond) {
        Ok(value) => draft.options.settings.slowstart = value,
        Err(TimeError::Overflow) => {
            let most = "maximum value is 2147483647 ms (~24.8 days)";
            let text = format!(
                "timer overflow in argument <{text}> to <slowstart> of server {}, {most}.",
                place.server
            );
            return place.fail(&text);
        }
        Err(TimeError::Unexpected(fault)) if text.is_empty() => return place.fail(&fault.to_string()),
        Err(TimeError::Unexpected(fault)) => {
            return place.fail(&format!("{fault} in 'slowstart' argument of server {}.", place.server));
        }
    }
    Ok(1)
}

fn tcp_ut(_: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let text = place.required("TCP User Timeout value")?;
    match time::parse(text, Unit::Millisecond) {
        Ok(value) => draft.options.settings.tcp_user_timeout = Some(value),
        Err(_) => return place.wrong("expects a positive delay in milliseconds"),
    }
    Ok(1)
}
