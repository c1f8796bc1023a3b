//! Health and agent checks of a server.

use std::net::IpAddr;

use weir_plan::settings::{InitState, Observe, OnError, ServerSettings};
use weir_syntax::address::AddressUse;
use weir_syntax::time::{self, TimeError, Unit};
use weir_types::AddressFamily;

use super::option::ServerOption;
use super::place::{Draft, Place};
use crate::model::Name;
use crate::outcome::Outcome;
use crate::parser::Parser;
use crate::value::{atol, clamp_u32};

pub const OPTIONS: &[ServerOption] = &[
    ServerOption::switch("check", "Its health is checked (5.2).", |_, _, draft| {
        draft.options.settings.check.enabled = true;
        Ok(0)
    }),
    ServerOption::switch("no-check", "Its health is not checked (5.2).", |_, _, draft| {
        draft.options.settings.check.enabled = false;
        Ok(0)
    }),
    ServerOption::valued("inter", "Time between checks (5.2).", |parser, place, draft| {
        delay(parser, place, |value| draft.options.settings.check.inter = value)
    }),
    ServerOption::valued("fastinter", "The same while changing state (5.2).", |parser, place, draft| {
        delay(parser, place, |value| draft.options.settings.check.fastinter = Some(value))
    }),
    ServerOption::valued("downinter", "The same while down (5.2).", |parser, place, draft| {
        delay(parser, place, |value| draft.options.settings.check.downinter = Some(value))
    }),
    ServerOption::valued("rise", "Successes that bring it up (5.2).", |_, place, draft| {
        draft.options.settings.check.rise = positive(place)?;
        Ok(1)
    }),
    ServerOption::valued("fall", "Failures that take it down (5.2).", |_, place, draft| {
        draft.options.settings.check.fall = positive(place)?;
        Ok(1)
    }),
    ServerOption::valued("port", "The port that is checked (5.2).", |_, place, draft| {
        let port = place.expected("a port number as argument")?;
        draft.options.settings.check.port = u16::try_from(atol(port)).ok().filter(|port| *port > 0);
        Ok(1)
    }),
    ServerOption::valued("addr", "The address that is checked (5.2).", addr),
    ServerOption::switch("check-send-proxy", "Checks begin with a PROXY header (5.2).", |_, _, draft| {
        draft.options.settings.check.send_proxy = true;
        Ok(0)
    }),
    ServerOption::switch("no-check-send-proxy", "They do not (5.2).", |_, _, draft| {
        draft.options.settings.check.send_proxy = false;
        Ok(0)
    }),
    ServerOption::switch("check-via-socks4", "Checks go through the SOCKS4 proxy (5.2).", |_, _, draft| {
        draft.options.settings.check.via_socks4 = true;
        Ok(0)
    })
    .no_effect("only with socks4"),
    ServerOption::valued("check-proto", "The checks' multiplexer (5.2).", |_, place, _| {
        let name = place.required("value")?;
        if !crate::bind::is_mux_protocol(name) {
            return place.wrong(&format!(" unknown MUX protocol '{name}'"));
        }
        if name != "h1" && name != "none" {
            return crate::outcome::Report::not_yet(place.line, place.at + 1, &format!("check-proto {name}"));
        }
        Ok(1)
    }),
    ServerOption::valued("check-pool-conn-name", "Idle connections for checks (5.2).", |_, place, _| {
        place.required("name").map(|_| 1)
    })
    .no_effect("only with check-reuse-pool"),
    ServerOption::switch("check-reuse-pool", "Checks use idle connections (5.2).", |_, _, _| Ok(0)).not_yet(),
    ServerOption::switch("no-check-reuse-pool", "They do not (5.2).", |_, _, _| Ok(0)),
    ServerOption::valued("healthcheck", "A section that describes the check (5.2).", healthcheck),
    ServerOption::valued("observe", "Traffic counts as a check (5.2).", observe),
    ServerOption::valued("on-error", "What observed errors do (5.2).", on_error),
    ServerOption::valued("error-limit", "How many errors are too many (5.2).", |_, place, draft| match atol(
        place.expected("an integer argument")?,
    ) {
        value if value <= 0 => place.fail(&format!("{} has to be > 0.", place.name())),
        value => {
            draft.options.settings.error_limit = clamp_u32(value);
            Ok(1)
        }
    }),
    ServerOption::valued("on-marked-down", "What a failure does to streams (5.2).", |_, place, draft| {
        marked(place, "shutdown-sessions", |settings| &mut settings.on_marked.down_shutdown_sessions, draft)
    }),
    ServerOption::valued("on-marked-up", "What a recovery does to streams (5.2).", |_, place, draft| {
        marked(
            place,
            "shutdown-backup-sessions",
            |settings| &mut settings.on_marked.up_shutdown_backup_sessions,
            draft,
        )
    }),
    ServerOption::valued("track", "Its health is another server's (5.2).", |parser, place, draft| {
        let name = place.expected("[<proxy>/]<server> as argument")?;
        draft.track = Some(Name::new(parser.intern(name), place.span()));
        Ok(1)
    }),
    ServerOption::valued("init-state", "Its health at the start (5.2).", init_state),
    ServerOption::switch("agent-check", "An agent is asked too (5.2).", |_, _, draft| {
        draft.options.settings.agent.enabled = true;
        Ok(0)
    }),
    ServerOption::switch("no-agent-check", "No agent is asked (5.2).", |_, _, draft| {
        draft.options.settings.agent.enabled = false;
        Ok(0)
    }),
    ServerOption::valued("agent-addr", "The agent's address (5.2).", |parser, place, draft| {
        let text = place.value();
        match host(parser, text) {
            Some(ip) => {
                draft.options.settings.agent.address = Some(ip);
                Ok(1)
            }
            None => place.fail(&format!("parsing agent-addr failed. Check if '{text}' is correct address.")),
        }
    }),
    ServerOption::valued("agent-inter", "Time between its answers (5.2).", |parser, place, draft| {
        delay(parser, place, |value| draft.options.settings.agent.inter = Some(value))
    }),
    ServerOption::valued("agent-port", "The agent's port (5.2).", |_, place, draft| {
        let port = atol(place.expected("a port number as argument")?);
        draft.options.settings.agent.port = u16::try_from(port).ok().filter(|port| *port > 0);
        Ok(1)
    }),
    ServerOption::valued("agent-send", "What it is sent (5.2).", |_, place, draft| {
        draft.options.settings.agent.send = place.expected("a string as argument")?.into();
        Ok(1)
    }),
];

