//! `option NAME` (manual 4.2): the switches without value, a row each. Options that take arguments stand in
//! `option_values`.

use weir_plan::settings::{HttpConnectionMode, Options};
use weir_registry::Status::{self, NoEffect, NotYet, Works};
use weir_registry::near;
use weir_syntax::Line;
use weir_types::Form;

use super::option_values::VALUES;
use super::scope::Half;
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, Prefix};

pub const KEYWORDS: &[Keyword] =
    &[Keyword::new("option", "<name> [ <arguments> ]", "Switches (4.2).", option)];

/// A switch.
pub struct OptionRow {
    pub name: &'static str,
    pub frontend: bool,
    pub backend: bool,
    /// Only of use in `mode http`.
    pub http: bool,
    pub status: Status,
    pub field: fn(&mut Options) -> &mut dyn Switch,
}

/// What a switch is kept in.
pub trait Switch {
    /// The text says `on`, or with `None` that it is to be as by default. Whether that changes anything.
    fn say(&mut self, on: Option<bool>) -> bool;
}

impl Switch for bool {
    fn say(&mut self, on: Option<bool>) -> bool {
        std::mem::replace(self, on == Some(true)) != *self
    }
}

/// Its default depends on the rest of the section.
impl Switch for Option<bool> {
    fn say(&mut self, on: Option<bool>) -> bool {
        std::mem::replace(self, on) != *self
    }
}

macro_rules! rows {
    ($($name:literal $frontend:literal $backend:literal $http:literal $field:ident $status:expr;)*) => {
        &[$(OptionRow {
            name: $name,
            frontend: $frontend,
            backend: $backend,
            http: $http,
            status: $status,
            field: |options| &mut options.$field,
        }),*]
    };
}

/// Name, whether frontends, backends know it, whether it is for `mode http`, where it is kept: as `-dKcfg` lists them.
pub const OPTIONS: &[OptionRow] = rows! {
    "abortonclose" true true false abortonclose Works;
    "accept-unsafe-violations-in-http-request" true false true accept_unsafe_request Works;
    "accept-unsafe-violations-in-http-response" false true true accept_unsafe_response Works;
    "allbackups" false true false allbackups Works;
    "checkcache" false true true checkcache Works;
    "clitcpka" true false false clitcpka Works;
    "contstats" true false false contstats NoEffect("counters always are up to date");
    "disable-h2-upgrade" true false true disable_h2_upgrade Works;
    "dontlog-normal" true false false dontlog_normal Works;
    "dontlognull" true false false dontlognull Works;
    "h1-case-adjust-bogus-client" true false false h1_case_adjust_bogus_client NoEffect("only with h1-case-adjust");
    "h1-case-adjust-bogus-server" false true false h1_case_adjust_bogus_server NoEffect("only with h1-case-adjust");
    "http-buffer-request" true true true http_buffer_request Works;
    "http-drop-request-trailers" false true true http_drop_request_trailers Works;
    "http-drop-response-trailers" true false true http_drop_response_trailers Works;
    "http-ignore-probes" true false true http_ignore_probes Works;
    "http-no-delay" true true true http_no_delay NoEffect("data are never held back");
    "http-pretend-keepalive" false true true http_pretend_keepalive Works;
    "http-use-proxy-header" true false true http_use_proxy_header Works;
    "idle-close-on-response" true false true idle_close_on_response NoEffect("idle connections outlive a reload");
    "independent-streams" true true false independent_streams Works;
    "log-health-checks" false true false log_health_checks Works;
    "log-separate-errors" true false false log_separate_errors Works;
    "logasap" true false false logasap Works;
    "nolinger" true true false nolinger Works;
    "persist" false true false persist Works;
    "prefer-last-server" false true true prefer_last_server Works;
    "socket-stats" true false false socket_stats Works;
    "splice-auto" true true false splice_auto NoEffect("workers copy data themselves");
    "splice-request" true true false splice_request NoEffect("workers copy data themselves");
    "splice-response" true true false splice_response NoEffect("workers copy data themselves");
    "srvtcpka" false true false srvtcpka Works;
    "tcp-smart-accept" true false false tcp_smart_accept NoEffect("the system decides about acknowledgements");
    "tcp-smart-connect" false true false tcp_smart_connect NoEffect("the system decides about acknowledgements");
    "transparent" false true false transparent Works;
};

/// Earlier names that are still read.
const ALIASES: &[(&str, &str)] = &[
    ("accept-invalid-http-request", "accept-unsafe-violations-in-http-request"),
    ("accept-invalid-http-response", "accept-unsafe-violations-in-http-response"),
];