/// A time in milliseconds. Very small ones without a unit are doubted.
pub(super) fn delay(parser: &mut Parser<'_>, place: &Place<'_, '_>, set: impl FnOnce(u32)) -> Outcome<usize> {
    let (name, server) = (place.name(), place.server);
    let text = place.expected("a delay as argument")?;
    let value = match time::parse(text, Unit::Millisecond) {
        Ok(value) => value,
        Err(TimeError::Overflow) => {
            let most = "maximum value is 2147483647 ms (~24.8 days)";
            return place.fail(&format!(
                "timer overflow in argument <{text}> to <{name}> of server {server}, {most}."
            ));
        }
        // The program names one option for all of them.
        Err(TimeError::Unexpected(fault)) => {
            return place.fail(&format!("{fault} in 'agent-inter' argument of server {server}."));
        }
    };
    if value == 0 {
        return place.fail(&format!("invalid value {value} for argument '{name}' of server {server}."));
    }
    if value < 100 && text.bytes().all(|digit| digit.is_ascii_digit()) {
        let advice = "is suspiciously small for a value in milliseconds. Please use an explicit unit";
        let text =
            format!("'{name} {text}' in server '{server}' {advice} ('{text}ms') if that was the intent.");
        parser.push(place.warning(&text));
    }
    set(value);
    Ok(1)
}