fn option(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = line.word(1);
    if name.is_empty() {
        return line.fail_tight(0, "'option' expects an option name.");
    }
    if let Some(row) = OPTIONS.iter().find(|row| row.name == name) {
        return switch(parser, line, row);
    }
    if let Some((old, new)) = ALIASES.iter().find(|(old, _)| *old == name) {
        return renamed(parser, line, old, new);
    }
    if let Some(done) = connection_mode(parser, line)? {
        return Ok(done);
    }
    if name == "forwarded" {
        return super::option_values::forwarded(parser, line);
    }
    if name == "redispatch" {
        return super::option_values::redispatch(parser, line);
    }
    if parser.prefix != Prefix::None {
        return line.fail_tight(1, format!("negation/default is not supported for option '{name}'."));
    }
    match VALUES.iter().find(|row| row.name == name) {
        Some(row) => (row.parse)(parser, line),
        None => unknown(line),
    }
}

fn switch(parser: &mut Parser<'_>, line: &Line<'_>, row: &OptionRow) -> Outcome {
    if line.len() > 2 {
        let extra = line.word(2);
        return line.fail(2, format!("'option {}' cannot handle unexpected argument '{extra}'.", row.name));
    }
    let kind = parser.kind();
    let fits =
        parser.in_defaults() || (row.frontend && kind.has_frontend()) || (row.backend && kind.has_backend());
    if !fits {
        // The program's own proposal for an option that stands in the wrong kind of section.
        let name = row.name;
        let half = if row.frontend { "frontend" } else { "backend" };
        let diagnostic = line.alert(1, format!("unknown option '{name}'; did you mean '{name}' maybe ?"));
        return Err(Box::new(diagnostic.with_hint(format!("this option needs a {half}"))));
    }
    if row.name == "transparent" && !parser.deprecated {
        deprecated(
            parser,
            line,
            "option 'transparent' is deprecated in 3.3 and will be removed in 3.5. The modern way to do the same is \
             to create a server with address 0.0.0.0.",
        );
    }
    let said = match parser.prefix {
        Prefix::None => Some(true),
        Prefix::No => Some(false),
        Prefix::Default => None,
    };
    let field = row.field;
    if field(&mut (*parser.proxy().settings.options).clone()).say(said) {
        field(parser.switches()).say(said);
    }
    if said == Some(true) && row.status == NotYet {
        return line.not_yet(1, &format!("option {}", row.name));
    }
    Ok(())
}

/// HAProxy's warning about a directive on its way out.
pub(crate) fn deprecated(parser: &mut Parser<'_>, line: &Line<'_>, text: &str) {
    let text = format!(
        "{text} It is still possible to silence this warning by setting 'expose-deprecated-directives' in the \
         'global' section, but do not wait to fix your configuration!"
    );
    parser.push(line.warning(1, text).with_form(Form::ParsingTight));
}

/// `accept-invalid-http-*`: read as the new names, with a warning.
fn renamed(parser: &mut Parser<'_>, line: &Line<'_>, old: &str, new: &str) -> Outcome {
    parser.at_most_named(line, 2, &format!("option {old}"))?;
    parser.push(line.warning(
        1,
        format!("option '{old}' is deprecated. please use 'option {new}' if absolutely needed."),
    ));
    let half = if new.ends_with("request") { Half::Frontend } else { Half::Backend };
    if parser.lacks(half, line, old) {
        return Ok(());
    }
    let on = parser.prefix == Prefix::None;
    let options = parser.switches();
    *(if half == Half::Frontend {
        &mut options.accept_unsafe_request
    } else {
        &mut options.accept_unsafe_response
    }) = on;
    Ok(())
}

fn connection_mode(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<Option<()>> {
    let name = line.word(1);
    let mode = match name {
        "httpclose" => HttpConnectionMode::Close,
        "http-server-close" => HttpConnectionMode::ServerClose,
        "http-keep-alive" => HttpConnectionMode::KeepAlive,
        "forceclose" => {
            return line.fail_tight(
                1,
                "option 'forceclose' is not supported any more since HAProxy 2.0, please just remove it, or use \
                 'option httpclose' if absolutely needed.",
            );
        }
        "http-tunnel" => {
            return line.fail_tight(
                1,
                "option 'http-tunnel' is not supported any more since HAProxy 2.1, please just remove it, it \
                 shouldn't be needed.",
            );
        }
        _ => return Ok(None),
    };
    if parser.prefix == Prefix::Default {
        return line.fail_tight(1, format!("negation/default is not supported for option '{name}'."));
    }
    parser.at_most_named(line, 2, &format!("option {name}"))?;
    let negated = parser.prefix != Prefix::None;
    let options = parser.switches();
    match negated {
        false => options.connection_mode = mode,
        true if options.connection_mode == mode => options.connection_mode = HttpConnectionMode::KeepAlive,
        true => {}
    }
    Ok(Some(()))
}

fn unknown(line: &Line<'_>) -> Outcome {
    let name = line.word(1);
    let others = VALUES.iter().map(|row| row.name);
    let known = OPTIONS.iter().map(|row| row.name).chain(others).chain(["httpclose", "http-server-close"]);
    match near(name, known) {
        Some(other) => line.fail(1, format!("unknown option '{name}'; did you mean '{other}' maybe ?")),
        None => line.fail(1, format!("unknown option '{name}'.")),
    }
}