fn positive(place: &Place<'_, '_>) -> Outcome<u32> {
    match atol(place.expected("an integer argument")?) {
        value if value <= 0 => place.fail(&format!("'{}' has to be > 0.", place.name())),
        value => Ok(clamp_u32(value)),
    }
}

/// The address of a check's or an agent's host; a name is looked up now.
fn host(parser: &Parser<'_>, text: &str) -> Option<IpAddr> {
    match crate::host::parse(parser.files, text, AddressUse::Check).ok()?.family {
        AddressFamily::Ip(ip) => Some(ip),
        _ => None,
    }
}

fn addr(parser: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let text = place.expected("<ipv4|ipv6> as argument")?;
    let address =
        crate::host::parse(parser.files, text, AddressUse::Check).or_else(|error| place.wrong(&error))?;
    let AddressFamily::Ip(ip) = address.family else {
        return crate::outcome::Report::not_yet(place.line, place.at, "server ... addr of a socket path");
    };
    draft.options.settings.check.address = Some(ip);
    Ok(1)
}

fn healthcheck(parser: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let name = place.value();
    if name.is_empty() {
        // HAProxy says so and goes on.
        draft.warnings.push(place.warning("'healthcheck' expects a healthcheck name as argument.."));
        return Ok(1);
    }
    draft.options.healthcheck = Some(Name::new(parser.intern(name), place.span()));
    let text = format!(
        "{}parsing [{}]: healthcheck section '*healthcheck-{name}' not found for server '{}'.",
        place.title,
        parser.place(place.line),
        place.server
    );
    let known = parser.config.healthchecks.iter().any(|section| *section.name == *name);
    if !known && place.at + 2 >= place.line.len() {
        return Err(Box::new(weir_types::Diagnostic::new(
            weir_types::Level::Alert,
            weir_types::Form::PlaceBare,
            Some(place.span()),
            text,
        )));
    }
    Ok(1)
}

fn observe(_: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    match place.expected("<mode> as argument")? {
        "none" => draft.options.settings.observe = None,
        "layer4" => draft.options.settings.observe = Some(Observe::Layer4),
        "layer7" => draft.options.settings.observe = Some(Observe::Layer7),
        other => {
            let known = "'none', 'layer4', 'layer7'";
            return place.fail(&format!("'observe' expects one of {known} but got '{other}'"));
        }
    }
    Ok(1)
}

fn on_error(_: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    draft.options.settings.on_error = match place.value() {
        "fastinter" => OnError::FastInter,
        "fail-check" => OnError::FailCheck,
        "sudden-death" => OnError::SuddenDeath,
        "mark-down" => OnError::MarkDown,
        other => {
            let known = "'fastinter', 'fail-check', 'sudden-death' or 'mark-down'";
            return place.fail(&format!("'on-error' expects one of {known} but got '{other}'"));
        }
    };
    Ok(1)
}

fn marked(
    place: &Place<'_, '_>,
    word: &str,
    field: fn(&mut ServerSettings) -> &mut bool,
    draft: &mut Draft,
) -> Outcome<usize> {
    if place.value() != word {
        return place.fail(&format!("'{}' expects '{word}' but got '{}'", place.name(), place.value()));
    }
    *field(&mut draft.options.settings) = true;
    Ok(1)
}

fn init_state(_: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    draft.options.settings.init_state = match place.value() {
        "none" | "up" => InitState::Up,
        "fully-up" => InitState::FullyUp,
        "down" => InitState::Down,
        "fully-down" => InitState::FullyDown,
        other => {
            let known = "'none', 'fully-up', 'up', 'down', or 'fully-down'";
            return place.fail(&format!("'init-state' expects one of {known} but got '{other}'"));
        }
    };
    Ok(1)
}
